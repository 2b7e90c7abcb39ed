//! Watches the drop directory: notifications make it quick, looking now and then makes it sure.

use std::path::Path;
use std::sync::{Arc, Weak};

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use super::Inner;
use super::scan::Patience;

/// How many looks fall into the settle time of a file: it is listed at most this fraction late.
const LOOKS_PER_SETTLE_TIME: u32 = 4;

/// Ends with the registry.
pub(crate) struct Watch {
    task: AbortHandle,
    /// Notifies as long as it lives.
    _watcher: Option<RecommendedWatcher>,
}

impl Watch {
    pub(crate) fn start(inner: &Arc<Inner>, path: &Path) -> Self {
        let woken = Arc::new(Notify::new());
        let watcher = watcher(path, Arc::clone(&woken))
            .inspect_err(|error| {
                tracing::warn!(%error, "no notifications from the plugin directory, looking at intervals");
            })
            .ok();
        let task = tokio::spawn(look(Arc::downgrade(inner), woken)).abort_handle();
        Self {
            task,
            _watcher: watcher,
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn watcher(path: &Path, woken: Arc<Notify>) -> notify::Result<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Reading a file is not a change; everything else is worth a look.
        if event.is_ok_and(|event| event.kind.is_access()) {
            return;
        }
        woken.notify_one();
    })?;
    watcher.watch(path, RecursiveMode::NonRecursive)?;
    Ok(watcher)
}

async fn look(inner: Weak<Inner>, woken: Arc<Notify>) {
    let mut unsettled = true;
    loop {
        let Some(pause) = inner.upgrade().map(|inner| {
            let limits = &inner.caller.limits;
            match unsettled {
                true => limits.settle_time / LOOKS_PER_SETTLE_TIME,
                false => limits.rescan_interval,
            }
        }) else {
            return;
        };
        // Whether it was woken or the time is up: look.
        let _ = tokio::time::timeout(pause, woken.notified()).await;
        let Some(inner) = inner.upgrade() else { return };
        unsettled = inner.scan(Patience::Settle).await;
    }
}
