//! The handler against a DAM and an engine in memory, scenario by scenario.

mod examples;
mod notes;
mod reopen;

use forebay_sdk::assets::{DownloadRight, ShareRequest, Sharing as _};
use forebay_sdk::blocks::Direction;
use forebay_sdk::testing::stage::day;
use forebay_sdk::testing::{START, Stage};
use forebay_sdk::time::MINUTE;
use forebay_sdk::{Entity, Event, Field};
use serde_json::{Value as Json, json};

use crate::CaseManagement;
use crate::config::{Action, Config};

type World = Stage<CaseManagement>;

fn config() -> Json {
    json!({"key_prefix": "iconik-7", "duty_group": "duty"})
}

fn key(case: &str) -> String {
    format!("iconik-7:dam-main:{case}")
}

fn world() -> World {
    let world = World::new(&config());
    world.dam.add("a1", "/Published/2027", &[]);
    share(&world, "press", None);
    world
}

fn share(world: &World, title: &str, expires_at: Option<i64>) {
    let request = ShareRequest {
        assets: vec!["a1".to_owned()],
        collection: None,
        title: title.to_owned(),
        message: None,
        recipients: Vec::new(),
        download: DownloadRight::Proxy,
        watermark: false,
        protected: false,
        expires_at,
        external_id: title.to_owned(),
    };
    world.dam.create(&request).unwrap();
}

/// A person opens a takedown in the workflow engine.
fn takedown(world: &World, case: &str) -> String {
    let form = [("case_type", "takedown"), ("assets", "a1")];
    let process = world.people.request("mediaCase", case, &form);
    let mut event = Event::new(
        "process.started",
        Entity::new("process", &process),
        "1",
        world.now(),
    );
    event.data = vec![
        Field::new("definition", "mediaCase"),
        Field::new("business-key", case),
    ];
    world.event("workflow", event);
    world.settle();
    process
}

#[test]
fn defaults_are_those_of_the_checklist() {
    let config: Config = serde_json::from_str("{}").unwrap();
    let takedown = config.case_type("takedown");
    assert_eq!(
        takedown.immediate,
        [
            Action::RestrictAcl,
            Action::RevokeShares,
            Action::RemoveFrom
        ]
    );
    assert_eq!(takedown.route, "legal-ops");
    assert!(config.case_type("correction").needs_new_version);
    assert_eq!(config.case_type("complaint").route, "viewer-relations");
    assert_eq!(config.immediate_within.to_string(), "5m");
    assert_eq!(config.sync.interval.to_string(), "1m");
    assert_eq!(config.sync.comments, Direction::Both);
    assert_eq!(config.reopen.within.to_string(), "30d");
    assert_eq!(config.set_legal_hold, ["takedown"]);
}

#[test]
fn scenario_1_protection_comes_before_people_and_is_confirmed_in_the_case() {
    let world = world();
    let process = takedown(&world, "T1");
    assert_eq!(world.dam.access.borrow()["a1"], "restricted");
    assert!(!world.dam.shares.borrow()[0].active);
    assert_eq!(world.dam.filed("a1"), [""; 0]);
    assert_eq!(world.dam.field("a1", "legal_hold"), "yes");
    let confirmed = world.people.variable(&process, "confirmations");
    assert!(
        confirmed.contains("a1: protected at 2026-01-01T12:00"),
        "{confirmed}"
    );
    assert_eq!(
        world.people.open(),
        ["acknowledge:1: legal-ops", "decide:2: legal-ops"]
    );
    assert_eq!(
        world.people.processes().len(),
        1,
        "the case is the process that was opened"
    );
}

#[test]
fn scenario_2_late_protection_alarms_and_goes_on_every_minute() {
    let world = world();
    *world.dam.fail.borrow_mut() = Some(("revoke".to_owned(), 10));
    takedown(&world, "T1");
    assert_eq!(
        world.dam.access.borrow()["a1"],
        "restricted",
        "the others go on"
    );
    assert!(world.dam.shares.borrow()[0].active);
    world.wind(4 * MINUTE);
    assert!(!world.people.open().contains(&"alarm:1: duty".to_owned()));
    world.wind(2 * MINUTE);
    assert!(world.people.open().contains(&"alarm:1: duty".to_owned()));
    world.wind(6 * MINUTE);
    assert!(!world.dam.shares.borrow()[0].active);
    assert!(
        world
            .people
            .open()
            .contains(&"decide:2: legal-ops".to_owned())
    );
}

