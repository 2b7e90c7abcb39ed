//! The host dies at every boundary: nothing accepted is lost, nothing happens twice.

use forebay_engine::intake::Accepted;
use forebay_model::run::RunState;
use forebay_store::intake::EventBatch;

use crate::support::{Crash, ENGINE, Fault, World, created, finished};

const EFFECTS: [&str; 3] = ["comment a", "start a", "update a"];

/// An asset is created, its process started; the process ends, and what was decided written back.
/// Vendors report again what was not acknowledged.
async fn live_through(world: &mut World) {
    loop {
        let body = serde_json::to_vec(&[created("a", "v1")]).unwrap();
        match world.core().accept_webhook(world.delivery(body)).await {
            Ok(Accepted::Stored(_)) => break,
            Ok(refused) => panic!("{refused:?}"),
            Err(_) => world.restart().await,
        }
    }
    survive(world).await;
    loop {
        let batch = EventBatch {
            connection: ENGINE.into(),
            events: vec![finished("a")],
            source: "poll",
            received_at: world.now(),
            cursor: None,
        };
        match world.core().store().record_events(batch).await {
            Ok(_) => break,
            Err(_) => world.restart().await,
        }
    }
    survive(world).await;
}

/// Drive on, with a new host whenever the last one died.
async fn survive(world: &mut World) {
    loop {
        let driven = world.drive().await;
        let died = match world.faults.dead() {
            true => true,
            // A call died and took its activation along.
            false => world
                .runs()
                .await
                .iter()
                .any(|run| run.state == RunState::Running),
        };
        if !died {
            return driven.unwrap();
        }
        world.restart().await;
    }
}

async fn assert_story_told(world: &World, crash: &str) {
    let runs = world.runs().await;
    assert_eq!(runs.len(), 1, "{crash}");
    assert_eq!(
        runs[0].state,
        RunState::Completed,
        "{crash}: {:#?}",
        runs[0]
    );
    assert_eq!(runs[0].activations, 2, "{crash}");
    world.script.vendor.assert_once(&EFFECTS);
    for function in ["start", "update", "comment"] {
        let calls = world.script.vendor.calls(function);
        assert!(
            calls
                .iter()
                .all(|call| call.context.key == calls[0].context.key),
            "{crash}"
        );
        for (made_before, call) in calls.iter().enumerate() {
            // A host that died between keeping the intent and calling cannot know either.
            assert!(
                call.context.attempt as usize > made_before,
                "{crash}: {function}"
            );
            let repeated = call.context.attempt > 1;
            assert_eq!(
                call.context.previous_unknown, repeated,
                "{crash}: {function}"
            );
        }
    }
    let audited = world.audited(&runs[0].id, "call").await;
    assert_eq!(
        audited.len(),
        EFFECTS.len(),
        "{crash}: each effect is audited once"
    );
    assert!(
        world.core().store().verify_audit().await.unwrap().is_ok(),
        "{crash}"
    );
}

#[tokio::test]
async fn at_every_write() {
    let mut world = World::new().await;
    let first = world.faults.writes().len();
    live_through(&mut world).await;
    assert_story_told(&world, "no crash").await;
    let writes = world.faults.writes();
    for name in [
        "accept_webhook",
        "settle_webhook",
        "route",
        "claim",
        "journal",
        "commit_step",
    ] {
        assert!(
            writes.contains(&name),
            "{name} is a boundary of the story: {writes:?}"
        );
    }

    for (number, name) in writes.iter().enumerate().skip(first) {
        for crash in [Crash::Before(number), Crash::After(number)] {
            let mut world = World::new().await;
            world.faults.crash(crash);
            live_through(&mut world).await;
            assert_story_told(&world, &format!("{crash:?} {name}")).await;
        }
    }
}

#[tokio::test]
async fn in_every_call() {
    for function in ["get", "start", "update", "comment"] {
        for fault in [Fault::Panics, Fault::CommitsThen(Box::new(Fault::Panics))] {
            let mut world = World::new().await;
            world
                .script
                .vendor
                .plan(function, [fault.clone(), fault.clone()]);
            live_through(&mut world).await;
            assert_story_told(&world, &format!("{fault:?} in {function}")).await;
            let calls = world.script.vendor.calls(function);
            assert!(calls.len() > 2, "it died twice in {function}");
        }
    }
}

#[tokio::test]
async fn a_panic_is_survived_without_a_restart() {
    let world = World::new().await;
    world
        .script
        .vendor
        .plan("start", [Fault::CommitsThen(Box::new(Fault::Panics))]);
    let run = world.start("a").await;
    world.settle().await;
    world.assert_state(&run, RunState::Running).await;
    world.pass(world.options.lease).await;
    world.assert_state(&run, RunState::Waiting).await;
    world.script.vendor.assert_once(&["start a"]);
}

#[tokio::test]
async fn no_call_is_made_whose_intent_is_not_kept() {
    let world = World::new().await;
    world.faults.refuse("journal");
    let run = world.start("a").await;
    world.settle().await;
    assert_eq!(world.script.vendor.calls("start").len(), 0);
    world.pass(world.options.lease).await;
    world.assert_state(&run, RunState::Waiting).await;
    world.script.vendor.assert_once(&["start a"]);
}

#[tokio::test]
async fn a_step_that_cannot_be_stored_is_made_again() {
    let world = World::new().await;
    world.faults.refuse("commit_step");
    let run = world.start("a").await;
    world.settle().await;
    world.assert_state(&run, RunState::Running).await;
    world.pass(world.options.lease).await;
    world.assert_state(&run, RunState::Waiting).await;
    world.script.vendor.assert_once(&["start a"]);
    let calls = world.script.vendor.calls("start");
    assert_eq!(
        calls.len(),
        2,
        "its result was not kept, so the vendor is asked again"
    );
    assert_eq!(calls[0].context.key, calls[1].context.key);
}
