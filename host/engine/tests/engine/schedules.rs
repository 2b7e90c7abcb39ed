//! Schedules fire once for every instant, whatever happens around it, and not for the past.

use std::sync::Arc;
use std::time::Duration;

use forebay_engine::schedule::check_schedules;
use forebay_engine::{Core, Error, Parts, Service, Topology};
use forebay_model::event::DeliveryContent;
use forebay_model::ports::{GuestError, Guests};
use forebay_model::run::{Run, RunState};
use forebay_model::schedule::{DaysOff, OffRule, ScheduleSpec};
use forebay_model::step::{Admission, Start, Timer};
use forebay_model::{Entity, Severity};
use forebay_store::query::PageRequest;
use forebay_store::runs::StartOutcome;
use serde_json::{Value, json};

use crate::support::{Crash, FLOW, OpenGate, World, completed, eventually, flow, waiting};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

fn schedule(cron: &str) -> ScheduleSpec {
    ScheduleSpec {
        name: "nightly".into(),
        cron: cron.into(),
        zone: "UTC".into(),
        days_off: None,
        input: json!({"scan": "all"}),
    }
}

/// Business key from the instant, as a handler does it.
fn by_instant(delivery: &DeliveryContent) -> Result<Admission, GuestError> {
    let DeliveryContent::Request(text) = delivery else {
        panic!("not a request: {delivery:?}");
    };
    let request: Value = serde_json::from_str(text).unwrap();
    assert_eq!(request["scan"], "all");
    assert_eq!(request["schedule"]["name"], "nightly");
    let key = request["schedule"]["due-at"].as_str().unwrap().to_owned();
    let subject = Entity {
        kind: "scan".into(),
        id: key.clone(),
    };
    Ok(Admission::Start(Start {
        business_key: key.clone(),
        subject,
        title: key,
        labels: Vec::new(),
    }))
}

async fn world(cron: &str) -> World {
    let mut scanning = flow(FLOW);
    scanning.schedules = vec![schedule(cron)];
    let world = World::of(vec![scanning], Default::default()).await;
    world.script.admit(by_instant);
    world
        .script
        .handle(FLOW, |_, _| async { completed("approved") });
    tick(&world).await;
    world
}

async fn tick(world: &World) -> u32 {
    let tended = world.core().fire_schedules().await.unwrap();
    world.settle().await;
    tended.fired
}

async fn keys(world: &World) -> Vec<String> {
    let runs = world.runs().await;
    runs.into_iter().map(|run| run.business_key).collect()
}

async fn audited(world: &World) -> Vec<Value> {
    let page = PageRequest {
        cursor: None,
        limit: 500,
    };
    let records = world
        .core()
        .store()
        .audit_records(None, page)
        .await
        .unwrap();
    let fired = records
        .items
        .into_iter()
        .filter(|record| record.entry.action == "schedule.fired");
    fired.map(|record| record.entry.details).collect()
}

#[tokio::test]
async fn an_instant_is_fired_once_and_the_past_is_not() {
    let world = world("0 2 * * *").await;
    assert_eq!(tick(&world).await, 0);
    world.clock.advance(2 * HOUR - Duration::from_millis(1));
    assert_eq!(tick(&world).await, 0);
    world.clock.advance(Duration::from_millis(1));
    let tended = world.core().fire_schedules().await.unwrap();
    assert_eq!(
        (tended.fired, tended.next),
        (1, Some(world.now().plus(DAY)))
    );
    for _ in 0..3 {
        assert_eq!(tick(&world).await, 0);
        world.clock.advance(HOUR);
    }
    let runs: Vec<Run> = world.runs().await;
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0].business_key, "2026-11-22T02:00:00.000Z");
    assert_eq!(runs[0].state, RunState::Completed);
    let status = world.core().schedules(&FLOW.into()).await.unwrap();
    let last = status[0].last.as_ref().unwrap();
    assert_eq!(last.fate.run.as_ref(), Some(&runs[0].id));
    assert_eq!(
        status[0].next.unwrap().to_string(),
        "2026-11-23T02:00:00.000Z"
    );
}

#[tokio::test]
async fn of_what_was_missed_only_the_latest_is_fired() {
    let mut world = world("0 2 * * *").await;
    world.clock.advance(3 * DAY);
    world.restart().await;
    assert_eq!(tick(&world).await, 1);
    assert_eq!(tick(&world).await, 0);
    assert_eq!(keys(&world).await, ["2026-11-24T02:00:00.000Z"]);
    let told = audited(&world).await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["skipped-from"], "2026-11-22T02:00:00.000Z");
    assert_eq!(told[0]["late-by-seconds"], 22 * 3600);
}