#[test]
fn scenario_3_changed_on_both_sides_the_master_stands_and_both_are_recorded() {
    use forebay_sdk::workflow::WorkflowSink as _;
    let world = world();
    let process = takedown(&world, "T1");
    world.dam.change("a1", |asset| {
        asset.fields.push(Field::new("case_priority", "low"))
    });
    world
        .people
        .set_variables(&process, &[Field::new("priority", "high")])
        .unwrap();
    world.wind(MINUTE);
    assert_eq!(world.dam.field("a1", "case_priority"), "high");
    assert_eq!(world.people.variable(&process, "priority"), "high");
    let both = world.script.decisions().into_iter();
    let both: Vec<_> = both
        .filter(|record| record.action == "changed-on-both-sides")
        .collect();
    let words = both[0].comment.clone().unwrap();
    assert!(
        words.contains("`low`") && words.contains("`high`"),
        "{words}"
    );
}

#[test]
fn scenario_4_restored_equals_the_snapshot_and_ended_shares_stay_dead() {
    let world = world();
    share(&world, "short", Some(day(2)));
    takedown(&world, "T1");
    world.wind_to(day(3));
    world
        .people
        .answer("decide:2", "ann@example.com", "restore", &[]);
    world.decided();
    assert_eq!(world.outcome(&key("T1")), "restored");
    assert_eq!(world.dam.access.borrow()["a1"], "open");
    assert_eq!(world.dam.filed("a1"), ["/Published/2027"]);
    assert_eq!(world.dam.field("a1", "legal_hold"), "");
    let shares = world.dam.shares.borrow();
    let live: Vec<_> = shares
        .iter()
        .filter(|share| share.active)
        .map(|s| s.title.as_str())
        .collect();
    assert_eq!(live, ["press"]);
}

#[test]
fn scenario_5_an_asset_of_two_cases_stays_restricted_until_both_are_closed() {
    let world = world();
    takedown(&world, "T1");
    takedown(&world, "T2");
    world
        .people
        .answer("decide:2", "ann@example.com", "restore", &[]);
    world.decided();
    assert_eq!(world.outcome(&key("T1")), "restored");
    assert_eq!(world.dam.access.borrow()["a1"], "restricted");
    world
        .people
        .answer("decide:2", "ann@example.com", "restore", &[]);
    world.decided();
    assert_eq!(world.outcome(&key("T2")), "restored");
    assert_eq!(
        world.dam.access.borrow()["a1"],
        "open",
        "what stood before both comes back"
    );
}

#[test]
fn scenario_6_protection_does_not_wait_for_the_process() {
    let world = world();
    let mut event = Event::new("action.invoked", Entity::new("asset", "a1"), "1", START);
    event.data = vec![
        Field::new("invocation", "I1"),
        Field::new("form.case_type", "takedown"),
    ];
    event.occurred_at = START - 10 * MINUTE;
    world.event("dam", event);
    assert_eq!(world.dam.access.borrow()["a1"], "restricted");
    world.settle();
    let processes = world.people.processes();
    assert_eq!(processes.len(), 1);
    assert_eq!(
        world.people.variable(&processes[0].id, "openedAt"),
        "2026-01-01T11:50:00Z"
    );
}

#[test]
fn stay_down_upholds_and_keeps_everything() {
    let world = world();
    takedown(&world, "T1");
    world
        .people
        .answer("decide:2", "ann@example.com", "stay-down", &[]);
    world.decided();
    assert_eq!(world.outcome(&key("T1")), "upheld");
    assert!(
        world.live().contains(&format!("{}:guard", key("T1"))),
        "it could be opened again"
    );
    assert_eq!(world.dam.access.borrow()["a1"], "restricted");
    assert_eq!(world.dam.field("a1", "case_state"), "upheld");
}

