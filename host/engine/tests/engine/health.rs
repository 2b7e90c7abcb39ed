//! Connections whose credentials are refused.

use std::sync::Arc;
use std::time::Duration;

use forebay_model::capability::{CapabilityError, Detail};
use forebay_model::run::RunState;

use crate::support::{ENGINE, FLOW, World, approval, denied};

/// Let every check fail.
fn keep_out(world: &World) {
    world.script.check(|| {
        Ok(Err(CapabilityError::Denied(Detail::new(
            "still not accepted",
        ))))
    });
}

fn let_in(world: &World) {
    world.script.check(|| Ok(Ok(Vec::new())));
}

#[tokio::test]
async fn refused_credentials_make_runs_wait_without_spending_the_budget() {
    let world = World::new().await;
    keep_out(&world);
    world.script.vendor.plan("start", [denied()]);
    let first = world.start("a").await;
    world.settle().await;
    let second = world.start("b").await;
    world.settle().await;
    assert!(world.core().health().refusal(&ENGINE.into()).is_some());
    for _ in 0..72 {
        world.pass(Duration::from_secs(3600)).await;
        world.core().check_refused().await;
    }
    world.assert_state(&first, RunState::Retrying).await;
    world.assert_state(&second, RunState::Retrying).await;
    assert_eq!(
        world.script.vendor.calls("start").len(),
        1,
        "nobody knocks while it is refused"
    );

    let_in(&world);
    world.core().check_refused().await;
    world.settle().await;
    world.assert_state(&first, RunState::Waiting).await;
    world.assert_state(&second, RunState::Waiting).await;
    assert!(world.core().health().refusal(&ENGINE.into()).is_none());
    world.script.vendor.assert_once(&["start a", "start b"]);
}

#[tokio::test]
async fn a_call_that_is_denied_although_the_check_passes_parks_its_run() {
    let world = World::new().await;
    world
        .script
        .vendor
        .plan("start", [denied(), denied(), denied()]);
    let run = world.start("a").await;
    for _ in 0..2 {
        world.settle().await;
        world.assert_state(&run, RunState::Retrying).await;
        world.core().check_refused().await;
    }
    world.settle().await;
    assert!(
        world
            .parked(&run, "denied")
            .await
            .contains("the token is not accepted")
    );
    assert!(
        world.core().health().refusal(&ENGINE.into()).is_none(),
        "it is not the connection"
    );
}

#[tokio::test]
async fn a_restart_finds_out_anew_and_does_not_count_against_the_run() {
    let mut world = World::new().await;
    keep_out(&world);
    world.script.vendor.plan("start", (0..6).map(|_| denied()));
    let run = world.start("a").await;
    for calls in 1..=6 {
        world.settle().await;
        world.assert_state(&run, RunState::Retrying).await;
        assert_eq!(world.script.vendor.calls("start").len(), calls);
        world.core().check_refused().await;
        world.restart().await;
    }
    world.settle().await;
    world.assert_state(&run, RunState::Waiting).await;
}

#[tokio::test]
async fn a_check_that_passes_just_before_a_run_is_put_off_wakes_it_all_the_same() {
    let world = World::new().await;
    world.script.vendor.plan("start", [denied()]);
    let core = Arc::downgrade(world.core());
    world.script.handle(FLOW, move |activation, desk| {
        let core = core.clone();
        async move {
            let answer = approval(activation, desk).await;
            if answer.is_err() {
                // Denied already, not put off yet.
                let core = core.upgrade().unwrap();
                core.health()
                    .refuse(&ENGINE.into(), "refused".into(), core.now());
                core.check_connection(&ENGINE.into()).await.unwrap();
            }
            answer
        }
    });
    // A connection known to be refused ends the activation before the call.
    world
        .core()
        .health()
        .refuse(&ENGINE.into(), "refused".into(), world.now());
    let run = world.start("a").await;
    world.settle().await;
    world.core().check_refused().await;
    world.settle().await;
    world.assert_state(&run, RunState::Waiting).await;
}
