//! How many activations run at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use forebay_engine::Options;
use forebay_model::run::RunState;
use tokio::sync::Barrier;

use crate::support::{FLOW, World, completed, eventually, flow};

/// Runs this many to their end and asserts that `expected` of them are under way at once, no fewer
/// and no more.
async fn assert_active(runs: u32, max_active: u32, max_activations: u32, expected: usize) {
    let mut narrow = flow(FLOW);
    narrow.max_active = max_active;
    let options = Options {
        max_activations,
        ..Options::default()
    };
    let world = World::of(vec![narrow, flow("child")], options).await;
    let (active, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let all_there = Arc::new(Barrier::new(expected));
    world.script.handle(FLOW, {
        let most = Arc::clone(&most);
        move |_, _| {
            let (active, most) = (Arc::clone(&active), Arc::clone(&most));
            let all_there = Arc::clone(&all_there);
            async move {
                most.fetch_max(active.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                all_there.wait().await;
                active.fetch_sub(1, Ordering::SeqCst);
                completed("approved")
            }
        }
    });
    for number in 0..runs {
        world.start(&format!("a{number}")).await;
    }
    let core = Arc::clone(world.core());
    let driving = tokio::spawn(async move { core.run_activations().await });
    eventually(async || driving.is_finished()).await;
    assert_eq!(most.load(Ordering::SeqCst), expected);
    for run in world.runs().await {
        assert_eq!(run.state, RunState::Completed);
    }
}

#[tokio::test]
async fn a_flow_has_as_many_active_runs_as_it_may() {
    assert_active(4, 1, 64, 1).await;
    assert_active(12, 3, 64, 3).await;
}

#[tokio::test]
async fn a_host_has_as_many_activations_as_it_may() {
    assert_active(10, 64, 5, 5).await;
    assert_active(12, 64, 64, 12).await;
}
