//! Old history goes, in rounds of small parts, and with it plugin files that only it needed.

use forebay_model::audit::AuditEntry;
use forebay_store::retention::Pruned;
use serde_json::json;

use crate::Result;
use crate::core::Core;

impl Core {
    /// Remove a part of what the policy lets go; there is more as long as the answer says so.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn prune(&self) -> Result<Pruned> {
        let topology = self.topology();
        let in_force = topology
            .flows
            .values()
            .map(|flow| flow.config_hash.clone())
            .collect();
        let pruned = self
            .store
            .prune(self.options.retention, in_force, self.clock.now())
            .await?;
        let removed = [
            ("runs", pruned.runs),
            ("events", pruned.events),
            ("webhooks", pruned.webhooks),
            ("requests", pruned.requests),
            ("configurations", pruned.configurations),
        ];
        for (what, number) in removed {
            metrics::counter!("forebay_retention_removed_total", "what" => what).increment(number);
        }
        metrics::counter!("forebay_retention_bytes_total").increment(pruned.bytes);
        Ok(pruned)
    }

    /// Let go of the files of plugins that were replaced or removed and that no live run needs;
    /// returns how many went. Written down, because no run can be moved back to them.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn let_go_of_plugins(&self) -> Result<usize> {
        let policy = self.options.retention;
        if !policy.enabled {
            return Ok(0);
        }
        // A backup is being made that may need them; the next round comes soon enough.
        let Ok(_turn) = self.plugin_files.try_lock() else {
            return Ok(0);
        };
        let needed = self.store.digests_in_use().await?;
        let gone = self.guests.let_go(&needed, policy.plugins_for).await;
        let at = self.clock.now();
        let records = gone.iter().map(|plugin| {
            let (name, version) = (plugin.name(), plugin.version());
            tracing::info!(name, version, digest = %plugin.digest, "old plugin file removed");
            AuditEntry {
                at,
                run: None,
                flow: None,
                actor: "system".to_owned(),
                action: "plugin.removed".to_owned(),
                details: json!({"name": name, "version": version, "digest": plugin.digest}),
            }
        });
        let records: Vec<_> = records.collect();
        if !records.is_empty() {
            self.store.audit(records).await?;
        }
        metrics::counter!("forebay_retention_removed_total", "what" => "plugins")
            .increment(gone.len() as u64);
        Ok(gone.len())
    }

    /// Show how large the store is, and whether it is larger than it may be although all that may
    /// go has gone.
    ///
    /// # Errors
    /// If the store fails.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a gauge of bytes may be off by some"
    )]
    pub async fn measure_store(&self) -> Result<()> {
        let size = self.store.size().await?;
        let limit = self.options.retention.max_bytes;
        let used = size.bytes.saturating_sub(size.free);
        metrics::gauge!("forebay_store_bytes").set(size.bytes as f64);
        metrics::gauge!("forebay_store_free_bytes").set(size.free as f64);
        metrics::gauge!("forebay_store_over_limit").set(if used > limit { 1.0 } else { 0.0 });
        if used > limit {
            tracing::warn!(
                used,
                limit,
                "the store is larger than retention.max_bytes: live runs, \
                remembered events and the audit take the space"
            );
        }
        Ok(())
    }
}
