//! `kill -9` at the worst moments, and the start after it.

use forebay_e2e::{ANN, Binary, Scene};
use forebay_simulators::common::{Fault, Rule};
use serde_json::Value;

/// The open task of the only review there ever was.
fn only_task(scene: &Scene) -> String {
    let reviews = scene.reviews();
    assert_eq!(reviews.len(), 1, "{reviews:?}");
    reviews.into_iter().flatten().next().unwrap()
}

fn until_all(host: &Binary, count: usize, state: &str) -> Vec<Value> {
    Scene::until_all(host, count, state).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_made_while_the_host_is_dead_lands_and_no_process_is_started_twice() {
    let scene = Scene::start("").await.unwrap();
    let host = scene.site.serve().unwrap();
    let asset = scene.upload("photo.jpg").unwrap();
    Scene::tell(&host, &asset).unwrap();
    until_all(&host, 1, "waiting");
    let task = only_task(&scene);
    host.kill().unwrap();

    scene.decide(&task, ANN, "approved").unwrap();
    let host = scene.site.serve().unwrap();
    let run = until_all(&host, 1, "completed").remove(0);
    assert_eq!(run["outcome"], "approved");
    assert_eq!(scene.canto.asset(&asset).unwrap().status, "Approved");
    assert_eq!(scene.reviews(), [None], "one review, and it is over");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_killed_in_the_middle_of_its_work_goes_on_where_it_was() {
    let scene = Scene::start("").await.unwrap();
    let host = scene.site.serve().unwrap();
    let asset = scene.upload("photo.jpg").unwrap();
    // The engine starts the review and its answer is lost: the host dies while it does not know.
    scene
        .engine
        .frame()
        .faults()
        .add(Rule::once("start-process", Fault::CommitThenTimeout));
    Scene::tell(&host, &asset).unwrap();
    host.until("/v1/runs", "the engine has it", |_| {
        scene.reviews().len() == 1
    })
    .unwrap();
    host.kill().unwrap();
    let host = scene.site.serve().unwrap();
    until_all(&host, 1, "waiting");
    host.kill().unwrap();
    let host = scene.site.serve().unwrap();
    until_all(&host, 1, "waiting");
    let task = only_task(&scene);
    scene.decide(&task, ANN, "approved").unwrap();
    assert_eq!(until_all(&host, 1, "completed")[0]["outcome"], "approved");
    assert_eq!(scene.reviews(), [None]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_a_moment_before_the_kill_is_not_lost() {
    const KILLS: usize = 4;
    let scene = Scene::start("").await.unwrap();
    let mut assets = Vec::new();
    for number in 0..KILLS {
        let host = scene.site.serve().unwrap();
        let asset = scene.upload(&format!("photo-{number}.jpg")).unwrap();
        Scene::tell(&host, &asset).unwrap();
        host.kill().unwrap();
        assets.push(asset);
    }
    let host = scene.site.serve().unwrap();
    until_all(&host, KILLS, "waiting");
    assert_eq!(scene.reviews().iter().flatten().count(), KILLS);
    for asset in &assets {
        assert_eq!(scene.canto.asset(asset).unwrap().status, "Pending");
    }
    let events = host.get("/v1/events?kind=asset.created").unwrap().1;
    let events = events["items"].as_array().unwrap();
    assert_eq!(events.len(), KILLS);
    assert!(
        events.iter().all(|event| event["source"] == "webhook"),
        "{events:#?}"
    );
}
