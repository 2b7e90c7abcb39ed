//! Ownership of runs.

use serde_json::json;

use super::fixtures::{
    LEASE, arrives, at, call, claim_one, claimed, entry, event, get, inbox, new_run, nothing_due,
    put_off, reason, request, started, step, stepped, timer, waiting,
};
use crate::runs::{Claim, ClaimRequest};
use crate::{Error, Store};
use forebay_model::run::RunState;

pub async fn the_longest_waiting_run_is_claimed_first(store: &dyn Store) {
    let late = started(store, "late", 5).await;
    let early = started(store, "early", 1).await;
    let latest = started(store, "latest", 5).await;
    nothing_due(store, 0).await;
    let first = store
        .claim(ClaimRequest {
            limit: 2,
            ..request(9)
        })
        .await
        .unwrap();
    let order: Vec<_> = first.iter().map(|claimed| claimed.run.id.clone()).collect();
    assert_eq!(order, [early, late]);
    let excluded = ClaimRequest {
        room: vec![("flow".into(), 0)],
        ..request(9)
    };
    assert_eq!(store.claim(excluded).await.unwrap(), []);
    assert_eq!(claim_one(store, 9).await.run.id, latest);
}

pub async fn a_claim_fires_timers_that_are_due_first(store: &dyn Store) {
    let run = started(store, "a", 0).await;
    let timers = vec![timer("remind", 15), timer("escalate", 16)];
    stepped(store, waiting(vec![], timers), 1).await;
    let asking = |second, timers| ClaimRequest {
        timers,
        ..request(second)
    };
    assert_eq!(store.claim(asking(14, 9)).await.unwrap(), []);
    assert_eq!(store.claim(asking(20, 0)).await.unwrap(), []);
    let claimed = store.claim(asking(20, 1)).await.unwrap();
    let about: Vec<_> = claimed.iter().map(|it| it.delivery.label()).collect();
    assert_eq!(about, ["timer remind"]);
    assert_eq!(store.inbox(&run).await.unwrap().len(), 1);
    let without_room = ClaimRequest {
        limit: 0,
        ..asking(20, 9)
    };
    assert_eq!(store.claim(without_room).await.unwrap(), []);
    assert_eq!(store.inbox(&run).await.unwrap().len(), 2);
}

pub async fn a_flow_without_room_does_not_hold_up_others(store: &dyn Store) {
    let of = |flow: &str, key: &str, second| {
        let mut run = new_run(key, second);
        run.flow = flow.into();
        run.id = forebay_model::RunId::derive(&run.flow, key, "test");
        run
    };
    for (second, key) in ["a", "b", "c"].into_iter().enumerate() {
        let second = i64::try_from(second).unwrap();
        store.start_run(of("narrow", key, second)).await.unwrap();
    }
    for (second, key) in ["a", "b"].into_iter().enumerate() {
        let second = i64::try_from(second).unwrap() + 5;
        store.start_run(of("wide", key, second)).await.unwrap();
    }
    let request = ClaimRequest {
        limit: 3,
        room: vec![("narrow".into(), 1), ("other".into(), 0)],
        ..request(10)
    };
    let claimed = store.claim(request).await.unwrap();
    let flows: Vec<&str> = claimed
        .iter()
        .map(|claimed| claimed.run.flow.as_str())
        .collect();
    assert_eq!(flows, ["narrow", "wide", "wide"]);
}

pub async fn a_run_is_claimed_by_one(store: &dyn Store) {
    let run = started(store, "a", 0).await;
    let owner = claim_one(store, 1).await;
    assert_eq!(
        (owner.run.id, owner.run.state),
        (run.clone(), RunState::Running)
    );
    assert_eq!(owner.delivery.label(), "request");
    let lease_end = 1 + i64::try_from(LEASE.as_secs()).unwrap();
    nothing_due(store, lease_end - 1).await;
    assert_eq!(store.next_due().await.unwrap(), Some(at(lease_end)));
    // More in the inbox makes it no more claimable.
    let control = crate::runs::Control::Signal(super::fixtures::signal("hello"));
    store
        .control(&run, control, entry("signal", &run), at(2))
        .await
        .unwrap();
    nothing_due(store, lease_end - 1).await;
}

