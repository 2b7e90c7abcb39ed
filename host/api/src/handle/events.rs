//! Events as they came in, and notices as runs gave them out.

use axum::Json;
use axum::extract::{Path, State};
use forebay_model::{ConnectionName, RunId};
use forebay_store::query::EventFilter;
use serde::Deserialize;
use utoipa::IntoParams;

use super::Context;
use super::asked::ReasonInput;
use crate::extract::{Body, Query};
use crate::guard::Caller;
use crate::problem::{Problem, Result};
use crate::view::event::StoredEventView;
use crate::view::page::{Page, page_request};
use crate::view::run::NoticeView;

/// Which events. All conditions must hold.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventQuery {
    /// At this connection.
    connection: Option<String>,
    /// Of this kind.
    kind: Option<String>,
    /// About the entity of this id.
    entity: Option<String>,
    /// Only those not routed yet.
    #[param(default = false)]
    unrouted: bool,
    /// `next` of the page before; opaque.
    cursor: Option<String>,
    /// Most entries, 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
}

/// List events, newest first, with what became of each.
#[utoipa::path(get, path = "/v1/events", tag = "events", params(EventQuery),
    responses((status = 200, body = Page<StoredEventView>)))]
pub(crate) async fn list(
    State(shared): Context,
    Query(query): Query<EventQuery>,
) -> Result<Json<Page<StoredEventView>>> {
    let filter = EventFilter {
        connection: query.connection.map(ConnectionName::from),
        kind: query.kind,
        entity: query.entity,
        unrouted: query.unrouted,
    };
    let page = page_request(query.cursor, query.limit)?;
    Ok(Json(Page::of(
        shared.core.store().events(filter, page).await,
    )?))
}

/// Show an event with what became of it.
#[utoipa::path(get, path = "/v1/events/{id}", tag = "events",
    params(("id" = u64, Path, description = "Number of the event")),
    responses((status = 200, body = StoredEventView), (status = 404, description = "No such event")))]
pub(crate) async fn show(
    State(shared): Context,
    Path(id): Path<String>,
) -> Result<Json<StoredEventView>> {
    let event = shared.core.store().event(number(&id)?).await?;
    let event = event.ok_or_else(|| unknown(&id))?;
    Ok(Json(event.into()))
}

/// Have an event routed anew.
///
/// Flows that ignored it are asked once more, and runs that wait for it now get it. Nothing happens
/// twice: a run that had it does not get it again, and a run that it started is not started again.
#[utoipa::path(post, path = "/v1/events/{id}:redeliver", tag = "events",
    params(("id" = u64, Path, description = "Number of the event")), request_body = ReasonInput,
    responses((status = 200, body = StoredEventView), (status = 404, description = "No such event")))]
pub(crate) async fn redeliver(
    State(shared): Context,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<ReasonInput>,
) -> Result<Json<StoredEventView>> {
    let actor = caller.actor();
    let id = number(&id)?;
    let event = shared
        .carry_out(|core| async move { core.redeliver(id, input.reason, &actor).await })
        .await?;
    Ok(Json(event.into()))
}

fn number(id: &str) -> Result<u64> {
    id.parse().map_err(|_| unknown(id))
}

fn unknown(id: &str) -> Problem {
    Problem::not_found(format!("no event `{id}`"))
}

/// Which notices.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct NoticeQuery {
    /// Of this run.
    run: Option<String>,
    /// `next` of the page before; opaque.
    cursor: Option<String>,
    /// Most entries, 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
}

/// List what runs told operators, newest first.
#[utoipa::path(get, path = "/v1/notices", tag = "events", params(NoticeQuery),
    responses((status = 200, body = Page<NoticeView>)))]
pub(crate) async fn notices(
    State(shared): Context,
    Query(query): Query<NoticeQuery>,
) -> Result<Json<Page<NoticeView>>> {
    let run = query.run.map(RunId::from);
    let page = page_request(query.cursor, query.limit)?;
    Ok(Json(Page::of(
        shared.core.store().notices(run.as_ref(), page).await,
    )?))
}
