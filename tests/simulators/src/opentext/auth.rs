//! Tokens of a tenant, and names with passwords for the Flowable dialect.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::{Json, body::Body};
use http::{Request, StatusCode};
use serde_json::{Value, json};

use super::engine::Actor;
use super::http::{Sim, basic as basic_credentials};
use super::params::Params;
use crate::common::TokenFault;

/// Bearers are people or clients; the token store knows them by one name.
const CLIENT: &str = "client:";

/// Whom a bearer token stands for. A disabled user's tokens end at once.
pub(crate) fn bearer(sim: &Sim, token: &str) -> Result<Actor, TokenFault> {
    let bearer = sim.frame.tokens().check(token, sim.frame.now())?;
    match bearer.strip_prefix(CLIENT) {
        Some(client) => Ok(Actor::Service(client.to_owned())),
        None if is_enabled(sim, &bearer) => Ok(Actor::Person(bearer)),
        None => Err(TokenFault::Revoked),
    }
}

/// Whom a name and a password stand for.
pub(crate) fn basic(sim: &Sim, name: &str, password: &str) -> Option<Actor> {
    if sim.frame.tokens().credentials_revoked() {
        return None;
    }
    let world = sim.lock();
    let (admin, admin_password) = &world.settings.flowable_admin;
    if name == admin && password == admin_password {
        return Some(Actor::Service(name.to_owned()));
    }
    let user = world.engine.user(name)?;
    (user.enabled && user.password == password).then(|| Actor::Person(name.to_owned()))
}

/// `POST /tenants/{tenant}/oauth2/token`: JSON or form, client in the body or as Basic
/// authentication, client credentials or password grant.
pub(crate) async fn token(
    State(sim): State<Sim>,
    Path(tenant): Path<String>,
    request: Request<Body>,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LARGEST_BODY).await else {
        return refused(
            StatusCode::PAYLOAD_TOO_LARGE,
            "invalid_request",
            "too large",
        );
    };
    let params = read(&body);
    let field = |name| params.get(name).unwrap_or_default().to_owned();
    let (client, secret) =
        basic_credentials(&parts).unwrap_or_else(|| (field("client_id"), field("client_secret")));

    let (lifetime, known) = {
        let settings = &sim.lock().settings;
        let known = tenant == settings.tenant
            && client == settings.client_id
            && secret == settings.client_secret;
        (settings.token_lifetime, known)
    };
    if !known {
        return refused(
            StatusCode::UNAUTHORIZED,
            "invalid_client",
            "Client authentication failed",
        );
    }
    let bearer = match field("grant_type").as_str() {
        "client_credentials" => format!("{CLIENT}{client}"),
        "password" => {
            let (name, password) = (field("username"), field("password"));
            let world = sim.lock();
            let user = world
                .engine
                .user(&name)
                .filter(|user| user.password == password);
            match user {
                Some(user) if user.enabled => name,
                _ => {
                    let why = "Unknown or disabled user, or wrong password";
                    return refused(StatusCode::BAD_REQUEST, "invalid_grant", why);
                }
            }
        }
        _ => {
            return refused(
                StatusCode::BAD_REQUEST,
                "unsupported_grant_type",
                "Unknown grant",
            );
        }
    };
    crate::common::actor(bearer.as_str());
    match sim.frame.tokens().issue(&bearer, sim.frame.now(), lifetime) {
        Some(token) => {
            crate::common::effect("issue-token");
            let expires_in = lifetime.as_secs();
            let body =
                json!({"access_token": token, "token_type": "Bearer", "expires_in": expires_in});
            Json(body).into_response()
        }
        None => refused(
            StatusCode::UNAUTHORIZED,
            "invalid_client",
            "Client has been revoked",
        ),
    }
}

/// Largest token request, in bytes: a handful of short fields.
const LARGEST_BODY: usize = 64 * 1024;

fn read(body: &Bytes) -> Params {
    match serde_json::from_slice::<Value>(body) {
        Ok(json) if json.is_object() => Params::from_body(&json),
        _ => Params::from_query(&String::from_utf8_lossy(body)),
    }
}

fn refused(status: StatusCode, error: &str, description: &str) -> Response {
    (
        status,
        Json(json!({"error": error, "error_description": description})),
    )
        .into_response()
}

fn is_enabled(sim: &Sim, user: &str) -> bool {
    sim.lock()
        .engine
        .user(user)
        .is_some_and(|user| user.enabled)
}
