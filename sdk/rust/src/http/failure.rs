//! From what went wrong on the wire to the contract's errors, in one place for all connectors.

use serde_json::Value as Json;

use super::{Response, TransportError};
use crate::time;
use crate::types::{Error, Timestamp, VendorReply};

/// How the host begins the words of a refusal that only a person can mend.
#[cfg(any(target_arch = "wasm32", test))]
const DENIED_PREFIX: &str = "denied: ";
/// How the host begins its words where the vendor cannot have seen the request.
#[cfg(any(target_arch = "wasm32", test))]
const NOT_SENT_PREFIX: &str = "not sent: ";

/// Forebay's host sends its own words, because the codes of `wasi:http` carry none.
#[cfg(any(target_arch = "wasm32", test))]
pub(super) fn of_host_words(words: &str) -> TransportError {
    if let Some(why) = words.strip_prefix(DENIED_PREFIX) {
        TransportError::Denied(why.to_owned())
    } else if let Some(why) = words.strip_prefix(NOT_SENT_PREFIX) {
        TransportError::NotSent(why.to_owned())
    } else {
        TransportError::Lost(words.to_owned())
    }
}

/// A read got no response.
pub(super) fn of_read(subject: &str, error: TransportError) -> Error {
    match error {
        TransportError::Denied(why) => Error::denied(format!("{subject} is not allowed: {why}")),
        TransportError::NotSent(why) => {
            Error::unavailable(format!("{subject} could not be sent: {why}"))
        }
        TransportError::Lost(why) => Error::unavailable(format!("{subject} got no answer: {why}")),
        TransportError::TooLarge(why) => {
            Error::invalid(format!("{subject} got an answer that is too large: {why}"))
        }
    }
}

/// An effect got no response: an error where it cannot have happened, else an `uncertain` as `Ok`.
pub(super) fn of_effect(subject: &str, error: TransportError) -> Result<Error, Error> {
    match error {
        TransportError::Lost(why) | TransportError::TooLarge(why) => Ok(Error::uncertain(format!(
            "{subject} was sent, but its answer was lost, it may have happened: {why}"
        ))),
        TransportError::Denied(_) | TransportError::NotSent(_) => Err(of_read(subject, error)),
    }
}

/// The vendor answered with an error status.
pub(super) fn of_status(subject: &str, response: &Response, now: Timestamp) -> Error {
    let status = response.status;
    let message = format!("{subject} was answered with {status}");
    match status {
        401 | 403 | 407 => Error::denied(message),
        404 | 410 => Error::not_found(message),
        409 | 412 => Error::conflict(message),
        429 => Error::rate_limited(message, retry_after(response, now)),
        408 | 425 | 500..=599 => Error::unavailable(message),
        _ => Error::invalid(message),
    }
}

/// `Retry-After`, in seconds or as an HTTP date.
fn retry_after(response: &Response, now: Timestamp) -> Option<u32> {
    let header = response.header("retry-after")?.trim();
    if let Ok(seconds) = header.parse() {
        return Some(seconds);
    }
    let milliseconds = time::parse_http_date(header)?.saturating_sub(now).max(0);
    u32::try_from(milliseconds.saturating_add(time::SECOND - 1) / time::SECOND).ok()
}

/// Headers in which vendors and their gateways give a request id.
const REQUEST_ID_HEADERS: [&str; 4] = [
    "x-request-id",
    "request-id",
    "x-correlation-id",
    "x-amzn-requestid",
];
/// Fields in which vendors say what went wrong, in order of preference.
const MESSAGE_FIELDS: [&str; 7] = [
    "message",
    "errorMessage",
    "error_description",
    "detail",
    "error",
    "title",
    "errors",
];
/// Fields in which vendors give a code.
const CODE_FIELDS: [&str; 4] = ["code", "errorCode", "error_code", "exceptionCode"];

