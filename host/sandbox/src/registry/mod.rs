//! The plugins of this host: the directory operators drop files into, the files kept for the runs
//! that need them, and which of them are current.
//!
//! [`load`] tells what a file goes through, [`scan`] when, [`kept`] where it stays, [`unused`] until
//! when.

mod catalog;
mod directory;
mod kept;
mod load;
mod scan;
mod unused;
mod watch;

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use forebay_egress::Outbound;
use forebay_model::plugin::{Plugin, Quarantined};
use forebay_model::ports::GuestError;
use forebay_model::{Digest, SharedClock};
use tokio::sync::{Mutex, Semaphore, watch as channel};
use wasmtime::Engine;

use crate::call::Caller;
use crate::engine;
use crate::error::{Error, Refusal};
use crate::limits::Limits;
use crate::link::Linkers;
use crate::loaded::Loaded;

pub use kept::Kept;

use catalog::Catalog;
use directory::Directory;
use scan::Progress;
use watch::Watch;

/// How to set up a [`Registry`].
pub struct Options {
    /// The directory operators drop components into. It is made if it is not there.
    pub plugin_dir: PathBuf,
    /// The host's own directory; `plugins` and `cache` below it belong to the sandbox.
    pub data_dir: PathBuf,
    /// Limits.
    pub limits: Limits,
    /// What guests and log budgets take the time from.
    pub clock: SharedClock,
    /// Where connectors' requests go.
    pub outbound: Arc<dyn Outbound>,
}

/// The loaded components. Cheap to clone; all clones are one registry.
///
/// Calls into guests are made through [`forebay_model::ports::Guests`], which it implements.
#[derive(Clone)]
pub struct Registry {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) caller: Caller,
    linkers: Linkers,
    directory: Directory,
    kept: Kept,
    /// What verdicts of this host are signed with.
    judge: String,
    catalog: RwLock<Catalog>,
    /// One scan at a time, and what earlier scans saw.
    progress: Mutex<Progress>,
    /// Compilations at once.
    compiling: Arc<Semaphore>,
    /// Counts changes of the catalog.
    changes: channel::Sender<u64>,
    watch: OnceLock<Watch>,
}

impl Registry {
    /// Open the directories, take in every file that is there, and go on watching.
    ///
    /// # Errors
    /// A directory cannot be used, one of them can be written by everybody, or the engine
    /// does not start. Bad files are no error; they are listed by [`Registry::quarantined`].
    pub async fn open(options: Options) -> Result<Self, Error> {
        let directory = Directory::open(&options.plugin_dir)?;
        let kept = Kept::below(&options.data_dir)?;
        let cache = options.data_dir.join("cache");
        // Held by nobody: the engine opens it by its path.
        directory::open_own(&cache)?;
        let engine = engine::build(&options.limits, &cache)?;
        let linkers = Linkers::new(&engine)?;
        let compiling = Semaphore::new(Limits::size(options.limits.compile_concurrency.into()));
        let judge = judge(&engine, &options.limits);
        let caller = Caller::new(engine, options.limits, options.clock, options.outbound);
        let catalog = Catalog::restore(&kept, &judge);
        let inner = Arc::new(Inner {
            caller,
            linkers,
            directory,
            kept,
            judge,
            catalog: RwLock::new(catalog),
            progress: Mutex::default(),
            compiling: Arc::new(compiling),
            changes: channel::Sender::new(0),
            watch: OnceLock::new(),
        });
        inner.scan(scan::Patience::None).await;
        let watch = Watch::start(&inner, &options.plugin_dir);
        let _ = inner.watch.set(watch);
        Ok(Self { inner })
    }

    /// Current plugins, by name.
    #[must_use]
    pub fn list(&self) -> Vec<Arc<Plugin>> {
        self.inner.catalog().current_plugins()
    }

    /// Files that are kept out, by file name.
    #[must_use]
    pub fn quarantined(&self) -> Vec<Quarantined> {
        self.inner.catalog().quarantined()
    }

    /// Learn of changes: the value counts them. What changed is in [`Registry::list`] and
    /// [`Registry::quarantined`].
    #[must_use]
    pub fn subscribe(&self) -> channel::Receiver<u64> {
        self.inner.changes.subscribe()
    }

    /// Look at the directory now and take in every change, without waiting for files to settle.
    pub async fn rescan(&self) {
        self.inner.scan(scan::Patience::None).await;
    }

    /// Would this file be accepted? Everything but the question whether its name is taken; nothing
    /// is kept.
    ///
    /// # Errors
    /// Why it would not.
    pub async fn validate_file(&self, file: &str, bytes: Vec<u8>) -> Result<Plugin, Refusal> {
        let digest = Digest::of(&bytes);
        let judged = self.inner.load(file, digest, bytes).await;
        judged.map(|(plugin, _)| plugin)
    }

    /// Load an accepted plugin, also one that was replaced or removed since.
    ///
    /// # Errors
    /// It was never accepted, or its kept file is damaged or does not load any more.
    pub async fn ensure(&self, digest: &Digest) -> Result<Arc<Plugin>, GuestError> {
        self.inner.ensure(digest).await?;
        self.inner.catalog().known(digest).ok_or_else(|| {
            GuestError::Unavailable(digest.clone(), "it was never accepted".to_owned())
        })
    }

    /// The limits in force.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.inner.caller.limits
    }
}

impl Inner {
    pub(crate) fn catalog(&self) -> RwLockReadGuard<'_, Catalog> {
        self.catalog.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn catalog_mut(&self) -> RwLockWriteGuard<'_, Catalog> {
        self.catalog.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// A component ready to be called, loaded from the kept files if need be.
    pub(crate) async fn ensure(&self, digest: &Digest) -> Result<Arc<Loaded>, GuestError> {
        if let Some(loaded) = self.catalog().loaded(digest) {
            return Ok(loaded);
        }
        let unavailable = |reason: String| GuestError::Unavailable(digest.clone(), reason);
        let plugin = self
            .catalog()
            .known(digest)
            .ok_or_else(|| unavailable("it was never accepted by this host".to_owned()))?;
        let load = async || {
            let loaded = self.compile(plugin.name(), self.bytes(digest)?).await;
            loaded
                .map(Arc::new)
                .map_err(|refusal| unavailable(refusal.reason))
        };
        let place = self.catalog_mut().loading(digest);
        place.get_or_try_init(load).await.cloned()
    }

    /// The kept file of a plugin.
    pub(crate) fn bytes(&self, digest: &Digest) -> Result<Vec<u8>, GuestError> {
        self.kept
            .read(digest)
            .map_err(|error| GuestError::Unavailable(digest.clone(), error.to_string()))
    }
}

/// Who judges files here: this version of the host, its Wasm engine as it is set up, and its limits.
fn judge(engine: &Engine, limits: &Limits) -> String {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    format!("{limits:?}").hash(&mut hasher);
    format!("{} {:016x}", env!("CARGO_PKG_VERSION"), hasher.finish())
}
