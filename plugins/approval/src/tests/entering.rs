//! The way to a review: protection, readiness, missing fields, rules.

use forebay_sdk::Field;
use forebay_sdk::assets::AssetStatus;
use forebay_sdk::testing::START;
use forebay_sdk::time::MINUTE;
use serde_json::json;

use super::fake_dam::UPLOADER;
use super::fake_engine::variable;
use super::world::{World, canto_1, dam_event, parked, simple, timers, waits_for};

#[test]
fn a_review_starts_when_the_media_is_ready_and_not_earlier() {
    let world = World::new(simple(json!({})));
    world
        .dam
        .edit(UPLOADER, |asset| asset.readiness.preview = false);
    let step = world.upload();
    assert_eq!(timers(&step), ["look-again", "ready-timeout"]);
    assert_eq!(
        world.dam.status(),
        AssetStatus::Pending,
        "protected while it waits"
    );
    let mut step = world.next_timer(&step);
    for _ in 1..20 {
        step = world.next_timer(&step);
    }
    assert!(world.reviews().is_empty());
    world
        .dam
        .edit("canto", |asset| asset.readiness.preview = true);
    world.next_timer(&step);
    assert_eq!(world.reviews().len(), 1);
}

#[test]
fn media_that_stays_unready_is_reviewed_without_preview() {
    let world = World::new(simple(json!({})));
    world
        .dam
        .edit(UPLOADER, |asset| asset.readiness.preview = false);
    let step = world.upload();
    let due = step.waiting().unwrap().waiting_on.due_at;
    assert_eq!(due, Some(START + 30 * MINUTE));
    world.timer(&step, "ready-timeout");
    assert_eq!(world.reviews().len(), 1);
}

#[test]
fn media_that_stays_unready_parks_if_wanted() {
    let ready_when = json!({"timeout": "6h", "on_timeout": "park"});
    let world = World::new(simple(json!({"ready_when": ready_when})));
    world
        .dam
        .edit(UPLOADER, |asset| asset.readiness.files_closed = false);
    let step = world.upload();
    let step = world.timer(&step, "ready-timeout");
    assert!(
        parked(&step).contains("did not finish processing"),
        "{}",
        parked(&step)
    );
    assert_eq!(variable(&world.notices()[0], "group"), "dam-admins");
    assert!(world.reviews().is_empty());
}

#[test]
fn the_first_stage_gets_the_error_of_failed_processing() {
    let world = World::new(simple(json!({})));
    world.dam.edit(UPLOADER, |asset| {
        asset.readiness.preview = false;
        asset.readiness.failure = Some("codec unknown".into());
    });
    world.upload();
    assert_eq!(
        variable(&world.engine.review(), "processingError"),
        "codec unknown"
    );
}

#[test]
fn a_placeholder_is_left_alone_until_media_arrives() {
    let world = World::new(simple(json!({})));
    world
        .dam
        .edit(UPLOADER, |asset| asset.readiness.placeholder = true);
    world.upload();
    assert!(world.dam.done().is_empty(), "{:?}", world.dam.done());
    world
        .dam
        .edit(UPLOADER, |asset| asset.readiness.placeholder = false);
    world.event("asset.updated");
    assert_eq!(world.reviews().len(), 1);
}

#[test]
fn missing_fields_are_asked_for_once_and_waited_for() {
    let world = World::new(canto_1(json!({})));
    world.dam.edit(UPLOADER, |asset| asset.fields.clear());
    let step = world.upload();
    assert_eq!(
        waits_for(&step),
        "\"hero.mp4\": asset_type, market to be filled in"
    );
    assert_eq!(step.waiting().unwrap().waiting_on.parties, [UPLOADER]);
    world.event("asset.updated");
    assert_eq!(world.notices().len(), 1);
    assert_eq!(variable(&world.notices()[0], "assignee"), UPLOADER);

    world.dam.edit(UPLOADER, |asset| {
        asset.fields.push(Field::new("asset_type", "video"))
    });
    let step = world.event("asset.updated");
    assert_eq!(waits_for(&step), "\"hero.mp4\": market to be filled in");
    assert!(world.reviews().is_empty());
    world.dam.edit(UPLOADER, |asset| {
        asset.fields.push(Field::new("market", "DE"))
    });
    world.event("asset.updated");
    assert_eq!(world.reviews().len(), 1);
}

#[test]
fn missing_fields_can_be_handed_to_another_flow() {
    let world = World::new(canto_1(
        json!({"missing_fields_flow": "canto-7-asset-exception"}),
    ));
    world.dam.edit(UPLOADER, |asset| {
        asset.fields.pop();
    });
    world.upload();
    let spawned = world.script.spawned();
    assert_eq!(spawned.len(), 1);
    assert_eq!(spawned[0].flow, "canto-7-asset-exception");
    let input: serde_json::Value = serde_json::from_str(&spawned[0].input).unwrap();
    assert_eq!(input, json!({"asset": "image/7", "missing": ["market"]}));
    assert!(world.notices().is_empty());
}

