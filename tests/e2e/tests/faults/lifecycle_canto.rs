//! canto-6: a picture whose campaign is over is deleted as two people agree, after a grace.
//!
//! A new version (F10) belongs to the asset whose end was decided.

use std::collections::BTreeMap;
use std::time::Duration;

use forebay_e2e::{ANN, Asset, CANTO, CARA, DAY, Dam, Flow, HOUR, Setup, World};
use forebay_simulators::canto::NewAsset;

use crate::matrix::{self, Case, Jump, NewVersion, Refused, Wait};

const DEFINITION: &str = "lifecycleReview";

/// Changes of an asset start its review; the grace is short enough to be waited for.
const FLOW: &str = r#"
key_prefix = "canto-6"
unit = "asset"
look_at_changes = true
no_answer = "park"
actions = { delete = { grace = "10m" } }
routing = [{ when = {}, to = { group = "archivists", sla = "3bd" } }]
retry = { every = "5m" }
"#;

/// One person is enough, and the grace is long.
const CHANGED: &str = r#"
key_prefix = "canto-6"
unit = "asset"
look_at_changes = true
no_answer = "archive"
actions = { delete = { approvals = 1, grace = "90d" } }
routing = [{ when = {}, to = { group = "brand-reviewers", sla = "1bd" } }]
"#;

/// What Canto does not document and the tenant's administrator found out.
const TRASH: &str = r#"lifecycle = { trash_path = "/api/v1/trash", purge = { method = "DELETE", path = "/api/v1/trash", body = '[{"scheme":"{scheme}","id":"{id}"}]' } }"#;

fn setup(config: &str) -> Setup {
    let flow = Flow::new("canto-6", "lifecycle", config).role("dam", CANTO);
    Setup::of([flow]).settings(CANTO, TRASH)
}

fn start(world: &World) -> Asset {
    let picture = NewAsset::new("spring.jpg", "pixels", "u1").approved(None);
    let asset = world.canto.add_asset(picture).unwrap();
    // More than two weeks ago, so that the review opens at once.
    world
        .canto
        .set_field(&asset, "campaign_end", "2026-10-28", "u1")
        .unwrap();
    Asset::Canto(asset)
}

fn calm(_: &World, _: &Asset, effects: &BTreeMap<String, u64>) {
    assert_eq!(effects["opentext: start-process"], 1);
    assert_eq!(effects["canto: set-status"], 1, "out of use");
    assert_eq!(effects["canto: purge-content"], 1);
}

const CASE: Case = Case {
    setup: || setup(FLOW),
    furnish: |world| {
        world.canto.add_user("u1", "Uta Uploader");
        world.engine.add_group("archivists", &[ANN, CARA]);
    },
    dam: Dam::Canto,
    start,
    is_tried: |run| run.business_key.contains(":campaign-end:"),
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
    // Somebody else may put it into the trash.
    released: |world, _| world.effects().contains_key("canto: purge-content"),
    calm,
    writes: &["edit", "delete", "purge"],
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
    idle_field: "brand",
    jump: Jump {
        by: Duration::from_secs(3 * DAY.as_secs() + 3 * HOUR.as_secs()),
        check: |world, audit| matrix::assert_escalated_once(world, audit, DEFINITION),
        until_parked: Some(Duration::from_secs(5 * DAY.as_secs())),
    },
};

fault_matrix!(CASE);
