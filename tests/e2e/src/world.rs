//! The host and its vendors in one process, on virtual time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use forebay::host::{self, Host};
use forebay::plugins::Shelf;
use forebay_api::{Api, ApiKey, Scope};
use forebay_config::{Environment, Sources};
use forebay_egress::Egress;
use forebay_model::run::Run;
use forebay_model::{ConnectionName, SharedClock, Timestamp, VirtualClock};
use forebay_simulators::canto::{self, Canto, CantoOptions};
use forebay_simulators::iconik::{self, Iconik, IconikOptions};
use forebay_simulators::opentext::{OpenText, OpenTextOptions, Settings};
use forebay_store::query::{PageRequest, RunFilter};
use serde_json::{Map, Value};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// Connection to Canto.
pub const CANTO: &str = "canto-main";
/// Connection to iconik.
pub const ICONIK: &str = "iconik-main";
/// Connection to the workflow engine.
pub const ENGINE: &str = "otwf-main";
/// A brand reviewer.
pub const ANN: &str = "ann@example.test";
/// A lawyer.
pub const CARA: &str = "cara@example.test";
/// A lawyer for Germany, Austria and Switzerland, and a regional reviewer.
pub const DIRK: &str = "dirk@example.test";

/// Every value that nobody but host and vendor may see.
pub const SECRETS: [&str; 7] = [
    canto::DEFAULT_APP_SECRET,
    WEBHOOK_TOKEN,
    iconik::DEFAULT_AUTH_TOKEN,
    ICONIK_WEBHOOK_SECRET,
    ENGINE_CLIENT_SECRET,
    ENGINE_CALLBACK_SECRET,
    API_KEY,
];
/// Secret of webhooks that the host registers at iconik.
const ICONIK_WEBHOOK_SECRET: &str = "iconik-webhook-secret-of-the-tests";
/// Secret of the client at the workflow engine; what the simulator knows.
const ENGINE_CLIENT_SECRET: &str = "test-client-secret";
/// Secret that callbacks of processes carry.
const ENGINE_CALLBACK_SECRET: &str = "callback-secret-of-the-tests";
/// Token that Canto's webhooks carry.
const WEBHOOK_TOKEN: &str = "canto-webhook-token-of-the-tests";
/// Key of the API.
const API_KEY: &str = "key-of-the-end-to-end-tests";
/// Monday, 2026-11-16, 09:00 UTC: the working week begins.
const START: Timestamp = Timestamp(1_794_819_600_000);

/// Longer than a claim of a run holds, so that a host started again takes over at once.
const LEASE: Duration = Duration::from_secs(60);
/// Longest wait for the work of a crashed host to stop; it stops at its next await.
const CRASH_TIMEOUT: Duration = Duration::from_secs(20);

/// What a vendor answers is no failure of the host.
fn refused_or(result: forebay_engine::Result<()>) -> anyhow::Result<()> {
    match result {
        Err(forebay_engine::Error::Capability(_)) => Ok(()),
        result => Ok(result?),
    }
}

/// How to set up a world.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// Lines for the configuration of the flow `canto-1`, TOML below `[flows.canto-1.config]`.
    pub canto_flow: Option<String>,
    /// Lines for the configuration of the flow `iconik-1`.
    pub iconik_flow: Option<String>,
    /// Webhooks are not delivered: only polls find out.
    pub poll_only: bool,
}

/// The host and its vendors.
pub struct World {
    /// The time of all.
    pub clock: VirtualClock,
    /// Canto.
    pub canto: Canto,
    /// iconik.
    pub iconik: Iconik,
    /// The workflow engine.
    pub engine: OpenText,
    /// The host; `None` while it is down.
    host: Option<Running>,
    poll_only: bool,
    folder: TempDir,
}

