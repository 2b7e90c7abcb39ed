//! `wasi:http` without any help that would keep a guest from harm.

use wasip2::http::outgoing_handler;
use wasip2::http::types::{Fields, IncomingBody, Method, OutgoingBody, OutgoingRequest, Scheme};
use wasip2::io::streams::StreamError;

/// A request for a URL, not sent yet.
pub fn request(url: &str, headers: Fields) -> Result<OutgoingRequest, String> {
    let (scheme, rest) = url.split_once("://").ok_or("no scheme")?;
    let cut = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(cut);
    let request = OutgoingRequest::new(headers);
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.to_owned()),
    };
    request
        .set_scheme(Some(&scheme))
        .map_err(|()| "bad scheme")?;
    request
        .set_authority(Some(authority))
        .map_err(|()| "bad authority")?;
    request
        .set_path_with_query(Some(if path.is_empty() { "/" } else { path }))
        .map_err(|()| "bad path")?;
    Ok(request)
}

/// Send a request with a body and say what came back: status and body, or the error.
pub fn send(request: OutgoingRequest, body: &str) -> String {
    exchange(request, body).unwrap_or_else(|problem| format!("failed: {problem}"))
}

/// Get a URL and say what came back.
pub fn get(url: &str) -> String {
    match request(url, Fields::new()) {
        Ok(request) => send(request, ""),
        Err(problem) => format!("failed: {problem}"),
    }
}

/// Make it a POST.
pub fn post(request: OutgoingRequest) -> OutgoingRequest {
    let _ = request.set_method(&Method::Post);
    request
}

fn exchange(request: OutgoingRequest, body: &str) -> Result<String, String> {
    let outgoing = request.body().map_err(|()| "no body")?;
    let future = outgoing_handler::handle(request, None).map_err(|code| format!("{code:?}"))?;
    if !body.is_empty() {
        let stream = outgoing.write().map_err(|()| "no stream")?;
        stream
            .blocking_write_and_flush(body.as_bytes())
            .map_err(|error| format!("writing: {error:?}"))?;
    }
    OutgoingBody::finish(outgoing, None).map_err(|code| format!("{code:?}"))?;
    future.subscribe().block();
    let response = future
        .get()
        .ok_or("no answer")?
        .map_err(|()| "no answer")?
        .map_err(|code| format!("{code:?}"))?;
    let incoming: IncomingBody = response.consume().map_err(|()| "no body")?;
    let stream = incoming.stream().map_err(|()| "no stream")?;
    let mut text = Vec::new();
    loop {
        match stream.blocking_read(64 * 1024) {
            Ok(piece) => text.extend(piece),
            Err(StreamError::Closed) => break,
            Err(StreamError::LastOperationFailed(error)) => return Err(error.to_debug_string()),
        }
    }
    let text = String::from_utf8_lossy(&text);
    Ok(format!("{} {text}", response.status()))
}
