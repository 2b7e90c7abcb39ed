//! Operators' actions that end, repeat or move a run, and requests that are repeated.

use super::fixtures::{
    arrives, at, call, claim_one, completion, controlled, entry, event, get, inbox, new_run,
    nothing_due, parked, plan, signal, started, started_by, step, stepped, timer, wait, waiting,
};
use crate::query::PageRequest;
use crate::runs::{
    Act, After, Control, Controlled, REDRIVE_OF, REDRIVEN_AS, Redrive, RequestKey, StartOutcome,
    Upgrade,
};
use crate::{Error, Result, Store};
use forebay_model::run::{Run, RunState};
use forebay_model::{Digest, RunId};
use serde_json::{Value, json};

fn complete(outcome: &str) -> Control {
    Control::Complete {
        outcome: outcome.into(),
        reason: "the board agreed".into(),
        sender: "operator:ann".into(),
    }
}

fn redrive() -> Control {
    Control::Redrive(Redrive {
        handler: Digest::of(b"newer handler"),
        config_hash: "newer hash".into(),
        sender: "operator:ann".into(),
    })
}

fn upgrade(run: &Run) -> Control {
    Control::Upgrade(Box::new(Upgrade {
        from_handler: run.handler.clone(),
        from_config: run.config_hash.clone(),
        activations: run.activations,
        handler: Digest::of(b"newer handler"),
        config_hash: "newer hash".into(),
        state: Some(r#"{"m":2}"#.into()),
        state_version: 2,
    }))
}

fn act(run: &RunId, control: Control) -> Act {
    Act {
        run: run.clone(),
        control,
        audit: entry("operator", run),
        request: None,
        dry_run: false,
        at: at(5),
    }
}

async fn asked(store: &dyn Store, key: &str, act: Act) -> Result<Controlled> {
    let request = Some(request_key(key));
    store.act(Act { request, ..act }).await
}

fn request_key(key: &str) -> RequestKey {
    RequestKey {
        key: key.into(),
        fingerprint: "what".into(),
    }
}

/// Details of the newest record of the operator's action.
async fn recorded(store: &dyn Store, run: &RunId) -> Value {
    let page = PageRequest::default();
    let records = store.audit_records(Some(run), page).await.unwrap().items;
    let mut records = records.into_iter().rev();
    let found = records.find(|record| record.entry.action == "operator");
    found.unwrap().entry.details
}

pub async fn the_record_of_an_action_holds_before_and_after(store: &dyn Store) {
    let run = started(store, "a", 0).await;
    let activation = claim_one(store, 1).await;
    parked(store, &activation.claim, Vec::new()).await;
    controlled(store, &run, Control::Retry, 2).await;
    let details = recorded(store, &run).await;
    assert_eq!(
        (&details["before"]["state"], &details["before"]["parked"]),
        (&json!("parked"), &json!("invalid"))
    );
    assert_eq!(
        (&details["after"]["state"], &details["after"]["parked"]),
        (&json!("pending"), &Value::Null)
    );
    assert!(store.verify_audit().await.unwrap().is_ok());
}

pub async fn a_forced_outcome_ends_at_once(store: &dyn Store) {
    let run = started(store, "a", 0).await;
    let activation = claim_one(store, 1).await;
    let ended = controlled(store, &run, complete("approved"), 2).await.run;
    assert_eq!(
        (ended.state, ended.outcome.as_deref()),
        (RunState::Completed, Some("approved"))
    );
    assert!(ended.summary.unwrap().contains("the board agreed"));
    let end = step(&activation, waiting(vec![], vec![]), 3);
    let late = store.commit_step(&activation.claim, end).await;
    assert!(matches!(late, Err(Error::Superseded { .. })), "{late:?}");
    let again = store.act(act(&run, complete("rejected"))).await;
    assert!(matches!(again, Err(Error::Refused(_))), "{again:?}");
}

pub async fn a_redriven_run_begins_with_what_the_first_began_with(store: &dyn Store) {
    let id = arrives(store, event("a", "1")).await;
    let start = started_by(event("a", "1"), "a", 0);
    let run = start.id.clone();
    store.route(id, plan(vec![start]), at(0)).await.unwrap();
    stepped(store, waiting(vec![wait("a")], vec![]), 1).await;
    let refused = store.act(act(&run, redrive())).await;
    assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
    controlled(store, &run, Control::Signal(signal("go")), 2).await;
    stepped(store, After::Completed(completion("rejected")), 2).await;

    let driven = controlled(store, &run, redrive(), 3).await;
    let next = driven.successor.unwrap();
    let successor = get(store, &next).await;
    assert_eq!(
        (successor.business_key.as_str(), successor.state),
        ("a", RunState::Pending)
    );
    assert_eq!(successor.handler, Digest::of(b"newer handler"));
    assert_eq!(successor.config_hash, "newer hash");
    let label = |run: &Run, name: &str| {
        let mut labels = run.labels.iter();
        labels
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.clone())
    };
    assert_eq!(label(&successor, REDRIVE_OF).unwrap(), run.as_str());
    assert_eq!(label(&driven.run, REDRIVEN_AS).unwrap(), next.as_str());
    assert_eq!(driven.run.state, RunState::Completed, "it stays as it was");
    assert_eq!(inbox(store, &next).await, ["asset.updated"]);

    // The event comes to the router again: it is in the successor's inbox and starts nothing.
    store.redeliver(id, entry("x", &run)).await.unwrap();
    let again = plan(vec![started_by(event("a", "1"), "a", 0)]);
    store.route(id, again, at(4)).await.unwrap();
    assert_eq!(inbox(store, &next).await, ["asset.updated"]);

    let again = controlled(store, &run, redrive(), 5).await;
    assert_eq!(
        (again.changed, again.successor),
        (false, Some(next.clone()))
    );
    stepped(store, After::Completed(completion("approved")), 6).await;
    assert!(!controlled(store, &run, redrive(), 7).await.changed);
    nothing_due(store, 999).await;
    let next = controlled(store, &next, redrive(), 8).await;
    assert!(next.changed, "a successor has one of its own");
}

