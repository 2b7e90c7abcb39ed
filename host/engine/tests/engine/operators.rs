//! What operators do to runs.

use std::time::Duration;

use forebay_model::event::Signal;
use forebay_model::run::RunState;
use forebay_store::runs::{Control, StartOutcome};
use serde_json::json;

use crate::support::{
    ENGINE, FLOW, Fault, World, approval, completed, finished, parked, unavailable, uncertain,
};

fn cancel(force: bool) -> Control {
    Control::Cancel {
        reason: "not wanted".into(),
        force,
        sender: "operator:ann".into(),
    }
}

#[tokio::test]
async fn a_cancelled_run_cleans_up_after_itself() {
    let world = World::new().await;
    let run = world.reviewed("a").await;
    world.control(&run, cancel(false)).await;
    world.settle().await;
    let stored = world.run(&run).await;
    assert_eq!(
        (stored.state, stored.outcome.as_deref()),
        (RunState::Cancelled, Some("as-asked"))
    );
    world
        .script
        .vendor
        .assert_once(&["cancel process-a", "start a"]);
    assert_eq!(world.audited(&run, "operator.cancel").await.len(), 1);
    world.arrives(ENGINE, finished("a")).await;
    world.settle().await;
    world.assert_state(&run, RunState::Cancelled).await;
    assert!(matches!(
        world.request("a").await.unwrap(),
        StartOutcome::Started(_)
    ));
}

#[tokio::test]
async fn a_forced_cancel_ends_the_run_at_once() {
    let world = World::new().await;
    let run = world.reviewed("a").await;
    world.control(&run, cancel(true)).await;
    world.assert_state(&run, RunState::Cancelled).await;
    world.settle().await;
    world.script.vendor.assert_once(&["start a"]);
}

#[tokio::test]
async fn a_paused_run_takes_in_and_does_nothing_until_it_is_resumed() {
    let mut world = World::new().await;
    let run = world.reviewed("a").await;
    world.control(&run, Control::Pause).await;
    world.arrives(ENGINE, finished("a")).await;
    world.pass(Duration::from_secs(48 * 3600)).await;
    world.restart().await;
    world.settle().await;
    world.assert_state(&run, RunState::Paused).await;
    world.script.vendor.assert_once(&["start a"]);
    world.control(&run, Control::Resume).await;
    world.settle().await;
    world.assert_state(&run, RunState::Completed).await;
}

#[tokio::test]
async fn a_retry_goes_on_from_the_failed_call() {
    let world = World::new().await;
    let run = world.reviewed("a").await;
    world.script.vendor.plan("comment", [uncertain()]);
    world.arrives(ENGINE, finished("a")).await;
    world.settle().await;
    world.parked(&run, "possible-duplicate").await;
    let updates = world.script.vendor.calls("update").len();
    world.control(&run, Control::Retry).await;
    world.settle().await;
    world.assert_state(&run, RunState::Completed).await;
    assert_eq!(
        world.script.vendor.calls("update").len(),
        updates,
        "what was done is not redone"
    );
    world
        .script
        .vendor
        .assert_once(&["comment a", "start a", "update a"]);
}

#[tokio::test]
async fn a_retry_makes_a_put_off_call_at_once() {
    let world = World::new().await;
    world
        .script
        .vendor
        .plan("start", (0..9).map(|_| unavailable("down")));
    let run = world.start("a").await;
    for _ in 0..7 {
        world.settle().await;
        world.pass_to_next().await;
    }
    assert!(world.run(&run).await.retry_at.unwrap() > world.now());
    let calls = world.script.vendor.calls("start").len();
    world.control(&run, Control::Retry).await;
    world.settle().await;
    assert_eq!(world.script.vendor.calls("start").len(), calls + 1);
    assert_eq!(world.run(&run).await.attempt, 1, "the count begins anew");
}

#[tokio::test]
async fn a_parked_run_is_cancelled_with_what_it_knows() {
    let world = World::new().await;
    let run = world.reviewed("a").await;
    world.script.vendor.plan("update", [uncertain()]);
    world.arrives(ENGINE, finished("a")).await;
    world.settle().await;
    world.parked(&run, "possible-duplicate").await;
    world.control(&run, cancel(false)).await;
    world.settle().await;
    world.assert_state(&run, RunState::Cancelled).await;
    world
        .script
        .vendor
        .assert_once(&["cancel process-a", "start a"]);
}

#[tokio::test]
async fn a_run_parked_by_its_handler_takes_signals_when_it_is_retried() {
    let world = World::new().await;
    world.script.handle(FLOW, |activation, desk| async move {
        match activation.delivery.label().as_str() {
            "signal go-on" => completed("approved"),
            "request" => parked("a person must look"),
            _ => approval(activation, desk).await,
        }
    });
    let run = world.start("a").await;
    world.settle().await;
    assert_eq!(world.parked(&run, "handler").await, "a person must look");
    let signal = Signal {
        name: "go-on".into(),
        data: json!({}).to_string(),
        sender: "operator:ann".into(),
    };
    world.control(&run, Control::Signal(signal)).await;
    world.settle().await;
    world.parked(&run, "handler").await;
    world.control(&run, Control::Retry).await;
    world.settle().await;
    world.assert_state(&run, RunState::Completed).await;
}

#[tokio::test]
async fn a_forced_cancel_fences_off_the_activation_under_way() {
    let world = World::new().await;
    world.script.vendor.plan("start", [Fault::Hangs]);
    let run = world.start("a").await;
    let core = world.core().clone();
    let driving = tokio::spawn(async move { core.run_activations().await });
    crate::support::eventually(async || world.script.vendor.calls("start").len() == 1).await;
    world.control(&run, cancel(true)).await;
    driving.abort();
    world.settle().await;
    world.assert_state(&run, RunState::Cancelled).await;
}
