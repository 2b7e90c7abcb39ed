//! The host: all rooms put together.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use forebay_config::{
    Bootstrap, Configuration, ConfiguredConnection, Document, Problem, Problems, SchemaSet,
    Severity, Sources, StoreSettings,
};
use forebay_egress::{Connection, ConnectionPolicy, Egress};
use forebay_engine::{Core, Parts, Topology};
use forebay_model::ports::Guests as _;
use forebay_model::{ConnectionName, Digest, SharedClock, SystemClock};
use forebay_sandbox::Registry;
use forebay_store::Store;
use forebay_store::sqlite::{SqliteOptions, SqliteStore, StoreKey};
use serde_json::Value;

use crate::gate::SecretGate;
use crate::plugins::Shelf;

/// Rooms that live as long as the process; what is configured in them may be replaced.
pub struct Host {
    /// The engine.
    pub core: Arc<Core>,
    /// Loaded components.
    pub registry: Registry,
    /// Ways out, by connection.
    pub egress: Arc<Egress>,
    /// Webhook secrets.
    pub gate: Arc<SecretGate>,
    /// The clock of all rooms.
    pub clock: SharedClock,
    /// What each connection was made from, so that one that has not changed keeps its tokens, its
    /// breaker and its budgets over a reload.
    made_from: Mutex<BTreeMap<ConnectionName, Digest>>,
}

/// Schemas of the sections that other rooms own.
pub fn schemas() -> SchemaSet {
    SchemaSet {
        limits: schema_of::<forebay_sandbox::Limits>(),
        egress: schema_of::<forebay_egress::Options>(),
        engine: schema_of::<forebay_engine::Options>(),
        http: schema_of::<forebay_api::Options>(),
    }
}

fn schema_of<T: schemars::JsonSchema>() -> Value {
    schemars::schema_for!(T).to_value()
}

/// Read a configuration file as far as it can be read without plugins.
pub fn read(path: &Path) -> Result<(Document, Bootstrap), Problems> {
    read_from(&Sources::process(), path)
}

/// Read a configuration file with the secrets of these sources.
///
/// # Errors
/// All problems that stand in the host's own sections.
pub fn read_from(sources: &Sources, path: &Path) -> Result<(Document, Bootstrap), Problems> {
    let document = sources.load(path)?;
    let bootstrap = document.bootstrap(&schemas())?;
    Ok((document, bootstrap))
}

/// Take in the plugins that a configuration needs to be validated.
pub async fn open_registry(
    bootstrap: &Bootstrap,
    egress: &Arc<Egress>,
    clock: &SharedClock,
) -> anyhow::Result<Registry> {
    let options = forebay_sandbox::Options {
        plugin_dir: bootstrap.host.plugin_dir.clone(),
        data_dir: bootstrap.host.data_dir.clone(),
        limits: section(&bootstrap.limits).context("[limits]")?,
        clock: Arc::clone(clock),
        outbound: Arc::clone(egress) as _,
    };
    Ok(Registry::open(options).await?)
}

/// A section as the structure of the room that owns it.
///
/// # Errors
/// If the checked section does not fit, which would be a defect.
pub fn section<T: serde::de::DeserializeOwned>(value: &Value) -> anyhow::Result<T> {
    Ok(serde_json::from_value(value.clone())?)
}

impl Host {
    /// Put the rooms together over a configuration that was validated against the registry.
    pub async fn assemble(
        configuration: &Configuration,
        registry: Registry,
        egress: Arc<Egress>,
        clock: SharedClock,
    ) -> anyhow::Result<Self> {
        let store = open_store(configuration).await?;
        Self::over(configuration, registry, egress, clock, store)
    }

    /// Put the rooms together for a check: over a store that is thrown away, so that it works while
    /// a host serves.
    pub async fn detached(
        configuration: &Configuration,
        registry: Registry,
        egress: Arc<Egress>,
        clock: SharedClock,
    ) -> anyhow::Result<(Self, tempfile::TempDir)> {
        let folder = tempfile::tempdir().context("no temporary folder")?;
        let options = SqliteOptions::new(folder.path().join("check.db"));
        let store = tokio::task::spawn_blocking(|| SqliteStore::open(options)).await??;
        let host = Self::over(configuration, registry, egress, clock, store)?;
        Ok((host, folder))
    }

    fn over(
        configuration: &Configuration,
        registry: Registry,
        egress: Arc<Egress>,
        clock: SharedClock,
        store: Arc<dyn Store>,
    ) -> anyhow::Result<Self> {
        let gate = Arc::new(SecretGate::default());
        let core = Core::new(Parts {
            store,
            guests: Arc::new(registry.clone()),
            gate: Arc::clone(&gate) as _,
            clock: Arc::clone(&clock),
            options: engine_options(configuration)?,
            owner: format!("host-{}", std::process::id()),
            public_url: configuration
                .host
                .public_url
                .as_ref()
                .map(|url| url.as_str().trim_end_matches('/').to_owned()),
        });
        Ok(Self {
            core,
            registry,
            egress,
            gate,
            clock,
            made_from: Mutex::default(),
        })
    }

