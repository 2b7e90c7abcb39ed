//! `/_sim/`: how tests and people in other processes look into a simulator and disturb it.
//!
//! | Call | Meaning |
//! |---|---|
//! | `GET /_sim/calls?operation=` | recorded calls, oldest first |
//! | `DELETE /_sim/calls` | forget calls and effects |
//! | `GET /_sim/effects` | effects with their counts |
//! | `GET`, `POST`, `DELETE /_sim/faults` | rules that stand; add a [`Rule`]; take all away |
//! | `POST /_sim/visibility` `{"delay-ms": n}` | changes are readable later than their event |
//! | `POST /_sim/clock` `{"advance_ms": n}` | move a virtual clock; 409 where it is real |
//! | `POST /_sim/credentials` `{"revoked": bool}` | refuse credentials, or accept them again |
//! | `DELETE /_sim/tokens` | take back all tokens issued so far |
//! | `GET /_sim/deliveries` | webhooks sent |
//! | `POST /_sim/courier` | set [`CourierSwitches`] |

use std::time::Duration;

use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{CourierSwitches, Frame, Rule, Sent};

/// The control interface of a simulator; never subject to faults, never recorded.
pub fn router(frame: &Frame) -> Router {
    Router::new()
        .route("/_sim/calls", get(calls).delete(forget))
        .route("/_sim/effects", get(effects))
        .route(
            "/_sim/faults",
            get(list_faults).post(add_fault).delete(clear_faults),
        )
        .route("/_sim/visibility", post(set_visibility))
        .route("/_sim/clock", get(read_clock).post(advance))
        .route("/_sim/credentials", post(set_credentials))
        .route("/_sim/tokens", delete(revoke_tokens))
        .route("/_sim/deliveries", get(deliveries))
        .route("/_sim/courier", post(set_courier))
        .with_state(frame.clone())
}

#[derive(Deserialize)]
struct CallFilter {
    operation: Option<String>,
}

async fn calls(State(frame): State<Frame>, Query(filter): Query<CallFilter>) -> Response {
    match filter.operation {
        Some(operation) => Json(frame.recorder().calls_of(&operation)).into_response(),
        None => Json(frame.recorder().calls()).into_response(),
    }
}

async fn forget(State(frame): State<Frame>) -> StatusCode {
    frame.recorder().clear();
    StatusCode::NO_CONTENT
}

async fn effects(State(frame): State<Frame>) -> Response {
    Json(frame.recorder().all_effects()).into_response()
}

async fn list_faults(State(frame): State<Frame>) -> Json<Vec<Rule>> {
    Json(frame.faults().rules())
}

async fn add_fault(State(frame): State<Frame>, Json(rule): Json<Rule>) -> StatusCode {
    frame.faults().add(rule);
    StatusCode::NO_CONTENT
}

async fn clear_faults(State(frame): State<Frame>) -> StatusCode {
    frame.faults().clear();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Visibility {
    delay_ms: u64,
}

async fn set_visibility(State(frame): State<Frame>, Json(wanted): Json<Visibility>) -> StatusCode {
    frame
        .faults()
        .set_visibility_delay(Duration::from_millis(wanted.delay_ms));
    StatusCode::NO_CONTENT
}

async fn read_clock(State(frame): State<Frame>) -> Json<Value> {
    Json(json!({"now_ms": frame.now().0, "now": frame.now().to_string()}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_ms: u64,
}

async fn advance(State(frame): State<Frame>, Json(wanted): Json<Advance>) -> Response {
    if frame
        .clock()
        .advance(Duration::from_millis(wanted.advance_ms))
    {
        read_clock(State(frame)).await.into_response()
    } else {
        (
            StatusCode::CONFLICT,
            "the clock of this simulator is real\n",
        )
            .into_response()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    revoked: bool,
}

async fn set_credentials(
    State(frame): State<Frame>,
    Json(wanted): Json<Credentials>,
) -> StatusCode {
    frame.tokens().revoke_credentials(wanted.revoked);
    StatusCode::NO_CONTENT
}

async fn revoke_tokens(State(frame): State<Frame>) -> StatusCode {
    frame.tokens().revoke_all();
    StatusCode::NO_CONTENT
}

async fn deliveries(State(frame): State<Frame>) -> Json<Vec<Sent>> {
    Json(frame.courier().sent())
}

async fn set_courier(
    State(frame): State<Frame>,
    Json(switches): Json<CourierSwitches>,
) -> StatusCode {
    frame.courier().set(switches);
    StatusCode::NO_CONTENT
}
