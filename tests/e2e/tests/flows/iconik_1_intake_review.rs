//! iconik-1: new media is reviewed by media, legal, brand and compliance before downstream use. The
//! acceptance scenarios of the use case, in virtual time, through the real host and components.

use forebay_e2e::{CARA, Flow, HOUR, ICONIK, MINUTE, Setup, World};
use forebay_model::run::RunState;
use forebay_simulators::iconik::NewAsset;

/// The configuration of the use case: two stages for all, a legal one for promos and ads.
pub(crate) const FLOW: &str = r#"
fields = { review_run = "run" }
filters = { include = ["Ingest/*"], exclude_placeholders = true }
ready_when = { preview = true, files_closed = true, timeout = "6h", on_timeout = "park" }
initial_status = false
coordinator_group = "dam-leads"
stages = [
    { name = "technical", policy = "any" },
    { name = "editorial", policy = "any" },
    { name = "legal", policy = "all", when = { asset_type = ["promo", "ad"] } },
]
routing = [
    { when = { region = "EMEA", stage = "legal" }, to = { group = "legal-emea", sla = "2bd" } },
    { when = {}, to = { group = "media-ops", sla = "2bd" } },
]
hold = { access_template = "in-review" }
on_approved = { status = false, access_template = "released", add_to_collections = ["Released/{campaign}"] }
on_rejected = { status = false, access_template = "restricted", add_to_collections = ["Rejected"] }
dam_decisions = { mirror = true }
users = { "uta" = "uploader@example.test" }
"#;

/// Reviews technically and editorially.
pub(crate) const EVA: &str = "eva@example.test";

/// What the flow is called.
pub(crate) const NAME: &str = "iconik-1";

async fn world() -> World {
    world_of(FLOW).await
}

pub(crate) async fn world_of(flow: &str) -> World {
    let setup = Setup::of([Flow::approval(NAME, ICONIK, flow)]);
    let world = World::start(setup).await.unwrap();
    world.engine.add_group("legal-emea", &[CARA]);
    world.iconik.add_user("uta", "Uta Uploader", "token-of-uta");
    for (template, group) in [
        ("in-review", "reviewers"),
        ("released", "everybody"),
        ("restricted", "ingest-team"),
    ] {
        world.iconik.add_template(template, &[(group, &["read"])]);
    }
    world
}

/// A promo for EMEA that arrives from a card.
pub(crate) fn ingest(world: &World, title: &str) -> String {
    let clip = NewAsset::new(title, "frames", "uta")
        .in_collection("Ingest/Card 7")
        .with("asset_type", "promo")
        .with("region", "EMEA")
        .with("campaign", "Winter");
    world.iconik.add_asset(clip)
}

/// Until the first stage of a new clip is open.
async fn under_review(world: &World) -> String {
    let asset = ingest(world, "promo.mov");
    world.settle().await.unwrap();
    world.pass(5 * MINUTE, MINUTE).await.unwrap();
    assert_eq!(
        world.open_stages(),
        ["technical"],
        "{:#?}",
        world.runs().await.unwrap()
    );
    asset
}

