//! The outermost guard: request id, trace, duration, panics, and the writing of problems.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use tracing::Instrument as _;

use crate::api::Shared;
use crate::problem::Problem;
use crate::verb::{self, AskedPath};

/// Header with the request's id, taken from the client where it is sane, and always answered.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest id taken from a client; longer ones would flood the log.
const LONGEST_REQUEST_ID: usize = 128;

/// Label of requests that match no path: their own paths would make metrics without end.
const UNMATCHED: &str = "unmatched";

/// Run a request, whatever comes of it.
pub(crate) async fn observe(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    let began = shared.clock.now();
    let id = given_id(request.headers()).unwrap_or_else(|| shared.next_request_id());
    let method = request.method().clone();
    let asked = match request.extensions().get::<AskedPath>() {
        Some(AskedPath(path)) => path.clone(),
        None => request.uri().path().to_owned(),
    };
    let matched = request.extensions().get::<MatchedPath>();
    let path = matched.map_or(UNMATCHED.to_owned(), |path| {
        verb::documented_path(path.as_str())
    });

    let span = tracing::info_span!("request", id, %method, path);
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
    let mut response = async {
        answer.await.unwrap_or_else(|panic| {
            tracing::error!(panic = panic_message(panic.as_ref()), "a request panicked");
            Problem::internal("the cause is in the log under this request id").into_response()
        })
    }
    .instrument(span.clone())
    .await;
    finish(&shared, &asked, &id, &mut response);

    let status = response.status();
    let duration = shared.clock.now().since(began);
    metrics::histogram!("forebay_http_request_duration_seconds",
        "method" => method_label(&method), "path" => path, "status" => status.as_u16().to_string())
    .record(duration.as_secs_f64());
    span.in_scope(|| tracing::debug!(status = status.as_u16(), ?duration, "answered"));
    response
}

/// Write the problem, if it is one, and the headers that every answer has.
fn finish(shared: &Shared, asked: &str, id: &str, response: &mut Response) {
    let status = response.status();
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        problem.write(asked, id, response);
    } else if status.is_client_error() || status.is_server_error() {
        Problem::of_status(status).write(asked, id, response);
    }
    let headers = response.headers_mut();
    if status == http::StatusCode::SERVICE_UNAVAILABLE && !headers.contains_key(header::RETRY_AFTER)
    {
        headers.insert(
            header::RETRY_AFTER,
            HeaderValue::from(shared.options.retry_after),
        );
    }
    if status == http::StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
}

fn given_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let sane = !id.is_empty()
        && id.len() <= LONGEST_REQUEST_ID
        && id.bytes().all(|byte| byte.is_ascii_graphic());
    sane.then(|| id.to_owned())
}

/// Clients may invent methods; labels may not grow with them.
fn method_label(method: &http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        _ => "other",
    }
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
