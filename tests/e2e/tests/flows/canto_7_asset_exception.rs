//! canto-7: every defect becomes a task that is followed until the asset is right. The acceptance
//! scenarios of the use case, in virtual time, through the real host and components.

use forebay_e2e::{ANN, CANTO, DAY, Flow, HOUR, MINUTE, Setup, World};
use forebay_model::run::{Run, RunState};
use forebay_simulators::canto::values::ContentId;
use forebay_simulators::canto::{NewAsset, picture};
use serde_json::json;

/// The configuration of the use case.
const FLOW: &str = r#"
key_prefix = "canto-7"
correction = { approval = "canto-1" }
waived_by = ["hugo@example.test"]
users = { "u1" = "uploader@example.test", "Uta Uploader" = "uploader@example.test" }
rules = [
    { id = "min-size", when = { scheme = "image" }, require = "width>=3000 and height>=2000", severity = "high", fix = "Deliver at least 3000x2000 px", format = ["tif", "psd"] },
    { id = "needs-market", require = "market != null", severity = "medium" },
]
"#;

/// The approval of corrected assets; nothing begins it but a request.
const APPROVAL: &str = r#"
triggers = { created = false, new_version = false, actions = false }
stages = [{ name = "brand", policy = "any" }]
routing = [{ when = {}, to = { group = "brand-reviewers", sla = "3bd" } }]
"#;

/// The uploader.
const UTA: &str = "uploader@example.test";
/// May waive.
const HUGO: &str = "hugo@example.test";
/// The question to who uploaded the asset.
const MEND: &str = "Mend an asset";

fn setup(config: &str) -> Setup {
    let config = format!("{config}\n{FLOW}");
    let flow = Flow::new("canto-7", "asset-exception", &config).role("dam", CANTO);
    Setup::of([flow, Flow::approval("canto-1", CANTO, APPROVAL)])
}

async fn world() -> World {
    world_with("").await
}

/// With these lines before the others of the configuration.
async fn world_with(config: &str) -> World {
    let world = World::start(setup(config)).await.unwrap();
    world.canto.add_user("u1", "Uta Uploader");
    world
}

/// Upload a picture of 800 by 600 pixels without a market.
async fn upload(world: &World) -> ContentId {
    let small = NewAsset::picture("small.png", 800, 600, "u1").in_album("/Live");
    let asset = world.canto.add_asset(small).unwrap();
    world.settle().await.unwrap();
    world.pass(5 * MINUTE, MINUTE).await.unwrap();
    asset
}

/// Until the uploader is asked.
async fn defect(world: &World) -> ContentId {
    let asset = upload(world).await;
    assert_eq!(
        world.open_stages(),
        [MEND],
        "{:#?}",
        world.runs().await.unwrap()
    );
    asset
}

/// Deliver another version of this size, and let it be checked.
async fn deliver(world: &World, asset: &ContentId, width: u32, height: u32) {
    let file = picture::png(width, height);
    world.canto.upload_file_version(asset, file, "u1");
    world.pass(5 * MINUTE, MINUTE).await.unwrap();
}

fn set_market(world: &World, asset: &ContentId, market: &str) {
    world
        .canto
        .set_field(asset, "market", json!([market]), "u1")
        .unwrap();
}

/// The case; there is no other.
async fn case(world: &World) -> Run {
    let mut runs = world.runs_of("canto-7").await.unwrap();
    assert_eq!(runs.len(), 1, "{runs:#?}");
    runs.remove(0)
}

/// How often an action stands in the audit of a run.
async fn count(world: &World, run: &Run, action: &str) -> usize {
    let entries = world.audit(run).await.unwrap();
    entries
        .iter()
        .filter(|entry| entry.action == action)
        .count()
}

/// What stands on the only open task.
fn text_of_task(world: &World) -> String {
    let task = world.open_tasks().remove(0);
    let text = task.locals.iter().find(|local| local.name == "text");
    text.unwrap().value.as_str().unwrap().to_owned()
}

