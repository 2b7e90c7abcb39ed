//! iconik-6: a clip arrives without its region; who works at the ingest desk is asked about all clips
//! of the collection, and what is filled in is written.
//!
//! A new version (F10) changes nothing about the question. A clip that is deleted leaves the list, and
//! nothing is left to ask about (F8).

use std::collections::BTreeMap;
use std::time::Duration;

use forebay_e2e::{ANN, Asset, DAY, Dam, Flow, HOUR, ICONIK, MINUTE, Setup, World};
use forebay_model::run::RunState;
use forebay_simulators::iconik::NewAsset;

use crate::matrix::{self, Case, Jump, NewVersion, Refused, Wait};

const DEFINITION: &str = "assetException";

/// When a clip was checked last is not written: how often it is looked at is nobody's business here.
const FLOW: &str = r#"
key_prefix = "iconik-6"
group_by = "collection"
grace = "10m"
assign = { to = "ingest-desk", sla = { medium = "3bd" } }
required = [{ field = "region", rule = "in_list(regions)" }]
lists = { regions = ["EMEA", "APAC"] }
fields = { metadata_checked_at = "" }
"#;

/// Something else is required, and others are asked.
const CHANGED: &str = r#"
key_prefix = "iconik-6"
group_by = "collection"
grace = "1m"
assign = { to = "legal-dach", sla = { medium = "1bd" } }
required = [{ field = "region", rule = "in_list(regions)" }]
lists = { regions = ["EMEA", "APAC", "LATAM"] }
fields = { metadata_checked_at = "" }
"#;

fn setup(config: &str) -> Setup {
    Setup::of([Flow::new("iconik-6", "asset-exception", config).role("dam", ICONIK)])
}

fn furnish(world: &World) {
    world.engine.add_group("ingest-desk", &[ANN]);
    world.iconik.add_user("u1", "Uta Uploader", "token-of-uta");
}

fn start(world: &World) -> Asset {
    let clip = NewAsset::new("spot.mov", "frames", "u1").in_collection("Ingest/Card 7");
    Asset::Iconik(world.iconik.add_asset(clip))
}

fn calm(world: &World, asset: &Asset, effects: &BTreeMap<String, u64>) {
    assert_eq!(effects["opentext: start-process"], 1);
    let id = asset.id();
    assert_eq!(world.iconik_field(&id, "metadata_state"), "complete");
}

const CASE: Case = Case {
    setup: || setup(FLOW),
    furnish,
    dam: Dam::Iconik,
    start,
    // Each clip has a run of its own that finds what is missing.
    is_tried: |run| run.business_key.contains(":collection:"),
    waits: &[Wait::Task {
        name: "Fill in fields",
        person: ANN,
        outcome: "done",
        form: &[("region", "APAC")],
    }],
    outcome: "completed",
    released: |world, asset| world.iconik_field(&asset.id(), "region") == "APAC",
    calm,
    writes: &["write-metadata"],
    engine_writes: &["start-process", "act-on-execution"],
    read: "read-asset",
    repeatable: matrix::ASKED_AGAIN,
    definition: DEFINITION,
    restart_signal: "restart",
    gone: "asset-gone",
    refused: Refused::Parks,
    new_version: NewVersion::GoesOn,
    changed: || setup(CHANGED),
    written_field: "region",
    idle_field: "usage_rights",
    jump: Jump {
        by: Duration::from_secs(3 * DAY.as_secs() + 3 * HOUR.as_secs()),
        check: |world, audit| matrix::assert_escalated_once(world, audit, DEFINITION),
        until_parked: None,
    },
};

/// F8: the clip leaves the list, and with it the task its process.
#[tokio::test(flavor = "multi_thread")]
async fn f8_asks_no_more_when_its_asset_is_deleted() {
    let world = CASE.world().await;
    let asset = CASE.waiting_at(&world, 0).await;
    asset.delete(&world).unwrap();
    world.endure(HOUR, 5 * MINUTE).await.unwrap();
    let run = CASE.run(&world).await;
    assert_eq!(run.state, RunState::Completed, "{run:#?}");
    assert_eq!(world.open_stages(), [""; 0]);
    assert_eq!(world.iconik_field(&asset.id(), "region"), "");
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
    f9_parks_when_its_process_is_terminated: subject::terminated,
    f10_a_new_version_comes: subject::new_version,
    f11_keeps_the_configuration_it_started_with: host::configuration_changed,
    f12_timers_fire_once_after_a_jump: host::clock_jumps,
    f12_timers_due_while_down_fire_once: host::clock_jumps_while_down,
    f13_parks_when_a_mapped_field_is_gone: subject::field_removed,
    f14_polls_alone_do: events::poll_only,
}
