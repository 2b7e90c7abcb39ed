//! What happens in one region: files, reviews, rights, time.

use forebay_sdk::assets::{AssetKind, AssetStatus};
use forebay_sdk::testing::stage::{date, day};
use forebay_sdk::time::MINUTE;
use forebay_sdk::workflow::ProcessState;
use forebay_sdk::{Entity, Event};
use serde_json::json;

use super::*;

/// Files arrive in the album of a region.
fn filed(world: &World, asset: &str, code: &str) {
    let now = world.now();
    let album = format!("/Localized/Spring/{code}");
    let mut event = Event::new("collection.added", Entity::new("asset", asset), asset, now);
    event.related = vec![Entity::new("collection", album.as_str())];
    world.event("dam", event);
}

fn named(world: &World, id: &str, name: &str, fields: &[(&str, &str)]) {
    world.dam.add(id, "/Localized/Spring/DE", fields);
    world.dam.change(id, |asset| asset.name = name.to_owned());
}

#[test]
fn a_region_that_needs_nothing_says_why() {
    let world = world(&json!({}));
    answer(&world, "adapt:DE:1", "a@example.com", "not-needed", &[]);
    assert_eq!(
        world.outcome(&region_key("v1", "DE")),
        "live",
        "no reason was given"
    );
    let comment = [("comment", "no campaign here")];
    answer(
        &world,
        "adapt:DE:2",
        "a@example.com",
        "not-needed",
        &comment,
    );
    assert_eq!(world.outcome(&region_key("v1", "DE")), "not-needed");
    let state = world.dam.field("m1", "localization_state");
    assert!(state.contains("DE: not-needed | - | m1-v1"), "{state}");
    let records = world.script.decisions();
    let waived = records
        .iter()
        .find(|record| record.comment.as_deref() == Some("no campaign here"));
    assert_eq!(waived.unwrap().actor, "a@example.com");
}

#[test]
fn where_every_region_is_left_out_the_master_is_not_needed() {
    let world = world(&json!({}));
    for code in ["DE", "FR", "IT"] {
        let question = format!("adapt:{code}:1");
        answer(
            &world,
            &question,
            "a@example.com",
            "not-needed",
            &[("comment", "no")],
        );
    }
    assert_eq!(world.outcome(KEY), "not-needed");
}

#[test]
fn leaving_out_may_be_forbidden() {
    let world = world(&json!({"not_needed_allowed": false}));
    answer(
        &world,
        "adapt:DE:1",
        "a@example.com",
        "not-needed",
        &[("comment", "no")],
    );
    assert_eq!(world.outcome(&region_key("v1", "DE")), "live");
}

#[test]
fn a_file_in_the_album_is_taken_by_its_name() {
    let world = world(&json!({}));
    named(&world, "other", "other_DE_de-DE_v1.jpg", &[]);
    filed(&world, "other", "DE");
    assert!(
        world
            .people
            .open()
            .contains(&"adapt:DE:1: loc-de".to_owned())
    );
    named(&world, "de1", "m1_DE_de-DE_v1.jpg", &[]);
    filed(&world, "de1", "DE");
    assert!(
        world
            .people
            .open()
            .contains(&"review:DE:1: legal-de".to_owned())
    );
    assert!(
        !world
            .people
            .open()
            .contains(&"adapt:DE:1: loc-de".to_owned())
    );
    assert_eq!(world.dam.status("de1"), Some(AssetStatus::Pending));
}

#[test]
fn an_upload_that_names_its_master_and_region_is_given_to_it() {
    let world = world(&json!({}));
    let fields = [("master_asset", "m1"), ("region", "DE")];
    world.dam.add("de1", "/Inbox", &fields);
    world.dam_event("asset.created", "de1", &[]);
    assert!(
        world
            .people
            .open()
            .contains(&"review:DE:1: legal-de".to_owned())
    );
    assert_eq!(world.dam.field("de1", "review_state"), "in-review");
}

