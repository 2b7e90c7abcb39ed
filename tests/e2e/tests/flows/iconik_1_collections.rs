//! iconik-1 and the collections of iconik: where clips come from, and where they are filed.

use forebay_e2e::{ANN, Flow, ICONIK, MINUTE, Setup, World};
use forebay_model::run::RunState;
use forebay_simulators::common::Moment;
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

async fn world() -> World {
    let setup = Setup::of([Flow::approval("iconik-1", ICONIK, FLOW)]);
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
