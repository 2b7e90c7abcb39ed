//! canto-5: an asset is asked for in the engine's form, approved, shared, and its link ends.

use std::collections::BTreeMap;
use std::time::Duration;

use forebay_e2e::{ANN, Asset, CANTO, DAY, Dam, Flow, HOUR, Setup, World};
use forebay_model::audit::AuditEntry;
use forebay_simulators::canto::NewAsset;
use serde_json::{Value, json};

use crate::matrix::{Case, Jump, NewVersion, Refused, Wait};

const DEFINITION: &str = "shareReview";

const FLOW: &str = r#"
key_prefix = "canto-5"
recipients = [
    { match = "*@agency-a.example", class = "agency" },
    { match = "*", class = "unknown", policy = "deny_unless_legal" },
]
routing = [{ when = {}, to = { group = "brand-reviewers", sla = "3bd" } }]
preventive = { link = { expires = "10m" } }
"#;

/// Nothing is shared, and others decide.
const CHANGED: &str = r#"
key_prefix = "canto-5"
recipients = [{ match = "*", class = "nobody", policy = "deny" }]
routing = [{ when = {}, to = { group = "legal", sla = "1bd" } }]
"#;

const SHARING: &str = r#"sharing = { title_key = "title", list = { path = "/api/v1/share/list" }, revoke = { method = "DELETE", path = "/api/v1/share/{id}" }, activity = { path = "/api/v1/report/activity?since={since}", delay_hours = 0 } }"#;

fn setup(config: &str) -> Setup {
    let flow = Flow::new("canto-5", "share-compliance", config).role("dam", CANTO);
    Setup::of([flow]).settings(CANTO, SHARING)
}

fn start(world: &World) -> Asset {
    let picture = NewAsset::new("a.jpg", "pixels", "u1")
        .approved(None)
        .with("channels", json!(["social"]))
        .with("territories", json!(["DE"]));
    let asset = world.canto.add_asset(picture).unwrap();
    let form = json!({
        "assets": asset.to_string(), "recipient": "bo@agency-a.example",
        "purpose": "Spring campaign", "channel": "social", "territory": "DE",
        "requester": "uploader@example.test",
    });
    let Value::Object(form) = form else {
        panic!("a form is an object")
    };
    world
        .engine
        .start_process(DEFINITION, "form-1", &form)
        .unwrap();
    Asset::Canto(asset)
}

fn calm(world: &World, asset: &Asset, effects: &BTreeMap<String, u64>) {
    assert_eq!(effects["canto: create-share"], 1);
    assert_eq!(effects["opentext: start-process"], 1, "the notice");
    if let Asset::Canto(id) = asset {
        assert!(
            world.canto.live_shares_of(id).is_empty(),
            "the link has ended"
        );
        assert_eq!(world.canto_field(id, "share_state"), "ended");
    }
}

fn escalated_once(world: &World, audit: &[AuditEntry]) {
    let escalated = audit.iter().filter(|entry| entry.action == "escalated");
    assert_eq!(escalated.count(), 1, "once");
    let process = world.processes_of(DEFINITION).remove(0);
    let task = world.engine.open_tasks(&process.id).remove(0);
    let mut groups = task.candidate_groups();
    assert!(groups.any(|group| group == "dam-leads"), "{task:#?}");
}

const CASE: Case = Case {
    setup: || setup(FLOW),
    furnish: |world| world.canto.add_user("u1", "Uta Uploader"),
    dam: Dam::Canto,
    start,
    is_tried: |_| true,
    waits: &[Wait::Task {
        name: "share-review",
        person: ANN,
        outcome: "approve",
        form: &[],
    }],
    outcome: "shared",
    released: |world, _| !world.canto.shares().is_empty(),
    calm,
    writes: &["edit", "create-share", "comment-version"],
    engine_writes: &["start-process"],
    read: "read-asset",
    repeatable: &[],
    definition: DEFINITION,
    restart_signal: "restart",
    gone: "asset-gone",
    refused: Refused::Parks,
    new_version: NewVersion::AsksAgain,
    changed: || setup(CHANGED),
    written_field: "share_decision",
    idle_field: "campaign",
    jump: Jump {
        by: Duration::from_secs(3 * DAY.as_secs() + 3 * HOUR.as_secs()),
        check: escalated_once,
        until_parked: Some(Duration::from_secs(5 * DAY.as_secs())),
    },
};

fault_matrix!(CASE);
