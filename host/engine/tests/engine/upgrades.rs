//! Moving live runs to a newer handler.

use forebay_engine::Error;
use forebay_engine::operate::{Acted, Action, Move, Order};
use forebay_model::flow::Mode;
use forebay_model::plugin::PluginKind;
use forebay_model::ports::Activation;
use forebay_model::run::RunState;
use forebay_model::{Digest, RunId};
use serde_json::{Value, json};

use crate::support::{DAM, ENGINE, FLOW, World, completed, finished, unavailable};

/// A newer file of the handler, whose state names the process otherwise.
fn newer(world: &World, state_version: u32) {
    world.script.replace(FLOW, |plugin| {
        let PluginKind::Handler(info) = &mut plugin.kind else {
            panic!("not a handler");
        };
        info.version = "2.0.0".into();
        info.state_version = state_version;
        info.state_schema =
            json!({"required": ["process_id"], "properties": {"process_id": {"type": "string"}}})
                .to_string();
    });
    world.script.migrate(|state, from| {
        let state: Value = serde_json::from_str(state).unwrap();
        match from {
            1 => Ok(json!({"process_id": state["process"], "since": 1}).to_string()),
            _ => Err(format!("version {from} is unknown")),
        }
    });
}

async fn upgrade(world: &World, run: &RunId, dry_run: bool) -> Result<Acted, Error> {
    let order = Order {
        reason: Some("the new rules".into()),
        dry_run,
        ..Order::by("operator:ann")
    };
    world.core().act(run, &Action::Upgrade, &order).await
}

/// Why the run cannot be moved.
async fn refusal(world: &World, run: &RunId) -> String {
    let before = world.run(run).await;
    let dry = upgrade(world, run, true).await.unwrap_err().to_string();
    let refusal = upgrade(world, run, false).await.unwrap_err().to_string();
    assert_eq!(dry, refusal, "a dry run finds the same");
    assert_eq!(world.run(run).await, before, "nothing was changed");
    assert!(world.audited(run, "operator.upgrade").await.is_empty());
    refusal
}

#[tokio::test]
async fn a_waiting_run_goes_on_with_the_newer_handler_and_its_own_state() {
    let world = World::new().await;
    let run = world.reviewed("a").await;
    let old = world.run(&run).await;
    newer(&world, 2);

    let told = upgrade(&world, &run, true).await.unwrap();
    assert!(told.controlled.changed);
    assert_eq!(world.run(&run).await, old, "a dry run changes nothing");
    let moved = upgrade(&world, &run, false).await.unwrap();
    assert_eq!(moved.moved, told.moved, "and tells what is done then");
    let Move {
        from,
        to,
        added,
        removed,
        changed,
    } = moved.moved.unwrap();
    assert_eq!((from.handler, from.state_version), (old.handler, 1));
    assert_eq!(
        (to.handler_version.as_deref(), to.state_version),
        (Some("2.0.0"), 2)
    );
    assert_eq!(added, ["process_id", "since"]);
    assert_eq!(removed, ["process"]);
    assert!(changed.is_empty());
    let record = &world.audited(&run, "operator.upgrade").await[0].entry;
    assert_eq!(record.details["reason"], "the new rules");
    assert_eq!(record.details["before"]["state-version"], 1);
    assert_eq!(record.details["after"]["handler"], to.handler.as_str());

    let newest = to.handler.clone();
    world
        .script
        .handle(FLOW, move |activation: Activation, desk| {
            let newest: Digest = newest.clone();
            async move {
                assert_eq!((activation.handler, activation.state_version), (newest, 2));
                let state: Value = serde_json::from_str(&activation.state.unwrap()).unwrap();
                assert_eq!(state["process_id"], "process-a");
                desk.dam("update", json!(["a", "approved"])).await?;
                completed("approved")
            }
        });
    world.arrives(ENGINE, finished("a")).await;
    world.settle().await;
    world.assert_state(&run, RunState::Completed).await;
    let late = upgrade(&world, &run, false).await;
    assert!(late.is_err(), "it has ended: {late:?}");
}

#[tokio::test]
async fn a_run_takes_the_configuration_in_force() {
    let mut world = World::new().await;
    let run = world.reviewed("a").await;
    world.flows[0].config = json!({"quorum": 2});
    world.configure().await;
    let old = world.run(&run).await;
    let moved = upgrade(&world, &run, false).await.unwrap();
    let now = world.run(&run).await;
    assert_ne!(now.config_hash, old.config_hash);
    assert_eq!(now.handler, old.handler);
    assert_eq!(now.handler_state, old.handler_state);
    assert_eq!(moved.moved.unwrap().to.config_hash, now.config_hash);
    let again = upgrade(&world, &run, false).await.unwrap();
    assert!(!again.controlled.changed, "it is where it should be");
}

#[tokio::test]
async fn what_cannot_be_moved_stays_and_says_why() {
    let mut world = World::new().await;
    let run = world.reviewed("a").await;
    newer(&world, 2);
    world
        .script
        .migrate(|_, _| Err("the process was not kept".into()));
    let said = refusal(&world, &run).await;
    assert!(said.ends_with("the process was not kept"), "{said}");
    world
        .script
        .migrate(|_, _| Ok(r#"{"process_id": 7}"#.into()));
    let said = refusal(&world, &run).await;
    assert!(said.contains("/process_id"), "{said}");
    assert!(!said.contains('7'), "state stays out of messages: {said}");
    world.script.migrate(|_, _| Ok("{".into()));
    assert!(refusal(&world, &run).await.contains("does not fit"));
    newer(&world, 1);
    assert!(refusal(&world, &run).await.contains("required"));
    newer(&world, 0);
    assert!(refusal(&world, &run).await.contains("has version 1"));

    world.flows[0].mode = Mode::Observe;
    world.configure().await;
    assert!(refusal(&world, &run).await.contains("mode enforce"));
    world.flows[0].mode = Mode::Enforce;
    world.flows[0].connections.remove(DAM);
    world.configure().await;
    assert!(refusal(&world, &run).await.contains("as `dam`"));
    world.flows.clear();
    world.configure().await;
    assert!(refusal(&world, &run).await.contains("not configured"));
}

#[tokio::test]
async fn a_run_with_recorded_calls_is_left_to_its_handler() {
    let world = World::new().await;
    let run = world.reviewed("a").await;
    world
        .script
        .vendor
        .plan("comment", [unavailable("maintenance")]);
    world.arrives(ENGINE, finished("a")).await;
    world.settle().await;
    world.assert_state(&run, RunState::Retrying).await;
    newer(&world, 2);
    let said = refusal(&world, &run).await;
    assert!(said.contains("recorded calls"), "{said}");
    // The handler that made the calls ends what it began.
    world.pass_to_next().await;
    world.assert_state(&run, RunState::Completed).await;
}
