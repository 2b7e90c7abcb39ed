//! Time and trouble: the review of a batch is reminded, escalated, stopped and begun anew like any other.

use forebay_sdk::time::{DAY, HOUR};
use forebay_sdk::workflow::ProcessState;
use serde_json::json;

use super::{BATCH, Batches, EVA, one_stage};

const FIRST: &str = "technical:media-ops:1";

fn under_review(changes: serde_json::Value) -> Batches {
    let flow = Batches::new(&one_stage(changes));
    flow.upload(2);
    flow.close_window();
    flow
}

#[test]
fn the_rest_of_an_answer_has_no_new_time() {
    let flow = under_review(json!({}));
    flow.stage.wind(DAY);
    flow.answer(FIRST, EVA, "approved", &[("items", "1")]);
    flow.stage.wind(DAY);
    let done = flow.stage.people.done.borrow().clone();
    assert!(
        done.contains(&"reassign task-2: dam-leads".to_owned()),
        "{done:?}"
    );
}

#[test]
fn nobody_in_twice_the_time_parks_the_batch_and_a_late_answer_still_counts() {
    let flow = under_review(json!({}));
    let review = flow.batches().remove(0);
    flow.stage.wind(4 * DAY);
    let outcome = flow.stage.outcome(&review);
    assert!(
        outcome.starts_with("parked: media-ops did not decide in stage technical"),
        "{outcome}"
    );
    assert_eq!(flow.outcomes(2), ["live"; 2]);
}

#[test]
fn silence_may_reject_but_only_what_is_undecided() {
    let flow = under_review(json!({"on_timeout": "reject"}));
    flow.answer(FIRST, EVA, "approved", &[("items", "1")]);
    flow.stage.wind(4 * DAY + HOUR);
    assert_eq!(flow.outcomes(2), ["approved", "rejected"]);
    assert_eq!(flow.ends()[1], "reviewed: 1 approved, 1 timed-out");
}

#[test]
fn a_process_ended_from_outside_parks_the_batch_and_releases_nothing() {
    let flow = under_review(json!({}));
    let review = flow.batches().remove(0);
    let process = flow.started(BATCH)[0].id.clone();
    let terminated = ProcessState::Terminated;
    flow.stage
        .people
        .set_state(&process, terminated, Some("wrong model"));
    flow.told(&process);
    let outcome = flow.stage.outcome(&review);
    assert!(
        outcome.contains("wrong model; the signal `restart`"),
        "{outcome}"
    );
    assert_eq!(flow.outcomes(2), ["live"; 2]);
}

#[test]
fn a_review_begun_anew_asks_about_what_is_undecided() {
    let flow = under_review(json!({}));
    let review = flow.batches().remove(0);
    flow.answer(FIRST, EVA, "rejected", &[("items", "2")]);
    flow.stage.signal(&review, "restart", &json!({}));
    let processes = flow.started(BATCH);
    assert_eq!(processes.len(), 2);
    assert_eq!(processes[0].state, ProcessState::Terminated);
    assert!(
        flow.stage
            .people
            .text("technical:media-ops:2")
            .starts_with("1. clip-1")
    );
    flow.answer("technical:media-ops:2", EVA, "approved", &[]);
    assert_eq!(flow.outcomes(2), ["approved", "rejected"]);
}

#[test]
fn a_cancelled_batch_leaves_its_assets_to_operators() {
    let flow = under_review(json!({}));
    let review = flow.batches().remove(0);
    flow.stage.signal(&review, "cancel", &json!({}));
    assert_eq!(flow.started(BATCH)[0].state, ProcessState::Terminated);
    for outcome in flow.outcomes(2) {
        assert!(
            outcome.starts_with("parked: the batch ended without a decision"),
            "{outcome}"
        );
    }
}
