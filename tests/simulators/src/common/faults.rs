//! Faults: what goes wrong, at which operation, how often, and when.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use forebay_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::lock;

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// Answer with this status instead of performing the operation.
    #[serde(rename_all = "kebab-case")]
    Status {
        /// HTTP status.
        code: u16,
        /// `Retry-After` in seconds.
        #[serde(default)]
        retry_after: Option<u32>,
        /// Body to answer with instead of the vendor's usual error body.
        #[serde(default)]
        body: Option<String>,
    },
    /// Wait this many milliseconds, on the simulator's clock, before performing the operation.
    Latency {
        /// Milliseconds.
        ms: u64,
    },
    /// Perform the operation, then close the connection without an answer.
    CommitThenTimeout,
    /// Close the connection without performing the operation.
    ConnectionLost,
}

/// Which calls a fault hits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Rule {
    /// Name of the operation; `*` for all.
    #[serde(default = "any_operation")]
    pub operation: String,
    /// What goes wrong.
    pub fault: Fault,
    /// Matching calls that pass before the first hit.
    #[serde(default)]
    pub skip: u32,
    /// After that, every how many matching calls there is a hit; 1 hits each.
    #[serde(default = "each")]
    pub every: u32,
    /// Hits at most; absent for no limit.
    #[serde(default)]
    pub times: Option<u32>,
    /// Not before this time, in milliseconds since the epoch.
    #[serde(default)]
    pub from: Option<Timestamp>,
    /// Not at or after this time, in milliseconds since the epoch.
    #[serde(default)]
    pub until: Option<Timestamp>,
}

fn any_operation() -> String {
    "*".to_owned()
}

fn each() -> u32 {
    1
}

impl Rule {
    /// The fault hits every call of the operation until the rule is taken away.
    #[must_use]
    pub fn always(operation: impl Into<String>, fault: Fault) -> Self {
        let operation = operation.into();
        Self {
            operation,
            fault,
            skip: 0,
            every: 1,
            times: None,
            from: None,
            until: None,
        }
    }

    /// The fault hits the next call of the operation.
    #[must_use]
    pub fn once(operation: impl Into<String>, fault: Fault) -> Self {
        Self::times(operation, fault, 1)
    }

    /// The fault hits the next calls of the operation.
    #[must_use]
    pub fn times(operation: impl Into<String>, fault: Fault, times: u32) -> Self {
        Self {
            times: Some(times),
            ..Self::always(operation, fault)
        }
    }

    /// Everything answers 503 between two times.
    #[must_use]
    pub fn outage(from: Timestamp, until: Timestamp) -> Self {
        let fault = Fault::Status {
            code: 503,
            retry_after: None,
            body: None,
        };
        Self {
            from: Some(from),
            until: Some(until),
            ..Self::always("*", fault)
        }
    }

    /// Let this many matching calls pass first.
    #[must_use]
    pub fn after(self, skip: u32) -> Self {
        Self { skip, ..self }
    }

    /// Hit every n-th matching call only.
    #[must_use]
    pub fn every(self, every: u32) -> Self {
        Self { every, ..self }
    }

    fn covers(&self, operation: &str, now: Timestamp) -> bool {
        (self.operation == "*" || self.operation == operation)
            && self.from.is_none_or(|from| now >= from)
            && self.until.is_none_or(|until| now < until)
    }
}

impl Fault {
    /// A status without more.
    #[must_use]
    pub fn status(code: u16) -> Self {
        Self::Status {
            code,
            retry_after: None,
            body: None,
        }
    }

    /// 429 with `Retry-After` in seconds.
    #[must_use]
    pub fn too_many(retry_after: u32) -> Self {
        Self::Status {
            code: 429,
            retry_after: Some(retry_after),
            body: None,
        }
    }

    /// A word for the record of a call.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::Status { code, .. } => format!("status {code}"),
            Self::Latency { ms } => format!("latency {ms} ms"),
            Self::CommitThenTimeout => "commit-then-timeout".to_owned(),
            Self::ConnectionLost => "connection-lost".to_owned(),
        }
    }
}

/// A rule with what it has seen so far.
#[derive(Clone, Debug)]
struct Armed {
    rule: Rule,
    matched: u32,
    hits: u32,
}

impl Armed {
    /// Count a matching call; is it hit?
    fn strike(&mut self) -> bool {
        let position = self.matched;
        self.matched += 1;
        let due = position >= self.rule.skip
            && (position - self.rule.skip + 1).is_multiple_of(self.rule.every.max(1));
        let hit = due && self.rule.times.is_none_or(|times| self.hits < times);
        self.hits += u32::from(hit);
        hit
    }
}

/// The faults of one simulator.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    rules: Vec<Armed>,
    visibility_delay: Duration,
}

impl Faults {
    /// Add a rule.
    pub fn add(&self, rule: Rule) {
        lock(&self.0).rules.push(Armed {
            rule,
            matched: 0,
            hits: 0,
        });
    }

    /// Take all rules away and make changes visible at once again.
    pub fn clear(&self) {
        *lock(&self.0) = State::default();
    }

    /// The rules that stand.
    #[must_use]
    pub fn rules(&self) -> Vec<Rule> {
        lock(&self.0)
            .rules
            .iter()
            .map(|armed| armed.rule.clone())
            .collect()
    }

    /// From now on what is created or changed can be read this much later than its event is sent.
    pub fn set_visibility_delay(&self, delay: Duration) {
        lock(&self.0).visibility_delay = delay;
    }

    /// How much later than its event a change can be read.
    #[must_use]
    pub fn visibility_delay(&self) -> Duration {
        lock(&self.0).visibility_delay
    }

    /// The faults that hit the next call of an operation.
    pub(crate) fn strike(&self, operation: &str, now: Timestamp) -> Vec<Fault> {
        let mut state = lock(&self.0);
        let covering = state
            .rules
            .iter_mut()
            .filter(|armed| armed.rule.covers(operation, now));
        covering
            .filter_map(|armed| armed.strike().then(|| armed.rule.fault.clone()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(rule: Rule, calls: u32) -> Vec<u32> {
        let faults = Faults::default();
        faults.add(rule);
        (1..=calls)
            .filter(|_| !faults.strike("read", Timestamp(50)).is_empty())
            .collect()
    }

    #[test]
    fn a_rule_hits_the_calls_it_names() {
        let fault = || Fault::status(503);
        assert_eq!(hits(Rule::once("read", fault()), 4), [1]);
        assert_eq!(hits(Rule::always("*", fault()), 3), [1, 2, 3]);
        assert_eq!(hits(Rule::times("read", fault(), 2).after(1), 5), [2, 3]);
        assert_eq!(hits(Rule::always("read", fault()).every(3), 7), [3, 6]);
        assert!(hits(Rule::always("write", fault()), 3).is_empty());
        assert!(hits(Rule::outage(Timestamp(60), Timestamp(70)), 3).is_empty());
        assert_eq!(hits(Rule::outage(Timestamp(50), Timestamp(51)), 1), [1]);
    }

    #[test]
    fn a_rule_can_be_written_in_json() {
        let json =
            r#"{"operation":"start","fault":{"status":{"code":429,"retry-after":120}},"times":1}"#;
        let rule: Rule = serde_json::from_str(json).unwrap();
        assert_eq!(rule, Rule::once("start", Fault::too_many(120)));
        let json = r#"{"fault":"commit-then-timeout"}"#;
        let rule: Rule = serde_json::from_str(json).unwrap();
        assert_eq!(rule, Rule::always("*", Fault::CommitThenTimeout));
    }
}
