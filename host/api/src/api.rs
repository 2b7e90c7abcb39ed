//! The API as a value: put together, served, given new keys.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt as _;
use forebay_engine::Core;
use forebay_model::{SharedClock, Timestamp};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tracing::Instrument as _;

use crate::directory::PluginDirectory;
use crate::key::ApiKey;
use crate::problem::Problem;
use crate::{Error, Options, routes};

/// What an API is put together from.
pub struct Parts {
    /// The engine.
    pub core: Arc<Core>,
    /// The plugins.
    pub plugins: Arc<dyn PluginDirectory>,
    /// Who may use it. Without keys nobody may, but for webhooks and health.
    pub keys: Vec<ApiKey>,
    /// Renders the metrics in Prometheus' text format.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    /// True while the host takes work: flows are loaded and it does not drain.
    pub ready: watch::Receiver<bool>,
    /// The clock, for timeouts and durations.
    pub clock: SharedClock,
    /// Limits and defaults.
    pub options: Options,
}

/// The API. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Api {
    shared: Arc<Shared>,
}

/// What handlers of requests share.
pub(crate) struct Shared {
    pub(crate) core: Arc<Core>,
    pub(crate) plugins: Arc<dyn PluginDirectory>,
    pub(crate) metrics: Arc<dyn Fn() -> String + Send + Sync>,
    pub(crate) clock: SharedClock,
    pub(crate) options: Options,
    pub(crate) requests: Semaphore,
    pub(crate) webhooks: Semaphore,
    /// One backup at a time: two would only slow each other down.
    pub(crate) backups: Arc<Semaphore>,
    ready: watch::Receiver<bool>,
    keys: RwLock<Arc<[ApiKey]>>,
    /// Tells the request ids of this process from those of others.
    started_at: Timestamp,
    request_count: AtomicU64,
}

impl Api {
    /// Put the API together.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let permits = |limit: u32| Semaphore::new(usize::try_from(limit).unwrap_or(usize::MAX));
        let shared = Shared {
            requests: permits(parts.options.max_requests),
            webhooks: permits(parts.options.max_webhooks),
            backups: Arc::new(Semaphore::new(1)),
            started_at: parts.clock.now(),
            request_count: AtomicU64::new(0),
            keys: RwLock::new(parts.keys.into()),
            core: parts.core,
            plugins: parts.plugins,
            metrics: parts.metrics,
            clock: parts.clock,
            options: parts.options,
            ready: parts.ready,
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// The routes.
    pub fn router(&self) -> Router {
        routes::router(&self.shared)
    }

    /// Go by these keys from now on.
    pub fn replace_keys(&self, keys: Vec<ApiKey>) {
        *self
            .shared
            .keys
            .write()
            .unwrap_or_else(PoisonError::into_inner) = keys.into();
    }

    /// Serve until `shutdown` resolves; then open requests may finish within the drain timeout.
    ///
    /// # Errors
    /// If the listener fails.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), Error> {
        let stopping = watch::Sender::new(false);
        let mut stopped = stopping.subscribe();
        let listener = listener.tap_io(|stream| {
            // Answers are small and complete when they are written: there is nothing to wait for.
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "cannot switch off delayed sending");
            }
        });
        let server = axum::serve(listener, self.router()).with_graceful_shutdown(async move {
            shutdown.await;
            stopping.send_replace(true);
        });
        let clock = Arc::clone(&self.shared.clock);
        let patience = Duration::from_secs(self.shared.options.drain_timeout.into());
        let overdue = async move {
            if stopped.wait_for(|stopped| *stopped).await.is_err() {
                return std::future::pending().await;
            }
            clock.sleep_until(clock.now().plus(patience)).await;
        };
        tokio::select! {
            served = server => served.map_err(Error::Serve),
            () = overdue => {
                tracing::warn!("connections still open after the drain timeout are cut");
                Ok(())
            }
        }
    }
}

impl Shared {
    /// Does the host take work?
    pub(crate) fn is_ready(&self) -> bool {
        *self.ready.borrow()
    }

    pub(crate) fn keys(&self) -> Arc<[ApiKey]> {
        self.keys
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Have the engine carry something out to its end, also if the client hangs up or its time is over:
    /// what was written then is still told to whoever has to go on with it.
    pub(crate) async fn carry_out<T, F>(
        &self,
        work: impl FnOnce(Arc<Core>) -> F,
    ) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: Future<Output = forebay_engine::Result<T>> + Send + 'static,
    {
        let work = work(Arc::clone(&self.core)).in_current_span();
        match tokio::spawn(work).await {
            Ok(result) => Ok(result?),
            Err(error) => {
                tracing::error!(%error, "request failed");
                Err(Problem::internal(
                    "the cause is in the log under this request id",
                ))
            }
        }
    }

    /// An id for a request that brings none.
    pub(crate) fn next_request_id(&self) -> String {
        let number = self.request_count.fetch_add(1, Ordering::Relaxed);
        format!("{:x}-{number:x}", self.started_at.0)
    }
}