#[test]
fn a_correction_closes_with_the_new_version() {
    let world = world();
    let input = json!({"case": "C1", "case_type": "correction", "assets": ["a1"]});
    world.request(&input).unwrap();
    world.settle();
    assert_eq!(world.dam.field("a1", "case_flag"), "flagged");
    assert!(
        !world.dam.access.borrow().contains_key("a1"),
        "a correction restricts nothing"
    );
    world
        .dam
        .change("a1", |asset| asset.version = "a1-v2".to_owned());
    world.dam_event("asset.version-current", "a1", &[]);
    assert_eq!(world.outcome(&key("C1")), "corrected");
    assert_eq!(world.dam.field("a1", "case_flag"), "");
}

#[test]
fn related_assets_are_proposed_and_protected_once_confirmed() {
    use forebay_sdk::assets::Relations as _;
    let world = world();
    world.dam.add("a2", "/Published/2027", &[]);
    world.dam.link("derived", "a1", "a2").unwrap();
    takedown(&world, "T1");
    assert!(
        world
            .people
            .open()
            .contains(&"related:3: legal-ops".to_owned())
    );
    assert!(!world.dam.access.borrow().contains_key("a2"));
    world
        .people
        .answer("related:3", "ann@example.com", "confirm", &[]);
    world.decided();
    assert_eq!(world.dam.access.borrow()["a2"], "restricted");
}

#[test]
fn observing_protects_nothing() {
    let world = World::observing(&config());
    world.dam.add("a1", "/Published/2027", &[]);
    let input = json!({"case": "T1", "case_type": "takedown", "assets": ["a1"]});
    world.request(&input).unwrap();
    assert_eq!(world.outcome(&key("T1")), "observed");
}

#[test]
fn a_case_that_is_restarted_asks_again_in_another_process() {
    let world = world();
    takedown(&world, "T1");
    world.wind(2 * MINUTE);
    let asked = world.people.open().len();
    world.signal(&key("T1"), "restart", &json!({}));
    world.wind(2 * MINUTE);
    assert_eq!(world.people.processes().len(), 2);
    assert_eq!(world.people.open().len(), asked);
}

#[test]
fn an_asset_that_is_deleted_during_its_case_raises_an_alarm_and_is_put_back_when_it_returns() {
    let world = world();
    takedown(&world, "T1");
    world.wind(2 * MINUTE);
    let before = world.dam.filed("a1");
    world.dam.change("a1", |asset| asset.trashed = true);
    world.dam_event("asset.deleted", "a1", &[]);
    world.settle();
    let alarm = "asset-gone-during-case".to_owned();
    assert!(world.audit().contains(&alarm), "{:?}", world.audit());
    let decide = world.people.open();
    let decide = decide.iter().find(|open| open.starts_with("decide"));
    let question = decide.unwrap().split(": ").next().unwrap().to_owned();
    world
        .people
        .answer(&question, "ann@example.com", "restore", &[]);
    world.decided();
    world.wind(2 * MINUTE);
    assert_eq!(world.outcome(&key("T1")), "live", "it stays open");
    world.dam.change("a1", |asset| asset.trashed = false);
    world.dam_event("asset.restored", "a1", &[]);
    world.wind(2 * MINUTE);
    assert_eq!(world.outcome(&key("T1")), "restored");
    assert_ne!(world.dam.filed("a1"), before);
}

#[test]
fn what_was_never_protected_is_asked_for_again_before_everything_is_put_back() {
    use forebay_sdk::assets::Relations as _;
    let world = world();
    world.dam.add("a2", "/Published/2027", &[]);
    world.dam.link("derived", "a1", "a2").unwrap();
    takedown(&world, "T1");
    // It is deleted before the guard comes to it.
    world.dam.change("a2", |asset| asset.trashed = true);
    for (question, outcome) in [("related:3", "confirm"), ("decide:2", "restore")] {
        world
            .people
            .answer(question, "ann@example.com", outcome, &[]);
        world.decided();
    }
    assert_eq!(world.outcome(&key("T1")), "live", "nobody has to retry it");
    world.dam.change("a2", |asset| asset.trashed = false);
    world.wind(3 * MINUTE);
    assert_eq!(world.outcome(&key("T1")), "restored");
    let access = world.dam.access.borrow();
    let now = ["a1", "a2"].map(|asset| access.get(asset).map_or("open", String::as_str));
    assert_eq!(now, ["open", "open"]);
    assert_eq!(world.dam.filed("a2"), ["/Published/2027"]);
    assert_eq!(world.dam.field("a2", "case_ids"), "");
}
