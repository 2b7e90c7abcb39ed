//! Tokens, and who a call is made by.

use axum::Json;
use axum::extract::{FromRequestParts, Query, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::request::Parts;
use http::{StatusCode, header};
use serde_json::{Value, json};

use super::{INTEGRATION_USER, Sim};
use crate::common::actor;

/// Who makes an authenticated call.
pub(super) struct Caller {
    pub(super) user: String,
    scope: String,
}

impl Caller {
    /// The user, if the token's scope lets it change anything.
    pub(super) fn writer(&self) -> Result<&str, Response> {
        if self.scope == "consumer" {
            return Err((StatusCode::FORBIDDEN, "role not sufficient").into_response());
        }
        Ok(&self.user)
    }
}

impl FromRequestParts<Sim> for Caller {
    /// Without a token 404, with a bad one 401: observed at the vendor.
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, sim: &Sim) -> Result<Self, Response> {
        let header = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let token = header.and_then(|header| header.strip_prefix("Bearer "));
        let token = token.ok_or_else(|| StatusCode::NOT_FOUND.into_response())?;
        let bearer = sim
            .frame
            .tokens()
            .check(token, sim.frame.now())
            .map_err(|_| refused(StatusCode::UNAUTHORIZED, "invalid_token", "token not valid"))?;
        let (user, scope) = bearer.split_once(' ').unwrap_or((&bearer, "admin"));
        actor(user);
        Ok(Self {
            user: user.to_owned(),
            scope: scope.to_owned(),
        })
    }
}

fn refused(status: StatusCode, error: &str, description: &str) -> Response {
    (
        status,
        Json(json!({"error": error, "error_description": description})),
    )
        .into_response()
}

/// `POST /oauth/api/oauth2/token`: camelCase reply, life as text.
pub(super) async fn token(
    State(sim): State<Sim>,
    Query(query): Query<Vec<(String, String)>>,
    body: Bytes,
) -> Response {
    match issue(&sim, query, &body) {
        Ok((token, seconds)) => Json(json!({
            "accessToken": token,
            "expiresIn": seconds.to_string(),
            "tokenType": "bearer",
            "refreshToken": null,
        }))
        .into_response(),
        Err(refusal) => refusal,
    }
}

/// `POST /oauth/api/oauth2/compatible/token`: the RFC-style twin.
pub(super) async fn compatible_token(
    State(sim): State<Sim>,
    Query(query): Query<Vec<(String, String)>>,
    body: Bytes,
) -> Response {
    match issue(&sim, query, &body) {
        Ok((token, seconds)) => Json(json!({
            "access_token": token,
            "expires_in": seconds,
            "token_type": "bearer",
        }))
        .into_response(),
        Err(refusal) => refusal,
    }
}

/// A token for parameters that come in the query or as a form.
fn issue(sim: &Sim, query: Vec<(String, String)>, body: &[u8]) -> Result<(String, u64), Response> {
    let mut parameters = query;
    parameters.extend(url::form_urlencoded::parse(body).into_owned());
    let parameter = |name: &str| {
        parameters
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    };
    let bad = StatusCode::BAD_REQUEST;
    if parameter("grant_type") != Some("client_credentials") {
        return Err(refused(
            bad,
            "unsupported_grant_type",
            "only client_credentials is set up",
        ));
    }
    let options = sim.lock().options.clone();
    let known = parameter("app_id") == Some(&options.app_id)
        && parameter("app_secret") == Some(&options.app_secret);
    let denied = || {
        refused(
            StatusCode::UNAUTHORIZED,
            "invalid_client",
            "app id or secret is wrong",
        )
    };
    if !known {
        return Err(denied());
    }
    let user = parameter("user_id").unwrap_or(INTEGRATION_USER);
    let scope = parameter("scope").unwrap_or("admin");
    if !["admin", "contributor", "consumer"].contains(&scope) {
        return Err(refused(bad, "invalid_scope", "unknown scope"));
    }
    let bearer = format!("{user} {scope}");
    actor(user);
    let token = sim
        .frame
        .tokens()
        .issue(&bearer, sim.frame.now(), options.token_lifetime)
        .ok_or_else(denied)?;
    Ok((token, options.token_lifetime.as_secs()))
}

/// `GET /api/v1/`: the "test connection" call answers with URI templates.
pub(super) async fn index(_caller: Caller) -> Json<Value> {
    Json(json!({
        "content": "/api/v1/{scheme}/{id}",
        "search": "/api/v1/search",
        "tree": "/api/v1/tree",
        "upload": "/api/v1/upload/setting",
    }))
}

/// `GET /api/v1/user`
pub(super) async fn user(State(sim): State<Sim>, caller: Caller) -> Json<Value> {
    let tenant = sim.lock();
    let email = tenant
        .library
        .users
        .get(&caller.user)
        .map(|user| user.email.clone());
    Json(json!({
        "userId": caller.user,
        "userName": tenant.library.user_name(&caller.user),
        "email": email,
        "role": caller.scope,
    }))
}
