//! Review, renewal, archive and deletion, scenario by scenario, and its branches.

mod decisions;
mod scenarios;
mod selection;

use forebay_sdk::Field;
use forebay_sdk::testing::stage::date;
use serde_json::{Value as Json, json};

use super::World;

const KEY: &str = "canto-6:dam-main:campaign-end:Spring";
const ANN: &str = "ann@example.com";
const BOB: &str = "bob@example.com";

fn config() -> Json {
    json!({"key_prefix": "canto-6"})
}

fn id(number: usize) -> String {
    format!("a{number:04}")
}

fn ids(numbers: std::ops::RangeInclusive<usize>) -> String {
    numbers.map(id).collect::<Vec<_>>().join(",")
}

/// A campaign of so many assets that ended that many days before the start.
fn furnish(world: &World, count: usize, ended: i64) {
    let end = date(-ended);
    for number in 1..=count {
        let fields = [
            ("campaign", "Spring"),
            ("campaign_end", end.as_str()),
            ("campaign_owner", ANN),
        ];
        world.dam.add(&id(number), "/Live/Spring", &fields);
    }
}

fn scan(world: &World) {
    world.request(&json!({"scan": true})).unwrap();
    world.settle();
}

/// The review of a campaign that ended 20 days ago is open.
fn world(count: usize) -> World {
    let world = World::new(&config());
    furnish(&world, count, 20);
    scan(&world);
    world
}

fn answer(world: &World, question: &str, by: &str, outcome: &str, values: &[(&str, &str)]) {
    world.people.answer(question, by, outcome, values);
    world.decided();
    world.settle();
}

/// The first asset is to be deleted, both people agreed, the grace runs.
fn pending() -> World {
    let world = world(2);
    answer(&world, "decide:1", ANN, "evergreen", &[("delete", "a0001")]);
    answer(&world, "delete:2", BOB, "approve", &[]);
    assert_eq!(
        world.dam.field("a0001", "lifecycle_state"),
        "deletion-pending"
    );
    world
}

fn set(world: &World, asset: &str, field: &str, value: &str) {
    world.dam.change(asset, |asset| {
        asset.fields.retain(|known| known.name != field);
        asset.fields.push(Field::new(field, value));
    });
    world.dam_event("asset.updated", asset, &[]);
    world.settle();
}
