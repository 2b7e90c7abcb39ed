//! Rights clearance, scenario by scenario.

use forebay_sdk::testing::stage::{date, day};
use forebay_sdk::{Field, Value};
use serde_json::{Value as Json, json};

use super::World;

fn config() -> Json {
    json!({
        "key_prefix": "iconik-2",
        "date_fields": ["rights_end"],
        "clearance": {
            "matrix": [
                {"when": {"channels": "tv"}, "require": ["talent_release", "music_licence", "location_release"]},
                {"when": {"talent": "minor"}, "require": ["guardian_release"], "route": "legal-senior"},
            ],
            "producer_group": "producers",
        },
        "routing": [
            {"when": {"territories": "US"}, "to": {"group": "legal-us", "sla": "3d"}},
            {"when": {}, "to": {"group": "rights", "sla": "3d"}},
        ],
    })
}

fn world(fields: &[(&str, &str)]) -> World {
    let world = World::new(&config());
    world.dam.add("a1", "", fields);
    world
}

fn ask(world: &World, channels: &[&str], territories: &[&str]) {
    world
        .request(&json!({"asset": "a1", "use": {"channels": channels, "territories": territories}}))
        .unwrap();
}

fn key(wanted: &str) -> String {
    format!("iconik-2:dam-main:a1:{wanted}")
}

#[test]
fn scenario_1_the_table_shows_exactly_what_is_missing() {
    let world = world(&[
        ("talent_release", "yes"),
        ("location_release", "yes"),
        ("territories", "US"),
    ]);
    ask(&world, &["tv"], &["US"]);
    assert_eq!(world.people.open(), ["clear:1: legal-us"]);
    assert_eq!(world.people.text("clear:1"), "missing: music_licence");
    world
        .people
        .answer("clear:1", "ann@example.com", "needs_documents", &[]);
    world.decided();
    assert_eq!(world.people.open(), ["documents:2: producers"]);
    world.dam.change("a1", |asset| {
        asset.fields.push(Field::new("music_licence", "M-1"))
    });
    world.dam_event("asset.updated", "a1", &[]);
    assert_eq!(
        world.people.open(),
        ["clear:3: legal-us"],
        "the producer is done"
    );
    assert!(
        world
            .people
            .text("clear:3")
            .contains("All that this use requires")
    );
}

#[test]
fn scenario_2_another_territory_opens_a_review_and_leaves_the_first_cleared() {
    let world = world(&[("territories", "DE")]);
    ask(&world, &["web"], &["DE"]);
    world
        .people
        .answer("clear:1", "ann@example.com", "cleared", &[]);
    world.decided();
    assert_eq!(world.outcome(&key("web@DE")), "cleared");
    assert_eq!(world.dam.access.borrow()["a1"], "open");
    ask(&world, &["web"], &["US"]);
    assert_eq!(world.people.open(), ["clear:1: legal-us"]);
    assert_eq!(world.people.text("clear:1"), "missing: territory US");
    assert_eq!(world.dam.access.borrow()["a1"], "open", "DE stays cleared");
    assert!(world.dam.field("a1", "clearance_uses").contains("web@DE"));
}

#[test]
fn scenario_3_the_earliest_talent_governs() {
    let world = world(&[]);
    let dates = vec![date(120), date(60)];
    world.dam.change("a1", |asset| {
        asset
            .fields
            .push(Field::new("rights_end", Value::Texts(dates)));
    });
    ask(&world, &["web"], &[]);
    world
        .people
        .answer("clear:1", "ann@example.com", "cleared", &[]);
    world.decided();
    assert_eq!(world.dam.field("a1", "clearance_until"), date(60));
    // Lead times count to it: 60 days are within the first lead time, so people are asked at once.
    assert_eq!(world.live(), [format!("iconik-2:dam-main:a1:{}", date(60))]);
    assert_eq!(world.people.open(), ["decide:1: rights"]);
}

#[test]
fn scenario_4_withdrawn_consent_blocks_before_anybody_decides() {
    use forebay_sdk::assets::{DownloadRight, ShareRequest, Sharing as _};
    let world = world(&[(
        "clearance_uses",
        "use=web@; until=open; at=2025-12-31T00:00:00Z; run=r; rights=x",
    )]);
    let share = world.dam.create(&ShareRequest {
        assets: vec!["a1".to_owned()],
        collection: None,
        title: "press".to_owned(),
        message: None,
        recipients: Vec::new(),
        download: DownloadRight::Proxy,
        watermark: false,
        protected: false,
        expires_at: None,
        external_id: "e".to_owned(),
    });
    assert!(share.unwrap().active);
    world.dam.change("a1", |asset| {
        asset.fields.push(Field::new("talent_consent", "withdrawn"))
    });
    world.dam_event("asset.updated", "a1", &[]);
    assert_eq!(world.dam.access.borrow()["a1"], "no-publish");
    assert!(!world.dam.shares.borrow()[0].active);
    assert_eq!(
        world.people.open(),
        ["clear:1: rights"],
        "the review comes after"
    );
}

