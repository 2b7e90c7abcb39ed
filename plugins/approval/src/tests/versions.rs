//! New versions and late decisions.

use forebay_sdk::assets::AssetStatus;
use forebay_sdk::workflow::ProcessState;
use serde_json::json;

use super::fake_engine::variable;
use super::world::{KEY, World, canto_1, simple};

#[test]
fn a_new_version_supersedes_the_review_and_a_late_decision_has_no_effect() {
    let world = World::new(canto_1(json!({})));
    world.upload();
    world.approve("brand", "ann@example.test");
    let old = world.engine.review().id;
    let step = world.new_version("v2");
    let reviews = world.reviews();
    assert_eq!(reviews[0].state, ProcessState::Terminated);
    assert_eq!(reviews[0].reason.as_deref(), Some("superseded"));
    assert_eq!(reviews[1].business_key, format!("{KEY}:v2"));
    assert_eq!(step.state.past[0].result, "superseded");
    assert_eq!(step.state.review().unwrap().version, "v2");
    assert_eq!(world.recorded("superseded"), 1);

    let step = world.told(&old);
    assert_eq!(step.outcome(), None);
    assert_eq!(world.dam.status(), AssetStatus::Pending);
    assert_eq!(
        world.engine.open(),
        ["brand: brand-reviewers"],
        "from the first stage"
    );
}

#[test]
fn the_decision_on_an_old_version_never_reaches_the_new_one() {
    let world = World::new(simple(json!({"on_new_version": "continue"})));
    world.upload();
    let step = world.new_version("v2");
    assert_eq!(world.reviews().len(), 1, "it goes on");
    assert_eq!(step.state.review().unwrap().version, "v1");
    let step = world.approve("review", "ann@example.test");
    assert_eq!(world.recorded("decision-on-superseded-version"), 1);
    assert_eq!(world.dam.status(), AssetStatus::Pending);
    assert_eq!(step.state.review().unwrap().version, "v2");
    let step = world.approve("review", "ann@example.test");
    assert_eq!(step.outcome(), Some("approved"));
    assert_eq!(world.dam.text("reviewed_version"), "v2");
}

#[test]
fn a_version_that_comes_while_the_result_is_written_is_reviewed_on_its_own() {
    let world = World::new(simple(json!({})));
    world.upload();
    world.dam.conflicts.borrow_mut().push(Some("v2"));
    let step = world.approve("review", "ann@example.test");
    assert_eq!(step.outcome(), None);
    assert_eq!(step.state.review().unwrap().version, "v2");
    assert_eq!(world.dam.status(), AssetStatus::Pending);
    assert_eq!(world.recorded("decision-on-superseded-version"), 1);
}

#[test]
fn an_edit_that_comes_while_the_result_is_written_is_kept() {
    let world = World::new(simple(json!({})));
    world.upload();
    world.dam.conflicts.borrow_mut().push(None);
    let step = world.approve("review", "ann@example.test");
    assert_eq!(step.outcome(), Some("approved"));
    assert_eq!(world.dam.text("reviewed_version"), "v1");
}

#[test]
fn the_coordinator_is_asked_once_and_decides_for_the_new_version() {
    let world = World::new(simple(json!({"on_new_version": "ask"})));
    world.upload();
    world.new_version("v2");
    world.event("asset.updated");
    assert_eq!(world.notices().len(), 1);
    assert_eq!(variable(&world.notices()[0], "group"), "dam-leads");
    assert_eq!(world.reviews().len(), 1);

    world.engine.acknowledge();
    let step = world.told(&world.notices()[0].id);
    assert_eq!(step.state.review().unwrap().version, "v2");
    assert_eq!(step.state.question, None);
    assert_eq!(world.reviews()[0].state, ProcessState::Terminated);
}

#[test]
fn a_question_that_is_no_longer_open_is_taken_back() {
    let world = World::new(simple(json!({"on_new_version": "ask"})));
    world.upload();
    world.new_version("v2");
    world.new_version("v3");
    assert_eq!(world.notices().len(), 2);
    assert_eq!(world.notices()[0].state, ProcessState::Terminated);
    let step = world.approve("review", "ann@example.test");
    assert_eq!(world.notices()[1].state, ProcessState::Terminated);
    assert_eq!(step.state.review().unwrap().version, "v3");
}

#[test]
fn going_back_to_a_reviewed_version_makes_another_review() {
    let world = World::new(simple(json!({})));
    world.upload();
    world.new_version("v2");
    world.new_version("v1");
    assert_eq!(world.engine.review().business_key, format!("{KEY}:v1:2"));
    assert_eq!(world.engine.review().state, ProcessState::Active);
}

#[test]
fn an_open_review_of_an_earlier_run_is_adopted_an_ended_one_is_not() {
    let first = World::new(simple(json!({})));
    first.upload();
    first.engine.set_run(&first.engine.review().id, "run-0");
    World::after(&first, simple(json!({}))).upload();
    assert_eq!(first.reviews().len(), 1, "adopted");

    first
        .engine
        .set_state(ProcessState::Terminated, Some("by hand"));
    World::after(&first, simple(json!({}))).upload();
    assert_eq!(first.engine.review().business_key, format!("{KEY}:v1:2"));
}

#[test]
fn the_reply_to_a_start_may_be_lost_without_a_second_review() {
    let first = World::new(simple(json!({})));
    first.upload();
    first
        .engine
        .decide("review", "ann@example.test", "approved", &[]);
    // The same activation again: its process is there, and has even ended meanwhile.
    let step = World::after(&first, simple(json!({}))).upload();
    assert_eq!(first.reviews().len(), 1);
    assert_eq!(step.outcome(), Some("approved"));
}
