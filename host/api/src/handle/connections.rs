//! Connections: health, checks, polls, cursors.

use axum::Json;
use axum::extract::{Path, State};
use forebay_engine::intake::poll_trigger;
use forebay_model::ConnectionName;
use forebay_model::flow::ConnectionSpec;

use super::Context;
use crate::api::Shared;
use crate::extract::{Body, NoBody};
use crate::guard::Caller;
use crate::problem::Result;
use crate::view::Findings;
use crate::view::connection::{
    ConnectionDetail, ConnectionView, CursorInput, CursorView, PolledView, RewindInput,
};
use crate::view::page::List;

/// Is the connector of this connection there?
fn is_loaded(shared: &Shared, spec: &ConnectionSpec) -> bool {
    let plugin = shared.core.guests().current(&spec.plugin);
    plugin.is_some_and(|plugin| plugin.connector().is_some())
}

/// List connections with their health.
#[utoipa::path(get, path = "/v1/connections", tag = "connections",
    responses((status = 200, body = List<ConnectionView>)))]
pub(crate) async fn list(State(shared): Context) -> Json<List<ConnectionView>> {
    let topology = shared.core.topology();
    let views = topology.connections.values().map(|spec| {
        let health = shared.core.health().of(&spec.name);
        ConnectionView::new(spec, &health, is_loaded(&shared, spec))
    });
    Json(views.collect())
}

/// Show a connection with its settings and the findings of its last check. Secrets are never shown.
#[utoipa::path(get, path = "/v1/connections/{name}", tag = "connections",
    params(("name" = String, Path, description = "Name of the connection")),
    responses((status = 200, body = ConnectionDetail), (status = 404, description = "No such connection")))]
pub(crate) async fn show(
    State(shared): Context,
    Path(name): Path<String>,
) -> Result<Json<ConnectionDetail>> {
    let spec = shared.core.connection(&ConnectionName::from(name))?;
    let health = shared.core.health().of(&spec.name);
    Ok(Json(ConnectionDetail::new(
        &spec,
        health,
        is_loaded(&shared, &spec),
    )))
}

/// Check whether a connection works. A passed check makes a refused connection usable again.
#[utoipa::path(post, path = "/v1/connections/{name}:check", tag = "connections",
    params(("name" = String, Path, description = "Name of the connection")),
    responses((status = 200, body = Findings), (status = 404, description = "No such connection"),
        (status = 502, description = "The check could not be made")))]
pub(crate) async fn check(
    State(shared): Context,
    Path(name): Path<String>,
    _: NoBody,
) -> Result<Json<Findings>> {
    let findings = shared
        .core
        .check_connection(&ConnectionName::from(name))
        .await?;
    Ok(Json(findings.into()))
}

/// Read what has changed at a connection, now.
#[utoipa::path(post, path = "/v1/connections/{name}:poll", tag = "connections",
    params(("name" = String, Path, description = "Name of the connection")),
    responses((status = 200, body = PolledView), (status = 404, description = "No such connection"),
        (status = 502, description = "The connected system answered with an error")))]
pub(crate) async fn poll(
    State(shared): Context,
    Path(name): Path<String>,
    _: NoBody,
) -> Result<Json<PolledView>> {
    let polled = shared.core.poll(&ConnectionName::from(name)).await?;
    Ok(Json(polled.into()))
}

/// Show where the next poll goes on.
#[utoipa::path(get, path = "/v1/connections/{name}/cursor", tag = "connections",
    params(("name" = String, Path, description = "Name of the connection")),
    responses((status = 200, body = CursorView), (status = 404, description = "No such connection")))]
pub(crate) async fn cursor(
    State(shared): Context,
    Path(name): Path<String>,
) -> Result<Json<CursorView>> {
    let spec = shared.core.connection(&ConnectionName::from(name))?;
    let cursor = shared
        .core
        .store()
        .cursor(&poll_trigger(&spec.name))
        .await?;
    Ok(Json(cursor.into()))
}

/// Set where the next poll goes on, usually back to an earlier place. Audited. Events that are read
/// again are recognised.
#[utoipa::path(put, path = "/v1/connections/{name}/cursor", tag = "connections",
    params(("name" = String, Path, description = "Name of the connection")), request_body = CursorInput,
    responses((status = 200, body = CursorView), (status = 404, description = "No such connection")))]
pub(crate) async fn set_cursor(
    State(shared): Context,
    caller: Caller,
    Path(name): Path<String>,
    Body(input): Body<CursorInput>,
) -> Result<Json<CursorView>> {
    let name = ConnectionName::from(name);
    shared
        .core
        .set_cursor(&name, input.value, caller.actor())
        .await?;
    let cursor = shared.core.store().cursor(&poll_trigger(&name)).await?;
    Ok(Json(cursor.into()))
}

/// Move the cursor of a connection back to a time, and read on from there. Audited. Events that are
/// known already are recognised; what is new is routed.
#[utoipa::path(post, path = "/v1/connections/{name}:rewind", tag = "connections",
    params(("name" = String, Path, description = "Name of the connection")), request_body = RewindInput,
    responses((status = 200, body = PolledView), (status = 404, description = "No such connection"),
        (status = 422, description = "The time is still to come"),
        (status = 502, description = "The connected system answered with an error")))]
pub(crate) async fn rewind(
    State(shared): Context,
    caller: Caller,
    Path(name): Path<String>,
    Body(input): Body<RewindInput>,
) -> Result<Json<PolledView>> {
    let to = super::triggers::time("to", &input.to)?;
    let name = ConnectionName::from(name);
    let polled = shared
        .carry_out(|core| async move { core.rewind(&name, to, caller.actor()).await })
        .await?;
    Ok(Json(polled.into()))
}
