//! Where events go.

use super::fixtures::{
    arrives, at, batch, claim_one, completion, entity, event, get, inbox, new_run, nothing_due,
    plan, started, started_by, step, stepped, wait, waiting,
};
use crate::Store;
use crate::intake::{RoutePlan, Routed, Subscriber};
use crate::runs::After;
use forebay_model::DeliveryContent;
use forebay_model::run::RunState;

pub async fn an_event_starts_a_run_once(store: &dyn Store) {
    let id = arrives(store, event("a", "1")).await;
    let start = || plan(vec![started_by(event("a", "1"), "a", 1)]);
    let routed = store.route(id, start(), at(1)).await.unwrap();
    assert_eq!(routed.started, [new_run("a", 1).id]);
    assert_eq!(routed.delivered, routed.started);
    assert_eq!(
        store.route(id, start(), at(2)).await.unwrap(),
        Routed::default()
    );

    assert_eq!(store.unrouted_events(10).await.unwrap(), []);
    assert_eq!(
        get(store, &routed.started[0]).await.state,
        RunState::Pending
    );
    assert_eq!(inbox(store, &routed.started[0]).await, ["asset.updated"]);
}

pub async fn an_event_goes_to_the_live_run_of_its_key(store: &dyn Store) {
    let run = started(store, "a", 0).await;
    let id = arrives(store, event("a", "1")).await;
    let start = plan(vec![started_by(event("a", "1"), "a", 1)]);
    let routed = store.route(id, start, at(1)).await.unwrap();
    assert_eq!(
        (routed.delivered, routed.started),
        (vec![run.clone()], vec![])
    );
    assert_eq!(inbox(store, &run).await, ["request", "asset.updated"]);
    assert_eq!(store.run(&new_run("a", 1).id).await.unwrap(), None);
}

pub async fn an_event_goes_to_whoever_waits_for_it(store: &dyn Store) {
    let run = started(store, "a", 0).await;
    let mut deleted_only = wait("b");
    deleted_only.kinds = vec!["asset.deleted".into()];
    stepped(store, waiting(vec![wait("a"), deleted_only], vec![]), 1).await;

    let mut related = event("c", "1");
    related.related = vec![entity("a"), entity("c"), entity("a")];
    let reaches = arrives(store, related).await;
    let wrong_kind = arrives(store, event("b", "1")).await;
    let mut right_kind = event("b", "2");
    right_kind.kind = "asset.deleted".into();
    let right_kind = arrives(store, right_kind).await;

    let subscriber = Subscriber {
        run: run.clone(),
        flow: "flow".into(),
        role: "source".into(),
    };
    assert_eq!(
        store.subscribers(reaches).await.unwrap().first(),
        Some(&subscriber)
    );
    assert_eq!(store.subscribers(wrong_kind).await.unwrap(), []);
    assert_eq!(store.subscribers(right_kind).await.unwrap(), [subscriber]);
    let mut delivered = Vec::new();
    for id in [reaches, wrong_kind, right_kind] {
        let routed = store.route(id, RoutePlan::default(), at(2)).await.unwrap();
        delivered.push(routed.delivered.len());
    }
    assert_eq!(delivered, [1, 0, 1]);
    let claimed = claim_one(store, 2).await;
    let DeliveryContent::Event(incoming) = claimed.delivery else {
        panic!("not an event")
    };
    assert_eq!(
        (&*incoming.role, &*incoming.event.entity.id),
        ("source", "c")
    );
}

pub async fn an_event_stays_when_those_who_were_told_have_ended(store: &dyn Store) {
    started(store, "a", 0).await;
    stepped(store, waiting(vec![wait("a")], vec![]), 1).await;
    let id = arrives(store, event("a", "1")).await;
    let told = || RoutePlan {
        told: vec!["flow".into()],
        ..RoutePlan::default()
    };
    let last = arrives(store, event("a", "2")).await;
    let routed = store.route(last, told(), at(2)).await.unwrap();
    assert_eq!(routed.delivered.len(), 1, "its run waits for it");
    stepped(store, After::Completed(completion("done")), 3).await;

    let routed = store.route(id, told(), at(4)).await.unwrap();
    assert_eq!(routed, Routed::default());
    let unrouted = store.unrouted_events(10).await.unwrap();
    assert_eq!(unrouted.len(), 1, "its flow has to be asked");
    let start = plan(vec![started_by(event("a", "1"), "a", 1)]);
    let routed = store.route(id, start, at(4)).await.unwrap();
    assert_eq!(routed.started, [new_run("a", 1).id]);
}

pub async fn an_event_before_the_wait_is_delivered_with_it(store: &dyn Store) {
    let run = started(store, "a", 0).await;
    let activation = claim_one(store, 1).await;
    let early = arrives(store, event("process", "done")).await;
    let unrelated = arrives(store, event("other", "1")).await;
    let routed = store
        .route(early, RoutePlan::default(), at(2))
        .await
        .unwrap();
    assert_eq!(routed.delivered, [], "nobody waits yet");
    let waits = waiting(vec![wait("process")], vec![]);
    let committed = store
        .commit_step(&activation.claim, step(&activation, waits, 3))
        .await
        .unwrap();
    assert!(committed.more);
    assert_eq!(inbox(store, &run).await, ["asset.updated"]);
    let claimed = claim_one(store, 3).await;
    assert!(claimed.watermark >= unrelated);
}

