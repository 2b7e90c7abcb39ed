//! The benchmark's main job written by hand: a durable trigger, read an asset, start a process, be
//! called back, write the asset. No plugins, no journal, no configuration; what is accepted is on disk
//! before it is answered, an effect is on disk as an intent before it is tried, and an unfinished job
//! goes on after a start. The host is measured against it.
//!
//! `forebay-baseline DATABASE VENDOR-URL` listens on a free port of loopback and prints the address.

mod job;
mod store;

use std::sync::Arc;

use anyhow::Context as _;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::job::Jobs;
use crate::store::Store;

/// What the trigger and the callback prove themselves with. The benchmark's own values.
const KEY: &str = "Bearer key-of-the-benchmark";
const CALLBACK_SECRET: &str = "secret-of-the-callback";

#[derive(Deserialize)]
struct Trigger {
    asset: String,
}

#[derive(Deserialize)]
struct Callback {
    process: String,
    outcome: String,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let database = arguments
        .next()
        .context("the first argument is the database")?;
    let vendor = arguments
        .next()
        .context("the second argument is the vendor's address")?;
    let jobs = Arc::new(Jobs {
        store: Store::open(&database)?,
        http: client()?,
        vendor,
    });
    Arc::clone(&jobs).resume().await?;
    let routes = axum::Router::new()
        .route("/readyz", get(async || "ready"))
        .route("/trigger", post(trigger))
        .route("/callback", post(callback))
        .with_state(jobs);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    announce(&listener.local_addr()?.to_string());
    axum::serve(listener, routes).await?;
    Ok(())
}

fn client() -> anyhow::Result<reqwest::Client> {
    Ok(reqwest::Client::builder()
        .pool_max_idle_per_host(128)
        .build()?)
}

#[expect(
    clippy::print_stdout,
    reason = "this is how the benchmark learns the address"
)]
fn announce(address: &str) {
    println!("{}", json!({ "address": address }));
}

fn is(headers: &HeaderMap, name: &str, wanted: &str) -> bool {
    headers
        .get(name)
        .is_some_and(|value| value.as_bytes() == wanted.as_bytes())
}

async fn trigger(
    State(jobs): State<Arc<Jobs>>,
    headers: HeaderMap,
    Json(trigger): Json<Trigger>,
) -> (StatusCode, Json<Value>) {
    if !is(&headers, "authorization", KEY) {
        return (StatusCode::UNAUTHORIZED, Json(Value::Null));
    }
    let key = headers
        .get("idempotency-key")
        .and_then(|key| key.to_str().ok());
    let key = key.unwrap_or(&trigger.asset).to_owned();
    match jobs.store.accept(key, trigger.asset.clone()).await {
        Ok(Some(run)) => {
            tokio::spawn(jobs.begin(run, trigger.asset));
            (StatusCode::ACCEPTED, Json(json!({ "run": run })))
        }
        Ok(None) => (StatusCode::OK, Json(json!({ "repeated": true }))),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, Json(Value::Null)),
    }
}

async fn callback(
    State(jobs): State<Arc<Jobs>>,
    headers: HeaderMap,
    Json(callback): Json<Callback>,
) -> StatusCode {
    if !is(&headers, "x-bench-secret", CALLBACK_SECRET) {
        return StatusCode::UNAUTHORIZED;
    }
    match jobs
        .store
        .called_back(callback.process, callback.outcome)
        .await
    {
        Ok(decided) => {
            if let Some(run) = decided {
                tokio::spawn(jobs.finish(run));
            }
            StatusCode::OK
        }
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}
