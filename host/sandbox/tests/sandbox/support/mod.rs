//! What the tests share: guests built from core Wasm text and the real contract, a registry over
//! temporary directories, a broker that a test scripts.

pub(crate) mod broker;
pub(crate) mod guest;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use forebay_egress::{Body, Outbound, Timeouts};
use forebay_model::flow::{ConnectionSpec, PollPolicy};
use forebay_model::ports::CallContext;
use forebay_model::{ConnectionName, Timestamp, VirtualClock};
use forebay_sandbox::{Limits, Options, Registry};
use tempfile::TempDir;

/// The time in all tests.
pub(crate) const NOW: Timestamp = Timestamp(1_700_000_000_000);

/// Longest a test waits for something that comes by itself; nothing waits this long unless it fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A way out that leads nowhere.
struct NoWayOut;

#[async_trait]
impl Outbound for NoWayOut {
    async fn send(
        &self,
        _: &ConnectionName,
        _: http::Request<Body>,
        _: Timeouts,
    ) -> Result<http::Response<Body>, forebay_egress::Error> {
        Err(forebay_egress::Error::Denied {
            message: "no test sends requests".to_owned(),
        })
    }
}

/// Directories of one host.
pub(crate) struct Place {
    root: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let place = Self {
            root: TempDir::new().unwrap(),
        };
        std::fs::create_dir(place.plugins()).unwrap();
        place
    }

    pub(crate) fn plugins(&self) -> PathBuf {
        self.root.path().join("drop")
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.root.path().join("data")
    }

    /// Put a file into the drop directory, as a whole.
    pub(crate) fn drop_file(&self, name: &str, bytes: &[u8]) {
        let temporary = self.root.path().join("incoming");
        std::fs::write(&temporary, bytes).unwrap();
        std::fs::rename(&temporary, self.plugins().join(name)).unwrap();
    }

    pub(crate) fn remove_file(&self, name: &str) {
        std::fs::remove_file(self.plugins().join(name)).unwrap();
    }

    pub(crate) async fn open(&self) -> Registry {
        self.open_with(limits()).await
    }

    pub(crate) async fn open_with(&self, limits: Limits) -> Registry {
        Registry::open(options(&self.plugins(), &self.data(), limits))
            .await
            .unwrap()
    }
}

pub(crate) fn options(plugins: &Path, data: &Path, limits: Limits) -> Options {
    Options {
        plugin_dir: plugins.to_owned(),
        data_dir: data.to_owned(),
        limits,
        clock: Arc::new(VirtualClock::new(NOW)),
        outbound: Arc::new(NoWayOut),
    }
}

/// Few places, so that many engines fit into one test process, and no second look by itself.
pub(crate) fn limits() -> Limits {
    Limits {
        handler_calls: 4,
        connector_calls: 4,
        calls_per_plugin: 4,
        cpu_describe: Duration::from_millis(300),
        cpu_handle: Duration::from_millis(300),
        cpu_call: Duration::from_millis(300),
        rescan_interval: Duration::from_secs(3600),
        ..Limits::default()
    }
}

pub(crate) fn connection() -> ConnectionSpec {
    ConnectionSpec {
        name: "conn".into(),
        plugin: "greeter".to_owned(),
        settings: serde_json::json!({"tenant": "acme"}),
        poll: PollPolicy::default(),
    }
}

pub(crate) fn context() -> CallContext {
    CallContext {
        key: "key-1".to_owned(),
        attempt: 1,
        previous_unknown: false,
        timeout: Duration::from_secs(30),
        run: None,
    }
}

/// Codes of the quarantined files.
pub(crate) fn codes(registry: &Registry) -> Vec<(String, String)> {
    registry
        .quarantined()
        .into_iter()
        .map(|entry| (entry.file, entry.code))
        .collect()
}

/// Names and digests of the current plugins.
pub(crate) fn names(registry: &Registry) -> Vec<String> {
    registry
        .list()
        .iter()
        .map(|plugin| plugin.name().to_owned())
        .collect()
}
