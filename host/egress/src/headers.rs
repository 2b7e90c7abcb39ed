//! Which headers pass, either way.
//!
//! A guest's headers describe its request and nothing else: what steers the connection, names the
//! host or carries credentials is the host's own to say.

use http::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE,
    COOKIE, EXPECT, HOST, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION, SET_COOKIE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, USER_AGENT,
};

use crate::replace::Replacements;

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const HTTP2_SETTINGS: HeaderName = HeaderName::from_static("http2-settings");

/// Headers of one connection between two parties (RFC 9110, section 7.6.1).
const HOP_BY_HOP: [HeaderName; 10] = [
    CONNECTION,
    KEEP_ALIVE,
    PROXY_CONNECTION,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    HTTP2_SETTINGS,
];

/// What only the host says in a request. A cookie is a credential, and no vendor here needs one.
const HOST_ONLY: [HeaderName; 5] = [HOST, EXPECT, ACCEPT_ENCODING, AUTHORIZATION, COOKIE];

/// Headers that speak of a body and go when it does.
const OF_BODY: [HeaderName; 3] = [CONTENT_TYPE, CONTENT_LENGTH, CONTENT_ENCODING];

/// How we introduce ourselves where the guest does not: Canto wants a name.
const OUR_NAME: &str = concat!("forebay/", env!("CARGO_PKG_VERSION"));

/// A guest's request headers without what it may not say. `credentials` are the names the
/// connection's own scheme uses.
pub(crate) fn outgoing(mut headers: HeaderMap, credentials: &[HeaderName]) -> HeaderMap {
    strip_hop_by_hop(&mut headers);
    for name in HOST_ONLY.iter().chain(credentials) {
        headers.remove(name);
    }
    keep_one_length(&mut headers);
    // Texts have to come as they are, or secrets in them could not be found.
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers
        .entry(USER_AGENT)
        .or_insert(HeaderValue::from_static(OUR_NAME));
    headers
}

/// A vendor's response headers without those of the connection, and with secrets taken out.
pub(crate) fn incoming(headers: &HeaderMap, redactions: &Replacements) -> HeaderMap {
    let mut passed = headers.clone();
    strip_hop_by_hop(&mut passed);
    passed.remove(SET_COOKIE);
    for value in passed.values_mut() {
        let redacted = redactions.apply(value.as_bytes());
        if redacted != value.as_bytes() {
            *value = HeaderValue::from_bytes(&redacted)
                .unwrap_or_else(|_| HeaderValue::from_static("(redacted)"));
        }
    }
    passed
}

/// Remove what speaks of a body.
pub(crate) fn strip_body(headers: &mut HeaderMap) {
    for name in &OF_BODY {
        headers.remove(name);
    }
}

/// Is a body of this type a text, so that secrets in it can be found? What does not say counts as
/// text.
pub(crate) fn is_text(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return true;
    };
    let Ok(value) = value.to_str() else {
        return true;
    };
    let essence = value
        .split(';')
        .next()
        .unwrap_or(value)
        .trim()
        .to_ascii_lowercase();
    essence.is_empty()
        || essence.starts_with("text/")
        || essence.starts_with("multipart/")
        || [
            "json",
            "xml",
            "javascript",
            "x-www-form-urlencoded",
            "yaml",
            "x-ndjson",
            "graphql",
        ]
        .iter()
        .any(|word| essence.ends_with(word))
}

/// The content encoding, if there is one.
pub(crate) fn encoding(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_ENCODING)?;
    let text = String::from_utf8_lossy(value.as_bytes())
        .trim()
        .to_ascii_lowercase();
    (!text.is_empty() && text != "identity").then_some(text)
}

fn strip_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in HOP_BY_HOP.iter().chain(&named) {
        headers.remove(name);
    }
}

/// Several lengths, or one that is no number, would let two parties disagree where a body ends.
fn keep_one_length(headers: &mut HeaderMap) {
    let lengths: Vec<_> = headers.get_all(CONTENT_LENGTH).iter().collect();
    let is_sound = match lengths.as_slice() {
        [only] => only
            .to_str()
            .is_ok_and(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())),
        _ => false,
    };
    if !is_sound {
        headers.remove(CONTENT_LENGTH);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_guest_cannot_steer_the_connection_or_pose_as_somebody() {
        let headers = outgoing(
            map(&[
                ("host", "a.test"),
                ("host", "b.test"),
                ("connection", "close, X-Internal"),
                ("x-internal", "1"),
                ("te", "trailers"),
                ("transfer-encoding", "chunked"),
                ("upgrade", "h2c"),
                ("expect", "100-continue"),
                ("authorization", "Bearer own"),
                ("cookie", "a=b"),
                ("app-id", "own"),
                ("accept-encoding", "gzip"),
                ("content-length", "3"),
                ("content-length", "5"),
                ("x-kept", "yes"),
            ]),
            &[HeaderName::from_static("app-id")],
        );
        let mut names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["accept-encoding", "user-agent", "x-kept"]);
        assert_eq!(headers["accept-encoding"], "identity");
    }

    #[test]
    fn a_line_break_cannot_be_in_a_header() {
        assert!(HeaderValue::from_bytes(b"a\r\nHost: b").is_err());
        assert!("a\nb".parse::<HeaderName>().is_err());
    }

    #[test]
    fn texts_are_told_from_files() {
        for (kind, expected) in [
            ("application/json; charset=utf-8", true),
            ("application/problem+json", true),
            ("text/plain", true),
            ("image/svg+xml", true),
            ("application/octet-stream", false),
            ("image/jpeg", false),
        ] {
            assert_eq!(is_text(&map(&[("content-type", kind)])), expected, "{kind}");
        }
        assert!(is_text(&HeaderMap::new()));
    }
}
