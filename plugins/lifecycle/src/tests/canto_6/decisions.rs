//! What is answered, and what happens between question, answer and its effect.

use forebay_sdk::Field;
use forebay_sdk::assets::AssetStatus;
use forebay_sdk::testing::stage::{date, day};
use forebay_sdk::time::{DAY, HOUR};
use forebay_sdk::workflow::ProcessState;
use serde_json::json;

use super::{ANN, BOB, KEY, World, answer, config, furnish, id, scan, set, world};

#[test]
fn marks_of_a_review_are_taken_back_when_it_is_superseded() {
    let mut marking = config();
    marking["mark_in_review"] = json!(true);
    let world = World::new(&marking);
    furnish(&world, 30, 20);
    scan(&world);
    assert_eq!(world.dam.field("a0030", "lifecycle_state"), "in-review");
    set(&world, "a0002", "campaign_end", &date(90));
    assert_eq!(world.outcome(KEY), "superseded");
    assert!((1..=30).all(|number| world.dam.field(&id(number), "lifecycle_state").is_empty()));
}

#[test]
fn answers_that_cannot_be_taken_are_asked_again() {
    let world = world(2);
    let (past, far, soon) = (date(-1), date(900), date(90));
    for (number, outcome, form, why) in [
        (1, "burn", vec![], "`burn` is no decision"),
        (2, "extend", vec![("reason", "x")], "needs its new end"),
        (
            3,
            "extend",
            vec![("until", soon.as_str())],
            "needs a reason",
        ),
        (
            4,
            "extend",
            vec![("until", past.as_str()), ("reason", "x")],
            "in the past",
        ),
        (
            5,
            "extend",
            vec![("until", far.as_str()), ("reason", "x")],
            "more than 1y ahead",
        ),
        (
            6,
            "archive",
            vec![("delete", "zzz")],
            "`zzz` is not among the assets",
        ),
        (
            7,
            "archive",
            vec![("delete", "a0001"), ("extend", "a0001")],
            "is named for",
        ),
    ] {
        answer(&world, &format!("decide:{number}"), ANN, outcome, &form);
        let text = world.people.text(&format!("decide:{}", number + 1));
        assert!(text.contains(why), "{why}: {text}");
    }
    assert_eq!(world.dam.effects.borrow().len(), 0);
}

#[test]
fn an_extension_is_reviewed_again_and_ends_after_three() {
    let world = world(1);
    let mut key = KEY.to_owned();
    for times in 1..=3 {
        let until = date(times * 100);
        let form = [("until", until.as_str()), ("reason", "on air")];
        answer(&world, "decide:1", ANN, "extend", &form);
        assert_eq!(world.outcome(&key), "extended");
        key = format!("{KEY}:until:{until}");
        assert_eq!(world.live(), [key.clone()]);
        // A scan leaves it to the run that extended it.
        scan(&world);
        assert_eq!(world.live(), [key.clone()]);
        world.wind_to(day(times * 100 + 2));
        assert_eq!(world.people.open().len(), 1);
    }
    let until = date(400);
    answer(
        &world,
        "decide:1",
        ANN,
        "extend",
        &[("until", &until), ("reason", "x")],
    );
    assert!(
        world
            .people
            .text("decide:2")
            .contains("extended 3 times already")
    );
}

#[test]
fn one_item_that_fails_does_not_stop_the_others() {
    for (failures, outcome) in [(2, "archived"), (1_000, "completed-with-errors")] {
        let world = world(30);
        *world.dam.fail.borrow_mut() = Some(("file a0007".to_owned(), failures));
        answer(&world, "decide:1", ANN, "archive", &[]);
        assert_eq!(world.dam.field("a0030", "lifecycle_state"), "archived");
        assert_eq!(world.dam.field("a0007", "lifecycle_state"), "");
        assert_eq!(world.outcome(KEY), "live");
        world.wind(23 * HOUR);
        assert_eq!(world.outcome(KEY) == "archived", outcome == "archived");
        world.wind(2 * DAY);
        assert_eq!(world.outcome(KEY), outcome);
    }
}

