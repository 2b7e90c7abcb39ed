//! Runs: start once, see, act on.

use std::collections::BTreeSet;

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use crate::support::{Answer, Host};

async fn start_with(host: &Host, api_key: &str, key: &str, body: &str) -> Answer {
    let request = Request::post("/v1/flows/approval/runs")
        .header("x-api-key", api_key)
        .header("idempotency-key", key)
        .header("content-type", "application/json");
    host.send(request.body(Body::from(body.to_owned())).unwrap())
        .await
}

#[tokio::test]
async fn a_started_run_is_told_and_found() {
    let host = Host::new().await;
    let answer = host
        .post("/v1/flows/approval/runs", json!({"key": "k"}))
        .await;
    assert_eq!(answer.status, 202);
    assert_eq!(answer.body["result"], "started");
    assert_eq!(answer.header("idempotency-replayed"), None);
    let shown = host.get(answer.header("location").unwrap()).await;
    assert_eq!(shown.status, 200);
    assert_eq!(shown.body["run"], answer.body["run"]);
    assert_eq!(shown.body["run"]["state"], "pending");
    assert_eq!(
        shown.body["inbox"][0]["delivery"],
        json!({"type": "request", "input": {"key": "k"}})
    );
}

#[tokio::test]
async fn a_live_run_gets_a_second_request_of_its_key() {
    let host = Host::new().await;
    let id = host.start("k").await;
    let answer = host
        .post("/v1/flows/approval/runs", json!({"key": "k", "more": 1}))
        .await;
    assert_eq!(
        (answer.status.as_u16(), &answer.body["result"]),
        (202, &json!("delivered"))
    );
    assert_eq!(answer.body["run_id"], id);
}

