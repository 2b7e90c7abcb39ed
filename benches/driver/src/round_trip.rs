//! (a) The round trip: trigger, read asset, start process, callback, write asset; beside it the same
//! work without plugins, and what disk and SQLite allow. Once on the disk as it is, once with every
//! sync slowed, because the disk of a test machine may answer faster than a real one.

use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::Extent;
use crate::load::Measured;
use crate::program::Programs;
use crate::scene::Scene;
use crate::time::median;
use crate::vendor::Vendor;

/// Flows in flight.
const IN_FLIGHT: [usize; 3] = [1, 16, 64];

/// How much longer a sync takes on the slowed disk.
const SLOW: Duration = Duration::from_millis(1);

/// Measure it.
pub(crate) async fn measure(programs: &Programs, extent: &Extent) -> anyhow::Result<Value> {
    let vendor = Vendor::start().await?;
    let mut disks = Vec::new();
    for (name, slow) in [("as it is", Duration::ZERO), ("fsync + 1 ms", SLOW)] {
        let raw = raw_commits(programs, &vendor, slow, extent)?;
        let mut rows = Vec::new();
        for in_flight in IN_FLIGHT {
            println!("round trip, disk {name}, {in_flight} in flight");
            let (mut host, mut baseline) = (Vec::new(), Vec::new());
            // In turns, so that whatever else the machine does meets both alike.
            for _ in 0..extent.rounds {
                baseline.push(round(programs, &vendor, slow, in_flight, extent, false).await?);
                host.push(round(programs, &vendor, slow, in_flight, extent, true).await?);
            }
            let (host, baseline) = (middle(&host), middle(&baseline));
            rows.push(json!({
                "in_flight": in_flight,
                "host": row(&host),
                "baseline": row(&baseline),
                "flows_ratio": host.flows_per_second / baseline.flows_per_second,
                "cpu_ratio": host.cpu_ms_per_flow / baseline.cpu_ms_per_flow,
            }));
        }
        disks.push(json!({ "disk": name, "raw_commits_per_second": raw, "rows": rows }));
    }
    Ok(json!({ "disks": disks }))
}

async fn round(
    programs: &Programs,
    vendor: &Vendor,
    slow: Duration,
    in_flight: usize,
    extent: &Extent,
    is_host: bool,
) -> anyhow::Result<Measured> {
    let scene = Scene::new(programs, vendor, slow)?;
    let (program, load) = if is_host {
        let host = scene.host(programs)?;
        let load = scene.load_on_host(&host)?;
        (host, load)
    } else {
        let baseline = scene.baseline(programs)?;
        let load = scene.load_on_baseline(&baseline)?;
        (baseline, load)
    };
    let measured = load.measure(&program, in_flight, extent).await?;
    program.stop()?;
    vendor.settle()?;
    let who = if is_host { "host" } else { "baseline" };
    println!(
        "   {who:8} {:>7.0} flows/s  p50 {:>7.2} ms  p99 {:>7.2} ms  {:>5.2} fsyncs  {:>6.3} ms CPU  (driver {:.3} ms)",
        measured.flows_per_second,
        measured.p50_ms,
        measured.p99_ms,
        measured.fsyncs_per_flow,
        measured.cpu_ms_per_flow,
        measured.driver_cpu_ms_per_flow,
    );
    Ok(measured)
}

/// The round with the median of flows per second.
fn middle(rounds: &[Measured]) -> Measured {
    let mut rates: Vec<f64> = rounds.iter().map(|round| round.flows_per_second).collect();
    let rate = median(&mut rates);
    let found = rounds
        .iter()
        .find(|round| round.flows_per_second.total_cmp(&rate).is_eq());
    found.cloned().unwrap_or_default()
}

/// A measurement as it stands in the report.
pub(crate) fn row(measured: &Measured) -> Value {
    json!({
        "flows": measured.flows,
        "flows_per_second": measured.flows_per_second,
        "p50_ms": measured.p50_ms,
        "p99_ms": measured.p99_ms,
        "fsyncs_per_flow": measured.fsyncs_per_flow,
        "cpu_ms_per_flow": measured.cpu_ms_per_flow,
        "driver_cpu_ms_per_flow": measured.driver_cpu_ms_per_flow,
    })
}

fn raw_commits(
    programs: &Programs,
    vendor: &Vendor,
    slow: Duration,
    extent: &Extent,
) -> anyhow::Result<f64> {
    let scene = Scene::new(programs, vendor, slow)?;
    let own = std::env::current_exe()?;
    let mut command = programs.probed(&own, slow, &scene.path(""))?;
    let length = (extent.measured / 3).as_millis().to_string();
    let output = command
        .arg("raw-commits")
        .arg(scene.path("raw.db"))
        .arg(length)
        .output()?;
    let told: Value = serde_json::from_slice(&output.stdout)
        .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    let rate = told["commits_per_second"]
        .as_f64()
        .context("no rate of commits")?;
    println!("raw commits: {rate:.0} per second");
    Ok(rate)
}
