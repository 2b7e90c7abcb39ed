//! canto-7: a picture whose rights owner nobody named is kept back until somebody fills it in.
//!
//! A new version (F10) changes nothing about the question: what is entered is checked against the
//! asset as it is then.

use std::collections::BTreeMap;
use std::time::Duration;

use forebay_e2e::{ANN, Asset, CANTO, DAY, Dam, Flow, HOUR, Setup, World};
use forebay_simulators::canto::NewAsset;

use crate::matrix::{self, Case, Jump, NewVersion, Refused, Wait};

const DEFINITION: &str = "assetException";

const FLOW: &str = r#"
key_prefix = "canto-7"
rules = [{ id = "needs-owner", require = "rights_owner != null", severity = "high", fix = "Say who owns the rights" }]
assign = { to = "brand-reviewers", sla = { high = "3bd" } }
"#;

/// It is less serious, and others are asked. What is corrected passes here too.
const CHANGED: &str = r#"
key_prefix = "canto-7"
rules = [{ id = "needs-owner", require = "rights_owner != null", severity = "low" }]
assign = { to = "legal-dach", sla = { low = "1bd" } }
"#;

fn setup(config: &str) -> Setup {
    Setup::of([Flow::new("canto-7", "asset-exception", config).role("dam", CANTO)])
}

fn calm(world: &World, asset: &Asset, effects: &BTreeMap<String, u64>) {
    assert_eq!(effects["opentext: start-process"], 1);
    assert_eq!(effects["canto: set-status"], 2, "kept back, and released");
    if let Asset::Canto(id) = asset {
        assert_eq!(world.canto_field(id, "rights_owner"), "Acme");
        assert_eq!(world.canto_field(id, "exception_state"), "closed");
    }
}

const CASE: Case = Case {
    setup: || setup(FLOW),
    furnish: |world| world.canto.add_user("u1", "Uta Uploader"),
    dam: Dam::Canto,
    start: |world| {
        let picture = NewAsset::new("a.jpg", "pixels", "u1").approved(None);
        Asset::Canto(world.canto.add_asset(picture).unwrap())
    },
    // A change of an asset that has no defect any more is looked at in a run of its own.
    is_tried: |run| run.outcome.as_deref() != Some("passed"),
    waits: &[Wait::Task {
        name: "Mend an asset",
        person: ANN,
        outcome: "done",
        form: &[("rights_owner", "Acme")],
    }],
    outcome: "corrected",
    released: |world, asset| match asset {
        Asset::Canto(id) => world.canto_status(id) == "Approved",
        Asset::Iconik(_) => false,
    },
    calm,
    writes: &["edit"],
    engine_writes: &["start-process", "act-on-execution"],
    read: "read-asset",
    repeatable: matrix::ASKED_AGAIN,
    definition: DEFINITION,
    restart_signal: "restart",
    gone: "asset-gone",
    refused: Refused::Parks,
    new_version: NewVersion::GoesOn,
    changed: || setup(CHANGED),
    written_field: "rights_owner",
    idle_field: "brand",
    jump: Jump {
        by: Duration::from_secs(3 * DAY.as_secs() + 3 * HOUR.as_secs()),
        check: |world, audit| matrix::assert_escalated_once(world, audit, DEFINITION),
        until_parked: Some(Duration::from_secs(5 * DAY.as_secs())),
    },
};

fault_matrix!(CASE);
