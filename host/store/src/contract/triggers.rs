//! Schedules, backfills, and runs that have to do with one another.

use forebay_model::run::{RUN_COMPLETED, RUN_ENTITY, RUNS, RunState};
use forebay_model::{Entity, EventIdentity, FieldValue, FlowName, RunId};

use super::fixtures::*;
use crate::Store;
use crate::query::PageRequest;
use crate::runs::{After, Wait};
use crate::triggers::{Backfill, BackfillPage, BackfillState, Firing};

fn flow() -> FlowName {
    "flow".into()
}

fn firing(second: i64) -> Firing {
    Firing {
        flow: flow(),
        name: "nightly".into(),
        rhythm: "0 2 * * * UTC".into(),
        due_at: at(second),
        start: Ok(Box::new(new_run("scan", second))),
        audit: vec![entry("schedule.fired", &"none".into())],
        at: at(second + 1),
    }
}

pub async fn a_new_schedule_is_settled_up_to_now(store: &dyn Store) {
    assert_eq!(store.schedule(&flow(), "nightly").await.unwrap(), None);
    let open = async |rhythm: &str, second| {
        let flow = flow();
        let opened = store.open_schedule(&flow, "nightly", rhythm, at(second));
        opened.await.unwrap().settled_to
    };
    assert_eq!(open("a", 5).await, at(5));
    assert_eq!(open("a", 9).await, at(5), "it is known");
    assert_eq!(
        open("b", 9).await,
        at(9),
        "another rhythm is another schedule"
    );
    assert_eq!(open("a", 7).await, at(9), "nothing is settled back");
    let stored = store.schedule(&flow(), "nightly").await.unwrap().unwrap();
    assert_eq!((&*stored.rhythm, stored.last), ("a", None));
}

pub async fn an_instant_is_fired_by_one(store: &dyn Store) {
    let rhythm = firing(10).rhythm;
    store
        .open_schedule(&flow(), "nightly", &rhythm, at(0))
        .await
        .unwrap();
    let mut changed = firing(10);
    changed.rhythm = "another".into();
    assert_eq!(store.fire(changed).await.unwrap(), None);
    let fate = store.fire(firing(10)).await.unwrap().unwrap();
    assert_eq!(fate.run, Some(new_run("scan", 10).id));
    assert_eq!(store.fire(firing(10)).await.unwrap(), None);
    assert_eq!(store.fire(firing(9)).await.unwrap(), None);
    let stored = store.schedule(&flow(), "nightly").await.unwrap().unwrap();
    let last = stored.last.unwrap();
    assert_eq!(
        (last.due_at, last.fired_at, last.fate),
        (at(10), at(11), fate)
    );

    let joined = store.fire(firing(20)).await.unwrap().unwrap();
    assert_eq!(joined.run, Some(new_run("scan", 10).id), "it lives");
    let run = new_run("scan", 10).id;
    assert_eq!(inbox(store, &run).await, ["request", "request"]);
    let audit = store
        .audit_records(None, PageRequest::default())
        .await
        .unwrap();
    let fired = audit
        .items
        .iter()
        .filter(|it| it.entry.action == "schedule.fired");
    assert_eq!(fired.count(), 2);
}

pub async fn an_instant_that_starts_nothing_is_settled_too(store: &dyn Store) {
    let mut ignored = firing(10);
    ignored.start = Err("ignored".into());
    store
        .open_schedule(&flow(), "nightly", &ignored.rhythm, at(0))
        .await
        .unwrap();
    let fate = store.fire(ignored).await.unwrap().unwrap();
    assert_eq!((fate.run, &*fate.note), (None, "ignored"));
    assert_eq!(store.fire(firing(10)).await.unwrap(), None);
    nothing_due(store, 99).await;
}

fn end_of(run: &RunId, kinds: &[&str]) -> Wait {
    Wait {
        connection: RUNS.into(),
        role: "run".into(),
        entity: Entity {
            kind: RUN_ENTITY.into(),
            id: run.to_string(),
        },
        kinds: kinds.iter().map(ToString::to_string).collect(),
    }
}

/// End the activation of a parent that spawns this and waits for it.
async fn parent_of(store: &dyn Store, child: &str, second: i64, kinds: &[&str]) -> RunId {
    let parent = started(store, &format!("parent {second}"), second).await;
    let activation = claim_one(store, second).await;
    assert_eq!(activation.run.id, parent);
    let spawned = new_run(child, second + 500);
    let waits = vec![end_of(&spawned.id, kinds)];
    let mut end = step(&activation, waiting(waits, Vec::new()), second);
    end.spawns = vec![spawned];
    store.commit_step(&activation.claim, end).await.unwrap();
    parent
}

pub async fn a_joined_run_answers_to_the_new_name(store: &dyn Store) {
    let live = started(store, "child", 1).await;
    stepped(store, waiting(vec![], vec![timer("t", 900)]), 1).await;
    let first = parent_of(store, "child", 2, &[]).await;
    assert_eq!(inbox(store, &live).await, ["request"]);
    assert_eq!(actions(store, &live).await, ["run.started", "run.joined"]);
    assert!(
        store
            .run(&new_run("child", 502).id)
            .await
            .unwrap()
            .is_none()
    );

    stepped(store, After::Completed(completion("done")), 600).await;
    assert_eq!(get(store, &live).await.state, RunState::Completed);
    let told = store.inbox(&first).await.unwrap();
    let forebay_model::DeliveryContent::Event(incoming) = &told[0].delivery else {
        panic!("not an event: {told:?}");
    };
    assert_eq!(incoming.role, "run");
    assert_eq!(incoming.event.kind, RUN_COMPLETED);
    assert_eq!(incoming.event.entity.id, new_run("child", 502).id.as_str());
    let outcome = incoming.event.data.iter().find(|it| it.name == "outcome");
    assert_eq!(outcome.unwrap().value, FieldValue::Text("done".into()));
}