/// A host that is up.
struct Running {
    host: Host,
    /// As long as this stands the host is ready.
    _stop: watch::Sender<bool>,
    address: String,
    server: tokio::task::JoinHandle<()>,
    /// The engine's work is done here, so that a crash ends it wherever it is.
    runtime: Option<Runtime>,
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Everything that can be done now: deliveries normalised, events routed, activations run. Returns
/// how much there was.
async fn work(core: Arc<forebay_engine::Core>) -> forebay_engine::Result<u32> {
    let done = core.normalise_webhooks().await? + core.route_events().await?;
    Ok(done + core.run_activations().await?)
}

impl World {
    /// Vendors, then a host that is configured for them.
    ///
    /// # Errors
    /// If something cannot be started.
    pub async fn start(setup: Setup) -> anyhow::Result<Self> {
        let _ = tracing_subscriber::fmt()
            .with_test_writer()
            .with_env_filter("warn,forebay_engine=info")
            .try_init();
        let clock = VirtualClock::new(START);
        let canto = Canto::start(CantoOptions {
            clock: clock.clone().into(),
            ..Default::default()
        });
        let iconik = Iconik::start(IconikOptions {
            clock: clock.clone().into(),
            ..Default::default()
        });
        let options = OpenTextOptions {
            clock: clock.clone().into(),
            addr: None,
            settings: Settings::default(),
        };
        let mut world = Self {
            canto: canto.await.context("Canto")?,
            iconik: iconik.await.context("iconik")?,
            engine: OpenText::start(options).await.context("OpenText")?,
            clock,
            host: None,
            poll_only: setup.poll_only,
            folder: tempfile::tempdir()?,
        };
        world.configure(&setup)?;
        world.boot().await?;
        // Every connection's first poll only notes where it starts.
        world.poll_all().await?;
        world.settle().await?;
        Ok(world)
    }

    fn config_path(&self) -> PathBuf {
        self.folder.path().join("forebay.toml")
    }

    fn configure(&self, setup: &Setup) -> anyhow::Result<()> {
        let data = crate::files::shared_data_dir()?;
        let plugins = crate::files::plugins_dir()?;
        let (canto, iconik, engine) = (
            self.canto.base_url(),
            self.iconik.base_url(),
            self.engine.base_url(),
        );
        let mut text = format!(
            r#"
[host]
listen = "127.0.0.1:0"
data_dir = {data:?}
plugin_dir = {plugins:?}

[store]
path = {store:?}

[connections.{CANTO}]
plugin = "canto"
allow_hosts = ["{canto}"]
settings = {{ base_url = "{canto}", oauth_url = "{canto}", integration_user = "Forebay Integration" }}
secrets = {{ app_id = {{ env = "CANTO_APP_ID" }}, app_secret = {{ env = "CANTO_APP_SECRET" }}, webhook_token = {{ env = "CANTO_WEBHOOK_TOKEN" }} }}

[connections.{ICONIK}]
plugin = "iconik"
allow_hosts = ["{iconik}"]
settings = {{ base_url = "{iconik}", metadata_view = "{view}", integration_user = "{user}" }}
secrets = {{ app_id = {{ env = "ICONIK_APP_ID" }}, auth_token = {{ env = "ICONIK_AUTH_TOKEN" }}, webhook_secret = {{ env = "ICONIK_WEBHOOK_SECRET" }} }}

[connections.{ENGINE}]
plugin = "opentext-workflow"
allow_hosts = ["{engine}"]
settings = {{ base_url = "{engine}", tenant = "test-tenant", user_path = "/workflow/v1/identity/users/{{id}}", group_path = "/workflow/v1/identity/groups/{{id}}" }}
secrets = {{ client_id = {{ env = "OT_CLIENT_ID" }}, client_secret = {{ env = "OT_CLIENT_SECRET" }}, callback_secret = {{ env = "OT_CALLBACK_SECRET" }} }}
poll = {{ interval = "60s", overlap = "5m" }}
"#,
            store = self.folder.path().join("forebay.db"),
            view = self.iconik.workflow_view(),
            user = iconik::INTEGRATION_USER,
        );
        for (name, dam, lines) in [
            ("canto-1", CANTO, &setup.canto_flow),
            ("iconik-1", ICONIK, &setup.iconik_flow),
        ] {
            let Some(lines) = lines else { continue };
            text.push_str(&format!(
                "\n[flows.{name}]\nhandler = \"approval\"\nconnections = {{ dam = \"{dam}\", workflow = \"{ENGINE}\" }}\n\n[flows.{name}.config]\nkey_prefix = \"{name}\"\n{lines}\n"
            ));
        }
        std::fs::write(self.config_path(), text)?;
        Ok(())
    }

    fn sources() -> Sources {
        Sources::with(Environment::fixed([
            ("CANTO_APP_ID", canto::DEFAULT_APP_ID),
            ("CANTO_APP_SECRET", canto::DEFAULT_APP_SECRET),
            ("CANTO_WEBHOOK_TOKEN", WEBHOOK_TOKEN),
            ("ICONIK_APP_ID", iconik::DEFAULT_APP_ID),
            ("ICONIK_AUTH_TOKEN", iconik::DEFAULT_AUTH_TOKEN),
            ("ICONIK_WEBHOOK_SECRET", ICONIK_WEBHOOK_SECRET),
            ("OT_CLIENT_ID", "test-client"),
            ("OT_CLIENT_SECRET", ENGINE_CLIENT_SECRET),
            ("OT_CALLBACK_SECRET", ENGINE_CALLBACK_SECRET),
        ]))
    }

