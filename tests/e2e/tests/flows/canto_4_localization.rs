//! canto-4: a master becomes reviewed regional versions. The acceptance scenarios of the use case, in
//! virtual time, through the real host and components.

use std::fmt::Write as _;

use forebay_e2e::{ANN, CANTO, CARA, DAY, DIRK, Flow, HOUR, MINUTE, Setup, World};
use forebay_model::run::{Run, RunState};
use forebay_simulators::canto::NewAsset;
use forebay_simulators::canto::values::ContentId;

/// The configuration of the use case.
const FLOW: &str = r#"
key_prefix = "canto-4"
regions.DE = { language = "de-DE", team = "loc", reviewers = "review" }
regions.FR = { language = "fr-FR", team = "loc", reviewers = "review" }
regions.IT = { language = "it-IT", team = "loc", reviewers = "review" }
"#;

/// Canto has no relations; custom fields keep them.
const RELATIONS: &str = r#"relation_fields = { localization = { origin_field = "localized_assets", target_field = "master_asset" }, replacement = { origin_field = "replacement_asset", target_field = "replaces" } }"#;

fn setup(more: &str) -> Setup {
    setup_with(&format!("{more}\n{FLOW}"), "")
}

fn setup_with(config: &str, lines: &str) -> Setup {
    let flow = Flow::new("canto-4", "localization", config).role("dam", CANTO);
    Setup::of([flow.lines(lines)]).settings(CANTO, RELATIONS)
}

async fn world(more: &str) -> World {
    world_of(setup(more)).await
}

async fn world_of(setup: Setup) -> World {
    let world = World::start(setup).await.unwrap();
    world.engine.add_group("loc", &[ANN]);
    world.engine.add_group("review", &[CARA]);
    world.engine.add_group("dam-leads", &[DIRK]);
    world
}

/// A master that was just uploaded.
fn upload(world: &World) -> ContentId {
    let master = NewAsset::new("hero.jpg", "pixels", "u1")
        .in_album("/Masters")
        .with("is_master", "yes")
        .with("campaign", "Spring")
        .with("brand", "Acme");
    world.canto.add_asset(master).unwrap()
}

async fn master(world: &World) -> ContentId {
    let master = upload(world);
    world.settle().await.unwrap();
    master
}

/// The team delivers a file for a region.
async fn deliver(world: &World, code: &str) -> ContentId {
    // A name of the team's own is fine where the task names the file.
    let file = NewAsset::new(&format!("own-{code}.jpg"), "pixels", "u1").in_album("/Inbox");
    let file = world.canto.add_asset(file).unwrap();
    let (task, id) = (format!("Adaptation {code}"), file.to_string());
    world
        .decide(&task, ANN, "delivered", &[("asset", &id)])
        .unwrap();
    world.minute().await.unwrap();
    file
}

async fn review(world: &World, code: &str, outcome: &str) {
    let comment = [("comment", "as I see it")];
    world
        .decide(&format!("Review {code}"), CARA, outcome, &comment)
        .unwrap();
    world.minute().await.unwrap();
    world.minute().await.unwrap();
}

async fn localize(world: &World, code: &str) -> ContentId {
    let file = deliver(world, code).await;
    review(world, code, "approve").await;
    file
}

/// The values of a field of several.
fn list(world: &World, asset: &ContentId, name: &str) -> Vec<String> {
    let asset = world.canto.asset(asset).unwrap();
    let values = asset.fields[name].as_array().unwrap().iter();
    values
        .map(|value| value.as_str().unwrap().to_owned())
        .collect()
}

/// The run of the master: the one whose key ends with its id.
async fn run_of(world: &World, master: &ContentId) -> Run {
    let key = format!("canto-4:{CANTO}:{master}");
    let mut runs = world.runs_of("canto-4").await.unwrap();
    runs.retain(|run| run.business_key == key);
    runs.remove(0)
}

