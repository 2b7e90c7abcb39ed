//! The JSON that clients see: snake_case names, times in RFC 3339, ids as text.
//!
//! Views are made from the model's types and never read back. They are types of their own so that a
//! change inside cannot change the API unseen; the OpenAPI document is generated from them.

pub(crate) mod action;
pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod connection;
pub(crate) mod event;
pub(crate) mod flow;
pub(crate) mod page;
pub(crate) mod plugin;
pub(crate) mod run;
pub(crate) mod step;
pub(crate) mod trigger;

use forebay_model::{Severity, Timestamp};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A point in time, RFC 3339 in UTC with milliseconds.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(value_type = String, format = DateTime, example = "2026-01-31T09:45:12.007Z")]
pub(crate) struct Time(String);

impl From<Timestamp> for Time {
    fn from(timestamp: Timestamp) -> Self {
        Self(timestamp.to_string())
    }
}

/// How serious a finding is.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = Severity)]
pub(crate) enum SeverityView {
    /// It cannot work like this.
    Error,
    /// It works, but not as somebody may expect.
    Warning,
    /// Worth knowing.
    Info,
}

/// One finding of a check, in plain words.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Finding {
    /// How serious it is.
    severity: SeverityView,
    /// Where, as a dotted path.
    path: String,
    /// What was found.
    message: String,
    /// What a person should do about it.
    mend: String,
}

impl From<forebay_model::Finding> for Finding {
    fn from(finding: forebay_model::Finding) -> Self {
        Self {
            severity: match finding.severity {
                Severity::Error => SeverityView::Error,
                Severity::Warning => SeverityView::Warning,
                Severity::Info => SeverityView::Info,
            },
            path: finding.path,
            message: finding.message,
            mend: finding.mend,
        }
    }
}

/// What a check found.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Findings {
    /// No finding is an error.
    passed: bool,
    /// The findings; empty means that all is well.
    findings: Vec<Finding>,
}

impl From<Vec<forebay_model::Finding>> for Findings {
    fn from(findings: Vec<forebay_model::Finding>) -> Self {
        Self {
            passed: findings
                .iter()
                .all(|finding| finding.severity != Severity::Error),
            findings: findings.into_iter().map(Finding::from).collect(),
        }
    }
}

/// A text that should be JSON, as JSON; as text where it is not.
pub(crate) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

pub(crate) fn times(at: Option<Timestamp>) -> Option<Time> {
    at.map(Time::from)
}