pub async fn an_event_before_the_activation_is_not(store: &dyn Store) {
    arrives(store, event("process", "old")).await;
    let run = started(store, "a", 0).await;
    stepped(store, waiting(vec![wait("process")], vec![]), 1).await;
    assert_eq!(inbox(store, &run).await, [""; 0]);
    nothing_due(store, 9).await;
}

pub async fn an_event_reaches_a_run_once(store: &dyn Store) {
    let run = started(store, "a", 0).await;
    let activation = claim_one(store, 1).await;
    let id = arrives(store, event("p", "1")).await;
    let waits = || waiting(vec![wait("p")], vec![]);
    store
        .commit_step(&activation.claim, step(&activation, waits(), 2))
        .await
        .unwrap();
    // The step delivered it; routing, as subscriber and under the run's own key, adds nothing.
    let start = plan(vec![started_by(event("p", "1"), "a", 2)]);
    assert_eq!(
        store.route(id, start, at(2)).await.unwrap(),
        Routed::default()
    );
    stepped(store, waits(), 3).await;
    // Consumed, it is not delivered again with the next wait, nor when it is reported again.
    assert_eq!(
        store
            .record_events(batch(vec![event("p", "1")]))
            .await
            .unwrap()
            .known,
        1
    );
    assert_eq!(inbox(store, &run).await, [""; 0]);
    nothing_due(store, 9).await;
}

pub async fn a_start_that_ended_is_not_repeated(store: &dyn Store) {
    let run = started(store, "a", 0).await;
    stepped(store, After::Completed(completion("approved")), 1).await;
    let id = arrives(store, event("a", "1")).await;
    let routed = store
        .route(id, plan(vec![new_run("a", 0)]), at(2))
        .await
        .unwrap();
    assert_eq!(routed, Routed::default());
    let stored = store
        .events(Default::default(), Default::default())
        .await
        .unwrap();
    assert!(
        stored.items[0].routing[0].contains(run.as_str()),
        "{:?}",
        stored.items[0].routing
    );
    assert_eq!(get(store, &run).await.state, RunState::Completed);
    nothing_due(store, 9).await;
}

pub async fn events_are_kept_for_a_flow_that_is_off(store: &dyn Store) {
    let flow = "flow".into();
    let id = arrives(store, event("a", "1")).await;
    let off = RoutePlan {
        deferred: vec!["flow".into()],
        ignored: vec![("other".into(), "not an image".into())],
        ..RoutePlan::default()
    };
    assert_eq!(store.flows_with_deferred().await.unwrap(), []);
    store.route(id, off, at(1)).await.unwrap();
    let second = arrives(store, event("b", "1")).await;
    let off = RoutePlan {
        deferred: vec!["third".into()],
        ..RoutePlan::default()
    };
    store.route(second, off, at(1)).await.unwrap();
    assert_eq!(
        store.flows_with_deferred().await.unwrap(),
        ["flow".into(), "third".into()]
    );
    let kept = store.deferred_events(&flow, 10).await.unwrap();
    assert_eq!(
        kept.iter().map(|stored| stored.id).collect::<Vec<_>>(),
        [id]
    );
    assert_eq!(kept[0].routing.len(), 2);
    assert_eq!(
        store.deferred_events(&"other".into(), 10).await.unwrap(),
        []
    );

    let on = || plan(vec![started_by(event("a", "1"), "a", 1)]);
    assert_eq!(
        store
            .route_deferred(id, &flow, on(), at(2))
            .await
            .unwrap()
            .started
            .len(),
        1
    );
    assert_eq!(
        store.route_deferred(id, &flow, on(), at(3)).await.unwrap(),
        Routed::default()
    );
    assert_eq!(store.deferred_events(&flow, 10).await.unwrap(), []);
    assert_eq!(store.flows_with_deferred().await.unwrap(), ["third".into()]);
}

pub async fn an_event_that_an_ended_run_did_not_see_is_offered_again(store: &dyn Store) {
    let run = started(store, "a", 0).await;
    stepped(store, waiting(vec![wait("a")], vec![]), 1).await;
    let seen = arrives(store, event("a", "1")).await;
    store
        .route(seen, RoutePlan::default(), at(2))
        .await
        .unwrap();
    let last = claim_one(store, 3).await;
    let missed = arrives(store, event("a", "2")).await;
    store
        .route(missed, RoutePlan::default(), at(4))
        .await
        .unwrap();
    assert_eq!(store.unrouted_events(9).await.unwrap(), []);
    let end = step(&last, After::Completed(completion("approved")), 5);
    store.commit_step(&last.claim, end).await.unwrap();

    let offered = store.unrouted_events(9).await.unwrap();
    assert_eq!(
        offered.iter().map(|event| event.id).collect::<Vec<_>>(),
        [missed]
    );
    let mut successor = started_by(event("a", "2"), "a", 6);
    successor.id = "successor".into();
    let routed = store
        .route(missed, plan(vec![successor]), at(6))
        .await
        .unwrap();
    assert_eq!(routed.started, ["successor".into()]);
    assert_ne!(run.as_str(), "successor");
}
