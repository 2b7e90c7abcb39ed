//! What all services share: callers, errors, pages.

use axum::Json;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{StatusCode, header};
use serde_json::{Value, json};

use super::Sim;
use crate::common::actor;

/// Objects per page where the caller asks for no number.
const DEFAULT_PER_PAGE: usize = 10;

/// Most objects per page, however many the caller asks for.
const LARGEST_PER_PAGE: usize = 500;

/// An error as iconik says it: a list, or a map by field.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    errors: Value,
}

impl Refusal {
    /// 404 of a kind of object.
    pub(super) fn not_found(what: &str) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            errors: json!([format!("{what} not found")]),
        }
    }

    /// 400 of one field.
    pub(super) fn field(name: &str, why: &str) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            errors: json!({name: why}),
        }
    }

    /// 409.
    pub(super) fn conflict(why: &str) -> Self {
        Self {
            status: StatusCode::CONFLICT,
            errors: json!([why]),
        }
    }

    /// 400 without a field.
    pub(super) fn invalid(why: &str) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            errors: json!([why]),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(json!({"errors": self.errors}))).into_response()
    }
}

/// The answer with an error status, for injected faults.
pub(super) fn fault_reply(status: StatusCode) -> Response {
    let errors = json!([status.canonical_reason().unwrap_or_default()]);
    Refusal { status, errors }.into_response()
}

/// Who makes an authenticated call.
pub(super) struct Caller {
    /// User id.
    pub(super) user: String,
    /// Scheme and host the call came to.
    pub(super) base: String,
    /// Path of the call, for links between pages.
    pub(super) path: String,
    /// Query parameters in the order they came.
    query: Vec<(String, String)>,
}

impl Caller {
    /// A query parameter.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        let found = self
            .query
            .iter()
            .find(|(key, value)| key == name && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    }

    fn number(&self, name: &str, default: usize) -> Result<usize, Refusal> {
        let Some(text) = self.query(name) else {
            return Ok(default);
        };
        match text.parse() {
            Ok(number) if number > 0 => Ok(number),
            _ => Err(Refusal::field(name, "Not a valid integer.")),
        }
    }
}

impl FromRequestParts<Sim> for Caller {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, sim: &Sim) -> Result<Self, Response> {
        let header = |name: &str| {
            parts
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        let bearer = header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        let pair = header("auth-token")
            .filter(|_| header("app-id").is_some_and(|app| app == sim.lock().options.app_id));
        let token = bearer.or(pair).unwrap_or_default();
        let user = sim.frame.tokens().check(token, sim.frame.now());
        let user = user.map_err(|_| fault_reply(StatusCode::UNAUTHORIZED))?;
        actor(user.as_str());
        let host = header(header::HOST.as_str()).unwrap_or("localhost");
        let query = url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        Ok(Self {
            user,
            base: format!("http://{host}"),
            path: parts.uri.path().to_owned(),
            query: query.into_owned().collect(),
        })
    }
}

/// One page of a list, in the envelope. A page past the end is 404; the first page of an empty list
/// is empty. Addresses of other pages are relative to the host. Some lists page by the id of the last
/// object instead.
pub(super) fn paged(caller: &Caller, mut objects: Vec<Value>) -> Result<Json<Value>, Refusal> {
    if let Some(last) = caller.query("last_id") {
        let place = objects.iter().position(|object| object["id"] == last);
        objects.drain(..place.map_or(0, |place| place + 1));
    }
    let per_page = caller
        .number("per_page", DEFAULT_PER_PAGE)?
        .min(LARGEST_PER_PAGE);
    let page = caller.number("page", 1)?;
    let total = objects.len();
    let pages = total.div_ceil(per_page);
    if page > pages.max(1) {
        return Err(Refusal::not_found("Page"));
    }
    let address = |page: usize| format!("{}?page={page}&per_page={per_page}", caller.path);
    let shown: Vec<Value> = objects
        .into_iter()
        .skip((page - 1) * per_page)
        .take(per_page)
        .collect();
    Ok(Json(json!({
        "objects": shown,
        "page": page,
        "pages": pages,
        "per_page": per_page,
        "total": total,
        "first_url": address(1),
        "last_url": address(pages.max(1)),
        "next_url": (page < pages).then(|| address(page + 1)),
        "prev_url": (page > 1).then(|| address(page - 1)),
        "scroll_id": null,
    })))
}

/// Copy what a body says into a record, but for keys the service sets itself.
pub(super) fn overlay(
    record: &mut super::types::Record,
    body: &super::types::Record,
    own: &[&str],
) {
    for (key, value) in body {
        if !own.contains(&key.as_str()) {
            record.insert(key.clone(), value.clone());
        }
    }
}

/// Text a body must have.
pub(super) fn required<'a>(body: &'a super::types::Record, key: &str) -> Result<&'a str, Refusal> {
    match super::types::text(body, key) {
        "" => Err(Refusal::field(key, "Missing data for required field.")),
        text => Ok(text),
    }
}