/// The status of every webhook there is.
fn hooks(world: &World) -> Vec<String> {
    world.iconik.domain(|domain, _| {
        let status =
            |hook: &serde_json::Map<_, _>| hook["status"].as_str().unwrap_or_default().to_owned();
        domain.webhooks.iter().map(status).collect()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_1_intake_review_1_starts_when_the_proxy_is_ready() {
    let world = world().await;
    world
        .iconik
        .domain(|domain, _| domain.proxy_delay = 20 * MINUTE);
    let asset = ingest(&world, "promo.mov");
    world.settle().await.unwrap();
    world.pass(19 * MINUTE, MINUTE).await.unwrap();
    assert_eq!(world.reviews_started(), 0, "not earlier");
    assert_eq!(world.run().await.unwrap().state, RunState::Waiting);
    assert_eq!(
        world.iconik_access(&asset),
        ["reviewers"],
        "protected from the beginning"
    );

    world.pass(2 * MINUTE, MINUTE).await.unwrap();
    assert_eq!(world.open_stages(), ["technical"]);
    world.pass(30 * MINUTE, MINUTE).await.unwrap();
    assert_eq!(world.reviews_started(), 1, "once");
    assert_eq!(world.runs().await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_1_intake_review_2_all_stages_approve() {
    let world = world().await;
    let asset = under_review(&world).await;
    let version = world.iconik_version(&asset);
    assert_eq!(world.iconik_approval(&asset, &version), "REQUESTED");
    assert_eq!(world.iconik_access(&asset), ["reviewers"]);
    for (stage, person) in [("technical", EVA), ("editorial", EVA), ("legal", CARA)] {
        world
            .decide(stage, person, "approved", &[("comment", "fine")])
            .unwrap();
        world.minute().await.unwrap();
    }

    let run = world.run().await.unwrap();
    assert_eq!(
        (run.state, run.outcome.as_deref()),
        (RunState::Completed, Some("approved"))
    );
    assert_eq!(world.iconik_approval(&asset, &version), "APPROVED");
    assert_eq!(world.iconik_access(&asset), ["everybody"]);
    assert_eq!(
        world.iconik_collections(&asset),
        ["Ingest/Card 7", "Released/Winter"]
    );
    assert_eq!(world.iconik_field(&asset, "reviewed_version"), version);
    assert_eq!(world.iconik_field(&asset, "review_state"), "approved");
    assert_eq!(world.iconik_field(&asset, "run"), run.id.as_str());
    assert_eq!(world.reviews_started(), 1);

    let audit = world.audit(&run).await.unwrap();
    let decided = audit.iter().filter(|entry| entry.action == "decision");
    assert_eq!(
        decided
            .map(|entry| entry.actor.as_str())
            .collect::<Vec<_>>(),
        [EVA, EVA, CARA]
    );
    let access = audit
        .iter()
        .filter(|entry| entry.action == "access-changed");
    assert_eq!(access.count(), 2, "hold and release");
    // The summary is a comment beside the asset.
    assert_eq!(world.iconik.frame().recorder().effects("create-segment"), 1);

    // What the review itself wrote starts nothing new.
    world.pass(HOUR, 15 * MINUTE).await.unwrap();
    assert_eq!(world.reviews_started(), 1);
    let live = world
        .runs()
        .await
        .unwrap()
        .into_iter()
        .filter(|run| run.state == RunState::Waiting);
    assert_eq!(live.count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_1_intake_review_3_the_poll_makes_up_for_failed_webhooks() {
    let world = world().await;
    let registered = hooks(&world);
    assert!(!registered.is_empty() && registered.iter().all(|status| status == "ENABLED"));
    world.iconik.domain(|domain, _| {
        for hook in &mut domain.webhooks {
            hook.insert("status".to_owned(), "FAILING".into());
        }
    });
    for clip in ["one.mov", "two.mov", "three.mov", "four.mov"] {
        ingest(&world, clip);
        world.clock.advance(HOUR / 2);
        world.settle().await.unwrap();
    }
    assert_eq!(world.runs().await.unwrap().len(), 0, "nobody told the host");

    world.poll_all().await.unwrap();
    world.settle().await.unwrap();
    assert_eq!(world.reviews_started(), 4);
    assert_eq!(world.open_stages(), ["technical"; 4]);
    assert_eq!(hooks(&world), vec!["ENABLED"; registered.len()]);

    // And they work: no poll is needed for the next one.
    ingest(&world, "five.mov");
    world.settle().await.unwrap();
    world.clock.advance(2 * MINUTE);
    world.settle().await.unwrap();
    assert_eq!(world.reviews_started(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_1_intake_review_4_disagreement_is_for_the_coordinator() {
    let world = world().await;
    let asset = under_review(&world).await;
    world.iconik.vote(&asset, "one@external.test", "APPROVED");
    world.settle().await.unwrap();
    world
        .iconik
        .vote(&asset, "two@external.test", "NOT_APPROVED");
    world.settle().await.unwrap();
    world.pass(HOUR, 5 * MINUTE).await.unwrap();

    assert_eq!(
        world.iconik_approval(&asset, &world.iconik_version(&asset)),
        "MIXED"
    );
    let run = world.run().await.unwrap();
    assert_eq!((run.state, run.outcome), (RunState::Waiting, None));
    assert_eq!(
        world.iconik_access(&asset),
        ["reviewers"],
        "nothing is released"
    );
    assert_eq!(world.iconik_collections(&asset), ["Ingest/Card 7"]);
    let processes = world.engine.all_processes();
    let tasks = processes
        .iter()
        .flat_map(|process| world.engine.open_tasks(&process.id));
    let coordinators: Vec<_> = tasks
        .filter(|task| task.candidate_groups().any(|group| group == "dam-leads"))
        .map(|task| task.name)
        .collect();
    assert!(
        coordinators.contains(&"technical".to_owned()),
        "{coordinators:?}"
    );
    let notices = processes
        .iter()
        .filter(|process| process.definition == "forebayNotice");
    assert_eq!(notices.count(), 1, "the coordinator is told once");
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_1_intake_review_5_a_new_version_supersedes_the_review() {
    let world = world().await;
    let asset = under_review(&world).await;
    let old_version = world.iconik_version(&asset);
    for stage in ["technical", "editorial"] {
        world.decide(stage, EVA, "approved", &[]).unwrap();
        world.minute().await.unwrap();
    }
    assert_eq!(world.open_stages(), ["legal"]);
    let old = world.engine.all_processes().remove(0);
    let old_task = world.engine.open_tasks(&old.id).remove(0);

    let new_version = world
        .iconik
        .add_version(&asset, "better frames", "uta")
        .unwrap();
    world.pass(5 * MINUTE, MINUTE).await.unwrap();
    let ended = world
        .engine
        .processes(old.business_key.as_deref().unwrap())
        .remove(0);
    assert_eq!(ended.delete_reason.as_deref(), Some("superseded"));
    assert_eq!(world.reviews_started(), 2);
    assert_eq!(
        world.open_stages(),
        ["technical"],
        "from the first stage again"
    );

    let late = world
        .engine
        .decide(&old_task.id, CARA, "approved", &serde_json::Map::new());
    assert!(late.is_err(), "the old task is closed");
    world.minute().await.unwrap();
    assert_eq!(world.iconik_approval(&asset, &new_version), "REQUESTED");
    assert_ne!(world.iconik_approval(&asset, &old_version), "APPROVED");
    assert_eq!(world.iconik_access(&asset), ["reviewers"]);
    assert_eq!(world.iconik_collections(&asset), ["Ingest/Card 7"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_1_intake_review_5_a_decision_beside_a_new_version_does_not_release_it() {
    let world = world().await;
    let asset = under_review(&world).await;
    for stage in ["technical", "editorial"] {
        world.decide(stage, EVA, "approved", &[]).unwrap();
        world.minute().await.unwrap();
    }
    // Both happen before the host learns of either.
    let new_version = world
        .iconik
        .add_version(&asset, "better frames", "uta")
        .unwrap();
    world.decide("legal", CARA, "approved", &[]).unwrap();
    world.poll(forebay_e2e::ENGINE).await.unwrap();
    world.pass(5 * MINUTE, MINUTE).await.unwrap();

    assert_eq!(world.run().await.unwrap().state, RunState::Waiting);
    assert_eq!(world.iconik_approval(&asset, &new_version), "REQUESTED");
    assert_eq!(
        world.iconik_access(&asset),
        ["reviewers"],
        "nothing is released"
    );
    assert_eq!(
        world.open_stages(),
        ["technical"],
        "the new version is reviewed on its own"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_1_intake_review_rejected_media_is_kept_back() {
    let world = world().await;
    let asset = under_review(&world).await;
    let why = [("reasonCode", "QUALITY"), ("comment", "dropped frames")];
    world.decide("technical", EVA, "rejected", &why).unwrap();
    world.minute().await.unwrap();

    let run = world.run().await.unwrap();
    assert_eq!(
        (run.state, run.outcome.as_deref()),
        (RunState::Completed, Some("rejected"))
    );
    assert_eq!(
        world.iconik_approval(&asset, &world.iconik_version(&asset)),
        "NOT_APPROVED"
    );
    assert_eq!(world.iconik_access(&asset), ["ingest-team"]);
    assert_eq!(
        world.iconik_collections(&asset),
        ["Ingest/Card 7", "Rejected"]
    );
    assert_eq!(
        world.iconik_field(&asset, "review_comment"),
        "QUALITY: dropped frames"
    );
    let stages = world.open_stages();
    assert!(!stages.contains(&"editorial".to_owned()) && !stages.contains(&"legal".to_owned()));
}
