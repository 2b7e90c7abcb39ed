//! The host as an operator sees it: through its REST API.

use anyhow::bail;
use serde_json::Value;

use super::http::{Site, encode, list, text};

/// A running host.
pub(super) struct Host {
    site: Site,
    pub(super) url: String,
    pub(super) key: String,
}

/// How an event came in.
pub(super) struct Seen {
    /// `webhook` or `poll`.
    pub(super) source: String,
    /// How often it was reported.
    pub(super) times: u64,
}

/// Where a run stands.
pub(super) struct Run {
    pub(super) id: String,
    pub(super) business_key: String,
    pub(super) outcome: Option<String>,
}

impl Host {
    pub(super) fn new(url: &str, key: &str) -> Self {
        let site = Site::new(url).with("Authorization", format!("Bearer {key}"));
        Self {
            site,
            url: url.to_owned(),
            key: key.to_owned(),
        }
    }

    pub(super) fn is_ready(&self) -> bool {
        self.site.get("/readyz").is_ok()
    }

    /// Number of loaded plugins. One that is kept out ends the demonstration with the reason.
    pub(super) fn plugins(&self) -> anyhow::Result<usize> {
        let answer = self.site.get("/v1/plugins")?;
        if let Some(refused) = list(&answer, "quarantined").next() {
            bail!(
                "the host keeps out {}: {}",
                text(refused, "file"),
                refused["reason"]
            );
        }
        Ok(list(&answer, "accepted").count())
    }

    /// The first event about an asset.
    pub(super) fn first_event(
        &self,
        connection: &str,
        asset: &str,
    ) -> anyhow::Result<Option<Seen>> {
        let query = format!("connection={connection}&entity={}&limit=500", encode(asset));
        let events = self.site.get(&format!("/v1/events?{query}"))?;
        // The list begins with the newest.
        Ok(list(&events, "items").last().map(|event| Seen {
            source: text(event, "source").to_owned(),
            times: event["seen"].as_u64().unwrap_or_default(),
        }))
    }

    /// All runs about an asset.
    fn runs(&self, flow: &str, asset: &str) -> anyhow::Result<Vec<Value>> {
        let runs = self
            .site
            .get(&format!("/v1/runs?flow={flow}&subject={}", encode(asset)))?;
        Ok(list(&runs, "items").cloned().collect())
    }

    /// How many runs there are about an asset.
    pub(super) fn count_runs(&self, flow: &str, asset: &str) -> anyhow::Result<usize> {
        Ok(self.runs(flow, asset)?.len())
    }

    /// The newest run about an asset. One that cannot go on by itself ends the demonstration.
    pub(super) fn run(&self, flow: &str, asset: &str) -> anyhow::Result<Option<Run>> {
        let runs = self.runs(flow, asset)?;
        let Some(run) = runs.first() else {
            return Ok(None);
        };
        match text(run, "state") {
            "parked" => bail!(
                "the run {} is parked: {}",
                run["id"],
                run["park_reason"]["message"]
            ),
            "failed" | "cancelled" => {
                bail!(
                    "the run {} ended as {}: {}",
                    run["id"],
                    run["state"],
                    run["summary"]
                )
            }
            _ => {}
        }
        let ended = text(run, "state") == "completed";
        Ok(Some(Run {
            id: text(run, "id").to_owned(),
            business_key: text(run, "business_key").to_owned(),
            outcome: ended.then(|| text(run, "outcome").to_owned()),
        }))
    }

    /// In which state runs are and what they wait for, for a person who wants to know what went wrong.
    pub(super) fn situation(&self) -> anyhow::Result<String> {
        let runs = self.site.get("/v1/runs")?;
        let lines = list(&runs, "items").map(|run| {
            let (name, state) = (text(run, "business_key"), text(run, "state"));
            let told = [
                &run["waiting_on"]["summary"],
                &run["park_reason"]["message"],
                &run["last_error"],
            ];
            let told = told.into_iter().find_map(Value::as_str).unwrap_or_default();
            format!("{name} is {state}: {told}\n")
        });
        Ok(lines.collect())
    }

    /// Records of the audit about a run, and whether the chain of all records holds.
    pub(super) fn audit(&self, run: &str) -> anyhow::Result<(usize, bool)> {
        let records = self.site.get(&format!("/v1/runs/{run}/audit?limit=500"))?;
        let verified = self.site.get("/v1/audit:verify")?;
        Ok((list(&records, "items").count(), verified["intact"] == true))
    }
}
