//! How many activations run at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use forebay_engine::Options;
use forebay_model::run::RunState;

use crate::support::{FLOW, World, completed, flow};

/// Counts how many activations are under way at most.
fn count_active(world: &World, handler: &str) -> Arc<AtomicU32> {
    let (active, most) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    world.script.handle(handler, {
        let most = Arc::clone(&most);
        move |_, _| {
            let (active, most) = (Arc::clone(&active), Arc::clone(&most));
            async move {
                let now = active.fetch_add(1, Ordering::SeqCst) + 1;
                most.fetch_max(now, Ordering::SeqCst);
                for _ in 0..20 {
                    tokio::task::yield_now().await;
                }
                active.fetch_sub(1, Ordering::SeqCst);
                completed("approved")
            }
        }
    });
    most
}

async fn most_active(max_active: u32, max_activations: u32) -> u32 {
    let mut narrow = flow(FLOW);
    narrow.max_active = max_active;
    let options = Options { max_activations, ..Options::default() };
    let world = World::of(vec![narrow, flow("child")], options).await;
    let most = count_active(&world, FLOW);
    for number in 0..12 {
        world.start(&format!("a{number}")).await;
    }
    world.settle().await;
    for run in world.runs().await {
        assert_eq!(run.state, RunState::Completed);
    }
    most.load(Ordering::SeqCst)
}

#[tokio::test]
async fn a_flow_has_as_many_active_runs_as_it_may() {
    assert_eq!(most_active(1, 64).await, 1);
    assert_eq!(most_active(3, 64).await, 3);
    assert_eq!(most_active(64, 5).await, 5);
    assert_eq!(most_active(64, 64).await, 12);
}
