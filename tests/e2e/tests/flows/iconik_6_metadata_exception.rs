//! iconik-6: media moves on when its fields are complete and valid. The acceptance scenarios of the
//! use case, in virtual time, through the real host and components.

use std::collections::BTreeMap;

use forebay_e2e::{Flow, HOUR, ICONIK, MINUTE, Setup, World};
use forebay_model::run::{Run, RunState};
use forebay_simulators::iconik::NewAsset;

/// The configuration of the use case.
const FLOW: &str = r#"
key_prefix = "iconik-6"
group_by = "collection"
assign = { to = "creator", fallback = "ingest-desk", sla = { medium = "1bd" } }
required = [
    { field = "region", rule = "in_list(regions)" },
    { field = "project_code", rule = '^[A-Z]{3}-\d{4}$', lookup = "projects" },
]
"#;

/// The lists that values are looked up in.
const LISTS: &str =
    r#"lists = { regions = ["EMEA", "APAC"], projects = ["ABC-1234", "XYZ-0001"] }"#;

/// Works at the ingest desk.
const EVA: &str = "eva@example.test";
/// The question about all assets of a collection.
const FILL: &str = "Fill in fields";
/// The collection.
const CARD: &str = "Ingest/EMEA_ABC-1234";

fn setup(lists: &str, lines: &str) -> Setup {
    let config = format!("{FLOW}\n{lists}");
    let flow = Flow::new("iconik-6", "asset-exception", &config).role("dam", ICONIK);
    Setup::of([flow.lines(lines)])
}

async fn world_with(lists: &str, lines: &str) -> World {
    world_of(setup(lists, lines)).await
}

async fn world_of(setup: Setup) -> World {
    let world = World::start(setup).await.unwrap();
    world.engine.add_group("ingest-desk", &[EVA]);
    world.iconik.add_user("uta", "Uta Uploader", "token-of-uta");
    world
}

async fn world() -> World {
    world_with(LISTS, "").await
}

/// Clips arrive; some of their fields are filled in.
async fn ingest(world: &World, number: usize, fields: &[(&str, &str)]) -> Vec<String> {
    let clips = (1..=number).map(|number| {
        let title = format!("clip {number}.mov");
        let clip = NewAsset::new(&title, "frames", "uta").in_collection(CARD);
        let filled = fields.iter();
        let clip = filled.fold(clip, |clip, (field, value)| clip.with(field, *value));
        world.iconik.add_asset(clip)
    });
    let clips: Vec<_> = clips.collect();
    world.settle().await.unwrap();
    clips
}

/// A variable of the process.
fn variable(world: &World, name: &str) -> String {
    let process = world.processes_of("assetException").remove(0);
    let found = process.variables.iter().find(|one| one.name == name);
    found.unwrap().value.as_str().unwrap().to_owned()
}

/// The run that asks about the collection.
async fn run_of_collection(world: &World) -> Option<Run> {
    let runs = world.runs().await.unwrap().into_iter();
    runs.into_iter()
        .find(|run| run.business_key.contains(":collection:"))
}

