//! Timers fire once, promptly, also those that came due while nobody was there.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use forebay_model::event::DeliveryContent;
use forebay_model::run::RunState;
use forebay_model::step::Timer;
use serde_json::json;

use crate::support::{FLOW, World, completed, waiting};

const HOUR: Duration = Duration::from_secs(3600);

type Seen = Arc<Mutex<Vec<String>>>;

/// Sets a reminder after one hour and a deadline after two; ends at the deadline. Both stay set
/// when the reminder fires.
fn reminded(world: &World) -> Seen {
    let seen = Seen::default();
    world.script.handle(FLOW, {
        let seen = Arc::clone(&seen);
        move |activation, desk| {
            let label = activation.delivery.label();
            seen.lock().unwrap().push(label.clone());
            let now = desk.0.now();
            async move {
                let timer = |name: &str, due_at| Timer {
                    name: name.into(),
                    due_at,
                };
                match &activation.delivery {
                    DeliveryContent::Timer(fired) if fired.name == "deadline" => {
                        completed("approved")
                    }
                    DeliveryContent::Timer(fired) => {
                        let deadline = timer("deadline", fired.due_at.plus(HOUR));
                        waiting(&json!({}), vec![deadline], Vec::new())
                    }
                    _ => {
                        let timers = vec![
                            timer("reminder", now.plus(HOUR)),
                            timer("deadline", now.plus(2 * HOUR)),
                        ];
                        waiting(&json!({}), timers, Vec::new())
                    }
                }
            }
        }
    });
    seen
}

#[tokio::test]
async fn timers_fire_when_they_are_due_and_once() {
    let world = World::new().await;
    let seen = reminded(&world);
    let run = world.start("a").await;
    world.settle().await;
    world.pass(HOUR - Duration::from_millis(1)).await;
    assert_eq!(*seen.lock().unwrap(), ["request"]);
    world.pass(Duration::from_millis(1)).await;
    assert_eq!(*seen.lock().unwrap(), ["request", "timer reminder"]);
    world.pass(HOUR / 2).await;
    assert_eq!(seen.lock().unwrap().len(), 2);
    world.pass(HOUR / 2).await;
    assert_eq!(
        *seen.lock().unwrap(),
        ["request", "timer reminder", "timer deadline"]
    );
    world.assert_state(&run, RunState::Completed).await;
    world.pass(24 * HOUR).await;
    assert_eq!(seen.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn timers_that_came_due_during_downtime_fire_once_after_it() {
    let mut world = World::new().await;
    let seen = reminded(&world);
    let run = world.start("a").await;
    world.settle().await;
    world.clock.advance(90 * HOUR / 60);
    world.restart().await;
    world.settle().await;
    assert_eq!(*seen.lock().unwrap(), ["request", "timer reminder"]);
    world.clock.advance(100 * HOUR);
    world.restart().await;
    world.settle().await;
    assert_eq!(
        *seen.lock().unwrap(),
        ["request", "timer reminder", "timer deadline"]
    );
    world.assert_state(&run, RunState::Completed).await;
}

#[tokio::test]
async fn a_clock_jump_over_several_timers_brings_them_in_order() {
    let world = World::new().await;
    let seen = Seen::default();
    world.script.handle(FLOW, {
        let seen = Arc::clone(&seen);
        move |activation, desk| {
            seen.lock().unwrap().push(activation.delivery.label());
            let (first, now) = (activation.activation == 1, desk.0.now());
            async move {
                let timer = |name: &str, hours| Timer {
                    name: name.into(),
                    due_at: now.plus(hours * HOUR),
                };
                match first {
                    true => waiting(
                        &json!({}),
                        vec![timer("late", 2), timer("soon", 1)],
                        Vec::new(),
                    ),
                    false => completed("approved"),
                }
            }
        }
    });
    let run = world.start("a").await;
    world.settle().await;
    world.pass(5 * HOUR).await;
    world.assert_state(&run, RunState::Completed).await;
    assert_eq!(*seen.lock().unwrap(), ["request", "timer soon"]);
}
