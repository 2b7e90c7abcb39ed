use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use forebay_simulators::common::{CourierSwitches, Running, server};
use forebay_simulators::opentext::Callback;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::support::{World, stages};

/// The secret that came with a callback, and its body.
type Received = (Option<String>, Value);

#[derive(Clone, Default)]
struct Inbox {
    received: Arc<Mutex<Vec<Received>>>,
    refuse: Arc<Mutex<u32>>,
}

async fn receive(
    State(inbox): State<Inbox>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> StatusCode {
    let secret = headers
        .get("x-secret")
        .map(|value| value.to_str().unwrap().to_owned());
    inbox.received.lock().unwrap().push((secret, body));
    let mut refuse = inbox.refuse.lock().unwrap();
    if *refuse == 0 {
        return StatusCode::NO_CONTENT;
    }
    *refuse -= 1;
    StatusCode::SERVICE_UNAVAILABLE
}

async fn receiver(world: &World) -> (Inbox, Running) {
    let inbox = Inbox::default();
    let router = Router::new()
        .route("/hook", post(receive))
        .with_state(inbox.clone());
    let running = server::start(router, "127.0.0.1:0").await.unwrap();
    let callback = Callback {
        url: format!("{}/hook", running.base_url()),
        header: "X-Secret".to_owned(),
        secret: "s3cret-value".to_owned(),
    };
    world.sim.call_back("assetApproval", callback);
    (inbox, running)
}

#[tokio::test]
async fn a_process_calls_back_when_a_task_is_completed_and_when_it_ends() {
    let world = World::start().await;
    let (inbox, _running) = receiver(&world).await;
    let id = world
        .review("k", stages(&["brand-reviewers", "legal"]))
        .await;
    world.complete(&world.open(&id)[0], "approved").await;
    world.complete(&world.open(&id)[0], "approved").await;
    world.sim.frame().courier().idle().await;
    let received = inbox.received.lock().unwrap().clone();
    let events: Vec<&Value> = received.iter().map(|(_, body)| &body["event"]).collect();
    assert_eq!(
        events,
        ["task-completed", "task-completed", "process-completed"]
    );
    for (secret, body) in &received {
        assert_eq!(secret.as_deref(), Some("s3cret-value"));
        assert_eq!(
            [&body["processInstanceId"], &body["businessKey"]],
            [&json!(id), &json!("k")]
        );
    }
}

#[tokio::test]
async fn a_process_that_is_ended_from_outside_tells_nobody() {
    let world = World::start().await;
    let (inbox, _running) = receiver(&world).await;
    let id = world.review("k", stages(&["legal"])).await;
    world.sim.terminate(&id, "cleaned up").unwrap();
    world.sim.frame().courier().idle().await;
    assert!(inbox.received.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_failing_receiver_holds_nothing_up_and_is_not_tried_again() {
    let world = World::start().await;
    let (inbox, _running) = receiver(&world).await;
    *inbox.refuse.lock().unwrap() = 1;
    let id = world
        .review("k", stages(&["brand-reviewers", "legal"]))
        .await;
    world.complete(&world.open(&id)[0], "approved").await;
    world.sim.frame().courier().idle().await;
    assert_eq!(world.open(&id).len(), 1);
    let statuses: Vec<_> = world
        .sim
        .frame()
        .courier()
        .sent()
        .iter()
        .map(|s| s.status)
        .collect();
    assert_eq!(statuses, [Some(503)]);
}

#[tokio::test]
async fn a_callback_may_come_twice_or_not_at_all() {
    let world = World::start().await;
    let (inbox, _running) = receiver(&world).await;
    world.sim.frame().courier().set(CourierSwitches {
        copies: 2,
        ..CourierSwitches::default()
    });
    let id = world
        .review("k", stages(&["brand-reviewers", "legal"]))
        .await;
    world.complete(&world.open(&id)[0], "approved").await;
    world.sim.frame().courier().idle().await;
    assert_eq!(inbox.received.lock().unwrap().len(), 2);
    world.sim.frame().courier().set(CourierSwitches {
        dead: true,
        ..CourierSwitches::default()
    });
    world.complete(&world.open(&id)[0], "approved").await;
    world.sim.frame().courier().idle().await;
    assert_eq!(inbox.received.lock().unwrap().len(), 2);
}
