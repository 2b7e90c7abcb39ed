//! What a step brings along comes with it, or not at all.

use std::sync::{Arc, Mutex};

use forebay_model::event::DeliveryContent;
use forebay_model::flow::Mode;
use forebay_model::ports::Activation;
use forebay_model::run::RunState;
use forebay_store::query::PageRequest;
use serde_json::json;
use tokio::sync::Notify;

use crate::support::{
    Answer, Crash, DAM, Desk, ENGINE, FLOW, World, approval, completed, created, eventually,
    finished, flow, process, waiting_for,
};

/// A parent that spawns a child, tells the run of `other` and its operators, and a child that does
/// nothing.
async fn family() -> (World, Arc<Mutex<String>>) {
    let world = World::of(
        vec![flow(FLOW), flow("child")],
        forebay_engine::Options::default(),
    )
    .await;
    let target = Arc::new(Mutex::new(String::new()));
    let known = Arc::clone(&target);
    world
        .script
        .handle("child", |_, _| async { completed("approved") });
    world.script.handle(FLOW, move |activation, desk| {
        let target = known.lock().unwrap().clone();
        parent(activation, desk, target)
    });
    (world, target)
}

async fn parent(activation: Activation, desk: Desk, target: String) -> Answer {
    if activation.business_key == "other" {
        return match activation.delivery {
            DeliveryContent::Signal(signal) if signal.name == "hello" => completed("approved"),
            _ => waiting_for(&json!({}), ENGINE, process("other")),
        };
    }
    let broker = &desk.0;
    let spawned = broker
        .spawn("child".into(), "c1".into(), json!("c1").to_string())
        .await;
    let unknown = broker
        .spawn("nobody".into(), "c1".into(), json!("c1").to_string())
        .await;
    assert!(spawned.unwrap().is_ok());
    assert!(unknown.unwrap().is_err());
    broker
        .signal(target, "hello".into(), "{}".into())
        .await
        .unwrap()
        .unwrap();
    broker.notify("operators".into(), "done".into());
    broker.decision(json!({"actor": "ann", "action": "decision", "decision": "yes"}));
    desk.dam("update", json!([activation.business_key])).await?;
    completed("approved")
}

#[tokio::test]
async fn spawns_signals_and_notices_come_with_the_step_and_once() {
    // Where the host dies while the parent's step is stored: not at all, before, after.
    for crash in [None, Some(false), Some(true)] {
        let (mut world, target) = family().await;
        let other = world.start("other").await;
        world.settle().await;
        *target.lock().unwrap() = other.to_string();
        let parent = world.start("parent").await;
        if let Some(after) = crash {
            // Next come: timers, claim, the intent, the step.
            let step = world.faults.writes().len() + 3;
            world.faults.crash(if after {
                Crash::After(step)
            } else {
                Crash::Before(step)
            });
            let _ = world.drive().await;
            assert!(world.faults.dead());
            assert_eq!(*world.faults.writes().last().unwrap(), "commit_step");
            world.restart().await;
            let children = world
                .runs()
                .await
                .iter()
                .filter(|run| run.flow == "child".into())
                .count();
            assert_eq!(children, usize::from(after));
            assert_eq!(
                world.core().store().inbox(&other).await.unwrap().len(),
                usize::from(after)
            );
        }
        world.settle().await;
        world.assert_state(&parent, RunState::Completed).await;
        world.assert_state(&other, RunState::Completed).await;
        let runs = world.runs().await;
        assert_eq!(runs.len(), 3, "{crash:?}");
        assert_eq!(runs[2].business_key, "c1");
        assert_eq!(runs[2].state, RunState::Completed);
        let page = PageRequest::default();
        let notices = world
            .core()
            .store()
            .notices(Some(&parent), page)
            .await
            .unwrap()
            .items;
        assert_eq!(notices.len(), 1, "{crash:?}");
        assert_eq!(
            world.audited(&parent, "decision").await.len(),
            1,
            "{crash:?}"
        );
        world.script.vendor.assert_once(&["update parent"]);
    }
}