pub async fn a_lapsed_claim_is_taken_over_with_all_it_recorded(store: &dyn Store) {
    started(store, "a", 0).await;
    arrives(store, event("x", "1")).await;
    let dead = claim_one(store, 1).await;
    let intent = call(&dead, 0, true, None);
    let read = call(&dead, 1, false, Some(json!({"ok": 0.1})));
    store
        .journal(&dead.claim, vec![intent.clone(), read.clone()])
        .await
        .unwrap();
    let done = call(&dead, 0, true, Some(json!({"ok": null})));
    store
        .journal(&dead.claim, vec![done.clone()])
        .await
        .unwrap();
    arrives(store, event("x", "2")).await;

    let heir = claim_one(store, 100).await;
    assert!(heir.claim.epoch > dead.claim.epoch);
    assert_eq!(
        (heir.item, heir.started_at, heir.watermark),
        (dead.item, at(1), dead.watermark)
    );
    assert_eq!(heir.journal, [done, read]);
    assert!(dead.journal.is_empty());
}

pub async fn a_stale_claim_writes_nothing(store: &dyn Store) {
    let run = started(store, "a", 0).await;
    let stale = claim_one(store, 1).await;
    let heir = claim_one(store, 100).await;
    let before = get(store, &run).await;

    let mut commit = step(&stale, waiting(vec![], vec![]), 101);
    commit.audit = vec![entry("call", &run)];
    let entries = vec![call(&stale, 0, true, None)];
    let claim = &stale.claim;
    let answers = [
        store.journal(claim, entries.clone()).await,
        store.commit_step(claim, commit).await.map(drop),
        store.put_off(claim, put_off(200, None)).await,
        store
            .park(claim, reason("trap"), entries, Vec::new(), at(101))
            .await,
        store.release(claim, at(101)).await,
    ];
    for answer in answers {
        assert!(
            matches!(answer, Err(Error::Superseded { epoch: 1, .. })),
            "{answer:?}"
        );
    }
    assert_eq!(get(store, &run).await, before);
    assert_eq!(store.journal_entries(&run, None).await.unwrap(), []);
    assert_eq!(inbox(store, &run).await, ["request"]);
    assert_eq!(super::fixtures::actions(store, &run).await, ["run.started"]);
    store
        .commit_step(&heir.claim, step(&heir, waiting(vec![], vec![]), 101))
        .await
        .unwrap();
}

pub async fn a_claim_is_good_for_one_end(store: &dyn Store) {
    started(store, "a", 0).await;
    let owner = claim_one(store, 1).await;
    let end = || step(&owner, waiting(vec![], vec![]), 2);
    store.commit_step(&owner.claim, end()).await.unwrap();
    let again = store.commit_step(&owner.claim, end()).await;
    assert!(matches!(again, Err(Error::Superseded { .. })), "{again:?}");
}

pub async fn renewing_tells_what_is_lost(store: &dyn Store) {
    started(store, "a", 0).await;
    let owner = claim_one(store, 1).await.claim;
    let stale = Claim {
        epoch: owner.epoch - 1,
        ..owner.clone()
    };
    let never = Claim {
        run: "r-none".into(),
        epoch: 1,
    };
    let claims = [owner, stale.clone(), never.clone()];
    assert_eq!(store.renew(&claims, at(500)).await.unwrap(), [stale, never]);
    nothing_due(store, 499).await;
    assert_eq!(claimed(store, 500).await.len(), 1);
}

pub async fn a_released_run_is_claimable_at_once(store: &dyn Store) {
    let run = started(store, "a", 0).await;
    let owner = claim_one(store, 1).await;
    store
        .journal(
            &owner.claim,
            vec![call(&owner, 0, false, Some(json!({"ok": 1})))],
        )
        .await
        .unwrap();
    store.release(&owner.claim, at(2)).await.unwrap();
    assert_eq!(get(store, &run).await.state, RunState::Pending);
    let next = claim_one(store, 2).await;
    assert_eq!(
        (next.item, next.started_at, next.journal.len()),
        (owner.item, at(1), 1)
    );
    assert!(next.claim.epoch > owner.claim.epoch);
}
