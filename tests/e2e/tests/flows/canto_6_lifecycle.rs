//! canto-6: assets leave active use when their time is over, by policy, with notice. The acceptance
//! scenarios of the use case, in virtual time, through the real host and components.

use forebay_e2e::{ANN, CANTO, CARA, DAY, ENGINE, Flow, HOUR, MINUTE, Setup, World};
use forebay_model::Timestamp;
use forebay_model::run::{Run, RunState};
use forebay_simulators::canto::NewAsset;
use forebay_simulators::canto::values::ContentId;
use serde_json::json;

/// The configuration of the use case; all else is default.
const FLOW: &str = r#"
key_prefix = "canto-6"
routing = [{ when = {}, to = { group = "archivists", sla = "3bd" } }]
"#;

/// What Canto does not document and the tenant's administrator found out.
const TRASH: &str = r#"lifecycle = { trash_path = "/api/v1/trash", purge = { method = "DELETE", path = "/api/v1/trash", body = '[{"scheme":"{scheme}","id":"{id}"}]' } }"#;

/// The question that is asked first.
const DECIDE: &str = "Lifecycle review";
/// The question to the second person.
const AGREE: &str = "Agree to delete";
/// What is archived at once in the largest scenario.
const ITEMS: usize = 2_000;
/// More than 14 days before the start.
const ENDED: &str = "2026-10-28";

fn setup(lines: &str) -> Setup {
    let flow = Flow::new("canto-6", "lifecycle", FLOW).role("dam", CANTO);
    Setup::of([flow.lines(lines)]).settings(CANTO, TRASH)
}

/// A campaign's worth of calls: how fast Canto lets itself be called is not what this is about.
const FAST: &str = "level_4_per_minute = 1000000";

async fn world_of(lines: &str) -> World {
    world_with(setup(lines)).await
}

async fn world_with(setup: Setup) -> World {
    let world = World::start(setup).await.unwrap();
    world.engine.add_group("archivists", &[ANN, CARA]);
    world
}

/// Approved assets of the campaign Spring, filed in its album for a year.
fn campaign(world: &World, count: usize) -> Vec<ContentId> {
    let year_ago = Timestamp(world.clock_now().0 - 365 * DAY.as_millis() as i64);
    let image = |number: usize| {
        NewAsset::new(&format!("spring-{number:04}.jpg"), "pixels", "u1")
            .in_album("/Live/Spring")
            .approved(None)
            .since(year_ago)
            .with("campaign", "Spring")
            .with("campaign_end", ENDED)
            .with("campaign_owner", ANN)
    };
    let add = |world: &World| {
        let images = (1..=count).map(|number| world.canto_add(image(number)).unwrap());
        images.collect()
    };
    world.unheard(add)
}

async fn scan(world: &World) {
    world
        .request("canto-6", json!({ "scan": true }))
        .await
        .unwrap();
    world.settle().await.unwrap();
    world.minute().await.unwrap();
}

/// The review of a campaign of so many assets is open.
async fn under_review(count: usize) -> (World, Vec<ContentId>) {
    review_in(world_of("").await, count).await
}

async fn review_in(world: World, count: usize) -> (World, Vec<ContentId>) {
    let assets = campaign(&world, count);
    scan(&world).await;
    assert_eq!(
        world.open_stages(),
        [DECIDE],
        "{:#?}",
        world.runs().await.unwrap()
    );
    (world, assets)
}

async fn answer(world: &World, task: &str, person: &str, outcome: &str, form: &[(&str, &str)]) {
    world.decide(task, person, outcome, form).unwrap();
    world.minute().await.unwrap();
    world.minute().await.unwrap();
}

/// The review itself, not the scan.
async fn review(world: &World) -> Run {
    let mut runs = world.runs_of("canto-6").await.unwrap();
    runs.retain(|run| run.business_key.ends_with(":campaign-end:Spring"));
    assert_eq!(runs.len(), 1, "{runs:#?}");
    runs.remove(0)
}

fn list(assets: &[ContentId]) -> String {
    let ids: Vec<_> = assets.iter().map(ToString::to_string).collect();
    ids.join(",")
}

