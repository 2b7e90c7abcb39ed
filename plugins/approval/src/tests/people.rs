//! Four eyes, fallback groups, users.

use forebay_sdk::Field;
use forebay_sdk::assets::AssetStatus;
use serde_json::json;

use super::fake_dam::UPLOADER;
use super::fake_engine::variable;
use super::world::{World, parked, simple};

#[test]
fn who_uploaded_or_changed_it_last_cannot_decide() {
    let world = World::new(simple(json!({"users": {"ben": "ben@example.test"}})));
    world
        .dam
        .edit("ben", |asset| asset.name = "hero-2.mp4".into());
    world.upload();
    let excluded = variable(&world.engine.review(), "excludedUsers");
    assert_eq!(excluded, "[\"uploader@example.test\",\"ben@example.test\"]");
    for person in [UPLOADER, "ben@example.test"] {
        let world = World::new(simple(json!({"users": {"ben": "ben@example.test"}})));
        world
            .dam
            .edit("ben", |asset| asset.name = "hero-2.mp4".into());
        world.upload();
        let step = world.approve("review", person);
        assert!(
            parked(&step).contains("four_eyes"),
            "{person}: {}",
            parked(&step)
        );
        assert_eq!(world.dam.status(), AssetStatus::Pending);
    }
}

#[test]
fn four_eyes_can_be_switched_off() {
    let world = World::new(simple(json!({"four_eyes": false})));
    world.upload();
    assert_eq!(variable(&world.engine.review(), "excludedUsers"), "[]");
    assert_eq!(
        world.approve("review", UPLOADER).outcome(),
        Some("approved")
    );
}

#[test]
fn the_fallback_group_decides_for_one_that_is_switched_off() {
    let world = World::new(simple(json!({})));
    world.engine.disabled.borrow_mut().push("reviewers");
    world.upload();
    assert_eq!(world.engine.open(), ["review: dam-admins"]);
    let decisions = world.script.decisions();
    let record = decisions
        .iter()
        .find(|record| record.action == "reassigned")
        .unwrap();
    assert!(record.comment.as_ref().unwrap().contains("reviewers"));
}

#[test]
fn an_engine_without_directory_is_trusted() {
    let world = World::new(simple(json!({})));
    world.engine.no_directory.set(true);
    world.upload();
    assert_eq!(world.engine.open(), ["review: reviewers"]);
}

#[test]
fn an_uploader_nobody_knows_is_represented_by_the_fallback_group() {
    let world = World::new(simple(json!({})));
    world
        .dam
        .edit("Ulla", |asset| asset.created_by = Some("Ulla".into()));
    world.upload();
    world.decide(
        "review",
        "ann@example.test",
        "rejected",
        &[Field::new("comment", "no")],
    );
    assert_eq!(variable(&world.notices()[0], "group"), "dam-admins");
    assert_eq!(
        variable(&world.notices()[0], "message"),
        "\"hero.mp4\" is rejected: no"
    );
}

#[test]
fn nobody_is_told_if_nobody_wants_to_know() {
    let notify = json!({"uploader": false, "version_comment": false, "channels": []});
    let world = World::new(simple(json!({"notify": notify})));
    world.upload();
    world.approve("review", "ann@example.test");
    assert!(world.notices().is_empty());
    assert!(world.script.notices().is_empty());
    assert_eq!(world.dam.done(), ["status Pending", "status Approved"]);
}