    /// Start the host over whatever its store holds.
    ///
    /// # Errors
    /// If its configuration is refused or a room cannot be started.
    pub async fn boot(&mut self) -> anyhow::Result<()> {
        let clock: SharedClock = Arc::new(self.clock.clone());
        let egress = Arc::new(Egress::default());
        let (document, bootstrap) = host::read_from(&Self::sources(), &self.config_path())
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
        if !self.poll_only {
            // The host has another address after each start.
            self.core().arm_webhooks().await;
            self.connect_canto_webhooks();
        }
        Ok(())
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

    /// Do what can be done now, but crash as soon as a vendor has seen this many more effects.
    /// Returns whether everything was done before that. The host is down afterwards.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn crash_at_effect(&mut self, number: u64) -> anyhow::Result<bool> {
        let wanted = self.effects_in_all() + number;
        let done = loop {
            self.deliveries().await;
            let running = self.host.as_ref().context("the host is down")?;
            let runtime = running.runtime.as_ref().context("the host is down")?;
            let under_way = runtime.spawn(work(Arc::clone(&running.host.core)));
            while !under_way.is_finished() && self.effects_in_all() < wanted {
                tokio::task::yield_now().await;
            }
            if self.effects_in_all() >= wanted {
                under_way.abort();
                break false;
            }
            if under_way.await?? == 0 {
                break true;
            }
        };
        self.crash().await?;
        Ok(done)
    }

    /// Effects at all vendors, those of signing in aside.
    fn effects_in_all(&self) -> u64 {
        self.effects().values().sum()
    }

    /// Effects that the host had at the vendors, by vendor and name; fetching tokens and looking
    /// after webhooks are none.
    #[must_use]
    pub fn effects(&self) -> BTreeMap<String, u64> {
        let frames = [self.canto.frame(), self.iconik.frame(), self.engine.frame()];
        let all = frames.into_iter().flat_map(|frame| {
            let effects = frame.recorder().all_effects().into_iter();
            effects.map(|(effect, count)| (format!("{}: {effect}", frame.name()), count))
        });
        all.filter(|(effect, _)| !effect.ends_with("-token") && !effect.ends_with("-webhook"))
            .collect()
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
    pub fn core(&self) -> &Arc<forebay_engine::Core> {
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
        ] {
            let url = format!("{}/hooks/{CANTO}/{endpoint}", self.address());
            self.canto.add_hook(event, &url, WEBHOOK_TOKEN);
        }
    }

    /// Poll every connection once.
    ///
    /// # Errors
    /// If a poll fails.
    pub async fn poll_all(&self) -> anyhow::Result<()> {
        for name in [CANTO, ICONIK, ENGINE] {
            self.poll(name).await?;
        }
        Ok(())
    }

    /// Poll a connection.
    ///
    /// # Errors
    /// If the poll fails.
    pub async fn poll(&self, connection: &str) -> anyhow::Result<()> {
        let name = ConnectionName::from(connection);
        self.core()
            .poll(&name)
            .await
            .with_context(|| format!("poll of {connection}"))?;
        Ok(())
    }

    /// Let everything happen that can happen now: deliveries arrive, events are routed, runs go on.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn settle(&self) -> anyhow::Result<()> {
        let running = self.host.as_ref().context("the host is down")?;
        let runtime = running.runtime.as_ref().context("the host is down")?;
        loop {
            self.deliveries().await;
            if runtime
                .spawn(work(Arc::clone(&running.host.core)))
                .await??
                == 0
            {
                return Ok(());
            }
        }
    }

    /// Until vendors have sent all they had to send.
    async fn deliveries(&self) {
        self.canto.frame().courier().idle().await;
        self.iconik.frame().courier().idle().await;
    }

