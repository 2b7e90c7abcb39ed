//! Limits, timeouts and defaults of the engine.

use serde::{Deserialize, Serialize};

/// The `[engine]` section of the configuration. Times are in seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Most activations at once. They wait for vendors most of the time, so many fit on few cores;
    /// 64 keeps guest memory in the tens of megabytes.
    pub max_activations: u32,
    /// How long a claim holds unless renewed. Long enough that a busy host renews it in time, short
    /// enough that a lost one is noticed within half a minute.
    pub lease: u32,
    /// Longest single call of a connector, its HTTP exchanges included.
    pub call_timeout: u32,
    /// Attempts of an activation whose component traps or meets a limit, before the run is parked.
    /// A trap is usually deterministic; a few attempts tell it from a passing overload.
    pub trap_attempts: u32,
    /// Attempts after which a call that is denied, although the connection's check passes, parks
    /// its run.
    pub denied_attempts: u32,
    /// Pause between checks of an unhealthy connection.
    pub health_interval: u32,
    /// Pause between arming rounds of webhooks. A webhook that a vendor has switched off is back
    /// within this time (rule C-02 takes the same 15 minutes for the poll that covers the gap).
    pub arm_interval: u32,
    /// Most events routed per transaction round.
    pub route_batch: u32,
    /// Most webhooks normalised at once.
    pub webhook_batch: u32,
    /// Longest pause of an idle loop, so that a missed wake-up costs at most this.
    pub idle: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_activations: 64,
            lease: 30,
            call_timeout: 60,
            trap_attempts: 3,
            denied_attempts: 3,
            health_interval: 30,
            arm_interval: 15 * 60,
            route_batch: 100,
            webhook_batch: 16,
            idle: 30,
        }
    }
}
