//! The load: so many flows in flight, each begun when one before has ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::json;

use crate::Extent;
use crate::program::{Program, Usage};
use crate::time::{ms, now, pass, percentile};
use crate::vendor::{Vendor, client};

/// What the API and the baseline want to see.
pub(crate) const API_KEY: &str = "key-of-the-benchmark";

/// A flow that takes longer is lost.
const PATIENCE: Duration = Duration::from_secs(60);

/// Pause before a trigger that was not taken is repeated.
const PAUSE: Duration = Duration::from_millis(20);

/// Numbers of flows, so that no two are about the same asset.
static FLOWS: AtomicU64 = AtomicU64::new(0);

/// Triggers flows at one program.
pub(crate) struct Load {
    vendor: Vendor,
    http: reqwest::Client,
    url: String,
}

/// What a load showed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measured {
    pub(crate) flows: f64,
    pub(crate) flows_per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) cpu_ms_per_flow: f64,
    pub(crate) driver_cpu_ms_per_flow: f64,
    pub(crate) fsyncs_per_flow: f64,
}

impl Load {
    /// A load on the trigger at this address.
    pub(crate) fn new(vendor: &Vendor, url: String) -> anyhow::Result<Self> {
        let (vendor, http) = (vendor.clone(), client()?);
        Ok(Self { vendor, http, url })
    }

    /// Trigger one flow; returns when it is accepted.
    pub(crate) async fn trigger(&self, asset: &str) {
        loop {
            let sent = self
                .http
                .post(&self.url)
                .bearer_auth(API_KEY)
                .header("Idempotency-Key", asset)
                .json(&json!({ "asset": asset }));
            if matches!(sent.send().await, Ok(answer) if answer.status().is_success()) {
                return;
            }
            pass(PAUSE).await;
        }
    }

    /// One flow from trigger to written asset.
    pub(crate) async fn flow(&self) -> anyhow::Result<Duration> {
        let asset = format!("asset-{}", FLOWS.fetch_add(1, Ordering::Relaxed));
        let written = self.vendor.expect(&asset);
        let begun = now();
        self.trigger(&asset).await;
        match tokio::time::timeout(PATIENCE, written).await {
            Ok(at) => Ok(at.context("the vendor has ended")?.duration_since(begun)),
            Err(_) => bail!("{asset} was not written within {} s", PATIENCE.as_secs()),
        }
    }

    /// Keep so many flows in flight, and measure after the warm-up. Ends when all that were begun
    /// have ended.
    pub(crate) async fn measure(
        self: &Arc<Self>,
        program: &Program,
        in_flight: usize,
        extent: &Extent,
    ) -> anyhow::Result<Measured> {
        let measuring = Arc::new(AtomicBool::new(false));
        let stop = Arc::new(AtomicBool::new(false));
        let workers: Vec<_> = (0..in_flight)
            .map(|_| {
                let (load, measuring, stop) =
                    (Arc::clone(self), Arc::clone(&measuring), Arc::clone(&stop));
                tokio::spawn(async move { load.work(&measuring, &stop).await })
            })
            .collect();
        pass(extent.warm_up).await;
        let before = (program.usage()?, Usage::of_self()?);
        let begun = now();
        measuring.store(true, Ordering::SeqCst);
        pass(extent.measured).await;
        measuring.store(false, Ordering::SeqCst);
        let took = begun.elapsed();
        let after = (program.usage()?, Usage::of_self()?);
        stop.store(true, Ordering::SeqCst);
        let mut latencies = Vec::new();
        for worker in workers {
            latencies.extend(worker.await??);
        }
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let flows = (latencies.len() as f64).max(1.0);
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let fsyncs = (after.0.fsyncs - before.0.fsyncs) as f64;
        Ok(Measured {
            flows,
            flows_per_second: flows / took.as_secs_f64(),
            p50_ms: ms(percentile(&mut latencies, 0.5)),
            p99_ms: ms(percentile(&mut latencies, 0.99)),
            cpu_ms_per_flow: ms(after.0.cpu - before.0.cpu) / flows,
            driver_cpu_ms_per_flow: ms(after.1.cpu - before.1.cpu) / flows,
            fsyncs_per_flow: fsyncs / flows,
        })
    }

    /// Flow after flow; latencies of those that ended while it was measured.
    async fn work(
        &self,
        measuring: &AtomicBool,
        stop: &AtomicBool,
    ) -> anyhow::Result<Vec<Duration>> {
        let mut latencies = Vec::new();
        while !stop.load(Ordering::SeqCst) {
            let latency = self.flow().await?;
            if measuring.load(Ordering::SeqCst) {
                latencies.push(latency);
            }
        }
        Ok(latencies)
    }
}
