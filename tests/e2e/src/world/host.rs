//! Start, crash and start again.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use forebay::host::{self, Host};
use forebay::plugins::Shelf;
use forebay_api::{Api, ApiKey, Scope};
use forebay_egress::Egress;
use forebay_engine::Core;
use forebay_model::SharedClock;
use forebay_simulators::common::Moment;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::look::is_work;
use super::setup::{API_KEY, WEBHOOK_TOKEN};
use super::{CANTO, Setup, World};

/// Longer than a claim of a run holds, so that a host started again takes over at once.
const LEASE: Duration = Duration::from_secs(60);
/// Longest wait for the work of a crashed host to stop; it stops at its next await.
const CRASH_TIMEOUT: Duration = Duration::from_secs(20);

/// A host that is up.
pub(super) struct Running {
    pub(super) host: Host,
    /// As long as this stands the host is ready.
    _stop: watch::Sender<bool>,
    address: String,
    server: tokio::task::JoinHandle<()>,
    /// The engine's work is done here, so that a crash ends it wherever it is.
    pub(super) runtime: Option<Runtime>,
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Everything that can be done now: schedules fired, deliveries normalised, events routed,
/// activations run. Returns how much there was.
pub(super) async fn work(core: Arc<Core>) -> forebay_engine::Result<u32> {
    let fired = core.fire_schedules().await?.fired;
    let done = core.normalise_webhooks().await? + core.route_events().await?;
    Ok(fired + done + core.run_activations().await?)
}

impl World {
    /// Start the host over whatever its store holds.
    ///
    /// # Errors
    /// If its configuration is refused or a room cannot be started.
    pub async fn boot(&mut self) -> anyhow::Result<()> {
        let clock: SharedClock = Arc::new(self.clock.clone());
        let egress = Arc::new(Egress::default());
        let (document, bootstrap) = host::read_from(&super::setup::sources(), &self.config_path())
            .map_err(|problems| anyhow::anyhow!("{problems}"))?;
        let registry = host::open_registry(&bootstrap, &egress, &clock).await?;
        let kept_out = registry.quarantined();
        let configuration = host::validate(&document, &registry, &clock)
            .await
            .map_err(|problems| anyhow::anyhow!("{problems}\n{kept_out:#?}"))?;
        // The API first: its address is what vendors are told.
        let listener = tokio::net::TcpListener::bind(configuration.host.listen).await?;
        let address = format!("http://{}", listener.local_addr()?);
        let mut configuration = configuration;
        configuration.host.public_url = Some(address.parse().context("address")?);
        let host = Host::assemble(&configuration, registry, egress, clock).await?;
        host.apply(&configuration).await?;
        let (stop, is_ready) = watch::channel(true);
        let api = Api::new(forebay_api::Parts {
            core: Arc::clone(&host.core),
            plugins: Arc::new(Shelf(host.registry.clone())),
            keys: vec![ApiKey::of(
                "tests",
                API_KEY,
                [Scope::Read, Scope::Operate, Scope::Admin],
            )],
            metrics: Arc::new(String::new),
            ready: is_ready.clone(),
            clock: Arc::clone(&host.clock),
            options: forebay_api::Options::default(),
        });
        let mut told = is_ready;
        let server = tokio::spawn(async move {
            let stopped = async move {
                let _ = told.wait_for(|ready| !*ready).await;
            };
            let _ = api.serve(listener, stopped).await;
        });
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build();
        self.host = Some(Running {
            host,
            _stop: stop,
            address,
            server,
            runtime: Some(runtime?),
        });
        if !self.setup.poll_only {
            // The host has another address after each start.
            self.core().arm_webhooks().await;
            self.connect_canto_webhooks();
        }
        Ok(())
    }

    /// Change what the host is configured for, and let it take that up while it runs.
    ///
    /// # Errors
    /// If the configuration is refused or the host is down.
    pub async fn reconfigure(&mut self, setup: Setup) -> anyhow::Result<()> {
        self.setup = setup;
        self.configure()?;
        let host = &self.host.as_ref().context("the host is down")?.host;
        let (document, _) = host::read_from(&super::setup::sources(), &self.config_path())
            .map_err(|problems| anyhow::anyhow!("{problems}"))?;
        let configuration = host::validate(&document, &host.registry, &host.clock)
            .await
            .map_err(|problems| anyhow::anyhow!("{problems}"))?;
        host.apply(&configuration).await
    }

    /// End the host at once, as a crash would: nothing is told to anybody, and work under way stops
    /// wherever it is.
    ///
    /// # Errors
    /// If its work does not let go of the store.
    pub async fn crash(&mut self) -> anyhow::Result<()> {
        let Some(mut running) = self.host.take() else {
            return Ok(());
        };
        running.server.abort();
        let _ = (&mut running.server).await;
        if let Some(runtime) = running.runtime.take() {
            let end = move || runtime.shutdown_timeout(CRASH_TIMEOUT);
            tokio::task::spawn_blocking(end).await?;
        }
        Ok(())
    }

    /// Crash and start again over the same store, late enough for the claims of before to have run
    /// out.
    ///
    /// # Errors
    /// If the host cannot be started.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.crash().await?;
        self.clock.advance(LEASE);
        self.boot().await
    }

    /// Do what can be done now, but crash as soon as a vendor has carried out a call that had an
    /// effect, before its answer comes; so many of them pass before. Returns whether everything was
    /// done without that. The host is down afterwards.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn crash_at_effect(&mut self, pass: u64) -> anyhow::Result<bool> {
        for frame in self.frames() {
            frame.holds().arm(Moment::After, pass, |call| {
                call.effects.iter().any(|effect| is_work(effect))
            });
        }
        let done = loop {
            self.deliveries().await;
            let running = self.host.as_ref().context("the host is down")?;
            let runtime = running.runtime.as_ref().context("the host is down")?;
            let under_way = runtime.spawn(work(Arc::clone(&running.host.core)));
            tokio::pin!(under_way);
            let done = tokio::select! {
                done = &mut under_way => done??,
                () = self.caught() => {
                    under_way.abort();
                    break false;
                }
            };
            if done == 0 {
                break true;
            }
        };
        self.crash().await?;
        for frame in self.frames() {
            frame.holds().release();
        }
        Ok(done)
    }

    /// Returns once a simulator holds a call.
    async fn caught(&self) {
        let [canto, iconik, engine] = self.frames().map(|frame| frame.holds().caught());
        tokio::select! {
            () = canto => {}
            () = iconik => {}
            () = engine => {}
        }
    }

    /// The engine of the host.
    ///
    /// # Panics
    /// While the host is down.
    #[must_use]
    #[expect(
        clippy::expect_used,
        reason = "a test that asks a host that is down is wrong"
    )]
    pub fn core(&self) -> &Arc<Core> {
        &self.host.as_ref().expect("the host is up").host.core
    }

    /// Address of the API.
    #[must_use]
    pub fn address(&self) -> String {
        self.host
            .as_ref()
            .map(|running| running.address.clone())
            .unwrap_or_default()
    }

    fn connect_canto_webhooks(&self) {
        self.canto.remove_hooks();
        for (event, endpoint) in [
            ("upload", "upload"),
            ("update-metadata", "update-metadata"),
            ("delete-asset", "delete"),
            ("new-version", "new-version"),
            ("assign-album", "assign-to-album"),
            ("remove-album", "remove-from-album"),
        ] {
            let url = format!("{}/hooks/{CANTO}/{endpoint}", self.address());
            self.canto.add_hook(event, &url, WEBHOOK_TOKEN);
        }
    }
}
