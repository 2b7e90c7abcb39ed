//! The one error every capability has, with constructors and the vendor's own words.
//!
//! Which case to choose decides what the host does: it retries `rate-limited` and `unavailable`
//! itself, parks the run on `denied` and `uncertain`, and gives the handler the rest.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Longest vendor message that is kept, in characters: enough for a support case, small enough for
/// an audit record. The contract names the number.
pub const VENDOR_MESSAGE_LIMIT: usize = 2_000;

/// What the vendor itself answered, kept for the audit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct VendorReply {
    /// HTTP status, where there was one.
    pub status: Option<u16>,
    /// The vendor's own error code.
    pub code: Option<String>,
    /// The vendor's own message, at most [`VENDOR_MESSAGE_LIMIT`] characters.
    pub message: String,
    /// The vendor's request id, for a support case.
    pub request_id: Option<String>,
}

/// What every error says: our words, and the vendor's where it spoke.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Detail {
    /// One sentence for an operator, lowercase, without a full stop.
    pub message: String,
    /// The vendor's reply that led to it.
    pub vendor: Option<VendorReply>,
}

impl From<&str> for Detail {
    fn from(message: &str) -> Self {
        Self {
            message: message.to_owned(),
            vendor: None,
        }
    }
}

impl From<String> for Detail {
    fn from(message: String) -> Self {
        Self {
            message,
            vendor: None,
        }
    }
}

/// Something else stands there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ConflictDetail {
    /// What happened.
    pub detail: Detail,
    /// What stands there now (a change token, an existing id), so that the caller can decide.
    pub current: Option<String>,
}

/// The request itself is wrong and will not get better by repeating.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct InvalidDetail {
    /// What is wrong with it.
    pub detail: Detail,
    /// The field or argument that is wrong.
    pub field: Option<String>,
}

/// The vendor asked for a pause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct RateLimitedDetail {
    /// What the vendor said.
    pub detail: Detail,
    /// How long it asked us to wait, in seconds; absent where it named no time.
    pub retry_after_seconds: Option<u32>,
}

/// The errors of every capability.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Error {
    /// The thing does not exist (confirmed with good credentials).
    NotFound(Detail),
    /// It exists in another state than the caller expected.
    Conflict(ConflictDetail),
    /// The vendor refuses the request as malformed or impossible.
    Invalid(InvalidDetail),
    /// Credentials are refused or the account may not do this.
    Denied(Detail),
    /// Too many requests.
    RateLimited(RateLimitedDetail),
    /// The vendor is out of reach or failing; nothing is known to have happened.
    Unavailable(Detail),
    /// It may have happened and there is no way to look.
    Uncertain(Detail),
    /// This connector cannot do this.
    Unsupported(Detail),
}

impl Error {
    /// The thing does not exist.
    #[must_use]
    pub fn not_found(message: impl Into<Detail>) -> Self {
        Self::NotFound(message.into())
    }

    /// It exists in another state than the caller expected.
    #[must_use]
    pub fn conflict(message: impl Into<Detail>) -> Self {
        Self::Conflict(ConflictDetail {
            detail: message.into(),
            current: None,
        })
    }

    /// The request is malformed or impossible.
    #[must_use]
    pub fn invalid(message: impl Into<Detail>) -> Self {
        Self::Invalid(InvalidDetail {
            detail: message.into(),
            field: None,
        })
    }

    /// Credentials are refused or the account may not do this.
    #[must_use]
    pub fn denied(message: impl Into<Detail>) -> Self {
        Self::Denied(message.into())
    }

    /// Too many requests; how long the vendor asked us to wait, in seconds.
    #[must_use]
    pub fn rate_limited(message: impl Into<Detail>, retry_after_seconds: Option<u32>) -> Self {
        Self::RateLimited(RateLimitedDetail {
            detail: message.into(),
            retry_after_seconds,
        })
    }

    /// The vendor is out of reach or failing; nothing is known to have happened.
    #[must_use]
    pub fn unavailable(message: impl Into<Detail>) -> Self {
        Self::Unavailable(message.into())
    }

    /// It may have happened and there is no way to look.
    #[must_use]
    pub fn uncertain(message: impl Into<Detail>) -> Self {
        Self::Uncertain(message.into())
    }

    /// This connector cannot do this. The default of every capability function.
    #[must_use]
    pub fn unsupported(what: impl Into<Detail>) -> Self {
        Self::Unsupported(what.into())
    }

