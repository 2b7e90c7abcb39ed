//! Reading and writing points in time. There is no clock here: a connector's time is
//! `call.now()`, a handler's is `cx.now()`.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::types::Timestamp;

/// Milliseconds of a second, minute, hour and day, for arithmetic on timestamps.
pub const SECOND: Timestamp = 1_000;
/// Milliseconds of a minute.
pub const MINUTE: Timestamp = 60 * SECOND;
/// Milliseconds of an hour.
pub const HOUR: Timestamp = 60 * MINUTE;
/// Milliseconds of a day of 24 hours.
pub const DAY: Timestamp = 24 * HOUR;

/// Read RFC 3339 (`2026-03-01T12:00:00Z`, `…+01:00`, with or without fractions). An offset written
/// as `+0000` is accepted, because several vendors write it. `None` where it is something else.
#[must_use]
pub fn parse_rfc3339(text: &str) -> Option<Timestamp> {
    text.trim()
        .parse::<jiff::Timestamp>()
        .ok()
        .map(jiff::Timestamp::as_millisecond)
}

/// Read a vendor's time that may lack a zone (`2026-03-01T12:00:00.123`, `2026-03-01 12:00:00`),
/// which then is taken as UTC, or may be a date alone, which then is its start.
#[must_use]
pub fn parse_lenient(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    parse_rfc3339(text).or_else(|| {
        let civil: jiff::civil::DateTime = text.parse().ok()?;
        Some(
            civil
                .to_zoned(TimeZone::UTC)
                .ok()?
                .timestamp()
                .as_millisecond(),
        )
    })
}

/// Write RFC 3339 in UTC with milliseconds only where there are any. A time outside the years -9999
/// to 9999 is written as its number of milliseconds.
#[must_use]
pub fn to_rfc3339(at: Timestamp) -> String {
    match jiff::Timestamp::from_millisecond(at) {
        Ok(at) => at.to_string(),
        Err(_) => at.to_string(),
    }
}

/// The UTC calendar date of a point in time, `YYYY-MM-DD`.
#[must_use]
pub fn to_date(at: Timestamp) -> Option<String> {
    let at = jiff::Timestamp::from_millisecond(at).ok()?;
    Some(at.to_zoned(TimeZone::UTC).date().to_string())
}

/// Characters of `YYYY-MM-DD`.
const DATE_LENGTH: usize = 10;

/// Start of a UTC calendar date `YYYY-MM-DD`. A date with a time is none.
#[must_use]
pub fn start_of_date(date: &str) -> Option<Timestamp> {
    let date = date.trim();
    if date.len() != DATE_LENGTH {
        return None;
    }
    let date: Date = date.parse().ok()?;
    Some(
        date.to_zoned(TimeZone::UTC)
            .ok()?
            .timestamp()
            .as_millisecond(),
    )
}

/// When a UTC calendar date `YYYY-MM-DD` is over: the first moment of the next one.
#[must_use]
pub fn end_of_date(date: &str) -> Option<Timestamp> {
    start_of_date(date).map(|start| start + DAY)
}

/// The last UTC calendar date, `YYYY-MM-DD`, of something that ends at a point in time. A date that
/// [`end_of_date`] ends is that date again.
#[must_use]
pub fn last_date(end: Timestamp) -> Option<String> {
    to_date(end - 1)
}

/// Read an HTTP date (`Sun, 06 Nov 1994 08:49:37 GMT`).
#[must_use]
pub fn parse_http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text)
        .ok()
        .map(|zoned| zoned.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = 1_767_268_800_000;

    #[test]
    fn vendors_times_are_read_in_every_notation_they_use() {
        let same = [
            "2026-01-01T12:00:00Z",
            "2026-01-01T12:00:00.000Z",
            "2026-01-01T13:00:00+01:00",
            "2026-01-01T12:00:00.000+0000",
            "2026-01-01T12:00:00",
            "2026-01-01 12:00:00",
        ];
        for text in same {
            assert_eq!(parse_lenient(text), Some(NOON), "{text}");
        }
        assert_eq!(parse_lenient("2026-01-01"), Some(NOON - 12 * HOUR));
        assert_eq!(parse_lenient("yesterday"), None);
        assert_eq!(start_of_date("2026-01-01"), Some(NOON - 12 * HOUR));
        assert_eq!(start_of_date("2026-01-01T12:00:00"), None);
        let over = end_of_date("2026-01-01").unwrap();
        assert_eq!(over, NOON + 12 * HOUR);
        assert_eq!(last_date(over).as_deref(), Some("2026-01-01"));
        assert_eq!(last_date(over + 1).as_deref(), Some("2026-01-02"));
        assert_eq!(
            parse_rfc3339("2026-01-01T12:00:00"),
            None,
            "a zone is required"
        );
        assert_eq!(parse_http_date("Thu, 01 Jan 2026 12:00:00 GMT"), Some(NOON));
    }

    #[test]
    fn what_is_written_is_read_again() {
        assert_eq!(to_rfc3339(NOON), "2026-01-01T12:00:00Z");
        assert_eq!(to_rfc3339(NOON + 5), "2026-01-01T12:00:00.005Z");
        assert_eq!(parse_rfc3339(&to_rfc3339(-1)), Some(-1));
        assert_eq!(to_date(NOON).as_deref(), Some("2026-01-01"));
        assert_eq!(start_of_date("2026-01-01"), Some(NOON - 12 * HOUR));
        assert_eq!(start_of_date("2026-02-30"), None);
    }
}
