//! Missing, incorrect or non-compliant assets, scenario by scenario.

use forebay_sdk::assets::AssetStatus;
use forebay_sdk::testing::stage::{date, day};
use forebay_sdk::time::MINUTE;
use forebay_sdk::{Field, Value};
use serde_json::{Value as Json, json};

use super::World;

fn config() -> Json {
    json!({
        "key_prefix": "canto-7",
        "rules": [
            {"id": "min-size", "when": {"scheme": "image"}, "require": "width>=3000 and height>=2000",
             "severity": "high", "fix": "Deliver at least 3000x2000 px", "format": ["tif", "psd"]},
            {"id": "needs-market", "require": "market != null", "severity": "medium"},
        ],
        "correction": {"approval": "canto-1"},
        "waived_by": ["lead@example.com"],
    })
}

const KEY: &str = "canto-7:dam-main:a1";

fn sized(world: &World, width: i64, height: i64) {
    world.dam.change("a1", |asset| {
        asset.extra = vec![Field::new("width", width), Field::new("height", height)];
    });
}

fn world() -> World {
    let world = World::new(&config());
    world.dam.add("a1", "/Live", &[]);
    sized(&world, 800, 600);
    world.dam_event("asset.created", "a1", &[]);
    world
}

/// A new version of this size, and the check that follows.
fn version(world: &World, number: u32, width: i64, height: i64) {
    sized(world, width, height);
    world
        .dam
        .change("a1", |asset| asset.version = format!("a1-v{number}"));
    world.dam_event("asset.version-current", "a1", &[]);
    world.wind(MINUTE);
}

#[test]
fn scenario_1_one_exception_lists_all_points_with_format_and_deadline() {
    let world = world();
    assert_eq!(world.people.open(), ["mend:1: uploader@example.com"]);
    let text = world.people.text("mend:1");
    assert!(
        text.contains("min-size") && text.contains("width is 800"),
        "{text}"
    );
    assert!(
        text.contains("3000x2000 px (tif, psd)") && text.contains("needs-market"),
        "{text}"
    );
    assert_eq!(world.dam.status("a1"), Some(AssetStatus::Restricted));
    assert_eq!(world.dam.field("a1", "exception_state"), "open");
    assert_ne!(world.dam.field("a1", "exception_due"), "");
    assert_eq!(world.people.processes().len(), 1);
}

#[test]
fn scenario_2_it_closes_only_after_the_corrected_version_is_approved() {
    let world = world();
    world
        .dam
        .change("a1", |asset| asset.fields.push(Field::new("market", "DE")));
    version(&world, 2, 3200, 2100);
    let approval = world.script.spawned();
    assert_eq!(approval[0].flow, "canto-1");
    assert_eq!(world.people.open(), [""; 0]);
    assert_eq!(world.outcome(KEY), "live");
    world.other_run_ended("canto-1", "canto-7:dam-main:a1:a1-v2", "approved");
    assert_eq!(world.outcome(KEY), "corrected");
    assert_eq!(world.dam.field("a1", "exception_state"), "closed");
}

#[test]
fn scenario_3_what_is_still_wrong_comes_back_as_round_two() {
    let world = world();
    world
        .dam
        .change("a1", |asset| asset.fields.push(Field::new("market", "DE")));
    version(&world, 2, 2000, 1000);
    assert_eq!(world.people.open(), ["mend:2: uploader@example.com"]);
    let text = world.people.text("mend:2");
    assert!(
        text.contains("min-size") && !text.contains("needs-market"),
        "{text}"
    );
    version(&world, 3, 2000, 1000);
    version(&world, 4, 2000, 1000);
    assert_eq!(
        world.people.open(),
        ["decide:4: dam-leads"],
        "after three rounds"
    );
}

