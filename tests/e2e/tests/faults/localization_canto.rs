//! canto-4: a master is adapted for a region, reviewed and released; its run ends with that of the
//! region.
//!
//! The run that is tried is that of the master. What people do goes on in the region's run, which it
//! starts, so two runs share each fault; where a fault parks one it is the region's.

use std::collections::BTreeMap;
use std::time::Duration;

use forebay_e2e::{ANN, Asset, CANTO, CARA, DAY, Dam, Flow, HOUR, Setup, World};
use forebay_model::audit::AuditEntry;
use forebay_model::run::Run;
use forebay_simulators::canto::NewAsset;
use forebay_simulators::canto::values::ContentId;

use crate::matrix::{Case, Jump, NewVersion, Refused, Wait};

const DEFINITION: &str = "localization";

const FLOW: &str = r#"
key_prefix = "canto-4"
on_master_update = "restart_open"
regions.DE = { language = "de-DE", team = "loc", reviewers = "review" }
"#;

/// The region has another language, others work for it, and what is open is finished.
const CHANGED: &str = r#"
key_prefix = "canto-4"
on_master_update = "finish_old"
regions.DE = { language = "de-AT", team = "legal", reviewers = "legal" }
"#;

/// Canto has no relations; custom fields keep them.
const RELATIONS: &str = r#"relation_fields = { localization = { origin_field = "localized_assets", target_field = "master_asset" }, replacement = { origin_field = "replacement_asset", target_field = "replaces" } }"#;

fn setup(config: &str) -> Setup {
    let flow = Flow::new("canto-4", "localization", config).role("dam", CANTO);
    Setup::of([flow]).settings(CANTO, RELATIONS)
}

fn furnish(world: &World) {
    world.canto.add_user("u1", "Uta Uploader");
    world.engine.add_group("loc", &[ANN]);
    world.engine.add_group("review", &[CARA]);
}

fn start(world: &World) -> Asset {
    let master = NewAsset::new("hero.jpg", "pixels", "u1")
        .in_album("/Masters")
        .with("is_master", "yes")
        .with("campaign", "Spring")
        .with("brand", "Acme");
    Asset::Canto(world.canto.add_asset(master).unwrap())
}

/// The run of the master: the asset stands at the end of its key, and the files of regions, which
/// are looked at in runs of their own, are no masters.
fn is_campaign(run: &Run) -> bool {
    let of_region = run.business_key.ends_with(":DE");
    !of_region && run.outcome.as_deref() != Some("nothing-to-do")
}

/// Files delivered for the region, whatever became of them.
fn files(world: &World) -> Vec<ContentId> {
    world.canto.library(|library, _| {
        let assets = library.assets.values();
        let files = assets.filter(|asset| asset.name.starts_with("own-"));
        files.map(|asset| asset.id.clone()).collect()
    })
}

/// The team uploads a file and names it in its task.
const ADAPT: Wait = Wait::Deed {
    name: "adaptation",
    is_due: |world, _| world.open_stages() == ["Adaptation DE"],
    act: |world, _| {
        let name = format!("own-{}.jpg", files(world).len());
        let file = NewAsset::new(&name, "pixels", "u1").in_album("/Inbox");
        let file = world.canto.add_asset(file).unwrap().to_string();
        world
            .decide("Adaptation DE", ANN, "delivered", &[("asset", &file)])
            .unwrap();
    },
};

fn is_released(world: &World) -> bool {
    let mut files = files(world).into_iter();
    files.any(|file| world.canto_status(&file) == "Approved")
}

fn localized(world: &World, master: &Asset, effects: &BTreeMap<String, u64>) {
    assert_eq!(effects["opentext: start-process"], 1);
    let Asset::Canto(master) = master else { return };
    let file = files(world).remove(0);
    assert_eq!(world.canto_field(&file, "master_asset"), master.to_string());
    assert_eq!(world.canto_field(&file, "review_state"), "approved");
    let state = world.canto_field(master, "localization_state");
    assert!(state.contains("DE: approved"), "{state}");
}

/// The team's task went to those who lead.
fn escalated(world: &World, _: &[AuditEntry]) {
    let process = world.processes_of(DEFINITION).remove(0);
    let task = world.engine.open_tasks(&process.id).remove(0);
    let mut groups = task.candidate_groups();
    assert!(groups.any(|group| group == "dam-leads"), "{task:#?}");
    let comments = world.engine.comments(&process.id);
    assert!(
        comments.len() <= 2,
        "each reminder at most once: {comments:#?}"
    );
}

const CASE: Case = Case {
    setup: || setup(FLOW),
    furnish,
    dam: Dam::Canto,
    start,
    is_tried: is_campaign,
    waits: &[
        ADAPT,
        Wait::Task {
            name: "Review DE",
            person: CARA,
            outcome: "approve",
            form: &[],
        },
    ],
    outcome: "localized",
    released: |world, _| is_released(world),
    calm: localized,
    writes: &["edit", "create-album", "add-to-album"],
    engine_writes: &["start-process", "act-on-execution"],
    read: "read-asset",
    repeatable: &[],
    definition: DEFINITION,
    restart_signal: "restart",
    gone: "asset-gone",
    refused: Refused::Parks,
    new_version: NewVersion::Restarts,
    changed: || setup(CHANGED),
    written_field: "reviewed_version",
    idle_field: "review_comment",
    // The team has five working days.
    jump: Jump {
        by: Duration::from_secs(7 * DAY.as_secs() + 3 * HOUR.as_secs()),
        check: escalated,
        until_parked: Some(Duration::from_secs(8 * DAY.as_secs())),
    },
};

fault_matrix!(CASE);
