//! The host as transport: `wasi:http/outgoing-handler`, blocking.
//!
//! `wasip2` gives the bindings: it is the Bytecode Alliance's own crate, the one Rust's standard
//! library builds on. Its async sibling `wstd` would bring an executor that a connector, whose call
//! does one thing after the other, has no use for.

use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingResponse,
    Method as WasiMethod, OutgoingBody, OutgoingRequest, RequestOptions, Scheme,
};
use wasip2::io::streams::StreamError;

use super::{Method, Request, Response, Transport, TransportError, failure};

/// Most bytes one blocking write may carry: a rule of `wasi:io`.
const WRITE_CHUNK: usize = 4096;
/// Bytes asked for by one read: large enough for few calls, small enough for the host's limits.
const READ_CHUNK: u64 = 64 * 1024;
/// Nanoseconds of a millisecond.
const NANOSECONDS: u64 = 1_000_000;

/// Carries requests through the host.
pub(crate) struct HostTransport;

impl Transport for HostTransport {
    fn exchange(&self, request: &Request) -> Result<Response, TransportError> {
        let future = start(request)?;
        future.subscribe().block();
        let response = match future.get() {
            Some(Ok(Ok(response))) => response,
            Some(Ok(Err(code))) => return Err(of_code(&code)),
            Some(Err(())) | None => return Err(TransportError::Lost("no answer came".to_owned())),
        };
        read(&response, request.response_body_limit)
    }
}

fn start(request: &Request) -> Result<FutureIncomingResponse, TransportError> {
    let not_sent = |what: &str| TransportError::NotSent(format!("{what} in {}", request.url));
    let (scheme, rest) = request
        .url
        .split_once("://")
        .ok_or_else(|| not_sent("no scheme"))?;
    let rest = rest.split('#').next().unwrap_or_default();
    let cut = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(cut);
    let path = if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("/{path}")
    };

    let headers = Fields::new();
    for (name, value) in &request.headers {
        headers
            .append(name, value.as_bytes())
            .map_err(|error| not_sent(&format!("header {name} is refused ({error:?})")))?;
    }
    if !request.body.is_empty() {
        // Without a length the body would go out in chunks, which some vendors refuse.
        let length = request.body.len().to_string();
        headers
            .set("content-length", &[length.into_bytes()])
            .map_err(|error| not_sent(&format!("the body's length is refused ({error:?})")))?;
    }
    let outgoing = OutgoingRequest::new(headers);
    outgoing
        .set_method(&method(request.method))
        .map_err(|()| not_sent("bad method"))?;
    let scheme = match scheme {
        "https" => Scheme::Https,
        "http" => Scheme::Http,
        other => Scheme::Other(other.to_owned()),
    };
    outgoing
        .set_scheme(Some(&scheme))
        .map_err(|()| not_sent("bad scheme"))?;
    outgoing
        .set_authority(Some(authority))
        .map_err(|()| not_sent("bad authority"))?;
    outgoing
        .set_path_with_query(Some(&path))
        .map_err(|()| not_sent("bad path"))?;
    let body = outgoing.body().map_err(|()| not_sent("no body"))?;

    let options = RequestOptions::new();
    let timeout = Some(request.first_byte_timeout_ms.saturating_mul(NANOSECONDS));
    // A host that keeps its own time-outs may refuse this one; then its own hold.
    let _ = options.set_first_byte_timeout(timeout);

    let future =
        outgoing_handler::handle(outgoing, Some(options)).map_err(|code| of_code(&code))?;
    write(body, &request.body);
    Ok(future)
}

/// Write the body. Where that fails the body is dropped unfinished and nothing is said here: the
/// answer tells why, and whether the vendor can have seen the request.
fn write(body: OutgoingBody, bytes: &[u8]) {
    if !bytes.is_empty() {
        let Ok(stream) = body.write() else { return };
        for chunk in bytes.chunks(WRITE_CHUNK) {
            if stream.blocking_write_and_flush(chunk).is_err() {
                return;
            }
        }
    }
    // A body that cannot be finished shows in the answer as well.
    let _ = OutgoingBody::finish(body, None);
}

fn read(response: &IncomingResponse, limit: usize) -> Result<Response, TransportError> {
    let lost = |what: &str| TransportError::Lost(what.to_owned());
    let headers = response
        .headers()
        .entries()
        .into_iter()
        .map(|(name, value)| {
            (
                name.to_ascii_lowercase(),
                String::from_utf8_lossy(&value).into_owned(),
            )
        })
        .collect();
    let incoming: IncomingBody = response.consume().map_err(|()| lost("the body is gone"))?;
    let stream = incoming.stream().map_err(|()| lost("the body is gone"))?;
    let mut body = Vec::new();
    loop {
        match stream.blocking_read(READ_CHUNK) {
            Ok(chunk) => body.extend_from_slice(&chunk),
            Err(StreamError::Closed) => break,
            Err(StreamError::LastOperationFailed(error)) => {
                return Err(lost(&error.to_debug_string()));
            }
        }
        if body.len() > limit {
            return Err(TransportError::TooLarge(format!("more than {limit} bytes")));
        }
    }
    Ok(Response {
        status: response.status(),
        headers,
        body,
    })
}

fn method(method: Method) -> WasiMethod {
    match method {
        Method::Get => WasiMethod::Get,
        Method::Head => WasiMethod::Head,
        Method::Post => WasiMethod::Post,
        Method::Put => WasiMethod::Put,
        Method::Patch => WasiMethod::Patch,
        Method::Delete => WasiMethod::Delete,
    }
}

/// What the host's error code says about the request: refused, never sent, or of unknown fate.
fn of_code(code: &ErrorCode) -> TransportError {
    match code {
        ErrorCode::HttpRequestDenied => {
            TransportError::Denied("the host's log says why".to_owned())
        }
        ErrorCode::InternalError(Some(words)) => failure::of_host_words(words),
        ErrorCode::DestinationIpProhibited => TransportError::Denied(format!("{code:?}")),
        ErrorCode::DnsTimeout
        | ErrorCode::DnsError(_)
        | ErrorCode::DestinationNotFound
        | ErrorCode::DestinationUnavailable
        | ErrorCode::DestinationIpUnroutable
        | ErrorCode::ConnectionRefused
        | ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionLimitReached
        | ErrorCode::TlsCertificateError
        | ErrorCode::HttpRequestLengthRequired
        | ErrorCode::HttpRequestMethodInvalid
        | ErrorCode::HttpRequestUriInvalid
        | ErrorCode::HttpRequestUriTooLong
        | ErrorCode::HttpRequestHeaderSectionSize(_)
        | ErrorCode::HttpRequestHeaderSize(_)
        | ErrorCode::ConfigurationError => TransportError::NotSent(format!("{code:?}")),
        ErrorCode::HttpResponseBodySize(_) => TransportError::TooLarge(format!("{code:?}")),
        other => TransportError::Lost(format!("{other:?}")),
    }
}
