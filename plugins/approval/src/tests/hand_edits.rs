//! Somebody approves the asset in the DAM by hand while it is under review.

use forebay_sdk::assets::AssetStatus;
use forebay_sdk::workflow::ProcessState;
use forebay_sdk::{Field, Step};
use serde_json::json;

use super::fake_dam::UPLOADER;
use super::world::{World, canto_1, parked, simple, waits_for};
use crate::State;

fn approve_by_hand(world: &World) -> Step<State> {
    world
        .dam
        .edit("ben", |asset| asset.status = AssetStatus::Approved);
    world.event("asset.updated")
}

#[test]
fn the_product_sets_the_status_back_and_notes_who_did_it() {
    let world = World::new(simple(json!({})));
    world.upload();
    let step = approve_by_hand(&world);
    assert_eq!(world.dam.status(), AssetStatus::Pending);
    assert_eq!(waits_for(&step), "decision on \"hero.mp4\" in stage review");
    let decisions = world.script.decisions();
    let record = decisions
        .iter()
        .find(|record| record.action == "status-reverted")
        .unwrap();
    assert_eq!(
        record.comment.as_deref(),
        Some("ben approved the asset during its review")
    );
}

#[test]
fn the_person_in_the_dam_wins_if_wanted() {
    let world = World::new(simple(json!({"on_conflict": "dam_wins"})));
    world.upload();
    let step = approve_by_hand(&world);
    assert_eq!(step.outcome(), Some("approved"));
    assert_eq!(world.dam.status(), AssetStatus::Approved);
    assert_eq!(world.engine.review().state, ProcessState::Terminated);
    let decisions = world.script.decisions();
    let record = decisions
        .iter()
        .find(|record| record.action == "decision")
        .unwrap();
    assert_eq!(record.actor, "ben");
}

#[test]
fn an_operator_looks_if_wanted() {
    let world = World::new(simple(json!({"on_conflict": "park"})));
    world.upload();
    let step = approve_by_hand(&world);
    assert!(
        parked(&step).contains("ben set the asset to approved"),
        "{}",
        parked(&step)
    );
    assert_eq!(world.dam.status(), AssetStatus::Approved, "untouched");
}

#[test]
fn it_holds_for_the_whole_way_not_for_reviews_only() {
    let world = World::new(canto_1(json!({})));
    world.dam.edit(UPLOADER, |asset| asset.fields.clear());
    world.upload();
    let step = approve_by_hand(&world);
    assert_eq!(
        waits_for(&step),
        "\"hero.mp4\": asset_type, market to be filled in"
    );
    assert_eq!(world.dam.status(), AssetStatus::Pending);

    let world = World::new(simple(json!({})));
    world.upload();
    world.decide(
        "review",
        "ann@example.test",
        "changes-requested",
        &[Field::new("comment", "x")],
    );
    let step = approve_by_hand(&world);
    assert_eq!(waits_for(&step), "a new version of \"hero.mp4\"");
    assert_eq!(world.dam.status(), AssetStatus::Pending);
    assert_eq!(world.recorded("status-reverted"), 1);
}
