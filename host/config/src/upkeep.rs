//! `[retention]` and `[backup]`: as written, as received by the host, and what a schema cannot say.

use std::path::PathBuf;

use forebay_model::RetentionPolicy;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::configuration::HostSettings;
use crate::document::Document;
use crate::duration::DurationText;
use crate::path::Path;
use crate::problem::Problem;
use crate::raw;
use crate::validate::typed;

/// Folder of the backups in the data directory.
const BACKUPS: &str = "backups";

/// Rounds more often than this would find nothing new and keep the writer from its work.
const SHORTEST_INTERVAL_SECONDS: u64 = 1;

/// `[retention]`
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Retention {
    /// Is old history removed? Live runs and the audit never are.
    enabled: bool,
    /// Pause between rounds.
    interval: DurationText,
    /// How long a run is kept after its end, with its steps and journal.
    ended_runs_for: DurationText,
    /// How long events are remembered, so that one that is reported again starts nothing twice; also
    /// request keys, settled webhook deliveries, and configurations that no run needs.
    events_for: DurationText,
    /// How long the kept file of a plugin that was replaced or removed stays after the last run that
    /// needs it has ended. Backups older than this need a copy of the files made with them.
    plugins_for: DurationText,
    /// Most ended runs. The oldest go first, whatever their age.
    #[schemars(range(min = 1))]
    max_ended_runs: u64,
    /// Bytes of the store above which ended runs and settled webhook deliveries go whatever their age,
    /// the oldest first.
    #[schemars(range(min = 16_777_216))]
    max_bytes: u64,
    /// Most rows of a kind looked at in one transaction.
    #[schemars(range(min = 1, max = 10_000))]
    batch: u32,
}

impl Default for Retention {
    fn default() -> Self {
        let policy = RetentionPolicy::default();
        Self {
            enabled: policy.enabled,
            interval: DurationText(policy.interval),
            ended_runs_for: DurationText(policy.ended_runs_for),
            events_for: DurationText(policy.events_for),
            plugins_for: DurationText(policy.plugins_for),
            max_ended_runs: policy.max_ended_runs,
            max_bytes: policy.max_bytes,
            batch: policy.batch,
        }
    }
}

/// `[backup]`
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Backup {
    /// Where backups go, `backups` in `data_dir` if absent. Relative to the configuration file.
    directory: Option<String>,
    /// May a backup also be written to an absolute path outside? Off, because whoever holds a key
    /// with the scope `admin` could then write files wherever the host may.
    allow_absolute: bool,
}

/// `[backup]`, as the host receives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupSettings {
    /// Where backups go.
    pub directory: PathBuf,
    /// May a backup also be written to an absolute path outside?
    pub allow_absolute: bool,
}

/// `[retention]`.
pub(crate) fn retention(
    document: &Document,
    problems: &mut Vec<Problem>,
) -> Option<RetentionPolicy> {
    let raw: Retention = typed(document.value.get("retention").unwrap_or(&json!({})))?;
    if raw.interval.0.as_secs() < SHORTEST_INTERVAL_SECONDS {
        let message = format!("shorter than {SHORTEST_INTERVAL_SECONDS} s");
        let path = Path::of(&["retention", "interval"]);
        problems.push(document.at_value(&path, message, "the default is `15m`"));
    }
    for (name, written) in document.entries("connections") {
        let poll = match written.get("poll") {
            Some(poll) => typed::<raw::Poll>(poll),
            None => Some(raw::Poll::default()),
        };
        let Some(poll) = poll else { continue };
        if raw.events_for.0 < poll.overlap.0 + poll.interval.0 {
            problems.push(document.at_value(
                &Path::of(&["retention", "events_for"]),
                format!(
                    "shorter than `interval` and `overlap` of the connection `{name}` together: \
                     polls would read events back that are forgotten, and take them up twice"
                ),
                "the default is `30d`",
            ));
        }
    }
    Some(RetentionPolicy {
        enabled: raw.enabled,
        interval: raw.interval.0,
        ended_runs_for: raw.ended_runs_for.0,
        events_for: raw.events_for.0,
        plugins_for: raw.plugins_for.0,
        max_ended_runs: raw.max_ended_runs,
        max_bytes: raw.max_bytes,
        batch: raw.batch,
    })
}

/// `[backup]`.
pub(crate) fn backup(document: &Document, host: Option<&HostSettings>) -> Option<BackupSettings> {
    let raw: Backup = typed(document.value.get("backup").unwrap_or(&json!({})))?;
    let directory = match raw.directory {
        Some(directory) => document.directory.join(directory),
        None => host?.data_dir.join(BACKUPS),
    };
    Some(BackupSettings {
        directory,
        allow_absolute: raw.allow_absolute,
    })
}