#[tokio::test]
async fn observing_flows_change_nothing() {
    let mut observed = flow(FLOW);
    observed.mode = Mode::Observe;
    let world = World::of(
        vec![observed, flow("child")],
        forebay_engine::Options::default(),
    )
    .await;
    let modes = Arc::new(Mutex::new(Vec::new()));
    world.script.handle(FLOW, {
        let modes = Arc::clone(&modes);
        move |_, desk| {
            modes.lock().unwrap().push(desk.0.mode());
            async move {
                desk.dam("get", json!(["a"])).await?;
                desk.dam("update", json!(["a"])).await?;
                let input = json!("c1").to_string();
                desk.0
                    .spawn("child".into(), "c1".into(), input)
                    .await
                    .unwrap()
                    .unwrap();
                completed("approved")
            }
        }
    });
    let run = world.start("a").await;
    world.settle().await;
    world.assert_state(&run, RunState::Completed).await;
    assert_eq!(*modes.lock().unwrap(), [Mode::Observe]);
    assert_eq!(world.script.vendor.calls("get").len(), 1, "reads are made");
    assert_eq!(world.script.vendor.calls("update").len(), 0);
    assert_eq!(world.runs().await.len(), 1, "no child");
    let intended = world.audited(&run, "call.intended").await;
    assert_eq!(intended.len(), 1);
    assert_eq!(intended[0].entry.details["arguments"], json!(["a"]));
}

#[tokio::test]
async fn an_event_that_comes_before_its_wait_is_stored_is_delivered_once() {
    for routed_meanwhile in [false, true] {
        let world = World::new().await;
        let (started, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        world.script.handle(FLOW, {
            let (started, go_on) = (Arc::clone(&started), Arc::clone(&go_on));
            move |activation, desk| {
                let (started, go_on) = (Arc::clone(&started), Arc::clone(&go_on));
                async move {
                    let first = activation.activation == 1;
                    let answer = approval(activation, desk).await;
                    if first {
                        started.notify_one();
                        go_on.notified().await;
                    }
                    answer
                }
            }
        });
        let run = world.start("a").await;
        let core = world.core().clone();
        let driving = tokio::spawn(async move { core.run_activations().await });
        started.notified().await;
        // The process is started, and calls back while the step is still to be stored.
        world.arrives(ENGINE, finished("a")).await;
        if routed_meanwhile {
            world.core().route_events().await.unwrap();
        }
        go_on.notify_one();
        driving.await.unwrap().unwrap();
        world.settle().await;
        let stored = world.run(&run).await;
        assert_eq!((stored.state, stored.activations), (RunState::Completed, 2));
        world
            .script
            .vendor
            .assert_once(&["comment a", "start a", "update a"]);
    }
}

#[tokio::test]
async fn a_claim_that_was_taken_over_writes_nothing() {
    let world = World::new().await;
    let (started, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let attempts = Arc::new(Mutex::new(0));
    world.script.handle(FLOW, {
        let (started, go_on) = (Arc::clone(&started), Arc::clone(&go_on));
        move |activation, desk| {
            let (started, go_on) = (Arc::clone(&started), Arc::clone(&go_on));
            let mut attempts = attempts.lock().unwrap();
            *attempts += 1;
            let first = *attempts == 1;
            async move {
                if first {
                    started.notify_one();
                    go_on.notified().await;
                    desk.dam("update", json!(["stale"])).await?;
                    return completed("approved");
                }
                approval(activation, desk).await
            }
        }
    });
    let run = world.start("a").await;
    let core = world.core().clone();
    let stale = tokio::spawn(async move { core.run_activations().await });
    started.notified().await;
    // Its lease runs out, and another host takes over.
    world.pass(world.options.lease).await;
    world.assert_state(&run, RunState::Waiting).await;
    go_on.notify_one();
    stale.await.unwrap().unwrap();
    world.assert_state(&run, RunState::Waiting).await;
    world.script.vendor.assert_once(&["start a"]);
    let journal = world
        .core()
        .store()
        .journal_entries(&run, None)
        .await
        .unwrap();
    assert!(
        journal
            .iter()
            .all(|entry| entry.arguments != json!(["stale"]))
    );
}

#[tokio::test]
async fn events_of_one_run_are_handled_one_after_the_other_in_order() {
    let world = World::new().await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    world.script.handle(FLOW, {
        let seen = Arc::clone(&seen);
        move |activation, _| {
            if let DeliveryContent::Event(incoming) = &activation.delivery {
                seen.lock()
                    .unwrap()
                    .push(incoming.event.change_token.clone());
            }
            async { waiting_for(&json!({}), ENGINE, process("a")) }
        }
    });
    for token in ["1", "2", "3", "4"] {
        world.arrives(DAM, created("a", token)).await;
    }
    eventually(async || {
        world.settle().await;
        seen.lock().unwrap().len() == 4
    })
    .await;
    assert_eq!(*seen.lock().unwrap(), ["1", "2", "3", "4"]);
}
