//! Items that are withdrawn, deleted, changed or decided elsewhere while they are in a batch.

use forebay_sdk::assets::{ApprovalStatus, AssetStatus};
use forebay_sdk::time::MINUTE;
use forebay_sdk::workflow::ProcessState;
use serde_json::json;

use super::super::world::{World, simple};
use super::{BATCH, Batches, EVA, one_stage};

const FIRST: &str = "technical:media-ops:1";

fn under_review(count: usize) -> Batches {
    let flow = Batches::new(&one_stage(json!({})));
    flow.upload(count);
    flow.close_window();
    flow
}

fn assets(flow: &Batches) -> String {
    let process = &flow.started(BATCH)[0].id;
    flow.stage.people.variable(process, "assets")
}

#[test]
fn a_withdrawn_item_is_not_decided_about() {
    let flow = under_review(3);
    flow.stage.signal(
        "approval:dam-main:clip-2",
        "cancel",
        &json!({"reason": "a mistake"}),
    );
    assert_eq!(flow.outcome("clip-2"), "cancelled");
    assert_eq!(
        assets(&flow),
        "1. clip-1.jpg\n2. clip-2.jpg: cancelled by an operator\n3. clip-3.jpg"
    );
    flow.answer(FIRST, EVA, "approved", &[]);
    assert_eq!(flow.outcomes(3), ["approved", "cancelled", "approved"]);
    assert_eq!(flow.audit("clip-2"), [""; 0]);
    assert_eq!(flow.ends()[1], "reviewed: 2 approved, 1 withdrawn");
}

#[test]
fn the_process_ends_when_all_items_are_withdrawn() {
    let flow = under_review(2);
    for id in ["clip-1", "clip-2"] {
        let key = format!("approval:dam-main:{id}");
        flow.stage.signal(&key, "cancel", &json!({}));
    }
    assert_eq!(flow.started(BATCH)[0].state, ProcessState::Completed);
    assert_eq!(flow.stage.people.open(), [""; 0]);
    assert_eq!(flow.stage.live(), [""; 0]);
}

#[test]
fn an_item_withdrawn_within_the_window_is_not_asked_about() {
    let flow = Batches::new(&one_stage(json!({})));
    flow.upload(3);
    flow.stage
        .signal("approval:dam-main:clip-1", "cancel", &json!({}));
    flow.close_window();
    assert_eq!(assets(&flow), "1. clip-2.jpg\n2. clip-3.jpg");
}

#[test]
fn a_deleted_item_leaves_after_the_grace() {
    let flow = under_review(2);
    flow.stage
        .dam
        .change("clip-1", |asset| asset.trashed = true);
    flow.stage.dam_event("asset.deleted", "clip-1", &[]);
    flow.stage.wind(14 * MINUTE);
    assert!(!assets(&flow).contains("deleted"), "it may come back");
    flow.stage.wind(MINUTE);
    assert_eq!(flow.outcome("clip-1"), "asset-gone");
    assert!(assets(&flow).contains("1. clip-1.jpg: asset deleted"));
    flow.answer(FIRST, EVA, "approved", &[]);
    assert_eq!(flow.outcomes(2), ["asset-gone", "approved"]);
}

#[test]
fn a_decision_waits_for_an_item_that_may_come_back() {
    let flow = under_review(2);
    flow.stage
        .dam
        .change("clip-1", |asset| asset.trashed = true);
    flow.stage.dam_event("asset.deleted", "clip-1", &[]);
    flow.answer(FIRST, EVA, "approved", &[]);
    assert_eq!(flow.outcomes(2), ["live", "approved"]);
    flow.stage
        .dam
        .change("clip-1", |asset| asset.trashed = false);
    flow.stage.dam_event("asset.restored", "clip-1", &[]);
    assert_eq!(flow.outcome("clip-1"), "approved");
}

#[test]
fn a_new_version_is_reviewed_again_and_the_old_decision_does_not_reach_it() {
    let flow = under_review(3);
    flow.stage
        .dam
        .change("clip-1", |asset| asset.version = "clip-1-v2".to_owned());
    flow.stage.dam_event("asset.version-current", "clip-1", &[]);
    flow.answer(FIRST, EVA, "approved", &[]);
    assert_eq!(flow.outcomes(3), ["live", "approved", "approved"]);
    assert_ne!(flow.stage.dam.status("clip-1"), Some(AssetStatus::Approved));
    flow.close_window();
    let alone = flow.started("assetApproval");
    assert_eq!(
        flow.stage.people.variable(&alone[0].id, "assetVersion"),
        "clip-1-v2"
    );
}

