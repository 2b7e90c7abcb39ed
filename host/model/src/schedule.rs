//! Schedules: instants at which a flow is told to do something by itself.
//!
//! A [`Timetable`] says which instants; it knows nothing of what was fired before. How daylight
//! saving is dealt with: a fixed time that does not exist on a day (clocks go forward over it) is due
//! at the first instant after the gap; one that comes twice is due the first time only. Intervals
//! (`*/15`, `* * * * *`) go by the clock on the wall: they skip what does not exist and come in both
//! passes of what comes twice.

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::Zoned;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::time::Timestamp;

/// Zone of a schedule that names none.
pub const DEFAULT_ZONE: &str = "UTC";

/// Name of the field that a schedule adds to its input.
pub const SCHEDULE_FIELD: &str = "schedule";

/// How far before the present the search for the latest instant begins. Longer than any shift of
/// clocks, so that what is found does not depend on which side of one the search came from; short
/// enough that a schedule of every minute is asked for some hundred instants at most.
const LOOK_BACK: std::time::Duration = std::time::Duration::from_secs(4 * 3600);

/// A configured schedule of a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleSpec {
    /// Its name, unique in the flow.
    pub name: String,
    /// Minute, hour, day of month, month, day of week.
    pub cron: String,
    /// IANA time zone the pattern is read in.
    pub zone: String,
    /// What the handler gets as a request, an object; `schedule` is added.
    pub input: Value,
}

impl ScheduleSpec {
    /// When it is due.
    ///
    /// # Errors
    /// If pattern or zone are wrong.
    pub fn timetable(&self) -> Result<Timetable, Error> {
        Timetable::new(&self.cron, &self.zone)
    }

    /// What says whether it was changed: a schedule with another rhythm is a new one.
    #[must_use]
    pub fn rhythm(&self) -> String {
        format!("{} {}", self.cron, self.zone)
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
}

/// Instants by a pattern in a zone.
#[derive(Clone, Debug)]
pub struct Timetable {
    cron: Cron,
    zone: TimeZone,
}

impl Timetable {
    /// Read a pattern of five fields and the name of a zone.
    ///
    /// # Errors
    /// If either is wrong, or the pattern is never due.
    pub fn new(cron: &str, zone: &str) -> Result<Self, Error> {
        let zone = TimeZone::get(zone).map_err(|_| Error::Zone)?;
        let parser = CronParser::builder()
            .seconds(Seconds::Disallowed)
            .year(Year::Disallowed)
            .build();
        let cron = parser
            .parse(cron)
            .map_err(|error| Error::Pattern(error.to_string()))?;
        let timetable = Self { cron, zone };
        match timetable.next_after(Timestamp::default()) {
            Some(_) => Ok(timetable),
            None => Err(Error::Never),
        }
    }

    /// The first instant after this one. `None` at the end of the calendar.
    #[must_use]
    pub fn next_after(&self, time: Timestamp) -> Option<Timestamp> {
        let from = self.zoned(time)?;
        let next = self.cron.find_next_occurrence(&from, false).ok()?;
        Some(Timestamp(next.timestamp().as_millisecond()))
    }

    /// The latest instant after `after` and not after `now`: what a host that was away does, once.
    #[must_use]
    pub fn latest(&self, after: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let mut latest = self.next_after(after).filter(|due| *due <= now)?;
        let near = self.zoned(now).and_then(|now| {
            let previous = self.cron.find_previous_occurrence(&now, true).ok()?;
            Some(Timestamp(previous.timestamp().as_millisecond()))
        });
        if let Some(near) = near {
            let begin = near.minus(LOOK_BACK).max(after);
            latest = self
                .next_after(begin)
                .filter(|due| *due <= now)
                .unwrap_or(latest)
                .max(latest);
        }
        while let Some(next) = self.next_after(latest).filter(|due| *due <= now) {
            latest = next;
        }
        Some(latest)
    }

