//! What becomes of masters: updates, quorum, withdrawal, checks.

use forebay_sdk::Cx;
use forebay_sdk::assets::AssetStatus;
use forebay_sdk::testing::Script;
use forebay_sdk::time::MINUTE;
use forebay_sdk::workflow::ProcessState;
use serde_json::json;

use super::*;
use crate::findings::check;

#[test]
fn what_is_no_master_is_left_alone() {
    let world = World::new(&config(&json!({"masters": {"albums": ["/Masters/**"]}})));
    world.dam.add("x1", "/Elsewhere", &[]);
    world.dam_event("asset.created", "x1", &[]);
    assert_eq!(world.outcome("canto-4:dam-main:x1"), "nothing-to-do");
    assert!(world.dam.effects.borrow().is_empty());
    world
        .dam
        .add("x2", "/Masters/2027", &[("campaign", "Spring")]);
    world.dam_event("asset.created", "x2", &[]);
    world
        .dam
        .add("x3", "", &[("localize", "yes"), ("campaign", "Spring")]);
    world.dam_event("asset.updated", "x3", &[]);
    assert_eq!(world.people.open().len(), 6);
}

#[test]
fn markets_choose_the_regions_and_one_added_midway_is_started() {
    let world = World::new(&config(&json!({})));
    let fields = [
        ("is_master", "true"),
        ("campaign", "Spring"),
        ("markets", "DE"),
    ];
    world.dam.add("m1", "", &fields);
    world.dam_event("asset.created", "m1", &[]);
    assert_eq!(world.people.open(), ["adapt:DE:1: loc-de"]);
    world.dam.change("m1", |asset| {
        asset.fields.retain(|field| field.name != "markets");
        let markets = ["DE", "FR", "XX"].map(str::to_owned).to_vec();
        asset.fields.push(Field::new("markets", markets));
    });
    world.dam_event("asset.updated", "m1", &[]);
    assert_eq!(
        world.people.open(),
        ["adapt:DE:1: loc-de", "adapt:FR:1: loc-fr"]
    );
    world.dam_event("asset.updated", "m1", &[]);
    let audit = world.audit();
    let unknown = audit.iter().filter(|action| *action == "region-unknown");
    assert_eq!(unknown.count(), 1, "{audit:?}");
}

#[test]
fn without_regions_by_default_nothing_begins() {
    let select = json!({"select_regions": {"default": "none"}});
    let world = world(&select);
    assert_eq!(world.outcome(KEY), "nothing-to-do");
}

#[test]
fn its_own_writing_starts_nothing_again() {
    let world = world(&json!({}));
    for code in ["DE", "FR", "IT"] {
        localize(&world, code);
    }
    let effects = world.dam.effects.borrow().len();
    world.dam_event("asset.updated", "m1", &[]);
    world.dam_event("asset.updated", "de1", &[]);
    assert_eq!(world.outcome(KEY), "nothing-to-do");
    assert_eq!(world.dam.effects.borrow().len(), effects);
    assert!(world.live().is_empty());
}

#[test]
fn a_new_version_after_all_is_done_asks_whether_the_versions_hold() {
    let world = world(&json!({}));
    for code in ["DE", "FR", "IT"] {
        localize(&world, code);
    }
    new_version(&world, 2);
    assert_eq!(world.people.open().len(), 3, "{:?}", world.people.open());
    for code in ["DE", "FR", "IT"] {
        let question = format!("recheck:{code}:m1-v2");
        answer(&world, &question, "a@example.com", "still-valid", &[]);
    }
    assert_eq!(world.outcome(KEY), "localized");
}

#[test]
fn the_coordinator_is_asked_what_an_update_means() {
    let world = world(&json!({}));
    localize(&world, "DE");
    new_version(&world, 2);
    new_version(&world, 3);
    let open = world.people.open();
    assert!(
        open.contains(&"update:m1-v3: dam-leads".to_owned()),
        "{open:?}"
    );
    assert_eq!(
        open.len(),
        3,
        "the question about v2 was taken back: {open:?}"
    );
    answer(
        &world,
        "update:m1-v3",
        "lead@example.com",
        "finish-old",
        &[],
    );
    localize(&world, "FR");
    assert_eq!(world.dam.field("fr1", "master_version"), "m1-v1");
    assert_eq!(
        world.dam.field("de1", "outdated"),
        "",
        "not before the rest is finished"
    );
    localize(&world, "IT");
    assert_eq!(world.dam.field("de1", "outdated"), "yes");
    assert_eq!(world.people.open().len(), 3);
    assert_eq!(world.outcome(KEY), "live");
}

#[test]
fn the_coordinator_may_restart_what_is_open() {
    let world = world(&json!({}));
    new_version(&world, 2);
    answer(
        &world,
        "update:m1-v2",
        "lead@example.com",
        "restart-open",
        &[],
    );
    assert_eq!(world.outcome(&region_key("v1", "DE")), "superseded");
    assert_eq!(world.outcome(&region_key("v2", "DE")), "live");
    assert_eq!(world.people.open().len(), 3);
}

#[test]
fn a_quorum_releases_and_the_late_region_lives_on() {
    let world = world(&json!({"release": "quorum(2)"}));
    localize(&world, "DE");
    assert_eq!(world.dam.status("de1"), Some(AssetStatus::Pending));
    localize(&world, "FR");
    assert_eq!(world.dam.status("de1"), Some(AssetStatus::Approved));
    assert_eq!(world.outcome(KEY), "localized");
    assert_eq!(world.live(), [region_key("v1", "IT")]);
    world.dam_event("asset.updated", "m1", &[]);
    assert_eq!(
        world.outcome(KEY),
        "nothing-to-do",
        "the late region is at work already"
    );
    localize(&world, "IT");
    assert_eq!(world.dam.status("it1"), Some(AssetStatus::Approved));
    let state = world.dam.field("m1", "localization_state");
    assert!(state.contains("IT: approved | it1 | m1-v1"), "{state}");
    assert_eq!(world.dam.field("m1", "localized_assets"), "de1, fr1, it1");
    assert!(world.live().is_empty());
}