/// How an error response is read where the connector does not say.
pub(super) fn default_words(response: &Response) -> VendorReply {
    let body: Option<Json> = serde_json::from_slice(&response.body).ok();
    let field = |names: &[&str]| {
        let body = body.as_ref()?;
        names.iter().find_map(|name| plain(body.get(name)?))
    };
    VendorReply {
        status: Some(response.status),
        code: field(&CODE_FIELDS),
        message: field(&MESSAGE_FIELDS).unwrap_or_else(|| response.text()),
        request_id: REQUEST_ID_HEADERS
            .iter()
            .find_map(|name| response.header(name))
            .map(str::to_owned),
    }
}

/// A message as text, whether the vendor wrote a text, an object or a list.
fn plain(value: &Json) -> Option<String> {
    match value {
        Json::Null => None,
        Json::String(text) if text.is_empty() => None,
        Json::String(text) => Some(text.clone()),
        Json::Object(object) => match object.get("message") {
            Some(Json::String(text)) => Some(text.clone()),
            _ => Some(value.to_string()),
        },
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::START;

    fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
        let headers = headers
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect();
        Response {
            status,
            headers,
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn every_status_has_its_error() {
        let cases = [
            (400, "invalid"),
            (401, "denied"),
            (403, "denied"),
            (404, "not-found"),
            (408, "unavailable"),
            (409, "conflict"),
            (410, "not-found"),
            (412, "conflict"),
            (422, "invalid"),
            (429, "rate-limited"),
            (500, "unavailable"),
            (503, "unavailable"),
        ];
        for (status, case) in cases {
            let error = of_status("GET /x", &response(status, &[], ""), START);
            assert_eq!(error.case(), case, "{status}");
        }
    }

    #[test]
    fn a_pause_is_read_as_seconds_and_as_a_date() {
        let wait = |value| {
            let limited = response(429, &[("Retry-After", value)], "");
            match of_status("GET /x", &limited, START) {
                Error::RateLimited(limited) => limited.retry_after_seconds,
                other => panic!("{other}"),
            }
        };
        assert_eq!(wait("17"), Some(17));
        assert_eq!(wait("Thu, 01 Jan 2026 12:00:30 GMT"), Some(30));
        assert_eq!(wait("Thu, 01 Jan 2026 11:00:00 GMT"), Some(0));
        assert_eq!(wait("soon"), None);
    }

    #[test]
    fn the_vendors_words_are_found_in_several_shapes() {
        let words = |body| default_words(&response(400, &[("x-request-id", "r-1")], body));
        assert_eq!(
            words(r#"{"message":"bad tag","code":12}"#).message,
            "bad tag"
        );
        assert_eq!(
            words(r#"{"message":"bad tag","code":12}"#).code.as_deref(),
            Some("12")
        );
        assert_eq!(
            words(r#"{"error":{"message":"no such scheme"}}"#).message,
            "no such scheme"
        );
        assert_eq!(
            words(r#"{"errors":["first","second"]}"#).message,
            r#"["first","second"]"#
        );
        assert_eq!(
            words("<html>gateway</html>").message,
            "<html>gateway</html>"
        );
        assert_eq!(words("{}").request_id.as_deref(), Some("r-1"));
    }

    #[test]
    fn the_hosts_words_tell_whether_the_vendor_can_have_seen_the_request() {
        let words = |text: &str| text.to_owned();
        let cases = [
            (
                "denied: not allowed",
                TransportError::Denied(words("not allowed")),
            ),
            (
                "not sent: refused",
                TransportError::NotSent(words("refused")),
            ),
            (
                "reset by peer",
                TransportError::Lost(words("reset by peer")),
            ),
            (
                "was denied: late",
                TransportError::Lost(words("was denied: late")),
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(of_host_words(text), expected);
        }
    }

    #[test]
    fn only_a_lost_answer_leaves_an_effect_unknown() {
        let lost = of_effect("POST /x", TransportError::Lost("cut".to_owned())).unwrap();
        assert_eq!(lost.case(), "uncertain");
        let refused = of_effect("POST /x", TransportError::NotSent("refused".to_owned()));
        assert_eq!(refused.unwrap_err().case(), "unavailable");
        let denied = of_effect("POST /x", TransportError::Denied("evil.test".to_owned()));
        assert_eq!(
            denied.unwrap_err().to_string(),
            "denied: POST /x is not allowed: evil.test"
        );
    }
}
