//! Working time (rule C-22): adding working minutes to a point in time.

use forebay_model::Timestamp;
use forebay_model::ports::Calendar;
use forebay_model::workday::{HORIZON_DAYS, WorkingDays, parse_date};
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

/// A calendar, checked.
struct WorkingTime {
    zone: TimeZone,
    days: WorkingDays,
    opens: Time,
    closes: Time,
}

/// `start` plus `minutes` of working time. Time outside working hours does not count; a start
/// outside them counts from the next opening. Zero minutes give the next working moment.
///
/// # Errors
/// If the calendar names an unknown zone, day or time, or has no working time at all.
pub fn add_working_minutes(
    calendar: &Calendar,
    start: Timestamp,
    minutes: u32,
) -> Result<Timestamp, String> {
    let working = WorkingTime::parse(calendar)?;
    let mut left = i64::from(minutes) * 60_000;
    let mut date = working.local_date(start)?;
    for _ in 0..HORIZON_DAYS {
        if let Some((opens, closes)) = working.hours(date)? {
            let from = opens.max(start.0);
            if from < closes {
                let available = closes - from;
                if left <= available {
                    return Ok(Timestamp(from + left));
                }
                left -= available;
            }
        }
        date = date.tomorrow().map_err(|error| error.to_string())?;
    }
    Err(format!(
        "the calendar has no working time within {HORIZON_DAYS} days"
    ))
}

/// The point in time at which a date like 2027-12-24 ends in a zone: the start of the day after.
///
/// # Errors
/// If the zone is unknown or the text is no date.
pub fn end_of_day(zone: &str, date: &str) -> Result<Timestamp, String> {
    let zone = find_zone(zone)?;
    let next = parse_date(date)?
        .tomorrow()
        .and_then(|next| next.to_zoned(zone))
        .map_err(|error| error.to_string())?;
    Ok(Timestamp(next.timestamp().as_millisecond()))
}

/// The date at a point in time in a zone.
///
/// # Errors
/// If the zone is unknown or the time is out of range.
pub fn local_date(zone: &str, at: Timestamp) -> Result<String, String> {
    date_in(&find_zone(zone)?, at).map(|date| date.to_string())
}

fn find_zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| format!("unknown time zone `{name}`"))
}

fn date_in(zone: &TimeZone, at: Timestamp) -> Result<Date, String> {
    let instant = jiff::Timestamp::from_millisecond(at.0).map_err(|error| error.to_string())?;
    Ok(instant.to_zoned(zone.clone()).date())
}

impl WorkingTime {
    fn parse(calendar: &Calendar) -> Result<Self, String> {
        let zone = find_zone(&calendar.zone)?;
        let days = WorkingDays::parse(&calendar.days, &calendar.holidays)?;
        let opens = time_of_day(&calendar.opens)?;
        let closes = time_of_day(&calendar.closes)?;
        if opens >= closes {
            return Err(format!(
                "the working day must open before it closes, not {} to {}",
                calendar.opens, calendar.closes
            ));
        }
        Ok(Self {
            zone,
            days,
            opens,
            closes,
        })
    }

    fn local_date(&self, time: Timestamp) -> Result<Date, String> {
        date_in(&self.zone, time)
    }

    /// Opening and closing instants of this day, if it is a working day. On the day a clock change
    /// falls into the working hours they are an hour longer or shorter, as for the people in them.
    fn hours(&self, date: Date) -> Result<Option<(i64, i64)>, String> {
        if !self.days.contains(date) {
            return Ok(None);
        }
        let instant = |time: Time| {
            date.to_datetime(time)
                .to_zoned(self.zone.clone())
                .map(|zoned| zoned.timestamp().as_millisecond())
                .map_err(|error| error.to_string())
        };
        Ok(Some((instant(self.opens)?, instant(self.closes)?)))
    }
}

fn time_of_day(text: &str) -> Result<Time, String> {
    Time::strptime("%H:%M", text).map_err(|_| format!("`{text}` is not a time like 09:00"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(zone: &str) -> Calendar {
        Calendar {
            zone: zone.into(),
            days: ["mon", "tue", "wed", "thu", "fri"]
                .map(String::from)
                .to_vec(),
            opens: "09:00".into(),
            closes: "17:00".into(),
            holidays: vec!["2026-12-25".into()],
        }
    }

    fn add(zone: &str, start: &str, minutes: u32) -> String {
        let start = start.parse().unwrap();
        add_working_minutes(&calendar(zone), start, minutes)
            .unwrap()
            .to_string()
    }

    #[test]
    fn counts_working_hours_only() {
        // 2026-11-20 is a Friday.
        assert_eq!(
            add("UTC", "2026-11-20T16:00:00Z", 90),
            "2026-11-23T09:30:00.000Z"
        );
        assert_eq!(
            add("UTC", "2026-11-21T12:00:00Z", 0),
            "2026-11-23T09:00:00.000Z"
        );
        assert_eq!(
            add("UTC", "2026-11-20T09:00:00Z", 8 * 60),
            "2026-11-20T17:00:00.000Z"
        );
        assert_eq!(
            add("UTC", "2026-12-24T16:30:00Z", 60),
            "2026-12-28T09:30:00.000Z"
        );
    }

    #[test]
    fn follows_the_zone() {
        assert_eq!(
            add("Europe/Berlin", "2026-07-01T05:00:00Z", 60),
            "2026-07-01T08:00:00.000Z"
        );
        assert_eq!(
            add("Europe/Berlin", "2026-01-02T05:00:00Z", 60),
            "2026-01-02T09:00:00.000Z"
        );
    }

    #[test]
    fn mistakes_are_named() {
        let mut wrong = calendar("Mars/Olympus");
        assert!(
            add_working_minutes(&wrong, Timestamp(0), 1)
                .unwrap_err()
                .contains("Mars/Olympus")
        );
        wrong = calendar("UTC");
        wrong.opens = "18:00".into();
        assert!(
            add_working_minutes(&wrong, Timestamp(0), 1)
                .unwrap_err()
                .contains("open before")
        );
        wrong = calendar("UTC");
        wrong.days.clear();
        assert!(
            add_working_minutes(&wrong, Timestamp(0), 1)
                .unwrap_err()
                .contains("working days")
        );
    }

    #[test]
    fn a_date_ends_at_midnight_in_its_zone_also_when_clocks_change() {
        let at = |text: &str| {
            let instant: jiff::Timestamp = text.parse().unwrap();
            Ok(Timestamp(instant.as_millisecond()))
        };
        for (zone, date, end) in [
            ("UTC", "2027-03-31", "2027-04-01T00:00:00Z"),
            ("Europe/Berlin", "2027-01-31", "2027-01-31T23:00:00Z"),
            ("Europe/Berlin", "2027-03-28", "2027-03-28T22:00:00Z"),
        ] {
            assert_eq!(end_of_day(zone, date), at(end), "{zone} {date}");
        }
        let moment = at("2027-03-28T22:30:00Z").unwrap_or_else(|never: String| panic!("{never}"));
        assert_eq!(local_date("Europe/Berlin", moment).unwrap(), "2027-03-29");
        assert!(end_of_day("Mars/Base", "2027-01-31").is_err());
        assert!(end_of_day("UTC", "31.1.2027").is_err());
    }
}
