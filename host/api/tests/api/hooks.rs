//! Webhooks: never 2xx without stored.

use axum::body::Body;
use forebay_api::Options;
use forebay_model::Timestamp;
use forebay_store::intake::StoredWebhook;
use http::Request;

use crate::support::{Answer, Host};

fn delivery(path: &str, secret: &str, body: impl Into<Body>) -> Request<Body> {
    let request = Request::post(path)
        .header("x-secret", secret)
        .header("x-vendor", "canto");
    request.body(body.into()).unwrap()
}

async fn deliver(host: &Host, body: &str) -> Answer {
    host.send(delivery(
        "/hooks/canto/assets?try=1",
        "right",
        body.to_owned(),
    ))
    .await
}

async fn stored(host: &Host) -> Vec<StoredWebhook> {
    host.core
        .store()
        .open_webhooks(Timestamp(i64::MAX), 1_000)
        .await
        .unwrap()
}

#[tokio::test]
async fn what_is_acknowledged_is_stored_and_nothing_else() {
    let host = Host::new().await;
    let mut acknowledged = Vec::new();
    for number in 0..100 {
        // Every third delivery meets a full disk.
        host.break_store(number % 3 == 0);
        let answer = deliver(&host, &format!("delivery {number}")).await;
        match answer.status.as_u16() {
            200 => acknowledged.push((answer.body["accepted"].as_u64().unwrap(), number)),
            503 => {
                assert_eq!(number % 3, 0);
                assert_eq!(answer.header("retry-after"), Some("5"));
                assert!(
                    !answer.text.contains("/dev/sda1"),
                    "internals: {}",
                    answer.text
                );
            }
            other => panic!("status {other}"),
        }
    }
    host.break_store(false);
    assert_eq!(acknowledged.len(), 66);
    let kept: Vec<_> = stored(&host)
        .await
        .into_iter()
        .map(|kept| {
            let body = String::from_utf8(kept.webhook.body).unwrap();
            (
                kept.id,
                body.strip_prefix("delivery ").unwrap().parse().unwrap(),
            )
        })
        .collect();
    assert_eq!(kept, acknowledged);
}

#[tokio::test]
async fn a_delivery_is_kept_as_it_came_but_for_its_proof() {
    let host = Host::new().await;
    assert_eq!(deliver(&host, r#"{"id": 1}"#).await.status, 200);
    let webhook = stored(&host).await.remove(0).webhook;
    assert_eq!(webhook.connection.as_str(), "canto");
    assert_eq!(webhook.endpoint, "assets");
    assert_eq!(
        (webhook.method.as_str(), webhook.path.as_str()),
        ("POST", "/hooks/canto/assets?try=1")
    );
    assert_eq!(webhook.body, br#"{"id": 1}"#);
    let names: Vec<_> = webhook
        .headers
        .iter()
        .map(|header| header.name.as_str())
        .collect();
    assert_eq!(names, ["x-vendor"]);
}

#[tokio::test]
async fn what_is_turned_away_is_not_stored() {
    let host = Host::new().await;
    let cases = [
        ("/hooks/canto/assets", "wrong", "{}", (401, "forged")),
        ("/hooks/canto/assets", "right", "???", (400, "malformed")),
        ("/hooks/canto/other", "right", "{}", (404, "not-found")),
        ("/hooks/nobody/assets", "right", "{}", (404, "not-found")),
    ];
    for (path, secret, body, expected) in cases {
        let answer = host.send(delivery(path, secret, body)).await;
        assert_eq!(answer.problem(), expected, "{path} {secret} {body}");
    }
    assert_eq!(stored(&host).await, []);
}

#[tokio::test]
async fn only_post_is_a_delivery() {
    let host = Host::new().await;
    let answer = host.get("/hooks/canto/assets").await;
    assert_eq!(answer.problem(), (405, "method-not-allowed"));
    assert_eq!(answer.header("allow"), Some("POST"));
}

#[tokio::test]
async fn while_the_host_starts_or_drains_vendors_are_told_to_come_back() {
    let host = Host::new().await;
    host.ready.send_replace(false);
    let answer = deliver(&host, "{}").await;
    assert_eq!(answer.problem(), (503, "unavailable"));
    assert_eq!(answer.header("retry-after"), Some("5"));
    assert_eq!(stored(&host).await, []);
}

#[tokio::test]
async fn the_size_limit_is_that_of_webhooks() {
    let options = Options {
        webhook_body_limit: 10,
        body_limit: 1,
        ..Options::default()
    };
    let host = Host::with(options).await;
    assert_eq!(deliver(&host, "0123456789").await.status, 200);
    assert_eq!(
        deliver(&host, "0123456789a").await.problem(),
        (413, "too-large")
    );
}

#[tokio::test]
async fn api_clients_cannot_crowd_out_deliveries() {
    let host = Host::with(Options {
        max_requests: 0,
        ..Options::default()
    })
    .await;
    assert_eq!(host.get("/v1/runs").await.problem(), (503, "overloaded"));
    assert_eq!(deliver(&host, "{}").await.status, 200);
    let host = Host::with(Options {
        max_webhooks: 0,
        ..Options::default()
    })
    .await;
    assert_eq!(deliver(&host, "{}").await.problem(), (503, "overloaded"));
    assert_eq!(host.get("/v1/runs").await.status, 200);
}
