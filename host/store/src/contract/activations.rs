//! How activations end.

use super::fixtures::{
    actions, arrives, at, call, cancel, claim_one, claimed, completion, controlled, dam, event,
    get, inbox, new_run, nothing_due, parked, put_off, reason, signal, started, step, stepped,
    timer, wait, waiting,
};
use crate::intake::RoutePlan;
use crate::runs::{After, Control, Notice};
use crate::{Error, Store};
use forebay_model::run::RunState;
use serde_json::json;

pub async fn items_come_in_order_and_cancel_first(store: &dyn Store) {
    let run = started(store, "a", 0).await;
    controlled(store, &run, Control::Signal(signal("one")), 1).await;
    controlled(store, &run, Control::Signal(signal("two")), 2).await;
    controlled(store, &run, cancel(false), 3).await;
    let mut order = Vec::new();
    for second in 4..8 {
        let claimed = claim_one(store, second).await;
        let end = step(&claimed, waiting(vec![], vec![]), second);
        let more = store.commit_step(&claimed.claim, end).await.unwrap().more;
        order.push((claimed.delivery.label(), more));
    }
    let expected = [
        ("signal cancel", true),
        ("request", true),
        ("signal one", true),
        ("signal two", false),
    ];
    assert_eq!(
        order,
        expected.map(|(label, more)| (label.to_owned(), more))
    );
    nothing_due(store, 9).await;
    let steps = store.steps(&run).await.unwrap();
    assert_eq!(
        steps.iter().map(|step| step.activation).collect::<Vec<_>>(),
        [1, 2, 3, 4]
    );
    assert_eq!(get(store, &run).await.activations, 4);
}

pub async fn timers_fire_once_and_replace_each_other(store: &dyn Store) {
    let run = started(store, "a", 0).await;
    let timers = vec![
        timer("remind", 10),
        timer("escalate", 20),
        timer("remind", 15),
    ];
    stepped(store, waiting(vec![], timers), 1).await;
    assert_eq!(
        store.timers(&run).await.unwrap().len(),
        2,
        "a name stands for one timer"
    );
    assert_eq!(store.next_due().await.unwrap(), Some(at(15)));
    assert_eq!(store.fire_timers(at(14), 10).await.unwrap(), 0);
    assert_eq!(store.fire_timers(at(15), 10).await.unwrap(), 1);
    assert_eq!(store.fire_timers(at(15), 10).await.unwrap(), 0);
    let fired = stepped(store, waiting(vec![], vec![timer("escalate", 30)]), 15).await;
    assert_eq!(fired.delivery.label(), "timer remind");
    assert_eq!(
        store.fire_timers(at(29), 10).await.unwrap(),
        0,
        "20 was replaced by 30"
    );
    assert_eq!(store.fire_timers(at(30), 10).await.unwrap(), 1);
}

pub async fn a_timer_that_fires_while_it_is_set_again_comes_once(store: &dyn Store) {
    let run = started(store, "a", 0).await;
    stepped(
        store,
        waiting(vec![], vec![timer("deadline", 10), timer("other", 10)]),
        1,
    )
    .await;
    controlled(store, &run, Control::Signal(signal("hello")), 9).await;
    let activation = claim_one(store, 9).await;
    assert_eq!(store.fire_timers(at(10), 10).await.unwrap(), 2);
    let end = step(
        &activation,
        waiting(vec![], vec![timer("deadline", 10)]),
        11,
    );
    assert!(
        !store
            .commit_step(&activation.claim, end)
            .await
            .unwrap()
            .more
    );
    assert_eq!(store.fire_timers(at(11), 10).await.unwrap(), 1);
    assert_eq!(inbox(store, &run).await, ["timer deadline"]);
}

pub async fn an_ended_run_lets_go_of_everything(store: &dyn Store) {
    let run = started(store, "a", 0).await;
    stepped(store, waiting(vec![wait("a")], vec![timer("t", 10)]), 1).await;
    controlled(store, &run, Control::Signal(signal("one")), 2).await;
    controlled(store, &run, Control::Signal(signal("two")), 2).await;
    let last = claim_one(store, 3).await;
    let end = step(&last, After::Completed(completion("approved")), 4);
    assert!(!store.commit_step(&last.claim, end).await.unwrap().more);

    let ended = get(store, &run).await;
    assert_eq!(
        (ended.state, ended.outcome.as_deref()),
        (RunState::Completed, Some("approved"))
    );
    assert_eq!(
        (
            inbox(store, &run).await.len(),
            store.fire_timers(at(99), 9).await.unwrap()
        ),
        (0, 0)
    );
    let missed = arrives(store, event("a", "1")).await;
    assert_eq!(
        store
            .route(missed, RoutePlan::default(), at(5))
            .await
            .unwrap()
            .delivered,
        []
    );
    let written = actions(store, &run).await;
    assert_eq!(
        written[written.len() - 2..],
        ["run.completed", "inbox.dropped"]
    );
    nothing_due(store, 99).await;

    let next = started(store, "a", 50).await;
    assert_ne!(next, run, "the key is free again");
    stepped(store, After::Cancelled(completion("asset-gone")), 51).await;
    assert_eq!(
        actions(store, &next).await,
        ["run.started", "run.cancelled"]
    );
}

