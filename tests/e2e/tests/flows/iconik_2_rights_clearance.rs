//! iconik-2: talent, rights and territory are cleared before anybody uses media. The acceptance
//! scenarios of the use case, in virtual time, through the real host and components.

use forebay_e2e::{ANN, CARA, DAY, Flow, HOUR, ICONIK, MINUTE, Setup, World};
use forebay_model::run::{Run, RunState};
use forebay_simulators::iconik::{Choice, NewAsset};
use serde_json::{Map, json};

/// The configuration of the use case.
const FLOW: &str = r#"
key_prefix = "iconik-2"
date_fields = ["rights_end", "talent_end"]
decisions = ["renew", "remove"]
routing = [
    { when = { territories = "US" }, to = { group = "legal-us", sla = "3bd" } },
    { when = {}, to = { group = "rights", sla = "3bd" } },
]

[flows.iconik-2.config.clearance]
producer_group = "producers"
matrix = [
    { when = { channels = "tv" }, require = ["talent_release", "music_licence", "location_release"] },
    { when = { talent = "minor" }, require = ["guardian_release"], route = "legal-senior" },
]
"#;

/// A button with a form for the intended use.
const ACTION: &str = r#"custom_actions = [{ name = "Request clearance", context = "asset", metadata_view = "Workflow" }]"#;

/// Works for the producer.
const PAUL: &str = "paul@example.test";
/// The question to reviewers.
const CLEAR: &str = "Clearance";
/// The question to the producer.
const DOCUMENTS: &str = "Provide documents";
/// Who may see an asset that is blocked.
const BLOCKED: [&str; 1] = ["lawyers"];

async fn world_with(lines: &str) -> World {
    let flow = Flow::new("iconik-2", "rights-review", FLOW).role("dam", ICONIK);
    let setup = Setup::of([flow.lines(lines)]).settings(ICONIK, ACTION);
    let world = World::start(setup).await.unwrap();
    world.engine.add_group("rights", &[ANN]);
    world.engine.add_group("legal-us", &[CARA]);
    world.engine.add_group("producers", &[PAUL]);
    world.iconik.add_user("uta", "Uta Uploader", "token-of-uta");
    world
        .iconik
        .add_template("no-publish", &[(BLOCKED[0], &["read"])]);
    world
}

async fn world() -> World {
    world_with("").await
}

/// A clip with these fields.
async fn clip(world: &World, fields: serde_json::Value) -> String {
    let mut clip = NewAsset::new("promo.mov", "frames", "uta").in_collection("Ingest/Card 7");
    for (field, value) in fields.as_object().unwrap() {
        clip = clip.with(field, value.clone());
    }
    let asset = world.iconik.add_asset(clip);
    world.settle().await.unwrap();
    world.pass(2 * MINUTE, MINUTE).await.unwrap();
    asset
}

/// Somebody presses the button and fills in the form.
async fn request(world: &World, asset: &str, channel: &str, territories: &[&str]) {
    let choice = Choice::asset(asset)
        .with("channels", json!([channel]))
        .with("territories", json!(territories));
    assert!(
        world
            .iconik
            .invoke_action("Request clearance", "uta", &choice)
    );
    world.settle().await.unwrap();
    world.minute().await.unwrap();
}

async fn decide(world: &World, stage: &str, person: &str, outcome: &str) {
    world
        .decide(stage, person, outcome, &[("comment", "as I said")])
        .unwrap();
    world.minute().await.unwrap();
}

/// The newest run whose key ends like this.
async fn run_of(world: &World, end: &str) -> Run {
    let runs = world.runs().await.unwrap();
    let found = runs.iter().find(|run| run.business_key.ends_with(end));
    assert!(found.is_some(), "{runs:#?}");
    found.unwrap().clone()
}

