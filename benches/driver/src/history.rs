//! (d) Cost with history: throughput, and how quickly a waiting run wakes up, beside ever more waiting
//! runs; what each costs on disk; that memory does not grow with them.
//!
//! The waiting runs are copies of one that the host itself brought to its wait: starting a million of
//! them one by one would take the better part of an hour and show nothing else. Every row the run
//! has in any table is copied, with ids of its own. Only the audit's hashes are not made anew.

mod seed;

use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::Extent;
use crate::program::{Program, Programs};
use crate::round_trip::row;
use crate::scene::{Scene, ask, size_with_companions};
use crate::start::megabytes;
use crate::time::{ms, now, pass, percentile};
use crate::vendor::{IDLE, Vendor};

/// Flows in flight beside the waiting runs.
const IN_FLIGHT: usize = 64;

/// Waiting runs that are woken one after the other.
const WOKEN: u64 = 50;

/// How long a host that is ready is left alone before its memory is read.
const QUIET: Duration = Duration::from_secs(2);

/// Measure it.
pub(crate) async fn measure(programs: &Programs, extent: &Extent) -> anyhow::Result<Value> {
    let vendor = Vendor::start().await?;
    let scene = Scene::new(programs, &vendor, Duration::ZERO)?;
    let template = format!("{IDLE}{:09}", 0);
    begin(&scene, programs, &template).await?;
    // It waits for ever, and so is never written.
    vendor.take_totals();

    let mut rows = Vec::new();
    let mut seeded = 0;
    for wanted in extent.history {
        println!("{wanted} waiting runs");
        let before = size_with_companions(&scene.database())?;
        let copied = wanted.saturating_sub(seeded);
        let database = scene.database();
        let (from, model) = (seeded, template.clone());
        tokio::task::spawn_blocking(move || seed::copy(&database, &model, from, copied)).await??;
        seeded = *wanted;
        let grown = size_with_companions(&scene.database())?.saturating_sub(before);
        rows.push(beside(&scene, programs, extent, *wanted, copied, grown).await?);
    }
    let rate = |row: Option<&Value>| row.and_then(|row| row["load"]["flows_per_second"].as_f64());
    let slower = rate(rows.first()).zip(rate(rows.last()));
    Ok(json!({
        "slower_percent": slower.map(|(first, last)| (1.0 - last / first) * 100.0),
        "rows": rows,
    }))
}

/// Let the host bring one run to its wait.
async fn begin(scene: &Scene, programs: &Programs, asset: &str) -> anyhow::Result<()> {
    let host = scene.host(programs)?;
    scene.load_on_host(&host)?.trigger(asset).await;
    while waiting(&host).await? == 0 {
        pass(Duration::from_millis(20)).await;
    }
    host.stop()
}

async fn waiting(host: &Program) -> anyhow::Result<usize> {
    let runs = ask(host, "/v1/runs?state=waiting&limit=1").await?;
    Ok(runs["items"].as_array().context("no list of runs")?.len())
}

async fn beside(
    scene: &Scene,
    programs: &Programs,
    extent: &Extent,
    wanted: u64,
    copied: u64,
    grown: u64,
) -> anyhow::Result<Value> {
    let host = scene.host(programs)?;
    pass(QUIET).await;
    let (_, idle) = host.memory()?;
    let load = scene.load_on_host(&host)?;
    let mut rounds = Vec::new();
    for _ in 0..extent.rounds {
        rounds.push(load.measure(&host, IN_FLIGHT, extent).await?);
    }
    scene.vendor.settle()?;
    rounds.sort_by(|a, b| a.flows_per_second.total_cmp(&b.flows_per_second));
    let measured = rounds.get(rounds.len() / 2).cloned().unwrap_or_default();
    let mut wakes = Vec::new();
    for number in 0..WOKEN.min(copied) {
        // Spread over those that are new: some of the others have been woken before.
        let of_new = number * (copied / WOKEN.min(copied));
        let asset = format!("{IDLE}{:09}", wanted - copied + of_new + 1);
        let written = scene.vendor.expect(&asset);
        let begun = now();
        scene.vendor.decide(&asset).await;
        wakes.push(written.await?.duration_since(begun));
    }
    scene.vendor.settle()?;
    let (_, loaded) = host.memory()?;
    let ready = ms(host.ready_after);
    host.stop()?;
    println!(
        "   {:.0} flows/s, wake-up p50 {:.2} ms",
        measured.flows_per_second,
        ms(percentile(&mut wakes, 0.5))
    );
    Ok(json!({
        "waiting": wanted,
        "load": row(&measured),
        "wake_p50_ms": ms(percentile(&mut wakes, 0.5)),
        "wake_p99_ms": ms(percentile(&mut wakes, 0.99)),
        "bytes_per_run": grown.checked_div(copied),
        "ready_ms": ready,
        "idle_memory_mb": megabytes(idle),
        "loaded_memory_mb": megabytes(loaded),
    }))
}
