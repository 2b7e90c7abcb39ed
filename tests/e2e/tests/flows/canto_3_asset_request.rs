//! canto-3: somebody asks for assets; the right team selects or creates them; the requester gets one
//! link. The acceptance scenarios of the use case, in virtual time, through the real host and
//! components.

use forebay_e2e::{ANN, CANTO, DAY, Flow, MINUTE, Setup, World};
use forebay_model::run::RunState;
use forebay_simulators::canto::NewAsset;
use forebay_simulators::canto::values::ContentId;
use forebay_simulators::common::{Fault, Rule};
use serde_json::{Map, Value, json};

const FLOW: &str = r#"
key_prefix = "canto-3"

[[flows.canto-3.config.routing]]
when = { asset_type = "product-image" }
to = { group = "product-photo", sla = "9bd" }

[[flows.canto-3.config.routing]]
to = { group = "marketing-ops", sla = "9bd" }
"#;

/// What Canto leaves to the settings: a list of shares, and a way to end them.
const SHARING: &str = r#"sharing = { title_key = "title", list = { path = "/api/v1/share/list" }, revoke = { method = "DELETE", path = "/api/v1/share/{id}" } }"#;

/// Who asks.
const RITA: &str = "uploader@example.test";

fn flow() -> Flow {
    Flow::new("canto-3", "asset-request", FLOW).role("dam", CANTO)
}

async fn world_of(flow: Flow) -> World {
    let setup = Setup::of([flow]).settings(CANTO, SHARING);
    let world = World::start(setup).await.unwrap();
    world.engine.add_group("product-photo", &[ANN]);
    world.engine.add_group("marketing-ops", &[ANN]);
    world
}

/// An approved product image.
fn image(world: &World, name: &str, territory: &str) -> ContentId {
    let asset = NewAsset::new(name, "pixels", "u1")
        .in_album("/Library")
        .approved(None)
        .with("asset_type", "product-image")
        .with("market", json!(["DE"]))
        .with("territories", json!([territory]));
    world.canto.add_asset(asset).unwrap()
}

/// A person fills in the form in the workflow engine; its process.
async fn ask(world: &World) -> String {
    let form: Map<String, Value> = [
        ("type", "product-image"),
        ("market", "DE"),
        ("requester", RITA),
    ]
    .map(|(name, value)| (name.to_owned(), Value::from(value)))
    .into_iter()
    .collect();
    let process = world.engine.start_process("assetRequest", "form-1", &form);
    for _ in 0..2 {
        world.minute().await.unwrap();
    }
    process.unwrap()
}

async fn answer(world: &World, task: &str, person: &str, outcome: &str, values: &[(&str, &str)]) {
    world.decide(task, person, outcome, values).unwrap();
    for _ in 0..2 {
        world.minute().await.unwrap();
    }
}

async fn select(world: &World, asset: &ContentId) {
    let id = asset.to_string();
    answer(world, "select", ANN, "select", &[("assets", &id)]).await;
}

