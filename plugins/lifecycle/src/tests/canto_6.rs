//! Review, renewal, archive and deletion, scenario by scenario, and its branches.

use forebay_sdk::assets::{AssetStatus, UsageReport};
use forebay_sdk::testing::START;
use forebay_sdk::testing::stage::{date, day};
use forebay_sdk::time::{DAY, HOUR};
use forebay_sdk::workflow::ProcessState;
use forebay_sdk::{Field, Value};
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

#[test]
fn scenario_1_archive_extend_and_delete_each_end_so() {
    let world = world(120);
    assert_eq!(world.people.open(), [format!("decide:1: {ANN}")]);
    let until = date(200);
    let (extend, delete) = (ids(101..=115), ids(116..=120));
    let form = [
        ("extend", extend.as_str()),
        ("delete", delete.as_str()),
        ("until", until.as_str()),
        ("reason", "still on air"),
    ];
    answer(&world, "decide:1", ANN, "archive", &form);
    for number in 1..=100 {
        let id = id(number);
        assert_eq!(world.dam.status(&id), Some(AssetStatus::Restricted), "{id}");
        assert_eq!(world.dam.filed(&id), ["/Archive/2026/Spring"], "{id}");
        assert_eq!(world.dam.field(&id, "lifecycle_state"), "archived");
    }
    for number in 101..=115 {
        assert_eq!(world.dam.field(&id(number), "lifecycle_until"), until);
        assert_eq!(world.dam.status(&id(number)), Some(AssetStatus::Approved));
    }
    // The first person cannot be the second.
    assert_eq!(world.dam.status(&id(116)), Some(AssetStatus::Approved));
    answer(&world, "delete:2", ANN, "approve", &[]);
    assert_eq!(world.dam.field(&id(116), "lifecycle_state"), "");
    answer(&world, "delete:3", BOB, "approve", &[]);
    assert_eq!(world.dam.status(&id(116)), Some(AssetStatus::Restricted));
    world.wind_to(day(29));
    assert!((116..=120).all(|number| world.dam.status(&id(number)).is_some()));
    world.wind_to(day(31));
    assert!((116..=120).all(|number| world.dam.status(&id(number)).is_none()));
    assert_eq!(world.outcome(KEY), "completed");
    let run = world.runs().into_iter().find(|run| run.key == KEY).unwrap();
    assert_eq!(
        run.end().unwrap().summary,
        "100 archived, 15 extended, 5 deleted"
    );
    assert_eq!(world.live(), [format!("{KEY}:until:{until}")]);
    let deleted: Vec<_> = world.script.decisions();
    let deleted: Vec<_> = deleted
        .iter()
        .filter(|record| record.action == "deleted")
        .collect();
    assert_eq!(deleted.len(), 5);
    assert_eq!(deleted[0].checksum.as_deref(), Some("md5:a0116"));
    let proof = deleted[0].comment.clone().unwrap();
    assert!(proof.contains(&format!("{ANN} and {BOB}")), "{proof}");
}

#[test]
fn scenario_2_a_hold_during_the_grace_stops_the_deletion() {
    let world = pending();
    world.wind_to(day(20));
    set(&world, "a0001", "legal_hold", "yes");
    world.wind_to(day(40));
    assert!(world.dam.status("a0001").is_some());
    assert_eq!(world.dam.field("a0001", "lifecycle_state"), "held");
    assert_eq!(world.outcome(KEY), "completed");
}

#[test]
fn scenario_2_a_hold_nobody_told_of_is_seen_when_the_grace_ends() {
    let world = pending();
    world.dam.change("a0001", |asset| {
        asset.fields.push(Field::new("legal_hold", "yes"));
    });
    world.wind_to(day(40));
    assert!(world.dam.status("a0001").is_some());
    assert_eq!(world.dam.field("a0001", "lifecycle_state"), "held");
}

#[test]
fn scenario_3_silence_archives_and_never_deletes() {
    let world = world(3);
    world.wind_to(day(30));
    assert!(world.audit().contains(&"escalated".to_owned()));
    assert!((1..=3).all(|number| world.dam.status(&id(number)).is_some()));
    assert_eq!(world.dam.field("a0001", "lifecycle_state"), "archived");
    assert_eq!(world.outcome(KEY), "archived");
    assert_eq!(world.people.open(), [""; 0]);
}

