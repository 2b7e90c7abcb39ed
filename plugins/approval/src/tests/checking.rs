//! Preflight, and the defaults.

use forebay_sdk::handler::{Handler, interfaces};
use forebay_sdk::testing::Script;
use forebay_sdk::{Cx, Finding, Severity};
use serde_json::{Value as Json, json};

use super::world::{World, canto_1};
use crate::{Approval, Config};

fn pure(config: Json) -> Vec<Finding> {
    let cx = Cx::scripted(Script::new());
    Approval::check(&cx, &serde_json::from_value(config).unwrap(), false)
}

fn paths(findings: &[Finding]) -> Vec<&str> {
    findings
        .iter()
        .map(|finding| finding.path.as_str())
        .collect()
}

#[test]
fn defaults_are_those_of_the_use_cases() {
    let config: Config = serde_json::from_value(json!({})).unwrap();
    assert_eq!(config, Config::default());
    assert_eq!(pure(json!({})), []);
    let defaults = serde_json::to_value(&config).unwrap();
    for (pointer, value) in [
        (
            "/routing",
            json!([{"when": {}, "to": {"group": "dam-admins", "sla": "3bd"}}]),
        ),
        ("/fallback_group", json!("dam-admins")),
        ("/escalation_group", json!("dam-leads")),
        ("/calendar/zone", json!("UTC")),
        ("/calendar/days", json!(["mon", "tue", "wed", "thu", "fri"])),
        ("/calendar/hours", json!("09:00-17:00")),
        ("/reminders", json!([50, 80])),
        ("/on_timeout", json!("park")),
        ("/on_new_version", json!("restart")),
        ("/on_conflict", json!("product_wins")),
        ("/asset_gone/grace", json!("15m")),
        ("/four_eyes", json!(true)),
        ("/parallel_stages", json!(false)),
        ("/ready_when/timeout", json!("30m")),
        ("/ready_when/on_timeout", json!("continue")),
        ("/filters/exclude_placeholders", json!(true)),
        ("/changes_requested/wait_for_new_version", json!("10bd")),
        ("/changes_requested/resume_at_stage", json!(false)),
        ("/on_approved/set_expiry_from", json!("licence_end")),
        ("/on_rejected/keep_in_place", json!(true)),
        ("/dam_decisions/accept", json!(false)),
    ] {
        assert_eq!(defaults.pointer(pointer), Some(&value), "{pointer}");
    }
}

#[test]
fn the_schema_describes_every_option_of_the_first_level() {
    let info = Approval::describe().into_info::<Approval>();
    let schema: Json = serde_json::from_str(&info.config_schema).unwrap();
    let options = schema["properties"].as_object().unwrap();
    let keys = serde_json::to_value(Config::default()).unwrap();
    assert_eq!(options.len(), keys.as_object().unwrap().len());
    assert!(serde_json::from_value::<Config>(json!({"stagez": []})).is_err());
}

#[test]
fn mistakes_are_found_without_asking_anybody() {
    let rule = |when: Json| json!({"when": when, "to": {"group": "g", "sla": "1d"}});
    for (config, path) in [
        (json!({"routing": []}), "routing"),
        (
            json!({"routing": [rule(json!({})), rule(json!({}))]}),
            "routing[1]",
        ),
        (
            json!({"routing": [rule(json!({"stage": "legl"})), rule(json!({}))]}),
            "routing[0].when.stage",
        ),
        (
            json!({"routing": [rule(json!({"kind": "vidio"})), rule(json!({}))]}),
            "routing[0].when.kind",
        ),
        (json!({"stages": []}), "stages"),
        (
            json!({"stages": [{"name": "a"}, {"name": "a"}]}),
            "stages[1].name",
        ),
        (
            json!({"stages": [{"name": "a", "policy": "quorum"}]}),
            "stages[0].quorum",
        ),
        (
            json!({"calendar": {"hours": "17:00-09:00"}}),
            "calendar.hours",
        ),
        (json!({"reminders": [50, 100]}), "reminders[1]"),
        (
            json!({"dam_decisions": {"accept": true}}),
            "dam_decisions.accept",
        ),
        (
            json!({"dam_decisions": {"reviewers": {"x": []}}}),
            "dam_decisions.reviewers.x",
        ),
        (
            json!({"hold": {"access_template": "h"}}),
            "on_approved.access_template",
        ),
    ] {
        let findings = pure(config.clone());
        assert_eq!(paths(&findings), [path], "{config}");
    }
}

/// Check against everything there is, with these fields, definitions and switched-off groups.
fn probe(world: &World) -> Vec<Finding> {
    Approval::check(&Cx::scripted(world.script.clone()), &world.config, true)
}

const FIELDS: [&str; 9] = [
    "asset_type",
    "market",
    "licence_end",
    "review_state",
    "review_comment",
    "reviewed_by",
    "reviewed_at",
    "reviewed_version",
    "review_run",
];

#[test]
fn a_prepared_account_has_no_findings() {
    let world = World::new(canto_1(json!({})));
    world.dam.defined.borrow_mut().extend(FIELDS);
    world
        .engine
        .deployed
        .borrow_mut()
        .extend(["assetApproval", "forebayNotice", "assetRework"]);
    assert_eq!(probe(&world), []);
}

#[test]
fn what_the_vendors_lack_is_found() {
    let fields = json!({"review_state": "locked"});
    let world = World::new(canto_1(json!({
        "fields": fields,
        "coordinator_group": "nobody",
        "on_approved": {"add_to_collections": ["/Released/{campaign}/x"]},
    })));
    world.dam.defined.borrow_mut().extend(
        FIELDS
            .iter()
            .filter(|name| !["market", "licence_end"].contains(name)),
    );
    world.dam.defined.borrow_mut().push("locked");
    world
        .engine
        .deployed
        .borrow_mut()
        .extend(["assetApproval", "forebayNotice"]);
    world
        .engine
        .disabled
        .borrow_mut()
        .extend(["nobody", "legal-dach"]);
    let findings = probe(&world);
    assert_eq!(
        paths(&findings),
        [
            "fields.campaign",
            "fields.market",
            "fields.review_state",
            "on_approved.set_expiry_from",
            "routing[0].to.group",
            "coordinator_group",
            "process.rework_definition",
        ]
    );
    assert!(findings.iter().all(|finding| !finding.mend.is_empty()));
}

#[test]
fn options_need_what_the_connection_offers() {
    let config = json!({
        "hold": {"access_template": "h"},
        "on_approved": {"access_template": "r", "add_to_collections": ["x"]},
        "dam_decisions": {"mirror": true},
    });
    let world = World::new(config);
    let bare = Script::new()
        .directory(world.engine.clone())
        .workflow(world.engine.clone());
    world.engine.no_directory.set(true);
    let findings = Approval::check(&Cx::scripted(bare), &world.config, true);
    let missing: Vec<_> = findings
        .iter()
        .filter(|finding| finding.message.contains("does not offer"))
        .collect();
    let paths: Vec<_> = missing
        .iter()
        .map(|finding| finding.path.as_str())
        .collect();
    assert_eq!(
        paths,
        [
            "hold.access_template",
            "on_approved.access_template",
            "on_approved.add_to_collections",
            "dam_decisions.mirror",
        ]
    );
    assert!(missing[3].message.contains(interfaces::APPROVALS));
    let told = findings
        .iter()
        .find(|finding| finding.severity == Severity::Info)
        .unwrap();
    assert!(told.message.contains("no directory"));
}
