//! Schedules: instants at which a flow is told to do something by itself.
//!
//! A [`Timetable`] says which instants; it knows nothing of what was fired before. How daylight
//! saving is dealt with: a fixed time that does not exist on a day (clocks go forward over it) is due
//! at the first instant after the gap; one that comes twice is due the first time only. Intervals
//! (`*/15`, `* * * * *`) go by the clock on the wall: they skip what does not exist and come in both
//! passes of what comes twice. How days off are dealt with: [`OffRule`].

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::time::Timestamp;

pub use self::timetable::Timetable;

mod timetable;

/// Zone of a schedule that names none.
pub const DEFAULT_ZONE: &str = "UTC";

/// Name of the field that a schedule adds to its input.
pub const SCHEDULE_FIELD: &str = "schedule";

/// A configured schedule of a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleSpec {
    /// Its name, unique in the flow.
    pub name: String,
    /// Minute, hour, day of month, month, day of week.
    pub cron: String,
    /// IANA time zone the pattern is read in.
    pub zone: String,
    /// What becomes of days off; absent: they are days as all others.
    pub days_off: Option<DaysOff>,
    /// What the handler gets as a request, an object; `schedule` is added.
    pub input: Value,
}

impl ScheduleSpec {
    /// When it is due.
    ///
    /// # Errors
    /// If pattern or zone are wrong.
    pub fn timetable(&self) -> Result<Timetable, Error> {
        let table = Timetable::new(&self.cron, &self.zone)?;
        match &self.days_off {
            None => Ok(table),
            Some(off) => table.keeping_clear_of(off),
        }
    }

    /// What says whether it was changed: a schedule with another rhythm is a new one. Days off
    /// belong to it, so that a holiday that is struck out when it is over fires nothing.
    #[must_use]
    pub fn rhythm(&self) -> String {
        let pattern = format!("{} {}", self.cron, self.zone);
        match &self.days_off {
            None => pattern,
            Some(off) => format!("{pattern} {}", off.rhythm()),
        }
    }

    /// The request that the handler gets for this instant: the input with
    /// `{"schedule": {"name", "due-at", "zone"}}`. `due-at` is RFC 3339 in UTC.
    #[must_use]
    pub fn request(&self, due_at: Timestamp) -> Value {
        let mut request = match &self.input {
            Value::Object(input) => input.clone(),
            _ => serde_json::Map::new(),
        };
        let told =
            serde_json::json!({"name": self.name, "due-at": due_at.to_string(), "zone": self.zone});
        request.insert(SCHEDULE_FIELD.to_owned(), told);
        Value::Object(request)
    }
}

/// What becomes of an instant that falls on a day off, by the date in the schedule's zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffRule {
    /// It is left out.
    Skip,
    /// It is due at its time of day on the next working day. Of several that stand between two
    /// working days the first is, once.
    Move,
}

impl OffRule {
    /// As configuration writes it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Move => "move",
        }
    }
}

/// Days off and what becomes of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DaysOff {
    /// What becomes of them.
    pub rule: OffRule,
    /// The working days of the week, `mon` … `sun`: all others are off.
    pub days: Vec<String>,
    /// Days off, `YYYY-MM-DD`.
    pub holidays: Vec<String>,
}

impl DaysOff {
    /// The same for the same rule, days and holidays; their order and repetition say nothing.
    fn rhythm(&self) -> String {
        let sorted = |list: &[String]| {
            let set: std::collections::BTreeSet<&str> = list.iter().map(String::as_str).collect();
            set.into_iter().collect::<Vec<_>>().join(",")
        };
        let text = format!("{} {}", sorted(&self.days), sorted(&self.holidays));
        let digest = hex::encode(&Sha256::digest(text)[..8]);
        format!("{} {digest}", self.rule.word())
    }
}

/// What is wrong with a schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The pattern cannot be read.
    #[error("not a cron pattern of five fields: {0}")]
    Pattern(String),
    /// The pattern names no day that exists.
    #[error("a pattern that is never due")]
    Never,
    /// The zone is not known.
    #[error("unknown time zone")]
    Zone,
    /// The days off cannot be read.
    #[error("days off that cannot be told: {0}")]
    DaysOff(String),
    /// The pattern names days off only.
    #[error("a pattern that is due on days off only")]
    OffOnly,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_tells_what_it_is_for() {
        let schedule = ScheduleSpec {
            name: "nightly".into(),
            cron: "0 2 * * *".into(),
            zone: "UTC".into(),
            days_off: None,
            input: serde_json::json!({"scan": true}),
        };
        assert_eq!(
            schedule.request("2026-01-11T02:00:00Z".parse().unwrap()),
            serde_json::json!({"scan": true, "schedule": {
                "name": "nightly", "due-at": "2026-01-11T02:00:00.000Z", "zone": "UTC"}})
        );
    }
}