#[test]
fn assets_added_before_the_decision_join_but_are_never_deleted_unseen() {
    let world = world(2);
    let end = date(-20);
    let fields = [("campaign", "Spring"), ("campaign_end", end.as_str())];
    world.dam.add("z1", "/Live/Spring", &fields);
    answer(&world, "decide:1", ANN, "archive", &[]);
    assert_eq!(world.dam.field("z1", "lifecycle_state"), "archived");

    let world = super::world(2);
    world.dam.add("z1", "/Live/Spring", &fields);
    answer(&world, "decide:1", ANN, "delete", &[]);
    answer(&world, "delete:2", BOB, "approve", &[]);
    world.wind_to(day(40));
    assert_eq!(world.dam.status("a0001"), None);
    assert_eq!(world.dam.status("z1"), Some(AssetStatus::Approved));
}

#[test]
fn the_longest_retention_wins_over_a_deletion() {
    let world = world(2);
    world.dam.change("a0001", |asset| {
        asset.fields.push(Field::new("asset_type", "contract"));
    });
    answer(&world, "decide:1", ANN, "delete", &[]);
    answer(&world, "delete:2", BOB, "approve", &[]);
    world.wind_to(day(40));
    assert_eq!(world.dam.status("a0001"), Some(AssetStatus::Approved));
    assert_eq!(world.dam.status("a0002"), None);
}

#[test]
fn a_review_of_one_asset_ends_when_the_asset_is_gone() {
    let mut alone = config();
    alone["unit"] = json!("asset");
    let world = World::new(&alone);
    furnish(&world, 1, 20);
    scan(&world);
    let key = "canto-6:dam-main:campaign-end:a0001";
    assert_eq!(world.live(), [key]);
    world.dam.change("a0001", |asset| asset.trashed = true);
    world.dam_event("asset.deleted", "a0001", &[]);
    assert_eq!(world.outcome(key), "live");
    world.wind(HOUR);
    assert_eq!(world.outcome(key), "asset-gone");
    assert_eq!(world.people.open(), [""; 0]);
}

/// The review of one asset, of which the first person wants to delete it.
fn second_person_is_asked() -> World {
    let world = world(1);
    answer(&world, "decide:1", ANN, "delete", &[]);
    assert_eq!(world.people.open(), ["delete:2: dam-admins"]);
    world
}

#[test]
fn an_asset_that_is_deleted_while_a_second_person_is_asked_ends_its_review() {
    let world = second_person_is_asked();
    world.dam.change("a0001", |asset| asset.trashed = true);
    world.dam_event("asset.deleted", "a0001", &[]);
    world.settle();
    assert_eq!(world.outcome(KEY), "live", "it may come back");
    world.wind(HOUR);
    assert_eq!(world.outcome(KEY), "asset-gone");
    assert_eq!(world.people.open(), [""; 0]);
}

#[test]
fn what_is_answered_while_the_asset_is_gone_counts_when_it_is_back() {
    let world = second_person_is_asked();
    world.dam.change("a0001", |asset| asset.trashed = true);
    world.dam_event("asset.deleted", "a0001", &[]);
    answer(&world, "delete:2", BOB, "approve", &[]);
    assert_eq!(world.dam.field("a0001", "lifecycle_state"), "");
    world.dam.change("a0001", |asset| asset.trashed = false);
    world.dam_event("asset.restored", "a0001", &[]);
    world.settle();
    assert_eq!(
        world.dam.field("a0001", "lifecycle_state"),
        "deletion-pending"
    );
}

#[test]
fn a_review_that_is_restarted_asks_again_in_another_process() {
    for (world, question) in [(world(1), "decide"), (second_person_is_asked(), "delete")] {
        world.signal(KEY, "restart", &json!({}));
        world.settle();
        let processes = world.people.processes();
        assert_eq!(processes.len(), 2);
        assert_eq!(processes[0].state, ProcessState::Terminated);
        let open = world.people.open();
        assert!(open.len() == 1 && open[0].starts_with(question), "{open:?}");
    }
}
