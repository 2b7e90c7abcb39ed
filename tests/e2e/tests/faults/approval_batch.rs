//! iconik-1, scenario 6: two clips of one card are decided about in one process; one of them is
//! followed.
//!
//! What differs from a clip alone is told below: a clip that is deleted or gets a new version leaves its
//! batch while the other stays (F8, F10), and a field that is taken away parks both runs (F13). The run
//! of the batch knows the engine only, and comes to its end there while the DAM refuses the runs of the
//! clips (F7). Everything else may go wrong here as it does for one clip.

use std::collections::BTreeMap;
use std::time::Duration;

use forebay_e2e::{ANN, Asset, DAY, Dam, Flow, HOUR, ICONIK, MINUTE, Setup, World};
use forebay_model::run::{Run, RunState};
use forebay_simulators::iconik::NewAsset;

use crate::matrix::{Case, Jump, NewVersion, Refused, Wait};

const DEFINITION: &str = "assetApprovalBatch";
/// The review of a clip that is alone.
const ALONE: &str = "assetApproval";

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
    f4_waits_as_long_as_it_is_told: vendors::too_many_requests,
    f5_outlasts_an_outage: vendors::outage,
    f6_looks_before_it_repeats: vendors::answers_lost,
    f7_waits_for_its_credentials: vendors::credentials_revoked_of_the_dam_or_all,
    f8_goes_on_when_its_asset_comes_back: subject::deleted_and_restored,
    f9_parks_when_its_process_is_terminated: subject::terminated,
    f11_keeps_the_configuration_it_started_with: host::configuration_changed,
    f12_timers_fire_once_after_a_jump: host::clock_jumps,
    f12_timers_due_while_down_fire_once: host::clock_jumps_while_down,
    f14_polls_alone_do: events::poll_only,
}

/// The run of this clip.
async fn run_of(world: &World, clip: &str) -> Run {
    let mut runs = world.runs().await.unwrap();
    runs.retain(|run| run.title == clip);
    assert_eq!(runs.len(), 1, "{runs:#?}");
    runs.remove(0)
}

/// The clip has come to its end, with this outcome.
async fn assert_ended(world: &World, clip: &str, state: RunState, outcome: &str) {
    let run = run_of(world, clip).await;
    let ended = (run.state, run.outcome.as_deref());
    assert_eq!(ended, (state, Some(outcome)), "{run:#?}");
}

/// What has happened at the DAM.
fn at_the_dam(world: &World) -> BTreeMap<String, u64> {
    let mut effects = world.effects();
    effects.retain(|effect, _| effect.starts_with("iconik"));
    effects
}

/// The questions that are open about clips; what uploaders are told does not count.
fn questions(world: &World) -> Vec<String> {
    let mut open = world.open_stages();
    open.retain(|name| name == "technical");
    open
}

fn decide(world: &World, asset: &Asset) {
    CASE.waits[0].end(world, asset);
}

