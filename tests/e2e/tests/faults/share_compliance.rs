//! canto-5: an asset is asked for in the engine's form, approved, shared, and its link ends.
//!
//! Left out: a new version (F10) is reviewed in the same process by another question, not in another
//! process. The death at each effect (F1) expects a run from the first moment on, and this one begins
//! when a poll finds the form; its death with answers lost is tried.

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
    new_version: NewVersion::Restarts,
    changed: || setup(CHANGED),
    written_field: "share_decision",
    idle_field: "campaign",
    jump: Jump {
        by: Duration::from_secs(3 * DAY.as_secs() + 3 * HOUR.as_secs()),
        check: escalated_once,
        until_parked: Some(Duration::from_secs(5 * DAY.as_secs())),
    },
};

fault_matrix! {
    CASE;
    f1_the_host_dies_with_answers_lost: host::dies_with_answers_lost,
    f2_a_hundred_copies_of_each_event: events::duplicates,
    f3_events_come_out_of_order: events::out_of_order,
    f4_waits_as_long_as_it_is_told: vendors::too_many_requests,
    f5_outlasts_an_outage: vendors::outage,
    f6_looks_before_it_repeats: vendors::answers_lost,
    f7_waits_for_its_credentials: vendors::credentials_revoked,
    f8_ends_when_its_asset_is_deleted: subject::deleted,
    f8_goes_on_when_its_asset_comes_back: subject::deleted_and_restored,
    f9_parks_when_its_process_is_terminated: subject::terminated,
    f11_keeps_the_configuration_it_started_with: host::configuration_changed,
    f12_timers_fire_once_after_a_jump: host::clock_jumps,
    f12_timers_due_while_down_fire_once: host::clock_jumps_while_down,
    f13_parks_when_a_mapped_field_is_gone: subject::field_removed,
    f14_polls_alone_do: events::poll_only,
}
