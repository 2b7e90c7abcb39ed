//! (b) Calls: an activation and a brokered call through the sandbox, against the same components
//! called bare, and a call into an instance that is there already.
//!
//! The sandbox is used as the engine uses it, in this process; the broker answers each call by the
//! connector and journals nothing. What the store adds is part of the round trip.

mod bare;
mod broker;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use forebay_model::event::{DeliveryContent, Signal};
use forebay_model::flow::{ConnectionSpec, PollPolicy};
use forebay_model::ports::{Activation, Broker, Guests as _};
use forebay_model::{SharedClock, SystemClock};
use forebay_sandbox::{Limits, Options, Registry};
use serde_json::{Value, json};

use crate::Extent;
use crate::program::Programs;
use crate::scene::Scene;
use crate::time::{now, percentile};
use crate::vendor::Vendor;

use self::bare::Bare;
use self::broker::Direct;

/// Calls whose times do not count: code and pools get warm.
const WARM_UP: u32 = 200;

/// Measure it.
pub(crate) async fn measure(programs: &Programs, extent: &Extent) -> anyhow::Result<Value> {
    println!("calls");
    let vendor = Vendor::start().await?;
    let scene = Scene::new(programs, &vendor, Duration::ZERO)?;
    let clock: SharedClock = Arc::new(SystemClock);
    let registry = Registry::open(Options {
        plugin_dir: scene.path("plugins"),
        data_dir: scene.path("data"),
        limits: Limits::default(),
        clock,
        outbound: Arc::new(broker::Nowhere),
    })
    .await?;
    let connector = registry.current("bench-vendor").context("no connector")?;
    let handler = registry.current("bench-flow").context("no handler")?;
    let spec = Arc::new(ConnectionSpec {
        name: "vendor".into(),
        plugin: "bench-vendor".to_owned(),
        settings: json!({ "base_url": "http://127.0.0.1:1" }),
        poll: PollPolicy::default(),
    });
    let direct = Arc::new(Direct::new(
        registry.clone(),
        connector.digest.clone(),
        spec,
    ));
    let bare = Bare::new(programs).await?;

    // In turns, so that whatever else the machine does meets all alike.
    let mut times: [Vec<Duration>; 6] = Default::default();
    for round in 0..WARM_UP + extent.calls {
        let mut taken = [Duration::ZERO; 6];
        for (index, taken) in taken.iter_mut().enumerate() {
            let begun = now();
            match index {
                0 => direct.read().await?,
                1 => activate(&registry, &handler.digest, &direct, 0).await?,
                2 => activate(&registry, &handler.digest, &direct, 2).await?,
                3 => bare.read().await?,
                4 => bare.three().await?,
                _ => bare.read_again().await?,
            }
            *taken = begun.elapsed();
        }
        if round >= WARM_UP {
            for (times, taken) in times.iter_mut().zip(taken) {
                times.push(taken);
            }
        }
    }
    let mut median = times.each_mut().map(|times| micros(percentile(times, 0.5)));
    let [call, activation, two_calls, bare_call, bare_three, again] = &mut median;
    Ok(json!({
        "activation_us": activation,
        "activation_with_two_calls_us": two_calls,
        "brokered_call_us": (*two_calls - *activation) / 2.0,
        "connector_call_us": call,
        "bare_instantiate_and_call_us": bare_call,
        "bare_three_instantiate_and_call_us": bare_three,
        "call_into_living_instance_us": again,
        "ratio": *two_calls / *bare_three,
    }))
}

async fn activate(
    registry: &Registry,
    handler: &forebay_model::Digest,
    broker: &Arc<Direct>,
    reads: u32,
) -> anyhow::Result<()> {
    let activation = Activation {
        handler: handler.clone(),
        run: "run".into(),
        flow: "bench".to_owned(),
        business_key: "asset".to_owned(),
        connections: vec![("vendor".to_owned(), "vendor".into())],
        config: "{}".to_owned(),
        state_version: 1,
        state: None,
        activation: 1,
        delivery: DeliveryContent::Signal(Signal {
            name: "reads".to_owned(),
            data: reads.to_string(),
            sender: "operator:bench".to_owned(),
        }),
    };
    let broker: Arc<dyn Broker> = Arc::clone(broker) as _;
    let step = registry.handle(activation, broker).await?;
    step.map(drop)
        .map_err(|error| anyhow!("the handler failed: {error}"))
}

fn micros(length: Duration) -> f64 {
    length.as_secs_f64() * 1e6
}