#[test]
fn logical_fields_are_read_and_written_under_the_dams_names() {
    let fields = json!({"market": "Markt", "review_state": "Status", "review_run": ""});
    let world = World::new(canto_1(json!({"fields": fields})));
    world.dam.edit(UPLOADER, |asset| {
        asset.fields[1] = Field::new("Markt", "DE")
    });
    world.upload();
    assert_eq!(world.dam.text("Status"), "pending");
    assert_eq!(
        world.dam.text("review_run"),
        "",
        "an empty name is not written"
    );
    assert_eq!(variable(&world.engine.review(), "market"), "DE");
}

#[test]
fn a_rule_approves_without_asking_and_the_audit_names_it() {
    let rule = json!([{"name": "agency", "when": {"uploader": UPLOADER, "market": "DE"}}]);
    let world = World::new(canto_1(json!({"auto_approve": rule})));
    let step = world.upload();
    assert_eq!(step.outcome(), Some("approved"));
    assert!(world.reviews().is_empty());
    assert_eq!(world.dam.status(), AssetStatus::Approved);
    let decisions = world.script.decisions();
    let record = decisions
        .iter()
        .find(|record| record.action == "auto-approved")
        .unwrap();
    assert_eq!(record.rule.as_deref(), Some("auto_approve agency"));
}

#[test]
fn the_hold_comes_first_once_for_a_version_and_is_released_in_the_end() {
    let world = World::new(simple(json!({
        "hold": {"access_template": "in-review", "remove_from_collections": ["/Portal", "/Unknown"]},
        "on_approved": {"access_template": "released", "add_to_collections": ["Released/{market}"]},
    })));
    world.upload();
    assert_eq!(
        world.dam.done(),
        ["template in-review", "out of /Portal", "status Pending"]
    );
    world.event("asset.updated");
    assert_eq!(world.dam.done().len(), 3, "{:?}", world.dam.done());
    world.approve("review", "ann@example.test");
    let done = world.dam.done();
    assert_eq!(
        done[3..6],
        ["status Approved", "template released", "into Released/DE"]
    );
    assert_eq!(world.recorded("access-changed"), 2);
}

#[test]
fn without_the_hold_no_review_starts() {
    let world = World::new(simple(json!({"hold": {"access_template": "in-review"}})));
    world.dam.templates_missing.set(true);
    let error = world.activate(dam_event("asset.created", &[])).unwrap_err();
    assert!(
        error
            .message()
            .contains("the hold template cannot be applied"),
        "{error}"
    );
    assert!(world.reviews().is_empty());
}

#[test]
fn a_status_that_keeps_the_asset_back_stays() {
    let world = World::new(simple(json!({})));
    world
        .dam
        .edit(UPLOADER, |asset| asset.status = AssetStatus::Restricted);
    world.upload();
    assert_eq!(world.dam.status(), AssetStatus::Restricted);
}

#[test]
fn a_dam_without_status_keeps_its_status() {
    let world = World::new(simple(json!({"initial_status": false})));
    world.upload();
    assert_eq!(world.dam.status(), AssetStatus::None);
    assert_eq!(world.dam.text("review_state"), "pending");
}

#[test]
fn an_asset_outside_the_folders_is_not_touched() {
    let world = World::new(canto_1(json!({})));
    world.dam.edit(UPLOADER, |asset| {
        asset.containers[0].path = Some("/Archive".into())
    });
    let step = world.upload();
    assert_eq!(step.outcome(), Some("out-of-scope"));
    assert!(world.dam.done().is_empty());
    assert_eq!(world.dam.text("review_state"), "");
}

#[test]
fn an_upload_that_is_not_filed_yet_is_waited_for_untouched() {
    let world = World::new(canto_1(json!({})));
    let places = std::cell::RefCell::new(Vec::new());
    world.dam.edit(UPLOADER, |asset| {
        places.replace(std::mem::take(&mut asset.containers));
        asset.readiness.preview = false;
    });
    let step = world.upload();
    assert_eq!(timers(&step), ["look-again", "ready-timeout"]);
    assert!(world.dam.done().is_empty());
    world.dam.edit(UPLOADER, |asset| {
        asset.containers = places.take();
        asset.readiness.preview = true;
    });
    world.next_timer(&step);
    assert_eq!(world.reviews().len(), 1);
}

#[test]
fn a_version_reviewed_before_is_reviewed_again_only_on_request() {
    let reviewed = |world: &World| {
        world.dam.edit(UPLOADER, |asset| {
            asset.fields.push(Field::new("review_state", "approved"));
            asset.fields.push(Field::new("reviewed_version", "v1"));
        });
    };
    let world = World::new(simple(json!({})));
    reviewed(&world);
    assert_eq!(world.upload().outcome(), Some("already-reviewed"));
    let world = World::new(simple(json!({})));
    reviewed(&world);
    world.event("action.invoked");
    assert_eq!(world.reviews().len(), 1);
}

#[test]
fn an_asset_deleted_before_its_review_needs_none() {
    let world = World::new(simple(json!({})));
    world.dam.purged.set(true);
    assert_eq!(world.upload().outcome(), Some("asset-gone"));
}