pub async fn a_put_off_run_waits_for_its_time(store: &dyn Store) {
    let run = started(store, "a", 0).await;
    let activation = claim_one(store, 1).await;
    let mut later = put_off(60, None);
    later.journal = vec![call(&activation, 0, true, None)];
    store.put_off(&activation.claim, later).await.unwrap();
    controlled(store, &run, Control::Signal(signal("hello")), 2).await;

    let waits = get(store, &run).await;
    assert_eq!(
        (waits.state, waits.retry_at, waits.attempt),
        (RunState::Retrying, Some(at(60)), 1)
    );
    assert_eq!(store.next_due().await.unwrap(), Some(at(60)));
    nothing_due(store, 59).await;
    let again = claim_one(store, 60).await;
    assert_eq!(
        (again.item, again.started_at),
        (activation.item, activation.started_at)
    );
    assert_eq!((again.journal.len(), again.failing_since), (1, Some(at(1))));
}

pub async fn a_healthy_connection_wakes_its_runs(store: &dyn Store) {
    started(store, "a", 0).await;
    started(store, "b", 0).await;
    let both = claimed(store, 1).await;
    store
        .put_off(&both[0].claim, put_off(600, Some(dam())))
        .await
        .unwrap();
    store
        .put_off(&both[1].claim, put_off(600, None))
        .await
        .unwrap();
    assert_eq!(
        store.wake_connection(&"other".into(), at(5)).await.unwrap(),
        0
    );
    assert_eq!(store.wake_connection(&dam(), at(5)).await.unwrap(), 1);
    assert_eq!(claim_one(store, 5).await.run.id, both[0].run.id);
}

pub async fn a_parked_run_keeps_its_activation(store: &dyn Store) {
    let run = started(store, "a", 0).await;
    stepped(store, waiting(vec![wait("a")], vec![timer("t", 10)]), 1).await;
    controlled(store, &run, Control::Signal(signal("go")), 2).await;
    let activation = claim_one(store, 2).await;
    parked(
        store,
        &activation.claim,
        vec![call(&activation, 0, true, None)],
    )
    .await;

    let stands = get(store, &run).await;
    assert_eq!(
        (stands.state, stands.park_reason),
        (RunState::Parked, Some(reason("invalid")))
    );
    assert_eq!(
        store.fire_timers(at(10), 10).await.unwrap(),
        1,
        "timers keep counting"
    );
    nothing_due(store, 999).await;
    assert_eq!(inbox(store, &run).await, ["signal go", "timer t"]);
    assert_eq!(actions(store, &run).await.last().unwrap(), "run.parked");

    controlled(store, &run, Control::Retry, 20).await;
    let again = claim_one(store, 20).await;
    assert_eq!(
        (again.item, again.started_at),
        (activation.item, activation.started_at)
    );
    assert_eq!((again.journal.len(), again.run.park_reason), (1, None));
}

pub async fn spawns_and_signals_go_with_the_step(store: &dyn Store) {
    let ended = started(store, "ended", 0).await;
    stepped(store, After::Completed(completion("done")), 0).await;
    let sibling = started(store, "sibling", 900).await;
    let parent = started(store, "parent", 1).await;
    let activation = claim_one(store, 1).await;
    let mut end = step(&activation, After::Completed(completion("split")), 2);
    end.spawns = vec![
        new_run("child", 2),
        new_run("sibling", 2),
        new_run("parent", 2),
    ];
    end.signals = vec![
        (sibling.clone(), signal("hello")),
        (ended, signal("too late")),
        (new_run("child", 2).id, signal("welcome")),
        (new_run("sibling", 2).id, signal("joined")),
    ];
    store.commit_step(&activation.claim, end).await.unwrap();
    assert_eq!(
        inbox(store, &sibling).await,
        ["request", "request", "signal hello", "signal joined"],
        "it gets what the new one would have begun with, and what is said to that one"
    );
    assert_eq!(
        inbox(store, &new_run("child", 2).id).await,
        ["request", "signal welcome"]
    );
    assert_eq!(
        inbox(store, &new_run("parent", 2).id).await,
        ["request"],
        "its key is free by then"
    );
    assert_eq!(
        actions(store, &parent).await,
        ["run.started", "run.completed", "signal.dropped"]
    );
}

pub async fn labels_and_notices_are_kept(store: &dyn Store) {
    let run = started(store, "a", 0).await;
    let activation = claim_one(store, 1).await;
    let mut end = step(&activation, waiting(vec![], vec![]), 1);
    end.labels = vec![
        ("market".into(), "FR".into()),
        ("stage".into(), "review".into()),
    ];
    end.notices = vec![Notice {
        channel: "ops".into(),
        message: "look".into(),
    }];
    end.journal = vec![call(&activation, 0, true, Some(json!({"ok": null})))];
    store.commit_step(&activation.claim, end).await.unwrap();
    let stored = get(store, &run).await;
    let labels = [("market", "FR"), ("stage", "review")].map(|(n, v)| (n.into(), v.into()));
    assert_eq!(stored.labels, labels);
    assert_eq!(
        (stored.handler_state.as_deref(), stored.state_version),
        (Some(r#"{"n":1}"#), 1)
    );
    let notices = store.notices(Some(&run), Default::default()).await.unwrap();
    assert_eq!(
        notices,
        store.notices(None, Default::default()).await.unwrap()
    );
    assert_eq!(
        (&*notices.items[0].message, notices.items[0].at),
        ("look", at(1))
    );
    assert_eq!(store.journal_entries(&run, Some(1)).await.unwrap().len(), 1);
    assert_eq!(store.journal_entries(&run, Some(2)).await.unwrap(), []);
}

pub async fn an_end_about_another_item_is_refused(store: &dyn Store) {
    started(store, "a", 0).await;
    let activation = claim_one(store, 1).await;
    let mut end = step(&activation, waiting(vec![], vec![]), 1);
    end.item += 1;
    let answer = store.commit_step(&activation.claim, end).await;
    assert!(matches!(answer, Err(Error::Refused(_))), "{answer:?}");
}