#[tokio::test]
async fn the_same_request_is_answered_with_the_same_run() {
    let host = Host::new().await;
    let first = start_with(&host, "all", "i-1", r#"{"key": "k", "market": "DE"}"#).await;
    assert_eq!(first.status, 202);
    for body in [
        r#"{"key": "k", "market": "DE"}"#,
        r#"{ "market":"DE", "key":"k" }"#,
    ] {
        let again = start_with(&host, "all", "i-1", body).await;
        assert_eq!(again.status, 200);
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        assert_eq!(again.header("location"), first.header("location"));
        assert_eq!(again.body["result"], "repeated");
    }
    let other = start_with(&host, "all", "i-1", r#"{"key": "k", "market": "FR"}"#).await;
    assert_eq!(other.problem(), (422, "key-reused"));
    let inbox = host.get(first.header("location").unwrap()).await.body["inbox"].clone();
    assert_eq!(
        inbox.as_array().unwrap().len(),
        1,
        "nothing was delivered twice"
    );
}

#[tokio::test]
async fn idempotency_keys_of_different_clients_do_not_meet() {
    let host = Host::new().await;
    let one = start_with(&host, "all", "i-1", r#"{"key": "a"}"#).await;
    let two = start_with(&host, "operate-key-0123", "i-1", r#"{"key": "b"}"#).await;
    assert_eq!((one.status.as_u16(), two.status.as_u16()), (202, 202));
    assert_ne!(one.body["run_id"], two.body["run_id"]);
}

#[tokio::test]
async fn what_cannot_be_started_says_why() {
    let host = Host::new().await;
    let path = "/v1/flows/approval/runs";
    let refused = host.post(path, json!({"do": "refuse"})).await;
    assert_eq!(refused.problem(), (422, "refused"));
    assert_eq!(refused.detail(), "the asset has no owner");
    assert_eq!(
        host.post("/v1/flows/off/runs", json!({})).await.problem(),
        (409, "conflict")
    );
    assert_eq!(
        host.post("/v1/flows/none/runs", json!({})).await.problem(),
        (404, "not-found")
    );
    assert_eq!(
        host.post(path, json!({"do": "trap"})).await.problem(),
        (500, "plugin-failed")
    );
    host.break_store(true);
    assert_eq!(
        host.post(path, json!({})).await.problem(),
        (503, "unavailable")
    );
    host.break_store(false);
    host.ready.send_replace(false);
    assert_eq!(
        host.post(path, json!({})).await.problem(),
        (503, "unavailable")
    );
    assert_eq!(host.get("/v1/runs").await.body["items"], json!([]));
}

#[tokio::test]
async fn lists_are_paged_without_gaps_and_repeats() {
    let host = Host::new().await;
    let mut started = BTreeSet::new();
    for number in 0..5 {
        started.insert(host.start(&format!("k{number}")).await);
    }
    let (mut seen, mut path) = (Vec::new(), "/v1/runs?limit=2".to_owned());
    for expected in [2, 2, 1] {
        let page = host.get(&path).await.body;
        let items = page["items"].as_array().unwrap();
        assert_eq!(items.len(), expected);
        seen.extend(
            items
                .iter()
                .map(|run| run["id"].as_str().unwrap().to_owned()),
        );
        path = format!(
            "/v1/runs?limit=2&cursor={}",
            page["next"].as_str().unwrap_or_default()
        );
    }
    assert!(path.ends_with("cursor="), "the last page names no next");
    assert_eq!(seen.len(), 5);
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), started);
}

#[tokio::test]
async fn filters_hold_together() {
    let host = Host::new().await;
    let start = |key: &str, market: &str| json!({"key": key, "market": market});
    host.post("/v1/flows/approval/runs", start("a", "DE")).await;
    host.post("/v1/flows/approval/runs", start("b", "FR")).await;
    let keys = async |query: &str| {
        let answer = host.get(&format!("/v1/runs?{query}")).await;
        assert_eq!(answer.status, 200, "{query}: {answer:?}");
        let items = answer.body["items"].as_array().unwrap().clone();
        items
            .iter()
            .map(|run| run["business_key"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(keys("flow=approval").await, ["b", "a"]);
    assert_eq!(keys("flow=off").await, [""; 0]);
    assert_eq!(keys("business_key=a").await, ["a"]);
    assert_eq!(keys("subject=asset-b").await, ["b"]);
    assert_eq!(keys("label=market:FR").await, ["b"]);
    assert_eq!(keys("label=market:FR&business_key=a").await, [""; 0]);
    assert_eq!(keys("state=pending&state=parked").await, ["b", "a"]);
    assert_eq!(keys("state=parked,waiting").await, [""; 0]);
    assert_eq!(keys("since=2024-01-31T09:45:12.007Z").await, ["b", "a"]);
    assert_eq!(keys("until=2024-01-31T09:45:12.007Z").await, [""; 0]);
}

#[tokio::test]
async fn a_waiting_run_shows_its_steps_calls_waits_and_notices() {
    let host = Host::new().await;
    let id = host.start("k").await;
    host.activate().await;
    let shown = host.get(&format!("/v1/runs/{id}")).await.body;
    assert_eq!(shown["run"]["state"], "waiting");
    assert_eq!(shown["run"]["waiting_on"]["summary"], "a decision");
    assert_eq!(shown["handler_state"], json!({"seen": 1}));
    assert_eq!(shown["waits"][0]["entity"]["id"], "asset-k");
    assert_eq!(
        shown["timers"][0],
        json!({"name": "remind", "due_at": "2024-01-31T10:45:12.007Z"})
    );
    assert_eq!(shown["notices"][0]["message"], "k waits");
    assert_eq!(
        host.get("/v1/notices").await.body["items"],
        shown["notices"]
    );

    let steps = host.get(&format!("/v1/runs/{id}/steps")).await.body;
    assert_eq!(steps["current"], Value::Null);
    let step = &steps["items"][0];
    assert_eq!(
        (&step["trigger"], &step["result"]),
        (&json!("request"), &json!("waiting"))
    );
    let call = &step["calls"][0];
    assert_eq!(call["function"], "forebay:assets/asset-source.get");
    assert_eq!(call["connection"], "canto");
    assert_eq!(call["arguments"], json!(["asset-k"]));
    assert_eq!(call["result"]["ok"]["name"], "Poster");

    let audit = host.get(&format!("/v1/runs/{id}/audit")).await.body;
    assert!(!audit["items"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn operators_act_on_runs_and_the_audit_names_them() {
    let host = Host::new().await;
    let id = host.start("k").await;
    let act =
        async |verb: &str, body: Value| host.post(&format!("/v1/runs/{id}:{verb}"), body).await;
    let paused = act("pause", json!({})).await;
    assert_eq!(
        (&paused.body["changed"], &paused.body["run"]["state"]),
        (&json!(true), &json!("paused"))
    );
    assert_eq!(act("pause", json!({})).await.body["changed"], false);
    assert_eq!(act("resume", json!({})).await.body["changed"], true);
    let signal = act("signal", json!({"name": "hurry", "data": {"by": "noon"}})).await;
    assert_eq!(signal.status, 200, "{signal:?}");
    let inbox = host.get(&format!("/v1/runs/{id}")).await.body["inbox"].clone();
    let signals: Vec<_> = inbox
        .as_array()
        .unwrap()
        .iter()
        .filter(|item| item["delivery"]["type"] == "signal")
        .collect();
    assert_eq!(signals[0]["delivery"]["data"], json!({"by": "noon"}));
    let cancelled = act("cancel", json!({"reason": "a mistake", "force": true})).await;
    assert_eq!(cancelled.body["run"]["state"], "cancelled");
    assert_eq!(
        act("signal", json!({"name": "late"})).await.problem(),
        (409, "conflict")
    );

    let audit = host
        .get(&format!("/v1/runs/{id}/audit?limit=500"))
        .await
        .body;
    let records = audit["items"].as_array().unwrap();
    let cancel = records
        .iter()
        .find(|record| record["action"] == "operator.cancel")
        .unwrap();
    assert_eq!(cancel["actor"], "operator:all");
    assert_eq!(cancel["details"]["reason"], "a mistake");
}

#[tokio::test]
async fn unknown_runs_are_not_found_whatever_is_asked() {
    let host = Host::new().await;
    for path in ["/v1/runs/r-0", "/v1/runs/r-0/steps", "/v1/runs/r-0/audit"] {
        assert_eq!(host.get(path).await.problem(), (404, "not-found"), "{path}");
    }
    for verb in ["retry", "pause", "resume"] {
        let answer = host.post(&format!("/v1/runs/r-0:{verb}"), json!({})).await;
        assert_eq!(answer.problem(), (404, "not-found"), "{verb}");
    }
    let answer = host
        .post("/v1/runs/r-0:cancel", json!({"reason": "x"}))
        .await;
    assert_eq!(answer.problem(), (404, "not-found"));
}
