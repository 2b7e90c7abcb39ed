//! Timetables: the instants of a pattern in a zone, without days off where they are told.

use std::time::Duration;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::Zoned;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{DaysOff, Error, OffRule};
use crate::time::Timestamp;
use crate::workday::WorkingDays;

/// How closely the latest instant is narrowed down, and how far before that counting begins. Longer
/// than any shift of clocks, so that what is found does not depend on which side of one the search
/// came from; short enough that a schedule of every minute is asked for some hundred instants at
/// most.
const LOOK_BACK: Duration = Duration::from_secs(4 * 3600);

/// How long after a time an instant is looked for that does not fall on a day off. The days of the
/// week and leap years come back after 28 years, and one century in four leaves a leap year out.
const HORIZON: Duration = Duration::from_secs(40 * 366 * 86_400);

/// Instants by a pattern in a zone.
#[derive(Clone, Debug)]
pub struct Timetable {
    cron: Cron,
    zone: TimeZone,
    off: Option<(OffRule, WorkingDays)>,
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
        let off = None;
        let timetable = Self { cron, zone, off };
        match timetable.next_after(Timestamp::default()) {
            Some(_) => Ok(timetable),
            None => Err(Error::Never),
        }
    }

    /// The same without instants on days off.
    ///
    /// # Errors
    /// If the days cannot be read, or nothing is left.
    pub(super) fn keeping_clear_of(mut self, off: &DaysOff) -> Result<Self, Error> {
        let working = WorkingDays::parse(&off.days, &off.holidays).map_err(Error::DaysOff)?;
        self.off = Some((off.rule, working));
        match self.next_after(Timestamp::default()) {
            Some(_) => Ok(self),
            None => Err(Error::OffOnly),
        }
    }

    /// The first instant after this one. `None` at the end of the calendar.
    #[must_use]
    pub fn next_after(&self, time: Timestamp) -> Option<Timestamp> {
        match &self.off {
            None => Some(timestamp(&self.next_of_pattern(time)?)),
            Some((OffRule::Skip, working)) => self.next_on(working, time),
            Some((OffRule::Move, working)) => {
                let own = self.next_on(working, time);
                let moved = self.next_moved(working, time, own);
                own.into_iter().chain(moved).min()
            }
        }
    }

    /// The first instant of the pattern after `time` that falls on a working day.
    fn next_on(&self, working: &WorkingDays, time: Timestamp) -> Option<Timestamp> {
        let mut from = time;
        while from <= time.plus(HORIZON) {
            let due = self.next_of_pattern(from)?;
            let date = due.date();
            if working.contains(date) {
                return Some(timestamp(&due));
            }
            from = self.before(working.first_from(date)?)?;
        }
        None
    }

    /// The first instant after `time`, and before `limit`, that days off have put onto the working
    /// day after them.
    fn next_moved(
        &self,
        working: &WorkingDays,
        time: Timestamp,
        limit: Option<Timestamp>,
    ) -> Option<Timestamp> {
        let limit = limit.unwrap_or(time.plus(HORIZON));
        let today = self.zoned(time)?.date();
        // Days off right before the next working day may put something onto it: begin with them.
        let next = working.first_from(today)?;
        let last = working.last_until(next.yesterday().ok()?)?;
        let mut from = self.before(last.tomorrow().ok()?)?;
        while from < limit {
            let due = self.next_of_pattern(from)?;
            let date = due.date();
            if working.contains(date) {
                from = self.before(date.tomorrow().ok()?)?;
                continue;
            }
            let onto = working.first_from(date)?;
            let moved = onto.to_datetime(due.time()).to_zoned(self.zone.clone());
            let moved = timestamp(&moved.ok()?);
            if moved > time {
                return Some(moved);
            }
            from = self.before(onto.tomorrow().ok()?)?;
        }
        None
    }

    /// The latest instant after `after` and not after `now`: what a host that was away does, once.
    #[must_use]
    pub fn latest(&self, after: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let due_after = |time| self.next_after(time).filter(|due| *due <= now);
        due_after(after)?;
        let (mut before, mut behind) = (after, now);
        while behind.since(before) > LOOK_BACK {
            let middle = before.plus(behind.since(before) / 2);
            match due_after(middle) {
                Some(_) => before = middle,
                None => behind = middle,
            }
        }
        let mut latest = due_after(before.minus(LOOK_BACK).max(after))?;
        while let Some(next) = due_after(latest) {
            latest = next;
        }
        Some(latest)
    }

    fn next_of_pattern(&self, time: Timestamp) -> Option<Zoned> {
        self.cron
            .find_next_occurrence(&self.zoned(time)?, false)
            .ok()
    }

    /// The instant before a date begins.
    fn before(&self, date: Date) -> Option<Timestamp> {
        let start = date.to_zoned(self.zone.clone()).ok()?;
        Some(timestamp(&start).minus(Duration::from_millis(1)))
    }

    fn zoned(&self, time: Timestamp) -> Option<Zoned> {
        let time = jiff::Timestamp::from_millisecond(time.0).ok()?;
        Some(time.to_zoned(self.zone.clone()))
    }
}

