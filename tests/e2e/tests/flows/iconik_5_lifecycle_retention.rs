//! iconik-5: media is archived, retained, expired or deleted by policy across storages, provably. The
//! acceptance scenarios of the use case, in virtual time, through the real host and components.

use std::time::Duration;

use forebay_e2e::{ANN, CARA, DAY, Flow, HOUR, ICONIK, MINUTE, Setup, World};
use forebay_model::run::{Run, RunState};
use forebay_simulators::common::{Fault, Rule};
use forebay_simulators::iconik::NewAsset;
use forebay_simulators::iconik::types::ArchiveOutcome;
use serde_json::json;

/// The configuration of the use case, with the tenant's names of storages.
const FLOW: &str = r#"
key_prefix = "iconik-5"
group_field = "project"
no_answer = "keep"
delete = {}
window = { zone = "UTC", hours = "20:00-06:00" }
actions = { archive = { status = "unchanged", album = "" }, expire = { acl_template = "no-access" } }
storages = { glacier-eu = { name = "Archive", class = "archive", region = "eu" }, edit-nas = { name = "Main", class = "online" } }
policies = [
    { name = "project-close", when = { project_state = "closed", age = ">30d" }, action = "archive", target = "glacier-eu", keep = "proxy" },
    { name = "raw-footage", when = { asset_type = "raw" }, retain = "3y", then = "delete", approvals = 2 },
    { name = "rights-end", when = { rights_end = "past" }, action = "expire" },
]
"#;