pub async fn a_parked_run_ends_when_it_is_redriven(store: &dyn Store) {
    let run = started(store, "a", 0).await;
    let activation = claim_one(store, 1).await;
    parked(store, &activation.claim, Vec::new()).await;
    let driven = controlled(store, &run, redrive(), 2).await;
    assert_eq!(driven.run.state, RunState::Failed);
    let next = driven.successor.unwrap();
    assert_eq!(claim_one(store, 3).await.run.id, next);
    assert_eq!(recorded(store, &run).await["run"], next.as_str());
}

pub async fn nothing_is_redriven_beside_a_live_run_of_its_key(store: &dyn Store) {
    let run = started(store, "a", 0).await;
    stepped(store, After::Completed(completion("approved")), 1).await;
    let live = started(store, "a", 2).await;
    let refused = store.act(act(&run, redrive())).await.unwrap_err();
    assert!(refused.to_string().contains(live.as_str()), "{refused}");
}

pub async fn a_run_between_activations_is_moved(store: &dyn Store) {
    let run = started(store, "a", 0).await;
    let first = stepped(store, waiting(vec![wait("a")], vec![timer("t", 9)]), 1).await;
    let before = get(store, &run).await;
    let mut late = upgrade(&before);
    let moved = controlled(store, &run, upgrade(&before), 2).await.run;
    assert_eq!(
        (moved.handler.clone(), moved.config_hash.as_str()),
        (Digest::of(b"newer handler"), "newer hash")
    );
    assert_eq!(
        (moved.state_version, moved.handler_state.as_deref()),
        (2, Some(r#"{"m":2}"#))
    );
    let details = recorded(store, &run).await;
    assert_eq!(details["before"]["state-version"], 1);
    assert_eq!(details["after"]["state-version"], 2);
    assert_eq!(store.waits(&run).await.unwrap().len(), 1, "waits stay");
    assert_eq!(
        store.digests_in_use().await.unwrap(),
        [Digest::of(b"newer handler")]
    );

    assert!(!store.act(act(&run, late.clone())).await.unwrap().changed);
    if let Control::Upgrade(upgrade) = &mut late {
        upgrade.config_hash = "newest hash".into();
    }
    let late = store.act(act(&run, late)).await;
    assert!(
        matches!(late, Err(Error::Refused(_))),
        "planned for a run that was moved meanwhile: {late:?}"
    );
    store.fire_timers(at(9), 10).await.unwrap();
    let next = claim_one(store, 9).await;
    assert_eq!(next.run.handler, Digest::of(b"newer handler"));
    assert!(next.claim.epoch > first.claim.epoch + 1, "fenced");
}

pub async fn a_run_in_the_middle_of_an_activation_is_not_moved(store: &dyn Store) {
    let run = started(store, "a", 0).await;
    let activation = claim_one(store, 1).await;
    let under_way = get(store, &run).await;
    let refused = store.act(act(&run, upgrade(&under_way))).await;
    assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
    controlled(store, &run, Control::Pause, 2).await;
    let refused = store.act(act(&run, upgrade(&under_way))).await;
    assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");

    let recorded = vec![call(&activation, 0, true, None)];
    parked(store, &activation.claim, recorded).await;
    let open = get(store, &run).await;
    let refused = store.act(act(&run, upgrade(&open))).await.unwrap_err();
    assert!(refused.to_string().contains("recorded calls"), "{refused}");
    assert_eq!(get(store, &run).await, open);

    // An open activation that has recorded nothing may as well run with another handler.
    let other = started(store, "b", 3).await;
    let activation = claim_one(store, 4).await;
    parked(store, &activation.claim, Vec::new()).await;
    let open = get(store, &other).await;
    assert!(controlled(store, &other, upgrade(&open), 5).await.changed);
}

pub async fn a_dry_run_only_tells(store: &dyn Store) {
    let run = started(store, "a", 0).await;
    stepped(store, waiting(vec![wait("a")], vec![]), 1).await;
    let before = get(store, &run).await;
    for control in [complete("approved"), Control::Pause, upgrade(&before)] {
        let told = Act {
            dry_run: true,
            ..act(&run, control)
        };
        let told = asked(store, "k", told).await.unwrap();
        assert_eq!((told.changed, told.run), (true, before.clone()));
    }
    assert_eq!(get(store, &run).await, before);
    assert!(
        asked(store, "k", act(&run, Control::Pause))
            .await
            .unwrap()
            .changed
    );
}

pub async fn a_repeated_action_happens_once(store: &dyn Store) {
    let run = started(store, "a", 0).await;
    let send = || act(&run, Control::Signal(signal("go")));
    assert!(asked(store, "k", send()).await.unwrap().changed);
    let again = asked(store, "k", send()).await.unwrap();
    assert_eq!((again.changed, again.repeated), (false, true));
    assert_eq!(inbox(store, &run).await, ["request", "signal go"]);
    let mut other = send();
    other.request = Some(RequestKey {
        fingerprint: "else".into(),
        ..request_key("k")
    });
    let reused = store.act(other).await;
    assert!(matches!(reused, Err(Error::KeyReused)), "{reused:?}");
    let known = store.answered(&request_key("k")).await.unwrap();
    assert_eq!(known, Some(StartOutcome::Repeated(run)));
    assert_eq!(store.answered(&request_key("l")).await.unwrap(), None);
}

pub async fn a_repeated_request_is_about_the_same_runs(store: &dyn Store) {
    let runs = vec![RunId::from("r-1"), RunId::from("r-2")];
    let others = vec![RunId::from("r-3")];
    let kept = store
        .reserve(request_key("k"), runs.clone(), at(1))
        .await
        .unwrap();
    assert_eq!(kept, runs);
    let again = store
        .reserve(request_key("k"), others.clone(), at(2))
        .await
        .unwrap();
    assert_eq!(again, runs);
    let reused = RequestKey {
        fingerprint: "else".into(),
        ..request_key("k")
    };
    let reused = store.reserve(reused, others, at(3)).await;
    assert!(matches!(reused, Err(Error::KeyReused)), "{reused:?}");
}

pub async fn an_event_is_routed_anew(store: &dyn Store) {
    let run = started(store, "a", 0).await;
    stepped(store, waiting(vec![wait("a")], vec![]), 1).await;
    let id = arrives(store, event("a", "1")).await;
    store.route(id, plan(Vec::new()), at(2)).await.unwrap();
    let stored = store.redeliver(id, entry("operator", &run)).await.unwrap();
    assert!(!stored.routed);
    assert_eq!(store.event(id).await.unwrap(), Some(stored));
    let unrouted = store.unrouted_events(10).await.unwrap();
    assert_eq!(unrouted.len(), 1);
    let other = new_run("b", 0);
    let routed = store
        .route(id, plan(vec![other.clone()]), at(3))
        .await
        .unwrap();
    assert_eq!(routed.started, [other.id]);
    assert_eq!(
        inbox(store, &run).await,
        ["asset.updated"],
        "a run gets an event once"
    );
    assert_eq!(store.event(999).await.unwrap(), None);
    let missing = store.redeliver(999, entry("operator", &run)).await;
    assert!(
        matches!(missing, Err(Error::NotFound { .. })),
        "{missing:?}"
    );
}
