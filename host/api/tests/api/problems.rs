//! Errors: the right status, words that name the place, nothing of the inside.

use axum::body::Body;
use http::Request;
use serde_json::json;

use crate::support::Host;

#[tokio::test]
async fn query_errors_name_the_parameter() {
    let host = Host::new().await;
    let cases = [
        ("/v1/runs?flwo=x", "flwo"),
        (
            "/v1/runs?state=sleeping",
            "`sleeping` is none of pending, running",
        ),
        ("/v1/runs?limit=many", "limit"),
        ("/v1/runs?limit=0", "`limit`: from 1 to 500"),
        ("/v1/runs?limit=501", "`limit`: from 1 to 500"),
        ("/v1/runs?cursor=x", "`cursor`"),
        ("/v1/runs?since=yesterday", "`since`: not an RFC 3339 time"),
        ("/v1/runs?label=market", "`label`: write `name:value`"),
        ("/v1/events?unrouted=perhaps", "unrouted"),
        ("/v1/audit?run=r-1", "run"),
    ];
    for (path, expected) in cases {
        let answer = host.get(path).await;
        assert_eq!(answer.problem(), (400, "malformed"), "{path}");
        assert!(
            answer.detail().contains(expected),
            "{path}: {}",
            answer.detail()
        );
    }
}

#[tokio::test]
async fn body_errors_name_the_place() {
    let host = Host::new().await;
    let path = "/v1/runs/r-0:cancel";
    let cases = [
        (r#"{"reason": 1}"#, "`reason`: invalid type"),
        (r#"{"raeson": "x"}"#, "unknown field `raeson`"),
        (r"{}", "missing field `reason`"),
        ("", "missing field `reason`"),
        (r#"{"reason": "x""#, "line 1 column 14"),
        (r#"{"reason": "x"} {}"#, "trailing characters"),
    ];
    for (body, expected) in cases {
        let request = Request::post(path)
            .header("x-api-key", "all")
            .header("content-type", "application/json; charset=utf-8");
        let answer = host.send(request.body(Body::from(body)).unwrap()).await;
        assert_eq!(answer.problem(), (400, "malformed"), "{body}");
        assert!(
            answer.detail().contains(expected),
            "{body}: {}",
            answer.detail()
        );
    }
    let request = Request::post(path).header("x-api-key", "all");
    let answer = host
        .send(request.body(Body::from(r#"{"reason": "x"}"#)).unwrap())
        .await;
    assert_eq!(answer.problem(), (415, "media-type"));
}

#[tokio::test]
async fn unknown_paths_and_verbs_are_not_found() {
    let host = Host::new().await;
    let paths = [
        "/",
        "/v2/runs",
        "/v1/runs/r-1:explode",
        "/~cancel/v1/runs/r-1",
        "/v1/runs:explode",
        "/v1/x:",
    ];
    for path in paths {
        let answer = host.post(path, json!({})).await;
        assert_eq!(answer.problem(), (404, "not-found"), "{path}");
    }
    let answer = host.call("DELETE", "/v1/runs", None).await;
    assert_eq!(answer.problem(), (405, "method-not-allowed"));
    assert_eq!(answer.header("allow"), Some("GET,HEAD"));
}

#[tokio::test]
async fn a_panic_is_our_mistake_and_stays_inside() {
    let host = Host::new().await;
    let answer = host
        .post("/v1/flows/approval/runs", json!({"do": "panic"}))
        .await;
    assert_eq!(answer.problem(), (500, "internal"));
    assert!(!answer.text.contains("secret"), "{}", answer.text);
    assert_eq!(host.get("/v1/runs").await.status, 200);
}

#[tokio::test]
async fn a_request_ends_at_its_timeout() {
    let host = Host::new().await;
    let clock = host.clock.clone();
    let slow = host.post("/v1/flows/approval/runs", json!({"do": "hang"}));
    let watch = async {
        while clock.next_deadline().is_none() {
            tokio::task::yield_now().await;
        }
        clock.advance_to(clock.next_deadline().unwrap());
    };
    let (answer, ()) = tokio::join!(slow, watch);
    assert_eq!(answer.problem(), (504, "timeout"));
}

#[tokio::test]
async fn a_sane_request_id_is_kept_and_others_are_replaced() {
    let host = Host::new().await;
    let send = async |id: &str| {
        let request = Request::get("/healthz").header("x-request-id", id);
        let answer = host.send(request.body(Body::empty()).unwrap()).await;
        answer.header("x-request-id").unwrap().to_owned()
    };
    assert_eq!(send("abc-1").await, "abc-1");
    assert_ne!(send("with blank").await, "with blank");
    let long = "x".repeat(129);
    assert_ne!(send(&long).await, long);
    assert_ne!(send("").await, send("").await);
}