pub async fn what_a_run_says_comes_before_the_news_of_its_end(store: &dyn Store) {
    let parent = parent_of(store, "child", 1, &[]).await;
    let child = claim_one(store, 600).await;
    let mut end = step(&child, After::Completed(completion("done")), 600);
    end.signals = vec![(parent.clone(), signal("result"))];
    store.commit_step(&child.claim, end).await.unwrap();
    assert_eq!(
        inbox(store, &parent).await,
        ["signal result", RUN_COMPLETED]
    );
}

pub async fn an_end_is_told_to_those_that_wait_and_to_those_that_begin_to(store: &dyn Store) {
    let early = parent_of(store, "child", 1, &[RUN_COMPLETED]).await;
    let deaf = started(store, "deaf", 2).await;
    let child = new_run("child", 501).id;
    let claim = store.claim(super::fixtures::request(2)).await.unwrap();
    let deaf_claim = claim.iter().find(|it| it.run.id == deaf).unwrap();
    let waits = vec![end_of(&child, &["run.other"])];
    let end = step(deaf_claim, waiting(waits, vec![]), 2);
    store.commit_step(&deaf_claim.claim, end).await.unwrap();
    stepped(store, After::Cancelled(completion("gone")), 600).await;
    assert_eq!(inbox(store, &early).await, [RUN_COMPLETED]);
    assert_eq!(inbox(store, &deaf).await, [""; 0]);

    // The one that was told goes on waiting and is not told again; one that comes later is.
    for second in [601, 602] {
        let told = claimed(store, second).await;
        for activation in told {
            let end = step(
                &activation,
                waiting(vec![end_of(&child, &[])], vec![]),
                second,
            );
            store.commit_step(&activation.claim, end).await.unwrap();
        }
    }
    assert_eq!(inbox(store, &early).await, [""; 0]);
    let late = started(store, "late", 700).await;
    stepped(store, waiting(vec![end_of(&child, &[])], vec![]), 700).await;
    assert_eq!(inbox(store, &late).await, [RUN_COMPLETED]);
    let unrouted = store.unrouted_events(10).await.unwrap();
    assert_eq!(unrouted, [], "it is nobody else's");
}

fn backfill(revision: u64, state: BackfillState) -> Backfill {
    Backfill {
        flow: flow(),
        revision,
        state,
        since: at(0),
        finished: Vec::new(),
        cursor: None,
        seen: 0,
        counted: None,
        handed_over: 0,
        next_at: at(0),
        error: None,
        failures: 0,
        asked_at: at(0),
        updated_at: at(0),
    }
}

pub async fn a_backfill_is_written_by_one(store: &dyn Store) {
    let save = async |revision, state| {
        let saved = store.save_backfill(backfill(revision, state), None, Vec::new());
        saved.await.unwrap()
    };
    assert!(!save(2, BackfillState::Counting).await);
    assert!(save(1, BackfillState::Counting).await);
    assert!(!save(1, BackfillState::Cancelled).await);
    assert_eq!(store.live_backfills().await.unwrap().len(), 1);
    assert!(save(2, BackfillState::Counted).await);
    assert_eq!(store.live_backfills().await.unwrap(), []);
    let stored = store.backfill(&flow()).await.unwrap();
    assert_eq!(stored, Some(backfill(2, BackfillState::Counted)));
}

pub async fn events_of_a_backfill_are_for_its_flow_until_told_otherwise(store: &dyn Store) {
    let waiting_to_be_routed = arrives(store, event("known", "1")).await;
    let page = BackfillPage {
        connection: dam(),
        events: vec![event("old", "1"), event("known", "1")],
        at: at(1),
    };
    let running = backfill(1, BackfillState::Running);
    let saved = store.save_backfill(running.clone(), Some(page.clone()), Vec::new());
    assert!(saved.await.unwrap());
    let saved = store.save_backfill(running, Some(page), Vec::new());
    assert!(!saved.await.unwrap());

    let kept = store.deferred_events(&flow(), 10).await.unwrap();
    let kept: Vec<EventIdentity> = kept.into_iter().map(|event| event.identity).collect();
    let identity = |id: &str| event(id, "1").identity(&dam());
    assert_eq!(kept, [identity("known"), identity("old")]);
    let unrouted = async || {
        let events = store.unrouted_events(10).await.unwrap();
        events
            .into_iter()
            .map(|event| event.identity)
            .collect::<Vec<_>>()
    };
    assert_eq!(unrouted().await, [identity("known")]);
    let plan = plan(Vec::new());
    store
        .route_deferred(waiting_to_be_routed, &flow(), plan, at(2))
        .await
        .unwrap();
    assert_eq!(
        unrouted().await,
        [identity("known")],
        "others still wait for it"
    );
    arrives(store, event("old", "1")).await;
    assert_eq!(unrouted().await, [identity("known"), identity("old")]);
}
