//! When files may be moved in bulk: hours of the day in a time zone, over midnight or not.

use forebay_sdk::time::{DAY, MINUTE, start_of_date, to_date};
use forebay_sdk::{Cx, Error, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Hours in which files may be moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Window {
    /// IANA time zone.
    pub zone: String,
    /// From when to when, maybe over midnight: `20:00-06:00`.
    pub hours: String,
}

impl Default for Window {
    fn default() -> Self {
        Self {
            zone: "Europe/Berlin".to_owned(),
            hours: "20:00-06:00".to_owned(),
        }
    }
}

/// A moment, seen from the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// It is open; the date of the evening it opened names the night.
    Open(String),
    /// It opens then.
    Closed(Timestamp),
}

impl Window {
    /// What is wrong with the hours.
    pub(crate) fn mistake(&self) -> Option<String> {
        self.minutes().is_none().then(|| {
            format!(
                "`{}` are not hours like 20:00-06:00, from one time to another",
                self.hours
            )
        })
    }

    /// Opening and closing in milliseconds after midnight.
    fn minutes(&self) -> Option<(Timestamp, Timestamp)> {
        let time = |text: &str| {
            let (hours, minutes) = text.trim().split_once(':')?;
            let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
            let valid = (0..24).contains(&hours) && (0..60).contains(&minutes);
            valid.then_some((hours * 60 + minutes) * MINUTE)
        };
        let (opens, closes) = self.hours.split_once('-')?;
        let (opens, closes) = (time(opens)?, time(closes)?);
        (opens != closes).then_some((opens, closes))
    }

    /// Is it open now, and if not, when does it open? In the night in which clocks change it may
    /// be an hour early or late.
    ///
    /// # Errors
    /// `invalid`, where zone or hours cannot be read.
    pub(crate) fn look(&self, cx: &Cx, now: Timestamp) -> Result<Moment, Error> {
        let (opens, closes) = self
            .minutes()
            .ok_or_else(|| Error::invalid(self.mistake().unwrap_or_default()))?;
        let today = cx.local_date(&self.zone, now)?;
        let yesterday = day_before(&today)?;
        let midnight = cx.end_of_day(&self.zone, &yesterday)?;
        let time = now - midnight;
        let overnight = closes < opens;
        Ok(if time >= opens && (overnight || time < closes) {
            Moment::Open(today)
        } else if overnight && time < closes {
            Moment::Open(yesterday)
        } else if time < opens {
            Moment::Closed(midnight + opens)
        } else {
            Moment::Closed(cx.end_of_day(&self.zone, &today)? + opens)
        })
    }
}

impl Window {
    /// When it opens next, though it may be open now.
    ///
    /// # Errors
    /// As for [`look`](Self::look).
    pub(crate) fn next(&self, cx: &Cx, now: Timestamp) -> Result<Timestamp, Error> {
        Ok(match self.look(cx, now)? {
            Moment::Closed(opens) => opens,
            Moment::Open(night) => {
                let (opens, _) = self.minutes().unwrap_or_default();
                cx.end_of_day(&self.zone, &night)? + opens
            }
        })
    }
}

fn day_before(date: &str) -> Result<String, Error> {
    start_of_date(date)
        .and_then(|start| to_date(start - DAY))
        .ok_or_else(|| Error::invalid(format!("`{date}` is not a date")))
}

#[cfg(test)]
mod tests {
    use forebay_sdk::testing::Script;
    use forebay_sdk::time::{HOUR, parse_rfc3339};

    use super::*;

    #[test]
    fn a_night_goes_over_midnight_and_has_one_name() {
        let cx = Cx::scripted(Script::new());
        let window = Window {
            zone: "UTC".to_owned(),
            hours: "20:00-06:00".to_owned(),
        };
        let at = |text: &str| parse_rfc3339(text).unwrap();
        let look = |text: &str| window.look(&cx, at(text)).unwrap();
        let night = Moment::Open("2026-11-16".to_owned());
        assert_eq!(look("2026-11-16T20:00:00Z"), night);
        assert_eq!(look("2026-11-17T05:59:00Z"), night);
        let next = at("2026-11-17T20:00:00Z");
        assert_eq!(look("2026-11-17T06:00:00Z"), Moment::Closed(next));
        let day = Window {
            hours: "09:00-17:00".to_owned(),
            ..window.clone()
        };
        let late = at("2026-11-16T18:00:00Z");
        assert_eq!(
            day.look(&cx, late).unwrap(),
            Moment::Closed(late + 15 * HOUR)
        );
        for hours in ["", "20-6", "20:00", "25:00-06:00", "20:00-20:00"] {
            let hours = hours.to_owned();
            let wrong = Window {
                hours,
                ..window.clone()
            };
            assert!(wrong.mistake().is_some());
        }
    }
}
