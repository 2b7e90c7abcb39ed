//! From upload to result.

use forebay_sdk::assets::AssetStatus;
use forebay_sdk::testing::START;
use forebay_sdk::time::{HOUR, end_of_date};
use forebay_sdk::workflow::ProcessState;
use forebay_sdk::{Field, Value};
use serde_json::{Value as Json, json};

use super::fake_dam::UPLOADER;
use super::fake_engine::variable;
use super::world::{KEY, World, canto_1, parked, simple, waits_for};

#[test]
fn three_stages_approve_a_video_for_germany() {
    let world = World::new(canto_1(json!({
        "on_approved": {"add_to_collections": ["/Released/{market}"]},
    })));
    world.dam.edit(UPLOADER, |asset| {
        asset.fields.push(Field::new("licence_end", "2027-03-31"))
    });

    let step = world.upload();
    assert_eq!(waits_for(&step), "decision on \"hero.mp4\" in stage brand");
    assert_eq!(world.dam.status(), AssetStatus::Pending);
    assert_eq!(world.dam.text("review_state"), "pending");
    assert_eq!(world.engine.open(), ["brand: brand-reviewers"]);

    world.approve("brand", "ann@example.test");
    assert_eq!(world.engine.open(), ["legal: legal-dach"]);
    assert_eq!(world.dam.status(), AssetStatus::Pending);
    world.approve("legal", "dirk@example.test");
    assert_eq!(world.engine.open(), ["regional: regional-de"]);
    let step = world.approve("regional", "dirk@example.test");

    assert_eq!(step.outcome(), Some("approved"));
    assert_eq!(world.reviews().len(), 1);
    assert_eq!(world.dam.status(), AssetStatus::Approved);
    for (field, text) in [
        ("review_state", "approved"),
        ("review_comment", "approved by all stages"),
        ("reviewed_by", "ann@example.test, dirk@example.test"),
        ("reviewed_version", "v1"),
        ("review_run", "run-1"),
        ("reviewed_at", "2026-01-01T12:00:00Z"),
    ] {
        assert_eq!(world.dam.text(field), text, "{field}");
    }
    assert_eq!(
        world.dam.expires_at(),
        end_of_date("2027-03-31"),
        "a date means the end of that day"
    );
    assert_eq!(
        world.dam.done(),
        [
            "status Pending",
            "status Approved",
            "into /Released/DE",
            "comment on v1: \"hero.mp4\" is approved: approved by all stages",
        ]
    );
    assert_eq!(world.notices().len(), 1, "the uploader is told once");
    assert_eq!(variable(&world.notices()[0], "assignee"), UPLOADER);
}

#[test]
fn the_process_gets_what_people_need() {
    let world = World::new(canto_1(json!({})));
    world.upload();
    let process = world.engine.review();
    assert_eq!(process.business_key, format!("{KEY}:v1"));
    for (name, text) in [
        ("title", "hero.mp4"),
        ("assetId", "image/7"),
        ("assetVersion", "v1"),
        ("uploader", UPLOADER),
        ("links", "detail: https://dam.test/7"),
        ("parallelStages", "false"),
        ("excludedUsers", "[\"uploader@example.test\"]"),
        ("run", "run-1"),
        ("market", "DE"),
        ("asset_type", "video"),
    ] {
        assert_eq!(variable(&process, name), text, "{name}");
    }
    let stages: Json = serde_json::from_str(&variable(&process, "stages")).unwrap();
    let brief = |at: usize| {
        let group = &stages[at]["groups"][0];
        json!([
            stages[at]["name"],
            stages[at]["policy"],
            group["group"],
            group["due"]
        ])
    };
    assert_eq!(
        brief(0),
        json!(["brand", "any", "brand-reviewers", START + 3 * 8 * HOUR])
    );
    assert_eq!(
        brief(1),
        json!(["legal", "all", "legal-dach", START + 2 * 8 * HOUR])
    );
    assert_eq!(
        brief(2),
        json!(["regional", "all", "regional-de", START + 8 * HOUR])
    );
}

