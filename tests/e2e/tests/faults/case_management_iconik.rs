//! iconik-7: people open a takedown in the engine; the clip is protected at once, and put back exactly
//! as it was when they decide so.
//!
//! A case is about an asset, whatever its version (F10), and it never ends by itself: not by silence
//! (F12), and not when its asset is deleted (F8), which the legal hold should have prevented. The
//! alarm of late protection is no part of this; it is tried with the flow.

use std::collections::BTreeMap;
use std::time::Duration;

use forebay_e2e::{ANN, Asset, DAY, Dam, Flow, HOUR, ICONIK, MINUTE, Setup, World};
use forebay_model::run::RunState;
use forebay_simulators::iconik::NewAsset;
use serde_json::json;

use crate::matrix::{self, Case, Jump, NewVersion, Refused, Wait};

const DEFINITION: &str = "mediaCase";

/// Protection may come late without an alarm: these tests keep vendors away for days.
const FLOW: &str = r#"
key_prefix = "iconik-7"
immediate_within = "30d"
restrict_template = "restricted"
[flows.iconik-7.config.case_types.takedown]
immediate = ["restrict_acl", "revoke_shares", "remove_from"]
remove_from = ["Published/**"]
ack_sla = "10bd"
resolve_sla = "3bd"
route = "brand-reviewers"
"#;

/// Nothing is protected, and others decide.
const CHANGED: &str = r#"
key_prefix = "iconik-7"
set_legal_hold = []
[flows.iconik-7.config.case_types.takedown]
ack_sla = "1bd"
resolve_sla = "1bd"
route = "legal-dach"
"#;

const FIELDS: [&str; 6] = [
    "case_ids",
    "case_state",
    "case_type",
    "case_priority",
    "case_flag",
    "legal_hold",
];

/// Where the clip is published.
const PUBLISHED: &str = "Published/2027";

fn setup(config: &str) -> Setup {
    Setup::of([Flow::new("iconik-7", "case-management", config).role("dam", ICONIK)])
}

fn furnish(world: &World) {
    world.iconik.add_user("u1", "Uta Uploader", "token-of-uta");
    world
        .iconik
        .add_template("restricted", &[("legal", &["read"])]);
    world.add_iconik_fields(&FIELDS);
}

fn start(world: &World) -> Asset {
    let clip = NewAsset::new("spot.mov", "frames", "u1").in_collection(PUBLISHED);
    let clip = world.iconik.add_asset(clip);
    let form = json!({ "case_type": "takedown", "assets": clip });
    let form = form.as_object().unwrap();
    world.engine.start_process(DEFINITION, "T1", form).unwrap();
    Asset::Iconik(clip)
}

fn is_restricted(world: &World, asset: &Asset) -> bool {
    world.iconik_access(&asset.id()) == ["legal"]
}

fn calm(world: &World, asset: &Asset, effects: &BTreeMap<String, u64>) {
    assert_eq!(effects["iconik: apply-template"], 1);
    assert_eq!(effects["iconik: remove-from-collection"], 1);
    assert_eq!(effects["iconik: add-to-collection"], 1);
    assert_eq!(effects.get("opentext: start-process"), None, "it was there");
    let id = asset.id();
    assert_eq!(world.iconik_collections(&id), [PUBLISHED]);
    assert_eq!(world.iconik_field(&id, "case_state"), "restored");
    assert_eq!(world.iconik_field(&id, "legal_hold"), "");
}

const CASE: Case = Case {
    setup: || setup(FLOW),
    furnish,
    dam: Dam::Iconik,
    start,
    // Its guard is a run of its own.
    is_tried: |run| run.business_key.ends_with(":T1"),
    waits: &[Wait::Task {
        name: "Decide the case",
        person: ANN,
        outcome: "restore",
        form: &[],
    }],
    outcome: "restored",
    released: |world, asset| !is_restricted(world, asset),
    calm,
    writes: &[
        "apply-template",
        "remove-from-collection",
        "write-metadata",
        "add-to-collection",
    ],
    engine_writes: &["act-on-execution", "set-variables"],
    read: "read-asset",
    repeatable: &[
        "iconik: apply-template",
        "opentext: message",
        "opentext: set-variables",
    ],
    definition: DEFINITION,
    restart_signal: "restart",
    gone: "",
    refused: Refused::ParksMidway,
    new_version: NewVersion::GoesOn,
    changed: || setup(CHANGED),
    written_field: "case_state",
    idle_field: "usage_rights",
    jump: Jump {
        by: Duration::from_secs(3 * DAY.as_secs() + 3 * HOUR.as_secs()),
        check: |world, audit| matrix::assert_escalated_once(world, audit, DEFINITION),
        until_parked: None,
    },
};

/// F8: the alarm is raised, people still have to decide, and nothing is put back.
#[tokio::test(flavor = "multi_thread")]
async fn f8_stays_open_when_its_asset_is_deleted() {
    let world = CASE.world().await;
    let asset = CASE.waiting_at(&world, 0).await;
    asset.delete(&world).unwrap();
    world.endure(DAY, HOUR).await.unwrap();
    let run = CASE.run(&world).await;
    assert_eq!(run.state, RunState::Waiting, "{run:#?}");
    assert!(CASE.waits[0].is_open(&world, &asset));
    let mut told = Vec::new();
    for run in world.runs().await.unwrap() {
        told.extend(world.audit(&run).await.unwrap());
    }
    told.retain(|entry| entry.action == "asset-gone-during-case");
    assert_eq!(told.len(), 1, "{told:#?}");

    CASE.waits[0].end(&world, &asset);
    world.endure(HOUR, 5 * MINUTE).await.unwrap();
    let run = CASE.run(&world).await;
    assert_eq!(run.state, RunState::Waiting, "{run:#?}");
    assert!(is_restricted(&world, &asset));
}

fault_matrix! {
    CASE;
    f1_the_host_dies_at_each_effect: host::dies_at_each_effect,
    f1_the_host_dies_with_answers_lost: host::dies_with_answers_lost,
    f2_a_hundred_copies_of_each_event: events::duplicates,
    f3_events_come_out_of_order: events::out_of_order,
    f4_waits_as_long_as_it_is_told: vendors::too_many_requests,
    f5_outlasts_an_outage: vendors::outage,
    f6_looks_before_it_repeats: vendors::answers_lost,
    f7_waits_for_its_credentials: vendors::credentials_revoked,
    f8_goes_on_when_its_asset_comes_back: subject::deleted_and_restored,
    f9_parks_when_its_process_is_terminated: subject::terminated,
    f10_a_new_version_comes: subject::new_version,
    f11_keeps_the_configuration_it_started_with: host::configuration_changed,
    f12_timers_fire_once_after_a_jump: host::clock_jumps,
    f12_timers_due_while_down_fire_once: host::clock_jumps_while_down,
    f13_parks_when_a_mapped_field_is_gone: subject::field_removed,
    f14_polls_alone_do: events::poll_only,
}