#[test]
fn scenario_5_the_same_use_is_not_asked_about_again_while_nothing_changed() {
    let end = date(300);
    let world = world(&[("rights_end", &end)]);
    ask(&world, &["web"], &[]);
    world
        .people
        .answer("clear:1", "ann@example.com", "cleared", &[]);
    world.decided();
    world.wind_to(day(60));
    ask(&world, &["web"], &[]);
    assert_eq!(world.outcome(&key("web@")), "cleared");
    assert_eq!(world.people.open(), [""; 0]);
    let reused = world.script.decisions().into_iter();
    let reused: Vec<_> = reused
        .filter(|record| record.action == "decision-reused")
        .collect();
    assert!(
        reused[0].comment.clone().unwrap().contains("run-1"),
        "{reused:?}"
    );
    world.dam.change("a1", |asset| {
        asset.fields.push(Field::new("usage_rights", "none"))
    });
    ask(&world, &["web"], &[]);
    assert_eq!(world.people.open(), ["clear:1: rights"]);
}

#[test]
fn an_asset_is_blocked_until_it_is_cleared_and_stays_blocked_if_it_is_not() {
    let world = world(&[]);
    ask(&world, &["web"], &[]);
    assert_eq!(world.dam.access.borrow()["a1"], "no-publish");
    world.people.answer(
        "clear:1",
        "ann@example.com",
        "not_cleared",
        &[("comment", "no")],
    );
    world.decided();
    assert_eq!(world.dam.access.borrow()["a1"], "no-publish");
    assert_eq!(world.dam.field("a1", "clearance_state"), "not_cleared");
}

#[test]
fn an_unknown_territory_is_refused() {
    let world = world(&[]);
    ask(&world, &["web"], &["everywhere"]);
    assert_eq!(world.outcome(&key("web@everywhere")), "not_cleared");
    assert_eq!(world.people.processes().len(), 0);
}

#[test]
fn minors_go_to_senior_counsel() {
    let world = world(&[("talent", "minor")]);
    ask(&world, &["web"], &[]);
    assert_eq!(world.people.open(), ["clear:1: legal-senior"]);
    assert_eq!(world.people.text("clear:1"), "missing: guardian_release");
}

#[test]
fn a_field_on_the_asset_asks_for_clearance_once() {
    let world = world(&[("clearance", "requested")]);
    world.dam_event("asset.updated", "a1", &[]);
    assert_eq!(world.people.open(), ["clear:1: rights"]);
    world.people.answer(
        "clear:1",
        "ann@example.com",
        "cleared_with_limits",
        &[("limits", "no print")],
    );
    world.decided();
    assert_eq!(world.dam.field("a1", "clearance"), "done");
    assert_eq!(world.dam.field("a1", "clearance_limits"), "no print");
    world.dam_event("asset.updated", "a1", &[]);
    assert_eq!(world.people.open(), [""; 0]);
}

#[test]
fn consent_withdrawn_while_another_use_is_reviewed_blocks_too() {
    let world = world(&[("territories", "DE")]);
    ask(&world, &["web"], &["DE"]);
    world
        .people
        .answer("clear:1", "ann@example.com", "cleared", &[]);
    world.decided();
    ask(&world, &["web"], &["US"]);
    assert_eq!(world.dam.access.borrow()["a1"], "open");
    world.dam.change("a1", |asset| {
        asset.fields.push(Field::new("talent_consent", "withdrawn"));
    });
    world.dam_event("asset.updated", "a1", &[]);
    assert_eq!(world.dam.access.borrow()["a1"], "no-publish");
    assert_eq!(world.dam.field("a1", "clearance_state"), "blocked");
}

#[test]
fn a_use_that_was_cleared_is_reviewed_again_after_consent_was_withdrawn() {
    let world = world(&[]);
    ask(&world, &["web"], &[]);
    world
        .people
        .answer("clear:1", "ann@example.com", "cleared", &[]);
    world.decided();
    world.dam.change("a1", |asset| {
        asset.fields.push(Field::new("talent_consent", "withdrawn"));
    });
    world.dam_event("asset.updated", "a1", &[]);
    assert_eq!(world.people.open(), ["clear:1: rights"], "not reused");
    world
        .people
        .answer("clear:1", "ann@example.com", "cleared", &[]);
    world.decided();
    assert_eq!(world.dam.access.borrow()["a1"], "open", "as it was before");
}
