//! iconik-3: requests for footage and cuts are worked off line by line and answered with one link to
//! a collection. The acceptance scenarios of the use case, in virtual time, through the real host and
//! components.

use forebay_e2e::{ANN, CARA, Flow, HOUR, ICONIK, MINUTE, Setup, World};
use forebay_model::run::RunState;
use forebay_simulators::common::{Fault, Rule};
use forebay_simulators::iconik::NewAsset;
use serde_json::{Map, Value};

const FLOW: &str = r#"
key_prefix = "iconik-3"
request_definition = "mediaRequest"
form_map = { campaign = "campaign", kind = "asset_type", duration = "duration", formats = "formats", due = "due_date", region = "region" }
search = { must_match = ["campaign"], rights_must_cover = ["region", "due_date"] }
rights = { ends = ["rights_end"] }
duplicates = { action = "ignore", on = [] }
delivery = { kind = "collection", album = "/REQ-{id} {campaign}" }
deliverables = { per_format = true }
placeholder = true

[[flows.iconik-3.config.routing]]
when = { kind = ["edit", "cutdown"] }
to = { group = "post-production", sla = "20bd" }

[[flows.iconik-3.config.routing]]
to = { group = "media-library", sla = "20bd" }
"#;

/// How new cuts are reviewed: only those that a request sends.
const REVIEWS: &str = r#"
fields = { review_run = "run" }
triggers = { created = false, new_version = false, actions = false }
initial_status = false
stages = [{ name = "editorial", policy = "any" }]
routing = [{ when = {}, to = { group = "editors", sla = "2bd" } }]
hold = { access_template = "in-review" }
on_approved = { status = false, access_template = "released" }
on_rejected = { status = false }
dam_decisions = { mirror = true }
"#;

/// Who asks.
const RITA: &str = "uploader@example.test";
/// Fields of the use case that the simulated tenant does not have.
const FIELDS: [&str; 3] = ["request_id", "requested_by", "usage_note"];

async fn world_of(lines: &str) -> World {
    let flow = Flow::new("iconik-3", "asset-request", FLOW)
        .role("dam", ICONIK)
        .lines(lines);
    started(Setup::of([flow])).await
}

/// New cuts are reviewed by a flow of their own.
async fn world_with_reviews() -> World {
    let config = format!("approval_flow = \"iconik-1\"\n{FLOW}");
    let requests = Flow::new("iconik-3", "asset-request", &config).role("dam", ICONIK);
    let reviews = Flow::approval("iconik-1", ICONIK, REVIEWS);
    let world = started(Setup::of([requests, reviews])).await;
    world.engine.add_group("editors", &[CARA]);
    for (template, group) in [("in-review", "editors"), ("released", "everybody")] {
        world.iconik.add_template(template, &[(group, &["read"])]);
    }
    world
}

async fn started(setup: Setup) -> World {
    let world = World::start(setup).await.unwrap();
    world.engine.add_group("post-production", &[ANN]);
    world.engine.add_group("media-library", &[ANN]);
    world.add_iconik_fields(&FIELDS);
    world
}

/// Approved footage of the campaign.
async fn footage(world: &World, title: &str) -> String {
    let asset = NewAsset::new(title, "frames", "uta")
        .in_collection("Library")
        .with("campaign", "Spring")
        .with("territories", "EMEA");
    let asset = world.iconik.add_asset(asset);
    world.iconik.vote(&asset, "uta", "APPROVED");
    asset
}

async fn ask(world: &World, formats: &str) {
    let form: Map<String, Value> = [
        ("campaign", "Spring"),
        ("kind", "cutdown"),
        ("formats", formats),
        ("region", "EMEA"),
        ("requester", RITA),
    ]
    .map(|(name, value)| (name.to_owned(), Value::from(value)))
    .into_iter()
    .collect();
    world
        .engine
        .start_process("mediaRequest", "form-1", &form)
        .unwrap();
    for _ in 0..2 {
        world.minute().await.unwrap();
    }
}