    /// Take up a validated configuration: connections, webhook secrets, flows.
    ///
    /// Connections are replaced before flows, so that no run meets a flow whose connection is not
    /// there yet.
    pub async fn apply(&self, configuration: &Configuration) -> anyhow::Result<()> {
        let known: Vec<_> = self
            .egress
            .all()
            .iter()
            .map(|known| known.name().clone())
            .collect();
        self.connect(configuration)?;
        let configured = configuration.connections.iter();
        let guarded = configured.clone().filter_map(|connection| {
            let plugin = self.registry.current(&connection.spec.plugin)?;
            let endpoints = plugin.connector()?.webhooks.clone();
            Some((
                connection.spec.name.clone(),
                endpoints,
                connection.secrets.clone(),
            ))
        });
        self.gate.replace(guarded.collect::<Vec<_>>());
        for name in known
            .iter()
            .filter(|name| !configured.clone().any(|c| c.spec.name == **name))
        {
            self.egress.remove(name);
        }
        let specs = configured
            .map(|connection| connection.spec.clone())
            .collect();
        self.core
            .configure(Topology::new(configuration.flows.clone(), specs))
            .await?;
        Ok(())
    }
}

impl Host {
    /// Set up a way out for each connection that is new or has changed.
    fn connect(&self, configuration: &Configuration) -> anyhow::Result<()> {
        let options: forebay_egress::Options =
            section(&configuration.sections.egress).context("[egress]")?;
        let mut made_from = self
            .made_from
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for configured in &configuration.connections {
            let name = &configured.spec.name;
            let policy = policy(configured, &self.registry)
                .with_context(|| format!("no connector for the connection {name}"))?;
            let fingerprint = fingerprint(&policy, &options);
            if made_from.get(name) == Some(&fingerprint) && self.egress.get(name).is_some() {
                continue;
            }
            let made = Connection::new(policy, options.clone(), Arc::clone(&self.clock));
            let connection = made.map_err(|problems| {
                anyhow::anyhow!("connection {name}: {}", problems.join("; "))
            })?;
            for warning in connection.warnings() {
                tracing::warn!(connection = %name, "{warning}");
            }
            self.egress.put(connection);
            made_from.insert(name.clone(), fingerprint);
        }
        Ok(())
    }
}

/// What the engine goes by, from the sections that concern it.
fn engine_options(configuration: &Configuration) -> anyhow::Result<forebay_engine::Options> {
    let options: forebay_engine::Options =
        section(&configuration.sections.engine).context("[engine]")?;
    Ok(forebay_engine::Options {
        retention: configuration.retention,
        backups: Some(forebay_engine::BackupOptions {
            directory: configuration.backup.directory.clone(),
            allow_absolute: configuration.backup.allow_absolute,
        }),
        ..options
    })
}

/// A digest of everything that a connection is made from.
fn fingerprint(policy: &ConnectionPolicy, options: &forebay_egress::Options) -> Digest {
    let secrets: Vec<_> = policy.secrets.pairs().collect();
    let parts = format!(
        "{:?} {} {:?} {:?} {secrets:?} {options:?}",
        policy.info, policy.settings, policy.allow_hosts, policy.allow_private
    );
    Digest::of(parts.as_bytes())
}

async fn open_store(configuration: &Configuration) -> anyhow::Result<Arc<dyn Store>> {
    let settings = &configuration.store;
    if let Some(parent) = settings.path.parent() {
        std::fs::create_dir_all(parent)
            .with_context(|| format!("the folder {} cannot be made", parent.display()))?;
    }
    let options = SqliteOptions {
        max_batch: usize::try_from(settings.group_commit.max_writes).unwrap_or(usize::MAX),
        linger: settings.group_commit.wait,
        check_up_to: settings.check_up_to,
        key: store_keys(settings)?.into_iter().next(),
        ..SqliteOptions::new(&settings.path)
    };
    Ok(tokio::task::spawn_blocking(|| SqliteStore::open(options)).await??)
}

/// The keys of the store, the one in force first.
///
/// # Errors
/// If one is no key.
pub fn store_keys(settings: &StoreSettings) -> anyhow::Result<Vec<StoreKey>> {
    let written = settings.keys.pairs();
    let keys = written.map(|(_, text)| StoreKey::from_base64(text));
    keys.collect::<Result<_, _>>().context("store.key")
}

/// Are the keys of the store keys?
fn check_store_keys(document: &Document, configuration: &Configuration) -> Option<Problem> {
    let error = store_keys(&configuration.store).err()?;
    let mend = "make one with `openssl rand -base64 32`, and keep it where the backups are not";
    let message = error.root_cause().to_string();
    Some(document.problem("store.key", Severity::Error, &message, mend))
}

