//! iconik-2: somebody asks whether a clip may be used; it is blocked until that is decided, and opened
//! again as it was.
//!
//! A new version (F10) has the same rights.

use std::collections::BTreeMap;
use std::time::Duration;

use forebay_e2e::{ANN, Asset, CARA, DAY, Dam, Flow, HOUR, ICONIK, Setup, World};
use forebay_simulators::iconik::NewAsset;

use crate::matrix::{self, Case, Jump, NewVersion, Refused, Wait};

const DEFINITION: &str = "rightsReview";

const FLOW: &str = r#"
key_prefix = "iconik-2"
routing = [{ when = {}, to = { group = "rights", sla = "3bd" } }]
[flows.iconik-2.config.clearance]
producer_group = "producers"
matrix = [{ when = { channels = "web" }, require = ["music_licence"] }]
"#;

/// Nothing can be cleared, more is required, and others decide.
const CHANGED: &str = r#"
key_prefix = "iconik-2"
routing = [{ when = {}, to = { group = "legal", sla = "1bd" } }]
[flows.iconik-2.config.clearance]
decisions = ["not_cleared"]
matrix = [{ when = { channels = "web" }, require = ["location_release"] }]
"#;

/// Who may see a clip that is blocked.
const BLOCKED: [&str; 1] = ["lawyers"];

fn setup(config: &str) -> Setup {
    Setup::of([Flow::new("iconik-2", "rights-review", config).role("dam", ICONIK)])
}

fn furnish(world: &World) {
    world.engine.add_group("rights", &[ANN, CARA]);
    world.iconik.add_user("u1", "Uta Uploader", "token-of-uta");
    world
        .iconik
        .add_template("no-publish", &[(BLOCKED[0], &["read"])]);
}

/// A clip whose metadata ask for clearance.
fn start(world: &World) -> Asset {
    let clip = NewAsset::new("promo.mov", "frames", "u1")
        .in_collection("Ingest/Card 7")
        .with("music_licence", "M-1")
        .with("clearance", "requested");
    Asset::Iconik(world.iconik.add_asset(clip))
}

fn calm(world: &World, asset: &Asset, effects: &BTreeMap<String, u64>) {
    assert_eq!(effects["opentext: start-process"], 1);
    assert_eq!(effects["iconik: apply-template"], 1, "blocked once");
    let id = asset.id();
    assert_ne!(world.iconik_access(&id), BLOCKED, "and opened again");
    assert_eq!(world.iconik_field(&id, "clearance"), "done");
    let uses = world.iconik_field(&id, "clearance_uses");
    assert!(uses.starts_with("use=web@; "), "{uses}");
}

const CASE: Case = Case {
    setup: || setup(FLOW),
    furnish,
    dam: Dam::Iconik,
    start,
    // Looks at the clip come and go.
    is_tried: |run| run.business_key.ends_with(":web@"),
    waits: &[Wait::Task {
        name: "Clearance",
        person: ANN,
        outcome: "cleared",
        form: &[],
    }],
    outcome: "cleared",
    released: |world, asset| world.iconik_field(&asset.id(), "clearance_state") == "cleared",
    calm,
    writes: &["apply-template", "write-metadata", "remove-acl"],
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
    new_version: NewVersion::GoesOn,
    changed: || setup(CHANGED),
    written_field: "clearance_uses",
    idle_field: "project_code",
    jump: Jump {
        by: Duration::from_secs(3 * DAY.as_secs() + 3 * HOUR.as_secs()),
        check: |world, audit| matrix::assert_escalated_once(world, audit, DEFINITION),
        until_parked: None,
    },
};

fault_matrix!(CASE);
