//! A store with something of everything, and what must be found in it whatever has become of its file.

use forebay_model::ports::HeaderField;
use forebay_model::run::{Run, RunState};
use forebay_store::contract::fixtures::{
    actions, arrives, at, batch, call, claim_one, completion, controlled, entry, event, get, inbox,
    new_run, parked, plan, put_off, started, started_by, step, stepped, timer, wait, waiting,
};
use forebay_store::intake::{CursorWrite, EventBatch, NewWebhook, RoutePlan};
use forebay_store::runs::{After, Control, Notice, RequestKey, StartOutcome};
use forebay_store::{SqliteStore, Store};
use serde_json::json;

fn webhook() -> NewWebhook {
    NewWebhook {
        connection: "dam".into(),
        endpoint: "upload".into(),
        method: "POST".into(),
        path: "/hooks/dam/upload".into(),
        headers: vec![HeaderField {
            name: "content-type".into(),
            value: "application/json".into(),
        }],
        body: br#"{"asset":"confidential"}"#.to_vec(),
        received_at: at(5),
    }
}

/// Fill an empty store.
pub(crate) async fn fill(store: &SqliteStore) {
    let config = json!({"stages": ["brand"], "weight": 0.1});
    store.put_flow_config("hash", &config).await.unwrap();

    // A run that ended, started by an event.
    let id = arrives(store, event("done", "1")).await;
    let start = started_by(event("done", "1"), "done", 0);
    store.route(id, plan(vec![start]), at(0)).await.unwrap();
    stepped(store, After::Completed(completion("approved")), 1).await;

    // One that waits for an entity and a timer, with a journal, a notice and a pause behind it.
    let waits = started(store, "waits", 2).await;
    let activation = claim_one(store, 2).await;
    let mut end = step(
        &activation,
        waiting(vec![wait("asset-7")], vec![timer("reminder", 900)]),
        3,
    );
    end.journal = vec![call(
        &activation,
        0,
        true,
        Some(json!({"ok": {"id": "p-1"}})),
    )];
    end.notices = vec![Notice {
        channel: "ops".into(),
        message: "a review has begun".into(),
    }];
    store.commit_step(&activation.claim, end).await.unwrap();
    controlled(store, &waits, Control::Pause, 3).await;
    controlled(store, &waits, Control::Resume, 3).await;

    // One that is parked with an intent whose result nobody knows.
    started(store, "parked", 4).await;
    let activation = claim_one(store, 4).await;
    let intent = call(&activation, 0, true, None);
    parked(store, &activation.claim, vec![intent]).await;

    // One that is put off, one that its host was busy with, one that has not begun.
    started(store, "retries", 5).await;
    let activation = claim_one(store, 5).await;
    let later = put_off(800, Some("dam".into()));
    store.put_off(&activation.claim, later).await.unwrap();
    started(store, "busy", 6).await;
    claim_one(store, 6).await;
    let mut fresh = new_run("fresh", 7);
    fresh.request = Some(request());
    store.start_run(fresh).await.unwrap();

    // Events: one kept for a flow that is off, one not routed yet, with the cursor of its poll.
    let kept = arrives(store, event("kept", "1")).await;
    let keep = RoutePlan {
        deferred: vec!["off".into()],
        ..RoutePlan::default()
    };
    store.route(kept, keep, at(7)).await.unwrap();
    let unrouted = EventBatch {
        cursor: Some(CursorWrite {
            trigger: "dam".into(),
            value: "page-9".into(),
            at: at(8),
        }),
        ..batch(vec![event("unrouted", "1")])
    };
    store.record_events(unrouted).await.unwrap();
    store.accept_webhook(webhook()).await.unwrap();
    store.audit(vec![entry("looked", &waits)]).await.unwrap();
}

fn request() -> RequestKey {
    RequestKey {
        key: "ops:1".into(),
        fingerprint: "f".into(),
    }
}

async fn run_of(store: &SqliteStore, key: &str) -> Run {
    let filter = forebay_store::query::RunFilter {
        business_key: Some(key.into()),
        ..Default::default()
    };
    let mut found = store.runs(filter, Default::default()).await.unwrap().items;
    assert_eq!(found.len(), 1, "{key}");
    found.remove(0)
}