#[tokio::test]
async fn days_off_are_kept_clear_of_and_fire_nothing_when_they_are_struck_out() {
    // 2026-11-22 is a Sunday, on which the host is started.
    let off = |holidays: &[&str]| DaysOff {
        rule: OffRule::Skip,
        days: ["mon", "tue", "wed", "thu", "fri"]
            .map(String::from)
            .to_vec(),
        holidays: holidays.iter().map(ToString::to_string).collect(),
    };
    let scanning = |off| {
        let mut scanning = flow(FLOW);
        scanning.schedules = vec![ScheduleSpec {
            days_off: Some(off),
            ..schedule("0 2 * * *")
        }];
        Topology::new(vec![scanning], Vec::new())
    };
    let world = world("0 2 * * *").await;
    let configured = |off| world.core().configure(scanning(off));
    configured(off(&["2026-11-24"])).await.unwrap();
    let mut fired = Vec::new();
    for _ in 0..4 * 24 {
        fired.push(tick(&world).await);
        world.clock.advance(HOUR);
    }
    assert_eq!(fired.iter().sum::<u32>(), 2);
    let mut keys = keys(&world).await;
    keys.sort();
    assert_eq!(
        keys,
        ["2026-11-23T02:00:00.000Z", "2026-11-25T02:00:00.000Z"]
    );
    // Thursday's is fired; then Friday, which is off, is struck out on its evening.
    configured(off(&["2026-11-26", "2026-11-27"]))
        .await
        .unwrap();
    tick(&world).await;
    world.clock.advance(2 * DAY - HOUR);
    assert_eq!(tick(&world).await, 0);
    configured(off(&[])).await.unwrap();
    assert_eq!(tick(&world).await, 0);
    world.clock.advance(2 * DAY + 3 * HOUR);
    assert_eq!(tick(&world).await, 1, "Monday's");
}

#[tokio::test]
async fn an_instant_is_fired_once_wherever_the_host_dies() {
    for write in 0..2 {
        for crash in [Crash::Before(write), Crash::After(write)] {
            let mut world = world("0 2 * * *").await;
            world.clock.advance(2 * HOUR);
            let so_far = world.faults.writes().len();
            world.faults.crash(match crash {
                Crash::Before(write) => Crash::Before(so_far + write),
                Crash::After(write) => Crash::After(so_far + write),
            });
            let fired = world.core().fire_schedules().await;
            if fired.is_ok() {
                let _ = world.drive().await;
            }
            assert!(world.faults.dead(), "{crash:?}");
            world.restart().await;
            tick(&world).await;
            tick(&world).await;
            world.pass(HOUR).await;
            assert_eq!(keys(&world).await.len(), 1, "{crash:?}");
        }
    }
}

#[tokio::test]
async fn of_two_hosts_one_fires() {
    let world = world("*/5 * * * *").await;
    let second = Core::new(Parts {
        store: Arc::clone(world.core().store()),
        guests: Arc::clone(world.core().guests()),
        gate: Arc::new(OpenGate),
        clock: Arc::new(world.clock.clone()),
        options: Default::default(),
        owner: "second".into(),
        public_url: None,
    });
    second
        .configure(Topology::new(world.flows.clone(), Vec::new()))
        .await
        .unwrap();
    for _ in 0..20 {
        world.clock.advance(Duration::from_secs(300));
        let (one, two) = tokio::join!(world.core().fire_schedules(), second.fire_schedules());
        assert_eq!(one.unwrap().fired + two.unwrap().fired, 1);
    }
    assert_eq!(keys(&world).await.len(), 20);
}

#[tokio::test]
async fn a_flow_that_is_off_remembers_and_fires_once_when_it_is_on_again() {
    let mut world = world("0 * * * *").await;
    world.flows[0].enabled = false;
    world.configure().await;
    world.clock.advance(5 * HOUR + HOUR / 2);
    assert_eq!(tick(&world).await, 0);
    let status = world.core().schedules(&FLOW.into()).await.unwrap();
    assert_eq!(status[0].next, None);
    world.flows[0].enabled = true;
    world.configure().await;
    assert_eq!(tick(&world).await, 1);
    assert_eq!(keys(&world).await, ["2026-11-22T05:00:00.000Z"]);
}

#[tokio::test]
async fn a_schedule_that_is_changed_is_a_new_one() {
    let mut world = world("0 2 * * *").await;
    world.clock.advance(DAY / 2);
    world.flows[0].schedules = vec![schedule("0 1 * * *")];
    world.configure().await;
    assert_eq!(tick(&world).await, 0);
    world.clock.advance(DAY);
    assert_eq!(tick(&world).await, 1);
    assert_eq!(keys(&world).await, ["2026-11-23T01:00:00.000Z"]);
}

