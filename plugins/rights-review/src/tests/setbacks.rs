//! Setbacks of a clearance: its asset is gone for a while, or its process is given up.

use forebay_sdk::testing::stage::day;
use serde_json::json;

use super::World;

const KEY: &str = "iconik-2:dam-main:a1:web@";

/// A clearance that waits for its reviewers.
fn clearing() -> World {
    let world = World::new(&json!({
        "key_prefix": "iconik-2",
        "clearance": {},
        "routing": [{"when": {}, "to": {"group": "rights", "sla": "3d"}}],
    }));
    world.dam.add("a1", "", &[]);
    world
        .request(&json!({"asset": "a1", "use": {"channels": ["web"], "territories": []}}))
        .unwrap();
    assert_eq!(world.people.open(), ["clear:1: rights"]);
    world
}

fn delete(world: &World) {
    world.dam.change("a1", |asset| asset.trashed = true);
    world.dam_event("asset.deleted", "a1", &[]);
}

#[test]
fn an_asset_that_comes_back_in_time_is_cleared_all_the_same() {
    let world = clearing();
    delete(&world);
    world
        .people
        .answer("clear:1", "ann@example.com", "cleared", &[]);
    world.decided();
    assert_eq!(world.outcome(KEY), "live", "it may come back");
    world.dam.change("a1", |asset| asset.trashed = false);
    world.dam_event("asset.restored", "a1", &[]);
    assert_eq!(world.outcome(KEY), "cleared");
}

#[test]
fn an_asset_that_stays_away_is_given_up() {
    let world = clearing();
    delete(&world);
    world.wind_to(day(1));
    assert_eq!(world.outcome(KEY), "asset-gone");
    assert_eq!(world.people.open(), [""; 0]);
}

#[test]
fn a_restart_asks_again_in_another_process() {
    let world = clearing();
    world.signal(KEY, "restart", &json!({}));
    assert_eq!(world.people.processes().len(), 2);
    assert_eq!(world.people.open(), ["clear:2: rights"]);
    world
        .people
        .answer("clear:2", "ann@example.com", "cleared", &[]);
    world.decided();
    assert_eq!(world.outcome(KEY), "cleared");
}
