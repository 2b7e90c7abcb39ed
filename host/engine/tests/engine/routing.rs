//! Events find their runs, and wait where they cannot.

use std::time::Duration;

use forebay_engine::Options;
use forebay_model::event::DeliveryContent;
use forebay_model::ports::GuestError;
use forebay_model::run::RunState;
use forebay_model::step::{Admission, Start};
use forebay_store::query::{EventFilter, PageRequest};

use crate::support::{DAM, ENGINE, FLOW, World, created, finished, flow};

async fn unrouted(world: &World) -> usize {
    let filter = EventFilter {
        unrouted: true,
        ..EventFilter::default()
    };
    let page = PageRequest {
        cursor: None,
        limit: 500,
    };
    world
        .core()
        .store()
        .events(filter, page)
        .await
        .unwrap()
        .items
        .len()
}

/// Admits as usual, but fails for assets named `poison`.
fn trap_on_poison(world: &World) {
    world.script.admit(|delivery| {
        let DeliveryContent::Event(incoming) = delivery else {
            panic!("only events come")
        };
        let subject = incoming.event.entity.clone();
        if subject.id == "poison" {
            return Err(GuestError::Trap("scripted".into()));
        }
        let (business_key, title) = (subject.id.clone(), subject.id.clone());
        Ok(Admission::Start(Start {
            business_key,
            subject,
            title,
            labels: Vec::new(),
        }))
    });
}

#[tokio::test]
async fn a_further_event_goes_to_the_live_run_of_its_key() {
    let world = World::new().await;
    world.webhook(&[created("a", "v1")]).await;
    world.settle().await;
    world.webhook(&[created("a", "v2")]).await;
    world.settle().await;
    let runs = world.runs().await;
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0].activations, 2);
}

#[tokio::test]
async fn our_own_changes_start_nothing() {
    let world = World::new().await;
    let mut event = created("a", "v1");
    event.origin = Some("r-1".into());
    world.webhook(&[event]).await;
    world.settle().await;
    assert_eq!(world.runs().await, []);
    assert_eq!(unrouted(&world).await, 0);
}

#[tokio::test]
async fn a_flow_that_is_switched_off_gets_its_events_when_it_is_on_again() {
    let mut world = World::new().await;
    let run = world.reviewed("live").await;
    world.flows[0].enabled = false;
    world.configure().await;
    world
        .webhook(&[created("a", "v1"), created("b", "v1")])
        .await;
    world.arrives(ENGINE, finished("live")).await;
    world.settle().await;
    // Runs that live go on; only new ones wait.
    world.assert_state(&run, RunState::Completed).await;
    assert_eq!(world.runs().await.len(), 1);
    let refused = world.request("x").await.unwrap_err().to_string();
    assert!(refused.contains("switched off"), "{refused}");

    world.restart().await;
    world.settle().await;
    assert_eq!(world.runs().await.len(), 1);
    world.flows[0].enabled = true;
    world.configure().await;
    world.settle().await;
    let keys: Vec<String> = world
        .runs()
        .await
        .into_iter()
        .map(|run| run.business_key)
        .collect();
    assert_eq!(keys, ["live", "a", "b"]);
    world.configure().await;
    world.settle().await;
    assert_eq!(world.runs().await.len(), 3);
}

#[tokio::test]
async fn events_wait_for_a_missing_handler() {
    let mut world = World::new().await;
    let plugin = world.script.remove(FLOW);
    world.webhook(&[created("a", "v1")]).await;
    for _ in 0..10 {
        world.pass(Duration::from_secs(60)).await;
        assert_eq!(unrouted(&world).await, 1);
    }
    world.restart().await;
    world.settle().await;
    assert_eq!(unrouted(&world).await, 1);
    world.script.put_back(plugin);
    world.pass(Duration::from_secs(60)).await;
    assert_eq!(unrouted(&world).await, 0);
    assert_eq!(world.runs().await.len(), 1);
}

#[tokio::test]
async fn an_event_that_breaks_its_handler_holds_up_only_its_own_entity() {
    let world = World::new().await;
    trap_on_poison(&world);
    world
        .webhook(&[
            created("poison", "v1"),
            created("poison", "v2"),
            created("b", "v1"),
        ])
        .await;
    world.settle().await;
    assert_eq!(unrouted(&world).await, 2);
    assert_eq!(world.runs().await.len(), 1);
}

#[tokio::test]
async fn many_events_that_cannot_be_routed_do_not_hold_up_the_others() {
    let options = Options {
        route_batch: 3,
        ..Options::default()
    };
    let world = World::of(vec![flow(FLOW)], options).await;
    trap_on_poison(&world);
    for number in 0..20 {
        world
            .arrives(DAM, created("poison", &format!("v{number}")))
            .await;
    }
    for asset in ["a", "b", "c", "d"] {
        world.arrives(DAM, created(asset, "v1")).await;
    }
    world.settle().await;
    assert_eq!(world.runs().await.len(), 4);
    assert_eq!(unrouted(&world).await, 20);
}

#[tokio::test]
async fn a_live_run_is_not_held_up_by_the_broken_handler_of_another_flow() {
    let mut child = flow("child");
    // The other flow is bound to the same connection and wants to see the same kinds.
    child.connections = [(DAM, DAM), (ENGINE, ENGINE)]
        .map(|(a, b)| (a.into(), b.into()))
        .into();
    let mut world = World::of(vec![flow(FLOW), child], Options::default()).await;
    let plugin = world.script.remove("child");
    let run = world.reviewed("a").await;
    world.arrives(ENGINE, finished("a")).await;
    world.settle().await;
    world.assert_state(&run, RunState::Completed).await;

    world.arrives(DAM, created("b", "v1")).await;
    world.settle().await;
    let flows = async |world: &World| -> Vec<String> {
        world
            .runs()
            .await
            .into_iter()
            .map(|run| run.flow.to_string())
            .collect()
    };
    assert_eq!(flows(&world).await, [FLOW, FLOW]);

    world.restart().await;
    world.script.handle("child", crate::support::approval);
    world.script.put_back(plugin);
    world.pass(Duration::from_secs(60)).await;
    assert_eq!(flows(&world).await, [FLOW, FLOW, "child"]);
}
