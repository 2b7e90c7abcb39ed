//! iconik-5: raw footage whose time is over goes into the delete queue, and is purged for good when
//! the queue's grace has passed and a second person agrees.
//!
//! A new version (F10) belongs to the asset whose end was decided. What is in the queue cannot be
//! deleted once more (F8), and what is purged is not written (F13): both are tried where one person is
//! enough.

use std::collections::BTreeMap;
use std::time::Duration;

use forebay_e2e::{ANN, Asset, CARA, DAY, Dam, Flow, HOUR, ICONIK, Setup, World};
use forebay_simulators::iconik::NewAsset;

use crate::matrix::{self, Case, Jump, NewVersion, Refused, Wait};

const DEFINITION: &str = "lifecycleReview";

/// Changes of an asset start its review; the grace is short enough to be waited for.
const FLOW: &str = r#"
key_prefix = "iconik-5"
group_field = "project"
unit = "asset"
look_at_changes = true
no_answer = "park"
delete = { queue_grace = "10m" }
routing = [{ when = {}, to = { group = "archivists", sla = "3bd" } }]
retry = { every = "5m" }
policies = [{ name = "raw-footage", when = { asset_type = "raw" }, retain = "3y", then = "delete", approvals = 2 }]
"#;

/// One person is enough, and the grace is long.
const CHANGED: &str = r#"
key_prefix = "iconik-5"
group_field = "project"
unit = "asset"
look_at_changes = true
no_answer = "keep"
delete = { queue_grace = "90d" }
routing = [{ when = {}, to = { group = "brand-reviewers", sla = "1bd" } }]
policies = [{ name = "raw-footage", when = { asset_type = "raw" }, retain = "3y", then = "delete", approvals = 1 }]
"#;

/// Fields of the use case that the simulated tenant does not have.
const FIELDS: [&str; 10] = [
    "project",
    "project_owner",
    "legal_hold",
    "lifecycle_state",
    "lifecycle_until",
    "lifecycle_policy",
    "archive_location",
    "archive_checksum",
    "retain_until",
    "deletion_certificate",
];

fn setup(config: &str) -> Setup {
    Setup::of([Flow::new("iconik-5", "lifecycle", config).role("dam", ICONIK)])
}

fn furnish(world: &World) {
    world.engine.add_group("archivists", &[ANN, CARA]);
    world.iconik.add_user("u1", "Uta Uploader", "token-of-uta");
    world.add_iconik_fields(&FIELDS);
}

/// Footage of four years ago that somebody marks as raw only now.
fn start(world: &World) -> Asset {
    let footage = NewAsset::new("raw.mxf", "frames", "u1");
    let asset = world.unheard(|world| {
        let asset = world.iconik.add_asset(footage);
        world.iconik_age(&asset, 4 * 365);
        asset
    });
    world.iconik.set_field(&asset, "asset_type", "raw", "u1");
    Asset::Iconik(asset)
}

fn calm(world: &World, asset: &Asset, effects: &BTreeMap<String, u64>) {
    assert_eq!(effects["opentext: start-process"], 1);
    assert_eq!(effects["iconik: delete-asset"], 1, "into the queue");
    assert_eq!(effects["iconik: purge-asset"], 1);
    let left = world.iconik.asset(&asset.id());
    assert!(left.is_none_or(|asset| asset.status == "PURGED"));
}

const CASE: Case = Case {
    setup: || setup(FLOW),
    furnish,
    dam: Dam::Iconik,
    start,
    is_tried: |run| run.business_key.contains(":raw-footage:"),
    waits: &[
        Wait::Task {
            name: "Lifecycle review",
            person: ANN,
            outcome: "delete",
            form: &[],
        },
        Wait::Task {
            name: "Agree to delete",
            person: CARA,
            outcome: "approve",
            form: &[],
        },
    ],
    outcome: "deleted",
    released: |world, _| world.effects().contains_key("iconik: purge-asset"),
    calm,
    writes: &["write-metadata", "delete-asset", "purge-asset"],
    engine_writes: &["start-process", "act-on-execution"],
    read: "read-asset",
    repeatable: matrix::ASKED_AGAIN,
    definition: DEFINITION,
    restart_signal: "restart",
    gone: "asset-gone",
    refused: Refused::TriesAgain,
    new_version: NewVersion::GoesOn,
    changed: || setup(CHANGED),
    written_field: "lifecycle_state",
    idle_field: "usage_rights",
    jump: Jump {
        by: Duration::from_secs(3 * DAY.as_secs() + 3 * HOUR.as_secs()),
        check: |world, audit| matrix::assert_escalated_once(world, audit, DEFINITION),
        until_parked: Some(Duration::from_secs(5 * DAY.as_secs())),
    },
};

/// One person is enough.
const BY_ONE: Case = Case {
    setup: || setup(&FLOW.replace("approvals = 2", "approvals = 1")),
    waits: &[Wait::Task {
        name: "Lifecycle review",
        person: ANN,
        outcome: "delete",
        form: &[],
    }],
    ..CASE
};

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
    f14_polls_alone_do: events::poll_only,
}

fault_matrix! {
    BY_ONE;
    f8_ends_when_its_asset_is_deleted: subject::deleted,
    f8_goes_on_when_its_asset_comes_back: subject::deleted_and_restored,
    f13_tries_again_until_a_mapped_field_is_back: subject::field_removed,
}
