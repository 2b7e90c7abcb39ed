//! (c) From start to ready with twelve plugins, without and with compiled code at hand; resident
//! memory when idle and after load.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::Extent;
use crate::program::Programs;
use crate::scene::{Scene, ask};
use crate::time::{median, ms, pass};
use crate::vendor::Vendor;

/// Plugins in the drop directory.
const PLUGINS: usize = 12;

/// Shipped plugins that are dropped under further names: a connector's own name stands in its file
/// several times and nowhere in the contract, so that a letter of it can be replaced.
const COPIED: [(&str, &str); 3] = [
    ("canto", "cant"),
    ("iconik", "iconi"),
    ("opentext-workflow", "opentext-workflo"),
];

/// How long a host that is ready is left alone before it counts as idle.
const IDLE: Duration = Duration::from_secs(3);

/// Flows in flight before memory under load is read.
const IN_FLIGHT: usize = 64;

/// Measure it.
pub(crate) async fn measure(programs: &Programs, extent: &Extent) -> anyhow::Result<Value> {
    let vendor = Vendor::start().await?;
    let scene = Scene::with_own_cache(programs, &vendor, Duration::ZERO)?;
    fill(&scene, programs)?;

    println!("start to ready, {PLUGINS} plugins");
    let mut cold = Vec::new();
    for _ in 0..extent.starts.div_ceil(2) {
        let data = scene.path("data");
        if data.exists() {
            fs::remove_dir_all(data)?;
        }
        let host = scene.host(programs)?;
        cold.push(ms(host.ready_after));
        let loaded = ask(&host, "/v1/plugins").await?;
        let accepted = loaded["accepted"]
            .as_array()
            .context("no list of plugins")?;
        ensure!(
            accepted.len() == PLUGINS,
            "not all plugins are accepted: {loaded:#}"
        );
        host.stop()?;
    }
    let mut cached = Vec::new();
    let (mut idle, mut loaded) = ((0, 0), (0, 0));
    for round in 0..extent.starts {
        let host = scene.host(programs)?;
        cached.push(ms(host.ready_after));
        if round + 1 == extent.starts {
            pass(IDLE).await;
            idle = host.memory()?;
            scene
                .load_on_host(&host)?
                .measure(&host, IN_FLIGHT, extent)
                .await?;
            loaded = host.memory()?;
        }
        host.stop()?;
    }
    vendor.settle()?;
    Ok(json!({
        "plugins": PLUGINS,
        "cold_ms": median(&mut cold),
        "cached_ms": median(&mut cached),
        "idle_rss_mb": megabytes(idle.0),
        "idle_rss_not_of_files_mb": megabytes(idle.1),
        "loaded_rss_mb": megabytes(loaded.0),
        "loaded_rss_not_of_files_mb": megabytes(loaded.1),
    }))
}

/// Put plugins of real size into the drop directory until there are twelve.
fn fill(scene: &Scene, programs: &Programs) -> anyhow::Result<()> {
    let read = |name: &str| {
        let file = programs.shelf.join(format!("{name}.wasm"));
        fs::read(&file).with_context(|| format!("cannot read {}", file.display()))
    };
    let mut there = fs::read_dir(scene.path("plugins"))?.count();
    scene.drop_plugin("approval.wasm", &read("approval")?)?;
    there += 1;
    for letter in 'a'..='z' {
        for (name, stem) in COPIED {
            if there < PLUGINS {
                let other = format!("{stem}{letter}");
                let bytes = replace(&read(name)?, name.as_bytes(), other.as_bytes());
                scene.drop_plugin(&format!("{other}.wasm"), &bytes)?;
                there += 1;
            }
        }
    }
    Ok(())
}

/// Replace every occurrence by something of the same length.
pub(crate) fn replace(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let mut at = 0;
    while at + old.len() <= bytes.len() && old.len() == new.len() {
        if bytes[at..].starts_with(old) {
            bytes[at..at + old.len()].copy_from_slice(new);
            at += old.len();
        } else {
            at += 1;
        }
    }
    bytes
}

/// Bytes in millions.
#[expect(
    clippy::cast_precision_loss,
    reason = "sizes of memory are far below 2^52"
)]
pub(crate) fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
