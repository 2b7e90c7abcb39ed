//! canto-1: nothing reaches consumers, portals or partners before the right people have agreed. The
//! acceptance scenarios of the use case, in virtual time, through the real host and components.

use std::time::Duration;

use forebay_e2e::{ANN, CANTO, CARA, DIRK, Flow, Setup, WEBHOOK_TOKEN, World};
use forebay_model::run::RunState;
use forebay_simulators::canto::NewAsset;
use forebay_simulators::canto::values::ContentId;
use forebay_simulators::common::{Fault, Rule};

/// The configuration of the use case: three stages, a legal one only for videos.
const FLOW: &str = r#"
required_before_review = ["asset_type", "market"]
filters = { include = ["/Incoming/**"] }
stages = [
    { name = "brand", policy = "any" },
    { name = "legal", policy = "all", when = { asset_type = ["video", "testimonial"] } },
    { name = "regional", policy = "all", per = "market" },
]
routing = [
    { when = { stage = "legal", market = ["DE", "AT"] }, to = { group = "legal-dach", sla = "2bd" } },
    { when = { stage = "regional", market = "DE" }, to = { group = "regional-de", sla = "2bd" } },
    { when = {}, to = { group = "brand-reviewers", sla = "3bd" } },
]
users = { "u1" = "uploader@example.test" }
"#;

async fn world() -> World {
    let setup = Setup::of([Flow::approval("canto-1", CANTO, FLOW)]);
    World::start(setup).await.unwrap()
}

/// A video in /Incoming for Germany.
fn upload(world: &World) -> ContentId {
    let video = NewAsset::new("spot.mp4", "frames", "u1")
        .in_album("/Incoming")
        .with("asset_type", "video")
        .with("market", serde_json::json!(["DE"]));
    world.canto.add_user("u1", "Uta Uploader");
    world.canto.add_asset(video).unwrap()
}

