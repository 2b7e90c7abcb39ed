//! Ownership of runs with real processes: two hosts on one store, a host that stood still past its
//! claims, and calls that take longer than a claim holds. Nothing happens twice and nothing fails.

use std::time::Duration;

use forebay_e2e::{ANN, Binary, Scene};
use forebay_model::{Clock as _, SystemClock, Timestamp};
use forebay_simulators::common::Moment;
use serde_json::json;

/// Claims hold so long in these tests.
const LEASE: Duration = Duration::from_secs(1);

/// The configuration that says so.
const SHORT_CLAIMS: &str = "\n[engine]\nlease = \"1s\"\n";

/// The engine holds the start of the review, with an asset that Canto has told the host of.
async fn held_start(scene: &Scene, host: &Binary, moment: Moment) {
    let holds = scene.engine.frame().holds();
    holds.arm(moment, 0, |call| call.operation == "start-process");
    let asset = scene.upload("photo.jpg").unwrap();
    Scene::tell(host, &asset).unwrap();
    holds.caught().await;
}

/// One review, whose decision ends the only run well.
fn assert_one_review(scene: &Scene, host: &Binary) {
    Scene::until_all(host, 1, "waiting").unwrap();
    let reviews = scene.reviews();
    assert_eq!(reviews.len(), 1, "one process: {reviews:?}");
    let task = reviews.into_iter().flatten().next().unwrap();
    scene.decide(&task, ANN, "approved").unwrap();
    let run = Scene::until_all(host, 1, "completed").unwrap().remove(0);
    assert_eq!(run["outcome"], "approved", "{run:#}");
    assert_eq!(scene.reviews(), [None], "one review, and it is over");
}

/// The last moment at which a claim renewed by now still holds.
fn end_of_claims() -> Timestamp {
    SystemClock.now().plus(LEASE)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_host_on_the_same_store_is_turned_away_and_changes_nothing() {
    let scene = Scene::start("").await.unwrap();
    let host = scene.site.serve().unwrap();
    let asset = scene.upload("photo.jpg").unwrap();
    Scene::tell(&host, &asset).unwrap();
    Scene::until_all(&host, 1, "waiting").unwrap();
    let before = scene.engine.frame().recorder().all_effects();

    let second = scene.site.serve_beside().unwrap();
    assert!(!second.status.success());
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.contains("in use by another host"), "{said}");
    let holder = format!("process {}", host.pid());
    assert!(said.contains(&holder), "it names the other host: {said}");
    assert_eq!(scene.engine.frame().recorder().all_effects(), before);
    assert_one_review(&scene, &host);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_stood_still_past_its_claims_does_nothing_twice() {
    for moment in [Moment::Before, Moment::After] {
        let scene = Scene::start(SHORT_CLAIMS).await.unwrap();
        let host = scene.site.serve().unwrap();
        held_start(&scene, &host, moment).await;
        host.freeze().unwrap();
        // Meanwhile somebody starts another host, which is what one does when one seems dead. It
        // cannot have the store as long as the first may wake up.
        let end = end_of_claims();
        while SystemClock.now() <= end {
            let second = scene.site.serve_beside().unwrap();
            assert!(!second.status.success(), "{second:?}");
        }
        host.thaw().unwrap();
        // It finds its claims run out and works on, for as long as another claim would hold.
        let end = end_of_claims();
        host.until("/v1/runs", "a claim is over", |_| SystemClock.now() > end)
            .unwrap();
        let held = scene.engine.frame().holds().held();
        assert_eq!(
            held, 1,
            "the call under way is not made again beside itself"
        );
        scene.engine.frame().holds().release();
        assert_one_review(&scene, &host);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_takes_longer_than_a_claim_holds_keeps_its_run() {
    let scene = Scene::start(SHORT_CLAIMS).await.unwrap();
    let host = scene.site.serve().unwrap();
    held_start(&scene, &host, Moment::Before).await;
    let mut end = end_of_claims();
    // Three claims long.
    end = end.plus(2 * LEASE);
    let running = |runs: &serde_json::Value| {
        let run = &runs["items"][0];
        assert_eq!(run["state"], "running", "{run:#}");
        SystemClock.now() > end
    };
    host.until("/v1/runs", "three claims are over", running)
        .unwrap();
    assert_eq!(host.said("lost a claim"), Vec::<serde_json::Value>::new());
    scene.engine.frame().holds().release();
    assert_one_review(&scene, &host);
    assert_eq!(host.said("superseded"), Vec::<serde_json::Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_outlives_its_claim_writes_nothing_and_the_log_names_both() {
    let scene = Scene::start(SHORT_CLAIMS).await.unwrap();
    let host = scene.site.serve().unwrap();
    held_start(&scene, &host, Moment::After).await;
    let run = host.get("/v1/runs").unwrap().1["items"][0].clone();
    let id = run["id"].as_str().unwrap();
    // The claim is taken from the call under way: the operator ends the run without asking anybody.
    let force = json!({ "reason": "not wanted any more", "force": true });
    let (status, answer) = host.post(&format!("/v1/runs/{id}:cancel"), &force).unwrap();
    assert_eq!(status, 200, "{answer:#}");
    scene.engine.frame().holds().release();
    host.until("/v1/runs", "the late answer was refused", |_| {
        !host.said("superseded").is_empty()
    })
    .unwrap();
    let line = host.said("superseded").remove(0).to_string();
    assert!(line.contains(id), "{line}");
    assert!(
        line.contains("\"epoch\":1") && line.contains("epoch 2"),
        "the stale claim and what came after it: {line}"
    );
    let run = Scene::until_all(&host, 1, "cancelled").unwrap().remove(0);
    assert!(run["park-reason"].is_null(), "no false failure: {run:#}");
}
