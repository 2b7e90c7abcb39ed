//! Requests up to their decision, scenario by scenario, and their branches.

use forebay_sdk::assets::AssetStatus;
use forebay_sdk::testing::stage::{date, day};
use forebay_sdk::time::{DAY, HOUR, MINUTE};
use forebay_sdk::{Entity, Event, Field, Value};
use serde_json::json;

use super::{ANN, KEY, World, answer, ask, config, fill, set, wish, world_of};

#[test]
fn scenario_1_the_link_holds_what_passes_until_the_earliest_limit() {
    let world = world_of(5);
    world
        .dam
        .change("a5", |asset| set(asset, "channels", &["print"]));
    // Requested: 20 days. Contract: 30. The licence of one that is shared ends first.
    let end = date(10);
    world
        .dam
        .change("a2", |asset| set(asset, "licence_end", &[&end]));
    // That of the refused one, even earlier, does not count.
    let sooner = date(5);
    world
        .dam
        .change("a5", |asset| set(asset, "licence_end", &[&sooner]));
    ask(&world, &["a1", "a2", "a3", "a4", "a5"]);
    assert_eq!(world.people.open(), ["review:1: partner-compliance"]);
    let text = world.people.text("review:1");
    assert!(text.contains("(a1) passes all checks"), "{text}");
    assert!(text.contains("channel: no rights for social"), "{text}");
    assert!(world.dam.shares.borrow().is_empty());
    answer(&world, "review:1", ANN, "approve", &[]);
    let shares = world.dam.shares.borrow().clone();
    assert_eq!(shares.len(), 1);
    assert_eq!(shares[0].assets, ["a1", "a2", "a3", "a4"]);
    assert_eq!(shares[0].expires_at, Some(day(11) - START_OF_DAY));
    assert_eq!(world.dam.field("a1", "share_state"), "shared");
    assert_eq!(world.dam.field("a1", "shared_with"), "agency");
    assert_eq!(world.dam.field("a1", "shared_until"), end);
    assert_eq!(world.dam.field("a5", "share_state"), "refused");
    assert!(
        world
            .dam
            .field("a5", "share_decision")
            .contains("no rights for social")
    );
    // The requester gets the link and hears why one is missing.
    let notice = world.people.processes().pop().unwrap();
    assert_eq!(notice.definition, "forebayNotice");
    let message = format!("{:?}", notice.variables);
    assert!(message.contains("https://dam.example/share-1"), "{message}");
    assert!(
        message.contains("a5.jpg is not in it: channel"),
        "{message}"
    );
    assert!(
        world.dam.filed("a1").is_empty(),
        "it left the staging album"
    );
    world.wind_to(day(12));
    assert_eq!(world.outcome(KEY), "shared");
    assert_eq!(world.dam.field("a1", "share_state"), "ended");
}

/// The stage begins at this time of its first day.
const START_OF_DAY: i64 = 12 * HOUR;

#[test]
fn every_decision_is_recorded_for_each_asset() {
    let world = world_of(2);
    ask(&world, &["a1", "a2"]);
    answer(&world, "review:1", ANN, "approve", &[("refuse", "a2")]);
    let records = world.script.decisions().into_iter();
    let records: Vec<_> = records
        .filter(|record| record.action == "decision")
        .collect();
    let decided = |index: usize| {
        let record = &records[index];
        (
            record.asset.as_deref(),
            record.decision.as_deref(),
            record.actor.as_str(),
        )
    };
    assert_eq!(decided(0), (Some("a1"), Some("approved"), ANN));
    assert_eq!(decided(1), (Some("a2"), Some("refused"), ANN));
    for record in &records {
        assert!(record.version.is_some() && record.checksum.is_some());
        assert!(record.process.is_some() && record.task.is_some());
        assert_eq!(record.rule.as_deref(), Some("routing[0]"));
    }
    assert_eq!(world.dam.shares.borrow()[0].assets, ["a1"]);
    assert!(world.audit().contains(&"link-made".to_owned()));
}

