//! What pruning removes, and above all what it must not.

use forebay_model::RetentionPolicy;
use forebay_model::ports::HeaderField;
use serde_json::json;

use super::fixtures::{
    actions, arrives, at, batch, cancel, claim_one, completion, controlled, dam, event, get, inbox,
    new_run, parked, plan, started, started_by, step, stepped, wait, waiting,
};
use crate::Store;
use crate::intake::{NewWebhook, RoutePlan, WebhookSettlement};
use crate::retention::Pruned;
use crate::runs::{After, Control, RequestKey, StartOutcome};

const DAY: i64 = 24 * 3600;

fn policy() -> RetentionPolicy {
    RetentionPolicy::default()
}

/// Prune until there is no more.
async fn pruned(store: &dyn Store, policy: RetentionPolicy, second: i64) -> Pruned {
    let mut total = Pruned {
        more: true,
        ..Pruned::default()
    };
    while total.more {
        total = total.and(
            store
                .prune(policy, vec!["hash".into()], at(second))
                .await
                .unwrap(),
        );
    }
    total
}

async fn completed(store: &dyn Store, key: &str, second: i64) -> forebay_model::RunId {
    let run = started(store, key, second).await;
    stepped(store, After::Completed(completion("done")), second).await;
    run
}

async fn knows_event(store: &dyn Store, id: &str, token: &str) -> bool {
    store
        .record_events(batch(vec![event(id, token)]))
        .await
        .unwrap()
        .known
        == 1
}

pub async fn old_ended_runs_go_and_live_ones_stay(store: &dyn Store) {
    let old = completed(store, "old", 0).await;
    let live = started(store, "live", 0).await;
    stepped(store, waiting(vec![wait("live")], vec![]), 1).await;
    let young = completed(store, "young", 2 * DAY).await;
    let records = store.verify_audit().await.unwrap().unwrap();
    assert_eq!(pruned(store, policy(), 90 * DAY - 1).await.rows(), 0);
    assert_eq!(pruned(store, policy(), 91 * DAY).await.runs, 1);
    assert_eq!(store.run(&old).await.unwrap(), None);
    assert_eq!(store.steps(&old).await.unwrap(), []);
    assert_eq!(store.waits(&live).await.unwrap().len(), 1);
    get(store, &young).await;
    // The audit outlives the run, and says that it is gone.
    assert_eq!(actions(store, &old).await, ["run.started", "run.completed"]);
    assert_eq!(store.verify_audit().await.unwrap(), Ok(records + 1));
    let counted = store.run_counts().await.unwrap();
    assert_eq!(counted.iter().map(|(_, _, number)| number).sum::<u64>(), 2);
}

pub async fn the_oldest_ended_runs_go_when_there_are_too_many(store: &dyn Store) {
    let mut runs = Vec::new();
    for second in 0..5 {
        runs.push(completed(store, &format!("k{second}"), second).await);
    }
    started(store, "live", 9).await;
    let few = RetentionPolicy {
        max_ended_runs: 2,
        batch: 2,
        ..policy()
    };
    assert_eq!(pruned(store, few, 10).await.runs, 3);
    for (number, run) in runs.iter().enumerate() {
        assert_eq!(
            store.run(run).await.unwrap().is_some(),
            number >= 3,
            "{number}"
        );
    }
    let crowded = RetentionPolicy {
        max_bytes: 1,
        ..policy()
    };
    assert_eq!(pruned(store, crowded, 11).await.runs, 2);
    assert_eq!(claim_one(store, 11).await.run.business_key, "live");
}

pub async fn nothing_goes_while_retention_is_off(store: &dyn Store) {
    completed(store, "old", 0).await;
    let off = RetentionPolicy {
        enabled: false,
        ..policy()
    };
    assert_eq!(pruned(store, off, 999 * DAY).await.rows(), 0);
}

pub async fn an_identity_is_remembered_and_then_forgotten(store: &dyn Store) {
    let id = arrives(store, event("a", "1")).await;
    store.route(id, RoutePlan::default(), at(1)).await.unwrap();
    assert_eq!(pruned(store, policy(), 30 * DAY - 1).await.events, 0);
    assert!(knows_event(store, "a", "1").await);
    assert_eq!(pruned(store, policy(), 30 * DAY).await.events, 1);
    assert!(!knows_event(store, "a", "1").await);
}

