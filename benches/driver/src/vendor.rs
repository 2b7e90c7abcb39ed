//! The vendor: assets that can be read and written, processes that call back. It counts what is done
//! to each asset, so that a lost or a doubled effect is seen.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::ensure;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::time::{now, pass};

/// What callbacks prove themselves with.
pub(crate) const CALLBACK_SECRET: &str = "secret-of-the-callback";

/// Processes about assets whose id begins so never end by themselves.
pub(crate) const IDLE: &str = "idle-";

/// Pause before a callback that was not taken is repeated.
const PAUSE: Duration = Duration::from_millis(20);

/// A running vendor. It ends with the program.
#[derive(Clone)]
pub(crate) struct Vendor {
    inner: Arc<Inner>,
}

struct Inner {
    address: String,
    ledger: Mutex<Ledger>,
    http: reqwest::Client,
}

#[derive(Default)]
struct Ledger {
    /// Where processes call back.
    callback: String,
    assets: HashMap<String, Seen>,
}

/// What was done to an asset.
#[derive(Default)]
struct Seen {
    reads: u32,
    /// Processes that came to be: one, however often its start was asked for.
    processes: u32,
    /// Writes under different keys.
    writes: u32,
    /// Key of the last write: the same again is the same effect, asked for twice.
    key: Option<String>,
    written: Option<oneshot::Sender<Instant>>,
}

/// What was done to all assets since they were last counted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) assets: usize,
    /// Assets written at least once.
    pub(crate) written: usize,
    /// Effects beyond the first on each asset.
    pub(crate) written_again: u32,
    pub(crate) reads: u32,
}

#[derive(Deserialize)]
struct Start {
    key: String,
}

impl Vendor {
    /// Start on a free port of loopback.
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let inner = Arc::new(Inner {
            address: format!("http://{}", listener.local_addr()?),
            ledger: Mutex::default(),
            http: client()?,
        });
        let routes = axum::Router::new()
            .route("/assets/{id}", get(read).put(write))
            .route("/processes", post(begin))
            .with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok(Self { inner })
    }

    pub(crate) fn address(&self) -> &str {
        &self.inner.address
    }

    /// From now on processes call back here.
    pub(crate) fn call_back_to(&self, url: &str) {
        url.clone_into(&mut self.ledger().callback);
    }

    /// Resolves when the asset is written for the first time.
    pub(crate) fn expect(&self, asset: &str) -> oneshot::Receiver<Instant> {
        let (send, receive) = oneshot::channel();
        self.ledger()
            .assets
            .entry(asset.to_owned())
            .or_default()
            .written = Some(send);
        receive
    }

    /// Let the process about an asset end, as if somebody had decided.
    pub(crate) async fn decide(&self, asset: &str) {
        call_back(Arc::clone(&self.inner), process_of(asset)).await;
    }

    /// What was done since the last call of this. Forgets it.
    pub(crate) fn take_totals(&self) -> Totals {
        let mut totals = Totals::default();
        for seen in std::mem::take(&mut self.ledger().assets).into_values() {
            totals.assets += 1;
            totals.reads += seen.reads;
            totals.written += usize::from(seen.writes > 0);
            totals.written_again += seen.writes.saturating_sub(1);
        }
        totals
    }

    /// As [`Vendor::take_totals`], and fails if anything was lost or done twice.
    pub(crate) fn settle(&self) -> anyhow::Result<Totals> {
        let totals = self.take_totals();
        ensure!(
            totals.written == totals.assets && totals.written_again == 0,
            "effects were lost or doubled: {totals:?}"
        );
        Ok(totals)
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.inner.ledger()
    }
}

impl Inner {
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A client with enough connections for everything that is in flight.
pub(crate) fn client() -> anyhow::Result<reqwest::Client> {
    Ok(reqwest::Client::builder()
        .pool_max_idle_per_host(256)
        .build()?)
}

fn process_of(asset: &str) -> String {
    format!("process-{asset}")
}

fn asset(id: &str, status: &str) -> Json<Value> {
    Json(json!({
        "id": id,
        "name": format!("{id}.jpg"),
        "status": status,
        "token": "1",
        "modified": 1_700_000_000_000_i64,
        "fields": [["headline", "Spring"], ["photographer", "Ann Example"]],
    }))
}

async fn read(State(inner): State<Arc<Inner>>, Path(id): Path<String>) -> Json<Value> {
    inner.ledger().assets.entry(id.clone()).or_default().reads += 1;
    asset(&id, "pending")
}

async fn write(
    State(inner): State<Arc<Inner>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Json<Value> {
    let key = headers.get("idempotency-key");
    let key = key.and_then(|key| key.to_str().ok()).map(str::to_owned);
    let written = {
        let mut ledger = inner.ledger();
        let seen = ledger.assets.entry(id.clone()).or_default();
        seen.writes += u32::from(key.is_none() || seen.key != key);
        seen.key = key;
        seen.written.take()
    };
    if let Some(written) = written {
        let _ = written.send(now());
    }
    asset(&id, "approved")
}

async fn begin(State(inner): State<Arc<Inner>>, Json(start): Json<Start>) -> Json<Value> {
    let adopted = {
        let mut ledger = inner.ledger();
        let seen = ledger.assets.entry(start.key.clone()).or_default();
        seen.processes += 1;
        seen.processes > 1
    };
    let process = process_of(&start.key);
    if !adopted && !start.key.starts_with(IDLE) {
        tokio::spawn(call_back(inner, process.clone()));
    }
    Json(json!({ "id": process, "adopted": adopted }))
}

/// Call back until it is taken: the other side may be down for a while.
async fn call_back(inner: Arc<Inner>, process: String) {
    let body = json!({ "process": process, "outcome": "approved", "at": 1_700_000_000_000_i64 });
    loop {
        let url = inner.ledger().callback.clone();
        let sent = inner
            .http
            .post(url)
            .header("X-Bench-Secret", CALLBACK_SECRET)
            .json(&body);
        if matches!(sent.send().await, Ok(answer) if answer.status().is_success()) {
            return;
        }
        pass(PAUSE).await;
    }
}