#[test]
fn the_audit_holds_who_decided_what_and_by_which_rule() {
    let world = World::new(canto_1(json!({})));
    world.upload();
    world.decide(
        "brand",
        "ann@example.test",
        "approved",
        &[Field::new("comment", "fine")],
    );
    world.approve("legal", "dirk@example.test");
    world.approve("regional", "dirk@example.test");
    let decisions = world.script.decisions();
    let decided: Vec<_> = decisions
        .iter()
        .filter(|record| record.action == "decision")
        .collect();
    assert_eq!(decided.len(), 3);
    let first = decided[0];
    assert_eq!(first.actor, "ann@example.test");
    assert_eq!(first.comment.as_deref(), Some("fine"));
    assert_eq!(first.rule.as_deref(), Some("routing[3]"));
    assert_eq!(first.version.as_deref(), Some("v1"));
    assert_eq!(first.checksum.as_deref(), Some("md5:1"));
    assert_eq!(first.process.as_deref(), Some("process-1"));
    assert_eq!(first.task.as_deref(), Some("task-1"));
    assert_eq!(decided[1].rule.as_deref(), Some("routing[0]"));
    let routed: Vec<_> = decisions
        .iter()
        .filter(|record| record.action == "routed")
        .collect();
    let rules: Vec<_> = routed
        .iter()
        .filter_map(|record| record.rule.as_deref())
        .collect();
    assert_eq!(rules, ["routing[3]", "routing[0]", "routing[1]"]);
}

#[test]
fn a_stage_applies_only_where_its_condition_holds() {
    let world = World::new(canto_1(json!({})));
    world.dam.edit(UPLOADER, |asset| {
        asset.fields[0].value = Value::text("photo")
    });
    world.upload();
    world.approve("brand", "ann@example.test");
    assert_eq!(world.engine.open(), ["regional: regional-de"]);
}

#[test]
fn a_stage_per_market_asks_each_market_once() {
    let world = World::new(canto_1(json!({})));
    let markets = Value::texts(["DE", "AT", "FR", "US"]);
    world
        .dam
        .edit(UPLOADER, |asset| asset.fields[1].value = markets);
    world.upload();
    world.approve("brand", "ann@example.test");
    world.approve("legal", "dirk@example.test");
    let asked = [
        "regional: regional-de",
        "regional: regional-at",
        "regional: brand-reviewers",
    ];
    assert_eq!(world.engine.open(), asked);
    world.approve("regional", "dirk@example.test");
    world.approve("regional", "dora@example.test");
    assert_eq!(world.dam.status(), AssetStatus::Pending, "all must approve");
    assert_eq!(
        world.approve("regional", "ben@example.test").outcome(),
        Some("approved")
    );
}

#[test]
fn a_stage_that_only_the_default_rule_matches_is_left_out_if_wanted() {
    let world = World::new(canto_1(json!({"stages": [
        {"name": "brand", "skip_if_empty": true},
        {"name": "legal"},
    ]})));
    world.upload();
    assert_eq!(world.engine.open(), ["legal: legal-dach"]);
}

#[test]
fn a_review_without_stages_is_refused_not_approved() {
    let world = World::new(canto_1(
        json!({"stages": [{"name": "brand", "skip_if_empty": true}]}),
    ));
    let error = world
        .activate(super::world::dam_event("asset.created", &[]))
        .unwrap_err();
    assert!(error.message().contains("no stage applies"), "{error}");
    assert_eq!(world.dam.status(), AssetStatus::Pending);
}