fn text_of_task(world: &World) -> String {
    let task = world.open_tasks().remove(0);
    let text = task.locals.iter().find(|local| local.name == "text");
    text.unwrap().value.as_str().unwrap().to_owned()
}

fn year(world: &World) -> String {
    let albums = "/Archive/2026/Spring".to_owned();
    assert!(world.clock_now().to_string().starts_with("2026"));
    albums
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_6_lifecycle_1_archive_extend_and_delete_each_end_so() {
    let (world, assets) = under_review(120).await;
    let (extend, delete) = (list(&assets[100..115]), list(&assets[115..]));
    let form = [
        ("extend", extend.as_str()),
        ("delete", delete.as_str()),
        ("until", "2027-06-30"),
        ("reason", "still on air"),
    ];
    let archive = year(&world);
    answer(&world, DECIDE, ANN, "archive", &form).await;
    for asset in &assets[..100] {
        assert_eq!(world.canto_status(asset), "Restricted");
        assert_eq!(world.canto.albums_of(asset), std::slice::from_ref(&archive));
        assert_eq!(world.canto_field(asset, "lifecycle_state"), "archived");
    }
    for asset in &assets[100..115] {
        assert_eq!(world.canto_status(asset), "Approved");
        assert_eq!(world.canto_field(asset, "lifecycle_until"), "2027-06-30");
    }
    let effects = world.effects();
    assert_eq!(effects["canto: set-status"], 100);
    assert_eq!(effects["canto: add-to-album"], 100);
    assert_eq!(effects.get("canto: delete-content"), None);

    // Nobody agrees with themselves.
    assert_eq!(world.open_stages(), [AGREE]);
    assert!(
        world.decide(AGREE, ANN, "approve", &[]).is_err() || {
            world.minute().await.unwrap();
            world.open_stages() == [AGREE]
        }
    );
    assert_eq!(world.canto_status(&assets[115]), "Approved");
    answer(&world, AGREE, CARA, "approve", &[]).await;
    assert_eq!(world.canto_status(&assets[115]), "Restricted");
    assert_eq!(
        world.canto_field(&assets[115], "lifecycle_state"),
        "deletion-pending"
    );
    world.pass(29 * DAY, 6 * HOUR).await.unwrap();
    assert!(
        assets[115..]
            .iter()
            .all(|asset| world.canto.asset(asset).is_some())
    );
    world.pass(2 * DAY, 6 * HOUR).await.unwrap();
    assert!(
        assets[115..]
            .iter()
            .all(|asset| world.canto.asset(asset).is_none())
    );
    assert_eq!(world.effects()["canto: purge-content"], 5);

    let run = review(&world).await;
    assert_eq!(
        (run.state, run.outcome.as_deref()),
        (RunState::Completed, Some("completed"))
    );
    assert_eq!(
        run.summary.as_deref(),
        Some("100 archived, 15 extended, 5 deleted")
    );
    let audit = world.audit(&run).await.unwrap();
    let deleted: Vec<_> = audit
        .iter()
        .filter(|entry| entry.action == "deleted")
        .collect();
    assert_eq!(deleted.len(), 5);
    let proof = serde_json::to_string(&deleted[0].details).unwrap();
    assert!(proof.contains(ANN) && proof.contains(CARA), "{proof}");
    let runs = world.runs_of("canto-6").await.unwrap();
    assert!(
        runs.iter()
            .any(|run| run.business_key.ends_with(":until:2027-06-30"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_6_lifecycle_2_a_hold_during_the_grace_stops_the_deletion() {
    let (world, assets) = under_review(2).await;
    let first = assets[0].to_string();
    answer(&world, DECIDE, ANN, "evergreen", &[("delete", &first)]).await;
    answer(&world, AGREE, CARA, "approve", &[]).await;
    world.pass(20 * DAY, 12 * HOUR).await.unwrap();
    world
        .canto
        .set_field(&assets[0], "legal_hold", "yes", "u1")
        .unwrap();
    world.pass(12 * DAY, 12 * HOUR).await.unwrap();
    assert!(world.canto.asset(&assets[0]).is_some());
    assert_eq!(world.canto_field(&assets[0], "lifecycle_state"), "held");
    assert_eq!(world.effects().get("canto: delete-content"), None);
    let run = review(&world).await;
    assert_eq!(run.summary.as_deref(), Some("1 evergreen, 1 held"));
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_6_lifecycle_3_silence_archives_and_never_deletes() {
    let (world, assets) = under_review(3).await;
    world.engine.add_group("dam-leads", &[CARA]);
    world.pass(20 * DAY, 6 * HOUR).await.unwrap();
    let run = review(&world).await;
    assert_eq!(run.outcome.as_deref(), Some("archived"), "{run:#?}");
    for asset in &assets {
        assert_eq!(world.canto_field(asset, "lifecycle_state"), "archived");
    }
    assert_eq!(world.effects().get("canto: delete-content"), None);
    let audit = world.audit(&run).await.unwrap();
    assert!(audit.iter().any(|entry| entry.action == "escalated"));
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_6_lifecycle_4_a_stop_in_the_middle_handles_each_item_once() {
    let world = world_with(setup("").settings(CANTO, FAST)).await;
    world.lift_rates();
    let (mut world, assets) = review_in(world, ITEMS).await;
    world.decide(DECIDE, ANN, "archive", &[]).unwrap();
    world.poll(ENGINE).await.unwrap();
    let all_done = world.crash_at_effect(700).await.unwrap();
    assert!(!all_done, "it is stopped in the middle");
    world.restart().await.unwrap();
    world.pass(HOUR, 10 * MINUTE).await.unwrap();
    for asset in &assets {
        assert_eq!(world.canto_field(asset, "lifecycle_state"), "archived");
    }
    let effects = world.effects();
    for effect in ["set-status", "add-to-album", "remove-from-album"] {
        assert_eq!(effects[&format!("canto: {effect}")], ITEMS as u64);
    }
    assert_eq!(review(&world).await.outcome.as_deref(), Some("archived"));
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_6_lifecycle_5_an_asset_of_a_running_campaign_is_left_out() {
    let world = world_of("").await;
    let assets = campaign(&world, 3);
    let summer = NewAsset::new("summer.jpg", "pixels", "u1")
        .in_album("/Campaigns/Summer")
        .with("campaign", "Summer")
        .with("campaign_end", "2027-09-30");
    world.canto.add_asset(summer).unwrap();
    world
        .canto
        .put_into(&assets[1], "/Campaigns/Summer", "u1")
        .unwrap();
    scan(&world).await;
    let text = text_of_task(&world);
    let shown = format!(
        "{} spring-0002.jpg: used by the running campaign \"Summer\"",
        assets[1]
    );
    assert!(text.contains(&shown), "{text}");
    answer(&world, DECIDE, ANN, "archive", &[]).await;
    assert_eq!(world.canto_status(&assets[0]), "Restricted");
    assert_eq!(world.canto_status(&assets[1]), "Approved");
    assert_eq!(
        review(&world).await.summary.as_deref(),
        Some("2 archived, 1 kept")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_6_lifecycle_6_a_campaign_that_is_extended_supersedes_its_review() {
    let (world, assets) = under_review(3).await;
    world
        .canto
        .set_field(&assets[1], "campaign_end", "2027-03-31", "u1")
        .unwrap();
    world.settle().await.unwrap();
    world.minute().await.unwrap();
    let run = review(&world).await;
    assert_eq!(
        (run.state, run.outcome.as_deref()),
        (RunState::Completed, Some("superseded"))
    );
    assert_eq!(world.open_stages(), [""; 0]);
    let processes = world.processes_of("lifecycleReview");
    assert_eq!(processes.len(), 1);
    assert_eq!(
        world.canto.frame().recorder().calls_of("edit").len(),
        0,
        "no asset was changed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_6_lifecycle_observing_writes_nothing() {
    let world = world_of("mode = \"observe\"").await;
    campaign(&world, 3);
    scan(&world).await;
    let run = review(&world).await;
    assert_eq!(run.outcome.as_deref(), Some("observed"));
    assert_eq!(world.effects().len(), 0, "{:?}", world.effects());
    assert_eq!(world.processes_of("lifecycleReview").len(), 0);
}