pub async fn an_event_stays_until_it_is_routed_everywhere(store: &dyn Store) {
    let late = 100 * DAY;
    let id = arrives(store, event("a", "1")).await;
    assert_eq!(pruned(store, policy(), late).await.events, 0);
    let keep = RoutePlan {
        deferred: vec!["off".into()],
        ..RoutePlan::default()
    };
    store.route(id, keep, at(late)).await.unwrap();
    assert_eq!(
        pruned(store, policy(), late).await.events,
        0,
        "kept for a flow"
    );
    let start = plan(vec![started_by(event("a", "1"), "a", late)]);
    let routed = store
        .route_deferred(id, &"off".into(), start, at(late))
        .await
        .unwrap();
    assert_eq!(pruned(store, policy(), late).await.events, 0, "in an inbox");
    stepped(store, waiting(vec![], vec![]), late).await;
    assert_eq!(
        pruned(store, policy(), late).await.events,
        0,
        "a live run had it"
    );
    controlled(store, &routed.started[0], cancel(true), late).await;
    assert_eq!(pruned(store, policy(), late).await.events, 1);
}

/// The event may be what the activation begins to wait for.
pub async fn an_event_after_the_begin_of_an_open_activation_stays(store: &dyn Store) {
    let run = started(store, "a", 0).await;
    let activation = claim_one(store, 0).await;
    let id = arrives(store, event("b", "1")).await;
    store.route(id, RoutePlan::default(), at(1)).await.unwrap();
    parked(store, &activation.claim, Vec::new()).await;
    let late = 100 * DAY;
    assert_eq!(pruned(store, policy(), late).await.events, 0);
    controlled(store, &run, Control::Retry, late).await;
    stepped(store, waiting(vec![wait("b")], vec![]), late).await;
    assert_eq!(inbox(store, &run).await, ["asset.updated"]);
}

/// The ended run is the proof that the event has started it already.
pub async fn a_run_stays_while_its_event_may_be_routed_again(store: &dyn Store) {
    let waiter = started(store, "waiter", 0).await;
    stepped(store, waiting(vec![wait("a")], vec![]), 0).await;
    let id = arrives(store, event("a", "1")).await;
    let start = plan(vec![started_by(event("a", "1"), "other", 1)]);
    let routed = store.route(id, start.clone(), at(1)).await.unwrap();
    assert_eq!(routed.delivered.len(), 2);
    controlled(store, &waiter, Control::Pause, 1).await;
    stepped(store, After::Completed(completion("done")), 1).await;
    let late = 200 * DAY;
    let crowded = RetentionPolicy {
        max_ended_runs: 1,
        max_bytes: 1,
        batch: 1,
        ..policy()
    };
    completed(store, "unrelated", 2).await;
    assert_eq!(
        pruned(store, crowded, late).await.runs,
        1,
        "only the unrelated one"
    );
    controlled(store, &waiter, cancel(true), late).await;
    assert_eq!(
        store.unrouted_events(9).await.unwrap().len(),
        1,
        "offered again"
    );
    assert_eq!(pruned(store, crowded, late).await.runs, 0);
    let again = store.route(id, start, at(late)).await.unwrap();
    assert_eq!(again.started, [], "it was started before");
    let last = pruned(store, crowded, late).await;
    assert_eq!((last.runs, last.events), (2, 1));
}

