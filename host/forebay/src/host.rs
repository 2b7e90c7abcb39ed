//! The host: all rooms put together. `validate` says whether they can be, `ways` sets up the ways out.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use forebay_config::{
    Bootstrap, Configuration, Document, Problems, SchemaSet, Sources, StoreSettings,
};
use forebay_egress::Egress;
use forebay_engine::{Core, Parts, Topology};
use forebay_model::ports::Guests as _;
use forebay_model::{SharedClock, SystemClock};
use forebay_sandbox::Registry;
use forebay_store::Store;
use forebay_store::sqlite::{SqliteOptions, SqliteStore, StoreKey};
use serde_json::Value;

use crate::gate::SecretGate;
use crate::ways;

pub use crate::validate::validate;

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
    /// What each way out was made from.
    made: ways::Made,
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
            made: ways::Made::default(),
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
        self.made
            .connect(configuration, &self.registry, &self.egress, &self.clock)?;
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

/// The machine's clock.
pub fn system_clock() -> SharedClock {
    Arc::new(SystemClock)
}