/// How often people's value of this field was written, by asset.
fn writes_of(world: &World, field: &str) -> BTreeMap<String, usize> {
    let mut writes = BTreeMap::new();
    let calls = world.iconik.frame().recorder().calls_of("write-metadata");
    for call in calls {
        let names_it = call
            .body
            .as_deref()
            .is_some_and(|body| body.contains(&format!("\"{field}\":")));
        if names_it && !call.effects.is_empty() {
            *writes.entry(call.path).or_default() += 1;
        }
    }
    writes
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_6_metadata_exception_1_after_the_grace_one_task_lists_both() {
    let world = world().await;
    let clip = ingest(&world, 1, &[]).await.remove(0);
    world.pass(4 * HOUR - MINUTE, 10 * MINUTE).await.unwrap();
    assert_eq!(world.open_stages(), [""; 0], "not earlier");
    world.pass(3 * MINUTE, MINUTE).await.unwrap();
    assert_eq!(world.open_stages(), [FILL], "{:#?}", world.runs().await);
    let list = variable(&world, "issues");
    let line = format!(
        "clip 1.mov [{clip}]: region (suggested: EMEA), project_code (suggested: ABC-1234)"
    );
    assert_eq!(list, line);
    assert_eq!(world.processes_of("assetException").len(), 1);
    assert_eq!(world.iconik_field(&clip, "metadata_state"), "incomplete");
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_6_metadata_exception_2_filled_within_the_grace_no_task_is_made() {
    let world = world().await;
    let clip = ingest(&world, 1, &[]).await.remove(0);
    world.pass(3 * HOUR, 30 * MINUTE).await.unwrap();
    world.iconik.set_field(&clip, "region", "EMEA", "uta");
    world
        .iconik
        .set_field(&clip, "project_code", "ABC-1234", "uta");
    world.pass(5 * HOUR, 10 * MINUTE).await.unwrap();
    assert_eq!(world.processes_of("assetException").len(), 0);
    assert_eq!(world.iconik_field(&clip, "metadata_state"), "complete");
    let runs = world.runs().await.unwrap();
    assert!(
        runs.iter().all(|run| run.state == RunState::Completed),
        "{runs:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_6_metadata_exception_3_a_value_that_does_not_fit_is_refused() {
    let world = world().await;
    let clip = ingest(&world, 1, &[("region", "EMEA")]).await.remove(0);
    world.pass(5 * HOUR, 30 * MINUTE).await.unwrap();
    let before = world.iconik.frame().recorder().all_effects();
    world
        .decide(FILL, EVA, "done", &[("project_code", "abc-1")])
        .unwrap();
    world.pass(2 * MINUTE, MINUTE).await.unwrap();
    assert_eq!(world.iconik_field(&clip, "project_code"), "");
    assert_eq!(world.iconik.frame().recorder().all_effects(), before);
    assert_eq!(world.open_stages(), [FILL], "asked again");
    let task = world.open_tasks().remove(0);
    let text = task.locals.iter().find(|local| local.name == "text");
    let text = text.unwrap().value.as_str().unwrap();
    assert!(text.contains(r"expected ^[A-Z]{3}-\d{4}$"), "{text}");

    world
        .decide(FILL, EVA, "done", &[("project_code", "XYZ-0001")])
        .unwrap();
    world.pass(2 * MINUTE, MINUTE).await.unwrap();
    assert_eq!(world.iconik_field(&clip, "project_code"), "XYZ-0001");
    assert_eq!(world.iconik_field(&clip, "metadata_state"), "complete");
    assert_eq!(world.open_stages(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_6_metadata_exception_4_a_value_for_all_is_written_once_to_each() {
    // How fast iconik lets itself be called is not what this is about.
    let setup = setup(LISTS, "").settings(ICONIK, "requests_per_minute = 1000000");
    let mut world = world_of(setup).await;
    let rates = world.iconik.frame().rates();
    rates.limit("api", u32::MAX, MINUTE);
    let mut clips = Vec::new();
    for _ in 0..2 {
        clips.extend(ingest(&world, 100, &[("project_code", "ABC-1234")]).await);
        world.pass(10 * MINUTE, 10 * MINUTE).await.unwrap();
    }
    world.pass(5 * HOUR, 30 * MINUTE).await.unwrap();
    let group = run_of_collection(&world).await;
    assert_eq!(world.open_stages(), [FILL], "{group:#?}");
    world
        .decide(FILL, EVA, "done", &[("region", "APAC")])
        .unwrap();
    world.clock.advance(MINUTE);
    world.poll_all().await.unwrap();
    // The product stops after some of them were written, and again.
    for effects in [9, 90] {
        assert!(!world.crash_at_effect(effects).await.unwrap());
        world.boot().await.unwrap();
    }
    world.pass(30 * MINUTE, 5 * MINUTE).await.unwrap();
    for clip in &clips {
        assert_eq!(world.iconik_field(clip, "region"), "APAC");
    }
    let writes = writes_of(&world, "region");
    assert_eq!(writes.len(), clips.len());
    assert!(writes.values().all(|number| *number == 1), "{writes:#?}");
    assert_eq!(world.open_stages(), [""; 0]);
    assert_eq!(world.processes_of("assetException").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_6_metadata_exception_5_a_list_out_of_reach_is_no_pass_and_no_task() {
    let world = world_with(r#"lists = { regions = ["EMEA"] }"#, "").await;
    let filled = [("region", "EMEA"), ("project_code", "ABC-1234")];
    let clip = ingest(&world, 1, &filled).await.remove(0);
    world.pass(6 * HOUR, 30 * MINUTE).await.unwrap();
    assert_eq!(world.processes_of("assetException").len(), 0);
    assert_ne!(world.iconik_field(&clip, "metadata_state"), "complete");
    assert_eq!(world.run().await.unwrap().state, RunState::Waiting);
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_6_metadata_exception_observing_writes_nothing() {
    let world = world_with(LISTS, "mode = \"observe\"").await;
    let clip = ingest(&world, 1, &[]).await.remove(0);
    world.pass(5 * HOUR, 30 * MINUTE).await.unwrap();
    let runs = world.runs().await.unwrap();
    assert!(
        runs.iter()
            .any(|run| run.outcome.as_deref() == Some("observed")),
        "{runs:#?}"
    );
    assert!(world.effects().is_empty(), "{:?}", world.effects());
    assert_eq!(world.iconik_field(&clip, "metadata_state"), "");
}
