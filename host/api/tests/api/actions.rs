//! What operators do to one run and to many.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use crate::support::{Answer, Host};

async fn post_with(host: &Host, path: &str, api_key: &str, key: &str, body: Value) -> Answer {
    let request = Request::post(path)
        .header("x-api-key", api_key)
        .header("idempotency-key", key)
        .header("content-type", "application/json");
    host.send(request.body(Body::from(body.to_string())).unwrap())
        .await
}

async fn state(host: &Host, run: &str) -> Value {
    host.get(&format!("/v1/runs/{run}")).await.body["run"]["state"].clone()
}

#[tokio::test]
async fn a_forced_outcome_needs_its_own_scope_a_reason_and_a_known_word() {
    let host = Host::new().await;
    let run = host.start("k").await;
    let path = format!("/v1/runs/{run}:complete");
    let body = json!({"outcome": "approved", "reason": "the board agreed"});
    for key in ["read-key-0123456", "operate-key-0123", "admin-key-012345"] {
        let answer = post_with(&host, &path, key, "i", body.clone()).await;
        assert_eq!(answer.problem(), (403, "forbidden"), "{key}");
    }
    let answer = host.post(&path, json!({"outcome": "approved"})).await;
    assert_eq!(answer.problem(), (400, "malformed"));
    let blank = json!({"outcome": "approved", "reason": " "});
    assert_eq!(host.post(&path, blank).await.problem(), (422, "refused"));
    let unknown = json!({"outcome": "burnt", "reason": "the board agreed"});
    assert_eq!(host.post(&path, unknown).await.problem(), (422, "refused"));
    assert_eq!(state(&host, &run).await, "pending");

    let answer = post_with(&host, &path, "override-key-012", "i", body).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.body["changed"]),
        (200, &json!(true))
    );
    assert_eq!(answer.body["run"]["outcome"], "approved");
    let audit = host.get(&format!("/v1/runs/{run}/audit")).await.body;
    let records = audit["items"].as_array().unwrap();
    let forced: Vec<_> = records
        .iter()
        .filter(|record| record["action"] == "operator.complete")
        .collect();
    assert_eq!(forced.len(), 1, "{audit:#}");
    assert_eq!(forced[0]["actor"], "operator:board");
    let details = &forced[0]["details"];
    assert_eq!(details["reason"], "the board agreed");
    assert_eq!(details["before"]["state"], "pending");
    assert_eq!(details["after"]["state"], "completed");
}