/// Everything that [`fill`] wrote can be read.
pub(crate) async fn read_back(store: &SqliteStore) {
    let done = run_of(store, "done").await;
    assert_eq!(done.state, RunState::Completed);
    assert_eq!(done.outcome.as_deref(), Some("approved"));
    assert_eq!(done.labels, [("market".to_owned(), "DE".to_owned())]);
    assert_eq!(store.steps(&done.id).await.unwrap().len(), 1);

    let waits = run_of(store, "waits").await;
    assert_eq!(waits.state, RunState::Waiting);
    assert_eq!(waits.handler_state.as_deref(), Some(r#"{"n":1}"#));
    assert_eq!((waits.activations, waits.state_version), (1, 1));
    let journal = store.journal_entries(&waits.id, None).await.unwrap();
    assert_eq!(journal[0].result, Some(json!({"ok": {"id": "p-1"}})));
    assert_eq!(journal[0].arguments, json!([0.1, "x"]));
    assert_eq!(store.waits(&waits.id).await.unwrap().len(), 1);
    assert_eq!(
        store.timers(&waits.id).await.unwrap()[0].due_at,
        at(900),
        "the timer stands"
    );
    let notices = store
        .notices(Some(&waits.id), Default::default())
        .await
        .unwrap();
    assert_eq!(notices.items[0].message, "a review has begun");
    assert!(actions(store, &waits.id).await.contains(&"looked".into()));

    let parked = run_of(store, "parked").await;
    assert_eq!(parked.park_reason.unwrap().code, "invalid");
    let intent = store.journal_entries(&parked.id, Some(1)).await.unwrap();
    assert_eq!((intent.len(), &intent[0].result), (1, &None));
    let retries = run_of(store, "retries").await;
    assert_eq!(
        (retries.state, retries.retry_at),
        (RunState::Retrying, Some(at(800)))
    );
    let fresh = run_of(store, "fresh").await;
    assert_eq!(inbox(store, &fresh.id).await, ["request"]);

    let config = store.flow_config("hash").await.unwrap().unwrap();
    assert_eq!(config, json!({"stages": ["brand"], "weight": 0.1}));
    let cursor = store.cursor("dam").await.unwrap().unwrap();
    assert_eq!(cursor.value, "page-9");
    let open = store.open_webhooks(at(9), 9).await.unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].webhook, webhook());
    let kept = store.deferred_events(&"off".into(), 9).await.unwrap();
    assert_eq!(kept[0].event, event("kept", "1"));
    let unrouted = store.unrouted_events(9).await.unwrap();
    assert_eq!(unrouted[0].event, event("unrouted", "1"));
    let counts = store.run_counts().await.unwrap();
    assert_eq!(counts.iter().map(|(_, _, number)| number).sum::<u64>(), 6);
    assert!(store.verify_audit().await.unwrap().unwrap() > 8);
}

/// And it goes on: what was busy is taken over, what is waited for arrives, what was asked before is
/// recognised, what comes next is written.
pub(crate) async fn go_on(store: &SqliteStore) {
    let mut due: Vec<String> = Vec::new();
    let request = forebay_store::contract::fixtures::request(10);
    for claimed in store.claim(request).await.unwrap() {
        due.push(claimed.run.business_key.clone());
        let end = step(&claimed, waiting(vec![], vec![]), 10);
        store.commit_step(&claimed.claim, end).await.unwrap();
    }
    due.sort();
    assert_eq!(due, ["busy", "fresh"]);

    let mut again = new_run("fresh", 11);
    again.request = Some(self::request());
    let answer = store.start_run(again).await.unwrap();
    assert!(matches!(answer, StartOutcome::Repeated(_)), "{answer:?}");

    let waits = run_of(store, "waits").await.id;
    let id = arrives(store, event("asset-7", "2")).await;
    store.route(id, RoutePlan::default(), at(11)).await.unwrap();
    assert_eq!(inbox(store, &waits).await, ["asset.updated"]);
    store.fire_timers(at(1000), 9).await.unwrap();
    assert_eq!(inbox(store, &waits).await.len(), 2);
    assert_eq!(get(store, &waits).await.state, RunState::Waiting);
    assert!(store.verify_audit().await.unwrap().is_ok());
}
