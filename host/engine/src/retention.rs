//! Old history goes, in rounds of small parts.

use forebay_store::retention::Pruned;

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
