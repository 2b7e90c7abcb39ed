//! canto-1: a video is reviewed by brand and legal.

use std::time::Duration;

use forebay_e2e::{ANN, Asset, CANTO, CARA, DAY, Dam, Flow, HOUR, Setup};
use forebay_simulators::canto::NewAsset;

use crate::approval::{self, DEFINITION};
use crate::matrix::{Case, Jump, NewVersion, Refused, Wait};

const FLOW: &str = r#"
filters = { include = ["/Incoming/**"] }
stages = [{ name = "brand", policy = "any" }, { name = "legal", policy = "all" }]
routing = [
    { when = { stage = "legal" }, to = { group = "legal-dach", sla = "2bd" } },
    { when = {}, to = { group = "brand-reviewers", sla = "3bd" } },
]
users = { "u1" = "uploader@example.test" }
"#;

/// Another stage, and no release at the end.
const CHANGED: &str = r#"
filters = { include = ["/Elsewhere/**"] }
stages = [{ name = "compliance", policy = "any" }]
routing = [{ when = {}, to = { group = "legal-dach", sla = "1bd" } }]
on_approved = { status = false }
users = { "u1" = "uploader@example.test" }
"#;

const CASE: Case = Case {
    setup: || Setup::of([Flow::approval("canto-1", CANTO, FLOW)]),
    furnish: |world| world.canto.add_user("u1", "Uta Uploader"),
    dam: Dam::Canto,
    start: |world| {
        let video = NewAsset::new("spot.mp4", "frames", "u1").in_album("/Incoming");
        Asset::Canto(world.canto.add_asset(video).unwrap())
    },
    is_tried: |_| true,
    waits: &[
        Wait::Task {
            name: "brand",
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
        Asset::Canto(id) => world.canto_status(id) == "Approved",
        Asset::Iconik(_) => false,
    },
    calm: |_, _, effects| {
        approval::assert_two_processes(effects);
        // An upload is pending already.
        assert_eq!(effects["canto: set-status"], 1);
        assert_eq!(effects["canto: comment-version"], 1);
    },
    writes: &["edit", "comment-version"],
    engine_writes: &["start-process"],
    read: "read-asset",
    repeatable: &[],
    definition: DEFINITION,
    restart_signal: "restart",
    gone: "asset-gone",
    refused: Refused::Parks,
    new_version: NewVersion::Restarts,
    changed: || Setup::of([Flow::approval("canto-1", CANTO, CHANGED)]),
    written_field: "review_comment",
    idle_field: "campaign",
    // Three working days from Monday 09:00 to Thursday noon: reminders at half past one on Tuesday
    // and on Wednesday, escalation on Wednesday at 17:00 or Thursday at 09:00.
    jump: Jump {
        by: Duration::from_secs(3 * DAY.as_secs() + 3 * HOUR.as_secs()),
        check: approval::escalated_once,
        until_parked: Some(Duration::from_secs(5 * DAY.as_secs())),
    },
};

fault_matrix!(CASE);
