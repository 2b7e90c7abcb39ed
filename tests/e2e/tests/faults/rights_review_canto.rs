//! canto-2: the rights of an approved picture end soon; they are renewed, or the picture is deleted.
//!
//! The renewal is held to all faults. The deletion is held to those that could make it happen twice,
//! or without its two people: its second person and its grace are waits that the renewal lacks. An
//! outage (F5) would end with the grace, which the clock jumps across.

use std::collections::BTreeMap;
use std::time::Duration;

use forebay_e2e::{ANN, Asset, CANTO, CARA, DAY, Dam, Flow, Setup, World};
use forebay_model::audit::AuditEntry;
use forebay_model::run::Run;
use forebay_simulators::canto::NewAsset;

use crate::matrix::{Case, Jump, NewVersion, Refused, Wait};

const DEFINITION: &str = "rightsReview";

const FLOW: &str = r#"
key_prefix = "canto-2"
routing = [{ when = {}, to = { group = "rights", sla = "3bd" } }]
"#;

/// Nothing can be renewed or deleted, reviews open later, and others decide.
const CHANGED: &str = r#"
key_prefix = "canto-2"
lead_times = ["1d"]
decisions = ["remove"]
routing = [{ when = {}, to = { group = "legal", sla = "1bd" } }]
"#;

/// What Canto does not document and the tenant's administrator found out.
const TRASH: &str = r#"lifecycle = { trash_path = "/api/v1/trash", purge = { method = "DELETE", path = "/api/v1/trash", body = '[{"scheme":"{scheme}","id":"{id}"}]' } }"#;

/// The end of the rights: 60 days ahead, so that the review opens at once.
const END: &str = "2027-01-15";
/// The end they are renewed to: far enough for no review to open.
const RENEWED: &str = "2028-12-31";
/// How long an asset that is to be deleted is kept back.
const GRACE: Duration = Duration::from_secs(30 * DAY.as_secs());

fn setup(config: &str) -> Setup {
    let flow = Flow::new("canto-2", "rights-review", config).role("dam", CANTO);
    Setup::of([flow]).settings(CANTO, TRASH)
}

fn furnish(world: &World) {
    world.canto.add_user("u1", "Uta Uploader");
    world.engine.add_group("rights", &[ANN, CARA]);
}

/// An approved picture with an end of its rights.
fn start(world: &World) -> Asset {
    let picture = NewAsset::new("harbour.jpg", "pixels", "u1")
        .in_album("/Live")
        .approved(None)
        .with("licence_type", "stock")
        .with("licence_end", END);
    Asset::Canto(world.canto.add_asset(picture).unwrap())
}

/// The review of that end. Looks at the asset come and go, and a renewal arms the next review.
fn is_review(run: &Run) -> bool {
    run.business_key.ends_with(&format!(":{END}"))
}

fn field(world: &World, asset: &Asset, name: &str) -> String {
    match asset {
        Asset::Canto(id) => world.canto_field(id, name),
        Asset::Iconik(_) => String::new(),
    }
}

fn status(world: &World, asset: &Asset) -> String {
    match asset {
        Asset::Canto(id) => world.canto_status(id),
        Asset::Iconik(_) => String::new(),
    }
}

/// The rights ended while nobody decided: the asset was kept back once, and the question stays.
fn kept_back_once(world: &World, audit: &[AuditEntry]) {
    for action in ["rights-ended", "kept-back"] {
        let count = audit.iter().filter(|entry| entry.action == action).count();
        assert_eq!(count, 1, "{action}");
    }
    assert_eq!(world.effects()["canto: set-status"], 1);
    assert_eq!(world.open_stages(), ["Rights review"]);
}

fn renewed(world: &World, asset: &Asset, effects: &BTreeMap<String, u64>) {
    assert_eq!(effects["opentext: start-process"], 1);
    assert_eq!(field(world, asset, "rights_status"), "renewed");
    assert_eq!(field(world, asset, "renewal_reference"), "L-7");
    assert_eq!(status(world, asset), "Approved");
    assert!(!effects.contains_key("canto: set-status"), "{effects:?}");
}

const CASE: Case = Case {
    setup: || setup(FLOW),
    furnish,
    dam: Dam::Canto,
    start,
    is_tried: is_review,
    waits: &[Wait::Task {
        name: "Rights review",
        person: ANN,
        outcome: "renew",
        form: &[("newDate", RENEWED), ("reference", "L-7")],
    }],
    outcome: "renewed",
    released: |world, asset| field(world, asset, "licence_end") == RENEWED,
    calm: renewed,
    writes: &["edit"],
    engine_writes: &["start-process", "act-on-execution"],
    read: "read-asset",
    repeatable: &[],
    definition: DEFINITION,
    restart_signal: "restart",
    gone: "asset-gone",
    refused: Refused::Parks,
    // Another version has the same rights.
    new_version: NewVersion::GoesOn,
    changed: || setup(CHANGED),
    written_field: "renewal_reference",
    idle_field: "campaign",
    // Across all lead times and the end: it is decided by rule that the asset is kept back, never
    // that it goes on. Nobody is called for.
    jump: Jump {
        by: Duration::from_secs(70 * DAY.as_secs()),
        check: kept_back_once,
        until_parked: None,
    },
};

const DELETION: Case = Case {
    waits: &[
        Wait::Task {
            name: "Rights review",
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
        Wait::Deed {
            name: "the grace",
            is_due: |world, asset| status(world, asset) == "Restricted",
            act: |world, _| world.clock.advance(GRACE),
        },
    ],
    outcome: "deleted",
    released: |world, asset| match asset {
        Asset::Canto(id) => world.canto.asset(id).is_none(),
        Asset::Iconik(_) => false,
    },
    calm: |_, _, effects| {
        assert_eq!(effects["opentext: start-process"], 1);
        assert_eq!(effects["canto: set-status"], 1);
        assert_eq!(effects["canto: purge-content"], 1);
    },
    writes: &["edit", "purge"],
    ..CASE
};

fault_matrix!(CASE);

fault_matrix! {
    DELETION;
    deletion_f1_the_host_dies_at_each_effect: host::dies_at_each_effect,
    deletion_f1_the_host_dies_with_answers_lost: host::dies_with_answers_lost,
    deletion_f4_waits_as_long_as_it_is_told: vendors::too_many_requests,
    deletion_f6_looks_before_it_repeats: vendors::answers_lost,
    deletion_f7_waits_for_its_credentials: vendors::credentials_revoked,
    deletion_f11_keeps_the_configuration_it_started_with: host::configuration_changed,
    deletion_f14_polls_alone_do: events::poll_only,
}
