//! Backups on request, and the audit of runs that are gone.

use std::path::Path;

use forebay_engine::backup::Set;
use forebay_model::{RetentionPolicy, Timestamp};
use forebay_store::{SqliteOptions, SqliteStore, Store as _};
use serde_json::json;

use crate::support::Host;

#[tokio::test]
async fn a_backup_holds_what_the_host_holds() {
    let host = Host::new().await;
    let run = host.start("a").await;
    let answer = host.post("/v1/backup", json!({"target": "monday"})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.body["state"], "done");
    let path = Path::new(answer.body["path"].as_str().unwrap());
    assert_eq!(path, host.directory.path().join("backups/monday"));
    let set = Set::open(path).unwrap();
    let files = set.manifest().files.values();
    let size: u64 = files.map(|file| file.bytes).sum();
    assert_eq!(answer.body["bytes"], size);
    // The handler of these tests has no file: that is told, and the rest is there.
    assert_eq!(answer.body["plugins"], json!([]));
    assert_eq!(
        answer.body["lacking"][0]["digest"],
        set.manifest().lacking[0].digest.as_str()
    );
    let copy = SqliteStore::open(SqliteOptions::new(set.store())).unwrap();
    assert!(copy.run(&run.into()).await.unwrap().is_some());

    let audit = host.get("/v1/audit").await;
    let newest = audit.body["items"].as_array().unwrap().last().unwrap();
    assert_eq!(newest["action"], "operator.backup");
    assert_eq!(newest["actor"], "operator:all");
    assert_eq!(newest["details"]["bytes"], size);
}

#[tokio::test]
async fn a_backup_goes_where_it_may_and_overwrites_nothing() {
    let host = Host::new().await;
    let ask = async |target: &str| host.post("/v1/backup", json!({"target": target})).await;
    let outside = host.directory.path().join("x");
    for target in ["../x", outside.to_str().unwrap(), "", ".x"] {
        assert_eq!(ask(target).await.problem(), (422, "refused"), "{target}");
    }
    assert_eq!(ask("a/b").await.status, 200);
    assert_eq!(ask("a/b").await.problem(), (409, "conflict"));
    let unknown = host
        .post("/v1/backup", json!({"target": "c", "force": true}))
        .await;
    assert_eq!(unknown.problem(), (400, "malformed"));
    host.break_store(true);
    assert_eq!(ask("c").await.problem(), (503, "unavailable"));
}

#[tokio::test]
async fn the_audit_of_a_run_outlives_it() {
    let host = Host::new().await;
    let id = host.start("a").await;
    let cancel = json!({"reason": "over", "force": true});
    assert_eq!(
        host.post(&format!("/v1/runs/{id}:cancel"), cancel)
            .await
            .status,
        200
    );
    let policy = RetentionPolicy::default();
    let pruned = host
        .store
        .prune(policy, Vec::new(), Timestamp(i64::MAX))
        .await
        .unwrap();
    assert_eq!(pruned.runs, 1);
    assert_eq!(host.get(&format!("/v1/runs/{id}")).await.status, 404);
    let audit = host.get(&format!("/v1/runs/{id}/audit")).await;
    assert_eq!(audit.body["items"][0]["action"], "run.started");
    assert_eq!(host.get("/v1/runs/never/audit").await.status, 404);
}
