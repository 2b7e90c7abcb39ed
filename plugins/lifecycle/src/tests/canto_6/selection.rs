//! Which assets are reviewed, and when.

use forebay_sdk::assets::{AssetStatus, UsageReport};
use forebay_sdk::testing::START;
use forebay_sdk::testing::stage::{date, day};
use forebay_sdk::time::DAY;
use forebay_sdk::workflow::ProcessState;
use forebay_sdk::{Field, Value};
use serde_json::json;

use super::{ANN, KEY, World, answer, config, furnish, scan, set, world};

#[test]
fn the_time_comes_with_notices_and_the_review_opens_after_it() {
    let world = World::new(&config());
    furnish(&world, 2, -20);
    scan(&world);
    assert_eq!(world.live(), [KEY]);
    assert_eq!(world.people.open(), [""; 0]);
    let notices = |world: &World| world.audit().iter().filter(|a| *a == "notice").count();
    assert_eq!(notices(&world), 1, "less than 30 days are left");
    world.wind_to(day(19));
    assert_eq!(notices(&world), 2);
    world.wind_to(day(33));
    assert_eq!(world.people.open(), [""; 0]);
    world.wind_to(day(36));
    assert_eq!(world.people.open().len(), 1);
}

#[test]
fn evergreen_assets_are_left_alone_by_the_policy() {
    let world = world(2);
    answer(&world, "decide:1", ANN, "evergreen", &[]);
    assert_eq!(world.outcome(KEY), "evergreen");
    scan(&world);
    assert_eq!(world.live(), [""; 0]);
    set(&world, "a0001", "lifecycle_policy", "campaign-end");
    scan(&world);
    assert_eq!(world.live(), [KEY]);
}

#[test]
fn stale_assets_are_those_nobody_used() {
    let world = World::new(&config());
    for id in ["old", "used", "draft"] {
        world.dam.add(id, "", &[]);
        world
            .dam
            .change(id, |asset| asset.created_at = START - 1_000 * DAY);
    }
    world.dam.change("draft", |asset| {
        asset.status = AssetStatus::Pending;
        asset.vendor_status = "Pending".to_owned();
    });
    let used = UsageReport {
        views: 0,
        downloads: 0,
        shares: 0,
        last_used_at: Some(START - 100 * DAY),
        complete_until: None,
    };
    world.dam.usage.borrow_mut().insert("used".to_owned(), used);
    scan(&world);
    assert_eq!(world.live(), ["canto-6:dam-main:stale:old"]);
    assert_eq!(world.people.open(), ["decide:1: dam-admins"]);
}

#[test]
fn an_unknown_owner_and_an_ended_process() {
    let world = World::new(&config());
    furnish(&world, 2, 20);
    world.people.disabled.borrow_mut().push(ANN.to_owned());
    scan(&world);
    assert_eq!(world.people.open(), ["decide:1: dam-admins"]);
    let process = world.people.processes()[0].id.clone();
    world
        .people
        .set_state(&process, ProcessState::Terminated, Some("by an admin"));
    world.decided();
    let outcome = world.outcome(KEY);
    assert!(
        outcome.starts_with("parked") && outcome.contains("by an admin"),
        "{outcome}"
    );
    assert_eq!(world.dam.effects.borrow().len(), 0);
}

#[test]
fn an_operator_can_cancel_and_start() {
    let world = world(2);
    world.signal(KEY, "cancel", &json!({}));
    assert_eq!(world.outcome(KEY), "cancelled");
    assert_eq!(world.people.open(), [""; 0]);
    world
        .request(&json!({"campaign": "Spring", "policy": "campaign-end"}))
        .unwrap();
    world.settle();
    assert_eq!(world.live(), [KEY]);
    for wrong in [
        json!({}),
        json!({"campaign": "Spring"}),
        json!({"asset": "a0001", "policy": "nobody"}),
        json!({"colour": "red"}),
    ] {
        assert!(world.request(&wrong).is_err(), "{wrong}");
    }
}

#[test]
fn observing_ends_when_people_would_have_been_asked() {
    let world = World::observing(&config());
    furnish(&world, 2, 20);
    scan(&world);
    assert_eq!(world.outcome(KEY), "observed");
}

#[test]
fn several_dates_of_one_asset_count_by_the_last() {
    let world = World::new(&config());
    furnish(&world, 1, 20);
    world.dam.change("a0001", |asset| {
        asset.fields.retain(|field| field.name != "campaign_end");
        let dates = Value::Texts(vec![date(-20), date(200)]);
        asset.fields.push(Field::new("campaign_end", dates));
    });
    scan(&world);
    assert_eq!(world.live(), [""; 0]);
}
