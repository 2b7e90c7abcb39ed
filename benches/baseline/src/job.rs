//! What is done for a run, between one commit and the next.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::json;

use crate::store::{Decided, Store, Unfinished};

/// Pause after a call that failed.
const PAUSE: Duration = Duration::from_millis(200);

/// What the jobs work with.
pub(crate) struct Jobs {
    pub(crate) store: Store,
    pub(crate) http: reqwest::Client,
    pub(crate) vendor: String,
}

#[derive(Deserialize)]
struct Asset {
    id: String,
    name: String,
}

#[derive(Deserialize)]
struct Process {
    id: String,
}

impl Jobs {
    /// Go on with what was unfinished when the program last ended.
    pub(crate) async fn resume(self: Arc<Self>) -> anyhow::Result<()> {
        for unfinished in self.store.unfinished().await? {
            match unfinished {
                Unfinished::Begun { run, asset } => {
                    tokio::spawn(Arc::clone(&self).begin(run, asset));
                }
                Unfinished::Decided(decided) => {
                    tokio::spawn(Arc::clone(&self).finish(decided));
                }
            }
        }
        Ok(())
    }

    /// Read the asset and start the process, until it works.
    pub(crate) async fn begin(self: Arc<Self>, run: i64, asset: String) {
        while let Err(error) = self.try_begin(run, &asset).await {
            complain(&error).await;
        }
    }

    /// Write the result back, until it works.
    pub(crate) async fn finish(self: Arc<Self>, decided: Decided) {
        while let Err(error) = self.try_finish(&decided).await {
            complain(&error).await;
        }
    }

    async fn try_begin(self: &Arc<Self>, run: i64, asset: &str) -> anyhow::Result<()> {
        let url = format!("{}/assets/{asset}", self.vendor);
        let read = self
            .http
            .get(url)
            .bearer_auth("token-of-the-vendor")
            .send()
            .await?;
        let asset: Asset = read.error_for_status()?.json().await?;
        // The intent is on disk before the effect is tried.
        self.store.starting(run, asset.name.clone()).await?;
        let start = json!({
            "definition": "review",
            "key": asset.id,
            "title": asset.name,
            "variables": [["asset", asset.id]],
        });
        let begun = self
            .http
            .post(format!("{}/processes", self.vendor))
            .bearer_auth("token-of-the-vendor")
            .header("Idempotency-Key", format!("{run}/start"))
            .json(&start)
            .send()
            .await?;
        let process: Process = begun.error_for_status()?.json().await?;
        // The process may have called back already.
        if let Some(decided) = self.store.waiting(run, process.id).await? {
            tokio::spawn(Arc::clone(self).finish(decided));
        }
        Ok(())
    }

    async fn try_finish(&self, decided: &Decided) -> anyhow::Result<()> {
        let change = json!({ "status": "approved", "fields": [["review", decided.outcome]] });
        let written = self
            .http
            .put(format!("{}/assets/{}", self.vendor, decided.asset))
            .bearer_auth("token-of-the-vendor")
            .header("Idempotency-Key", format!("{}/write", decided.run))
            .json(&change)
            .send()
            .await?;
        let _: Asset = written.error_for_status()?.json().await?;
        self.store
            .done(decided.run)
            .await
            .context("the end cannot be stored")
    }
}

#[expect(clippy::print_stderr, reason = "a small program's log")]
#[expect(
    clippy::disallowed_methods,
    reason = "a program of its own, on real time"
)]
async fn complain(error: &anyhow::Error) {
    eprintln!("{error:#}");
    tokio::time::sleep(PAUSE).await;
}
