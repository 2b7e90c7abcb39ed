//! Decisions in the DAM's own approval panel.

use forebay_sdk::Step;
use forebay_sdk::assets::{ApprovalStatus, AssetStatus};
use serde_json::{Value as Json, json};

use super::fake_dam::UPLOADER;
use super::fake_engine::variable;
use super::world::{World, simple};
use crate::State;

fn with_panel(changes: &Json) -> World {
    let mut panel =
        json!({"mirror": true, "accept": true, "reviewers": {"review": ["rita", "rob", UPLOADER]}});
    let (Some(panel_map), Some(changes)) = (panel.as_object_mut(), changes.as_object()) else {
        panic!("objects");
    };
    panel_map.extend(changes.clone());
    let world = World::new(simple(json!({"dam_decisions": panel})));
    world.upload();
    world
}

/// Somebody votes; the DAM tells, then the engine does.
fn vote(world: &World, voter: &str, status: ApprovalStatus) -> Step<State> {
    world.dam.vote(voter, status);
    world.event("approval.changed")
}

#[test]
fn the_panel_is_asked_and_gets_the_result() {
    let world = with_panel(&json!({}));
    world.approve("review", "ann@example.test");
    let done = world.dam.done();
    assert!(
        done.contains(&"ask rita+rob+uploader@example.test about v1".to_owned()),
        "{done:?}"
    );
    assert!(done.contains(&"panel Approved v1".to_owned()), "{done:?}");

    let world = with_panel(&json!({}));
    world.decide("review", "ann@example.test", "rejected", &[]);
    assert!(
        world
            .dam
            .done()
            .contains(&"panel NotApproved v1".to_owned())
    );
}

#[test]
fn a_reviewers_vote_decides_the_stage() {
    let world = with_panel(&json!({}));
    let step = vote(&world, "rita", ApprovalStatus::Approved);
    assert_eq!(step.outcome(), Some("approved"));
    assert_eq!(
        world.engine.review().decisions[0].comment,
        "decided in the DAM by rita"
    );
    let decisions = world.script.decisions();
    let record = decisions
        .iter()
        .find(|record| record.action == "dam-vote")
        .unwrap();
    assert_eq!(record.actor, "rita");

    let world = with_panel(&json!({}));
    let step = vote(&world, "rob", ApprovalStatus::NotApproved);
    assert_eq!(step.outcome(), Some("rejected"));
}

#[test]
fn votes_of_others_and_of_the_uploader_count_for_nothing() {
    let world = with_panel(&json!({}));
    vote(&world, "stranger", ApprovalStatus::Approved);
    vote(&world, UPLOADER, ApprovalStatus::Approved);
    assert_eq!(world.engine.open().len(), 1);
    assert_eq!(world.recorded("ignored"), 1);
    assert_eq!(
        vote(&world, "rita", ApprovalStatus::Approved).outcome(),
        Some("approved")
    );
}

#[test]
fn votes_are_not_taken_unless_wanted() {
    let world = with_panel(&json!({"accept": false}));
    vote(&world, "rita", ApprovalStatus::Approved);
    assert_eq!(world.engine.open(), ["review: reviewers"]);
}

#[test]
fn one_vote_decides_one_task_of_a_stage_that_needs_all() {
    let world = World::new(json!({
        "stages": [{"name": "legal", "policy": "all", "per": "market"}],
        "routing": [
            {"when": {"market": "DE"}, "to": {"group": "de", "sla": "2d"}},
            {"to": {"group": "rest", "sla": "2d"}},
        ],
        "dam_decisions": {"mirror": true, "accept": true, "reviewers": {"legal": ["rita", "rob"]}},
    }));
    let both = forebay_sdk::Value::texts(["DE", "FR"]);
    world
        .dam
        .edit(UPLOADER, |asset| asset.fields[1].value = both);
    world.upload();
    vote(&world, "rita", ApprovalStatus::Approved);
    world.event("approval.changed");
    assert_eq!(world.engine.open().len(), 1, "told twice, counted once");
    assert_eq!(
        vote(&world, "rob", ApprovalStatus::Approved).outcome(),
        Some("approved")
    );
}

#[test]
fn where_reviewers_disagree_the_coordinator_decides() {
    let world = with_panel(&json!({"accept": false}));
    vote(&world, "rita", ApprovalStatus::Approved);
    vote(&world, "rob", ApprovalStatus::NotApproved);
    world.event("approval.changed");
    assert_eq!(world.engine.open()[0], "review: reviewers+dam-leads");
    assert_eq!(world.notices().len(), 1, "asked once");
    assert_eq!(variable(&world.notices()[0], "group"), "dam-leads");
    assert_eq!(world.dam.status(), AssetStatus::Pending);
    assert_eq!(
        world.approve("review", "hugo@example.test").outcome(),
        Some("approved")
    );
}