/// Fields of the use case that the simulated tenant does not have.
const FIELDS: [&str; 11] = [
    "project",
    "project_state",
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

/// Files of a project.
const FILES: usize = 500;

const DECIDE: &str = "Lifecycle review";
const AGREE: &str = "Agree to delete";

async fn world_of(limits: &str, lines: &str) -> World {
    let config = format!("{FLOW}{limits}\n");
    let flow = Flow::new("iconik-5", "lifecycle", &config)
        .role("dam", ICONIK)
        .lines(lines);
    // How fast iconik lets itself be called is not what this is about.
    let setup = Setup::of([flow]).settings(ICONIK, "requests_per_minute = 1000000");
    let world = World::start(setup).await.unwrap();
    world.lift_rates();
    world.engine.add_group("dam-admins", &[ANN, CARA]);
    world
        .iconik
        .add_template("no-access", &[("rights", &["read"])]);
    world.add_iconik_fields(&FIELDS);
    world
}

/// Files of a project that was closed; 31 days pass.
async fn project(world: &World, count: usize) -> Vec<String> {
    let file = |number: usize| {
        NewAsset::new(&format!("take-{number:03}.mxf"), "frames", "uta")
            .in_collection("Film")
            .with("project", "Film")
            .with("project_state", "closed")
    };
    let files: Vec<_> = (1..=count)
        .map(|number| world.iconik.add_asset(file(number)))
        .collect();
    world.clock.advance(31 * DAY);
    world.settle().await.unwrap();
    files
}

/// Raw footage older than three years.
async fn raw(world: &World) -> String {
    let footage = NewAsset::new("raw.mxf", "frames", "uta").with("asset_type", "raw");
    let asset = world.iconik.add_asset(footage);
    world.iconik.domain(|domain, _| {
        let found = domain.assets.get_mut(&asset).unwrap();
        found.created.0 -= 4 * 365 * DAY.as_millis() as i64;
    });
    world.settle().await.unwrap();
    asset
}

async fn scan(world: &World) {
    world
        .request("iconik-5", json!({ "scan": true }))
        .await
        .unwrap();
    world.settle().await.unwrap();
    world.minute().await.unwrap();
}

async fn run_of(world: &World, end: &str) -> Run {
    let mut runs = world.runs_of("iconik-5").await.unwrap();
    runs.retain(|run| run.business_key.ends_with(end));
    assert_eq!(runs.len(), 1, "{runs:#?}");
    runs.remove(0)
}

async fn answer(world: &World, task: &str, person: &str, outcome: &str) {
    world.decide(task, person, outcome, &[]).unwrap();
    world.minute().await.unwrap();
    world.minute().await.unwrap();
}

fn storages(world: &World, asset: &str) -> Vec<String> {
    let copies = world.iconik.copies(asset).into_iter();
    copies.map(|(storage, _)| storage).collect()
}

fn moves(world: &World) -> u64 {
    world
        .effects()
        .get("iconik: archive-format")
        .copied()
        .unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_5_lifecycle_retention_1_a_project_is_archived_over_three_nights() {
    // Three hours a move and ten hours a night: four rounds begin in each night.
    let world = world_of("limits = { concurrent_jobs = 50 }", "").await;
    let files = project(&world, FILES).await;
    scan(&world).await;
    assert_eq!(moves(&world), 0, "it is morning");
    let mut nights = Vec::new();
    for _ in 0..3 {
        let before = moves(&world);
        world.pass(DAY, HOUR).await.unwrap();
        nights.push(moves(&world) - before);
    }
    assert_eq!(nights, [200, 200, 100], "50 at once, 4 times in a night");
    let run = run_of(&world, ":project-close:Film").await;
    assert_eq!(
        (run.state, run.outcome.as_deref()),
        (RunState::Completed, Some("archived"))
    );
    for file in &files {
        assert_eq!(storages(&world, file), ["Archive"]);
        assert_eq!(world.iconik_field(file, "lifecycle_state"), "archived");
        assert_eq!(world.iconik_field(file, "archive_location"), "Archive");
    }
    let audit = world.audit(&run).await.unwrap();
    let archived = audit.iter().filter(|entry| entry.action == "archived");
    assert_eq!(archived.count(), FILES);
}

/// What the audit says of failures, for a test that fails.
async fn failures(world: &World, run: &Run) -> Vec<String> {
    let audit = world.audit(run).await.unwrap();
    let failed = audit.iter().filter(|entry| entry.action == "failed");
    failed.map(|entry| format!("{:?}", entry.details)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_5_lifecycle_retention_2_a_copy_that_differs_keeps_its_original() {
    let world = world_of("limits = { concurrent_jobs = 250 }", "").await;
    let files = project(&world, FILES).await;
    world
        .iconik
        .set_archive_outcome(&files[3], ArchiveOutcome::ChecksumDiffers);
    scan(&world).await;
    world.pass(DAY, HOUR).await.unwrap();
    let run = run_of(&world, ":project-close:Film").await;
    assert_eq!(
        run.state,
        RunState::Parked,
        "{:?}",
        failures(&world, &run).await
    );
    assert!(storages(&world, &files[3]).contains(&"Main".to_owned()));
    assert_ne!(world.iconik_field(&files[3], "lifecycle_state"), "archived");
    for file in files.iter().filter(|file| **file != files[3]) {
        assert_eq!(storages(&world, file), ["Archive"]);
    }
}

/// Raw footage is in the delete queue.
async fn queued(world: &World) -> String {
    let asset = raw(world).await;
    scan(world).await;
    assert_eq!(
        world.open_stages(),
        [DECIDE],
        "{:#?}",
        world.runs().await.unwrap()
    );
    answer(world, DECIDE, ANN, "delete").await;
    assert_eq!(world.iconik.asset(&asset).unwrap().status, "DELETED");
    asset
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_5_lifecycle_retention_3_a_hold_in_the_queue_prevents_the_purge() {
    let world = world_of("", "").await;
    let asset = queued(&world).await;
    world.pass(10 * DAY, 12 * HOUR).await.unwrap();
    world.iconik.set_field(&asset, "legal_hold", "yes", "uta");
    world.pass(21 * DAY, 12 * HOUR).await.unwrap();
    if world.open_stages() == [AGREE] {
        answer(&world, AGREE, CARA, "approve").await;
    }
    assert_eq!(world.effects().get("iconik: purge-asset"), None);
    assert_eq!(world.iconik.asset(&asset).unwrap().status, "ACTIVE");
    assert_eq!(world.iconik_field(&asset, "lifecycle_state"), "held");
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_5_lifecycle_retention_4_a_stop_after_the_job_was_issued_leaves_one_job() {
    let mut world = world_of("", "").await;
    let files = project(&world, 1).await;
    scan(&world).await;
    let until = world.clock_now().0;
    // Just before the window opens.
    let midnight = until - until.rem_euclid(DAY.as_millis() as i64);
    let opens = midnight + 20 * HOUR.as_millis() as i64;
    let wait = u64::try_from(opens - until).unwrap();
    world.clock.advance(Duration::from_millis(wait + 1));
    let all_done = world.crash_at_effect(0).await.unwrap();
    assert!(!all_done, "it is stopped right after the job was issued");
    world.restart().await.unwrap();
    world.pass(10 * HOUR, 30 * MINUTE).await.unwrap();
    assert_eq!(moves(&world), 1);
    assert_eq!(
        world
            .iconik
            .jobs(&files[0])
            .iter()
            .filter(|job| job["type"] == "ARCHIVE")
            .count(),
        1
    );
    assert_eq!(storages(&world, &files[0]), ["Archive"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_5_lifecycle_retention_4_nor_does_a_lost_answer_make_another() {
    let world = world_of("", "").await;
    let files = project(&world, 1).await;
    world
        .iconik
        .frame()
        .faults()
        .add(Rule::once("archive-format", Fault::CommitThenTimeout));
    scan(&world).await;
    world.endure(DAY, 30 * MINUTE).await.unwrap();
    assert_eq!(moves(&world), 1);
    assert_eq!(storages(&world, &files[0]), ["Archive"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_5_lifecycle_retention_5_a_purge_waits_for_the_last_storage() {
    let world = world_of("", "").await;
    let asset = raw(&world).await;
    assert!(world.iconik.add_copy(&asset, "Nearline"));
    scan(&world).await;
    answer(&world, DECIDE, ANN, "delete").await;
    world.pass(31 * DAY, 12 * HOUR).await.unwrap();
    world.iconik.set_reachable("Nearline", false);
    answer(&world, AGREE, CARA, "approve").await;
    world.pass(2 * DAY, 6 * HOUR).await.unwrap();
    let end = format!(":raw-footage:{asset}");
    let run = run_of(&world, &end).await;
    assert!(run.outcome.is_none(), "{run:#?}");
    world.iconik.set_reachable("Nearline", true);
    world.pass(2 * HOUR, 15 * MINUTE).await.unwrap();
    let run = run_of(&world, &end).await;
    assert_eq!(
        (run.state, run.outcome.as_deref()),
        (RunState::Completed, Some("deleted"))
    );
    assert!(
        world
            .iconik
            .asset(&asset)
            .is_none_or(|asset| asset.status == "PURGED")
    );
    let audit = world.audit(&run).await.unwrap();
    assert_eq!(
        audit
            .iter()
            .filter(|entry| entry.action == "deleted")
            .count(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_5_lifecycle_retention_6_without_an_answer_nothing_is_deleted() {
    let world = world_of("", "").await;
    let asset = raw(&world).await;
    world.engine.add_group("dam-leads", &[CARA]);
    scan(&world).await;
    world.pass(30 * DAY, 12 * HOUR).await.unwrap();
    let run = run_of(&world, &format!(":raw-footage:{asset}")).await;
    assert_eq!(run.outcome.as_deref(), Some("kept"), "{run:#?}");
    assert_eq!(world.iconik.asset(&asset).unwrap().status, "ACTIVE");
    assert_eq!(world.effects().get("iconik: delete-asset"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_5_lifecycle_retention_observing_writes_nothing() {
    let world = world_of("", "mode = \"observe\"").await;
    project(&world, 3).await;
    raw(&world).await;
    scan(&world).await;
    world.pass(DAY, HOUR).await.unwrap();
    let effects = world.effects();
    assert!(
        effects
            .keys()
            .all(|effect| !effect.contains("archive") && !effect.contains("delete")),
        "{effects:?}"
    );
    assert_eq!(world.processes_of("lifecycleReview").len(), 0);
    let run = run_of(&world, ":project-close:Film").await;
    assert_eq!(run.outcome.as_deref(), Some("observed"));
}
