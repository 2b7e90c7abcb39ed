//! Runs that start others: scans, joined runs, and ends that somebody waits for.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use forebay_model::event::DeliveryContent;
use forebay_model::flow::{FlowSpec, Mode};
use forebay_model::ports::GuestError;
use forebay_model::run::{RUN_COMPLETED, RunState};
use forebay_model::step::{Admission, Next, Start, Step, Subscription, Timer};
use forebay_model::{Entity, FieldValue, RunId};
use forebay_store::runs::Control;
use serde_json::{Value, json};

use crate::support::{
    Answer, Crash, Desk, FLOW, World, cancelled, completed, created, flow, parked, waiting,
};

pub(crate) const CHILD: &str = "child";

pub(crate) fn timer(desk: &Desk, name: &str, hours: u64) -> Timer {
    Timer {
        name: name.into(),
        due_at: desk.0.now().plus(Duration::from_secs(3600 * hours)),
    }
}

fn until_ended(run: &str) -> Subscription {
    Subscription {
        role: "run".into(),
        entity: Entity {
            kind: "run".into(),
            id: run.into(),
        },
        kinds: vec![RUN_COMPLETED.into()],
    }
}

pub(crate) async fn spawn(desk: &Desk, flow: &str, key: &str) -> Result<String, GuestError> {
    let input = json!(key).to_string();
    let spawned = desk.0.spawn(flow.into(), key.into(), input).await;
    Ok(spawned.map_err(|_| GuestError::Interrupted)?.unwrap())
}

/// What a parent was told, as `entity outcome`.
type Told = Arc<Mutex<Vec<String>>>;

pub(crate) async fn family() -> World {
    World::of(vec![flow(FLOW), flow(CHILD)], Default::default()).await
}

/// Starts one child under the run's own key and waits for its end, with subscriptions that stay as
/// long as the parent lives, as a careless handler has them.
fn waits_for_its_child(world: &World) -> Told {
    let told = Told::default();
    world.script.handle(FLOW, {
        let told = Arc::clone(&told);
        move |activation, desk| {
            let told = Arc::clone(&told);
            async move {
                let child = match &activation.delivery {
                    DeliveryContent::Event(incoming) => {
                        assert_eq!(incoming.role, "run");
                        let field = |name: &str| {
                            let mut fields = incoming.event.data.iter();
                            match &fields.find(|field| field.name == name).unwrap().value {
                                FieldValue::Text(text) | FieldValue::Json(text) => text.clone(),
                                other => panic!("{other:?}"),
                            }
                        };
                        let state = format!("{} {}", field("state"), field("outcome"));
                        told.lock().unwrap().push(state);
                        assert_eq!(field("flow"), CHILD);
                        assert_eq!(field("business-key"), activation.business_key);
                        incoming.event.entity.id.clone()
                    }
                    DeliveryContent::Request(_) => {
                        spawn(&desk, CHILD, &activation.business_key).await?
                    }
                    other => return parked(&other.label()),
                };
                let state = json!({"child": child});
                let day = timer(&desk, "give up", 24);
                waiting(&state, vec![day], vec![until_ended(&child)])
            }
        }
    });
    told
}

pub(crate) async fn child_of(world: &World) -> RunId {
    let runs = world.runs().await;
    let child = runs.into_iter().find(|run| run.flow.as_str() == CHILD);
    child.unwrap().id
}

#[tokio::test]
async fn the_end_of_a_child_is_told_once() {
    let world = family().await;
    let told = waits_for_its_child(&world);
    world.script.handle(CHILD, |activation, desk| async move {
        if activation.activation == 2 {
            return completed("approved");
        }
        waiting(&json!({}), vec![timer(&desk, "work", 1)], Vec::new())
    });
    let parent = world.reviewed("a").await;
    assert_eq!(told.lock().unwrap().len(), 0);
    world.pass(Duration::from_secs(3600)).await;
    world
        .assert_state(&child_of(&world).await, RunState::Completed)
        .await;
    assert_eq!(*told.lock().unwrap(), ["completed approved"]);
    let parent = world.run(&parent).await;
    assert_eq!((parent.state, parent.activations), (RunState::Waiting, 2));
}

