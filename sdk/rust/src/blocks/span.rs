//! Spans of time as configuration writes them: `3bd`, `4bh`, `10d`, `6h`, `15m`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::handler::{Calendar, Cx};
use crate::time::{DAY, HOUR, MINUTE};
use crate::types::{Error, Timestamp};

/// Minutes of an hour.
const HOUR_MINUTES: u32 = (HOUR / MINUTE) as u32;
/// Minutes of a day.
const DAY_MINUTES: u32 = (DAY / MINUTE) as u32;

/// A span: business days and hours count in working time, all else by the wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// Whole working days, `3bd`.
    BusinessDays(u32),
    /// Hours of working time, `4bh`.
    BusinessHours(u32),
    /// Minutes by the wall clock; written in days, hours or minutes.
    Minutes(u32),
}

impl Span {
    /// Whole days by the wall clock.
    #[must_use]
    pub const fn days(days: u32) -> Self {
        Self::Minutes(days * DAY_MINUTES)
    }

    /// The point in time `percent` per cent of this span after `start`.
    ///
    /// # Errors
    /// `invalid` if the calendar cannot be used.
    pub fn after(
        self,
        cx: &Cx,
        calendar: &WorkCalendar,
        start: Timestamp,
        percent: u32,
    ) -> Result<Timestamp, Error> {
        let share = |minutes: u64| u32::try_from(minutes * u64::from(percent) / 100);
        let too_long = |_| Error::invalid(format!("the span {self} is too long"));
        match self {
            Self::Minutes(minutes) => {
                let minutes = share(minutes.into()).map_err(too_long)?;
                Ok(start + Timestamp::from(minutes) * MINUTE)
            }
            Self::BusinessDays(days) => {
                let minutes = u64::from(days) * u64::from(calendar.day_minutes()?);
                let minutes = share(minutes).map_err(too_long)?;
                cx.business_time(&calendar.as_runtime(), start, minutes)
            }
            Self::BusinessHours(hours) => {
                let minutes = share(u64::from(hours) * 60).map_err(too_long)?;
                cx.business_time(&calendar.as_runtime(), start, minutes)
            }
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BusinessDays(days) => write!(f, "{days}bd"),
            Self::BusinessHours(hours) => write!(f, "{hours}bh"),
            Self::Minutes(minutes) if minutes % DAY_MINUTES == 0 => {
                write!(f, "{}d", minutes / DAY_MINUTES)
            }
            Self::Minutes(minutes) if minutes % HOUR_MINUTES == 0 => {
                write!(f, "{}h", minutes / HOUR_MINUTES)
            }
            Self::Minutes(minutes) => write!(f, "{minutes}m"),
        }
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mistake = || {
            format!("`{text}` is not a span of time like 3bd (business days), 4bh, 10d, 6h or 15m")
        };
        let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
        let number: u32 = digits.parse().map_err(|_| mistake())?;
        let minutes = |unit: Timestamp| {
            let minutes = Timestamp::from(number) * (unit / MINUTE);
            u32::try_from(minutes)
                .map(Self::Minutes)
                .map_err(|_| mistake())
        };
        match &text[digits.len()..] {
            "bd" => Ok(Self::BusinessDays(number)),
            "bh" => Ok(Self::BusinessHours(number)),
            "d" => minutes(DAY),
            "h" => minutes(HOUR),
            "m" => minutes(MINUTE),
            _ => Err(mistake()),
        }
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Span {
    fn schema_name() -> Cow<'static, str> {
        "Span".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A span of time: 3bd (business days), 4bh (business hours), 10d, 6h, 15m.",
            "type": "string",
            "pattern": "^[0-9]+(bd|bh|d|h|m)$"
        })
    }
}

/// Working time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WorkCalendar {
    /// IANA time zone. Dates without a time end at midnight there.
    pub zone: String,
    /// Working days: mon, tue, wed, thu, fri, sat, sun.
    pub days: Vec<String>,
    /// Working hours, `09:00-17:00`.
    pub hours: String,
    /// Days off, `2027-12-24`.
    pub holidays: Vec<String>,
}

impl Default for WorkCalendar {
    /// Monday to Friday, 09:00 to 17:00, UTC.
    fn default() -> Self {
        Self {
            zone: "UTC".to_owned(),
            days: ["mon", "tue", "wed", "thu", "fri"]
                .map(str::to_owned)
                .to_vec(),
            hours: "09:00-17:00".to_owned(),
            holidays: Vec::new(),
        }
    }
}

impl WorkCalendar {
    /// What is wrong with it, found without asking the host.
    #[must_use]
    pub fn mistake(&self) -> Option<String> {
        self.day_minutes()
            .err()
            .map(|error| error.detail().message.clone())
    }

    fn as_runtime(&self) -> Calendar {
        let (opens, closes) = self.hours.split_once('-').unwrap_or((&self.hours, ""));
        Calendar {
            zone: self.zone.clone(),
            days: self.days.clone(),
            opens: opens.trim().to_owned(),
            closes: closes.trim().to_owned(),
            holidays: self.holidays.clone(),
        }
    }

    /// Length of a working day.
    fn day_minutes(&self) -> Result<u32, Error> {
        let minutes = |time: &str| -> Option<u32> {
            let (hours, minutes) = time.trim().split_once(':')?;
            let (hours, minutes): (u32, u32) = (hours.parse().ok()?, minutes.parse().ok()?);
            (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
        };
        let day = self.hours.split_once('-').and_then(|(opens, closes)| {
            minutes(closes)?
                .checked_sub(minutes(opens)?)
                .filter(|length| *length > 0)
        });
        day.ok_or_else(|| {
            Error::invalid(format!(
                "`{}` are not working hours like 09:00-17:00",
                self.hours
            ))
            .with_field("calendar.hours")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{START, Script};

    #[test]
    fn spans_are_read_and_written_alike() {
        for text in ["3bd", "4bh", "10d", "6h", "15m"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
        for text in ["", "bd", "3", "3 bd", "3w", "-1d"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_share_of_a_span_is_a_share_of_its_working_minutes() {
        let cx = Cx::scripted(Script::new());
        let calendar = WorkCalendar::default();
        let half = Span::BusinessDays(2)
            .after(&cx, &calendar, START, 50)
            .unwrap();
        assert_eq!(half, START + 8 * HOUR);
        let twice = "1h"
            .parse::<Span>()
            .unwrap()
            .after(&cx, &calendar, START, 200)
            .unwrap();
        assert_eq!(twice, START + 2 * HOUR);
    }

    #[test]
    fn hours_that_make_no_day_are_a_mistake() {
        let calendar = WorkCalendar {
            hours: "17:00-09:00".into(),
            ..WorkCalendar::default()
        };
        assert!(calendar.mistake().unwrap().contains("17:00-09:00"));
        assert_eq!(WorkCalendar::default().mistake(), None);
    }
}