pub async fn request_keys_and_deliveries_are_forgotten_in_time(store: &dyn Store) {
    let request = RequestKey {
        key: "key".into(),
        fingerprint: "print".into(),
    };
    let ask = |second| {
        let mut run = new_run(&format!("k{second}"), second);
        run.request = Some(request.clone());
        run
    };
    store.start_run(ask(0)).await.unwrap();
    let headers: Vec<HeaderField> = Vec::new();
    let delivery = NewWebhook {
        connection: dam(),
        endpoint: "events".into(),
        method: "POST".into(),
        path: "/".into(),
        headers,
        body: vec![1; 100],
        received_at: at(0),
    };
    let settled = store.accept_webhook(delivery.clone()).await.unwrap();
    let settlement = WebhookSettlement::Events {
        events: Vec::new(),
        at: at(1),
    };
    store.settle_webhook(settled, settlement).await.unwrap();
    store.accept_webhook(delivery).await.unwrap();

    assert_eq!(pruned(store, policy(), 29 * DAY).await.rows(), 0);
    let repeated = store.start_run(ask(29 * DAY)).await.unwrap();
    assert!(
        matches!(repeated, StartOutcome::Repeated(_)),
        "{repeated:?}"
    );
    let gone = pruned(store, policy(), 31 * DAY).await;
    assert_eq!((gone.requests, gone.webhooks, gone.runs), (1, 1, 0));
    let open = store.open_webhooks(at(31 * DAY), 9).await.unwrap();
    assert_eq!(open.len(), 1, "one that is open stays");
    let anew = store.start_run(ask(31 * DAY)).await.unwrap();
    assert!(matches!(anew, StartOutcome::Started(_)), "{anew:?}");
}

pub async fn configurations_go_when_no_run_needs_them(store: &dyn Store) {
    for hash in ["hash", "old", "pinned"] {
        store.put_flow_config(hash, &json!({})).await.unwrap();
    }
    let run = new_run("a", 0);
    store
        .start_run(crate::runs::NewRun {
            config_hash: "pinned".into(),
            ..run
        })
        .await
        .unwrap();
    assert_eq!(
        pruned(store, policy(), 100 * DAY).await.configurations,
        0,
        "first it is noticed"
    );
    assert_eq!(pruned(store, policy(), 129 * DAY).await.configurations, 0);
    // Taken up again meanwhile.
    store.put_flow_config("old", &json!({})).await.unwrap();
    assert_eq!(pruned(store, policy(), 131 * DAY).await.configurations, 0);
    assert_eq!(pruned(store, policy(), 162 * DAY).await.configurations, 1);
    assert_eq!(store.flow_config("old").await.unwrap(), None);
    for hash in ["hash", "pinned"] {
        assert!(store.flow_config(hash).await.unwrap().is_some(), "{hash}");
    }
}

pub async fn pruning_goes_on_in_small_parts_past_what_stays(store: &dyn Store) {
    for number in 0..3 {
        // Unrouted events in front of those that may go.
        arrives(store, event("unrouted", &number.to_string())).await;
    }
    for number in 0..5 {
        let id = arrives(store, event("routed", &number.to_string())).await;
        store.route(id, RoutePlan::default(), at(1)).await.unwrap();
    }
    let small = RetentionPolicy {
        batch: 2,
        ..policy()
    };
    let first = store.prune(small, Vec::new(), at(31 * DAY)).await.unwrap();
    assert_eq!((first.events, first.more), (0, true));
    assert_eq!(pruned(store, small, 31 * DAY).await.events, 5);
    assert_eq!(store.unrouted_events(9).await.unwrap().len(), 3);
    let run = completed(store, "a", 0).await;
    let heavy = claim_one_with_many_items(store).await;
    assert_eq!(pruned(store, small, 200 * DAY).await.runs, 2);
    for run in [run, heavy] {
        assert_eq!(store.run(&run).await.unwrap(), None);
    }
}

/// A run with more rows than a batch has.
async fn claim_one_with_many_items(store: &dyn Store) -> forebay_model::RunId {
    let run = started(store, "heavy", 1).await;
    for number in 0..4 {
        let signal = super::fixtures::signal(&format!("s{number}"));
        controlled(store, &run, Control::Signal(signal), 1).await;
    }
    let activation = claim_one(store, 1).await;
    let end = step(&activation, After::Completed(completion("done")), 2);
    store.commit_step(&activation.claim, end).await.unwrap();
    run
}

pub async fn the_size_is_told(store: &dyn Store) {
    let before = store.size().await.unwrap();
    let mut run = new_run("a", 0);
    run.title = "x".repeat(1 << 20);
    store.start_run(run).await.unwrap();
    let after = store.size().await.unwrap();
    assert!(
        after.bytes >= before.bytes + (1 << 20),
        "{before:?} {after:?}"
    );
    assert!(after.free <= after.bytes);
}
