//! A second attempt goes the way of the first, or the run is parked.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use forebay_model::ports::GuestError;
use forebay_model::run::RunState;
use forebay_store::runs::Control;
use serde_json::json;

use crate::support::{FLOW, World, completed, unavailable};

/// A handler that is told which attempt it is.
fn by_attempt(
    world: &World,
    calls: impl Fn(u32) -> Vec<(&'static str, &'static str)> + Send + Sync + 'static,
) {
    let attempts = AtomicU32::new(0);
    world.script.handle(FLOW, move |_, desk| {
        let calls = calls(attempts.fetch_add(1, Ordering::SeqCst));
        async move {
            for (function, about) in calls {
                desk.dam(function, json!([about])).await?;
            }
            completed("approved")
        }
    });
}

#[tokio::test]
async fn another_call_than_recorded_parks_the_run_and_shows_both() {
    let world = World::new().await;
    by_attempt(&world, |attempt| {
        vec![("update", if attempt == 0 { "left" } else { "right" })]
    });
    world.script.vendor.plan("update", [unavailable("down")]);
    let run = world.start("a").await;
    world.rest(&run).await;
    let message = world.parked(&run, "nondeterministic").await;
    for shown in ["asset-source.update", "left", "right"] {
        assert!(message.contains(shown), "{shown} is missing in: {message}");
    }
    assert_eq!(
        world.script.vendor.calls("update").len(),
        1,
        "the other call was not made"
    );
}

#[tokio::test]
async fn fewer_calls_than_recorded_park_the_run() {
    let world = World::new().await;
    by_attempt(&world, |attempt| match attempt {
        0 => vec![("update", "a"), ("comment", "a")],
        _ => vec![("update", "a")],
    });
    world.script.vendor.plan("comment", [unavailable("down")]);
    let run = world.start("a").await;
    world.rest(&run).await;
    let message = world.parked(&run, "nondeterministic").await;
    assert!(message.contains("asset-source.comment"), "{message}");
    // The handler is no wiser when it is asked again.
    world.control(&run, Control::Retry).await;
    world.rest(&run).await;
    world.parked(&run, "nondeterministic").await;
    world.script.vendor.assert_once(&["update a"]);
}

#[tokio::test]
async fn more_calls_than_recorded_are_made() {
    let world = World::new().await;
    by_attempt(&world, |_| {
        vec![("get", "a"), ("update", "a"), ("comment", "a")]
    });
    world.script.vendor.plan("comment", [unavailable("down")]);
    let run = world.start("a").await;
    assert_eq!(world.rest(&run).await.state, RunState::Completed);
    assert_eq!(
        world.script.vendor.calls("get").len(),
        1,
        "answered from the journal"
    );
    assert_eq!(
        world.script.vendor.calls("update").len(),
        1,
        "answered from the journal"
    );
    assert_eq!(world.script.vendor.calls("comment").len(), 2);
}

#[tokio::test]
async fn clock_and_chance_are_the_same_in_every_attempt() {
    let mut world = World::new().await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    world.script.handle(FLOW, {
        let seen = Arc::clone(&seen);
        move |_, desk| {
            let broker = &desk.0;
            let (one, other) = (broker.random_id(), broker.random_id());
            assert_ne!(one, other);
            let mut seen = seen.lock().unwrap();
            seen.push((broker.now(), broker.seed(), one, other));
            let attempts = seen.len();
            async move {
                match attempts {
                    1 | 2 => Err(GuestError::Trap("scripted".into())),
                    _ => completed("approved"),
                }
            }
        }
    });
    let run = world.start("a").await;
    world.settle().await;
    world.clock.advance(Duration::from_secs(3600));
    world.restart().await;
    assert_eq!(world.rest(&run).await.state, RunState::Completed);
    let other = world.start("b").await;
    assert_eq!(world.rest(&other).await.state, RunState::Completed);
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 4);
    assert!(seen[0] == seen[1] && seen[1] == seen[2]);
    assert!(seen[3].0 != seen[0].0 && seen[3].1 != seen[0].1 && seen[3].2 != seen[0].2);
}
