//! Webhooks: what they tell, and when they are switched off.

use forebay_simulators::common::{Fault, Rule};
use forebay_simulators::iconik::NewAsset;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{ANN, MINUTE, World, receiver, world};

async fn hook(world: &World, url: &str, extra: Value) -> String {
    let mut body = json!({"url": url, "event_type": "assets", "status": "ENABLED",
                          "headers": {"X-Flow-Secret": "chosen"}});
    body.as_object_mut()
        .unwrap()
        .extend(extra.as_object().unwrap().clone());
    let (status, webhook) = world.post("notifications/v1/webhooks/", body).await;
    assert_eq!(status, 201);
    format!(
        "notifications/v1/webhooks/{}/",
        webhook["id"].as_str().unwrap()
    )
}

#[tokio::test]
async fn a_webhook_registers_itself_and_gets_what_it_asked_for() {
    let world = world().await;
    let (receiver, received) = receiver().await;
    let url = format!("{}/hook", receiver.base_url());
    hook(
        &world,
        &url,
        json!({"realm": "entity", "operation": "create"}),
    )
    .await;
    hook(
        &world,
        &url,
        json!({"realm": "files", "query": "data.status=\"CLOSED\""}),
    )
    .await;
    let id = world
        .iconik
        .add_asset(NewAsset::new("live.mxf", "x", ANN).growing());
    world.iconik.set_field(&id, "region", "EMEA", ANN);
    world.iconik.close_file(&id, ANN);
    world.iconik.frame().courier().idle().await;
    let calls = received.recorder().calls();
    let told: Vec<_> = calls
        .iter()
        .map(|c| (c.json()["realm"].clone(), c.json()["operation"].clone()))
        .collect();
    assert_eq!(
        told,
        [
            (json!("entity"), json!("create")),
            (json!("files"), json!("update"))
        ]
    );
    let body = calls[0].json();
    assert_eq!(
        (&body["object_id"], &body["user_id"], &body["data"]["title"]),
        (&json!(id), &json!(ANN), &json!("live.mxf"))
    );
    assert!(body["request_id"].is_string() && body["system_domain_id"].is_string());
    let refused = world
        .post(
            "notifications/v1/webhooks/",
            json!({"url": url, "status": "ENABLED"}),
        )
        .await;
    assert_eq!(refused.0, 400);
}

#[tokio::test]
async fn a_webhook_that_keeps_failing_is_switched_off_until_it_is_armed_again() {
    let world = world().await;
    let (receiver, received) = receiver().await;
    let path = hook(
        &world,
        &format!("{}/hook", receiver.base_url()),
        json!({"realm": "entity"}),
    )
    .await;
    let courier = world.iconik.frame().courier().clone();
    received
        .faults()
        .add(Rule::always("hook", Fault::status(500)));
    for _ in 0..5 {
        world.clip();
        courier.idle().await;
    }
    assert_eq!(
        received.recorder().calls().len(),
        3,
        "after three failures nothing is sent"
    );
    let (status, webhook) = world.send(Method::GET, &path, Value::Null).await;
    assert_eq!(
        (status, &webhook["status"]),
        (201, &json!("FAILING")),
        "201 is what the vendor documents"
    );
    assert_eq!(webhook["last_error"], "status 500");
    assert!(webhook["first_failed_at"].is_string());
    received.faults().clear();
    let mut armed = webhook.clone();
    armed["status"] = "ENABLED".into();
    assert_eq!(world.put(&path, armed).await.0, 200);
    world.clip();
    courier.idle().await;
    assert_eq!(received.recorder().calls().len(), 4);
    assert_eq!(world.delete(&path).await, 204);
    assert_eq!(
        world.get("notifications/v1/webhooks/").await["objects"],
        json!([])
    );
}

#[tokio::test]
async fn a_proxy_gets_ready_and_reports_without_anybody_calling() {
    let world = world().await;
    let (receiver, received) = receiver().await;
    hook(
        &world,
        &format!("{}/hook", receiver.base_url()),
        json!({"realm": "proxies"}),
    )
    .await;
    world.iconik.domain(|domain, _| domain.proxy_delay = MINUTE);
    let id = world.clip();
    world.clock.advance(MINUTE);
    while received.recorder().calls().is_empty() {
        tokio::task::yield_now().await;
    }
    let body = received.recorder().calls()[0].json();
    assert_eq!(
        (&body["object_id"], &body["data"]["status"]),
        (&json!(id), &json!("CLOSED"))
    );
}