    /// Let time pass in steps of this length while vendors may refuse to serve: a poll that fails is
    /// made again at the next step, and refused connections are checked, as the service does.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn endure(&self, total: Duration, step: Duration) -> anyhow::Result<()> {
        let end = self.clock_now().plus(total);
        while self.clock_now() < end {
            self.clock.advance(step.min(end.since(self.clock_now())));
            for name in [CANTO, ICONIK, ENGINE] {
                let connection = ConnectionName::from(name);
                refused_or(self.core().check_connection(&connection).await.map(drop))?;
                refused_or(self.core().poll(&connection).await.map(drop))?;
            }
            self.settle().await?;
        }
        Ok(())
    }

    /// Let time pass in steps of this length, polling and settling after each.
    ///
    /// # Errors
    /// If a poll or the store fails.
    pub async fn pass(&self, total: Duration, step: Duration) -> anyhow::Result<()> {
        let end = self.clock_now().plus(total);
        while self.clock_now() < end {
            self.clock.advance(step.min(end.since(self.clock_now())));
            self.poll_all().await?;
            self.settle().await?;
        }
        Ok(())
    }

    /// A minute passes.
    ///
    /// # Errors
    /// If a poll or the store fails.
    pub async fn minute(&self) -> anyhow::Result<()> {
        self.pass(Duration::from_secs(60), Duration::from_secs(60))
            .await
    }

    /// The time.
    #[must_use]
    pub fn clock_now(&self) -> Timestamp {
        forebay_model::Clock::now(&self.clock)
    }

    /// All runs, newest first.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn runs(&self) -> anyhow::Result<Vec<Run>> {
        let page = PageRequest {
            cursor: None,
            limit: 500,
        };
        Ok(self
            .core()
            .store()
            .runs(RunFilter::default(), page)
            .await?
            .items)
    }

    /// The one run there is.
    ///
    /// # Errors
    /// If there are none or several.
    pub async fn run(&self) -> anyhow::Result<Run> {
        let mut runs = self.runs().await?;
        match (runs.pop(), runs.len()) {
            (Some(run), 0) => Ok(run),
            (_, more) => bail!(
                "expected one run, found {}",
                more + usize::from(!runs.is_empty())
            ),
        }
    }

    /// Decide the open task of this name (the stage) as a person.
    ///
    /// # Errors
    /// If there is no such task or the engine refuses.
    pub fn decide(
        &self,
        stage: &str,
        person: &str,
        outcome: &str,
        variables: &[(&str, &str)],
    ) -> anyhow::Result<()> {
        let processes = self.engine.all_processes();
        let mut tasks = processes
            .iter()
            .flat_map(|process| self.engine.open_tasks(&process.id));
        let task = tasks.find(|task| task.name == stage);
        let task = task.with_context(|| format!("no open task `{stage}`"))?;
        let variables: Map<String, Value> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
            .collect();
        self.engine
            .decide(&task.id, person, outcome, &variables)
            .map_err(|error| anyhow::anyhow!("{error:?}"))
    }

    /// Names of all open tasks.
    #[must_use]
    pub fn open_stages(&self) -> Vec<String> {
        let processes = self.engine.all_processes();
        let tasks = processes
            .iter()
            .flat_map(|process| self.engine.open_tasks(&process.id));
        tasks.map(|task| task.name).collect()
    }

    /// Review processes ever started.
    #[must_use]
    pub fn reviews_started(&self) -> usize {
        let processes = self.engine.all_processes();
        processes
            .iter()
            .filter(|process| process.definition == "assetApproval")
            .count()
    }

    /// Audit actions of a run, in order.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn audit(&self, run: &Run) -> anyhow::Result<Vec<forebay_model::audit::AuditEntry>> {
        let page = PageRequest {
            cursor: None,
            limit: 500,
        };
        let records = self
            .core()
            .store()
            .audit_records(Some(&run.id), page)
            .await?;
        Ok(records
            .items
            .into_iter()
            .map(|record| record.entry)
            .collect())
    }

    /// Read a resource of the API, with a key that may do everything: status and text.
    ///
    /// # Errors
    /// If nobody answers; any status is an answer.
    pub async fn get(&self, path: &str) -> anyhow::Result<(u16, String)> {
        let url = format!("{}{path}", self.address());
        let call = move || -> anyhow::Result<(u16, String)> {
            let agent: ureq::Agent = ureq::Agent::config_builder()
                .http_status_as_error(false)
                .build()
                .into();
            let request = agent
                .get(url)
                .header("Authorization", format!("Bearer {API_KEY}"));
            let mut response = request.call()?;
            Ok((
                response.status().as_u16(),
                response.body_mut().read_to_string()?,
            ))
        };
        tokio::task::spawn_blocking(call).await?
    }

    /// The folder of this world.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}
