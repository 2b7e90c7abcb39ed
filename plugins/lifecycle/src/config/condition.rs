//! Conditions of policies, as configuration writes them: `past`, `>24mo`, `present`, or a value.
//!
//! What nobody knows never holds: an asset without a date is not past it.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use forebay_sdk::time::{DAY, start_of_date, to_date};
use forebay_sdk::{Error, Timestamp};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Months of a year.
const YEAR: u32 = 12;

/// A length by the calendar: `30d`, `24mo`, `10y`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// Days of 24 hours.
    Days(u32),
    /// Months; a day that the month does not have becomes its last.
    Months(u32),
}

impl Period {
    /// The point in time this long before.
    pub(crate) fn before(self, at: Timestamp) -> Timestamp {
        self.shift(at, -1)
    }

    /// The point in time this long after.
    pub(crate) fn after(self, at: Timestamp) -> Timestamp {
        self.shift(at, 1)
    }

    fn shift(self, at: Timestamp, sign: i64) -> Timestamp {
        match self {
            Self::Days(days) => at + sign * i64::from(days) * DAY,
            Self::Months(months) => {
                // Outside the years that have dates a month has 30 days; no asset gets there.
                let rough = at + sign * i64::from(months) * 30 * DAY;
                shift_months(at, sign * i64::from(months)).unwrap_or(rough)
            }
        }
    }
}

fn shift_months(at: Timestamp, months: i64) -> Option<Timestamp> {
    let date = to_date(at)?;
    let mut parts = date.splitn(3, '-').map(str::parse::<i64>);
    let (year, month, day) = (
        parts.next()?.ok()?,
        parts.next()?.ok()?,
        parts.next()?.ok()?,
    );
    let counted = year * 12 + (month - 1) + months;
    let (year, month) = (counted.div_euclid(12), counted.rem_euclid(12) + 1);
    let shifted = (1..=day)
        .rev()
        .find_map(|day| start_of_date(&format!("{year:04}-{month:02}-{day:02}")))?;
    Some(shifted + at.rem_euclid(DAY))
}

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
        let mistake = || format!("`{text}` is not a length like 30d, 24mo or 10y");
        let number: u32 = digits.parse().map_err(|_| mistake())?;
        match &text[digits.len()..] {
            "d" => Ok(Self::Days(number)),
            "mo" => Ok(Self::Months(number)),
            "y" => number
                .checked_mul(YEAR)
                .map(Self::Months)
                .ok_or_else(mistake),
            _ => Err(mistake()),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Days(days) => write!(f, "{days}d"),
            Self::Months(months) if months % YEAR == 0 => write!(f, "{}y", months / YEAR),
            Self::Months(months) => write!(f, "{months}mo"),
        }
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Period {
    fn schema_name() -> Cow<'static, str> {
        "Period".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A length by the calendar: 30d, 24mo, 10y.",
            "type": "string",
            "pattern": "^[0-9]+(d|mo|y)$"
        })
    }
}

/// What must hold of a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    /// Its date has passed.
    Past,
    /// Its date is still to come.
    Future,
    /// It has a value.
    Present,
    /// It has none.
    Absent,
    /// Its time lies further back than this.
    Older(Period),
    /// Its time lies less far back than this.
    Younger(Period),
    /// It is this text, in any letter case.
    Is(String),
}

impl Condition {
    /// Read a condition.
    ///
    /// # Errors
    /// In words, where a comparison has no length.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let period = |text: &str| text.parse::<Period>().map_err(Error::invalid);
        let text = text.trim();
        Ok(match text {
            "past" => Self::Past,
            "future" => Self::Future,
            "present" => Self::Present,
            "absent" => Self::Absent,
            _ => match (text.strip_prefix('>'), text.strip_prefix('<')) {
                (Some(rest), _) => Self::Older(period(rest)?),
                (_, Some(rest)) => Self::Younger(period(rest)?),
                _ => Self::Is(text.to_owned()),
            },
        })
    }

    /// Does it ask about a point in time?
    pub(crate) fn is_about_time(&self) -> bool {
        matches!(
            self,
            Self::Past | Self::Future | Self::Older(_) | Self::Younger(_)
        )
    }

    /// Does it hold of a subject with these texts?
    pub(crate) fn holds_of(&self, texts: &[String]) -> bool {
        match self {
            Self::Present => !texts.is_empty(),
            Self::Absent => texts.is_empty(),
            Self::Is(wanted) => texts.iter().any(|text| text.eq_ignore_ascii_case(wanted)),
            _ => false,
        }
    }

    /// Does it hold of this point in time?
    pub(crate) fn holds_at(&self, at: Timestamp, now: Timestamp) -> bool {
        match self {
            Self::Past => at <= now,
            Self::Future => at > now,
            Self::Older(length) => at < length.before(now),
            Self::Younger(length) => at >= length.before(now),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(date: &str) -> Timestamp {
        start_of_date(date).unwrap()
    }

    #[test]
    fn lengths_follow_the_calendar() {
        let length = |text: &str| text.parse::<Period>().unwrap();
        assert_eq!(length("1mo").after(at("2027-01-31")), at("2027-02-28"));
        assert_eq!(length("24mo").before(at("2028-02-29")), at("2026-02-28"));
        assert_eq!(length("10y").after(at("2026-11-16")), at("2036-11-16"));
        assert_eq!(length("14d").before(at("2026-11-16")), at("2026-11-02"));
        for text in ["30d", "24mo", "10y", "7mo"] {
            assert_eq!(
                length(text).to_string().parse::<Period>().unwrap(),
                length(text)
            );
        }
        for text in ["", "d", "3", "3w", "-1d", "99999999999y"] {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
    }

    #[test]
    fn conditions_hold_of_what_is_known_only() {
        let now = at("2026-11-16");
        for (condition, date, expected) in [
            ("past", "2026-11-15", true),
            ("past", "2026-11-17", false),
            ("future", "2026-11-17", true),
            (">24mo", "2024-11-15", true),
            (">24mo", "2024-11-17", false),
            ("<30d", "2026-11-01", true),
            ("<30d", "2026-10-01", false),
        ] {
            let parsed = Condition::parse(condition).unwrap();
            assert_eq!(
                parsed.holds_at(at(date), now),
                expected,
                "{condition} {date}"
            );
            assert!(!parsed.holds_of(&[]), "{condition}");
        }
        let text = |condition: &str, texts: &[&str]| {
            let texts: Vec<_> = texts.iter().map(|text| (*text).to_owned()).collect();
            Condition::parse(condition).unwrap().holds_of(&texts)
        };
        assert!(text("closed", &["Closed"]) && !text("closed", &[]));
        assert!(text("present", &["x"]) && !text("present", &[]));
        assert!(text("absent", &[]) && !text("absent", &["x"]));
        assert!(Condition::parse(">soon").is_err());
    }
}