#[test]
fn scenario_3_rights_that_change_after_the_approval_stop_the_link() {
    let world = world_of(2);
    ask(&world, &["a1", "a2"]);
    // The reviewer approves what stood there; meanwhile somebody takes the right away.
    world.people.answer("review:1", ANN, "approve", &[]);
    world
        .dam
        .change("a2", |asset| set(asset, "channels", &["print"]));
    world.decided();
    assert!(world.dam.shares.borrow().is_empty(), "no link");
    assert_eq!(world.people.open(), ["review:2: partner-compliance"]);
    let text = world.people.text("review:2");
    assert!(text.contains("No link was made"), "{text}");
    assert!(
        text.contains("a2.jpg: channel: no rights for social"),
        "{text}"
    );
    answer(&world, "review:2", ANN, "approve", &[]);
    assert_eq!(world.dam.shares.borrow()[0].assets, ["a1"]);
}

#[test]
fn scenario_3_between_approval_and_the_first_day_too() {
    let world = world_of(1);
    let mut request = wish(&["a1"], "bo@agency-a.example");
    request["from"] = json!(date(3));
    world.request(&request).unwrap();
    answer(&world, "review:1", ANN, "approve", &[]);
    world.wind(DAY);
    assert!(
        world.dam.shares.borrow().is_empty(),
        "the first day has not come"
    );
    world
        .dam
        .change("a1", |asset| asset.status = AssetStatus::Restricted);
    world.wind_to(day(4));
    assert!(world.dam.shares.borrow().is_empty());
    assert_eq!(world.outcome(KEY), "refused");
    let told = format!("{:?}", world.people.processes());
    assert!(
        told.contains("A share was not made"),
        "the reviewer is told"
    );
}

#[test]
fn a_new_version_after_the_approval_is_reviewed_first() {
    let world = world_of(1);
    ask(&world, &["a1"]);
    world.people.answer("review:1", ANN, "approve", &[]);
    world
        .dam
        .change("a1", |asset| asset.version = "v2".to_owned());
    world.decided();
    assert!(world.dam.shares.borrow().is_empty());
    assert!(world.people.text("review:2").contains("another version"));
}

#[test]
fn conditions_of_a_reviewer_are_in_the_link() {
    let world = world_of(1);
    ask(&world, &["a1"]);
    let until = date(4);
    let wanted = [
        ("download", "none"),
        ("credit", "(c) Bo"),
        ("until", until.as_str()),
    ];
    answer(&world, "review:1", ANN, "approve", &wanted);
    let share = world.dam.shares.borrow()[0].clone();
    assert_eq!(share.download, forebay_sdk::assets::DownloadRight::None);
    assert_eq!(share.expires_at, Some(day(5) - START_OF_DAY));
}

#[test]
fn assets_put_into_the_staging_album_become_one_request() {
    let world = world_of(3);
    let staged = |asset: &str| {
        let now = world.dam.now.get();
        let mut event = Event::new("collection.added", Entity::new("asset", asset), asset, now);
        event.actor = Some("rita@example.com".to_owned());
        let paths = Value::Texts(vec!["/Share-Requests".to_owned()]);
        event.data = vec![Field::new("paths", paths)];
        world.event("dam", event);
    };
    for asset in ["a1", "a2", "a1"] {
        staged(asset);
    }
    assert_eq!(world.live().len(), 1);
    world.wind(2 * MINUTE);
    assert_eq!(world.people.open(), ["details:1: rita@example.com"]);
    let until = date(6);
    let form = [
        ("recipient", "bo@agency-a.example"),
        ("purpose", "Spring"),
        ("channel", "social"),
        ("territory", "DE"),
        ("until", until.as_str()),
    ];
    answer(&world, "details:1", "rita@example.com", "done", &form);
    assert_eq!(world.people.open(), ["review:2: partner-compliance"]);
    answer(&world, "review:2", ANN, "approve", &[]);
    assert_eq!(world.dam.shares.borrow()[0].assets, ["a1", "a2"]);
}

