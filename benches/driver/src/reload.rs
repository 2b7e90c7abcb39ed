//! (e) Hot reloads: a plugin is replaced again and again while flows go on; memory must not grow.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::Extent;
use crate::program::{Program, Programs};
use crate::scene::{Scene, ask};
use crate::start::{megabytes, replace};
use crate::time::{ms, now, pass};
use crate::vendor::Vendor;

/// Text in the connector that is changed: part of what it says about itself.
const CHANGED: &[u8] = b"Reads and writes assets";

/// Reloads before the memory counts as settled.
const SETTLED: u32 = 10;

/// Longest wait for a plugin to be taken up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Pause between two looks.
const LOOK: Duration = Duration::from_millis(5);

/// Measure it.
pub(crate) async fn measure(programs: &Programs, extent: &Extent) -> anyhow::Result<Value> {
    let vendor = Vendor::start().await?;
    let scene = Scene::new(programs, &vendor, Duration::ZERO)?;
    let original = fs::read(programs.plugins.join("forebay_bench_connector.wasm"))?;
    // Files are judged at once: what is measured is the reload, not the wait for a slow copy.
    let mut configuration = fs::read_to_string(scene.path("forebay.toml"))?;
    configuration.push_str("\n[limits]\nsettle_time = \"1ms\"\n");
    fs::write(scene.path("forebay.toml"), configuration)?;
    let host = scene.host(programs)?;
    let load = scene.load_on_host(&host)?;

    println!("{} hot reloads", extent.reloads);
    let mut took = Vec::new();
    let mut settled = 0;
    let mut samples = Vec::new();
    for number in 0..SETTLED + extent.reloads {
        let text = format!("Reload {number:016}");
        let bytes = replace(&original, CHANGED, text.as_bytes());
        let begun = now();
        scene.drop_plugin("bench-vendor.wasm", &bytes)?;
        taken_up(&host, &text).await?;
        took.push(ms(begun.elapsed()));
        load.flow().await?;
        if number + 1 == SETTLED {
            settled = host.memory()?.0;
        }
        if number >= SETTLED && (number - SETTLED).is_multiple_of((extent.reloads / 10).max(1)) {
            samples.push(megabytes(host.memory()?.0));
        }
    }
    let last = host.memory()?.0;
    host.stop()?;
    vendor.settle()?;
    let grown = megabytes(last) - megabytes(settled);
    Ok(json!({
        "reloads": extent.reloads,
        "rss_before_mb": megabytes(settled),
        "rss_after_mb": megabytes(last),
        "rss_on_the_way_mb": samples,
        "grown_kb_per_reload": grown * 1e3 / f64::from(extent.reloads),
        "taken_up_after_ms": crate::time::median(&mut took),
    }))
}

/// Wait until the host lists the connector that says this about itself.
async fn taken_up(host: &Program, text: &str) -> anyhow::Result<()> {
    let begun = now();
    while begun.elapsed() < PATIENCE {
        let listed = ask(host, "/v1/plugins").await?;
        let accepted = listed["accepted"]
            .as_array()
            .context("no list of plugins")?;
        if accepted
            .iter()
            .any(|plugin| plugin.to_string().contains(text))
        {
            return Ok(());
        }
        pass(LOOK).await;
    }
    bail!("a plugin was not taken up within {} s", PATIENCE.as_secs())
}
