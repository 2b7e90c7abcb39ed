//! (f) Killed under load: how long until the first run goes on, until all have, and that nothing was
//! lost or done twice on the way.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::Extent;
use crate::load::Load;
use crate::program::Programs;
use crate::scene::Scene;
use crate::time::{median, ms, now};
use crate::vendor::Vendor;

/// Flows in flight when the host is killed.
const IN_FLIGHT: usize = 64;

/// How long they run before.
const RUNNING: Duration = Duration::from_secs(1);

/// Measure it.
pub(crate) async fn measure(programs: &Programs, extent: &Extent) -> anyhow::Result<Value> {
    let vendor = Vendor::start().await?;
    let (mut ready, mut first, mut all) = (Vec::new(), Vec::new(), Vec::new());
    let mut interrupted = 0;
    for round in 0..extent.starts {
        println!("kill -9, round {}", round + 1);
        let scene = Scene::new(programs, &vendor, Duration::ZERO)?;
        let host = scene.host(programs)?;
        let load = scene.load_on_host(&host)?;
        let flows = accepted(&load, &vendor, round).await?;
        // All are accepted, most are under way, none of the last has ended.
        host.kill()?;
        let killed = now();
        let host = scene.host(programs)?;
        ready.push(ms(host.ready_after));
        let (mut first_at, mut last_at, mut gone_on) = (None, killed, 0);
        for mut flow in flows {
            let at = match flow.try_recv() {
                Ok(at) => at,
                Err(_) => flow.await?,
            };
            if at > killed {
                gone_on += 1;
                first_at = Some(first_at.map_or(at, |first: Instant| first.min(at)));
                last_at = last_at.max(at);
            }
        }
        ensure!(gone_on > 0, "nothing was interrupted");
        interrupted += gone_on;
        first.extend(first_at.map(|at| ms(at.duration_since(killed))));
        all.push(ms(last_at.duration_since(killed)));
        host.stop()?;
        vendor.settle()?;
    }
    Ok(json!({
        "crashes": extent.starts,
        "runs_interrupted": interrupted,
        "ready_ms": median(&mut ready),
        "kill_to_first_resumed_ms": median(&mut first),
        "kill_to_all_resumed_ms": median(&mut all),
    }))
}

/// Keep flows in flight for a while, then trigger so many more at once; returns when those are
/// accepted, with what tells that each is written.
async fn accepted(
    load: &Arc<Load>,
    vendor: &Vendor,
    round: u32,
) -> anyhow::Result<Vec<oneshot::Receiver<Instant>>> {
    let begun = now();
    while begun.elapsed() < RUNNING {
        let flows: Vec<_> = (0..IN_FLIGHT)
            .map(|_| {
                let load = Arc::clone(load);
                tokio::spawn(async move { load.flow().await })
            })
            .collect();
        for flow in flows {
            flow.await??;
        }
    }
    let mut flows = Vec::new();
    let mut triggers = Vec::new();
    for number in 0..IN_FLIGHT {
        let asset = format!("crash-{round}-{number}");
        flows.push(vendor.expect(&asset));
        let load = Arc::clone(load);
        triggers.push(tokio::spawn(async move { load.trigger(&asset).await }));
    }
    for trigger in triggers {
        trigger.await?;
    }
    Ok(flows)
}
