//! iconik-3: a cut is asked for in the engine's form, selected from the library, handed over in a
//! collection with one link to it, and accepted.
//!
//! What is delivered is not what the run is about: what becomes of a choice that is deleted (F8) is
//! tried with canto-3, whose handler this is, and so is the delivery without acceptance (F7, F13). A
//! new version (F10) of a cut is not approved in iconik: the choice is refused, as any other that is
//! not, and the team is asked for another.

use std::collections::BTreeMap;
use std::time::Duration;

use forebay_e2e::{ANN, Asset, DAY, Dam, Flow, HOUR, ICONIK, Setup, World};
use forebay_model::audit::AuditEntry;
use forebay_simulators::iconik::NewAsset;

use crate::asset_request::{ACCEPT, RITA, SELECT, is_closed};
use crate::matrix::{Case, Jump, NewVersion, Refused, assert_escalated_once};

const DEFINITION: &str = "mediaRequest";

const FLOW: &str = r#"
key_prefix = "iconik-3"
request_definition = "mediaRequest"
requester_task = false
form_map = { campaign = "campaign", kind = "asset_type", formats = "formats", due = "due_date", region = "region" }
search = { must_match = ["campaign"], rights_must_cover = ["region", "due_date"] }
rights = { ends = ["rights_end"] }
duplicates = { action = "ignore", on = [] }
delivery = { kind = "collection", album = "/REQ-{id} {campaign}" }
routing = [{ when = {}, to = { group = "media-library", sla = "3bd" } }]
"#;

/// Others choose, everything goes elsewhere, and nobody accepts.
const CHANGED: &str = r#"
key_prefix = "iconik-3"
request_definition = "mediaRequest"
form_map = { campaign = "campaign" }
search = { must_match = ["campaign"], rights_must_cover = [] }
duplicates = { action = "ignore", on = [] }
delivery = { kind = "collection", album = "/Elsewhere {id}" }
accept = { required = false }
routing = [{ when = {}, to = { group = "legal", sla = "1bd" } }]
"#;

/// Fields of the use case that the simulated tenant does not have.
const FIELDS: [&str; 3] = ["request_id", "requested_by", "usage_note"];

fn setup(config: &str) -> Setup {
    Setup::of([Flow::new("iconik-3", "asset-request", config).role("dam", ICONIK)])
}

fn furnish(world: &World) {
    world.engine.add_group("media-library", &[ANN]);
    world.add_iconik_fields(&FIELDS);
}

/// A person fills in the form; the cut that fits is in the library.
fn start(world: &World) -> Asset {
    let cut = NewAsset::new("cut.mov", "frames", "uta")
        .in_collection("Library")
        .with("campaign", "Spring")
        .with("territories", "EMEA");
    let cut = world.iconik.add_asset(cut);
    world.iconik.vote(&cut, "uta", "APPROVED");
    let form = [
        ("campaign", "Spring"),
        ("kind", "cutdown"),
        ("formats", "16:9 30s"),
        ("region", "EMEA"),
        ("requester", RITA),
    ];
    world.fill_in(DEFINITION, "form-1", &form).unwrap();
    Asset::Iconik(cut)
}

/// Links to the collection of the request.
fn links(world: &World, asset: &Asset) -> usize {
    let filed = world.iconik_collections(&asset.id());
    let place = filed.iter().find(|path| path.starts_with("REQ-"));
    let place = place.and_then(|path| world.iconik.collection(path));
    place.map_or(0, |place| world.iconik.share_links(&place).len())
}

fn delivered_once(world: &World, asset: &Asset, effects: &BTreeMap<String, u64>) {
    assert_eq!(effects["iconik: create-share"], 1);
    assert_eq!(effects["iconik: create-collection"], 1);
    assert!(
        !effects.contains_key("opentext: start-process"),
        "the form is the process"
    );
    assert_eq!(links(world, asset), 1);
    assert_ne!(world.iconik_field(&asset.id(), "request_id"), "");
}

const CASE: Case = Case {
    setup: || setup(FLOW),
    furnish,
    dam: Dam::Iconik,
    start,
    is_tried: |_| true,
    waits: &[SELECT, ACCEPT],
    outcome: "fulfilled",
    released: |world, _| is_closed(world, DEFINITION),
    calm: delivered_once,
    writes: &[
        "write-metadata",
        "create-collection",
        "add-to-collection",
        "create-share",
    ],
    engine_writes: &["act-on-execution"],
    read: "read-asset",
    repeatable: &[],
    definition: DEFINITION,
    restart_signal: "restart",
    gone: "",
    refused: Refused::Parks,
    new_version: NewVersion::GoesOn,
    changed: || setup(CHANGED),
    written_field: "usage_note",
    idle_field: "project_code",
    jump: Jump {
        by: Duration::from_secs(3 * DAY.as_secs() + 3 * HOUR.as_secs()),
        check: escalated_once,
        until_parked: Some(Duration::from_secs(5 * DAY.as_secs())),
    },
};

fn escalated_once(world: &World, audit: &[AuditEntry]) {
    assert_escalated_once(world, audit, DEFINITION);
    assert!(!world.effects().contains_key("iconik: create-share"));
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
    f9_parks_when_its_process_is_terminated: subject::terminated,
    f11_keeps_the_configuration_it_started_with: host::configuration_changed,
    f12_timers_fire_once_after_a_jump: host::clock_jumps,
    f12_timers_due_while_down_fire_once: host::clock_jumps_while_down,
    f14_polls_alone_do: events::poll_only,
}