#[test]
fn a_version_that_comes_beside_the_decision_is_not_released() {
    let flow = under_review(2);
    // Nobody told of it yet.
    flow.stage
        .dam
        .change("clip-1", |asset| asset.version = "clip-1-v2".to_owned());
    flow.answer(FIRST, EVA, "approved", &[]);
    assert_eq!(flow.outcomes(2), ["live", "approved"]);
    assert!(
        flow.stage
            .audit()
            .contains(&"decision-on-superseded-version".to_owned())
    );
    assert_ne!(flow.stage.dam.status("clip-1"), Some(AssetStatus::Approved));
}

#[test]
fn a_new_version_within_the_window_takes_the_place_of_the_old_one() {
    let flow = Batches::new(&one_stage(json!({})));
    flow.upload(2);
    flow.stage
        .dam
        .change("clip-1", |asset| asset.version = "clip-1-v2".to_owned());
    flow.stage.dam_event("asset.version-current", "clip-1", &[]);
    flow.close_window();
    assert_eq!(assets(&flow), "1. clip-2.jpg\n2. clip-1.jpg");
    flow.answer(FIRST, EVA, "approved", &[]);
    assert_eq!(flow.outcomes(2), ["approved"; 2]);
    assert_eq!(
        flow.stage.dam.field("clip-1", "reviewed_version"),
        "clip-1-v2"
    );
}

#[test]
fn a_change_of_metadata_leaves_the_item_where_it_is() {
    let flow = under_review(2);
    flow.stage
        .dam
        .change("clip-1", |asset| asset.name = "other.jpg".to_owned());
    flow.stage.dam_event("asset.updated", "clip-1", &[]);
    assert_eq!(flow.started(BATCH).len(), 1);
    flow.answer(FIRST, EVA, "approved", &[]);
    assert_eq!(flow.outcomes(2), ["approved"; 2]);
}

#[test]
fn a_restarted_item_leaves_and_is_gathered_anew() {
    let flow = under_review(3);
    for id in ["clip-1", "clip-2"] {
        let key = format!("approval:dam-main:{id}");
        flow.stage
            .signal(&key, "restart", &json!({"reason": "wrong group"}));
    }
    flow.close_window();
    assert_eq!(flow.started(BATCH).len(), 2);
    assert!(assets(&flow).starts_with("1. clip-1.jpg: superseded\n2. clip-2.jpg: superseded"));
    assert_eq!(flow.stage.people.open().len(), 2);
}

/// The run of the review tells an asset that has left, because it did not hear of it in time.
#[test]
fn who_left_unheard_leaves_again() {
    let flow = under_review(2);
    let told = json!({"ticket": "old", "word": {"under-review": {"run": "run-1", "process": "p"}}});
    flow.stage
        .signal("approval:dam-main:clip-1", "batch", &told);
    let signals = flow.stage.script.signals();
    let last = signals.last().unwrap();
    assert_eq!(
        (last.run.as_str(), last.name.as_str()),
        ("run-1", "leave-batch")
    );
    flow.answer(FIRST, EVA, "approved", &[]);
    assert_eq!(flow.outcomes(2), ["approved"; 2]);
}

fn with_panel() -> World {
    let panel = json!({"mirror": true, "accept": true, "reviewers": {"review": ["rita"]}});
    let world = World::new(simple(
        json!({"dam_decisions": panel, "batch": {"enabled": true}}),
    ));
    world.upload();
    assert_eq!(world.reviews().len(), 0);
    world
}

#[test]
fn a_vote_in_the_panel_that_counts_takes_the_item_out() {
    let world = with_panel();
    world.dam.vote("somebody", ApprovalStatus::Approved);
    world.event("approval.changed");
    assert_eq!(world.reviews().len(), 0, "this one does not count");
    world.dam.vote("rita", ApprovalStatus::Approved);
    let step = world.event("approval.changed");
    assert_eq!(world.reviews().len(), 1);
    assert_eq!(world.script.signals()[0].name, "leave-batch");
    assert_eq!(step.outcome(), Some("approved"));
    let decisions = world.script.decisions();
    let mut votes = decisions
        .iter()
        .filter(|record| record.action == "dam-vote");
    let own = world.reviews()[0].id.clone();
    assert_eq!(votes.next().unwrap().process, Some(own), "not the batch's");
}