    /// Name the field or argument that is wrong. Changes only an `invalid`.
    #[must_use]
    pub fn with_field(mut self, field: impl Into<String>) -> Self {
        if let Self::Invalid(invalid) = &mut self {
            invalid.field = Some(field.into());
        }
        self
    }

    /// Say what stands there now. Changes only a `conflict`.
    #[must_use]
    pub fn with_current(mut self, current: impl Into<String>) -> Self {
        if let Self::Conflict(conflict) = &mut self {
            conflict.current = Some(current.into());
        }
        self
    }

    /// Add the vendor's reply; its message is cut at [`VENDOR_MESSAGE_LIMIT`].
    #[must_use]
    pub fn with_vendor(mut self, mut reply: VendorReply) -> Self {
        if let Some((cut, _)) = reply.message.char_indices().nth(VENDOR_MESSAGE_LIMIT) {
            reply.message.truncate(cut);
        }
        self.detail_mut().vendor = Some(reply);
        self
    }

    /// Put words in front: `"while reading the asset: …"`.
    #[must_use]
    pub fn context(mut self, words: impl fmt::Display) -> Self {
        let detail = self.detail_mut();
        detail.message = format!("{words}: {}", detail.message);
        self
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

    fn detail_mut(&mut self) -> &mut Detail {
        match self {
            Self::NotFound(detail)
            | Self::Denied(detail)
            | Self::Unavailable(detail)
            | Self::Uncertain(detail)
            | Self::Unsupported(detail) => detail,
            Self::Conflict(conflict) => &mut conflict.detail,
            Self::Invalid(invalid) => &mut invalid.detail,
            Self::RateLimited(limited) => &mut limited.detail,
        }
    }

    /// Our own message.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.detail().message
    }

    /// The case's name as the contract writes it.
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

    /// Is it a `not-found`?
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound(_))
    }

    /// Is it a `conflict`?
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict(_))
    }

    /// Is it an `unsupported`?
    #[must_use]
    pub fn is_unsupported(&self) -> bool {
        matches!(self, Self::Unsupported(_))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let detail = self.detail();
        write!(f, "{}: {}", self.case(), detail.message)?;
        let Some(vendor) = &detail.vendor else {
            return Ok(());
        };
        f.write_str(" (vendor")?;
        if let Some(status) = vendor.status {
            write!(f, " status {status}")?;
        }
        if !vendor.message.is_empty() {
            write!(f, ": {}", vendor.message)?;
        }
        f.write_str(")")
    }
}

impl std::error::Error for Error {}

/// `Ok(None)` for a `not-found`: for lookups where absence is an answer.
pub trait OrAbsent<T> {
    /// Turn `not-found` into `None`.
    ///
    /// # Errors
    /// Every other error.
    fn or_absent(self) -> Result<Option<T>, Error>;
}

impl<T> OrAbsent<T> for Result<T, Error> {
    fn or_absent(self) -> Result<Option<T>, Error> {
        match self {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_our_words_and_the_vendors() {
        let reply = VendorReply {
            status: Some(409),
            message: "asset is locked".to_owned(),
            ..VendorReply::default()
        };
        let error = Error::conflict("the asset has changed")
            .with_current("v8")
            .with_vendor(reply)
            .context("while approving");
        assert_eq!(
            error.to_string(),
            "conflict: while approving: the asset has changed (vendor status 409: asset is locked)"
        );
        assert!(matches!(&error, Error::Conflict(c) if c.current.as_deref() == Some("v8")));
    }

    #[test]
    fn a_long_vendor_message_is_cut_between_characters() {
        let message = "é".repeat(VENDOR_MESSAGE_LIMIT + 1);
        let error = Error::denied("no").with_vendor(VendorReply {
            message,
            ..Default::default()
        });
        let kept = &error.detail().vendor.as_ref().unwrap().message;
        assert_eq!(kept.chars().count(), VENDOR_MESSAGE_LIMIT);
    }

    #[test]
    fn absence_can_be_an_answer() {
        assert_eq!(Err::<u8, _>(Error::not_found("gone")).or_absent(), Ok(None));
        assert_eq!(Ok(1).or_absent(), Ok(Some(1)));
        let denied = Error::denied("no");
        assert_eq!(Err::<u8, _>(denied.clone()).or_absent(), Err(denied));
    }

    #[test]
    fn the_json_form_is_the_brokers() {
        let json = serde_json::to_value(Error::rate_limited("slow down", Some(3))).unwrap();
        let expected = serde_json::json!({"rate-limited": {
            "detail": {"message": "slow down", "vendor": null}, "retry-after-seconds": 3
        }});
        assert_eq!(json, expected);
    }
}