#[test]
fn a_rejection_restricts_the_asset_and_says_why() {
    let world = World::new(canto_1(json!({})));
    world.upload();
    world.approve("brand", "ann@example.test");
    let said = [
        Field::new("reasonCode", "RIGHTS"),
        Field::new("comment", "no music licence"),
    ];
    let step = world.decide("legal", "dirk@example.test", "rejected", &said);
    assert_eq!(step.outcome(), Some("rejected"));
    assert_eq!(world.dam.status(), AssetStatus::Restricted);
    assert_eq!(world.dam.text("review_state"), "rejected");
    assert_eq!(world.dam.text("review_comment"), "RIGHTS: no music licence");
    assert!(world.engine.open().is_empty(), "no later stage got a task");
    let decisions = world.script.decisions();
    let codes: Vec<_> = decisions
        .iter()
        .filter_map(|record| record.reason_code.clone())
        .collect();
    assert_eq!(codes, ["RIGHTS"]);
    assert_eq!(world.dam.expires_at(), None);
}

#[test]
fn a_rejected_asset_can_be_moved_away() {
    let world = World::new(simple(json!({"on_rejected": {
        "keep_in_place": false, "add_to_collections": ["/Rejected"], "access_template": "restricted",
    }})));
    world.upload();
    world.decide("review", "ann@example.test", "rejected", &[]);
    let done = world.dam.done();
    let moved = ["template restricted", "out of album-1", "into /Rejected"];
    assert!(done.windows(3).any(|three| three == moved), "{done:?}");
}

#[test]
fn conditions_are_written_and_the_earlier_end_of_rights_counts() {
    let world = World::new(simple(json!({})));
    world.dam.edit(UPLOADER, |asset| {
        asset.fields.push(Field::new("licence_end", "2027-03-31"))
    });
    world.upload();
    let said = [
        Field::new("conditions", "online only"),
        Field::new("expiry", "2026-06-30"),
    ];
    let step = world.decide(
        "review",
        "ann@example.test",
        "approved-with-conditions",
        &said,
    );
    assert_eq!(step.outcome(), Some("approved"));
    assert_eq!(
        world.dam.text("review_comment"),
        "approved with conditions: online only"
    );
    assert_eq!(world.dam.expires_at(), end_of_date("2026-06-30"));
}

#[test]
fn an_outcome_outside_the_map_parks_and_releases_nothing() {
    let world = World::new(simple(json!({})));
    world.upload();
    let step = world.decide("review", "ann@example.test", "perhaps", &[]);
    assert!(parked(&step).contains("`perhaps`"), "{}", parked(&step));
    assert_eq!(world.dam.status(), AssetStatus::Pending);
    assert_eq!(world.recorded("decision"), 0);

    let step = world.signal("restart", &json!({"reason": "the model was mended"}));
    assert_eq!(world.reviews()[1].business_key, format!("{KEY}:v1:2"));
    assert_eq!(
        step.state.review().unwrap().process,
        world.engine.review().id
    );
    assert_eq!(
        world.approve("review", "ann@example.test").outcome(),
        Some("approved")
    );
}

#[test]
fn the_map_translates_a_process_of_ones_own() {
    let map = json!({"freigegeben": "approved"});
    let world = World::new(simple(json!({"process": {"outcome_map": map}})));
    world.upload();
    let step = world.decide("review", "ann@example.test", "freigegeben", &[]);
    assert_eq!(step.outcome(), Some("approved"));
}

#[test]
fn observing_intends_a_review_and_ends() {
    let world = World::observing(simple(json!({})));
    let step = world.upload();
    assert_eq!(step.outcome(), Some("observed"));
    assert_eq!(world.recorded("routed"), 1);
}

#[test]
fn an_operator_cancels_and_nothing_stays_open() {
    let world = World::new(simple(json!({})));
    world.upload();
    let step = world.signal("cancel", &json!({"reason": "uploaded by mistake"}));
    assert_eq!(step.outcome(), Some("cancelled"));
    let review = world.engine.review();
    assert_eq!(review.state, ProcessState::Terminated);
    assert_eq!(review.reason.as_deref(), Some("cancelled by an operator"));
    assert!(world.engine.open().is_empty());
    assert_eq!(world.dam.status(), AssetStatus::Pending);
}
