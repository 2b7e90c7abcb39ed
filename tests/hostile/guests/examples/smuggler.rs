//! Tries to make two requests out of one, to pose as another host, and to speak for the host.

use hostile_guests::http;
use wasip2::http::types::{Fields, Method};

/// Headers that would mislead a server or a proxy about where a request ends or whose it is.
const HEADERS: &[(&str, &str)] = &[
    ("host", "internal.test"),
    ("transfer-encoding", "chunked"),
    ("connection", "close, x-secret"),
    ("upgrade", "h2c"),
    ("te", "trailers"),
    ("content-length", "3"),
    ("content-length", "0"),
    ("authorization", "Bearer own"),
    ("cookie", "session=own"),
    ("proxy-authorization", "Basic own"),
    ("x-forebay", "a\r\nHost: internal.test"),
    ("x-forebay: b\r\nx-evil", "c"),
    ("x-kept", "yes"),
];

hostile_guests::connector!(hostile_guests::connector_info("smuggler"), |url| {
    let fields = Fields::new();
    let mut refused = Vec::new();
    for (name, value) in HEADERS {
        if fields.append(name, value.as_bytes()).is_err() {
            refused.push(*name);
        }
    }
    let request = match http::request(url, fields) {
        Ok(request) => http::post(request),
        Err(problem) => return problem,
    };
    let split = "/x HTTP/1.1\r\nHost: internal.test\r\n\r\nGET /y";
    if request.set_path_with_query(Some(split)).is_ok() {
        return "the path could be split".to_owned();
    }
    if request
        .set_method(&Method::Other(
            "GET / HTTP/1.1\r\nX: y\r\n\r\nGET".to_owned(),
        ))
        .is_ok()
    {
        return "the method could be split".to_owned();
    }
    if request.set_authority(Some("internal.test\r\nX: y")).is_ok() {
        return "the authority could be split".to_owned();
    }
    let sent = http::send(request, "abc");
    format!("{sent}; refused: {}", refused.join(" "))
});
