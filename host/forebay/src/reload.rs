//! Reload: a change of the plugins, or SIGHUP, takes up the configuration anew.
//!
//! The new state is validated as a whole; if anything is wrong the old one goes on, and the log
//! says what.

use std::path::PathBuf;
use std::sync::Arc;

use forebay_api::Api;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;

use crate::host::{self, Host};
use crate::serve::api_keys;

/// Watches for reasons to reload.
pub(crate) struct Reloader {
    task: JoinHandle<()>,
}

impl Reloader {
    /// Start watching.
    pub(crate) fn start(config: PathBuf, host: Arc<Host>, api: Api) -> Self {
        Self {
            task: tokio::spawn(watch(config, host, api)),
        }
    }

    /// Stop watching.
    pub(crate) fn stop(self) {
        self.task.abort();
    }
}

async fn watch(config: PathBuf, host: Arc<Host>, api: Api) {
    let mut plugins = host.registry.subscribe();
    let mut hangup = match signal(SignalKind::hangup()) {
        Ok(hangup) => hangup,
        Err(error) => {
            tracing::error!(%error, "SIGHUP cannot be watched; reloading is off");
            return;
        }
    };
    loop {
        let reason = tokio::select! {
            changed = plugins.changed() => match changed {
                Ok(()) => "the plugins have changed",
                Err(_) => return,
            },
            received = hangup.recv() => match received {
                Some(()) => "SIGHUP",
                None => return,
            },
        };
        tracing::info!(reason, "reloading");
        reload(&config, &host, &api).await;
    }
}

async fn reload(config: &std::path::Path, host: &Host, api: &Api) {
    let read = host::read(config);
    let validated = match read {
        Ok((document, _)) => host::validate(&document, &host.registry, &host.clock).await,
        Err(problems) => Err(problems),
    };
    match validated {
        Ok(configuration) => match host.apply(&configuration).await {
            Ok(()) => {
                api.replace_keys(api_keys(&configuration));
                tracing::info!(configuration = configuration.hash, "reloaded");
            }
            Err(error) => tracing::error!("the new configuration cannot be taken up: {error:#}"),
        },
        Err(problems) => {
            tracing::error!(
                "the configuration is not valid now; the one before goes on\n{problems}"
            );
            host.core.wake_all();
        }
    }
}