#[tokio::test]
async fn an_action_under_a_key_happens_once() {
    let host = Host::new().await;
    let run = host.start("k").await;
    let path = format!("/v1/runs/{run}:signal");
    let go = json!({"name": "go", "reason": "asked by phone"});
    let first = post_with(&host, &path, "all", "i", go.clone()).await;
    assert_eq!(first.body["changed"], true);
    let again = post_with(&host, &path, "all", "i", go).await;
    assert_eq!(
        (&again.body["changed"], &again.body["repeated"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let other = post_with(&host, &path, "all", "i", json!({"name": "stop"})).await;
    assert_eq!(other.problem(), (422, "key-reused"));
    let inbox = host.get(&format!("/v1/runs/{run}")).await.body["inbox"].clone();
    assert_eq!(inbox.as_array().unwrap().len(), 2, "{inbox:#}");
}

#[tokio::test]
async fn a_repeated_start_is_recognised_before_anything_is_looked_at() {
    let host = Host::new().await;
    let path = "/v1/flows/approval/runs";
    let first = post_with(&host, path, "all", "i", json!({"key": "k"})).await;
    let off = crate::support::flow("approval", false);
    let topology = forebay_engine::Topology::new(vec![off], Vec::new());
    host.core.configure(topology).await.unwrap();
    let again = post_with(&host, path, "all", "i", json!({"key": "k"})).await;
    assert_eq!(again.status, 200, "{again:?}");
    assert_eq!(again.body["run_id"], first.body["run_id"]);
    let fresh = post_with(&host, path, "all", "j", json!({"key": "k"})).await;
    assert_eq!(fresh.problem(), (409, "conflict"));
}

#[tokio::test]
async fn many_are_acted_on_by_the_conditions_of_the_list() {
    let host = Host::new().await;
    let mut runs = Vec::new();
    for number in 0..3 {
        runs.push(host.start(&format!("k{number}")).await);
    }
    let body = json!({"matching": {"flow": "approval", "limit": 2}});
    let told = host.post("/v1/runs:pause?dry_run=true", body.clone()).await;
    assert_eq!(
        (&told.body["dry_run"], &told.body["changed"]),
        (&json!(true), &json!(2))
    );
    assert_eq!(state(&host, &runs[2]).await, "pending");
    let done = host.post("/v1/runs:pause", body).await.body;
    assert_eq!(done["items"][0]["acted"]["run"]["state"], "paused");
    let rest = json!({"matching": {"flow": "approval", "cursor": done["next"]}});
    let rest = host.post("/v1/runs:pause", rest).await.body;
    assert_eq!((&rest["changed"], &rest["next"]), (&json!(1), &Value::Null));

    let these = json!({"runs": [runs[0], "r-none"], "with": {"reason": "all is well"}});
    let answer = host.post("/v1/runs:resume", these).await.body;
    assert_eq!(
        (&answer["changed"], &answer["refused"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(answer["items"][1]["reason"], "no run `r-none`");
    let cancel = json!({"matching": {"state": ["paused"]}, "with": {"reason": "spring cleaning", "force": true}});
    let first = post_with(&host, "/v1/runs:cancel", "all", "i", cancel.clone()).await;
    assert_eq!(first.body["changed"], 2);
    let again = post_with(&host, "/v1/runs:cancel", "all", "i", cancel).await;
    assert_eq!(again.body["items"][1]["result"], "repeated");
    let redriven = json!({"matching": {"business_key": "k1", "state": ["cancelled"]}});
    let redriven = host.post("/v1/runs:redrive", redriven).await.body;
    let successor = redriven["items"][0]["acted"]["successor"].as_str().unwrap();
    assert_eq!(state(&host, successor).await, "pending");
    let linked = host
        .get(&format!("/v1/runs?label=redrive-of:{}", runs[1]))
        .await
        .body;
    assert_eq!(linked["items"][0]["id"], successor);
}

#[tokio::test]
async fn what_a_request_about_many_lacks_is_named() {
    let host = Host::new().await;
    for (path, body, word) in [
        ("/v1/runs:pause", json!({}), "`matching` or `runs`"),
        ("/v1/runs:pause", json!({"matching": {}}), "condition"),
        (
            "/v1/runs:pause",
            json!({"matching": {"limit": 5}}),
            "condition",
        ),
        (
            "/v1/runs:pause",
            json!({"runs": vec!["r"; 501]}),
            "501 are more than the 500 runs",
        ),
        ("/v1/runs:cancel", json!({"runs": ["r"]}), "reason"),
        (
            "/v1/runs:pause",
            json!({"matching": {"colour": "red"}}),
            "colour",
        ),
    ] {
        let answer = host.post(path, body.clone()).await;
        assert_eq!(answer.problem(), (400, "malformed"), "{body}");
        assert!(
            answer.detail().contains(word),
            "{body}: {}",
            answer.detail()
        );
    }
}

#[tokio::test]
async fn a_request_is_about_as_many_runs_as_the_configuration_allows() {
    let host = Host::with(forebay_api::Options {
        max_bulk_runs: 2,
        ..Default::default()
    })
    .await;
    let mut runs = Vec::new();
    for key in ["a", "b", "c"] {
        runs.push(host.start(key).await);
    }
    for (body, place) in [
        (json!({"runs": runs}), "`runs`: 3 are more"),
        (
            json!({"matching": {"flow": "approval", "limit": 3}}),
            "`matching.limit`: 3 are more",
        ),
    ] {
        let answer = host.post("/v1/runs:pause", body).await;
        assert_eq!(answer.problem(), (400, "malformed"));
        let detail = answer.detail();
        assert!(
            detail.contains(place) && detail.contains("http.max_bulk_runs"),
            "{detail}"
        );
    }
    // Without a limit of its own a request is about as many, and says where the rest is.
    let body = json!({"matching": {"flow": "approval"}});
    let answer = host.post("/v1/runs:pause", body).await.body;
    assert_eq!(answer["changed"], 2);
    assert!(answer["next"].is_string(), "{answer:#}");
    let answer = host
        .post("/v1/runs:pause", json!({"runs": runs[..2]}))
        .await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn an_event_is_shown_and_routed_anew() {
    let host = Host::new().await;
    host.post("/v1/connections/canto:poll", json!({})).await;
    host.core.route_events().await.unwrap();
    let page = host.get("/v1/events").await.body;
    let id = page["items"][0]["id"].as_u64().unwrap();
    let shown = host.get(&format!("/v1/events/{id}")).await;
    assert_eq!(shown.body, page["items"][0]);
    let path = format!("/v1/events/{id}:redeliver");
    let answer = host
        .post(&path, json!({"reason": "the rules changed"}))
        .await;
    assert_eq!(
        (answer.status.as_u16(), &answer.body["routed"]),
        (200, &json!(false))
    );
    assert_eq!(host.core.route_events().await.unwrap(), 1);
    for id in ["999", "x"] {
        let answer = host.get(&format!("/v1/events/{id}")).await;
        assert_eq!(answer.problem(), (404, "not-found"));
    }
}
