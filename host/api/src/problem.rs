//! The one form of errors: `application/problem+json` (RFC 9457).
//!
//! A handler returns a [`Problem`]; it travels as an extension of the response until the outermost
//! guard has added the path and the request id and writes it.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use forebay_engine::Error as EngineError;
use forebay_model::ports::GuestError;
use forebay_store::Error as StoreError;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

/// Media type of a problem.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// What stands in front of a problem's code in its `type`.
const TYPE_PREFIX: &str = "urn:forebay:problem:";

/// What handlers return.
pub(crate) type Result<T> = std::result::Result<T, Problem>;

/// An error as clients see it (RFC 9457).
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Document {
    /// Stable identifier of the kind of problem.
    #[serde(rename = "type")]
    #[schema(example = "urn:forebay:problem:not-found")]
    kind: String,
    /// The kind in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What is wrong this time.
    detail: String,
    /// The path that was asked for.
    instance: String,
    /// The request, as logs and traces name it.
    request_id: String,
    /// Single reasons, where there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<String>,
}

/// A problem on its way to the client. Boxed, because results that rarely fail should be small.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    document: Box<Document>,
    retry_after: Option<Duration>,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $status:ident, $code:literal, $title:literal;)+) => {
        impl Problem {
            $($(#[$doc])*
            pub(crate) fn $name(detail: impl Into<String>) -> Self {
                Self::new(StatusCode::$status, $code, $title, detail.into())
            })+
        }
    };
}

kinds! {
    /// The request cannot be read.
    malformed = BAD_REQUEST, "malformed", "The request cannot be read";
    /// No key, or an unknown one.
    unauthenticated = UNAUTHORIZED, "unauthenticated", "A valid API key is needed";
    /// A webhook delivery does not prove itself.
    forged = UNAUTHORIZED, "forged", "The delivery does not prove itself";
    /// The key may not do this.
    forbidden = FORBIDDEN, "forbidden", "The API key may not do this";
    /// There is no such thing.
    not_found = NOT_FOUND, "not-found", "There is no such thing";
    /// The path exists, the method does not.
    method_not_allowed = METHOD_NOT_ALLOWED, "method-not-allowed", "The path has no such method";
    /// The request does not fit the state of things.
    conflict = CONFLICT, "conflict", "The request does not fit the present state";
    /// The body is larger than allowed.
    too_large = PAYLOAD_TOO_LARGE, "too-large", "The body is too large";
    /// The body is not JSON by its own account.
    media_type = UNSUPPORTED_MEDIA_TYPE, "media-type", "The body must be JSON";
    /// The request can be read, but not carried out.
    refused = UNPROCESSABLE_ENTITY, "refused", "The request is refused";
    /// The idempotency key was used for something else.
    key_reused = UNPROCESSABLE_ENTITY, "key-reused", "The idempotency key was used for another request";
    /// Our mistake.
    internal = INTERNAL_SERVER_ERROR, "internal", "Something went wrong inside";
    /// A plugin failed.
    plugin_failed = INTERNAL_SERVER_ERROR, "plugin-failed", "A plugin failed";
    /// A vendor answered with an error.
    vendor = BAD_GATEWAY, "vendor", "A connected system answered with an error";
    /// Not now.
    unavailable = SERVICE_UNAVAILABLE, "unavailable", "Not available now";
    /// Too much to do.
    overloaded = SERVICE_UNAVAILABLE, "overloaded", "Too many requests at once";
    /// It took too long.
    timeout = GATEWAY_TIMEOUT, "timeout", "The request took too long";
}

impl Problem {
    fn new(status: StatusCode, code: &str, title: &'static str, detail: String) -> Self {
        let document = Document {
            kind: format!("{TYPE_PREFIX}{code}"),
            title,
            status: status.as_u16(),
            detail,
            instance: String::new(),
            request_id: String::new(),
            reasons: Vec::new(),
        };
        Self {
            document: Box::new(document),
            retry_after: None,
        }
    }

