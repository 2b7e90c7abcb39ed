//! Reminders, escalation, time-out.

use forebay_sdk::Step;
use forebay_sdk::assets::AssetStatus;
use forebay_sdk::testing::START;
use forebay_sdk::time::DAY;
use forebay_sdk::workflow::ProcessState;
use serde_json::json;

use super::world::{World, parked, simple, timers};
use crate::State;

/// The step after reminders and escalation; the group has two days.
fn escalated(world: &World) -> Step<State> {
    let mut step = world.upload();
    for _ in 0..3 {
        step = world.next_timer(&step);
    }
    step
}

#[test]
fn people_are_reminded_then_their_leads_may_decide_as_well() {
    let world = World::new(simple(json!({})));
    let step = world.upload();
    let waiting = step.waiting().unwrap();
    assert_eq!(waiting.waiting_on.parties, ["reviewers"]);
    assert_eq!(waiting.waiting_on.due_at, Some(START + 2 * DAY));
    assert_eq!(waiting.timers[0].due_at, START + DAY, "half of the time");

    let step = world.next_timer(&step);
    assert_eq!(timers(&step), ["task:80:task-1"]);
    let step = world.next_timer(&step);
    assert_eq!(timers(&step), ["task:100:task-1"]);
    assert_eq!(step.waiting().unwrap().timers[0].due_at, START + 2 * DAY);
    world.next_timer(&step);
    assert_eq!(
        *world.engine.done.borrow(),
        [
            "task-1: Reminder: 50 % of the time for this decision has passed.",
            "task-1: Reminder: 80 % of the time for this decision has passed.",
            "task-1 also to dam-leads",
        ]
    );
    assert_eq!(world.engine.open(), ["review: reviewers+dam-leads"]);
    assert_eq!(world.recorded("escalated"), 1);
    assert_eq!(world.script.notices().len(), 1);
    assert_eq!(
        world.approve("review", "hugo@example.test").outcome(),
        Some("approved")
    );
}

#[test]
fn twice_the_time_parks_and_approves_nothing() {
    let world = World::new(simple(json!({})));
    let step = escalated(&world);
    assert_eq!(step.waiting().unwrap().timers[0].due_at, START + 4 * DAY);
    let step = world.next_timer(&step);
    assert!(
        parked(&step).contains("within twice the time"),
        "{}",
        parked(&step)
    );
    assert_eq!(world.dam.status(), AssetStatus::Pending);
    assert_eq!(world.engine.open().len(), 1, "people may still decide");
}

#[test]
fn twice_the_time_rejects_if_wanted() {
    let world = World::new(simple(json!({"on_timeout": "reject"})));
    let step = escalated(&world);
    let step = world.next_timer(&step);
    assert_eq!(step.outcome(), Some("rejected"));
    assert_eq!(world.dam.status(), AssetStatus::Restricted);
    assert_eq!(world.engine.review().state, ProcessState::Terminated);
    assert_eq!(world.recorded("timed-out"), 1);
}

#[test]
fn an_alarm_of_a_task_that_was_done_meanwhile_reminds_nobody() {
    let world = World::new(simple(json!({})));
    let step = world.upload();
    world
        .engine
        .decide("review", "ann@example.test", "approved", &[]);
    let step = world.next_timer(&step);
    assert_eq!(
        step.outcome(),
        Some("approved"),
        "the timer found the decision"
    );
    assert!(world.engine.done.borrow().is_empty());
}

#[test]
fn every_open_task_has_its_own_time() {
    let world = World::new(json!({
        "parallel_stages": false,
        "stages": [{"name": "regional", "policy": "all", "per": "market"}],
        "routing": [
            {"when": {"market": "DE"}, "to": {"group": "regional-de", "sla": "2d"}},
            {"to": {"group": "rest", "sla": "6d"}},
        ],
    }));
    let both = forebay_sdk::Value::texts(["DE", "FR"]);
    world.dam.edit("ann", |asset| asset.fields[1].value = both);
    let step = world.upload();
    let at: Vec<_> = step
        .waiting()
        .unwrap()
        .timers
        .iter()
        .map(|timer| timer.due_at)
        .collect();
    assert_eq!(at, [START + DAY, START + 3 * DAY]);
    assert_eq!(
        step.waiting().unwrap().waiting_on.due_at,
        Some(START + 2 * DAY)
    );
}

#[test]
fn the_clock_of_a_later_stage_starts_with_its_task() {
    let world = World::new(simple(
        json!({"stages": [{"name": "one"}, {"name": "two"}]}),
    ));
    world.upload();
    world.set_now(START + 5 * DAY);
    let step = world.approve("one", "ann@example.test");
    assert_eq!(timers(&step), ["task:50:task-2"]);
    assert_eq!(step.waiting().unwrap().timers[0].due_at, START + 6 * DAY);
}