#[tokio::test]
async fn a_handler_that_fails_is_asked_again_and_one_that_refuses_is_not() {
    let world = world("0 2 * * *").await;
    world
        .script
        .admit(|_| Err(GuestError::Trap("scripted".into())));
    world.clock.advance(2 * HOUR);
    let tended = world.core().fire_schedules().await.unwrap();
    assert_eq!(tended.fired, 0);
    world.script.admit(by_instant);
    assert_eq!(tick(&world).await, 0, "it waits before it asks again");
    world.clock.advance_to(tended.next.unwrap());
    assert_eq!(tick(&world).await, 1);
    assert_eq!(keys(&world).await, ["2026-11-22T02:00:00.000Z"]);

    world
        .script
        .admit(|_| Ok(Admission::Refuse("no such scan".into())));
    world.clock.advance(DAY);
    assert_eq!(tick(&world).await, 1);
    assert_eq!(tick(&world).await, 0);
    assert_eq!(keys(&world).await.len(), 1);
    let status = world.core().schedules(&FLOW.into()).await.unwrap();
    let fate = &status[0].last.as_ref().unwrap().fate;
    assert_eq!(fate.note, "refused by the handler: no such scan");
    assert_eq!(audited(&world).await[1]["reason"], fate.note);
    let guests: Arc<dyn Guests> = Arc::clone(world.core().guests());
    let findings = check_schedules(&guests, &world.flows[0], world.now()).await;
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].severity, Severity::Error);
    assert_eq!(findings[0].path, "schedules[0].input");
    assert!(findings[0].message.contains("no such scan"));
}

#[tokio::test]
async fn a_live_run_of_the_key_gets_the_request() {
    let world = world("0 2 * * *").await;
    world.script.admit(|delivery| {
        let Admission::Start(mut start) = by_instant(delivery)? else {
            panic!("it starts");
        };
        start.business_key = "the one scan".into();
        Ok(Admission::Start(start))
    });
    world.script.handle(FLOW, |activation, desk| async move {
        if activation.activation == 2 {
            return completed("approved");
        }
        let due_at = desk.0.now().plus(10 * DAY);
        let name = "later".into();
        waiting(&json!({}), vec![Timer { name, due_at }], Vec::new())
    });
    world.clock.advance(2 * HOUR);
    tick(&world).await;
    world.clock.advance(DAY);
    tick(&world).await;
    let runs = world.runs().await;
    assert_eq!(runs.len(), 1);
    assert_eq!(
        (runs[0].activations, runs[0].state),
        (2, RunState::Completed)
    );
}

#[tokio::test]
async fn firing_now_leaves_the_timetable_as_it_is() {
    let world = world("0 2 * * *").await;
    world.clock.advance(HOUR);
    let flow = FLOW.into();
    let ops = || "operator:ann".to_owned();
    let fired = world.core().fire_now(&flow, "nightly", None, ops());
    assert!(matches!(fired.await.unwrap(), StartOutcome::Started(_)));
    let unknown = world.core().fire_now(&flow, "daily", None, ops()).await;
    assert!(matches!(unknown.unwrap_err(), Error::Unknown { .. }));
    world.clock.advance(HOUR);
    assert_eq!(tick(&world).await, 1);
    assert_eq!(
        keys(&world).await,
        ["2026-11-22T01:00:00.000Z", "2026-11-22T02:00:00.000Z"]
    );
}

#[tokio::test]
async fn the_service_fires_in_time_and_takes_up_new_schedules() {
    let mut world = world("0 2 * * *").await;
    let service = Service::start(Arc::clone(world.core()));
    let next = async |world: &World| {
        let status = world.core().schedules(&FLOW.into()).await.unwrap();
        status[0].next.unwrap()
    };
    let due = next(&world).await;
    eventually(async || world.clock.next_deadline().is_some()).await;
    world.clock.advance_to(due);
    eventually(async || world.runs().await.len() == 1).await;
    world.flows[0].schedules = vec![schedule("*/10 * * * *")];
    world.configure().await;
    let store = Arc::clone(world.core().store());
    eventually(async || {
        let known = store.schedule(&FLOW.into(), "nightly").await.unwrap();
        known.unwrap().rhythm.starts_with("*/10")
    })
    .await;
    let due = next(&world).await;
    eventually(async || {
        world.clock.advance_to(due);
        world.runs().await.len() == 2
    })
    .await;
    service.drain(Duration::from_secs(20)).await;
}
