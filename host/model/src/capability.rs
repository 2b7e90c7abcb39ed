//! The error all capabilities share, and findings of checks.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What the vendor itself answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct VendorReply {
    /// HTTP status.
    pub status: Option<u16>,
    /// The vendor's error code.
    pub code: Option<String>,
    /// The vendor's message.
    pub message: String,
    /// The vendor's request id.
    pub request_id: Option<String>,
}

/// What every error says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    /// One sentence for an operator.
    pub message: String,
    /// The vendor's reply that led to it.
    pub vendor: Option<VendorReply>,
}

impl Detail {
    /// A detail of our own words only.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            vendor: None,
        }
    }
}

/// Something else stands there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConflictDetail {
    /// What happened.
    pub detail: Detail,
    /// What stands there now.
    pub current: Option<String>,
}

/// The request is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvalidDetail {
    /// What is wrong.
    pub detail: Detail,
    /// The field or argument that is wrong.
    pub field: Option<String>,
}

/// The vendor asked for a pause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RateLimitedDetail {
    /// What the vendor said.
    pub detail: Detail,
    /// Seconds it asked us to wait.
    pub retry_after_seconds: Option<u32>,
}

/// The error of every capability. See `forebay:connector/types.error`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CapabilityError {
    /// It does not exist.
    NotFound(Detail),
    /// It exists in another state than expected.
    Conflict(ConflictDetail),
    /// The request is malformed or impossible.
    Invalid(InvalidDetail),
    /// Credentials are refused or the account may not do this.
    Denied(Detail),
    /// Too many requests.
    RateLimited(RateLimitedDetail),
    /// The vendor is out of reach or failing.
    Unavailable(Detail),
    /// It may have happened and there is no way to look.
    Uncertain(Detail),
    /// This connector cannot do this.
    Unsupported(Detail),
}

impl CapabilityError {
    /// The case's name, as metrics and logs show it.
    #[must_use]
    pub fn case(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "not-found",
            Self::Conflict(_) => "conflict",
            Self::Invalid(_) => "invalid",
            Self::Denied(_) => "denied",
            Self::RateLimited(_) => "rate-limited",
            Self::Unavailable(_) => "unavailable",
            Self::Uncertain(_) => "uncertain",
            Self::Unsupported(_) => "unsupported",
        }
    }

    /// What it says.
    #[must_use]
    pub fn detail(&self) -> &Detail {
        match self {
            Self::NotFound(detail)
            | Self::Denied(detail)
            | Self::Unavailable(detail)
            | Self::Uncertain(detail)
            | Self::Unsupported(detail) => detail,
            Self::Conflict(conflict) => &conflict.detail,
            Self::Invalid(invalid) => &invalid.detail,
            Self::RateLimited(limited) => &limited.detail,
        }
    }

    /// How long the vendor asked us to wait.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited(limited) => limited
                .retry_after_seconds
                .map(|seconds| Duration::from_secs(seconds.into())),
            _ => None,
        }
    }
}

impl fmt::Display for CapabilityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let detail = self.detail();
        write!(f, "{}: {}", self.case(), detail.message)?;
        if let Some(vendor) = &detail.vendor {
            f.write_str(" (vendor")?;
            if let Some(status) = vendor.status {
                write!(f, " status {status}")?;
            }
            if !vendor.message.is_empty() {
                write!(f, ": {}", vendor.message)?;
            }
            f.write_str(")")?;
        }
        Ok(())
    }
}

impl std::error::Error for CapabilityError {}

/// How serious a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// It cannot work like this.
    Error,
    /// It works, but not as somebody may expect.
    Warning,
    /// Worth knowing.
    Info,
}

/// One finding of a check, in plain words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How serious it is.
    pub severity: Severity,
    /// Where, as a dotted path.
    pub path: String,
    /// What was found.
    pub message: String,
    /// What a person should do about it.
    pub mend: String,
}
