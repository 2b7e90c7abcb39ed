//! iconik-1, scenario 6: two clips of one card are decided about in one process; one of them is
//! followed.
//!
//! A clip that is deleted or gets a new version leaves its batch while the other stays (F8, F10): that
//! is tried with the flow. The run of the batch knows the engine only, and comes to its end there
//! while the DAM refuses the runs of the clips (F7). The clips call at the same instant, so that one is
//! told to wait while the other calls (F4). A field that is taken away parks both runs (F13).
//! Everything else may go wrong here as for a clip alone.

use std::collections::BTreeMap;
use std::time::Duration;

use forebay_e2e::{ANN, Asset, DAY, Dam, Flow, HOUR, ICONIK, Setup, World};
use forebay_simulators::iconik::NewAsset;

use crate::matrix::{Case, Jump, NewVersion, Refused, Wait};

const DEFINITION: &str = "assetApprovalBatch";

const FLOW: &str = r#"
fields = { review_run = "run" }
filters = { include = ["Ingest/*"] }
initial_status = false
stages = [{ name = "technical", policy = "any" }]
routing = [{ when = {}, to = { group = "brand-reviewers", sla = "3bd" } }]
hold = { access_template = "in-review" }
on_approved = { status = false, access_template = "released" }
dam_decisions = { mirror = true }
users = { "u1" = "uploader@example.test" }
batch = { enabled = true, window = "10m" }
"#;

/// Each clip by itself, another stage, another way to release.
const CHANGED: &str = r#"
fields = { review_run = "run" }
filters = { include = ["Ingest/*"] }
initial_status = false
stages = [{ name = "compliance", policy = "any" }]
routing = [{ when = {}, to = { group = "legal-dach", sla = "1bd" } }]
on_approved = { status = false, access_template = "in-review" }
users = { "u1" = "uploader@example.test" }
"#;

/// The clip that is followed.
const FIRST: &str = "clip-1.mov";
/// The clip that comes with it.
const SECOND: &str = "clip-2.mov";

fn setup(config: &str) -> Setup {
    Setup::of([Flow::approval("iconik-1", ICONIK, config)])
}

fn furnish(world: &World) {
    world.iconik.add_user("u1", "Uta Uploader", "token-of-uta");
    for (template, group) in [("in-review", "reviewers"), ("released", "everybody")] {
        world.iconik.add_template(template, &[(group, &["read"])]);
    }
}

fn start(world: &World) -> Asset {
    let ingest = |title: &str| {
        let clip = NewAsset::new(title, "frames", "u1").in_collection("Ingest/Card 7");
        world.iconik.add_asset(clip)
    };
    let first = ingest(FIRST);
    ingest(SECOND);
    Asset::Iconik(first)
}

fn calm(world: &World, asset: &Asset, effects: &BTreeMap<String, u64>) {
    assert_eq!(world.processes_of(DEFINITION).len(), 1, "one for both");
    assert_eq!(effects["iconik: vote"], 2, "one for each");
    let version = asset.version(world);
    assert_eq!(world.iconik_approval(&asset.id(), &version), "APPROVED");
}

const CASE: Case = Case {
    setup: || setup(FLOW),
    furnish,
    dam: Dam::Iconik,
    start,
    is_tried: |run| run.title == FIRST,
    waits: &[Wait::Task {
        name: "technical",
        person: ANN,
        outcome: "approved",
        form: &[],
    }],
    outcome: "approved",
    released: |world, asset| {
        world
            .iconik_access(&asset.id())
            .contains(&"everybody".to_owned())
    },
    calm,
    writes: &[
        "write-metadata",
        "apply-template",
        "request-approval",
        "vote",
    ],
    engine_writes: &["start-process", "act-on-execution"],
    read: "read-asset",
    repeatable: &[
        "iconik: apply-template",
        "opentext: message",
        "opentext: set-variables",
    ],
    definition: DEFINITION,
    restart_signal: "restart",
    gone: "asset-gone",
    refused: Refused::Parks,
    new_version: NewVersion::Restarts,
    changed: || setup(CHANGED),
    written_field: "review_comment",
    idle_field: "usage_rights",
    jump: Jump {
        by: Duration::from_secs(3 * DAY.as_secs() + 3 * HOUR.as_secs()),
        check: |world, _| {
            let tasks = world.open_tasks();
            let mut groups = tasks.iter().flat_map(|task| task.candidate_groups());
            assert!(groups.any(|group| group == "dam-leads"), "{tasks:#?}");
        },
        until_parked: Some(Duration::from_secs(5 * DAY.as_secs())),
    },
};

fault_matrix! {
    CASE;
    f1_the_host_dies_at_each_effect: host::dies_at_each_effect,
    f1_the_host_dies_with_answers_lost: host::dies_with_answers_lost,
    f2_a_hundred_copies_of_each_event: events::duplicates,
    f3_events_come_out_of_order: events::out_of_order,
    f5_outlasts_an_outage: vendors::outage,
    f6_looks_before_it_repeats: vendors::answers_lost,
    f8_goes_on_when_its_asset_comes_back: subject::deleted_and_restored,
    f9_parks_when_its_process_is_terminated: subject::terminated,
    f11_keeps_the_configuration_it_started_with: host::configuration_changed,
    f12_timers_fire_once_after_a_jump: host::clock_jumps,
    f12_timers_due_while_down_fire_once: host::clock_jumps_while_down,
    f14_polls_alone_do: events::poll_only,
}