#[test]
fn a_form_in_the_engine_is_a_request() {
    let world = world_of(1);
    let until = date(5);
    let form = [
        ("assets", "a1"),
        ("recipient", "bo@agency-a.example"),
        ("purpose", "Spring"),
        ("channel", "social"),
        ("territory", "DE"),
        ("until", until.as_str()),
    ];
    let process = world.people.request("shareReview", "their-key", &form);
    let data = [("definition", "shareReview"), ("business-key", "their-key")];
    world.entity_event("workflow", "process.started", "process", &process, &data);
    assert_eq!(world.people.open(), ["review:1: partner-compliance"]);
    answer(&world, "review:1", ANN, "approve", &[]);
    assert_eq!(world.dam.shares.borrow().len(), 1);
    // The flow's own processes ask for nothing.
    let own = [
        ("definition", "shareReview"),
        ("business-key", "canto-5:dam-main:request:r1"),
    ];
    world.entity_event("workflow", "process.started", "process", "process-9", &own);
    assert_eq!(world.runs().len(), 1);
}

#[test]
fn deleted_assets_end_the_request_after_the_grace() {
    let world = world_of(1);
    ask(&world, &["a1"]);
    world.dam.change("a1", |asset| asset.trashed = true);
    world.dam_event("asset.deleted", "a1", &[]);
    world.wind(10 * MINUTE);
    assert_eq!(world.outcome(KEY), "live");
    world.wind(10 * MINUTE);
    assert_eq!(world.outcome(KEY), "asset-gone");
    assert!(world.people.open().is_empty());
}

#[test]
fn assets_that_come_back_within_the_grace_go_on() {
    let world = world_of(1);
    ask(&world, &["a1"]);
    world.dam.change("a1", |asset| asset.trashed = true);
    world.dam_event("asset.deleted", "a1", &[]);
    // Decided while they are away: it counts when they are back as they were.
    answer(&world, "review:1", ANN, "approve", &[]);
    assert!(world.dam.shares.borrow().is_empty());
    world.dam.change("a1", |asset| asset.trashed = false);
    world.dam_event("asset.updated", "a1", &[]);
    assert_eq!(world.dam.shares.borrow().len(), 1);
    world.wind(HOUR);
    assert_eq!(world.outcome(KEY), "live");
}

#[test]
fn assets_that_were_away_from_the_beginning_are_reviewed_when_they_come() {
    let world = world_of(1);
    world.dam.change("a1", |asset| asset.trashed = true);
    ask(&world, &["a1"]);
    assert!(world.people.open().is_empty());
    world.dam.change("a1", |asset| asset.trashed = false);
    world.dam_event("asset.updated", "a1", &[]);
    assert_eq!(world.people.open(), ["review:1: partner-compliance"]);
}

#[test]
fn what_cannot_be_noted_is_not_shared() {
    let world = world_of(1);
    ask(&world, &["a1"]);
    world.people.answer("review:1", ANN, "approve", &[]);
    *world.dam.fail.borrow_mut() = Some(("update".to_owned(), 9));
    let failed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| world.decided()));
    assert!(failed.is_err(), "the host takes it from here");
    assert!(world.dam.shares.borrow().is_empty());
}

#[test]
fn observing_ends_when_people_would_have_been_asked() {
    let world = World::observing(&config());
    fill(&world, 1);
    ask(&world, &["a1"]);
    assert_eq!(world.outcome(KEY), "observed");
    assert!(world.dam.shares.borrow().is_empty());
}

#[test]
fn a_request_without_assets_is_refused() {
    let world = world_of(1);
    let error = world
        .request(&json!({"recipient": "x@y.example"}))
        .unwrap_err();
    assert!(error.contains("`assets` is missing"), "{error}");
}
