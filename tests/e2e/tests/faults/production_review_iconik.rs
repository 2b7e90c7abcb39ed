//! iconik-4: people open the review of a clip in the engine; both sides have something to say, what
//! they say is settled, and the clip is approved.

use std::collections::BTreeMap;
use std::time::Duration;

use forebay_e2e::{ANN, Asset, DAY, Dam, Flow, HOUR, ICONIK, Setup, World};
use forebay_simulators::iconik::NewAsset;
use serde_json::{Value, json};

use crate::matrix::{self, Case, Jump, NewVersion, Refused, Wait};

const DEFINITION: &str = "productionReview";

const FLOW: &str = r#"
key_prefix = "iconik-4"
routing = [{ to = { group = "brand-reviewers", sla = "3bd" } }]
"#;

/// Nothing is copied, and the DAM's panel decides.
const CHANGED: &str = r#"
key_prefix = "iconik-4"
sync = { comments = "none" }
decisions = { source = "dam", final = "dam" }
routing = [{ to = { group = "legal-dach", sla = "1bd" } }]
"#;

/// Fields that the tenant has not got yet.
const FIELDS: [&str; 2] = ["review_version", "review_round"];

/// Said in the DAM.
const THERE: &str = "Logo too small";
/// Said in the engine.
const HERE: &str = "Brighter, please";

fn setup(config: &str) -> Setup {
    Setup::of([Flow::new("iconik-4", "production-review", config).role("dam", ICONIK)])
}

fn start(world: &World) -> Asset {
    let clip = world
        .iconik
        .add_asset(NewAsset::new("spot.mov", "frames", "u1"));
    world.iconik.comment(&clip, "u1", THERE, Some(72_050), None);
    let form = json!({ "assetId": clip });
    let form = form.as_object().unwrap();
    let process = world
        .engine
        .start_process(DEFINITION, "form-1", form)
        .unwrap();
    world.engine.say(&process, ANN, HERE);
    Asset::Iconik(clip)
}

/// What stands on the clip.
fn comments(world: &World, asset: &Asset) -> Vec<(String, String)> {
    let text = |comment: &serde_json::Map<String, Value>, key: &str| {
        comment[key].as_str().unwrap_or_default().to_owned()
    };
    let comments = world.iconik.comments(&asset.id());
    let pairs = comments
        .iter()
        .map(|comment| (text(comment, "id"), text(comment, "segment_text")));
    pairs.collect()
}

fn are_copied(world: &World, asset: &Asset) -> bool {
    let there = comments(world, asset);
    let last = world.processes_of(DEFINITION).pop();
    let here = last.map_or_else(Vec::new, |process| world.engine.comments(&process.id));
    there.iter().any(|(_, text)| text.contains(HERE))
        && here.iter().any(|comment| comment.message.contains(THERE))
}

fn calm(world: &World, asset: &Asset, effects: &BTreeMap<String, u64>) {
    assert_eq!(effects["iconik: create-segment"], 1);
    assert_eq!(effects["opentext: comment"], 1);
    assert_eq!(effects.get("opentext: start-process"), None, "it was there");
    assert_eq!(effects["iconik: vote"], 1);
    let version = asset.version(world);
    assert_eq!(world.iconik_approval(&asset.id(), &version), "APPROVED");
}

const CASE: Case = Case {
    setup: || setup(FLOW),
    furnish: |world| {
        world.iconik.add_user("u1", "Uta Uploader", "token-of-uta");
        world.add_iconik_fields(&FIELDS);
    },
    dam: Dam::Iconik,
    start,
    // What people open in the engine is found by a run of its own.
    is_tried: |run| run.outcome.as_deref() != Some("opened"),
    waits: &[
        Wait::Deed {
            name: "comments are resolved",
            is_due: are_copied,
            act: |world, asset| {
                for (id, _) in comments(world, asset) {
                    assert!(world.iconik.resolve_comment(&id, "u1", true));
                }
            },
        },
        Wait::Task {
            name: "Review",
            person: ANN,
            outcome: "approve",
            form: &[],
        },
    ],
    outcome: "approved",
    released: |world, asset| world.iconik_field(&asset.id(), "review_state") == "approved",
    calm,
    writes: &[
        "write-metadata",
        "create-segment",
        "request-approval",
        "vote",
    ],
    engine_writes: &["act-on-execution", "set-variables", "add-comment"],
    read: "read-asset",
    repeatable: matrix::ASKED_AGAIN,
    definition: DEFINITION,
    restart_signal: "restart",
    gone: "asset-gone",
    refused: Refused::Parks,
    new_version: NewVersion::AsksAgain,
    changed: || setup(CHANGED),
    written_field: "reviewed_by",
    idle_field: "usage_rights",
    jump: Jump {
        by: Duration::from_secs(3 * DAY.as_secs() + 3 * HOUR.as_secs()),
        check: |world, audit| matrix::assert_escalated_once(world, audit, DEFINITION),
        until_parked: Some(Duration::from_secs(5 * DAY.as_secs())),
    },
};

fault_matrix!(CASE);
