//! The guard of an endpoint: who asks, is there room, how long may it take.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, header, request};
use tokio::sync::Semaphore;

use crate::api::Shared;
use crate::key::{self, Scope};
use crate::problem::{Problem, Result};
use crate::routes::{Access, Endpoint, Pace};

/// Header that may carry the key instead of `Authorization`.
const API_KEY: &str = "x-api-key";

/// What the guard of an endpoint goes by.
#[derive(Clone)]
pub(crate) struct Guard {
    pub(crate) shared: Arc<Shared>,
    pub(crate) endpoint: Endpoint,
}

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// Name of the API key.
    pub(crate) key: String,
}

impl Caller {
    /// As the audit names them.
    pub(crate) fn actor(&self) -> String {
        format!("operator:{}", self.key)
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut request::Parts, _state: &S) -> Result<Self> {
        let caller = parts.extensions.get::<Self>().cloned();
        caller.ok_or_else(|| Problem::unauthenticated("this endpoint needs an API key"))
    }
}

/// Let a request through to its endpoint.
pub(crate) async fn admit(
    State(Guard { shared, endpoint }): State<Guard>,
    mut request: Request,
    next: Next,
) -> Response {
    if let Some(scope) = needed_scope(&shared, endpoint.access) {
        match authenticate(&shared, request.headers(), scope) {
            Ok(caller) => drop(request.extensions_mut().insert(caller)),
            Err(problem) => return problem.into_response(),
        }
    }
    let Ok(_permit) = room(&shared, endpoint.access)
        .map(Semaphore::try_acquire)
        .transpose()
    else {
        return Problem::overloaded("the host serves as many requests as it may").into_response();
    };
    let seconds = match endpoint.pace {
        Pace::Own => shared.options.request_timeout,
        Pace::Vendors => shared.options.probe_timeout,
    };
    let deadline = shared.clock.now().plus(Duration::from_secs(seconds.into()));
    tokio::select! {
        response = next.run(request) => response,
        () = shared.clock.sleep_until(deadline) => timed_out(endpoint.access, seconds),
    }
}

fn needed_scope(shared: &Shared, access: Access) -> Option<Scope> {
    match access {
        Access::Open | Access::Webhook => None,
        Access::Metrics => (!shared.options.open_metrics).then_some(Scope::Read),
        Access::Scope(scope) => Some(scope),
    }
}

/// The budget an endpoint draws on. Health has none: it must answer when all is busy.
fn room(shared: &Shared, access: Access) -> Option<&Semaphore> {
    match access {
        Access::Open | Access::Metrics => None,
        Access::Webhook => Some(&shared.webhooks),
        Access::Scope(_) => Some(&shared.requests),
    }
}

/// A vendor is told to come back; a client is told that it may have happened.
fn timed_out(access: Access, seconds: u32) -> Response {
    match access {
        Access::Webhook => Problem::unavailable("the delivery could not be stored in time"),
        _ => Problem::timeout(format!(
            "no answer within {seconds} s; it may have happened all the same, repeat it with the \
             same idempotency key"
        )),
    }
    .into_response()
}

fn authenticate(shared: &Shared, headers: &HeaderMap, scope: Scope) -> Result<Caller> {
    let value = given_key(headers).ok_or_else(|| {
        Problem::unauthenticated(
            "send an API key as `Authorization: Bearer KEY` or in the header `X-API-Key`",
        )
    })?;
    let keys = shared.keys();
    let key = key::find(&keys, value)
        .ok_or_else(|| Problem::unauthenticated("the API key is not known here"))?;
    if !key.scopes.contains(&scope) {
        let message = format!(
            "the key `{}` lacks the scope `{}`",
            key.name,
            scope.as_str()
        );
        return Err(Problem::forbidden(message));
    }
    Ok(Caller {
        key: key.name.clone(),
    })
}

fn given_key(headers: &HeaderMap) -> Option<&[u8]> {
    if let Some(value) = headers.get(API_KEY) {
        return Some(value.as_bytes());
    }
    let value = headers.get(header::AUTHORIZATION)?.as_bytes();
    let (scheme, credentials) = value.split_at_checked("Bearer ".len())?;
    scheme
        .eq_ignore_ascii_case(b"Bearer ")
        .then(|| credentials.trim_ascii())
}