#[tokio::test]
async fn a_child_that_ended_before_anybody_waited_is_told_too() {
    let world = family().await;
    let told = Told::default();
    world
        .script
        .handle(CHILD, |_, _| async { cancelled("withdrawn") });
    world.script.handle(FLOW, {
        let told = Arc::clone(&told);
        move |activation, desk| {
            let told = Arc::clone(&told);
            async move {
                let state: Value = activation
                    .state
                    .map_or(Value::Null, |state| serde_json::from_str(&state).unwrap());
                match activation.delivery {
                    DeliveryContent::Request(_) => {
                        let child = spawn(&desk, CHILD, "a").await?;
                        waiting(&json!(child), vec![timer(&desk, "later", 48)], Vec::new())
                    }
                    DeliveryContent::Timer(_) => {
                        let child = state.as_str().unwrap();
                        waiting(&state, Vec::new(), vec![until_ended(child)])
                    }
                    delivery => {
                        told.lock().unwrap().push(delivery.label());
                        completed("approved")
                    }
                }
            }
        }
    });
    let parent = world.reviewed("a").await;
    world
        .assert_state(&child_of(&world).await, RunState::Cancelled)
        .await;
    world.pass(Duration::from_secs(48 * 3600)).await;
    assert_eq!(*told.lock().unwrap(), [RUN_COMPLETED]);
    world.assert_state(&parent, RunState::Completed).await;
}

#[tokio::test]
async fn an_end_by_force_is_told_and_survives_the_death_of_the_host() {
    let mut world = family().await;
    let told = waits_for_its_child(&world);
    world.script.handle(CHILD, |_, desk| async move {
        waiting(&json!({}), vec![timer(&desk, "work", 100)], Vec::new())
    });
    let parent = world.reviewed("a").await;
    let cancel = Control::Cancel {
        reason: "no need".into(),
        force: true,
        sender: "operator:ann".into(),
    };
    let writes = world.faults.writes().len();
    world.faults.crash(Crash::After(writes));
    let child = child_of(&world).await;
    let control = world.core().control(&child, cancel, "operator:ann").await;
    control.unwrap_err();
    world.restart().await;
    world.settle().await;
    assert_eq!(told.lock().unwrap().len(), 1);
    assert!(told.lock().unwrap()[0].starts_with("cancelled"));
    world.assert_state(&parent, RunState::Waiting).await;
}

#[tokio::test]
async fn a_spawn_joins_the_live_run_of_its_key_which_answers_to_the_new_name() {
    let world = family().await;
    let told = waits_for_its_child(&world);
    world.script.handle(CHILD, |activation, desk| async move {
        match activation.delivery {
            DeliveryContent::Signal(_) => completed("approved"),
            _ => waiting(
                &json!(activation.activation),
                vec![timer(&desk, "work", 100)],
                Vec::new(),
            ),
        }
    });
    let mut request = forebay_engine::operate::StartRequest {
        flow: CHILD.into(),
        input: json!("a"),
        key: None,
        actor: "operator:ann".into(),
    };
    world.core().start_run(request.clone()).await.unwrap();
    world.settle().await;
    let live = child_of(&world).await;
    let parent = world.reviewed("a").await;
    assert_eq!(world.runs().await.len(), 2, "no second run of the key");
    assert_eq!(world.run(&live).await.activations, 2, "it got the input");
    assert_eq!(world.audited(&live, "run.joined").await.len(), 1);
    let state: Value =
        serde_json::from_str(&world.run(&parent).await.handler_state.unwrap()).unwrap();
    assert_ne!(state["child"], live.as_str());

    request.flow = FLOW.into();
    request.input = json!("speaker");
    let name = state["child"].as_str().unwrap().to_owned();
    let listening = world.script.clone();
    listening.handle(FLOW, move |activation, desk| {
        let name = name.clone();
        async move {
            if activation.business_key == "a" {
                return completed("approved");
            }
            let sent = desk.0.signal(name, "finish".into(), "{}".into()).await;
            sent.map_err(|_| GuestError::Interrupted)?.unwrap();
            completed("approved")
        }
    });
    world.core().start_run(request).await.unwrap();
    world.settle().await;
    world.assert_state(&live, RunState::Completed).await;
    world.assert_state(&parent, RunState::Completed).await;
    assert_eq!(told.lock().unwrap().len(), 0, "the new handler was told");
}

#[tokio::test]
async fn a_run_spawns_others_of_its_own_flow_and_not_itself() {
    let world = World::new().await;
    world.script.handle(FLOW, |activation, desk| async move {
        if activation.business_key == "scan" && activation.activation == 1 {
            for key in ["a", "b", "scan"] {
                spawn(&desk, FLOW, key).await?;
            }
            return waiting(&json!({}), vec![timer(&desk, "next", 1)], Vec::new());
        }
        completed("approved")
    });
    let scan = world.start("scan").await;
    world.settle().await;
    let keys: Vec<_> = world.runs().await;
    let keys: Vec<_> = keys.iter().map(|run| &*run.business_key).collect();
    assert_eq!(keys, ["scan", "a", "b"]);
    world.assert_state(&scan, RunState::Completed).await;
}

