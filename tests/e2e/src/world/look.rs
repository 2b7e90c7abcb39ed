//! Looking: runs, audit, effects, and what the API says.

use std::collections::BTreeMap;

use anyhow::{bail, ensure};
use forebay_model::audit::AuditEntry;
use forebay_model::run::Run;
use forebay_store::query::{PageRequest, RunFilter};
use serde_json::Value;

use super::World;
use super::setup::API_KEY;

/// Is an effect part of a flow's work? Fetching tokens and looking after webhooks is not.
pub(super) fn is_work(effect: &str) -> bool {
    !effect.ends_with("-token") && !effect.ends_with("-webhook")
}

impl World {
    /// All runs, newest first.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn runs(&self) -> anyhow::Result<Vec<Run>> {
        let page = PageRequest {
            cursor: None,
            limit: 500,
        };
        Ok(self
            .core()
            .store()
            .runs(RunFilter::default(), page)
            .await?
            .items)
    }

    /// The one run there is.
    ///
    /// # Errors
    /// If there are none or several.
    pub async fn run(&self) -> anyhow::Result<Run> {
        let mut runs = self.runs().await?;
        match (runs.pop(), runs.len()) {
            (Some(run), 0) => Ok(run),
            (_, more) => bail!(
                "expected one run, found {}",
                more + usize::from(!runs.is_empty())
            ),
        }
    }

    /// Effects that the host had at the vendors, by vendor and name; fetching tokens and looking
    /// after webhooks are none.
    #[must_use]
    pub fn effects(&self) -> BTreeMap<String, u64> {
        let all = self.frames().into_iter().flat_map(|frame| {
            let effects = frame.recorder().all_effects().into_iter();
            effects.map(|(effect, count)| (format!("{}: {effect}", frame.name()), count))
        });
        all.filter(|(effect, _)| is_work(effect)).collect()
    }

    /// The runs of a flow, newest first.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn runs_of(&self, flow: &str) -> anyhow::Result<Vec<Run>> {
        let mut runs = self.runs().await?;
        runs.retain(|run| run.flow.as_str() == flow);
        Ok(runs)
    }

    /// Audit records of a run, in order.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn audit(&self, run: &Run) -> anyhow::Result<Vec<AuditEntry>> {
        let mut entries = Vec::new();
        let mut cursor = None;
        loop {
            let page = PageRequest { cursor, limit: 500 };
            let store = self.core().store();
            let records = store.audit_records(Some(&run.id), page).await?;
            entries.extend(records.items.into_iter().map(|record| record.entry));
            cursor = records.next;
            if cursor.is_none() {
                return Ok(entries);
            }
        }
    }

    /// Read a resource of the API, with a key that may do everything: status and text.
    ///
    /// # Errors
    /// If nobody answers; any status is an answer.
    pub async fn get(&self, path: &str) -> anyhow::Result<(u16, String)> {
        let url = format!("{}{path}", self.address());
        let call = move || {
            let request = agent().get(url).header("Authorization", authorization());
            read(request.call()?)
        };
        tokio::task::spawn_blocking(call).await?
    }

    /// Start a run of a flow as another system does, over the API.
    ///
    /// # Errors
    /// If nobody answers, or the request is not accepted.
    pub async fn start_over_rest(&self, flow: &str, input: &Value) -> anyhow::Result<()> {
        let url = format!("{}/v1/flows/{flow}/runs", self.address());
        let input = input.clone();
        let call = move || {
            let request = agent().post(url).header("Authorization", authorization());
            read(request.send_json(input)?)
        };
        let (status, text) = tokio::task::spawn_blocking(call).await??;
        ensure!(status == 202, "{flow} answered {status}: {text}");
        Ok(())
    }
}

/// A client that takes every status for an answer.
fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into()
}

fn authorization() -> String {
    format!("Bearer {API_KEY}")
}

fn read(mut response: ureq::http::Response<ureq::Body>) -> anyhow::Result<(u16, String)> {
    Ok((
        response.status().as_u16(),
        response.body_mut().read_to_string()?,
    ))
}
