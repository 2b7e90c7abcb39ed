//! The running service: wakes up for work without waiting for time, does not fall over, and drains.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use forebay_engine::{Error, Service};
use forebay_model::RunId;
use forebay_model::Timestamp;
use forebay_model::flow::PollPolicy;
use forebay_model::run::RunState;
use forebay_model::step::Timer;
use forebay_store::runs::Control;
use serde_json::json;
use tokio::sync::Notify;

use crate::support::{
    DAM, ENGINE, FLOW, Fault, World, approval, completed, created, denied, eventually, finished,
    page, parked, unavailable, waiting,
};

const DRAIN: Duration = Duration::from_secs(20);

fn serve(world: &World) -> Service {
    Service::start(Arc::clone(world.core()))
}

async fn reaches(world: &World, run: &RunId, state: RunState) {
    eventually(async || world.run(run).await.state == state).await;
}

/// Let time pass in small steps, and the service work in between, until this holds. What the service
/// writes goes through one queue, so that time cannot outrun a slow disk.
async fn in_time(world: &World, mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..2_000 {
        for _ in 0..20 {
            if holds().await {
                return;
            }
            world.core().store().audit(Vec::new()).await.unwrap();
        }
        world.clock.advance(Duration::from_secs(1));
    }
    panic!("it never came true");
}

#[tokio::test]
async fn work_is_taken_up_without_time_passing() {
    let world = World::new().await;
    let begun = world.now();
    let service = serve(&world);
    let run = world.start("a").await;
    reaches(&world, &run, RunState::Waiting).await;
    let mut event = finished("a");
    event.related.push(created("b", "v1").entity);
    world
        .script
        .webhook(move |_| Ok(Ok(vec![created("b", "v1")])));
    world.webhook(&[]).await;
    eventually(async || world.runs().await.len() == 2).await;
    let second = world.runs().await.remove(1).id;
    reaches(&world, &second, RunState::Waiting).await;
    assert_eq!(world.now(), begun);
    service.drain(DRAIN).await;
}

#[tokio::test]
async fn what_a_write_of_unknown_fate_left_to_do_is_done_without_time_passing() {
    let world = World::new().await;
    let begun = world.now();
    let service = serve(&world);
    let unknown = |error: &Error| matches!(error, Error::Store(forebay_store::Error::Unknown(_)));

    world
        .script
        .handle(FLOW, |_, _| async { parked("no such group") });
    world.faults.doubt("start_run");
    assert!(unknown(&world.request("a").await.unwrap_err()));
    eventually(async || world.runs().await.len() == 1).await;
    let run = world.runs().await.remove(0).id;
    reaches(&world, &run, RunState::Parked).await;

    world.script.handle(FLOW, approval);
    world.faults.doubt("act");
    let told = world
        .core()
        .control(&run, Control::Retry, "operator:ann")
        .await;
    assert!(unknown(&told.unwrap_err()));
    reaches(&world, &run, RunState::Waiting).await;

    world
        .script
        .webhook(move |_| Ok(Ok(vec![created("b", "v1")])));
    world.faults.doubt("settle_webhook");
    world.webhook(&[]).await;
    eventually(async || world.runs().await.len() == 2).await;
    assert_eq!(world.now(), begun);
    service.drain(DRAIN).await;
}

#[tokio::test]
async fn timers_and_retries_are_taken_up_when_due() {
    let world = World::new().await;
    let service = serve(&world);
    world.script.handle(FLOW, |activation, desk| async move {
        if activation.activation > 1 {
            desk.dam("update", json!(["a"])).await?;
            return completed("approved");
        }
        let due_at = desk.0.now().plus(Duration::from_secs(7));
        waiting(
            &json!({}),
            vec![Timer {
                name: "t".into(),
                due_at,
            }],
            Vec::new(),
        )
    });
    world
        .script
        .vendor
        .plan("update", [unavailable("down"), unavailable("down")]);
    let run = world.start("a").await;
    reaches(&world, &run, RunState::Waiting).await;
    world.clock.advance(Duration::from_secs(7));
    for attempt in 1..3 {
        eventually(async || world.run(&run).await.attempt == attempt).await;
        let due = world.run(&run).await.retry_at.unwrap();
        world.clock.advance_to(due);
    }
    reaches(&world, &run, RunState::Completed).await;
    service.drain(DRAIN).await;
}

#[tokio::test]
async fn connections_are_polled_in_their_interval_also_after_a_poll_that_died() {
    let world = World::new().await;
    let polls = Arc::new(AtomicU32::new(0));
    world.script.changes({
        let polls = Arc::clone(&polls);
        move |_| match polls.fetch_add(1, Ordering::SeqCst) {
            1 => panic!("scripted: a poll dies"),
            number => Ok(Ok(page(
                vec![created(&format!("a{number}"), "v1")],
                &number.to_string(),
                false,
            ))),
        }
    });
    let service = serve(&world);
    eventually(async || world.runs().await.len() == 1).await;
    assert_eq!(polls.load(Ordering::SeqCst), 1);
    world.clock.advance(PollPolicy::default().interval);
    eventually(async || polls.load(Ordering::SeqCst) == 2).await;
    // A failed poll is tried again sooner than its interval, and than anything else is due.
    let (now, soon) = (world.now(), world.now().plus(Duration::from_secs(5)));
    let next = || world.clock.next_deadline();
    eventually(async || next().is_some_and(|due| due > now && due <= soon)).await;
    world.clock.advance_to(soon);
    eventually(async || world.runs().await.len() == 2).await;
    service.drain(DRAIN).await;
}

