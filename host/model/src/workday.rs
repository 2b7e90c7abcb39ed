//! Working days: which dates people work on, by the days of the week and the days off.
//!
//! The one reading of a calendar's `days` and `holidays`, whether working time is counted or a
//! schedule keeps clear of days off. Hours of work are the engine's.

use jiff::civil::{Date, Weekday};

/// Days searched for a working one before giving up: a calendar without any in ten years is a
/// mistake.
pub const HORIZON_DAYS: u32 = 3_660;

/// The working days of a calendar, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkingDays {
    days: Vec<Weekday>,
    holidays: Vec<Date>,
}

impl WorkingDays {
    /// Read days of the week (`mon` … `sun`) and days off (`YYYY-MM-DD`).
    ///
    /// # Errors
    /// In words, if one cannot be read or no day of the week is a working day.
    pub fn parse(days: &[String], holidays: &[String]) -> Result<Self, String> {
        if days.is_empty() {
            return Err("the calendar has no working days".to_owned());
        }
        Ok(Self {
            days: days
                .iter()
                .map(|day| weekday(day))
                .collect::<Result<_, _>>()?,
            holidays: holidays
                .iter()
                .map(|day| parse_date(day))
                .collect::<Result<_, _>>()?,
        })
    }

    /// Is it a working day?
    #[must_use]
    pub fn contains(&self, date: Date) -> bool {
        self.days.contains(&date.weekday()) && !self.holidays.contains(&date)
    }

    /// The first working day that is not before `date`. `None` if there is none within
    /// [`HORIZON_DAYS`].
    #[must_use]
    pub fn first_from(&self, date: Date) -> Option<Date> {
        self.found(date, |date| date.tomorrow().ok())
    }

    /// The last working day that is not after `date`; `None` as for [`Self::first_from`].
    #[must_use]
    pub fn last_until(&self, date: Date) -> Option<Date> {
        self.found(date, |date| date.yesterday().ok())
    }

    fn found(&self, date: Date, step: impl Fn(&Date) -> Option<Date>) -> Option<Date> {
        let days = std::iter::successors(Some(date), step).take(HORIZON_DAYS as usize);
        days.into_iter().find(|date| self.contains(*date))
    }
}

/// Read a date.
///
/// # Errors
/// In words, if the text is none.
pub fn parse_date(text: &str) -> Result<Date, String> {
    text.parse()
        .map_err(|_| format!("`{text}` is not a date like 2027-12-24"))
}

fn weekday(name: &str) -> Result<Weekday, String> {
    Ok(match name {
        "mon" => Weekday::Monday,
        "tue" => Weekday::Tuesday,
        "wed" => Weekday::Wednesday,
        "thu" => Weekday::Thursday,
        "fri" => Weekday::Friday,
        "sat" => Weekday::Saturday,
        "sun" => Weekday::Sunday,
        other => {
            return Err(format!(
                "`{other}` is not a day; use mon, tue, wed, thu, fri, sat, sun"
            ));
        }
    })
}