#[test]
fn scenario_3_silence_of_the_second_person_deletes_nothing() {
    let world = world(1);
    answer(&world, "decide:1", ANN, "delete", &[]);
    world.wind_to(day(60));
    assert_eq!(world.dam.status("a0001"), Some(AssetStatus::Approved));
    assert_eq!(world.outcome(KEY), "kept");
}

#[test]
fn scenario_4_two_thousand_items_are_each_handled_once() {
    let world = World::new(&config());
    furnish(&world, 2_000, 20);
    scan(&world);
    world.people.answer("decide:1", ANN, "archive", &[]);
    world.decided();
    world.settle();
    let effects = world.dam.effects.borrow();
    for number in [1, 999, 1_000, 2_000] {
        let id = id(number);
        let filed = format!("file {id} in /Archive/2026/Spring");
        let updated = format!("update {id}");
        assert_eq!(effects.iter().filter(|effect| **effect == filed).count(), 1);
        assert_eq!(
            effects.iter().filter(|effect| **effect == updated).count(),
            1
        );
    }
    assert_eq!(
        effects
            .iter()
            .filter(|effect| effect.starts_with("update"))
            .count(),
        2_000
    );
    assert_eq!(world.outcome(KEY), "archived");
}

#[test]
fn scenario_5_an_asset_of_a_running_campaign_is_left_out_unless_confirmed() {
    for confirmed in [false, true] {
        let world = World::new(&config());
        furnish(&world, 3, 20);
        let fields = [("campaign", "Summer"), ("campaign_end", &date(60))];
        world.dam.add("b1", "/Campaigns/Summer", &fields);
        forebay_sdk::assets::Collections::add(&*world.dam, "/Campaigns/Summer", "a0002").unwrap();
        scan(&world);
        let text = world.people.text("decide:1");
        assert!(
            text.contains("a0002 a0002.jpg: used by the running campaign \"Summer\""),
            "{text}"
        );
        let confirm: &[_] = if confirmed {
            &[("confirm", "a0002")]
        } else {
            &[]
        };
        answer(&world, "decide:1", ANN, "archive", confirm);
        let expected = if confirmed { "archived" } else { "" };
        assert_eq!(world.dam.field("a0002", "lifecycle_state"), expected);
        assert_eq!(world.dam.field("a0001", "lifecycle_state"), "archived");
    }
}

#[test]
fn scenario_6_a_campaign_that_is_extended_supersedes_its_review() {
    let world = world(3);
    let before = world.dam.effects.borrow().len();
    set(&world, "a0002", "campaign_end", &date(90));
    assert_eq!(world.outcome(KEY), "superseded");
    assert_eq!(world.people.open(), [""; 0]);
    assert_eq!(
        world.people.processes()[0].reason.as_deref(),
        Some("superseded")
    );
    assert_eq!(
        world.dam.effects.borrow().len(),
        before,
        "no asset was changed"
    );
}

#[test]
fn scenario_6_also_when_nobody_told_of_it_before_the_answer() {
    let world = world(3);
    let later = date(90);
    world.dam.change("a0002", |asset| {
        asset.fields.retain(|field| field.name != "campaign_end");
        asset
            .fields
            .push(Field::new("campaign_end", later.as_str()));
    });
    let before = world.dam.effects.borrow().len();
    answer(&world, "decide:1", ANN, "archive", &[]);
    assert_eq!(world.outcome(KEY), "superseded");
    assert_eq!(world.dam.effects.borrow().len(), before);
}

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

    let world = super::canto_6::world(2);
    world.dam.add("z1", "/Live/Spring", &fields);
    answer(&world, "decide:1", ANN, "delete", &[]);
    answer(&world, "delete:2", BOB, "approve", &[]);
    world.wind_to(day(40));
    assert_eq!(world.dam.status("a0001"), None);
    assert_eq!(world.dam.status("z1"), Some(AssetStatus::Approved));
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