/// What a variable of the only open task says.
fn of_task(world: &World, name: &str) -> String {
    let tasks = world.open_tasks();
    assert_eq!(tasks.len(), 1, "{tasks:#?}");
    let local = tasks[0].locals.iter().find(|local| local.name == name);
    local.unwrap().value.as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_2_rights_clearance_1_the_table_shows_exactly_what_is_missing() {
    let world = world().await;
    let releases =
        json!({ "talent_release": "T-1", "location_release": "L-1", "territories": ["US"] });
    let asset = clip(&world, releases).await;
    request(&world, &asset, "tv", &["US"]).await;
    assert_eq!(world.open_stages(), [CLEAR], "{:#?}", world.runs().await);
    assert_eq!(of_task(&world, "group"), "legal-us");
    assert_eq!(of_task(&world, "text"), "missing: music_licence");
    assert_eq!(world.iconik_access(&asset), BLOCKED);

    decide(&world, CLEAR, CARA, "needs_documents").await;
    assert_eq!(world.open_stages(), [DOCUMENTS]);
    assert_eq!(of_task(&world, "text"), "missing: music_licence");
    world
        .iconik
        .set_field(&asset, "music_licence", "M-1", "uta");
    world.pass(2 * MINUTE, MINUTE).await.unwrap();
    assert_eq!(world.open_stages(), [CLEAR], "the producer is done");
    assert!(of_task(&world, "text").contains("All that this use requires"));
    decide(&world, CLEAR, CARA, "cleared").await;
    assert_eq!(world.iconik_field(&asset, "clearance_state"), "cleared");
    assert_ne!(world.iconik_access(&asset), BLOCKED);
    assert_eq!(
        run_of(&world, ":tv@US").await.outcome.as_deref(),
        Some("cleared")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_2_rights_clearance_2_another_territory_is_reviewed_and_the_first_stays_cleared() {
    let world = world().await;
    let asset = clip(&world, json!({ "territories": ["DE"] })).await;
    request(&world, &asset, "web", &["DE"]).await;
    assert_eq!(of_task(&world, "group"), "rights");
    decide(&world, CLEAR, ANN, "cleared").await;
    let open = world.iconik_access(&asset);
    assert_ne!(open, BLOCKED);

    request(&world, &asset, "web", &["US"]).await;
    assert_eq!(of_task(&world, "group"), "legal-us");
    assert_eq!(of_task(&world, "text"), "missing: territory US");
    assert_eq!(world.processes_of("rightsReview").len(), 2);
    assert_eq!(world.iconik_access(&asset), open, "DE stays cleared");
    let uses = world.iconik_field(&asset, "clearance_uses");
    assert!(uses.contains("use=web@DE; "), "{uses}");
    decide(&world, CLEAR, CARA, "not_cleared").await;
    assert_eq!(world.iconik_access(&asset), open);
    let uses = world.iconik.field(&asset, "clearance_uses");
    assert_eq!(uses.len(), 1, "{uses:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_2_rights_clearance_3_the_earliest_talent_governs() {
    let world = world().await;
    let talents = json!({ "talent_end": ["2027-07-01", "2027-05-01"] });
    let asset = clip(&world, talents).await;
    request(&world, &asset, "web", &[]).await;
    decide(&world, CLEAR, ANN, "cleared").await;
    assert_eq!(world.iconik_field(&asset, "clearance_until"), "2027-05-01");
    assert_eq!(run_of(&world, ":2027-05-01").await.state, RunState::Waiting);
    assert_eq!(world.open_stages(), [""; 0]);

    // 90 days before the end of 1 May are the beginning of 1 February.
    world.pass(76 * DAY, DAY).await.unwrap();
    assert_eq!(world.open_stages(), [""; 0]);
    world.pass(DAY, HOUR).await.unwrap();
    assert_eq!(world.open_stages(), ["Rights review"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_2_rights_clearance_4_withdrawn_consent_blocks_at_once() {
    let world = world().await;
    let asset = clip(&world, json!({ "rights_end": "2028-06-30" })).await;
    request(&world, &asset, "web", &[]).await;
    decide(&world, CLEAR, ANN, "cleared").await;
    let open = world.iconik_access(&asset);
    let share = Map::from_iter([("title".to_owned(), json!("press"))]);
    world.iconik.domain(|domain, now| {
        domain.share(("assets", &asset), &share, "uta", now);
    });
    assert_eq!(world.iconik.share_links(&asset).len(), 1);

    world
        .iconik
        .set_field(&asset, "talent_consent", "withdrawn", "uta");
    world.pass(2 * MINUTE, MINUTE).await.unwrap();
    assert_eq!(world.iconik_access(&asset), BLOCKED);
    assert_eq!(world.iconik.share_links(&asset), [""; 0]);
    assert_eq!(world.open_stages(), [CLEAR], "the review comes after");
    assert_eq!(world.processes_of("rightsReview").len(), 2);

    // Consent was given again: access is as it was before.
    world
        .iconik
        .set_field(&asset, "talent_consent", "given", "uta");
    world.minute().await.unwrap();
    decide(&world, CLEAR, ANN, "cleared").await;
    assert_eq!(world.iconik_access(&asset), open);
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_2_rights_clearance_5_the_same_use_is_not_asked_about_again() {
    let world = world().await;
    let asset = clip(&world, json!({ "rights_end": "2028-06-30" })).await;
    request(&world, &asset, "web", &[]).await;
    decide(&world, CLEAR, ANN, "cleared").await;
    let earlier = run_of(&world, ":web@").await;
    world.pass(60 * DAY, DAY).await.unwrap();

    request(&world, &asset, "web", &[]).await;
    assert_eq!(world.open_stages(), [""; 0]);
    let again = run_of(&world, ":web@").await;
    assert_ne!(again.id, earlier.id);
    assert_eq!(again.outcome.as_deref(), Some("cleared"));
    let audit = world.audit(&again).await.unwrap();
    let reused = audit.iter().find(|entry| entry.action == "decision-reused");
    let comment = reused.unwrap().details["comment"].as_str().unwrap();
    assert!(comment.contains(earlier.id.as_str()), "{comment}");

    world
        .iconik
        .set_field(&asset, "usage_rights", "none", "uta");
    world.minute().await.unwrap();
    request(&world, &asset, "web", &[]).await;
    assert_eq!(world.open_stages(), [CLEAR], "a right has changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_2_rights_clearance_observing_writes_nothing() {
    let world = world_with("mode = \"observe\"").await;
    let asset = clip(&world, json!({})).await;
    let open = world.iconik_access(&asset);
    request(&world, &asset, "web", &["DE"]).await;
    assert_eq!(
        run_of(&world, ":web@DE").await.outcome.as_deref(),
        Some("observed")
    );
    let effects = world.effects();
    assert!(
        effects.keys().all(|effect| effect.contains("action")),
        "{effects:?}"
    );
    assert_eq!(world.iconik_access(&asset), open);
}
