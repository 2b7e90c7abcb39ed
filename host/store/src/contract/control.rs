//! Operators' actions.

use super::fixtures::{
    actions, at, call, cancel, claim_one, controlled, entry, get, inbox, nothing_due, parked,
    put_off, reason, signal, started, step, stepped, timer, wait, waiting,
};
use crate::runs::{After, Control};
use crate::{Error, Store};
use forebay_model::run::RunState;
use serde_json::json;

pub async fn retry_makes_a_failed_call_again(store: &dyn Store) {
    let run = started(store, "a", 0).await;
    let failed = json!({"err": {"invalid": {"detail": {"message": "no such group"}}}});
    let activation = claim_one(store, 1).await;
    let ok = call(&activation, 0, true, Some(json!({"ok": null})));
    let mutating = call(&activation, 1, true, Some(failed.clone()));
    parked(store, &activation.claim, vec![ok.clone(), mutating.clone()]).await;
    assert!(controlled(store, &run, Control::Retry, 2).await.changed);
    let again = claim_one(store, 2).await;
    let mut intent = mutating;
    intent.result = None;
    intent.audited = false;
    assert_eq!(
        again.journal,
        [ok.clone(), intent.clone()],
        "an effect stays as an intent"
    );

    intent.result = Some(json!({"ok": null}));
    let read = call(&again, 2, false, Some(failed));
    let mut later = put_off(600, None);
    later.journal = vec![intent.clone(), read];
    store.put_off(&again.claim, later).await.unwrap();
    let after = controlled(store, &run, Control::Retry, 3).await.run;
    assert_eq!((after.attempt, after.retry_at), (0, Some(at(3))));
    let third = claim_one(store, 3).await;
    assert_eq!(third.journal, [ok, intent], "a read is forgotten");
    assert_eq!(third.failing_since, None);
}

pub async fn a_run_that_its_handler_parked_keeps_its_waits_and_looks_again(store: &dyn Store) {
    let run = started(store, "a", 0).await;
    stepped(store, waiting(vec![wait("a")], vec![timer("t", 50)]), 1).await;
    controlled(store, &run, Control::Signal(signal("go")), 2).await;
    stepped(store, After::Parked(reason("handler")), 2).await;
    assert_eq!(get(store, &run).await.state, RunState::Parked);
    assert_eq!(store.waits(&run).await.unwrap().len(), 1, "waits stay");
    assert_eq!(
        controlled(store, &run, Control::Retry, 3).await.run.state,
        RunState::Waiting
    );
    let looking = claim_one(store, 3).await;
    assert_eq!(looking.delivery.label(), "signal retry");
    let again = waiting(vec![], vec![timer("t", 50)]);
    store
        .commit_step(&looking.claim, step(&looking, again, 4))
        .await
        .unwrap();
    nothing_due(store, 49).await;
    store.fire_timers(at(50), 10).await.unwrap();
    assert_eq!(claim_one(store, 50).await.delivery.label(), "timer t");
}

pub async fn pause_holds_and_resume_goes_on(store: &dyn Store) {
    let run = started(store, "a", 0).await;
    stepped(store, waiting(vec![], vec![timer("t", 10)]), 1).await;
    assert!(controlled(store, &run, Control::Pause, 2).await.changed);
    assert!(!controlled(store, &run, Control::Pause, 3).await.changed);
    assert_eq!(store.fire_timers(at(10), 10).await.unwrap(), 1);
    nothing_due(store, 999).await;
    let retried = store
        .control(&run, Control::Retry, entry("retry", &run), at(4))
        .await;
    assert!(matches!(retried, Err(Error::Refused(_))), "{retried:?}");
    assert_eq!(
        controlled(store, &run, Control::Resume, 11).await.run.state,
        RunState::Waiting
    );
    assert!(!controlled(store, &run, Control::Resume, 12).await.changed);
    assert_eq!(claim_one(store, 12).await.delivery.label(), "timer t");
    assert_eq!(
        actions(store, &run).await,
        ["run.started", "operator", "operator"]
    );
}

pub async fn a_step_of_a_paused_run_is_kept(store: &dyn Store) {
    let run = started(store, "a", 0).await;
    let activation = claim_one(store, 1).await;
    controlled(store, &run, Control::Pause, 2).await;
    nothing_due(store, 999).await;
    controlled(store, &run, Control::Signal(signal("go")), 3).await;
    let end = step(&activation, waiting(vec![wait("a")], vec![]), 4);
    store.commit_step(&activation.claim, end).await.unwrap();
    let held = get(store, &run).await;
    assert_eq!((held.state, held.activations), (RunState::Paused, 1));
    nothing_due(store, 999).await;
    assert_eq!(
        controlled(store, &run, Control::Resume, 5).await.run.state,
        RunState::Waiting
    );
    assert_eq!(claim_one(store, 5).await.delivery.label(), "signal go");
}