    /// With single reasons.
    pub(crate) fn because(mut self, reasons: Vec<String>) -> Self {
        self.document.reasons = reasons;
        self
    }

    /// What is wrong this time.
    pub(crate) fn detail(&self) -> &str {
        &self.document.detail
    }

    fn after(mut self, pause: Option<Duration>) -> Self {
        self.retry_after = pause;
        self
    }

    /// The problem of a response that axum itself made.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::not_found("there is nothing at this path"),
            StatusCode::METHOD_NOT_ALLOWED => {
                Self::method_not_allowed("the header `Allow` names the methods it has")
            }
            StatusCode::PAYLOAD_TOO_LARGE => Self::too_large("the body is larger than allowed"),
            status if status.is_client_error() => Self::malformed("the request cannot be read"),
            _ => Self::internal("the cause is in the log under this request id"),
        }
    }

    /// Write it as the answer to this request. What the response holds besides stays.
    pub(crate) fn write(mut self, instance: &str, request_id: &str, response: &mut Response) {
        instance.clone_into(&mut self.document.instance);
        request_id.clone_into(&mut self.document.request_id);
        // A structure of texts and numbers cannot fail to become JSON.
        let body = serde_json::to_vec(&self.document).unwrap_or_default();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        headers.remove(header::CONTENT_LENGTH);
        *response.body_mut() = body.into();
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.document.status);
        let mut response = status
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            .into_response();
        if let Some(pause) = self.retry_after {
            let seconds = pause.as_millis().div_ceil(1000).to_string();
            if let Ok(seconds) = HeaderValue::try_from(seconds) {
                response.headers_mut().insert(header::RETRY_AFTER, seconds);
            }
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound { .. } => Self::not_found(error.to_string()),
            StoreError::Refused(_) | StoreError::Superseded { .. } => {
                Self::conflict(error.to_string())
            }
            StoreError::KeyReused => {
                Self::key_reused("this `Idempotency-Key` came before with another path or body")
            }
            StoreError::Unwritable(_) => {
                tracing::error!(%error, "the store cannot be written");
                Self::unavailable("nothing was stored: the store cannot be written now")
            }
            StoreError::Unknown(_) => {
                tracing::error!(%error, "the fate of a commit is unknown");
                Self::unavailable(
                    "nobody knows whether it was stored; repeat the request as it is, with the same \
                     idempotency key",
                )
            }
            StoreError::Damaged { .. } => {
                tracing::error!(%error, "the store is damaged");
                Self::unavailable(
                    "nothing was stored: the store is damaged and not written any more",
                )
            }
            StoreError::InUse { .. } | StoreError::Unusable(_) | StoreError::Locked(_) => {
                unexpected(&error)
            }
        }
    }
}

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Store(error) => error.into(),
            EngineError::Guest(error) => error.into(),
            EngineError::Capability(error) => {
                Self::vendor(error.to_string()).after(error.retry_after())
            }
            EngineError::Unknown {
                what: "flow" | "connection" | "schedule",
                ..
            } => Self::not_found(error.to_string()),
            // The flow or connection is configured, but what it needs is not there yet.
            EngineError::Unknown { .. } => Self::unavailable(error.to_string()),
            EngineError::SwitchedOff(_) => Self::conflict(error.to_string()),
            EngineError::Refused(reason) => Self::refused(reason),
        }
    }
}

impl From<GuestError> for Problem {
    fn from(error: GuestError) -> Self {
        match error {
            GuestError::Busy(_) | GuestError::Unavailable(..) => {
                Self::unavailable(error.to_string())
            }
            GuestError::Limit { .. } | GuestError::Trap(_) | GuestError::Type(_) => {
                tracing::warn!(%error, "a plugin failed");
                Self::plugin_failed(error.to_string())
            }
            GuestError::Interrupted => {
                Self::refused("the plugin asked for something that a check may not do")
            }
        }
    }
}

/// What clients need not know: the log has it.
fn unexpected(error: &StoreError) -> Problem {
    tracing::error!(%error, "request failed");
    Problem::internal("the cause is in the log under this request id")
}
