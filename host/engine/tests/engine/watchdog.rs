//! Runs that should move and do not are told of.

use std::time::Duration;

use forebay_model::RunId;
use forebay_model::run::RunState;
use forebay_model::step::Timer;
use forebay_store::runs::{ClaimRequest, Control};
use serde_json::json;

use crate::support::{FLOW, World, denied, unavailable, uncertain, waiting};

async fn stalled(world: &World) -> Vec<RunId> {
    let runs = world.core().watch_progress().await.unwrap();
    runs.into_iter().map(|run| run.id).collect()
}

/// Let time pass, and nobody do anything.
fn wait_idly(world: &World, length: Duration) {
    world.clock.advance(length);
}

#[tokio::test]
async fn an_inbox_that_nobody_looks_into_is_told_of_until_somebody_does() {
    let world = World::new().await;
    let run = world.start("a").await;
    let after = world.options.stalled_after;
    wait_idly(&world, after - Duration::from_secs(1));
    assert_eq!(stalled(&world).await, []);
    wait_idly(&world, Duration::from_secs(1));
    assert_eq!(stalled(&world).await, [run]);
    world.settle().await;
    assert_eq!(stalled(&world).await, []);
}

#[tokio::test]
async fn a_claim_that_nobody_renews_is_told_of() {
    let world = World::new().await;
    let run = world.start("a").await;
    let request = ClaimRequest {
        owner: "a host that is gone".into(),
        now: world.now(),
        lease: world.options.lease,
        timers: 0,
        limit: 1,
        room: Vec::new(),
    };
    let claimed = world.core().store().claim(request).await.unwrap();
    assert_eq!(claimed.len(), 1);
    wait_idly(&world, world.options.stalled_after);
    assert_eq!(stalled(&world).await, [], "it was good for some time");
    wait_idly(&world, world.options.lease);
    assert_eq!(stalled(&world).await, [run]);
}

#[tokio::test]
async fn a_timer_that_does_not_fire_is_told_of() {
    let world = World::new().await;
    world.script.handle(FLOW, |_, desk| async move {
        let timer = Timer {
            name: "t".into(),
            due_at: desk.0.now().plus(Duration::from_secs(3600)),
        };
        waiting(&json!({}), vec![timer], Vec::new())
    });
    let run = world.start("a").await;
    world.settle().await;
    wait_idly(&world, Duration::from_secs(3600));
    assert_eq!(stalled(&world).await, []);
    wait_idly(&world, world.options.stalled_after);
    assert_eq!(stalled(&world).await, [run]);
}

#[tokio::test]
async fn a_retry_that_is_not_made_is_told_of() {
    let world = World::new().await;
    world.script.vendor.plan("start", [unavailable("down")]);
    let run = world.start("a").await;
    world.settle().await;
    world.assert_state(&run, RunState::Retrying).await;
    wait_idly(&world, world.options.stalled_after + Duration::from_secs(2));
    assert_eq!(stalled(&world).await, [run]);
}

#[tokio::test]
async fn runs_that_wait_for_somebody_are_not_stalled() {
    let world = World::new().await;
    world.reviewed("waits for its process").await;
    world.script.vendor.plan("start", [uncertain()]);
    world.start("parked").await;
    world.settle().await;
    let paused = world.start("paused").await;
    world.control(&paused, Control::Pause).await;
    world.script.vendor.plan("start", [denied()]);
    world.start("waits for its connection").await;
    world.settle().await;
    wait_idly(&world, Duration::from_secs(12 * 3600));
    assert_eq!(stalled(&world).await, []);
}
