//! What a run is told about the runs it starts, when it asks again.

use forebay_model::run::RunState;
use serde_json::{Value, json};

use crate::families::{CHILD, child_of, family, spawn, timer};
use crate::support::{FLOW, completed, unavailable, waiting};

#[tokio::test]
async fn a_spawn_that_runs_again_gets_the_same_answer() {
    let mut world = family().await;
    world.script.handle(FLOW, |activation, desk| async move {
        let child = spawn(&desk, CHILD, &activation.business_key).await?;
        desk.engine("start", json!(["a"])).await?;
        waiting(
            &json!({ "child": child }),
            vec![timer(&desk, "day", 24)],
            vec![],
        )
    });
    world
        .script
        .handle(CHILD, |_, _| async { completed("approved") });
    world
        .script
        .vendor
        .plan("start", [unavailable("maintenance")]);
    let parent = world.start("a").await;
    world.settle().await;
    world.assert_state(&parent, RunState::Retrying).await;

    world.flows.retain(|flow| flow.name.as_str() == FLOW);
    world.configure().await;
    world.rest(&parent).await;
    world.assert_state(&parent, RunState::Waiting).await;
    let child = child_of(&world).await;
    let state = world.run(&parent).await.handler_state.unwrap();
    let state: Value = serde_json::from_str(&state).unwrap();
    assert_eq!(state, json!({ "child": child }));
    world.assert_state(&child, RunState::Completed).await;
}