fn open(world: &World) -> Vec<String> {
    let mut open = world.open_stages();
    open.sort_unstable();
    open
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_4_localization_1_three_versions_exist_and_the_master_lists_them() {
    let world = world("").await;
    let master = master(&world).await;
    let tasks = ["Adaptation DE", "Adaptation FR", "Adaptation IT"];
    assert_eq!(open(&world), tasks, "{:#?}", world.runs().await.unwrap());
    let version = run_of(&world, &master).await;
    assert_eq!(version.state, RunState::Waiting);
    let mut files = Vec::new();
    for code in ["DE", "FR", "IT"] {
        let file = localize(&world, code).await;
        assert_eq!(world.canto_status(&file), "Approved");
        assert_eq!(world.canto_field(&file, "region"), code);
        assert_eq!(world.canto_field(&file, "brand"), "Acme");
        assert_eq!(list(&world, &file, "territories"), [code]);
        assert_eq!(world.canto_field(&file, "master_asset"), master.to_string());
        let albums = world.canto.albums_of(&file);
        assert!(
            albums.contains(&format!("/Localized/Spring/{code}")),
            "{albums:?}"
        );
        let tags = world.canto.asset(&file).unwrap().tags.clone();
        assert!(tags.contains(&format!("region:{code}")), "{tags:?}");
        assert!(tags.contains(&format!("master:{master}")), "{tags:?}");
        files.push(file);
    }
    let listed = list(&world, &master, "localized_assets");
    for file in &files {
        assert!(listed.contains(&file.to_string()), "{listed:?}");
    }
    let state = world.canto_field(&master, "localization_state");
    assert_eq!(state.matches("approved").count(), 3, "{state}");
    let run = world.runs_of("canto-4").await.unwrap();
    let key = format!("canto-4:{CANTO}:{master}");
    let ended = run
        .iter()
        .find(|run| run.business_key == key && run.state == RunState::Completed);
    let localized = run
        .iter()
        .filter(|run| run.outcome.as_deref() == Some("localized"));
    assert!(ended.is_some());
    assert_eq!(localized.count(), 1, "{run:#?}");
    assert_eq!(world.processes_of("localization").len(), 3);
    assert_eq!(world.open_stages(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_4_localization_2_one_is_released_while_another_is_back_in_adaptation() {
    let world = world("").await;
    let master = master(&world).await;
    let french = deliver(&world, "FR").await;
    review(&world, "FR", "reject").await;
    let german = localize(&world, "DE").await;
    assert_eq!(world.canto_status(&german), "Approved");
    assert_eq!(world.canto_status(&french), "Pending");
    assert_eq!(open(&world), ["Adaptation FR", "Adaptation IT"]);
    assert_eq!(run_of(&world, &master).await.state, RunState::Waiting);
    let state = world.canto_field(&master, "localization_state");
    assert!(state.contains("FR: adapting"), "{state}");
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_4_localization_3_all_wait_for_the_last_which_is_escalated() {
    let world = world("release = \"all\"").await;
    let master = master(&world).await;
    let files = [localize(&world, "DE").await, localize(&world, "FR").await];
    world.pass(7 * DAY + HOUR, 6 * HOUR).await.unwrap();
    for file in &files {
        assert_eq!(world.canto_status(file), "Pending");
    }
    // Not of the team, but of those who lead it: they may answer as well now.
    let task = world.open_tasks().remove(0);
    assert_eq!(task.name, "Adaptation IT");
    let file = NewAsset::new("it.jpg", "pixels", "u1").in_album("/Inbox");
    let late = world.canto.add_asset(file).unwrap();
    let id = late.to_string();
    world
        .decide("Adaptation IT", DIRK, "delivered", &[("asset", &id)])
        .unwrap();
    world.minute().await.unwrap();
    review(&world, "IT", "approve").await;
    world.minute().await.unwrap();
    for file in [&files[0], &files[1], &late] {
        assert_eq!(world.canto_status(file), "Approved");
    }
    let runs = world.runs_of("canto-4").await.unwrap();
    let live = runs.iter().filter(|run| run.state == RunState::Waiting);
    assert_eq!(live.count(), 0, "{master}: {runs:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_4_localization_4_a_new_master_restarts_what_is_open_and_rechecks_the_rest() {
    let world = world("on_master_update = \"restart_open\"").await;
    let master = master(&world).await;
    let german = localize(&world, "DE").await;
    let italian = localize(&world, "IT").await;
    let french = deliver(&world, "FR").await;
    assert_eq!(open(&world), ["Review FR"]);
    world.clock.advance(HOUR);
    world.canto.upload_version(&master, "better pixels", "u1");
    world.pass(20 * MINUTE, MINUTE).await.unwrap();
    assert_eq!(
        open(&world),
        ["Adaptation FR", "Check again", "Check again"]
    );
    for file in [&german, &italian] {
        assert_eq!(world.canto_field(file, "outdated"), "yes");
        assert_eq!(world.canto_status(file), "Approved");
    }
    assert_eq!(
        world.canto_status(&french),
        "Pending",
        "nobody decided about it"
    );
    let runs = world.runs_of("canto-4").await.unwrap();
    let superseded = runs
        .iter()
        .filter(|run| run.outcome.as_deref() == Some("superseded"));
    assert_eq!(superseded.count(), 1);
    world
        .decide("Check again", ANN, "still-valid", &[])
        .unwrap();
    world
        .decide("Check again", ANN, "still-valid", &[])
        .unwrap();
    world.minute().await.unwrap();
    assert_eq!(world.canto_field(&german, "outdated"), "");
    localize(&world, "FR").await;
    let state = world.canto_field(&master, "localization_state");
    assert_eq!(state.matches("approved").count(), 3, "{state}");
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_4_localization_5_a_stop_in_between_makes_each_process_once() {
    let mut config = String::from("key_prefix = \"canto-4\"\n");
    for number in 10..30 {
        writeln!(
            config,
            "regions.R{number} = {{ language = \"xx\", team = \"loc\", reviewers = \"review\" }}"
        )
        .unwrap();
    }
    let mut world = world_of(setup_with(&config, "")).await;
    let master = upload(&world);
    for effects in [3, 9] {
        let all_done = world.crash_at_effect(effects).await.unwrap();
        assert!(!all_done, "it is stopped in the middle");
        world.restart().await.unwrap();
    }
    world.pass(20 * MINUTE, MINUTE).await.unwrap();
    assert_eq!(world.processes_of("localization").len(), 20);
    assert_eq!(world.open_stages().len(), 20);
    let runs = world.runs_of("canto-4").await.unwrap();
    let live = runs.iter().filter(|run| run.state == RunState::Waiting);
    assert_eq!(live.count(), 21, "the master and its regions");
    let state = world.canto_field(&master, "localization_state");
    assert_eq!(state.matches("adapting").count(), 20, "{state}");
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_4_localization_6_a_territory_outside_the_licence_holds_the_release() {
    let rights = r#"
key_prefix = "canto-2"
routing = [{ when = {}, to = { group = "review", sla = "3bd" } }]
clearance = { block_until_cleared = { acl_template = "", revoke_shares = false } }
fields = { clearance = "", clearance_state = "", clearance_uses = "", clearance_until = "", clearance_limits = "", clearance_run = "" }
"#;
    let flow = Flow::new("canto-2", "rights-review", rights).role("dam", CANTO);
    let config = format!("rights_flow = \"canto-2\"\n{FLOW}");
    let localization = Flow::new("canto-4", "localization", &config).role("dam", CANTO);
    let setup = Setup::of([localization, flow]).settings(CANTO, RELATIONS);
    let world = world_of(setup).await;
    let master = NewAsset::new("hero.jpg", "pixels", "u1")
        .with("is_master", "yes")
        .with("campaign", "Spring")
        .with("territories", "DE");
    let master = world.canto.add_asset(master).unwrap();
    world.settle().await.unwrap();
    let german = localize(&world, "DE").await;
    let french = localize(&world, "FR").await;
    assert_eq!(world.canto_status(&german), "Approved");
    assert_eq!(world.canto_status(&french), "Pending");
    let runs = world.runs_of("canto-2").await.unwrap();
    assert_eq!(world.processes_of("rightsReview").len(), 1, "{runs:#?}");
    let state = world.canto_field(&master, "localization_state");
    assert!(state.contains("FR: rights-review"), "{state}");

    let runs = world.runs_of("canto-2").await.unwrap();
    let held = runs.iter().find(|run| run.state == RunState::Waiting);
    assert!(
        held.unwrap().business_key.contains(":FR:rights"),
        "{runs:#?}"
    );
    let task = world
        .open_tasks()
        .into_iter()
        .find(|task| !task.name.starts_with("Adaptation"));
    world
        .decide(&task.unwrap().name, CARA, "cleared", &[])
        .unwrap();
    world.minute().await.unwrap();
    world.minute().await.unwrap();
    let runs = world.runs_of("canto-2").await.unwrap();
    assert_eq!(
        world.canto_status(&french),
        "Approved",
        "{:?} {runs:#?}",
        world.open_stages()
    );
    assert_eq!(list(&world, &french, "territories"), ["FR"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_4_localization_observing_writes_nothing() {
    let world = world_of(setup_with(FLOW, "mode = \"observe\"")).await;
    let master = master(&world).await;
    world.pass(HOUR, 10 * MINUTE).await.unwrap();
    assert_eq!(world.processes_of("localization").len(), 0);
    assert_eq!(world.canto_field(&master, "localization_state"), "");
    let runs = world.runs_of("canto-4").await.unwrap();
    assert!(runs.len() >= 4, "the master and its regions: {runs:#?}");
    let observed = |run: &Run| run.outcome.as_deref() == Some("observed");
    assert!(runs.iter().all(observed), "{runs:#?}");
    let effects = world.effects();
    assert!(effects.is_empty(), "{effects:?}");
}
