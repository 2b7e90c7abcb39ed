//! Flows, plugins, connections, events, audit, health.

use serde_json::json;

use crate::support::Host;

#[tokio::test]
async fn flows_show_their_handler_configuration_and_runs() {
    let host = Host::new().await;
    host.start("a").await;
    host.start("b").await;
    let list = host.get("/v1/flows").await.body;
    let names: Vec<_> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|flow| &flow["name"])
        .collect();
    assert_eq!(names, ["approval", "off"]);
    assert_eq!(list["items"][0]["runs"], json!({"pending": 2}));
    let flow = host.get("/v1/flows/approval").await.body;
    assert_eq!(flow["flow"], list["items"][0]);
    assert_eq!(flow["flow"]["handler_version"], "1.2.0");
    assert_eq!(flow["config"], json!({"quorum": 2}));
    assert_eq!(
        host.get("/v1/flows/none").await.problem(),
        (404, "not-found")
    );
}

#[tokio::test]
async fn a_flow_check_asks_vendors_only_if_told() {
    let host = Host::new().await;
    for (query, expected) in [
        ("", "vendors were not asked"),
        ("?probe=true", "vendors were asked"),
    ] {
        let answer = host
            .call("POST", &format!("/v1/flows/approval:check{query}"), None)
            .await;
        assert_eq!(answer.body["findings"][0]["message"], expected);
        assert_eq!(answer.body["passed"], true);
    }
}

#[tokio::test]
async fn plugins_are_shown_with_those_kept_out() {
    let host = Host::new().await;
    let plugins = host.get("/v1/plugins").await.body;
    assert_eq!(plugins["accepted"][1]["kind"], "connector");
    assert_eq!(plugins["quarantined"][0]["code"], "unknown-import");
    let canto = host.get("/v1/plugins/canto").await.body;
    assert_eq!(canto["plugin"], plugins["accepted"][1]);
    assert_eq!(canto["connector"]["secrets"], json!(["hook", "token"]));
    let approve = host.get("/v1/plugins/approve").await.body;
    assert_eq!(approve["handler"]["roles"][0]["name"], "dam");
    assert_eq!(
        host.get("/v1/plugins/none").await.problem(),
        (404, "not-found")
    );
}

#[tokio::test]
async fn a_check_is_remembered_as_health() {
    let host = Host::new().await;
    let before = host.get("/v1/connections/canto").await.body;
    assert_eq!(before["connection"]["status"], "healthy");
    assert_eq!(before["settings"], json!({"tenant": "acme"}));
    let check = host
        .call("POST", "/v1/connections/canto:check", None)
        .await
        .body;
    assert_eq!(check["passed"], false);
    let after = host.get("/v1/connections/canto").await.body;
    assert_eq!(after["connection"]["status"], "degraded");
    assert_eq!(after["findings"], check["findings"]);
    assert_eq!(
        host.get("/v1/connections").await.body["items"][2],
        after["connection"]
    );
}

#[tokio::test]
async fn a_vendor_that_fails_is_told_from_a_missing_plugin() {
    let host = Host::new().await;
    let vendor = host
        .call("POST", "/v1/connections/broken:check", None)
        .await;
    assert_eq!(vendor.problem(), (502, "vendor"));
    assert_eq!(vendor.detail(), "unavailable: no answer from the tenant");
    let bare = host.call("POST", "/v1/connections/bare:check", None).await;
    assert_eq!(bare.problem(), (503, "unavailable"));
    assert_eq!(
        host.get("/v1/connections/bare").await.body["connection"]["status"],
        "no-plugin"
    );
    let none = host.call("POST", "/v1/connections/none:check", None).await;
    assert_eq!(none.problem(), (404, "not-found"));
}

#[tokio::test]
async fn a_poll_brings_events_and_moves_the_cursor() {
    let host = Host::new().await;
    let path = "/v1/connections/canto/cursor";
    assert_eq!(host.get(path).await.body["value"], json!(null));
    let polled = host
        .call("POST", "/v1/connections/canto:poll", None)
        .await
        .body;
    assert_eq!(polled, json!({"new": 2, "known": 0, "more": false}));
    assert_eq!(host.get(path).await.body["value"], "c-2");

    let events = host
        .get("/v1/events?kind=asset.created&unrouted=true")
        .await
        .body;
    assert_eq!(events["items"].as_array().unwrap().len(), 2);
    let one = host.get("/v1/events?entity=one").await.body["items"][0].clone();
    assert_eq!(
        one["event"]["data"][0],
        json!({"name": "expires", "value": "1970-01-01T00:00:00.000Z"})
    );
    assert_eq!(
        host.get("/v1/events?connection=none").await.body["items"],
        json!([])
    );
}

#[tokio::test]
async fn rewinding_a_cursor_is_audited_and_the_chain_holds() {
    let host = Host::new().await;
    host.call("POST", "/v1/connections/canto:poll", None).await;
    let path = "/v1/connections/canto/cursor";
    let answer = host.call("PUT", path, Some(json!({"value": "c-1"}))).await;
    assert_eq!(answer.body["value"], "c-1");
    assert_eq!(host.get(path).await.body["value"], "c-1");
    let audit = host.get("/v1/audit").await.body;
    let records = audit["items"].as_array().unwrap();
    let record = records
        .iter()
        .find(|record| record["action"] == "operator.set-cursor")
        .unwrap();
    assert_eq!(
        record["details"],
        json!({"connection": "canto", "from": "c-2", "to": "c-1"})
    );
    assert_eq!(record["actor"], "operator:all");
    let verified = host.get("/v1/audit:verify").await.body;
    assert_eq!(verified["intact"], true);
    assert_eq!(verified["records"], records.len());
}

#[tokio::test]
async fn readiness_gives_every_reason_while_the_process_is_alive() {
    let host = Host::new().await;
    assert_eq!(host.get("/readyz").await.status, 200);
    host.ready.send_replace(false);
    host.break_store(true);
    let answer = host.get("/readyz").await;
    assert_eq!(answer.problem(), (503, "unavailable"));
    let reasons = json!([
        "the host is starting or draining",
        "the store cannot be written"
    ]);
    assert_eq!(answer.body["reasons"], reasons);
    assert_eq!(host.get("/healthz").await.status, 200);
}
