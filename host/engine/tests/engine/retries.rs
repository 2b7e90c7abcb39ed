//! Calls that fail: tried again within a budget, or left to an operator with what was said.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use forebay_model::capability::{
    CapabilityError, ConflictDetail, Detail, InvalidDetail, VendorReply,
};
use forebay_model::ports::GuestError;
use forebay_model::run::RunState;
use forebay_store::runs::Control;

use crate::support::{
    ENGINE, FLOW, Fault, World, approval, rate_limited, unavailable, uncertain, waiting,
};

fn trap() -> Fault {
    Fault::Fails(GuestError::Trap("unreachable executed".into()))
}

/// The handler fails this often, then does its work.
fn handler_fails(world: &World, times: u32, error: &GuestError) {
    let attempts = AtomicU32::new(0);
    let error = error.clone();
    world.script.handle(FLOW, move |activation, desk| {
        let fails = attempts.fetch_add(1, Ordering::SeqCst) < times;
        let error = error.clone();
        async move {
            if fails {
                Err(error)
            } else {
                approval(activation, desk).await
            }
        }
    });
}

#[tokio::test]
async fn backoff_grows_with_jitter_from_1s_to_5min() {
    let world = World::new().await;
    world
        .script
        .vendor
        .plan("start", (0..12).map(|_| unavailable("maintenance")));
    let run = world.start("a").await;
    let mut pauses = Vec::new();
    world.settle().await;
    loop {
        let stored = world.run(&run).await;
        if stored.state != RunState::Retrying {
            break;
        }
        assert!(stored.last_error.unwrap().contains("maintenance"));
        pauses.push(stored.retry_at.unwrap().since(world.now()));
        world.pass_to_next().await;
    }
    world.assert_state(&run, RunState::Waiting).await;
    assert_eq!(pauses.len(), 12);
    for (pause, doublings) in pauses.iter().zip(0..) {
        let full = Duration::from_secs((1 << doublings).min(300));
        assert!(*pause >= full / 2 && *pause <= full, "{pauses:?}");
    }
    let calls = world.script.vendor.calls("start");
    for (call, attempt) in calls.iter().zip(1..) {
        assert_eq!(call.context.key, calls[0].context.key);
        assert_eq!(call.context.attempt, attempt);
        assert_eq!(call.context.previous_unknown, attempt > 1);
    }
    world.script.vendor.assert_once(&["start a"]);
    assert_eq!(world.run(&run).await.attempt, 0);
}

#[tokio::test]
async fn retry_after_is_honoured() {
    let world = World::new().await;
    world.script.vendor.plan("start", [rate_limited(120)]);
    let run = world.start("a").await;
    world.settle().await;
    world.pass(Duration::from_secs(119)).await;
    world.assert_state(&run, RunState::Retrying).await;
    world.pass(Duration::from_secs(1)).await;
    world.assert_state(&run, RunState::Waiting).await;
    assert_eq!(world.script.vendor.calls("start").len(), 2);
}

#[tokio::test]
async fn the_retry_budget_ends_in_a_parked_run_with_the_vendors_message() {
    let mut world = World::new().await;
    world
        .script
        .vendor
        .plan("start", (0..2000).map(|_| unavailable("closed for good")));
    let begun = world.now();
    let run = world.start("a").await;
    world.settle().await;
    // The budget counts on over restarts.
    world.restart().await;
    world.rest(&run).await;
    let message = world.parked(&run, "retry-budget").await;
    assert!(
        message.contains("closed for good") && message.contains("24h"),
        "{message}"
    );
    let spent = world.now().since(begun);
    assert!(spent >= Duration::from_secs(24 * 3600) && spent < Duration::from_secs(25 * 3600));

    // An operator may grant it another.
    world.control(&run, Control::Retry).await;
    world.settle().await;
    world.assert_state(&run, RunState::Retrying).await;
}

#[tokio::test]
async fn a_call_of_unknown_fate_is_not_repeated_by_itself() {
    let world = World::new().await;
    world
        .script
        .vendor
        .plan("start", [Fault::CommitsThen(Box::new(uncertain()))]);
    let run = world.start("a").await;
    world.settle().await;
    let message = world.parked(&run, "possible-duplicate").await;
    assert!(message.contains("the connection broke"), "{message}");
    world.pass(Duration::from_secs(48 * 3600)).await;
    assert_eq!(world.script.vendor.calls("start").len(), 1);

    world.control(&run, Control::Retry).await;
    world.settle().await;
    world.assert_state(&run, RunState::Waiting).await;
    let again = world.script.vendor.calls("start").pop().unwrap();
    assert_eq!(
        (again.context.attempt, again.context.previous_unknown),
        (2, true)
    );
    world.script.vendor.assert_once(&["start a"]);
}

#[tokio::test]
async fn a_connector_that_keeps_failing_parks_its_run() {
    let world = World::new().await;
    world.script.vendor.plan("start", [trap(), trap()]);
    let run = world.start("a").await;
    assert_eq!(world.rest(&run).await.state, RunState::Waiting);

    world.script.vendor.plan("start", [trap(), trap(), trap()]);
    let run = world.start("b").await;
    world.rest(&run).await;
    let message = world.parked(&run, "connector-failed").await;
    assert!(
        message.contains("unreachable executed") && message.contains(ENGINE),
        "{message}"
    );
}

