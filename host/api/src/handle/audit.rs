//! The audit.

use axum::Json;
use axum::extract::{Path, State};
use forebay_model::RunId;

use super::Context;
use crate::extract::Query;
use crate::problem::Result;
use crate::view::audit::{AuditView, Verification};
use crate::view::page::{Page, PageQuery};

/// List audit records, oldest first.
#[utoipa::path(get, path = "/v1/audit", tag = "audit", params(PageQuery),
    responses((status = 200, body = Page<AuditView>)))]
pub(crate) async fn list(
    State(shared): Context,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<AuditView>>> {
    Ok(Json(Page::of(
        shared
            .core
            .store()
            .audit_records(None, query.request()?)
            .await,
    )?))
}

/// List the audit records of a run, oldest first. They outlive the run.
#[utoipa::path(get, path = "/v1/runs/{id}/audit", tag = "audit",
    params(("id" = String, Path, description = "Id of the run"), PageQuery),
    responses((status = 200, body = Page<AuditView>), (status = 404, description = "No such run")))]
pub(crate) async fn of_run(
    State(shared): Context,
    Path(id): Path<String>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<AuditView>>> {
    let id = RunId::from(id);
    let records = shared
        .core
        .store()
        .audit_records(Some(&id), query.request()?)
        .await;
    if records.as_ref().is_ok_and(|page| page.items.is_empty()) {
        super::run(&shared, &id).await?;
    }
    Ok(Json(Page::of(records)?))
}

/// Check the whole chain of audit records.
#[utoipa::path(get, path = "/v1/audit:verify", tag = "audit",
    responses((status = 200, body = Verification)))]
pub(crate) async fn verify(State(shared): Context) -> Result<Json<Verification>> {
    Ok(Json(shared.core.store().verify_audit().await?.into()))
}