#[tokio::test(flavor = "multi_thread")]
async fn f8_a_deleted_clip_leaves_its_batch_and_the_other_stays() {
    let world = CASE.world().await;
    let asset = CASE.waiting_at(&world, 0).await;
    let before = at_the_dam(&world);
    asset.delete(&world).unwrap();
    CASE.until(&world, RunState::Cancelled).await;
    assert_ended(&world, FIRST, RunState::Cancelled, "asset-gone").await;
    assert_eq!(at_the_dam(&world), before);
    world.endure(5 * MINUTE, MINUTE).await.unwrap();
    assert_eq!(
        world.open_stages(),
        ["technical"],
        "the other is asked about"
    );

    decide(&world, &asset);
    world.endure(10 * MINUTE, MINUTE).await.unwrap();
    assert_ended(&world, SECOND, RunState::Completed, "approved").await;
    assert!(!(CASE.released)(&world, &asset));
    assert_eq!(world.effects()["iconik: vote"], 1);
    assert_eq!(world.processes_of(DEFINITION).len(), 1);
    assert_eq!(questions(&world), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn f8_nobody_is_asked_any_more_when_all_clips_are_deleted() {
    let world = CASE.world().await;
    let asset = CASE.waiting_at(&world, 0).await;
    let second = Asset::Iconik(run_of(&world, SECOND).await.subject.id);
    asset.delete(&world).unwrap();
    second.delete(&world).unwrap();
    CASE.until(&world, RunState::Cancelled).await;
    world.endure(5 * MINUTE, MINUTE).await.unwrap();
    for clip in [FIRST, SECOND] {
        assert_ended(&world, clip, RunState::Cancelled, "asset-gone").await;
    }
    assert_eq!(questions(&world), [""; 0]);
    let live = world.runs().await.unwrap();
    assert!(!live.iter().any(|run| run.state.is_live()), "{live:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f8_who_is_left_when_the_window_closes_is_reviewed_alone() {
    let world = CASE.world().await;
    let asset = (CASE.start)(&world);
    world.settle().await.unwrap();
    world.endure(2 * MINUTE, MINUTE).await.unwrap();
    assert_eq!(world.processes_of(DEFINITION).len(), 0, "still gathering");
    asset.delete(&world).unwrap();
    CASE.until(&world, RunState::Cancelled).await;
    world.endure(30 * MINUTE, MINUTE).await.unwrap();
    assert_eq!(questions(&world), ["technical"]);
    decide(&world, &asset);
    world.endure(10 * MINUTE, MINUTE).await.unwrap();
    assert_ended(&world, FIRST, RunState::Cancelled, "asset-gone").await;
    assert_ended(&world, SECOND, RunState::Completed, "approved").await;
    let reviews = [DEFINITION, ALONE].map(|review| world.processes_of(review).len());
    assert_eq!(reviews.iter().sum::<usize>(), 1, "{reviews:?}");
    assert_eq!(world.effects()["iconik: vote"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn f10_a_new_version_leaves_its_batch_and_is_reviewed_alone() {
    let world = CASE.world().await;
    let asset = CASE.waiting_at(&world, 0).await;
    let old = asset.version(&world);
    asset.add_version(&world).unwrap();
    // Both are decided about before the host learns of the version.
    decide(&world, &asset);
    world.endure(5 * MINUTE, MINUTE).await.unwrap();
    assert_ended(&world, SECOND, RunState::Completed, "approved").await;
    assert!(!(CASE.released)(&world, &asset), "it was about {old}");
    assert_ne!(world.iconik_approval(&asset.id(), &old), "APPROVED");

    world.endure(20 * MINUTE, MINUTE).await.unwrap();
    assert_eq!(questions(&world), ["technical"]);
    decide(&world, &asset);
    CASE.until(&world, RunState::Completed).await;
    world.endure(5 * MINUTE, MINUTE).await.unwrap();
    assert_ended(&world, FIRST, RunState::Completed, "approved").await;
    assert!((CASE.released)(&world, &asset));
    let new = asset.version(&world);
    assert_eq!(world.iconik_approval(&asset.id(), &new), "APPROVED");
    assert_eq!(world.effects()["iconik: vote"], 2, "one for each");
    assert_eq!(world.processes_of(DEFINITION).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn f13_both_runs_park_when_a_mapped_field_is_gone() {
    let world = CASE.world().await;
    let asset = CASE.waiting_at(&world, 0).await;
    let removed = CASE.dam.remove_field(&world, CASE.written_field).unwrap();
    let before = at_the_dam(&world);
    decide(&world, &asset);
    world.endure(10 * MINUTE, MINUTE).await.unwrap();
    assert_eq!(at_the_dam(&world), before, "nothing is written by half");
    let parked = [run_of(&world, FIRST).await, run_of(&world, SECOND).await];
    removed.put_back(&world);
    for run in &parked {
        let reason = run.park_reason.clone().unwrap();
        assert!(reason.message.contains(CASE.written_field), "{reason:#?}");
        world.retry(run).await.unwrap();
    }
    CASE.until(&world, RunState::Completed).await;
    world.endure(5 * MINUTE, MINUTE).await.unwrap();
    assert_ended(&world, SECOND, RunState::Completed, "approved").await;
    CASE.assert_once(&world, &asset).await;
}