#[test]
fn a_new_version_finds_the_late_region_of_the_old_one() {
    let more = json!({"release": "quorum(2)", "on_master_update": "restart_open"});
    let world = world(&more);
    localize(&world, "DE");
    localize(&world, "FR");
    new_version(&world, 2);
    assert_eq!(world.outcome(&region_key("v1", "IT")), "superseded");
    assert_eq!(world.outcome(&region_key("v2", "IT")), "live");
}

#[test]
fn a_withdrawn_master_ends_open_regions_and_takes_versions_out_of_use() {
    let world = world(&json!({"withdraw_cascade": true}));
    localize(&world, "DE");
    world
        .dam
        .change("m1", |asset| asset.status = AssetStatus::Rejected);
    world.dam_event("asset.updated", "m1", &[]);
    assert_eq!(world.outcome(KEY), "withdrawn");
    assert_eq!(world.outcome(&region_key("v1", "FR")), "withdrawn");
    assert_eq!(world.people.open(), [""; 0]);
    assert_eq!(world.dam.status("de1"), Some(AssetStatus::Restricted));
}

#[test]
fn without_cascade_released_versions_stay() {
    let world = world(&json!({}));
    localize(&world, "DE");
    world
        .dam
        .change("m1", |asset| asset.status = AssetStatus::Restricted);
    world.dam_event("asset.updated", "m1", &[]);
    assert_eq!(world.outcome(KEY), "withdrawn");
    assert_eq!(world.dam.status("de1"), Some(AssetStatus::Approved));
}

#[test]
fn a_deleted_master_ends_everything_after_the_grace() {
    let world = world(&json!({}));
    world.dam.change("m1", |asset| asset.trashed = true);
    world.dam_event("asset.deleted", "m1", &[]);
    assert_eq!(world.outcome(KEY), "live");
    world.wind(20 * MINUTE);
    assert_eq!(world.outcome(KEY), "asset-gone");
    assert!(world.live().is_empty());
    assert_eq!(world.people.open(), [""; 0]);
}

#[test]
fn a_master_that_comes_back_goes_on() {
    let world = world(&json!({}));
    world.dam.change("m1", |asset| asset.trashed = true);
    world.dam_event("asset.deleted", "m1", &[]);
    world.dam.change("m1", |asset| asset.trashed = false);
    world.wind(20 * MINUTE);
    assert_eq!(world.outcome(KEY), "live");
    assert_eq!(world.live().len(), 4);
}

#[test]
fn an_operator_cancels_the_master_with_its_regions_and_may_begin_again() {
    let world = world(&json!({}));
    world.signal(KEY, "cancel", &json!({}));
    assert!(world.live().is_empty());
    assert_eq!(world.outcome(&region_key("v1", "DE")), "cancelled");
    let states = world
        .people
        .processes()
        .into_iter()
        .map(|process| process.state);
    assert!(
        states
            .into_iter()
            .all(|state| state == ProcessState::Terminated)
    );
    world.request(&json!({"asset": "m1"})).unwrap();
    assert_eq!(world.live().len(), 4);
}

#[test]
fn observing_starts_every_region_and_keeps_none() {
    let world = World::observing(&config(&json!({})));
    master(&world);
    assert_eq!(world.outcome(KEY), "observed");
    assert_eq!(world.outcome(&region_key("v1", "DE")), "observed");
    assert!(world.live().is_empty());
}

#[test]
fn mistakes_are_found_without_asking_anybody() {
    let found = |more: &Json| {
        let config: Config = serde_json::from_value(config(more)).unwrap();
        let findings = check(&Cx::scripted(Script::new()), &config, false);
        findings
            .into_iter()
            .map(|finding| finding.path)
            .collect::<Vec<_>>()
    };
    assert_eq!(found(&json!({})), [""; 0]);
    assert_eq!(found(&json!({"regions": {}})), ["regions"]);
    assert_eq!(found(&json!({"release": "quorum(4)"})), ["release"]);
    assert_eq!(found(&json!({"naming": "{stem}"})), ["naming"]);
    assert_eq!(found(&json!({"tags": ["{region}", "{land}"]})), ["tags[1]"]);
    assert_eq!(found(&json!({"reminders": [150]})), ["reminders[0]"]);
    let masters = json!({"masters": {"field": "", "localize_field": ""}});
    assert_eq!(found(&masters), ["masters"]);
    let region = json!({"language": "x", "team": "t", "reviewers": "r", "lead": "3d"});
    let regions = json!({"regions": {"D:E": region}});
    assert_eq!(found(&regions), ["regions.D:E", "regions.D:E.lead"]);
}

#[test]
fn a_probe_finds_unknown_groups() {
    let world = World::new(&config(&json!({})));
    world
        .people
        .disabled
        .borrow_mut()
        .push("brand-fr".to_owned());
    let config: Config = serde_json::from_value(config(&json!({}))).unwrap();
    let findings = check(&Cx::scripted(world.script.clone()), &config, true);
    let paths = findings.iter().map(|finding| finding.path.as_str());
    assert!(
        paths.into_iter().any(|path| path == "regions.FR.reviewers"),
        "{findings:?}"
    );
}
