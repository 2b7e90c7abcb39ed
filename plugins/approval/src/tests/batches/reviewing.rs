//! What people are asked about a batch, and what becomes of their answers.

use forebay_sdk::assets::AssetStatus;
use forebay_sdk::workflow::ProcessState;
use serde_json::json;

use super::{BATCH, Batches, CARD, EVA, config, one_stage};

const CARA: &str = "cara@example.com";
const FIRST: &str = "technical:media-ops:1";

#[test]
fn of_sixty_clips_58_are_approved_and_2_rejected() {
    let flow = Batches::new(&one_stage(json!({})));
    flow.upload(60);
    flow.close_window();
    let why = [
        ("items", "7, 31"),
        ("reasonCode", "QUALITY"),
        ("comment", "dropped frames"),
    ];
    flow.answer(FIRST, EVA, "rejected", &why);
    let rejected = flow
        .outcomes(60)
        .iter()
        .filter(|outcome| *outcome == "rejected")
        .count();
    assert_eq!(rejected, 2, "at once");
    flow.answer("technical:media-ops:2", EVA, "approved", &[]);

    let outcomes = flow.outcomes(60);
    for (number, outcome) in (1..).zip(&outcomes) {
        let wanted = if [7, 31].contains(&number) {
            "rejected"
        } else {
            "approved"
        };
        assert_eq!(outcome, wanted, "clip-{number}");
        let id = format!("clip-{number}");
        assert_eq!(flow.audit(&id), [format!("{EVA}: {wanted}")]);
        assert_eq!(flow.stage.dam.field(&id, "review_state"), wanted);
        assert_eq!(flow.stage.dam.field(&id, "reviewed_by"), EVA);
    }
    assert_eq!(
        flow.stage.dam.field("clip-7", "review_comment"),
        "QUALITY: dropped frames"
    );
    assert_eq!(
        flow.stage.dam.status("clip-7"),
        Some(AssetStatus::Restricted)
    );
    assert_eq!(flow.stage.dam.status("clip-8"), Some(AssetStatus::Approved));
    let processes = flow.stage.people.processes();
    assert_eq!(processes.len(), 1, "one process existed");
    assert_eq!(processes[0].state, ProcessState::Completed);
    assert_eq!(flow.ends()[1], "reviewed: 58 approved, 2 rejected");
    assert_eq!(flow.stage.live(), [""; 0]);
}

#[test]
fn records_name_item_task_process_and_rule() {
    let flow = Batches::new(&one_stage(json!({})));
    flow.upload(2);
    flow.close_window();
    flow.answer(FIRST, EVA, "approved", &[]);
    let process = &flow.started(BATCH)[0].id;
    let records = flow.stage.script.decisions();
    let decided = records.iter().filter(|record| record.action == "decision");
    let about: Vec<_> = decided.filter(|record| record.asset.is_some()).collect();
    assert_eq!(about.len(), 2);
    for (record, id) in about.iter().zip(["clip-1", "clip-2"]) {
        assert_eq!(record.asset.as_deref(), Some(id));
        assert_eq!(record.version.clone(), Some(format!("{id}-v1")));
        assert_eq!(record.checksum.clone(), Some(format!("md5:{id}")));
        assert_eq!(record.process.as_ref(), Some(process));
        assert_eq!(record.task.as_deref(), Some("task-1"));
        assert_eq!(record.rule.as_deref(), Some("routing[1]"));
    }
}

#[test]
fn a_stage_begins_when_the_one_before_has_decided_about_all() {
    let flow = Batches::new(&config(json!({})));
    flow.upload(3);
    flow.close_window();
    flow.answer(FIRST, EVA, "approved", &[("items", "1")]);
    assert_eq!(
        flow.stage.people.open(),
        ["technical:media-ops:2: media-ops"]
    );
    assert!(
        !flow
            .stage
            .people
            .text("technical:media-ops:2")
            .contains("clip-1")
    );
    flow.answer("technical:media-ops:2", EVA, "rejected", &[("items", "2")]);
    flow.answer("technical:media-ops:3", EVA, "approved", &[]);

    assert_eq!(flow.stage.people.open(), ["legal:lawyers:1: lawyers"]);
    let text = flow.stage.people.text("legal:lawyers:1");
    assert!(
        text.contains("1. clip-1") && text.contains("3. clip-3"),
        "{text}"
    );
    assert!(
        !text.contains("clip-2"),
        "what was rejected is not asked about: {text}"
    );
    flow.answer("legal:lawyers:1", CARA, "approved", &[]);
    assert_eq!(flow.outcomes(3), ["approved", "rejected", "approved"]);
    let both = [format!("{EVA}: approved"), format!("{CARA}: approved")];
    assert_eq!(flow.audit("clip-3"), both);
}

#[test]
fn parallel_stages_are_asked_at_once() {
    let flow = Batches::new(&config(json!({"parallel_stages": true})));
    flow.upload(2);
    flow.close_window();
    assert_eq!(flow.stage.people.open().len(), 2);
    flow.answer("legal:lawyers:1", CARA, "rejected", &[("items", "2")]);
    flow.answer(FIRST, EVA, "approved", &[]);
    assert_eq!(flow.outcomes(2), ["live", "rejected"]);
    flow.answer("legal:lawyers:2", CARA, "approved", &[]);
    assert_eq!(flow.outcome("clip-1"), "approved");
}