#[tokio::test]
async fn a_handler_that_keeps_failing_parks_its_run() {
    let world = World::new().await;
    handler_fails(&world, 2, &GuestError::Trap("boom".into()));
    let run = world.start("a").await;
    assert_eq!(world.rest(&run).await.state, RunState::Waiting);

    handler_fails(&world, 3, &GuestError::Trap("boom".into()));
    let run = world.start("b").await;
    world.rest(&run).await;
    assert!(world.parked(&run, "trap").await.contains("boom"));

    let limit = GuestError::Limit {
        limit: "limits.memory",
        message: "64 MiB".into(),
    };
    handler_fails(&world, 3, &limit);
    let run = world.start("c").await;
    world.rest(&run).await;
    assert!(world.parked(&run, "limit").await.contains("limits.memory"));
}

#[tokio::test]
async fn failures_are_the_same_whatever_place_or_number_they_name() {
    let world = World::new().await;
    let fails = |error| Fault::Fails(error);
    let over = |seconds: &str| GuestError::Limit {
        limit: "limits.cpu",
        message: format!("it used {seconds} of 1 s"),
    };
    world.script.vendor.plan(
        "start",
        ["1.01 s", "1.20 s", "1.07 s"].map(|used| fails(over(used))),
    );
    let run = world.start("a").await;
    world.rest(&run).await;
    let message = world.parked(&run, "connector-failed").await;
    assert!(
        message.contains("limits.cpu") && message.contains("1.07 s"),
        "{message}"
    );

    world.script.vendor.plan(
        "start",
        ["0x1f", "0x2e", "0x3d"].map(|place| fails(GuestError::Trap(format!("at {place}")))),
    );
    let run = world.start("b").await;
    world.rest(&run).await;
    assert!(
        world
            .parked(&run, "connector-failed")
            .await
            .contains("0x3d")
    );
}

#[tokio::test]
async fn retries_for_a_vendor_do_not_count_as_failures_of_a_component() {
    let world = World::new().await;
    let outage = (0..8).map(|_| unavailable("maintenance"));
    world.script.vendor.plan("start", outage.chain([trap()]));
    let run = world.start("a").await;
    assert_eq!(world.rest(&run).await.state, RunState::Waiting);
}

#[tokio::test]
async fn a_busy_host_waits_without_counting_it_as_a_failure() {
    let world = World::new().await;
    handler_fails(&world, 50, &GuestError::Busy("no instance is free".into()));
    let run = world.start("a").await;
    world.settle().await;
    assert_eq!(
        world.run(&run).await.activations,
        0,
        "it did not spin until there was room"
    );
    let stored = world.rest(&run).await;
    assert_eq!((stored.state, stored.attempt), (RunState::Waiting, 0));
}

#[tokio::test]
async fn a_missing_connector_is_waited_for() {
    let world = World::new().await;
    let plugin = world.script.remove(ENGINE);
    let run = world.start("a").await;
    world.pass(Duration::from_secs(600)).await;
    let stored = world.run(&run).await;
    assert_eq!(stored.state, RunState::Retrying);
    assert!(stored.last_error.unwrap().contains(ENGINE));
    world.script.put_back(plugin);
    assert_eq!(world.rest(&run).await.state, RunState::Waiting);
    let call = world.script.vendor.calls("start").pop().unwrap();
    assert!(!call.context.previous_unknown, "it was never tried");
}

#[tokio::test]
async fn a_400_409_or_422_parks_at_once_with_the_vendors_message() {
    let world = World::new().await;
    world.script.handle(FLOW, |_, desk| async move {
        let answer = desk.engine("start", serde_json::json!(["a"])).await?;
        Ok(Err(serde_json::from_value(answer["err"].clone()).unwrap()))
    });
    let said = |status| Detail {
        message: "it cannot be started".into(),
        vendor: Some(VendorReply {
            status: Some(status),
            message: "definition is locked".into(),
            ..VendorReply::default()
        }),
    };
    let conflict = CapabilityError::Conflict(ConflictDetail {
        detail: said(409),
        current: None,
    });
    let invalid = |status| {
        CapabilityError::Invalid(InvalidDetail {
            detail: said(status),
            field: None,
        })
    };
    let errors = [(400, invalid(400)), (409, conflict), (422, invalid(422))];
    for (calls, (status, error)) in (1..).zip(errors) {
        let code = error.case();
        world.script.vendor.plan("start", [Fault::Says(error)]);
        let run = world.start(&format!("on {status}")).await;
        world.settle().await;
        let message = world.parked(&run, code).await;
        assert!(
            message.contains(&status.to_string()) && message.contains("definition is locked"),
            "{message}"
        );
        world.pass(Duration::from_secs(48 * 3600)).await;
        assert_eq!(world.script.vendor.calls("start").len(), calls);
    }
}

#[tokio::test]
async fn steps_that_make_no_sense_park_the_run() {
    let world = World::new().await;
    world.script.handle(FLOW, |_, _| async {
        crate::support::completed("unheard-of")
    });
    let run = world.start("a").await;
    world.settle().await;
    assert!(world.parked(&run, "handler").await.contains("unheard-of"));

    world.script.handle(FLOW, |_, _| async {
        waiting(&serde_json::json!({}), Vec::new(), Vec::new())
    });
    let run = world.start("b").await;
    world.settle().await;
    assert!(
        world
            .parked(&run, "handler")
            .await
            .contains("waits for nothing")
    );

    world.script.handle(FLOW, |_, _| async {
        let entity = crate::support::process("c");
        crate::support::waiting_for(&serde_json::json!({}), "stranger", entity)
    });
    let run = world.start("c").await;
    world.settle().await;
    assert!(world.parked(&run, "handler").await.contains("stranger"));
}