const HITS: u64 = 2_000;
const PAGE: u64 = 250;

/// Reads a page of hits per activation, with its place in the run's state, and starts a run for each.
async fn scan(activation: forebay_model::ports::Activation, desk: Desk) -> Answer {
    let from: u64 = activation
        .state
        .map_or(0, |state| serde_json::from_str(&state).unwrap());
    desk.dam("get", json!([from.to_string()])).await?;
    for hit in from..from + PAGE {
        spawn(&desk, CHILD, &format!("hit-{hit}")).await?;
    }
    let next = from + PAGE;
    if next == HITS {
        return completed("approved");
    }
    waiting(&json!(next), vec![timer(&desk, "page", 0)], Vec::new())
}

#[tokio::test]
async fn a_scan_starts_a_run_for_each_of_two_thousand_hits_once() {
    let mut world = family().await;
    world.script.handle(FLOW, scan);
    world
        .script
        .handle(CHILD, |_, _| async { completed("approved") });
    let run = world.start("nightly").await;
    let writes = world.faults.writes().len();
    world.faults.crash(Crash::After(writes + 30));
    let _ = world.drive().await;
    assert!(world.faults.dead());
    world.restart().await;
    world.settle().await;
    world.assert_state(&run, RunState::Completed).await;
    let counts = world.core().store().run_counts().await.unwrap();
    let children: u64 = counts
        .iter()
        .filter(|(flow, _, _)| flow.as_str() == CHILD)
        .map(|(_, _, number)| number)
        .sum();
    assert_eq!(children, HITS);
    let activations = world.run(&run).await.activations;
    assert_eq!(u64::from(activations), HITS / PAGE);
}

#[tokio::test]
async fn a_scan_that_only_observes_starts_runs_that_only_observe() {
    for (mode, expected) in [(Mode::Observe, 2), (Mode::Enforce, 1)] {
        let observing = FlowSpec {
            mode: Mode::Observe,
            ..flow(FLOW)
        };
        let child = FlowSpec {
            mode,
            ..flow(CHILD)
        };
        let world = World::of(vec![observing, child], Default::default()).await;
        world.script.handle(FLOW, |_, desk| async move {
            spawn(&desk, CHILD, "a").await?;
            completed("approved")
        });
        world.script.handle(CHILD, |_, desk| async move {
            desk.dam("update", json!(["a", "x"])).await?;
            completed("approved")
        });
        world.start("scan").await;
        world.settle().await;
        assert_eq!(world.runs().await.len(), expected, "{mode:?}");
        world.script.vendor.assert_once(&[]);
    }
}

#[tokio::test]
async fn a_custom_action_starts_a_run_with_what_a_person_filled_in() {
    let world = World::new().await;
    world.script.admit(|delivery| {
        let DeliveryContent::Event(incoming) = delivery else {
            panic!("not an event");
        };
        let event = &incoming.event;
        let person = event.actor.clone().unwrap();
        let [reason] = &event.data[..] else {
            panic!("one field of a form");
        };
        assert_eq!(reason.value, FieldValue::Text("too dark".into()));
        Ok(Admission::Start(Start {
            business_key: format!("{} {}", event.entity.id, reason.name),
            subject: event.entity.clone(),
            title: format!("asked by {person}"),
            labels: vec![("person".into(), person)],
        }))
    });
    world.script.handle(FLOW, |activation, _| async move {
        let DeliveryContent::Event(incoming) = activation.delivery else {
            return parked("not an event");
        };
        Ok(Ok(Step {
            state: serde_json::to_string(&incoming.event.data).unwrap(),
            labels: Vec::new(),
            next: Next::Completed(forebay_model::step::Completion {
                outcome: "approved".into(),
                summary: incoming.event.actor.unwrap(),
            }),
        }))
    });
    let invoked = |asset: &str| {
        let mut event = created(asset, "action-7:2026-11-22");
        event.kind = "action.invoked".into();
        event.actor = Some("ann".into());
        event.data = vec![forebay_model::Field {
            name: "reason".into(),
            value: FieldValue::Text("too dark".into()),
        }];
        event
    };
    // One press of the button on two assets, delivered twice.
    for _ in 0..2 {
        world.webhook(&[invoked("a"), invoked("b")]).await;
        world.settle().await;
    }
    let runs = world.runs().await;
    let keys: Vec<_> = runs.iter().map(|run| &*run.business_key).collect();
    assert_eq!(keys, ["a reason", "b reason"]);
    assert!(runs.iter().all(|run| {
        run.summary.as_deref() == Some("ann")
            && run.labels == [("person".to_owned(), "ann".to_owned())]
    }));
}
