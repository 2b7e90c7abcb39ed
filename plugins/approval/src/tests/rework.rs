//! Changes requested: a new version, or none.

use forebay_sdk::Field;
use forebay_sdk::assets::AssetStatus;
use forebay_sdk::testing::START;
use forebay_sdk::time::HOUR;
use forebay_sdk::workflow::{Process, ProcessState};
use serde_json::json;

use super::fake_dam::UPLOADER;
use super::fake_engine::variable;
use super::world::{KEY, World, canto_1, simple, waits_for};

fn reworks(world: &World) -> Vec<Process> {
    world.engine.started("assetRework")
}

fn ask_for_changes(world: &World, stage: &str) -> forebay_sdk::Step<crate::State> {
    let said = [Field::new("comment", "logo too small")];
    world.decide(stage, "dirk@example.test", "changes-requested", &said)
}

#[test]
fn the_uploader_is_asked_for_a_new_version_which_is_reviewed_from_the_first_stage() {
    let world = World::new(canto_1(json!({})));
    world.upload();
    world.approve("brand", "ann@example.test");
    let step = ask_for_changes(&world, "legal");
    assert_eq!(waits_for(&step), "a new version of \"hero.mp4\"");
    assert_eq!(step.waiting().unwrap().waiting_on.parties, [UPLOADER]);
    assert_eq!(world.dam.text("review_state"), "changes-requested");
    assert_eq!(world.dam.text("review_comment"), "logo too small");
    assert_eq!(world.dam.status(), AssetStatus::Pending);
    let task = reworks(&world).pop().unwrap();
    assert_eq!(task.business_key, format!("{KEY}:v1:rework"));
    assert_eq!(variable(&task, "assignee"), UPLOADER);
    assert_eq!(variable(&task, "message"), "logo too small");
    assert_eq!(variable(&task, "due"), (START + 10 * 8 * HOUR).to_string());

    world.new_version("v2");
    assert_eq!(reworks(&world)[0].state, ProcessState::Terminated);
    assert_eq!(world.engine.open(), ["brand: brand-reviewers"]);
    assert_eq!(world.engine.review().business_key, format!("{KEY}:v2"));
}

#[test]
fn the_review_can_go_on_at_the_stage_that_asked_even_if_the_version_is_not_ready_at_once() {
    let world = World::new(canto_1(
        json!({"changes_requested": {"resume_at_stage": true}}),
    ));
    world.upload();
    world.approve("brand", "ann@example.test");
    ask_for_changes(&world, "legal");
    world
        .dam
        .edit(UPLOADER, |asset| asset.readiness.preview = false);
    let step = world.new_version("v2");
    assert_eq!(world.reviews().len(), 1);
    world
        .dam
        .edit("canto", |asset| asset.readiness.preview = true);
    world.next_timer(&step);
    assert_eq!(world.engine.open(), ["legal: legal-dach"]);
}

#[test]
fn an_edit_of_metadata_is_no_new_version() {
    let world = World::new(simple(json!({})));
    world.upload();
    ask_for_changes(&world, "review");
    let step = world.event("asset.updated");
    assert_eq!(waits_for(&step), "a new version of \"hero.mp4\"");
    assert_eq!(world.reviews().len(), 1);
}

#[test]
fn without_a_new_version_the_asset_is_rejected() {
    let world = World::new(simple(json!({})));
    world.upload();
    let step = ask_for_changes(&world, "review");
    let step = world.timer(&step, "rework-deadline");
    assert_eq!(step.outcome(), Some("rejected"));
    assert_eq!(
        world.dam.text("review_comment"),
        "no-response: logo too small"
    );
    assert_eq!(world.dam.status(), AssetStatus::Restricted);
    assert_eq!(reworks(&world)[0].state, ProcessState::Terminated);
}

#[test]
fn a_version_whose_event_was_lost_counts_at_the_deadline() {
    let world = World::new(simple(json!({})));
    world.upload();
    let step = ask_for_changes(&world, "review");
    world.dam.new_version("v2");
    let step = world.timer(&step, "rework-deadline");
    assert_eq!(step.state.review().unwrap().version, "v2");
}

#[test]
fn an_unknown_uploader_leaves_it_to_the_fallback_group() {
    let world = World::new(simple(json!({})));
    world.engine.disabled.borrow_mut().push(UPLOADER);
    world.upload();
    ask_for_changes(&world, "review");
    assert!(reworks(&world).is_empty());
    assert_eq!(variable(&world.notices()[0], "group"), "dam-admins");
}
