//! Upkeep of connections: checks, recovery of refused ones, arming of webhooks.

use std::sync::Arc;

use forebay_model::{ConnectionName, Finding, InterfaceName, Severity};

use crate::core::Core;
use crate::{Error, Result};

impl Core {
    /// Probe a connection and note what was found. A check without errors makes a refused connection
    /// healthy again and wakes the runs that wait for it.
    ///
    /// # Errors
    /// If the connection is unknown, its connector fails or the check itself cannot be made.
    pub async fn check_connection(self: &Arc<Self>, name: &ConnectionName) -> Result<Vec<Finding>> {
        let spec = self.connection(name)?;
        let (digest, _) = self.connector(name).ok_or_else(|| Error::Unknown {
            what: "connector plugin",
            name: spec.plugin.clone(),
        })?;
        let context = self.read_context("check");
        let findings = self
            .guests
            .check_connection(&digest, &spec, context)
            .await??;
        let passed = findings
            .iter()
            .all(|finding| finding.severity != Severity::Error);
        let now = self.clock.now();
        self.health.update(name, |health| {
            health.checked_at = Some(now);
            health.findings.clone_from(&findings);
        });
        if passed {
            self.health.prove(name);
            let woken = self.store.wake_connection(name, now).await?;
            if woken > 0 {
                tracing::info!(connection = %name, runs = woken, "connection healthy again");
                self.runs_wake.notify_one();
            }
        }
        Ok(findings)
    }

    /// Check every connection whose credentials were refused.
    pub async fn check_refused(self: &Arc<Self>) {
        for name in self.health.refused() {
            if let Err(error) = self.check_connection(&name).await {
                tracing::warn!(connection = %name, %error, "connection still unhealthy");
            }
        }
    }

    /// Check every connection, so that operators see its findings before a run meets them.
    pub async fn check_connections(self: &Arc<Self>) {
        for name in self.topology().connections.keys() {
            if let Err(error) = self.check_connection(name).await {
                tracing::warn!(connection = %name, %error, "connection cannot be checked");
            }
        }
    }

    /// Register or re-arm the webhooks of every connection; without a public address there is
    /// nothing vendors could reach.
    pub async fn arm_webhooks(&self) {
        let Some(base_url) = &self.public_url else {
            return;
        };
        for name in self.pollable() {
            if let Err(error) = self.arm(&name, base_url).await {
                tracing::warn!(connection = %name, %error, "webhooks could not be armed");
            }
        }
    }

    async fn arm(&self, name: &ConnectionName, base_url: &str) -> Result<()> {
        let source = InterfaceName::new("forebay:connector/event-source");
        let Some((digest, spec)) = self.connector(name).filter(|_| self.offers(name, &source))
        else {
            return Ok(());
        };
        let context = self.read_context("arm");
        let findings = self.guests.arm(&digest, &spec, context, base_url).await??;
        for finding in &findings {
            tracing::info!(connection = %name, mend = finding.mend, "webhooks: {}", finding.message);
        }
        self.health
            .update(name, |health| health.webhooks = findings);
        Ok(())
    }
}
