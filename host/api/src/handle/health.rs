//! Health, metrics and the OpenAPI document.

use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use forebay_store::Error as StoreError;
use http::header;
use serde::Serialize;
use utoipa::ToSchema;

use super::Context;
use crate::problem::{Problem, Result};

/// Media type of Prometheus' text format.
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The process is alive.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Alive {
    alive: bool,
}

/// Is the process alive?
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, body = Alive)))]
pub(crate) async fn alive() -> Json<Alive> {
    Json(Alive { alive: true })
}

/// The host takes work.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ready {
    ready: bool,
}

/// Does the host take work?
///
/// It does when its flows are loaded, the store can be written, and it does not drain. Otherwise
/// the answer is 503 with the reasons.
#[utoipa::path(get, path = "/readyz", tag = "health",
    responses((status = 200, body = Ready), (status = 503, description = "Not now, and why")))]
pub(crate) async fn ready(State(shared): Context) -> Result<Json<Ready>> {
    let mut reasons = Vec::new();
    if !shared.is_ready() {
        reasons.push("the host is starting or draining".to_owned());
    }
    if let Err(error) = shared.core.store().probe().await {
        tracing::warn!(%error, "not ready");
        reasons.push(
            match error {
                StoreError::Damaged { .. } => "the store is damaged: a backup has to be restored",
                _ => "the store cannot be written",
            }
            .to_owned(),
        );
    }
    if reasons.is_empty() {
        return Ok(Json(Ready { ready: true }));
    }
    Err(Problem::unavailable(reasons.join("; ")).because(reasons))
}

/// Metrics in Prometheus' text format.
#[utoipa::path(get, path = "/metrics", tag = "health",
    responses((status = 200, body = String, content_type = "text/plain")))]
pub(crate) async fn metrics(State(shared): Context) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, METRICS_TYPE)], (shared.metrics)())
}

/// The document never changes while the process lives.
static DOCUMENT: LazyLock<String> = LazyLock::new(|| crate::document().to_string());

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "health",
    responses((status = 200, body = serde_json::Value)))]
pub(crate) async fn openapi() -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "application/json")],
        DOCUMENT.as_str(),
    )
}