async fn answer(world: &World, task: &str, person: &str, outcome: &str, values: &[(&str, &str)]) {
    world.decide(task, person, outcome, values).unwrap();
    for _ in 0..2 {
        world.minute().await.unwrap();
    }
}

/// The placeholders of the request, in the order of its lines.
fn placeholders(world: &World) -> Vec<String> {
    let collection = world.iconik.collection(&place(world)).unwrap();
    world.iconik.domain(|domain, _| {
        let inside = domain.collections[&collection].assets.iter();
        let mut found: Vec<_> = inside
            .map(|id| &domain.assets[id])
            .filter(|asset| asset.external_id.is_some())
            .map(|asset| (asset.external_id.clone(), asset.id.clone()))
            .collect();
        found.sort();
        found.into_iter().map(|(_, id)| id).collect()
    })
}

fn place(world: &World) -> String {
    let process = &world.processes_of("mediaRequest")[0];
    format!("REQ-{} Spring", process.id)
}

/// A variable of the request's process, as people see it.
fn shown(world: &World, name: &str) -> String {
    let process = &world.processes_of("mediaRequest")[0];
    let found = process
        .variables
        .iter()
        .find(|variable| variable.name == name);
    let value = found
        .map(|variable| variable.value.clone())
        .unwrap_or_default();
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// A cut arrives in a placeholder.
async fn deliver(world: &World, placeholder: &str, content: &'static str) {
    let version = world.iconik.add_version(placeholder, content, "uta");
    assert!(version.is_some());
    world
        .iconik
        .set_field(placeholder, "territories", "EMEA", "uta");
    world.pass(15 * MINUTE, MINUTE).await.unwrap();
}

async fn approve(world: &World, asset: &str) {
    world.iconik.vote(asset, "uta", "APPROVED");
    world.pass(15 * MINUTE, MINUTE).await.unwrap();
}

/// Live links of the request's collection.
fn links(world: &World) -> Vec<String> {
    let collection = world.iconik.collection(&place(world)).unwrap();
    world.iconik.share_links(&collection)
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_3_campaign_request_1_two_lines_at_once_the_third_when_approved() {
    let world = world_with_reviews().await;
    let (first, second) = (footage(&world, "one").await, footage(&world, "two").await);
    ask(&world, "16:9 30s, 9:16 15s, 1:1 15s").await;
    assert_eq!(world.open_stages(), ["yours", "select", "select", "select"]);
    answer(&world, "select", ANN, "select", &[("assets", &first)]).await;
    answer(&world, "select", ANN, "select", &[("assets", &second)]).await;
    assert_eq!(links(&world).len(), 1);
    assert!(shown(&world, "lines").ends_with("1:1 15s: open"));
    let cut = placeholders(&world)[2].clone();
    deliver(&world, &cut, "cut").await;
    assert!(shown(&world, "lines").contains("approval is awaited"));
    assert_eq!(world.iconik_access(&cut), ["editors"]);
    answer(&world, "editorial", CARA, "approved", &[]).await;
    assert_eq!(world.iconik_access(&cut), ["everybody"]);
    assert!(shown(&world, "assetIds").contains(&cut));
    assert_eq!(links(&world).len(), 1, "one link for all");
    answer(&world, "accept", RITA, "accept", &[]).await;
    let filed = [&first, &second, &cut].map(|asset| world.iconik_collections(asset));
    assert!(filed.iter().all(|paths| paths.contains(&place(&world))));
    let run = world.runs_of("iconik-3").await.unwrap().remove(0);
    assert_eq!(
        (run.state, run.outcome.as_deref()),
        (RunState::Completed, Some("fulfilled"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_3_campaign_request_2_an_archived_source_comes_back_first() {
    let world = world_of("").await;
    let source = footage(&world, "one").await;
    assert!(world.iconik.add_copy(&source, "Archive"));
    world.iconik.domain(|domain, _| {
        let formats = domain.formats.iter_mut();
        for format in formats.filter(|format| format["asset_id"] == source.as_str()) {
            format.insert("archive_status".to_owned(), "ARCHIVED".into());
        }
    });
    ask(&world, "16:9 30s").await;
    answer(&world, "select", ANN, "select", &[("assets", &source)]).await;
    assert_eq!(world.effects().get("iconik: restore-format"), Some(&1));
    assert_eq!(shown(&world, "clockPaused"), "true");
    assert!(links(&world).is_empty());
    world.pass(4 * HOUR, 5 * MINUTE).await.unwrap();
    assert_eq!(links(&world).len(), 1);
    assert_eq!(shown(&world, "clockPaused"), "false");
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_3_campaign_request_3_a_stop_makes_no_second_collection() {
    let mut world = world_of("").await;
    footage(&world, "one").await;
    let faults = world.iconik.frame().faults();
    faults.add(Rule::once("create-collection", Fault::CommitThenTimeout));
    ask(&world, "16:9 30s").await;
    world.restart().await.unwrap();
    world.pass(10 * MINUTE, MINUTE).await.unwrap();
    assert_eq!(world.effects().get("iconik: create-collection"), Some(&1));
    assert_eq!(placeholders(&world).len(), 1);
    assert_eq!(world.open_stages(), ["yours", "select"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_3_campaign_request_4_the_fourth_round_is_the_coordinators() {
    let world = world_of("").await;
    world.engine.add_group("dam-leads", &[CARA]);
    ask(&world, "9:16 15s").await;
    let cut = placeholders(&world)[0].clone();
    for (round, content) in (1..=3).zip(["cut one", "cut two", "cut three"]) {
        deliver(&world, &cut, content).await;
        approve(&world, &cut).await;
        let comment = format!("too dark {round}");
        answer(&world, "accept", RITA, "reject", &[("comment", &comment)]).await;
        let tasks = world.open_tasks();
        let task = tasks.iter().find(|task| task.name == "create").unwrap();
        let text = task
            .locals
            .iter()
            .find(|local| local.name == "text")
            .unwrap();
        let text = text.value.as_str().unwrap();
        assert!(
            (1..=round).all(|n| text.contains(&format!("too dark {n}"))),
            "{text}"
        );
        let group = if round < 3 {
            "post-production"
        } else {
            "dam-leads"
        };
        let asked = task
            .locals
            .iter()
            .find(|local| local.name == "group")
            .unwrap();
        assert_eq!(asked.value, group);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_3_campaign_request_5_a_withdrawn_request_leaves_no_share_and_no_task() {
    let world = world_of("").await;
    let first = footage(&world, "one").await;
    ask(&world, "16:9 30s, 9:16 15s").await;
    answer(&world, "select", ANN, "select", &[("assets", &first)]).await;
    assert_eq!(links(&world).len(), 1);
    answer(&world, "yours", RITA, "withdraw", &[]).await;
    assert!(links(&world).is_empty());
    assert!(world.open_stages().is_empty());
    let run = world.run().await.unwrap();
    assert_eq!(run.outcome.as_deref(), Some("withdrawn"));
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_3_campaign_request_observing_writes_nothing() {
    let world = world_of("mode = \"observe\"").await;
    footage(&world, "one").await;
    let before = world.effects();
    ask(&world, "16:9 30s").await;
    let run = world.run().await.unwrap();
    assert_eq!(run.outcome.as_deref(), Some("observed"));
    let of = |effects: &std::collections::BTreeMap<String, u64>| {
        let dam = effects
            .iter()
            .filter(|(name, _)| name.starts_with("iconik:"));
        dam.map(|(name, count)| (name.clone(), *count))
            .collect::<Vec<_>>()
    };
    assert_eq!(of(&world.effects()), of(&before));
}
