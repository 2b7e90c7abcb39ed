//! Schedules, backfills and rewound cursors.

use serde_json::json;

use crate::support::Host;

#[tokio::test]
async fn schedules_are_shown_and_fired() {
    let host = Host::new().await;
    let shown = async || {
        let flow = host.get("/v1/flows/approval").await.body;
        flow["flow"]["schedules"][0].clone()
    };
    host.core.fire_schedules().await.unwrap();
    let schedule = shown().await;
    assert_eq!(
        (&schedule["name"], &schedule["zone"]),
        (&json!("nightly"), &json!("UTC"))
    );
    assert_eq!(schedule["next_at"], "2024-02-01T02:00:00.000Z");
    assert_eq!(schedule["last_due_at"], json!(null));

    let path = "/v1/flows/approval/schedules/nightly:fire";
    let fired = host.call("POST", path, None).await;
    assert_eq!(fired.status, 202, "{fired:?}");
    assert_eq!(fired.body["result"], "started");
    let run = host
        .get(&format!(
            "/v1/runs/{}",
            fired.body["run_id"].as_str().unwrap()
        ))
        .await;
    assert_eq!(run.body["run"]["business_key"], "scan");
    let again = host.call("POST", path, None).await;
    assert_eq!(again.body["result"], "delivered");

    host.clock
        .advance_to("2024-02-01T02:00:05.000Z".parse().unwrap());
    host.core.fire_schedules().await.unwrap();
    let schedule = shown().await;
    assert_eq!(schedule["last_due_at"], "2024-02-01T02:00:00.000Z");
    assert_eq!(schedule["last_run"], fired.body["run_id"]);
    assert_eq!(schedule["next_at"], "2024-02-02T02:00:00.000Z");

    let missing = host
        .call("POST", "/v1/flows/approval/schedules/weekly:fire", None)
        .await;
    assert_eq!(missing.problem(), (404, "not-found"));
}

#[tokio::test]
async fn a_backfill_is_counted_confirmed_and_cancelled() {
    let host = Host::new().await;
    let none = host.get("/v1/flows/approval/backfill").await;
    assert_eq!(none.problem(), (404, "not-found"));
    let early = host
        .call("POST", "/v1/flows/approval:confirm-backfill", None)
        .await;
    assert_eq!(early.status, 422);
    let wrong = host
        .post("/v1/flows/approval:backfill", json!({"since": "yesterday"}))
        .await;
    assert_eq!(wrong.status, 400);
    let asked = host
        .post(
            "/v1/flows/approval:backfill",
            json!({"since": "2024-01-01T00:00:00Z"}),
        )
        .await;
    assert_eq!(asked.body["state"], "counting");
    while host.core.tend_backfills().await.unwrap().is_some() {}
    let counted = host.get("/v1/flows/approval/backfill").await.body;
    assert_eq!(counted["state"], "counted");
    // The scripted handler ignores events.
    assert_eq!(
        (&counted["seen"], &counted["ignored"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(counted["since"], "2024-01-01T00:00:00.000Z");
    let confirmed = host
        .call("POST", "/v1/flows/approval:confirm-backfill", None)
        .await;
    assert_eq!(confirmed.body["state"], "running");
    let cancelled = host
        .call("POST", "/v1/flows/approval:cancel-backfill", None)
        .await;
    assert_eq!(cancelled.body["state"], "cancelled");
    let audit = host.get("/v1/audit").await.body;
    let records = audit["items"].as_array().unwrap();
    let by = |action: &str| {
        let found = records.iter().find(|record| record["action"] == action);
        found.unwrap()["actor"].clone()
    };
    assert_eq!(by("operator.backfill-count"), "operator:all");
    assert_eq!(by("operator.backfill-confirm"), "operator:all");
    assert_eq!(by("operator.backfill-cancel"), "operator:all");
}

#[tokio::test]
async fn a_cursor_is_rewound_to_a_time() {
    let host = Host::new().await;
    let path = "/v1/connections/canto:rewind";
    let rewound = host.post(path, json!({"to": "2024-01-01T00:00:00Z"})).await;
    assert_eq!(rewound.body, json!({"new": 2, "known": 0, "more": false}));
    let cursor = host.get("/v1/connections/canto/cursor").await.body;
    assert_eq!(cursor["value"], "c-2");
    let future = host.post(path, json!({"to": "2034-01-01T00:00:00Z"})).await;
    assert_eq!(future.status, 422);
    let wrong = host.post(path, json!({"to": "1 Jan"})).await;
    assert_eq!(wrong.status, 400);
}
