//! Rate budgets: requests per minute and class, as vendors count them.
//!
//! A log of the last minute's requests, not a token bucket (as `governor` has it): a bucket of N
//! refilled over a minute lets up to 2 N requests into some minute, and vendors count exactly. It
//! also keeps to the shared clock, which virtual time in tests needs.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use forebay_model::Timestamp;
use forebay_model::manifest::RateClass;
use forebay_model::template::expand;
use serde_json::Value;

/// The span budgets are counted over.
const WINDOW: Duration = Duration::from_secs(60);

/// Most requests per minute a class may name; a log entry has eight bytes, so this is 8 MB.
const MOST_PER_MINUTE: usize = 1_000_000;

/// The budgets of a connection.
#[derive(Default)]
pub(crate) struct Budgets {
    classes: Vec<Budget>,
}

struct Budget {
    name: String,
    per_minute: usize,
    prefixes: Vec<String>,
    /// When the last `per_minute` requests went out, or will: oldest first.
    log: Mutex<VecDeque<Timestamp>>,
}

/// What a budget says to a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Send it at this time; the place is taken.
    At(Timestamp),
    /// The wait would be too long: what is left of it, and the class.
    Exhausted { class: String, wait: Duration },
}

impl Budgets {
    /// The budgets of these classes; problems in words. A class whose template names an absent
    /// setting is left out.
    pub(crate) fn new(classes: &[RateClass], settings: &Value, problems: &mut Vec<String>) -> Self {
        let mut budgets = Self::default();
        for class in classes {
            let Some(text) = expand(&class.per_minute, settings) else {
                continue;
            };
            match text.trim().parse::<usize>() {
                Ok(per_minute @ 1..=MOST_PER_MINUTE) => budgets.classes.push(Budget {
                    name: class.name.clone(),
                    per_minute,
                    prefixes: class.path_prefixes.clone(),
                    log: Mutex::default(),
                }),
                _ => problems.push(format!(
                    "rate class \"{}\": \"{text}\" requests per minute is not a number from 1 to \
                     {MOST_PER_MINUTE}",
                    class.name
                )),
            }
        }
        budgets
    }

    /// Take a place for a request to this path.
    pub(crate) fn take(&self, path: &str, now: Timestamp, longest: Duration) -> Turn {
        match self.of(path) {
            None => Turn::At(now),
            Some(budget) => budget.take(now, longest),
        }
    }

    /// The class with the longest prefix of the path.
    fn of(&self, path: &str) -> Option<&Budget> {
        let length = |budget: &Budget| {
            budget
                .prefixes
                .iter()
                .filter(|prefix| path.starts_with(*prefix))
                .map(String::len)
                .max()
        };
        self.classes
            .iter()
            .filter_map(|budget| Some((length(budget)?, budget)))
            .max_by_key(|(length, _)| *length)
            .map(|(_, budget)| budget)
    }
}

impl Budget {
    fn take(&self, now: Timestamp, longest: Duration) -> Turn {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        while log.front().is_some_and(|first| first.plus(WINDOW) <= now) {
            log.pop_front();
        }
        let turn = match log.len().checked_sub(self.per_minute) {
            None => now,
            // The window of the request that many places back has to be over.
            Some(index) => log[index].plus(WINDOW).max(now),
        };
        let wait = turn.since(now);
        if wait > longest {
            return Turn::Exhausted {
                class: self.name.clone(),
                wait,
            };
        }
        log.push_back(turn);
        Turn::At(turn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn budgets() -> Budgets {
        let class = |name: &str, per_minute: &str, prefixes: &[&str]| RateClass {
            name: name.into(),
            per_minute: per_minute.into(),
            path_prefixes: prefixes.iter().map(|prefix| (*prefix).to_owned()).collect(),
        };
        let mut problems = Vec::new();
        let budgets = Budgets::new(
            &[
                class("api", "{rate}", &["/api/"]),
                class("search", "1", &["/api/search"]),
                class("absent", "{absent}", &["/api/search/deep"]),
                class("bad", "many", &["/"]),
            ],
            &json!({"rate": 2}),
            &mut problems,
        );
        assert_eq!(problems.len(), 1, "{problems:?}");
        budgets
    }

    #[test]
    fn no_window_of_a_minute_holds_more_than_the_budget() {
        let budgets = budgets();
        let longest = Duration::from_secs(10);
        let take = |millis| budgets.take("/api/x", Timestamp(millis), longest);
        assert_eq!(take(0), Turn::At(Timestamp(0)));
        assert_eq!(take(30_000), Turn::At(Timestamp(30_000)));
        assert_eq!(
            take(40_000),
            Turn::Exhausted {
                class: "api".into(),
                wait: Duration::from_secs(20)
            }
        );
        assert_eq!(
            take(55_000),
            Turn::At(Timestamp(60_000)),
            "waits for the first to leave"
        );
        assert_eq!(
            take(55_000),
            Turn::Exhausted {
                class: "api".into(),
                wait: Duration::from_secs(35)
            }
        );
        assert_eq!(take(90_000), Turn::At(Timestamp(90_000)));
    }

    #[test]
    fn the_longest_prefix_counts() {
        let budgets = budgets();
        let take = |path| budgets.take(path, Timestamp(0), Duration::ZERO);
        assert_eq!(take("/api/search/deep"), Turn::At(Timestamp(0)));
        assert!(matches!(take("/api/search"), Turn::Exhausted { class, .. } if class == "search"));
        assert_eq!(take("/api/x"), Turn::At(Timestamp(0)));
        assert_eq!(take("/elsewhere"), Turn::At(Timestamp(0)));
    }
}
