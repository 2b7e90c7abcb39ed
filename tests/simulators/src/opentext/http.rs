//! What handlers of both dialects share: state, callers, bodies, errors.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use axum::{Json, RequestExt as _};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::request::Parts;
use http::{StatusCode, header};
use serde_json::{Value, json};

use super::engine::{Actor, Engine, Error};
use super::params::Params;
use super::render::{Include, Writer};
use super::{Settings, auth};
use crate::common::Shared;

/// The engine and how it answers.
pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) settings: Settings,
}

impl World {
    /// A writer of OpenText replies.
    pub(crate) fn writer(&self, include: Include) -> Writer<'_> {
        Writer {
            engine: &self.engine,
            dates: self.settings.dates,
            include,
            process_scope: "global",
        }
    }
}

/// What handlers take as axum state.
pub(crate) type Sim = Shared<World>;

/// An authenticated request: who, with which parameters, at which URL.
pub(crate) struct Caller {
    pub(crate) actor: Actor,
    pub(crate) params: Params,
    /// Scheme, host, path and query, for links.
    pub(crate) url: String,
    /// Scheme and host.
    pub(crate) base: String,
}

impl Caller {
    fn new(parts: &Parts, actor: Actor) -> Self {
        crate::common::actor(actor.name());
        let host = parts
            .headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok());
        let base = format!("http://{}", host.unwrap_or("localhost"));
        Self {
            actor,
            params: Params::from_query(parts.uri.query().unwrap_or_default()),
            url: format!("{base}{}", parts.uri),
            base,
        }
    }
}

/// Refuses with the gateway's body.
impl FromRequestParts<Sim> for Caller {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, sim: &Sim) -> Result<Self, Response> {
        let token = authorization(parts, "Bearer ").unwrap_or_default();
        let actor =
            auth::bearer(sim, token).map_err(|_| gateway_fault(StatusCode::UNAUTHORIZED))?;
        Ok(Self::new(parts, actor))
    }
}

/// A caller of the Flowable dialect, who shows name and password with each request.
pub(crate) struct BasicCaller(pub(crate) Caller);

impl FromRequestParts<Sim> for BasicCaller {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, sim: &Sim) -> Result<Self, Response> {
        let refused = || {
            let headers = [(header::WWW_AUTHENTICATE, "Basic realm=\"Realm\"")];
            (StatusCode::UNAUTHORIZED, headers).into_response()
        };
        let (name, password) = basic(parts).ok_or_else(refused)?;
        let actor = auth::basic(sim, &name, &password).ok_or_else(refused)?;
        Ok(Self(Caller::new(parts, actor)))
    }
}

/// The part of the `Authorization` header after a scheme.
pub(crate) fn authorization<'a>(parts: &'a Parts, scheme: &str) -> Option<&'a str> {
    parts
        .headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix(scheme)
}

/// Name and password of Basic authentication.
pub(crate) fn basic(parts: &Parts) -> Option<(String, String)> {
    let decoded = BASE64_STANDARD
        .decode(authorization(parts, "Basic ")?)
        .ok()?;
    let text = String::from_utf8(decoded).ok()?;
    text.split_once(':')
        .map(|(name, password)| (name.to_owned(), password.to_owned()))
}

/// A JSON body; nothing counts as null.
pub(crate) struct Body(pub(crate) Value);

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        let unreadable = |why: String| Refusal(Error::Invalid(why));
        let bytes: Bytes = request
            .extract()
            .await
            .map_err(|_| unreadable("no body".to_owned()))?;
        if bytes.is_empty() {
            return Ok(Self(Value::Null));
        }
        let parsed = serde_json::from_slice(&bytes);
        parsed
            .map(Self)
            .map_err(|error| unreadable(format!("Bad request: {error}")))
    }
}

impl Body {
    /// A text member.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    pub(crate) fn owned(&self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }

    /// A text member that must be there.
    pub(crate) fn required(&self, name: &str) -> Result<&str, Error> {
        self.text(name)
            .ok_or_else(|| Error::Invalid(format!("'{name}' is required.")))
    }

    /// A member that may be true.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.0.get(name) == Some(&Value::Bool(true))
    }
}

/// An engine's refusal as OpenText says it: a body with an `exception` text.
pub(crate) struct Refusal(Error);

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = match self.0 {
            Error::NotFound(_) => StatusCode::NOT_FOUND,
            Error::Invalid(_) => StatusCode::BAD_REQUEST,
            Error::Conflict(_) | Error::AlreadyDone(_) => StatusCode::CONFLICT,
            Error::Denied(_) => StatusCode::FORBIDDEN,
        };
        exception(status, &self.0.to_string())
    }
}

/// Flowable's pair, which the service is taken to share.
pub(crate) fn exception(status: StatusCode, text: &str) -> Response {
    let message = status.canonical_reason().unwrap_or("Error");
    (status, Json(json!({"message": message, "exception": text}))).into_response()
}

/// An error in the words of the API gateway, or of the service behind it.
pub(crate) fn gateway_fault(status: StatusCode) -> Response {
    let (text, code) = match status.as_u16() {
        401 => ("Invalid ApiKey", "oauth.v2.InvalidApiKey"),
        429 => (
            "Rate limit quota violation",
            "policies.ratelimit.QuotaViolation",
        ),
        502..=504 => (
            "The Service is temporarily unavailable",
            "messaging.adaptors.http.flow.ServiceUnavailable",
        ),
        _ => return exception(status, "injected by the simulator"),
    };
    let body = json!({"fault": {"faultstring": text, "detail": {"errorcode": code}}});
    (status, Json(body)).into_response()
}

/// What OpenText handlers return.
pub(crate) type Answer = Result<Response, Refusal>;

/// A JSON reply.
pub(crate) fn reply(status: StatusCode, body: Value) -> Answer {
    Ok((status, Json(body)).into_response())
}

/// A reply without body.
pub(crate) fn nothing() -> Answer {
    Ok(StatusCode::NO_CONTENT.into_response())
}