#[test]
fn a_file_that_does_not_fit_goes_back_with_the_reason() {
    let world = world(&json!({}));
    named(&world, "f1", "m1_DE_fr-FR_v1.jpg", &[]);
    filed(&world, "f1", "DE");
    let question = "refused:DE:1: uploader@example.com".to_owned();
    assert!(
        world.people.open().contains(&question),
        "{:?}",
        world.people.open()
    );
    assert!(
        world
            .people
            .text("refused:DE:1")
            .contains("m1_DE_de-DE_v1.jpg")
    );
    assert!(
        world
            .people
            .open()
            .contains(&"adapt:DE:1: loc-de".to_owned()),
        "not counted"
    );
    assert_eq!(world.dam.field("f1", "region"), "");
    // By the task: language, region, format.
    world.dam.add("f2", "", &[("language", "fr-FR")]);
    deliver(&world, "adapt:DE:1", "f2");
    assert!(world.people.text("adapt:DE:2").contains("fr-FR"));
    world.dam.add("f3", "", &[("region", "FR")]);
    deliver(&world, "adapt:DE:2", "f3");
    assert!(world.people.text("adapt:DE:3").contains("region FR"));
    world.dam.add("f4", "", &[]);
    world
        .dam
        .change("f4", |asset| asset.kind = AssetKind::Video);
    deliver(&world, "adapt:DE:3", "f4");
    assert!(world.people.text("adapt:DE:4").contains("Video"));
    deliver(&world, "adapt:DE:4", "nothing");
    assert!(world.people.text("adapt:DE:5").contains("no asset nothing"));
}

#[test]
fn of_two_files_the_newest_wins_and_the_older_is_kept() {
    let world = world(&json!({}));
    world.dam.add("de1", "", &[]);
    deliver(&world, "adapt:DE:1", "de1");
    named(&world, "de2", "m1_DE_de-DE_v2.jpg", &[]);
    world.dam.change("de2", |asset| asset.created_at += MINUTE);
    filed(&world, "de2", "DE");
    assert!(
        world
            .people
            .open()
            .contains(&"review:DE:2: legal-de".to_owned())
    );
    assert_eq!(world.dam.status("de1"), Some(AssetStatus::Restricted));
    let kept = ("replacement".to_owned(), "de1".to_owned(), "de2".to_owned());
    assert!(world.dam.relations.borrow().contains(&kept));
    approve(&world, "review:DE:2");
    assert_eq!(world.dam.status("de2"), Some(AssetStatus::Approved));
    // The event of the older one comes late: it changes nothing.
    assert_eq!(world.dam.status("de1"), Some(AssetStatus::Restricted));
}

#[test]
fn a_version_nobody_reviewed_is_not_released() {
    let world = world(&json!({}));
    world.dam.add("de1", "", &[]);
    deliver(&world, "adapt:DE:1", "de1");
    world
        .dam
        .change("de1", |asset| asset.version = "de1-v2".to_owned());
    // The approval comes before the event of the new version.
    approve(&world, "review:DE:1");
    assert_eq!(world.dam.status("de1"), Some(AssetStatus::Pending));
    assert!(
        world
            .people
            .open()
            .contains(&"review:DE:2: legal-de".to_owned())
    );
    approve(&world, "review:DE:2");
    assert_eq!(world.dam.status("de1"), Some(AssetStatus::Approved));
    assert_eq!(world.dam.field("de1", "reviewed_version"), "de1-v2");
}

#[test]
fn a_deleted_file_sends_the_region_back_to_its_team() {
    let world = world(&json!({}));
    world.dam.add("de1", "", &[]);
    deliver(&world, "adapt:DE:1", "de1");
    world.dam.change("de1", |asset| asset.trashed = true);
    world.dam_event("asset.deleted", "de1", &[]);
    assert!(
        world
            .people
            .open()
            .contains(&"review:DE:1: legal-de".to_owned())
    );
    world.wind(20 * MINUTE);
    assert!(
        world
            .people
            .open()
            .contains(&"adapt:DE:2: loc-de".to_owned())
    );
}

