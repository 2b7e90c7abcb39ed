//! Deleted assets, processes that end abnormally, assets that come back.

use forebay_sdk::Field;
use forebay_sdk::assets::AssetStatus;
use forebay_sdk::testing::START;
use forebay_sdk::time::MINUTE;
use forebay_sdk::workflow::ProcessState;
use serde_json::json;

use super::world::{World, parked, simple, timers, waits_for};

#[test]
fn a_deleted_asset_ends_its_review_after_the_grace() {
    let world = World::new(simple(json!({})));
    world.upload();
    world.dam.purged.set(true);
    let step = world.event("asset.deleted");
    assert_eq!(timers(&step), ["gone"], "nothing else is due meanwhile");
    assert_eq!(
        step.waiting().unwrap().timers[0].due_at,
        START + 15 * MINUTE
    );
    assert_eq!(world.engine.open().len(), 1);
    let step = world.next_timer(&step);
    assert_eq!(step.outcome(), Some("asset-gone"));
    assert!(world.engine.open().is_empty());
    assert_eq!(
        world.engine.review().reason.as_deref(),
        Some("asset deleted")
    );
}

#[test]
fn the_trash_counts_as_gone_and_a_restored_asset_goes_on() {
    let world = World::new(simple(json!({})));
    world.upload();
    world.dam.edit("ben", |asset| asset.trashed = true);
    let step = world.event("asset.deleted");
    assert_eq!(
        waits_for(&step),
        "\"hero.mp4\" to come back: it was deleted"
    );
    world.dam.edit("ben", |asset| asset.trashed = false);
    let step = world.event("asset.restored");
    assert_eq!(world.recorded("asset-restored"), 1);
    assert_eq!(timers(&step), ["task:50:task-1"]);
    assert_eq!(
        world.approve("review", "ann@example.test").outcome(),
        Some("approved")
    );
}

#[test]
fn an_asset_restored_without_an_event_is_found_when_the_grace_ends() {
    let world = World::new(simple(json!({})));
    world.upload();
    world.dam.purged.set(true);
    let step = world.event("asset.deleted");
    world.dam.purged.set(false);
    let step = world.next_timer(&step);
    assert_eq!(timers(&step), ["task:50:task-1"]);
    assert_eq!(world.recorded("asset-restored"), 1);
}

#[test]
fn a_decision_about_a_deleted_asset_waits_for_its_return() {
    let world = World::new(simple(json!({})));
    world.upload();
    world.dam.purged.set(true);
    let step = world.approve("review", "ann@example.test");
    assert_eq!(timers(&step), ["gone"]);
    world.dam.purged.set(false);
    assert_eq!(world.event("asset.restored").outcome(), Some("approved"));
}

#[test]
fn a_deadline_that_passes_while_the_asset_is_gone_does_not_fire_again_and_again() {
    let world = World::new(simple(json!({"asset_gone": {"grace": "30d"}})));
    world.upload();
    let step = world.decide("review", "ann@example.test", "changes-requested", &[]);
    world.dam.purged.set(true);
    let step = world.timer(&step, "rework-deadline");
    assert_eq!(timers(&step), ["gone"]);
}

#[test]
fn a_process_ended_by_hand_parks_and_can_be_started_anew() {
    let world = World::new(simple(json!({})));
    let started = world.upload();
    world
        .engine
        .set_state(ProcessState::Terminated, Some("wrong model"));
    let process = started.state.review().unwrap().process.clone();
    let step = world.told(&process);
    assert!(parked(&step).contains("wrong model"), "{}", parked(&step));
    assert_eq!(world.dam.status(), AssetStatus::Pending);

    let step = world.signal("restart", &json!({"reason": "again"}));
    assert_eq!(world.reviews().len(), 2);
    assert_ne!(step.state.review().unwrap().process, process);
    assert_eq!(
        world.approve("review", "ann@example.test").outcome(),
        Some("approved")
    );
}

#[test]
fn a_suspended_process_parks_and_goes_on_when_it_is_activated() {
    let world = World::new(simple(json!({})));
    world.upload();
    world.engine.set_state(ProcessState::Suspended, None);
    let step = world.told(&world.engine.review().id);
    assert!(parked(&step).contains("suspended"), "{}", parked(&step));
    assert_eq!(world.dam.status(), AssetStatus::Pending);
    world.engine.set_state(ProcessState::Active, None);
    let step = world.signal("look-again", &json!({}));
    assert_eq!(waits_for(&step), "decision on \"hero.mp4\" in stage review");
}

#[test]
fn a_value_that_a_collection_needs_is_missed_before_anything_is_released() {
    let release = json!({"add_to_collections": ["Released/{campaign}"]});
    let world = World::new(simple(json!({"on_approved": release})));
    world.upload();
    let step = world.approve("review", "ann@example.test");
    assert!(parked(&step).contains("no campaign"), "{}", parked(&step));
    assert_eq!(world.dam.status(), AssetStatus::Pending);
    world.dam.edit("ben", |asset| {
        asset.fields.push(Field::new("campaign", "Spring/Summer"));
    });
    let step = world.signal("look-again", &json!({}));
    assert_eq!(step.outcome(), Some("approved"));
    let done = world.dam.done();
    assert!(
        done.contains(&"into Released/Spring-Summer".to_owned()),
        "{done:?}"
    );
    assert_eq!(world.recorded("decision"), 1, "recorded once");
}