pub async fn cancel_goes_ahead_of_a_parked_activation(store: &dyn Store) {
    let run = started(store, "a", 0).await;
    let activation = claim_one(store, 1).await;
    parked(
        store,
        &activation.claim,
        vec![call(&activation, 0, true, None)],
    )
    .await;
    controlled(store, &run, Control::Signal(signal("one")), 2).await;
    controlled(store, &run, Control::Pause, 2).await;
    assert!(controlled(store, &run, cancel(false), 3).await.changed);
    assert_eq!(inbox(store, &run).await, ["signal cancel", "signal one"]);
    let asked = claim_one(store, 3).await;
    assert_eq!(asked.delivery.label(), "signal cancel");
    assert_eq!(asked.journal, [], "another activation has another journal");
    let end = step(
        &asked,
        After::Cancelled(super::fixtures::completion("no need")),
        4,
    );
    store.commit_step(&asked.claim, end).await.unwrap();
    let steps = store.steps(&run).await.unwrap();
    assert_eq!(
        (&*steps[0].trigger, &*steps[0].result),
        ("request", "cancelled")
    );
    assert_eq!(
        store.journal_entries(&run, Some(1)).await.unwrap().len(),
        1,
        "kept for the record"
    );
}

pub async fn operators_go_ahead_of_events_once_a_run_has_begun(store: &dyn Store) {
    let run = started(store, "a", 0).await;
    controlled(store, &run, Control::Signal(signal("early")), 1).await;
    assert_eq!(inbox(store, &run).await, ["request", "signal early"]);
    for _ in 0..2 {
        let activation = claim_one(store, 2).await;
        let end = step(&activation, waiting(vec![], vec![timer("t", 3)]), 2);
        store.commit_step(&activation.claim, end).await.unwrap();
    }
    store.fire_timers(at(4), 10).await.unwrap();
    controlled(store, &run, Control::Signal(signal("now")), 5).await;
    assert_eq!(inbox(store, &run).await, ["signal now", "timer t"]);
    assert_eq!(claim_one(store, 5).await.delivery.label(), "signal now");
}

pub async fn cancel_twice_asks_once(store: &dyn Store) {
    let run = started(store, "a", 0).await;
    let activation = claim_one(store, 1).await;
    store
        .put_off(&activation.claim, put_off(600, None))
        .await
        .unwrap();
    assert!(controlled(store, &run, cancel(false), 2).await.changed);
    assert!(!controlled(store, &run, cancel(false), 3).await.changed);
    assert_eq!(inbox(store, &run).await, ["signal cancel", "request"]);
    let finishing = stepped(store, waiting(vec![], vec![]), 3).await;
    assert_eq!(
        finishing.item, activation.item,
        "what is under way ends first, and at once"
    );
    assert_eq!(claim_one(store, 3).await.delivery.label(), "signal cancel");
}

pub async fn force_ends_at_once(store: &dyn Store) {
    let run = started(store, "a", 0).await;
    let activation = claim_one(store, 1).await;
    let ended = controlled(store, &run, cancel(true), 2).await.run;
    assert_eq!(
        (ended.state, ended.outcome.as_deref()),
        (RunState::Cancelled, Some("no need"))
    );
    let late = store
        .commit_step(
            &activation.claim,
            step(&activation, waiting(vec![], vec![]), 3),
        )
        .await;
    assert!(matches!(late, Err(Error::Superseded { .. })), "{late:?}");
    nothing_due(store, 999).await;
    let expected = ["run.started", "run.cancelled", "inbox.dropped", "operator"];
    assert_eq!(actions(store, &run).await, expected);
}

pub async fn signals_wait_for_a_parked_run(store: &dyn Store) {
    let run = started(store, "a", 0).await;
    stepped(store, After::Parked(reason("handler")), 1).await;
    controlled(store, &run, Control::Signal(signal("go")), 2).await;
    nothing_due(store, 999).await;
    assert!(controlled(store, &run, Control::Retry, 3).await.changed);
    assert_eq!(claim_one(store, 3).await.delivery.label(), "signal go");
}

pub async fn nothing_happens_to_an_ended_run(store: &dyn Store) {
    let run = started(store, "a", 0).await;
    controlled(store, &run, cancel(true), 1).await;
    assert!(!controlled(store, &run, cancel(true), 2).await.changed);
    for control in [
        Control::Retry,
        Control::Pause,
        Control::Resume,
        Control::Signal(signal("x")),
    ] {
        let answer = store
            .control(&run, control, entry("operator", &run), at(3))
            .await;
        assert!(matches!(answer, Err(Error::Refused(_))), "{answer:?}");
    }
    let missing = store
        .control(&"r-no".into(), Control::Retry, entry("x", &run), at(3))
        .await;
    assert!(
        matches!(missing, Err(Error::NotFound { .. })),
        "{missing:?}"
    );
}