fn policy(connection: &ConfiguredConnection, registry: &Registry) -> Option<ConnectionPolicy> {
    let plugin = registry.current(&connection.spec.plugin)?;
    Some(ConnectionPolicy {
        name: connection.spec.name.clone(),
        settings: connection.spec.settings.clone(),
        info: plugin.connector()?.clone(),
        secrets: connection.secrets.clone(),
        allow_hosts: connection.allow_hosts.clone(),
        allow_private: connection.allow_private.clone(),
        extra_roots: None,
    })
}

/// Everything that can be said about a configuration without asking the vendors: the schema, the
/// plugins' schemas, the fit of components, the egress policy, and the handlers' own checks.
///
/// # Errors
/// All problems at once.
pub async fn validate(
    document: &Document,
    registry: &Registry,
    clock: &SharedClock,
) -> Result<Configuration, Problems> {
    let shelf = Shelf(registry.clone());
    let validated = document.validate(&schemas(), &shelf);
    // Flows that can be read are checked by their handlers even if something else is wrong, so that
    // a person sees everything at once.
    let flows = match &validated {
        Ok(configuration) => configuration.flows.clone(),
        Err(_) => document.readable_flows(&shelf),
    };
    let mut problems = check_flows(document, registry, clock, &flows).await;
    match validated {
        Ok(mut configuration) => {
            problems.extend(check_fit(document, registry, &configuration).await);
            problems.extend(check_egress(document, registry, clock, &configuration));
            problems.extend(check_store_keys(document, &configuration));
            if problems
                .iter()
                .any(|problem| problem.severity == Severity::Error)
            {
                return Err(problems.into_iter().collect());
            }
            configuration.warnings.extend(problems);
            for warning in &configuration.warnings {
                tracing::warn!("{warning}");
            }
            Ok(configuration)
        }
        Err(found) => {
            problems.extend(found.iter().cloned());
            Err(problems.into_iter().collect())
        }
    }
}

/// The handlers' own checks, without probing.
async fn check_flows(
    document: &Document,
    registry: &Registry,
    clock: &SharedClock,
    flows: &[forebay_model::flow::FlowSpec],
) -> Vec<Problem> {
    let mut problems = Vec::new();
    for flow in flows {
        let Some(handler) = registry.current(&flow.handler) else {
            continue;
        };
        let broker = Arc::new(forebay_engine::preflight::Unconnected { now: clock.now() });
        let config = flow.config.to_string();
        match registry
            .check_flow(&handler.digest, &config, false, broker)
            .await
        {
            Ok(findings) => problems.extend(
                findings
                    .iter()
                    .map(|finding| document.finding(&flow.name, finding)),
            ),
            Err(error) => problems.push(document.problem(
                &format!("flows.{}.config", flow.name),
                Severity::Error,
                &format!("the handler cannot check it: {error}"),
                "see the log of the plugin",
            )),
        }
    }
    problems
}

/// Do the components of each flow fit together, type by type?
async fn check_fit(
    document: &Document,
    registry: &Registry,
    configuration: &Configuration,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    for flow in &configuration.flows {
        let Some(handler) = registry.current(&flow.handler) else {
            continue;
        };
        let mut bound = BTreeMap::new();
        for (role, connection) in &flow.connections {
            let mut configured = configuration.connections.iter();
            let found = configured.find(|candidate| candidate.spec.name == *connection);
            if let Some(plugin) = found.and_then(|found| registry.current(&found.spec.plugin)) {
                bound.insert(role.clone(), plugin);
            }
        }
        let path = format!("flows.{}.connections", flow.name);
        for message in registry.binding_problems(&handler, &bound).await {
            let mend =
                "bind a connection whose plugin offers it, or use plugins of matching versions";
            problems.push(document.problem(&path, Severity::Error, &message, mend));
        }
    }
    problems
}

/// Can each connection's way out be set up?
fn check_egress(
    document: &Document,
    registry: &Registry,
    clock: &SharedClock,
    configuration: &Configuration,
) -> Vec<Problem> {
    let Ok(options) = section::<forebay_egress::Options>(&configuration.sections.egress) else {
        return Vec::new();
    };
    let mut problems = Vec::new();
    for connection in &configuration.connections {
        let Some(policy) = policy(connection, registry) else {
            continue;
        };
        let path = format!("connections.{}", connection.spec.name);
        match Connection::new(policy, options.clone(), Arc::clone(clock)) {
            Ok(connection) => problems.extend(connection.hosts_not_allowed().iter().map(|host| {
                let path = format!("{path}.allow_hosts");
                let message = format!(
                    "the connector asks for {host}, which allow_hosts does not allow in full"
                );
                let mend = "add it, unless the connection can do without";
                document.problem(&path, Severity::Warning, &message, mend)
            })),
            Err(found) => problems.extend(found.iter().map(|message| {
                let mend = "set what is named here";
                document.problem(&path, Severity::Error, message, mend)
            })),
        }
    }
    problems
}

/// The machine's clock.
pub fn system_clock() -> SharedClock {
    Arc::new(SystemClock)
}