/// Until the first stage is open.
async fn under_review(world: &World) -> ContentId {
    let asset = upload(world);
    world.settle().await.unwrap();
    world
        .pass(Duration::from_secs(300), Duration::from_secs(60))
        .await
        .unwrap();
    assert_eq!(
        world.open_stages(),
        ["brand"],
        "{:#?}",
        world.runs().await.unwrap()
    );
    asset
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_1_approval_1_all_stages_approve() {
    let world = world().await;
    let asset = under_review(&world).await;
    assert_eq!(world.canto.asset(&asset).unwrap().status, "Pending");
    for (stage, person) in [("brand", ANN), ("legal", CARA), ("regional", DIRK)] {
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
    let stored = world.canto.asset(&asset).unwrap();
    assert_eq!(stored.status, "Approved");
    assert_eq!(world.reviews_started(), 1);
    assert_eq!(
        world.canto_field(&asset, "reviewed_version"),
        stored.current().id
    );
    assert_eq!(world.canto_field(&asset, "review_run"), run.id.as_str());
    let decisions: Vec<_> = world
        .audit(&run)
        .await
        .unwrap()
        .into_iter()
        .filter(|entry| entry.action == "decision")
        .collect();
    let actors: Vec<_> = decisions.iter().map(|entry| entry.actor.as_str()).collect();
    assert_eq!(actors, [ANN, CARA, DIRK]);
    let notices = world.engine.all_processes();
    let notices = notices
        .iter()
        .filter(|process| process.definition == "forebayNotice")
        .count();
    assert_eq!(notices, 1, "the uploader is informed once");
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_1_approval_2_a_hundred_webhooks_and_a_poll_are_one_run() {
    let world = world().await;
    let asset = upload(&world);
    world.settle().await.unwrap();
    let body = serde_json::json!({
        "secure_token": WEBHOOK_TOKEN,
        "scheme": asset.scheme, "id": asset.id, "displayname": "spot.mp4",
    });
    let url = format!("{}/hooks/canto-main/upload", world.address());
    for _ in 0..100 {
        let (url, body) = (url.clone(), body.clone());
        let status = tokio::task::spawn_blocking(move || {
            ureq::post(url)
                .send_json(body)
                .map(|answer| answer.status().as_u16())
        });
        assert_eq!(status.await.unwrap().unwrap(), 200);
    }
    world.settle().await.unwrap();
    world
        .pass(Duration::from_secs(600), Duration::from_secs(60))
        .await
        .unwrap();
    assert_eq!(world.runs().await.unwrap().len(), 1);
    assert_eq!(world.reviews_started(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_1_approval_3_a_new_version_supersedes_the_review() {
    let world = world().await;
    let asset = under_review(&world).await;
    world.decide("brand", ANN, "approved", &[]).unwrap();
    world.minute().await.unwrap();
    assert_eq!(world.open_stages(), ["legal"]);
    let old = world.engine.all_processes().remove(0);
    let old_task = world.engine.open_tasks(&old.id).remove(0);

    world.canto.upload_version(&asset, "better frames", "u1");
    world
        .pass(Duration::from_secs(300), Duration::from_secs(60))
        .await
        .unwrap();
    let ended = world
        .engine
        .processes(old.business_key.as_deref().unwrap())
        .remove(0);
    assert_eq!(ended.delete_reason.as_deref(), Some("superseded"));
    assert_eq!(world.reviews_started(), 2);
    assert_eq!(world.open_stages(), ["brand"]);

    let late = world
        .engine
        .decide(&old_task.id, CARA, "approved", &serde_json::Map::new());
    assert!(late.is_err(), "the old task is closed");
    world.minute().await.unwrap();
    assert_eq!(world.canto.asset(&asset).unwrap().status, "Pending");
    assert_eq!(world.runs().await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_1_approval_4_a_start_whose_answer_was_lost_is_adopted() {
    let world = world().await;
    world
        .engine
        .frame()
        .faults()
        .add(Rule::once("start-process", Fault::CommitThenTimeout));
    upload(&world);
    world.settle().await.unwrap();
    world
        .pass(Duration::from_secs(900), Duration::from_secs(60))
        .await
        .unwrap();
    assert_eq!(world.reviews_started(), 1);
    assert_eq!(world.open_stages(), ["brand"]);
    assert_eq!(world.run().await.unwrap().state, RunState::Waiting);
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_1_approval_5_a_rejection_keeps_the_asset_back() {
    let world = world().await;
    let asset = under_review(&world).await;
    world.decide("brand", ANN, "approved", &[]).unwrap();
    world.minute().await.unwrap();
    let why = [
        ("reasonCode", "RIGHTS"),
        ("comment", "music is not cleared"),
    ];
    world.decide("legal", CARA, "rejected", &why).unwrap();
    world.minute().await.unwrap();

    let run = world.run().await.unwrap();
    assert_eq!(
        (run.state, run.outcome.as_deref()),
        (RunState::Completed, Some("rejected"))
    );
    assert_eq!(world.canto.asset(&asset).unwrap().status, "Restricted");
    assert_eq!(
        world.canto_field(&asset, "review_comment"),
        "RIGHTS: music is not cleared"
    );
    assert!(
        !world.open_stages().contains(&"regional".to_owned()),
        "no later stage has a task"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_1_approval_6_a_deleted_asset_ends_its_review() {
    let world = world().await;
    let asset = under_review(&world).await;
    world.canto.delete(&asset, "u1").unwrap();
    world.minute().await.unwrap();
    assert_eq!(
        world.run().await.unwrap().state,
        RunState::Waiting,
        "it may come back"
    );
    world
        .pass(Duration::from_secs(20 * 60), Duration::from_secs(60))
        .await
        .unwrap();

    let run = world.run().await.unwrap();
    assert_eq!(
        (run.state, run.outcome.as_deref()),
        (RunState::Cancelled, Some("asset-gone"))
    );
    assert_eq!(world.open_stages(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_1_approval_survives_a_crash_between_start_and_recording() {
    let mut world = world().await;
    // The engine commits the start; the host dies before it learns of it.
    world
        .engine
        .frame()
        .faults()
        .add(Rule::once("start-process", Fault::CommitThenTimeout));
    let asset = upload(&world);
    world.settle().await.unwrap();
    world.crash().await.unwrap();
    world.boot().await.unwrap();
    world
        .pass(Duration::from_secs(900), Duration::from_secs(60))
        .await
        .unwrap();
    assert_eq!(world.reviews_started(), 1);
    for (stage, person) in [("brand", ANN), ("legal", CARA), ("regional", DIRK)] {
        world.decide(stage, person, "approved", &[]).unwrap();
        world.minute().await.unwrap();
    }
    assert_eq!(
        world.run().await.unwrap().outcome.as_deref(),
        Some("approved")
    );
    assert_eq!(world.canto.asset(&asset).unwrap().status, "Approved");
}
