//! Limits, timeouts and defaults of the engine.

use std::time::Duration;

use forebay_model::RetentionPolicy;
use jiff::fmt::serde::unsigned_duration::friendly::compact::required as duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::backup::BackupOptions;

/// The `[engine]` section of the configuration, and what other sections say of the engine's upkeep. Times are written as `"30s"`, `"15m"` or `"1h"`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "EngineOptions")]
pub struct Options {
    /// Most activations at once. They wait for vendors most of the time, so many fit on few cores;
    /// 64 keeps guest memory in the tens of megabytes.
    pub max_activations: u32,
    /// How long a claim holds unless renewed. Long enough that a busy host renews it in time, short
    /// enough that a lost one is noticed within half a minute.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub lease: Duration,
    /// Longest single call of a connector, its HTTP exchanges included.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub call_timeout: Duration,
    /// Attempts of an activation whose component traps or meets a limit, before the run is parked.
    /// A trap is usually deterministic; a few attempts tell it from a passing overload.
    pub trap_attempts: u32,
    /// Attempts after which a call that is denied, although the connection's check passes, parks
    /// its run.
    pub denied_attempts: u32,
    /// Pause between checks of an unhealthy connection.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub health_interval: Duration,
    /// Pause between rounds in which every connection is checked and its webhooks are armed. A webhook that a vendor has switched off is back
    /// within this time (rule C-02 takes the same 15 minutes for the poll that covers the gap).
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub arm_interval: Duration,
    /// Most events routed per transaction round.
    pub route_batch: u32,
    /// Most webhooks normalised at once.
    pub webhook_batch: u32,
    /// Runs that a backfill starts in a minute. One a second is what a vendor and its people can take
    /// besides the work of the day; thousands of old assets are through within hours.
    #[schemars(range(min = 1))]
    pub backfill_runs_per_minute: u32,
    /// Longest pause of an idle loop, so that a missed wake-up costs at most this.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub idle: Duration,
    /// How long something of a run may be due and not done before the run counts as stalled. Twenty
    /// leases: a host that died was replaced long before, and a backlog of this length is one that
    /// somebody should know of.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub stalled_after: Duration,
    /// How long history is kept: the section `[retention]`.
    #[serde(skip)]
    pub retention: RetentionPolicy,
    /// Where backups may go: the section `[backup]`. Without it there are none.
    #[serde(skip)]
    pub backups: Option<BackupOptions>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_activations: 64,
            lease: Duration::from_secs(30),
            call_timeout: Duration::from_secs(60),
            trap_attempts: 3,
            denied_attempts: 3,
            health_interval: Duration::from_secs(30),
            arm_interval: Duration::from_secs(15 * 60),
            route_batch: 100,
            webhook_batch: 16,
            backfill_runs_per_minute: 60,
            idle: Duration::from_secs(30),
            stalled_after: Duration::from_secs(600),
            retention: RetentionPolicy::default(),
            backups: None,
        }
    }
}
