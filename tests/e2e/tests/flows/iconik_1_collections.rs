//! iconik-1 and the collections of iconik: where clips come from, and where they are filed.

use forebay_e2e::{ANN, Flow, ICONIK, MINUTE, Setup, World};
use forebay_model::run::RunState;
use forebay_simulators::common::{CourierSwitches, Moment};
use forebay_simulators::iconik::NewAsset;

const FLOW: &str = r#"
fields = { review_run = "run" }
filters = { include = ["Ingest/*"] }
initial_status = false
stages = [{ name = "technical", policy = "any" }]
routing = [{ when = {}, to = { group = "brand-reviewers", sla = "3bd" } }]
on_approved = { status = false, add_to_collections = ["Released/{campaign}"] }
users = { "u1" = "uploader@example.test" }
"#;

/// What is put into a collection below `Review` is reviewed, and nothing else.
const BY_COLLECTION: &str = r#"
fields = { review_run = "run" }
triggers = { created = false, new_version = false, collections = ["Review/*"] }
initial_status = false
stages = [{ name = "technical", policy = "any" }]
routing = [{ when = {}, to = { group = "brand-reviewers", sla = "3bd" } }]
on_approved = { status = false }
users = { "u1" = "uploader@example.test" }
"#;

const INBOX: &str = "Review/Inbox";

async fn world() -> World {
    world_of(Setup::of([Flow::approval("iconik-1", ICONIK, FLOW)])).await
}

async fn world_of(setup: Setup) -> World {
    let world = World::start(setup).await.unwrap();
    world.iconik.add_user("u1", "Uta Uploader", "token-of-uta");
    world
}

fn clip(title: &str) -> NewAsset {
    NewAsset::new(title, "frames", "u1").with("campaign", "Winter")
}

/// Paths of the collections that stand, those of one path as often as they do.
fn standing(world: &World) -> Vec<String> {
    let mut paths: Vec<String> = world.iconik.domain(|domain, _| {
        let collections = domain.collections.values();
        let standing = collections.filter(|collection| collection.status == "ACTIVE");
        standing
            .map(|collection| domain.collection_path(&collection.id))
            .collect()
    });
    paths.sort();
    paths
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_1_collections_two_runs_that_miss_one_at_the_same_moment_share_it() {
    let world = world().await;
    let clips = ["one.mov", "two.mov"].map(|title| {
        world
            .iconik
            .add_asset(clip(title).in_collection("Ingest/Card 7"))
    });
    world.settle().await.unwrap();
    world.pass(5 * MINUTE, MINUTE).await.unwrap();
    for _ in &clips {
        world.decide("technical", ANN, "approved", &[]).unwrap();
    }

    // Both have looked and found none before either makes one, first above and then below.
    let holds = world.iconik.frame().holds();
    let race = async {
        for _ in ["Released", "Winter"] {
            holds.arm(Moment::Before, 0, |call| {
                call.operation == "create-collection"
            });
            holds.caught_all(2).await;
            holds.release();
        }
    };
    let (_, minute) = tokio::join!(race, world.minute());
    minute.unwrap();

    for run in world.runs().await.unwrap() {
        let state = (run.state, run.outcome.as_deref());
        assert_eq!(state, (RunState::Completed, Some("approved")), "{run:#?}");
    }
    for clip in &clips {
        assert_eq!(
            world.iconik_collections(clip),
            ["Ingest/Card 7", "Released/Winter"]
        );
    }
    assert_eq!(
        standing(&world),
        ["Ingest", "Ingest/Card 7", "Released", "Released/Winter"]
    );
    let effects = world.effects();
    assert_eq!(effects["iconik: create-collection"], 4, "both, twice");
    assert_eq!(effects["iconik: delete-collection"], 2, "the later ones");
}

/// A world where the inbox has begun to be watched, and an asset that is not in it.
async fn watching() -> (World, String) {
    let setup = || Setup::of([Flow::approval("iconik-1", ICONIK, BY_COLLECTION)]);
    let mut world = world_of(setup()).await;
    webhooks_are_lost(&world, true);
    let old = world
        .iconik
        .add_asset(clip("old.mov").in_collection("Archive"));
    world
        .iconik
        .add_asset(clip("known.mov").in_collection(INBOX));
    world.pass(5 * MINUTE, MINUTE).await.unwrap();
    let watched = format!("watched_collections = [\"{INBOX}\"]");
    world
        .reconfigure(setup().settings(ICONIK, &watched))
        .await
        .unwrap();
    world.pass(5 * MINUTE, MINUTE).await.unwrap();
    assert_eq!(reviewed(&world).await, [""; 0], "who was there is known");
    webhooks_are_lost(&world, false);
    (world, old)
}

fn webhooks_are_lost(world: &World, dead: bool) {
    world.iconik.frame().courier().set(CourierSwitches {
        dead,
        ..CourierSwitches::default()
    });
}

/// The assets that runs were started for in their order, each as often as it was.
async fn reviewed(world: &World) -> Vec<String> {
    let mut runs = world.runs().await.unwrap();
    runs.sort_by_key(|run| run.created_at);
    runs.into_iter().map(|run| run.subject.id).collect()
}

/// How many events told that something was put into a collection.
async fn entries(world: &World) -> usize {
    let path = "/v1/events?kind=collection.added&limit=100";
    let (_, events) = world.get(path).await.unwrap();
    let events: serde_json::Value = serde_json::from_str(&events).unwrap();
    events["items"].as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_1_collections_who_comes_in_is_found_without_webhooks() {
    let (mut world, old) = watching().await;
    webhooks_are_lost(&world, true);
    assert!(world.iconik.put_into(INBOX, &old, "u1"));
    world.pass(10 * MINUTE, MINUTE).await.unwrap();
    assert_eq!(reviewed(&world).await, [old.as_str()]);

    // Also what came in while the host was down.
    let other = world
        .iconik
        .add_asset(clip("other.mov").in_collection("Archive"));
    world.pass(5 * MINUTE, MINUTE).await.unwrap();
    world.crash().await.unwrap();
    assert!(world.iconik.put_into(INBOX, &other, "u1"));
    world.restart().await.unwrap();
    world.pass(10 * MINUTE, MINUTE).await.unwrap();
    assert_eq!(reviewed(&world).await, [old, other]);
    assert_eq!(world.reviews_started(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_1_collections_who_comes_in_is_told_once_by_webhook_and_poll_together() {
    let (world, old) = watching().await;
    assert!(world.iconik.put_into(INBOX, &old, "u1"));
    world.pass(10 * MINUTE, MINUTE).await.unwrap();
    assert_eq!(reviewed(&world).await, [old.as_str()]);
    assert_eq!(entries(&world).await, 1, "one event");
    // A collection that is not watched is told by its webhook, as ever.
    let other = world.iconik.add_asset(clip("other.mov"));
    assert!(world.iconik.put_into("Review/Urgent", &other, "u1"));
    world.pass(10 * MINUTE, MINUTE).await.unwrap();
    assert_eq!(reviewed(&world).await, [old, other]);
    assert_eq!(entries(&world).await, 2);
    assert_eq!(world.reviews_started(), 2);
}