/// Two groups in one stage, under each policy.
#[test]
fn policies_count_for_each_item() {
    for (policy, approvals) in [("any", 1), ("all", 2), ("quorum", 2)] {
        let stage = json!({"name": "legal", "policy": policy, "quorum": 2, "per": "market"});
        let routing = json!([
            {"when": {"market": "DE"}, "to": {"group": "de", "sla": "2d"}},
            {"when": {"market": "AT"}, "to": {"group": "at", "sla": "2d"}},
            {"to": {"group": "others", "sla": "2d"}},
        ]);
        let flow = Batches::new(&config(json!({"stages": [stage], "routing": routing})));
        for id in ["clip-1", "clip-2"] {
            flow.stage.dam.add(id, CARD, &[]);
            let markets = forebay_sdk::Value::texts(["DE", "AT"]);
            flow.stage.dam.change(id, |asset| {
                asset
                    .fields
                    .push(forebay_sdk::Field::new("market", markets));
            });
            flow.stage.dam_event("asset.created", id, &[]);
        }
        flow.close_window();
        assert_eq!(
            flow.stage.people.open(),
            ["legal:de:1: de", "legal:at:1: at"]
        );
        flow.answer("legal:de:1", EVA, "approved", &[]);
        let wanted = if approvals == 1 { "approved" } else { "live" };
        assert_eq!(flow.outcomes(2), [wanted; 2], "{policy}");
        if approvals == 2 {
            flow.answer("legal:at:1", CARA, "rejected", &[("items", "2")]);
            flow.answer("legal:at:2", CARA, "approved", &[]);
            assert_eq!(flow.outcomes(2), ["approved", "rejected"], "{policy}");
        }
    }
}

#[test]
fn conditions_and_ends_of_rights_are_those_of_the_item() {
    let flow = Batches::new(&config(json!({})));
    flow.upload(2);
    flow.close_window();
    let print = [
        ("items", "1"),
        ("conditions", "print only"),
        ("expiry", "2027-06-30"),
    ];
    flow.answer(FIRST, EVA, "approved-with-conditions", &print);
    flow.answer("technical:media-ops:2", EVA, "approved", &[]);
    let sooner = [("expiry", "2027-03-31")];
    flow.answer("legal:lawyers:1", CARA, "approved", &sooner);
    assert_eq!(flow.outcomes(2), ["approved"; 2]);
    let comment = |id: &str| flow.stage.dam.field(id, "review_comment");
    assert_eq!(comment("clip-1"), "approved with conditions: print only");
    assert_eq!(comment("clip-2"), "approved by all stages");
    let expires = |id: &str| flow.stage.dam.assets.borrow()[id].expires_at;
    assert!(expires("clip-1").is_some() && expires("clip-1") == expires("clip-2"));
}

#[test]
fn numbers_nobody_can_read_are_asked_for_again() {
    let flow = Batches::new(&one_stage(json!({})));
    flow.upload(2);
    flow.close_window();
    flow.answer(FIRST, EVA, "rejected", &[("items", "clip-2")]);
    assert_eq!(flow.outcomes(2), ["live"; 2]);
    let text = flow.stage.people.text("technical:media-ops:2");
    assert!(
        text.starts_with("The last answer was not taken: `clip-2` is not"),
        "{text}"
    );
    flow.answer("technical:media-ops:2", EVA, "rejected", &[("items", "2")]);
    let text = flow.stage.people.text("technical:media-ops:3");
    assert!(text.starts_with("1. clip-1.jpg"), "{text}");
    assert_eq!(flow.outcomes(2), ["live", "rejected"]);
}

#[test]
fn nobody_decides_about_the_own_work() {
    let flow = Batches::new(&one_stage(json!({})));
    for (id, editor) in [("clip-1", "ed@example.com"), ("clip-2", EVA)] {
        flow.stage.dam.add(id, CARD, &[]);
        let editor = Some(editor.to_owned());
        flow.stage
            .dam
            .change(id, |asset| asset.modified_by = editor);
        flow.stage.dam_event("asset.created", id, &[]);
    }
    flow.close_window();
    flow.answer(FIRST, EVA, "approved", &[]);
    assert_eq!(flow.outcomes(2), ["approved", "live"]);
    assert!(flow.stage.audit().contains(&"ignored".to_owned()));
    flow.answer("technical:media-ops:2", EVA, "approved", &[]);
    assert_eq!(flow.outcome("clip-2"), "live", "not by insisting either");
    flow.answer("technical:media-ops:3", CARA, "approved", &[]);
    assert_eq!(flow.outcome("clip-2"), "approved");
}

#[test]
fn a_word_nobody_knows_parks_the_asset_it_was_said_about() {
    let flow = Batches::new(&one_stage(json!({})));
    flow.upload(2);
    flow.close_window();
    flow.answer(FIRST, EVA, "maybe", &[("items", "2")]);
    flow.answer("technical:media-ops:2", EVA, "approved", &[]);
    assert_eq!(flow.outcome("clip-1"), "approved");
    assert!(
        flow.outcome("clip-2").contains("ended with `maybe`"),
        "{}",
        flow.outcome("clip-2")
    );
}

#[test]
fn changes_may_be_requested_for_some() {
    let flow = Batches::new(&one_stage(json!({})));
    flow.upload(2);
    flow.close_window();
    let crop = [("items", "1"), ("comment", "crop")];
    flow.answer(FIRST, EVA, "changes-requested", &crop);
    flow.answer("technical:media-ops:2", EVA, "approved", &[]);
    assert_eq!(flow.outcomes(2), ["live", "approved"]);
    assert_eq!(flow.started("assetRework").len(), 1);
    assert_eq!(
        flow.stage.dam.field("clip-1", "review_state"),
        "changes-requested"
    );
}