#[test]
fn scenario_4_a_missing_line_is_found_and_closes_by_itself() {
    let world = World::new(&config());
    let due = date(60);
    let line = json!({"expected": {"line": "hero", "match": {"campaign": "spring"}, "due": due}});
    world.request(&line).unwrap();
    world.wind_to(day(50));
    assert_eq!(world.people.open(), [""; 0]);
    world.wind_to(day(59));
    assert_eq!(world.people.open().len(), 1, "{:?}", world.people.open());
    world.dam.add("h1", "", &[("campaign", "spring")]);
    world
        .dam
        .change("h1", |asset| asset.status = AssetStatus::Pending);
    world.wind(30 * MINUTE);
    assert_eq!(world.outcome("canto-7:dam-main:expected:hero"), "live");
    world
        .dam
        .change("h1", |asset| asset.status = AssetStatus::Approved);
    world.wind(30 * MINUTE);
    assert_eq!(world.outcome("canto-7:dam-main:expected:hero"), "arrived");
    assert_eq!(world.people.open(), [""; 0]);
}

#[test]
fn scenario_5_edits_within_a_minute_show_one_result() {
    let world = world();
    for value in ["DE", "FR", "IT"] {
        world.dam.change("a1", |asset| {
            asset.fields.retain(|field| field.name != "market");
            asset.fields.push(Field::new("market", value));
        });
        world.dam_event("asset.updated", "a1", &[]);
        world.wind(10_000);
    }
    assert!(!world.audit().contains(&"rechecked".to_owned()));
    world.wind(2 * MINUTE);
    let rechecks = world
        .audit()
        .iter()
        .filter(|action| *action == "rechecked")
        .count();
    assert_eq!(rechecks, 1);
    let process = &world.people.processes()[0].id;
    assert!(!world.people.variable(process, "issues").contains("market"));
}

#[test]
fn changes_that_no_rule_asks_about_are_not_checked() {
    let world = world();
    world.dam_event("asset.updated", "a1", &[("exception_state", "open")]);
    world.wind(2 * MINUTE);
    assert!(!world.audit().contains(&"rechecked".to_owned()));
}

#[test]
fn scenario_6_a_waiver_ends_with_its_date() {
    let world = world();
    let until = date(90);
    let form = [("until", until.as_str()), ("reason", "poster only")];
    world
        .people
        .answer("mend:1", "uploader@example.com", "waive", &form);
    world.decided();
    assert!(world.people.text("mend:2").contains("may not waive"));
    world
        .people
        .answer("mend:2", "lead@example.com", "waive", &form);
    world.decided();
    assert_eq!(world.dam.field("a1", "exception_state"), "waived");
    assert_eq!(world.dam.status("a1"), Some(AssetStatus::Approved));
    world.wind_to(day(92));
    assert_eq!(world.people.open(), ["mend:3: uploader@example.com"]);
    assert_eq!(world.dam.field("a1", "exception_state"), "open");
}

#[test]
fn unknown_counts_as_failed() {
    let world = World::new(&config());
    world.dam.add("a1", "", &[("market", "DE")]);
    world.dam_event("asset.created", "a1", &[]);
    assert!(world.people.text("mend:1").contains("width is unknown"));
}

#[test]
fn metadata_mended_in_the_dam_closes_it() {
    let mut only_market = config();
    only_market["rules"] = json!([{"id": "needs-market", "require": "market != null"}]);
    only_market["correction"] = json!({});
    let world = World::new(&only_market);
    world.dam.add("a1", "", &[]);
    world.dam_event("asset.created", "a1", &[]);
    assert_eq!(world.people.open().len(), 1);
    world
        .dam
        .change("a1", |asset| asset.fields.push(Field::new("market", "DE")));
    world.dam_event("asset.updated", "a1", &[]);
    world.wind(MINUTE);
    assert_eq!(world.outcome(KEY), "corrected");
    assert_eq!(world.people.open(), [""; 0]);
}