/// The points that the process shows.
fn issues(world: &World) -> String {
    let process = world.processes_of("assetException").remove(0);
    let issues = process.variables.iter().find(|one| one.name == "issues");
    issues.unwrap().value.as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_7_asset_exception_1_one_exception_lists_both_points() {
    let world = world().await;
    let asset = defect(&world).await;
    let task = world.open_tasks().remove(0);
    assert!(task.due_at.is_some(), "a deadline");
    assert_eq!(task.assignee.as_deref(), Some(UTA));
    let text = text_of_task(&world);
    for words in [
        "min-size",
        "width is 800, height is 600",
        "Deliver at least 3000x2000 px (tif, psd)",
        "needs-market",
    ] {
        assert!(text.contains(words), "{words} in {text}");
    }
    assert_eq!(world.processes_of("assetException").len(), 1);
    assert_eq!(case(&world).await.state, RunState::Waiting);
    assert_eq!(world.canto_status(&asset), "Restricted");
    assert_eq!(world.canto_field(&asset, "exception_state"), "open");
    assert_ne!(world.canto_field(&asset, "exception_due"), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_7_asset_exception_2_it_closes_after_the_corrected_version_is_approved() {
    let world = world().await;
    let asset = defect(&world).await;
    set_market(&world, &asset, "DE");
    deliver(&world, &asset, 3200, 2100).await;
    assert_eq!(world.open_stages(), ["brand"], "the approval");
    assert_eq!(case(&world).await.state, RunState::Waiting);
    assert_ne!(world.canto_field(&asset, "exception_state"), "closed");

    world.decide("brand", ANN, "approved", &[]).unwrap();
    world.pass(2 * MINUTE, MINUTE).await.unwrap();
    let case = case(&world).await;
    assert_eq!(
        (case.state, case.outcome.as_deref()),
        (RunState::Completed, Some("corrected"))
    );
    let approval = world.runs_of("canto-1").await.unwrap().remove(0);
    assert_eq!(approval.outcome.as_deref(), Some("approved"));
    assert_eq!(world.canto_field(&asset, "exception_state"), "closed");
    assert_eq!(world.canto_status(&asset), "Approved");
    assert_eq!(
        world.canto_field(&asset, "reviewed_version"),
        world.canto.asset(&asset).unwrap().current().id
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_7_asset_exception_3_what_is_still_wrong_comes_back_as_round_two() {
    let world = world().await;
    let asset = defect(&world).await;
    set_market(&world, &asset, "DE");
    deliver(&world, &asset, 2000, 1000).await;
    assert_eq!(world.open_stages(), [MEND]);
    let text = text_of_task(&world);
    assert!(
        text.contains("width is 2000") && !text.contains("needs-market"),
        "{text}"
    );
    let task = world.open_tasks().remove(0);
    let title = task.description.unwrap();
    assert!(title.contains("round 2"), "{title}");
    assert_eq!(world.processes_of("assetException").len(), 1);
    assert_eq!(world.canto_status(&asset), "Restricted");
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_7_asset_exception_4_a_missing_line_is_found_and_closes_by_itself() {
    let world = world().await;
    // Friday, 4 December: ten business days before are Friday, 20 November.
    let line = json!({ "expected": {
        "line": "spring/hero", "match": { "campaign": "spring", "asset_type": "hero" }, "due": "2026-12-04",
    }});
    world.request("canto-7", line).await.unwrap();
    world.settle().await.unwrap();
    world.pass(3 * DAY, HOUR).await.unwrap();
    assert_eq!(world.open_stages(), [""; 0], "not earlier");
    world.pass(2 * DAY, HOUR).await.unwrap();
    assert_eq!(world.open_stages(), ["Deliver an asset"]);

    let hero = NewAsset::picture("hero.png", 4000, 3000, "u1")
        .with("campaign", "spring")
        .with("asset_type", "hero")
        .with("market", json!(["DE"]));
    let hero = world.canto.add_asset(hero).unwrap();
    world.pass(HOUR, 10 * MINUTE).await.unwrap();
    assert_eq!(world.open_stages(), ["Deliver an asset"], "not approved");
    world.canto.set_status(&hero, "Approved", "u1").unwrap();
    world.pass(HOUR, 10 * MINUTE).await.unwrap();
    assert_eq!(world.open_stages(), [""; 0]);
    let runs = world.runs_of("canto-7").await.unwrap();
    let line = runs
        .iter()
        .find(|run| run.business_key.contains("expected"));
    assert_eq!(line.unwrap().outcome.as_deref(), Some("arrived"));
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_7_asset_exception_5_edits_within_a_minute_show_one_result() {
    let world = world().await;
    let asset = defect(&world).await;
    let run = case(&world).await;
    assert!(issues(&world).contains("market"));
    for market in ["DE", "FR", "IT"] {
        set_market(&world, &asset, market);
        let moment = MINUTE / 4;
        world.pass(moment, moment).await.unwrap();
    }
    assert_eq!(count(&world, &run, "rechecked").await, 0, "gathered");
    world.pass(5 * MINUTE, MINUTE).await.unwrap();
    assert_eq!(count(&world, &run, "rechecked").await, 1);
    assert!(!issues(&world).contains("market"), "{}", issues(&world));
    assert!(issues(&world).contains("width is 800"));
    assert_eq!(world.open_stages(), [MEND]);
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_7_asset_exception_6_a_waiver_ends_with_its_date() {
    let world = world_with("assign = { to = \"rework\" }").await;
    world.engine.add_group("rework", &[ANN, HUGO]);
    let asset = defect(&world).await;
    let form = [("until", "2027-03-31"), ("reason", "poster only")];
    world.decide(MEND, ANN, "waive", &form).unwrap();
    world.minute().await.unwrap();
    assert!(text_of_task(&world).contains("may not waive"));
    world.decide(MEND, HUGO, "waive", &form).unwrap();
    world.minute().await.unwrap();
    assert_eq!(world.open_stages(), [""; 0]);
    assert_eq!(world.canto_field(&asset, "exception_state"), "waived");

    world.pass(134 * DAY, DAY).await.unwrap();
    assert_eq!(world.open_stages(), [""; 0], "until 31 March");
    world.pass(2 * DAY, 12 * HOUR).await.unwrap();
    assert_eq!(world.open_stages(), [MEND]);
    assert!(text_of_task(&world).contains("The waiver has ended"));
    assert_eq!(world.canto_field(&asset, "exception_state"), "open");
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_7_asset_exception_observing_writes_nothing() {
    let mut setup = setup("");
    let flow = setup.flows.remove(0);
    setup.flows.push(flow.lines("mode = \"observe\""));
    let world = World::start(setup).await.unwrap();
    let asset = upload(&world).await;
    assert_eq!(case(&world).await.outcome.as_deref(), Some("observed"));
    assert!(world.effects().is_empty(), "{:?}", world.effects());
    assert_eq!(world.canto_field(&asset, "exception_state"), "");
}