fn timestamp(time: &Zoned) -> Timestamp {
    Timestamp(time.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::OffRule;

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

    fn clear(rule: OffRule, cron: &str, zone: &str) -> Result<Timetable, Error> {
        table(cron, zone).keeping_clear_of(&DaysOff {
            rule,
            days: ["mon", "tue", "wed", "thu", "fri"]
                .map(String::from)
                .to_vec(),
            holidays: vec!["2026-12-24".into(), "2026-12-25".into()],
        })
    }

    /// Days and times of the instants from Wednesday 2026-12-23 to Wednesday 2026-12-30.
    fn christmas(rule: OffRule, cron: &str) -> String {
        let table = clear(rule, cron, "Europe/Berlin").unwrap();
        let (mut found, mut time) = (Vec::new(), at("2026-12-22T23:00:00Z").minus(MOMENT));
        let end = at("2026-12-29T23:00:00Z");
        while let Some(next) = table.next_after(time).filter(|next| *next < end) {
            let local = table.zoned(next).unwrap();
            found.push(local.strftime("%d %H:%M").to_string());
            time = next;
        }
        found.join(", ")
    }

    const MOMENT: Duration = Duration::from_millis(1);

    #[test]
    fn days_off_are_left_out() {
        for (cron, due) in [
            ("0 2 * * *", "23 02:00, 28 02:00, 29 02:00"),
            ("30 23 24-28 12 *", "28 23:30"),
            (
                "0 9,15 * * MON-THU",
                "23 09:00, 23 15:00, 28 09:00, 28 15:00, 29 09:00, 29 15:00",
            ),
        ] {
            assert_eq!(christmas(OffRule::Skip, cron), due, "{cron}");
        }
    }

    #[test]
    fn what_falls_on_days_off_is_moved_to_the_next_working_day_once() {
        for (cron, due) in [
            // Its own instant and the moved one are one.
            ("0 2 * * *", "23 02:00, 28 02:00, 29 02:00"),
            ("0 8 25 12 *", "28 08:00"),
            // The first of those that were off, besides its own.
            ("30 14 26,27 12 *", "28 14:30"),
            ("0 6 27,28 12 *", "28 06:00"),
            ("15 7 * * SAT", "28 07:15"),
            ("0 9,15 * * WED-FRI", "23 09:00, 23 15:00, 28 09:00"),
        ] {
            assert_eq!(christmas(OffRule::Move, cron), due, "{cron}");
        }
    }

    #[test]
    fn the_day_is_that_of_the_schedules_zone() {
        // 23:30 on Friday in Berlin and on Thursday in New York are the same night in UTC.
        let next = |zone| {
            let table = clear(OffRule::Skip, "30 23 * * *", zone).unwrap();
            table
                .next_after(at("2026-12-18T23:00:00Z"))
                .unwrap()
                .to_string()
        };
        assert_eq!(next("Europe/Berlin"), "2026-12-21T22:30:00.000Z");
        assert_eq!(next("America/New_York"), "2026-12-19T04:30:00.000Z");
    }

    #[test]
    fn the_latest_keeps_clear_of_days_off_too() {
        for rule in [OffRule::Skip, OffRule::Move] {
            for pattern in [
                "0 2 * * *",
                "*/30 * * * *",
                "0 6 27,28 12 *",
                "0 12 * * SAT,TUE",
            ] {
                let table = clear(rule, pattern, "Europe/Berlin").unwrap();
                let (mut expected, after) = (None, at("2026-12-20T00:00:00Z"));
                for quarter in 0..1200 {
                    let now = after.plus(Duration::from_secs(900 * quarter));
                    if table.next_after(expected.unwrap_or(after)) == Some(now) {
                        expected = Some(now);
                    }
                    assert_eq!(table.latest(after, now), expected, "{pattern} at {now}");
                }
            }
        }
    }

    #[test]
    fn days_off_that_leave_nothing_or_cannot_be_read_are_refused() {
        let weekly = clear(OffRule::Skip, "0 8 * * SAT", "UTC");
        assert_eq!(weekly.unwrap_err(), Error::OffOnly);
        assert!(clear(OffRule::Skip, "0 8 29 2 *", "UTC").is_ok());
        let read = |days: &[&str], holidays: &[&str]| {
            let owned = |list: &[&str]| list.iter().map(ToString::to_string).collect();
            let off = DaysOff {
                rule: OffRule::Move,
                days: owned(days),
                holidays: owned(holidays),
            };
            table("0 8 * * *", "UTC")
                .keeping_clear_of(&off)
                .unwrap_err()
                .to_string()
        };
        assert!(read(&["monday"], &[]).contains("`monday` is not a day"));
        assert!(read(&["mon"], &["24.12.2026"]).contains("`24.12.2026` is not a date"));
        assert!(read(&[], &[]).contains("no working days"));
    }
}