#[test]
fn unknown_reviewers_park_their_region_only() {
    let world = World::new(&config(&json!({})));
    world
        .people
        .disabled
        .borrow_mut()
        .push("brand-fr".to_owned());
    master(&world);
    let parked = world.outcome(&region_key("v1", "FR"));
    assert!(parked.starts_with("parked: the group brand-fr"), "{parked}");
    assert_eq!(
        world.people.open(),
        ["adapt:DE:1: loc-de", "adapt:IT:1: loc-it"]
    );
    assert_eq!(world.outcome(KEY), "live");
}

#[test]
fn a_process_ended_from_outside_parks_its_region() {
    let world = world(&json!({}));
    world.dam.add("de1", "", &[]);
    deliver(&world, "adapt:DE:1", "de1");
    let process = world.people.processes()[0].id.clone();
    world
        .people
        .set_state(&process, ProcessState::Terminated, Some("by hand"));
    world.decided();
    let parked = world.outcome(&region_key("v1", "DE"));
    assert!(parked.contains("by hand"), "{parked}");
    assert_eq!(
        world.dam.status("de1"),
        Some(AssetStatus::Pending),
        "never released"
    );
}

#[test]
fn a_campaign_that_begins_soon_shortens_the_work() {
    let regions = json!({"regions": {"DE": {
        "language": "de-DE", "team": "loc-de", "reviewers": "legal-de",
        "deadline_from": "campaign_start", "lead": "10bd",
    }}});
    let world = World::new(&config(&regions));
    // Working time passes at all hours on this stage: ten days are eighty hours, five are forty.
    let start = date(4);
    let fields = [
        ("is_master", "yes"),
        ("campaign", "Spring"),
        ("campaign_start", start.as_str()),
    ];
    world.dam.add("m1", "", &fields);
    world.dam_event("asset.created", "m1", &[]);
    let run = world
        .runs()
        .into_iter()
        .find(|run| run.key.ends_with(":DE"))
        .unwrap();
    let due = run.state["region"]["desk"]["asked"]["adapt:DE:1"]["due"]
        .as_i64()
        .unwrap();
    assert!(due > day(0) && due <= day(1), "{due}");
}

#[test]
fn rights_without_a_flow_are_the_coordinators() {
    let world = World::new(&config(&json!({})));
    master(&world);
    set(&world, "m1", "territories", "IT");
    localize(&world, "DE");
    let open = world.people.open();
    assert!(
        open.contains(&"rights:DE:1: dam-leads".to_owned()),
        "{open:?}"
    );
    assert_eq!(world.dam.status("de1"), Some(AssetStatus::Pending));
    answer(
        &world,
        "rights:DE:1",
        "lead@example.com",
        "not-covered",
        &[],
    );
    assert_eq!(world.outcome(&region_key("v1", "DE")), "rights-refused");
    assert_eq!(world.dam.status("de1"), Some(AssetStatus::Restricted));
    localize(&world, "FR");
    answer(&world, "rights:FR:1", "lead@example.com", "covered", &[]);
    assert_eq!(world.dam.status("fr1"), Some(AssetStatus::Approved));
}

#[test]
fn a_late_word_on_the_rights_of_an_older_file_hides_no_review() {
    let world = World::new(&config(&json!({})));
    master(&world);
    set(&world, "m1", "territories", "IT");
    localize(&world, "DE");
    // The file changes before the answer is heard of: the new one is reviewed, and that counts.
    world
        .people
        .answer("rights:DE:1", "lead@example.com", "covered", &[]);
    world
        .dam
        .change("de1", |asset| asset.version = "de1-v2".to_owned());
    world.dam_event("asset.updated", "de1", &[]);
    approve(&world, "review:DE:2");
    assert_eq!(world.dam.status("de1"), Some(AssetStatus::Pending));
    answer(&world, "rights:DE:2", "lead@example.com", "covered", &[]);
    assert_eq!(world.dam.status("de1"), Some(AssetStatus::Approved));
}

#[test]
fn a_licence_that_is_over_holds_the_release() {
    let world = World::new(&config(&json!({})));
    master(&world);
    set(&world, "m1", "licence_end", &date(-1));
    localize(&world, "DE");
    assert!(world.people.text("rights:DE:1").contains("ends"));
}
