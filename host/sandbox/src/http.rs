//! The way out of a guest: `wasi:http` requests handed to egress, or refused.

use std::sync::Arc;

use forebay_egress::{BodyError, Outbound, Timeouts};
use forebay_model::ConnectionName;
use http::header::{self, HeaderMap, HeaderName};
use http::{HeaderValue, Request, Response, Uri};
use http_body_util::BodyExt as _;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

/// Headers that belong to one connection and never travel on. `Connection` may name more.
const HOP_BY_HOP: [HeaderName; 8] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("http2-settings"),
];

/// Where a guest's requests go.
pub(crate) enum Route {
    /// Nowhere; the text says why.
    Denied(&'static str),
    /// Through egress, as this connection.
    Connection(Arc<dyn Outbound>, ConnectionName),
}

/// The hooks of one call.
pub(crate) struct Hooks {
    pub(crate) route: Route,
    /// Most bytes of a response's headers.
    pub(crate) field_bytes: u64,
}

type Sent = Result<(Response<WasiBody>, Trailing), Error>;
type Trailing = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Trailing,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        let field_bytes = self.field_bytes;
        match &self.route {
            Route::Denied(why) => {
                let why = (*why).to_owned();
                Box::new(std::future::ready(Err(Error::InternalError(Some(why)))))
            }
            Route::Connection(outbound, connection) => {
                let (outbound, connection) = (Arc::clone(outbound), connection.clone());
                Box::new(async move {
                    let request = outgoing(request)?;
                    let timeouts = timeouts(options.unwrap_or_default());
                    let response = outbound
                        .send(&connection, request, timeouts)
                        .await
                        .map_err(|error| guest_error(&error))?;
                    let response = incoming(response, field_bytes)?;
                    let trailing: Trailing = Box::new(std::future::ready(Ok(())));
                    Ok((response, trailing))
                })
            }
        }
    }
}

/// The request as egress takes it: no headers of the guest's own hop, `Host` from the address.
fn outgoing(request: Request<WasiBody>) -> Result<Request<forebay_egress::Body>, Error> {
    let (mut parts, body) = request.into_parts();
    strip_hop_by_hop(&mut parts.headers);
    parts.headers.remove(header::HOST);
    parts.headers.insert(header::HOST, host(&parts.uri)?);
    let body = body
        .map_err(|error| BodyError(error.to_string()))
        .boxed_unsync();
    Ok(Request::from_parts(parts, body))
}

fn host(uri: &Uri) -> Result<HeaderValue, Error> {
    let authority = uri.authority().ok_or(Error::HttpRequestUriInvalid)?;
    // Credentials in an address would travel on in the clear and past the connection's own.
    if authority.as_str().contains('@') {
        return Err(Error::HttpRequestUriInvalid);
    }
    HeaderValue::from_str(authority.as_str()).map_err(|_| Error::HttpRequestUriInvalid)
}

fn incoming(
    response: Response<forebay_egress::Body>,
    field_bytes: u64,
) -> Result<Response<WasiBody>, Error> {
    let (mut parts, body) = response.into_parts();
    strip_hop_by_hop(&mut parts.headers);
    let size: usize = parts
        .headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if size as u64 > field_bytes {
        return Err(Error::HttpResponseHeaderSectionSize(
            u32::try_from(size).ok(),
        ));
    }
    let body = body
        .map_err(|error| Error::InternalError(Some(error.0)))
        .boxed_unsync();
    Ok(Response::from_parts(parts, body))
}

fn strip_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
}

fn timeouts(options: RequestOptions) -> Timeouts {
    let most = Timeouts::UNLIMITED;
    Timeouts {
        connect: options.connect_timeout.unwrap_or(most.connect),
        first_byte: options.first_byte_timeout.unwrap_or(most.first_byte),
        between_bytes: options.between_bytes_timeout.unwrap_or(most.between_bytes),
    }
}

/// The error as a guest sees it: its message, so that the connector's own error can show it. What
/// decides whether an effect may have happened stands in front, where the SDK reads it: `denied: `
/// for what only a person can mend, `not sent: ` where the vendor cannot have seen the request.
fn guest_error(error: &forebay_egress::Error) -> Error {
    use forebay_egress::Error as Egress;
    tracing::debug!(%error, code = error.code(), "a connector's request failed");
    Error::InternalError(Some(match error {
        Egress::Denied { .. } => error.to_string(),
        Egress::UnknownConnection(_) | Egress::AuthRefused { .. } => format!("denied: {error}"),
        sent if !sent.surely_not_sent() => error.to_string(),
        _ => format!("not sent: {error}"),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::Empty;

    fn empty() -> WasiBody {
        Empty::new().map_err(|never| match never {}).boxed_unsync()
    }

    #[test]
    fn headers_of_the_hop_stay_behind_and_host_follows_the_address() {
        let request = Request::get("https://api.example.com:8443/x")
            .header("connection", "close, x-secret-hop")
            .header("x-secret-hop", "1")
            .header("transfer-encoding", "chunked")
            .header("te", "trailers")
            .header("host", "evil.example.com")
            .header("host", "other.example.com")
            .header("accept", "*/*")
            .body(empty())
            .unwrap();
        let request = outgoing(request).unwrap();
        let mut names: Vec<_> = request.headers().keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["accept", "host"]);
        assert_eq!(request.headers()["host"], "api.example.com:8443");
    }

    #[test]
    fn credentials_in_the_address_are_refused() {
        let request = Request::get("https://user:pass@example.com/")
            .body(empty())
            .unwrap();
        assert!(matches!(
            outgoing(request),
            Err(Error::HttpRequestUriInvalid)
        ));
    }

    #[test]
    fn a_guest_learns_whether_the_vendor_can_have_seen_the_request() {
        use forebay_egress::Error as Egress;
        let (host, message) = (String::from("v.test"), String::from("refused"));
        let cases = [
            (
                Egress::Denied {
                    message: message.clone(),
                },
                "denied: refused",
            ),
            (
                Egress::AuthRefused {
                    message: message.clone(),
                },
                "denied: credentials refused: refused",
            ),
            (
                Egress::Connect {
                    host: host.clone(),
                    message: message.clone(),
                },
                "not sent: cannot connect to v.test: refused",
            ),
            (
                Egress::Io { host, message },
                "exchange with v.test broke off: refused",
            ),
        ];
        for (error, words) in cases {
            assert!(
                matches!(guest_error(&error), Error::InternalError(Some(text)) if text == words)
            );
        }
    }

    #[test]
    fn large_response_headers_are_refused() {
        let body = || Empty::new().map_err(|never| match never {}).boxed_unsync();
        let response = Response::builder()
            .header("x", "y".repeat(100))
            .body(body())
            .unwrap();
        assert!(matches!(
            incoming(response, 100),
            Err(Error::HttpResponseHeaderSectionSize(Some(101)))
        ));
        let response = Response::builder()
            .header("x", "y".repeat(99))
            .body(body())
            .unwrap();
        assert!(incoming(response, 100).is_ok());
    }
}