#[test]
fn a_replacement_must_pass_too() {
    let world = world();
    world.dam.add("b1", "", &[("market", "DE")]);
    world.people.answer(
        "mend:1",
        "uploader@example.com",
        "replaced",
        &[("replacement", "b1")],
    );
    world.decided();
    assert!(
        world
            .people
            .text("mend:2")
            .contains("The replacement has issues")
    );
    world.dam.change("b1", |asset| {
        asset.extra = vec![
            Field::new("width", 4000),
            Field::new("height", Value::Integer(3000)),
        ];
    });
    world.people.answer(
        "mend:2",
        "uploader@example.com",
        "replaced",
        &[("replacement", "b1")],
    );
    world.decided();
    assert_eq!(world.outcome(KEY), "corrected");
    assert_eq!(world.dam.relations.borrow()[0].0, "replacement");
    assert_eq!(world.dam.status("a1"), Some(AssetStatus::Restricted));
}

#[test]
fn a_report_that_is_none_is_closed_with_the_reason() {
    let world = World::new(&config());
    world.dam.add("a1", "", &[("market", "DE")]);
    sized(&world, 4000, 3000);
    world
        .request(&json!({"asset": "a1", "reason": "the logo is old"}))
        .unwrap();
    assert!(world.people.text("mend:1").contains("the logo is old"));
    let form = [("reason", "it is the new one")];
    world
        .people
        .answer("mend:1", "lead@example.com", "not-an-issue", &form);
    world.decided();
    assert_eq!(world.outcome(KEY), "not-an-issue");
}

#[test]
fn an_unknown_uploader_is_replaced_by_the_fallback_group() {
    let world = World::new(&config());
    world
        .people
        .disabled
        .borrow_mut()
        .push("uploader@example.com".to_owned());
    world.dam.add("a1", "", &[]);
    world.dam_event("asset.created", "a1", &[]);
    assert_eq!(world.people.open(), ["mend:1: dam-admins"]);
}

#[test]
fn a_deleted_asset_ends_its_case() {
    let world = world();
    world.dam.change("a1", |asset| asset.trashed = true);
    world.dam_event("asset.deleted", "a1", &[]);
    world.wind(20 * MINUTE);
    assert_eq!(world.outcome(KEY), "asset-gone");
    assert_eq!(world.people.open(), [""; 0]);
}

#[test]
fn observing_asks_nobody() {
    let world = World::observing(&config());
    world.dam.add("a1", "", &[]);
    world.dam_event("asset.created", "a1", &[]);
    assert_eq!(world.outcome(KEY), "observed");
}

#[test]
fn a_grave_defect_of_one_field_keeps_the_asset_back_too() {
    let mut config = config();
    config["rules"] =
        json!([{"id": "needs-owner", "require": "rights_owner != null", "severity": "high"}]);
    let world = World::new(&config);
    world.dam.add("a1", "/Live", &[]);
    world.dam_event("asset.created", "a1", &[]);
    assert_eq!(world.dam.status("a1"), Some(AssetStatus::Restricted));
}

#[test]
fn a_case_that_is_restarted_asks_again_in_another_process() {
    let world = world();
    world.signal(KEY, "restart", &json!({}));
    world.settle();
    assert_eq!(world.people.processes().len(), 2);
    assert_eq!(world.people.open(), ["mend:2: uploader@example.com"]);
    assert!(world.people.text("mend:2").contains("min-size"));
}

#[test]
fn what_is_answered_while_the_asset_is_gone_counts_when_it_is_back() {
    let world = world();
    world.dam.change("a1", |asset| asset.trashed = true);
    world.dam_event("asset.deleted", "a1", &[]);
    let form = [("reason", "a test picture")];
    world
        .people
        .answer("mend:1", "lead@example.com", "not-an-issue", &form);
    world.decided();
    assert_eq!(world.outcome(KEY), "live", "it may come back");
    world.dam.change("a1", |asset| asset.trashed = false);
    world.dam_event("asset.restored", "a1", &[]);
    assert_eq!(world.outcome(KEY), "not-an-issue");
}