/// A variable of the request's process, as people see it.
fn shown(world: &World, name: &str) -> String {
    let process = &world.processes_of("assetRequest")[0];
    let found = process
        .variables
        .iter()
        .find(|variable| variable.name == name);
    let value = found
        .map(|variable| variable.value.clone())
        .unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

/// What a task tells people.
fn text(world: &World, task: &str) -> String {
    let tasks = world.open_tasks();
    let found = tasks.iter().find(|found| found.name == task).unwrap();
    let text = found
        .locals
        .iter()
        .find(|local| local.name == "text")
        .unwrap();
    text.value.as_str().unwrap_or_default().to_owned()
}

async fn ended(world: &World, outcome: &str) {
    let run = world.run().await.unwrap();
    assert_eq!(
        (run.state, run.outcome.as_deref()),
        (RunState::Completed, Some(outcome))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_3_asset_request_1_the_requester_gets_one_link_for_thirty_days() {
    let world = world_of(flow()).await;
    let picked = image(&world, "a.jpg", "DE");
    let others = [image(&world, "b.jpg", "FR"), image(&world, "c.jpg", "DE")];
    let process = ask(&world).await;
    assert_eq!(world.open_stages(), ["yours", "select"]);
    let offered = text(&world, "select");
    for asset in others.iter().chain([&picked]) {
        assert!(offered.contains(&asset.to_string()), "{offered}");
    }
    select(&world, &picked).await;
    let shares = world.canto.shares();
    assert_eq!(shares.len(), 1);
    assert_eq!(shares[0].contents, std::slice::from_ref(&picked));
    let expires = shares[0].expires.unwrap();
    let now = world.clock_now();
    let days = (expires.0 - now.0) / DAY.as_millis() as i64;
    assert!((29..=30).contains(&days), "{days} days");
    assert!(shown(&world, "link").starts_with("http"));
    assert_eq!(shown(&world, "assetIds"), picked.to_string());
    assert!(!shown(&world, "assetVersions").is_empty());
    let place = format!("/Requests/{process}");
    assert!(world.canto.albums_of(&picked).contains(&place));
    assert_eq!(world.canto_field(&picked, "request_id"), process);
    answer(&world, "accept", RITA, "accept", &[]).await;
    ended(&world, "fulfilled").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_3_asset_request_2_a_choice_without_rights_comes_back() {
    let world = world_of(flow()).await;
    let french = image(&world, "b.jpg", "FR");
    ask(&world).await;
    select(&world, &french).await;
    assert!(world.canto.shares().is_empty());
    let text = text(&world, "select");
    assert!(text.contains("territory DE is missing"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_3_asset_request_3_what_is_made_and_approved_is_delivered_by_itself() {
    let world = world_of(flow()).await;
    let process = ask(&world).await;
    assert_eq!(world.open_stages(), ["yours", "create"]);
    let new = NewAsset::new("new.jpg", "pixels", "u1")
        .in_album("/Incoming")
        .with("territories", json!(["DE"]))
        .with("request_id", process.as_str());
    let new = world.canto.add_asset(new).unwrap();
    world.pass(10 * MINUTE, MINUTE).await.unwrap();
    assert_eq!(world.open_stages(), ["yours"]);
    assert!(world.canto.shares().is_empty(), "not before it is approved");
    world.canto.set_status(&new, "Approved", "u1").unwrap();
    world.pass(20 * MINUTE, MINUTE).await.unwrap();
    assert_eq!(shown(&world, "assetIds"), new.to_string());
    answer(&world, "accept", RITA, "accept", &[]).await;
    ended(&world, "fulfilled").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_3_asset_request_4_a_stop_after_the_link_was_made_makes_no_second() {
    let mut world = world_of(flow()).await;
    let picked = image(&world, "a.jpg", "DE");
    ask(&world).await;
    let faults = world.canto.frame().faults();
    faults.add(Rule::once("create-share", Fault::CommitThenTimeout));
    select(&world, &picked).await;
    world.restart().await.unwrap();
    world.pass(10 * MINUTE, MINUTE).await.unwrap();
    let shares = world.canto.shares();
    assert_eq!(shares.len(), 1);
    assert_eq!(shown(&world, "link"), world.canto.link_of(&shares[0]));
    assert_eq!(world.open_stages(), ["accept"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_3_asset_request_5_a_withdrawn_request_leaves_no_link_and_no_task() {
    let world = world_of(flow()).await;
    let picked = image(&world, "a.jpg", "DE");
    ask(&world).await;
    select(&world, &picked).await;
    assert_eq!(world.canto.live_shares_of(&picked).len(), 1);
    answer(&world, "accept", RITA, "withdraw", &[]).await;
    assert!(world.canto.live_shares_of(&picked).is_empty());
    assert!(world.open_stages().is_empty());
    ended(&world, "withdrawn").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_3_asset_request_observing_writes_nothing() {
    let world = world_of(flow().lines("mode = \"observe\"")).await;
    image(&world, "a.jpg", "DE");
    ask(&world).await;
    ended(&world, "observed").await;
    assert!(world.open_stages().is_empty());
    let written = world.effects();
    assert!(
        !written.keys().any(|effect| effect.starts_with("canto:")),
        "{written:?}"
    );
}
