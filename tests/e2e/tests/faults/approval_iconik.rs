//! iconik-1: a clip is reviewed technically and legally, held back by an access template meanwhile.

use std::time::Duration;

use forebay_e2e::{ANN, Asset, CARA, DAY, Dam, Flow, HOUR, ICONIK, Setup};
use forebay_simulators::iconik::NewAsset;

use crate::approval::{self, DEFINITION};
use crate::matrix::{Case, Jump, NewVersion, Refused, Wait};

const FLOW: &str = r#"
fields = { review_run = "run" }
filters = { include = ["Ingest/*"] }
initial_status = false
stages = [{ name = "technical", policy = "any" }, { name = "legal", policy = "all" }]
routing = [
    { when = { stage = "legal" }, to = { group = "legal-dach", sla = "2bd" } },
    { when = {}, to = { group = "brand-reviewers", sla = "3bd" } },
]
hold = { access_template = "in-review" }
on_approved = { status = false, access_template = "released", add_to_collections = ["Released/{campaign}"] }
dam_decisions = { mirror = true }
users = { "u1" = "uploader@example.test" }
"#;

/// Another stage, another way to release.
const CHANGED: &str = r#"
fields = { review_run = "run" }
filters = { include = ["Elsewhere/*"] }
initial_status = false
stages = [{ name = "compliance", policy = "any" }]
routing = [{ when = {}, to = { group = "legal-dach", sla = "1bd" } }]
on_approved = { status = false, access_template = "in-review", add_to_collections = ["Wrong"] }
users = { "u1" = "uploader@example.test" }
"#;

const CASE: Case = Case {
    setup: || Setup::of([Flow::approval("iconik-1", ICONIK, FLOW)]),
    furnish: |world| {
        world.iconik.add_user("u1", "Uta Uploader", "token-of-uta");
        for (template, group) in [("in-review", "reviewers"), ("released", "everybody")] {
            world.iconik.add_template(template, &[(group, &["read"])]);
        }
    },
    dam: Dam::Iconik,
    start: |world| {
        let clip = NewAsset::new("spot.mp4", "frames", "u1")
            .in_collection("Ingest/Card 7")
            .with("campaign", "Winter");
        Asset::Iconik(world.iconik.add_asset(clip))
    },
    is_tried: |_| true,
    waits: &[
        Wait::Task {
            name: "technical",
            person: ANN,
            outcome: "approved",
            form: &[],
        },
        Wait::Task {
            name: "legal",
            person: CARA,
            outcome: "approved",
            form: &[],
        },
    ],
    outcome: "approved",
    released: |world, asset| match asset {
        Asset::Iconik(id) => world.iconik_access(id).contains(&"everybody".to_owned()),
        Asset::Canto(_) => false,
    },
    calm: |world, asset, effects| {
        approval::assert_two_processes(effects);
        assert_eq!(effects["iconik: apply-template"], 2, "hold, release");
        assert_eq!(effects["iconik: vote"], 1);
        assert_eq!(effects["iconik: create-segment"], 1);
        assert_eq!(effects["iconik: add-to-collection"], 1);
        let version = asset.version(world);
        assert_eq!(world.iconik_approval(&asset.id(), &version), "APPROVED");
    },
    writes: &[
        "write-metadata",
        "apply-template",
        "request-approval",
        "vote",
        "create-segment",
        "create-collection",
        "add-to-collection",
    ],
    engine_writes: &["start-process"],
    read: "read-asset",
    repeatable: &["iconik: apply-template"],
    definition: DEFINITION,
    restart_signal: "restart",
    gone: "asset-gone",
    refused: Refused::Parks,
    new_version: NewVersion::Restarts,
    changed: || Setup::of([Flow::approval("iconik-1", ICONIK, CHANGED)]),
    written_field: "review_comment",
    idle_field: "usage_rights",
    // As for canto-1: the first stage has three working days.
    jump: Jump {
        by: Duration::from_secs(3 * DAY.as_secs() + 3 * HOUR.as_secs()),
        check: approval::escalated_once,
        until_parked: Some(Duration::from_secs(5 * DAY.as_secs())),
    },
};

fault_matrix!(CASE);