    fn zoned(&self, time: Timestamp) -> Option<Zoned> {
        let time = jiff::Timestamp::from_millisecond(time.0).ok()?;
        Some(time.to_zoned(self.zone.clone()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn table(cron: &str, zone: &str) -> Timetable {
        Timetable::new(cron, zone).unwrap()
    }

    /// The instants after `from`, as long as they are before `to`.
    fn between(table: &Timetable, from: &str, to: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut time = at(from);
        while let Some(next) = table.next_after(time).filter(|next| *next < at(to)) {
            found.push(next.to_string()[11..16].to_owned());
            time = next;
        }
        found
    }

    #[test]
    fn a_zone_says_what_the_pattern_means() {
        let berlin = table("0 2 * * *", "Europe/Berlin");
        let next = |time| berlin.next_after(at(time)).unwrap().to_string();
        assert_eq!(next("2026-01-10T12:00:00Z"), "2026-01-11T01:00:00.000Z");
        assert_eq!(next("2026-07-10T12:00:00Z"), "2026-07-11T00:00:00.000Z");
        assert_eq!(next("2026-01-11T01:00:00Z"), "2026-01-12T01:00:00.000Z");
    }

    #[test]
    fn a_fixed_time_that_does_not_exist_is_due_after_the_gap() {
        // Clocks go from 02:00 to 03:00 at 01:00 UTC.
        let fixed = table("30 2 * * *", "Europe/Berlin");
        assert_eq!(
            between(&fixed, "2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z"),
            ["01:00"]
        );
        let quarters = table("*/15 * * * *", "Europe/Berlin");
        assert_eq!(
            between(&quarters, "2026-03-29T00:31:00Z", "2026-03-29T01:31:00Z"),
            ["00:45", "01:00", "01:15", "01:30"]
        );
    }

    #[test]
    fn a_fixed_time_that_comes_twice_is_due_once() {
        // Clocks go from 03:00 back to 02:00 at 01:00 UTC.
        let fixed = table("30 2 * * *", "Europe/Berlin");
        assert_eq!(
            between(&fixed, "2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z"),
            ["00:30"]
        );
        let halves = table("*/30 * * * *", "Europe/Berlin");
        assert_eq!(
            between(&halves, "2026-10-24T23:59:00Z", "2026-10-25T02:01:00Z"),
            ["00:00", "00:30", "01:00", "01:30", "02:00"]
        );
    }

    #[test]
    fn the_latest_missed_instant_is_one_that_counting_forward_meets() {
        let patterns = ["30 2 * * *", "*/30 * * * *", "0 * * * *", "15 2,3 * * 0"];
        for shift in ["2026-03-28T20:00:00Z", "2026-10-24T20:00:00Z"] {
            for pattern in patterns {
                let table = table(pattern, "Europe/Berlin");
                let (mut expected, after) = (None, at(shift));
                for minute in 0..900 {
                    let now = after.plus(Duration::from_secs(60 * minute));
                    if table.next_after(expected.unwrap_or(after)) == Some(now) {
                        expected = Some(now);
                    }
                    assert_eq!(table.latest(after, now), expected, "{pattern} at {now}");
                }
            }
        }
    }

    #[test]
    fn the_latest_of_years_is_found_at_once() {
        let minutely = table("* * * * *", "UTC");
        let latest = minutely.latest(at("2016-01-01T00:00:00Z"), at("2026-01-01T00:00:30Z"));
        assert_eq!(latest, Some(at("2026-01-01T00:00:00Z")));
        let yearly = table("0 0 1 1 *", "UTC");
        let now = at("2026-06-01T00:00:00Z");
        assert_eq!(
            yearly.latest(at("2016-06-01T00:00:00Z"), now),
            Some(at("2026-01-01T00:00:00Z"))
        );
        assert_eq!(yearly.latest(at("2026-02-01T00:00:00Z"), now), None);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let refused = |cron, zone| Timetable::new(cron, zone).unwrap_err();
        for pattern in [
            "",
            "* * * *",
            "0 0 2 * * *",
            "61 * * * *",
            "at noon",
            "0 2 * * * 2027",
        ] {
            assert!(
                matches!(refused(pattern, "UTC"), Error::Pattern(_)),
                "{pattern}"
            );
        }
        assert_eq!(refused("0 0 30 2 *", "UTC"), Error::Never);
        assert_eq!(refused("0 2 * * *", "Europe/Bonn"), Error::Zone);
    }

    #[test]
    fn the_request_tells_what_it_is_for() {
        let schedule = ScheduleSpec {
            name: "nightly".into(),
            cron: "0 2 * * *".into(),
            zone: "UTC".into(),
            input: serde_json::json!({"scan": true}),
        };
        assert_eq!(
            schedule.request(at("2026-01-11T02:00:00Z")),
            serde_json::json!({"scan": true, "schedule": {
                "name": "nightly", "due-at": "2026-01-11T02:00:00.000Z", "zone": "UTC"}})
        );
    }
}
