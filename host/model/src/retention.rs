//! How long history is kept.

use std::time::Duration;

/// What may be removed, and how much at once. Live runs, events that are not routed, and the audit
/// are never removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetentionPolicy {
    /// Is anything removed at all?
    pub enabled: bool,
    /// Pause between rounds.
    pub interval: Duration,
    /// How long a run is kept after its end.
    pub ended_runs_for: Duration,
    /// How long the identity of an event is remembered (rule C-03), and with it request keys and
    /// settled webhook deliveries.
    pub events_for: Duration,
    /// How long the kept file of a plugin that was replaced or removed stays after the last run that
    /// needs it has ended.
    pub plugins_for: Duration,
    /// Most ended runs; the oldest go first, whatever their age.
    pub max_ended_runs: u64,
    /// Bytes of the store above which ended runs and settled webhook deliveries go whatever their
    /// age, the oldest first.
    pub max_bytes: u64,
    /// Most rows of each kind that one transaction looks at.
    pub batch: u32,
}

impl Default for RetentionPolicy {
    fn default() -> Self {
        const DAY: Duration = Duration::from_secs(24 * 3600);
        Self {
            enabled: true,
            // Often enough that a round is short and the size shown is fresh.
            interval: Duration::from_secs(15 * 60),
            // A quarter, so that a case is still there when its quarter is reported.
            ended_runs_for: 90 * DAY,
            // The number of rule C-03.
            events_for: 30 * DAY,
            // A backup of this week still finds the files that its runs need.
            plugins_for: 7 * DAY,
            // With some ten kilobytes a run this stays below `max_bytes`.
            max_ended_runs: 500_000,
            // A file that is copied and checked in minutes.
            max_bytes: 20 << 30,
            // Some milliseconds of the writer's time.
            batch: 500,
        }
    }
}