#[tokio::test]
async fn a_part_that_dies_is_started_again() {
    let world = World::new().await;
    let (admits, webhooks) = (
        Arc::new(AtomicBool::new(true)),
        Arc::new(AtomicBool::new(true)),
    );
    world.script.webhook(move |request| {
        assert!(
            !webhooks.swap(false, Ordering::SeqCst),
            "scripted: normalising dies"
        );
        Ok(Ok(serde_json::from_slice(&request.body).unwrap()))
    });
    world.script.admit(move |delivery| {
        assert!(
            !admits.swap(false, Ordering::SeqCst),
            "scripted: admitting dies"
        );
        let forebay_model::DeliveryContent::Event(incoming) = delivery else {
            panic!()
        };
        let subject = incoming.event.entity.clone();
        Ok(forebay_model::step::Admission::Start(
            forebay_model::step::Start {
                business_key: subject.id.clone(),
                title: subject.id.clone(),
                subject,
                labels: Vec::new(),
            },
        ))
    });
    let service = serve(&world);
    world.webhook(&[created("a", "v1")]).await;
    in_time(&world, async || world.runs().await.len() == 1).await;
    service.drain(DRAIN).await;
}

#[tokio::test]
async fn refused_connections_are_checked_and_their_runs_go_on() {
    let world = World::new().await;
    world.script.vendor.plan("start", [denied()]);
    let service = serve(&world);
    let run = world.start("a").await;
    in_time(&world, async || {
        world.run(&run).await.state == RunState::Waiting
    })
    .await;
    assert!(world.core().health().refusal(&ENGINE.into()).is_none());
    service.drain(DRAIN).await;
}

#[tokio::test]
async fn a_long_activation_keeps_its_claim() {
    let world = World::new().await;
    world.script.vendor.plan("start", [Fault::Hangs]);
    let service = serve(&world);
    let run = world.start("a").await;
    eventually(async || world.script.vendor.calls("start").len() == 1).await;
    let begun = world.now();
    in_time(&world, async || {
        world.now().since(begun) > 10 * world.options.lease
    })
    .await;
    assert_eq!(world.script.vendor.calls("start").len(), 1);
    world.assert_state(&run, RunState::Running).await;
    drop(service);
}

#[tokio::test]
async fn a_host_that_stood_still_past_its_claims_keeps_them() {
    let world = World::new().await;
    world.script.vendor.plan("start", [Fault::Hangs]);
    let service = serve(&world);
    let run = world.start("a").await;
    eventually(async || world.script.vendor.calls("start").len() == 1).await;
    // The claim runs out in one jump: what renews it and what looks for work wake up together.
    for _ in 0..20 {
        world.clock.advance(2 * world.options.lease);
        for _ in 0..20 {
            world.core().store().audit(Vec::new()).await.unwrap();
        }
    }
    assert_eq!(world.script.vendor.calls("start").len(), 1);
    world.assert_state(&run, RunState::Running).await;
    drop(service);
}

/// A handler that waits to be let go on after its effect.
fn held(world: &World) -> Arc<Notify> {
    let go_on = Arc::new(Notify::new());
    let notify = Arc::clone(&go_on);
    world.script.handle(FLOW, move |activation, desk| {
        let go_on = Arc::clone(&notify);
        async move {
            let answer = approval(activation, desk).await;
            go_on.notified().await;
            answer
        }
    });
    go_on
}

#[tokio::test]
async fn draining_ends_what_is_under_way_and_takes_up_nothing_new() {
    let world = World::new().await;
    let go_on = held(&world);
    let service = serve(&world);
    let run = world.start("a").await;
    eventually(async || world.script.vendor.calls("start").len() == 1).await;
    let draining = tokio::spawn(service.drain(DRAIN));
    tokio::task::yield_now().await;
    let late = world.start("b").await;
    go_on.notify_one();
    draining.await.unwrap();
    world.assert_state(&run, RunState::Waiting).await;
    world.assert_state(&late, RunState::Pending).await;
}

#[tokio::test]
async fn a_drain_that_takes_too_long_leaves_the_rest_to_the_next_host() {
    let mut world = World::new().await;
    let _never = held(&world);
    let service = serve(&world);
    let run = world.start("a").await;
    eventually(async || world.script.vendor.calls("start").len() == 1).await;
    let deadline = world.now().plus(DRAIN);
    let draining = tokio::spawn(service.drain(DRAIN));
    eventually(async || {
        world
            .clock
            .next_deadline()
            .is_some_and(|due| due <= deadline)
    })
    .await;
    in_time(&world, async || draining.is_finished()).await;
    world.assert_state(&run, RunState::Running).await;

    world.script.handle(FLOW, approval);
    world.restart().await;
    let service = serve(&world);
    reaches(&world, &run, RunState::Waiting).await;
    world.script.vendor.assert_once(&["start a"]);
    service.drain(DRAIN).await;
}

#[tokio::test]
async fn a_host_takes_up_what_it_finds_when_it_starts() {
    let mut world = World::new().await;
    world.webhook(&[created("hook", "v1")]).await;
    world.arrives(DAM, created("event", "v1")).await;
    world.start("pending").await;
    world.restart().await;
    let begun: Timestamp = world.now();
    let service = serve(&world);
    eventually(async || {
        let runs = world.runs().await;
        runs.len() == 3 && runs.iter().all(|run| run.state == RunState::Waiting)
    })
    .await;
    assert_eq!(world.now(), begun);
    service.drain(DRAIN).await;
}
