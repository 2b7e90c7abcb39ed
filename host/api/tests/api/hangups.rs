//! Clients that hang up: what was accepted goes on all the same, and without time passing.

use std::sync::Arc;
use std::time::Duration;

use forebay_engine::Service;
use serde_json::{Value, json};

use crate::support::Host;

/// Rounds in which what these tests wait for must have come.
const PATIENCE: u32 = 5_000;

async fn until(host: &Host, path: &str, wanted: impl Fn(&Value) -> bool) {
    for _ in 0..PATIENCE {
        if wanted(&host.get(path).await.body) {
            return;
        }
    }
    panic!("it never came true of {path}");
}

/// Send this, and hang up when the store has done `method` and nobody knows yet.
async fn hang_up(host: &Host, method: &'static str, path: &str, body: Value) {
    host.store.held.hold(method);
    tokio::select! {
        answer = host.post(path, body) => panic!("it was held: {answer:?}"),
        () = host.store.held.waits.notified() => {}
    }
    host.store.held.let_go();
}

#[tokio::test]
async fn a_run_whose_client_hung_up_is_taken_up_at_once() {
    let host = Host::new().await;
    let begun = host.core.now();
    let service = Service::start(Arc::clone(&host.core));
    let input = json!({"key": "k"});
    hang_up(&host, "start_run", "/v1/flows/approval/runs", input).await;
    until(&host, "/v1/runs", |runs| {
        runs["items"][0]["state"] == "waiting"
    })
    .await;
    assert_eq!(host.core.now(), begun);

    let id = host.get("/v1/runs").await.body["items"][0]["id"].clone();
    let path = format!("/v1/runs/{}", id.as_str().unwrap());
    let activations = async || host.get(&path).await.body["run"]["activations"].clone();
    let before = activations().await.as_u64().unwrap();
    let signal = json!({"name": "go"});
    hang_up(&host, "act", &format!("{path}:signal"), signal).await;
    until(&host, &path, |run| {
        run["run"]["activations"].as_u64() > Some(before)
    })
    .await;
    assert_eq!(host.core.now(), begun);
    service.drain(Duration::from_secs(1)).await;
}

#[tokio::test]
async fn a_request_about_many_goes_on_to_its_last_run() {
    let host = Host::new().await;
    for key in ["a", "b", "c"] {
        host.start(key).await;
    }
    let body = json!({"matching": {"flow": "approval"}});
    hang_up(&host, "act", "/v1/runs:pause", body).await;
    until(&host, "/v1/runs?state=paused", |runs| {
        runs["items"].as_array().unwrap().len() == 3
    })
    .await;
}
