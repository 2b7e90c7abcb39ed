//! Deleting: into the trash, back, and for good; and the trash over the API. Canto documents that
//! these calls exist; the paths of all but the first are inferred.

use axum::Json;
use axum::extract::{Query, State};
use axum::response::Response;
use forebay_model::Timestamp;
use serde_json::{Value, json};

use super::auth::Caller;
use super::content::Named;
use super::library::{Library, Refusal};
use super::search::{self, Parameters};
use super::values::ContentId;
use super::{Sim, render, with};
use crate::common::effect;

impl Library {
    /// Move an asset into the trash.
    ///
    /// # Errors
    /// When there is no such asset.
    pub fn delete(&mut self, id: &ContentId, by: &str, now: Timestamp) -> Result<(), Refusal> {
        self.report("delete-asset", id, None);
        let mut asset = self.assets.remove(id).ok_or(Refusal::NotFound)?;
        asset.modified = now;
        asset.modified_by = by.to_owned();
        self.trash.insert(id.clone(), asset);
        self.containers
            .values_mut()
            .for_each(|c| c.content.retain(|content| content != id));
        Ok(())
    }

    /// Put an asset back from the trash, as a person does. Canto sends no event for it.
    ///
    /// # Errors
    /// When it is not in the trash.
    pub fn restore(&mut self, id: &ContentId, by: &str, now: Timestamp) -> Result<(), Refusal> {
        let mut asset = self.trash.remove(id).ok_or(Refusal::NotFound)?;
        asset.modified = now;
        asset.modified_by = by.to_owned();
        self.assets.insert(id.clone(), asset);
        Ok(())
    }

    /// Delete an asset in the trash for good. Canto sends no event for it.
    ///
    /// # Errors
    /// When it is not in the trash.
    pub fn purge(&mut self, id: &ContentId) -> Result<(), Refusal> {
        self.trash.remove(id).map(|_| ()).ok_or(Refusal::NotFound)
    }
}

/// `DELETE /api/v1/batch/content`: into the trash.
pub(super) async fn delete(
    State(sim): State<Sim>,
    caller: Caller,
    Json(wanted): Json<Vec<Named>>,
) -> Result<Json<Value>, Response> {
    let by = caller.writer()?.to_owned();
    Ok(batch(
        &sim,
        &wanted,
        "delete-content",
        |library, id, now| library.delete(id, &by, now),
    ))
}

/// `POST /api/v1/trash/restore`: out of the trash. Path inferred.
pub(super) async fn restore(
    State(sim): State<Sim>,
    caller: Caller,
    Json(wanted): Json<Vec<Named>>,
) -> Result<Json<Value>, Response> {
    let by = caller.writer()?.to_owned();
    Ok(batch(
        &sim,
        &wanted,
        "restore-content",
        |library, id, now| library.restore(id, &by, now),
    ))
}

/// `DELETE /api/v1/trash`: for good. Path inferred.
pub(super) async fn purge(
    State(sim): State<Sim>,
    caller: Caller,
    Json(wanted): Json<Vec<Named>>,
) -> Result<Json<Value>, Response> {
    caller.writer()?;
    Ok(batch(&sim, &wanted, "purge-content", |library, id, _| {
        library.purge(id)
    }))
}

/// `GET /api/v1/trash`: what is in it, paged like a search. Path inferred.
pub(super) async fn list(
    State(sim): State<Sim>,
    _caller: Caller,
    Query(query): Query<Vec<(String, String)>>,
) -> Response {
    with(&sim, |tenant, now| {
        let trash = tenant.library.trash.values();
        let results = trash.map(|asset| render::asset(tenant, asset, now));
        search::paged(results.collect(), &Parameters(query))
    })
}

/// Do something with each; what fails is named, the rest is done all the same.
fn batch(
    sim: &Sim,
    wanted: &[Named],
    what: &str,
    act: impl Fn(&mut Library, &ContentId, Timestamp) -> Result<(), Refusal>,
) -> Json<Value> {
    with(sim, |tenant, now| {
        let mut failed = Vec::new();
        for named in wanted {
            let done = named.content().map(|id| act(&mut tenant.library, &id, now));
            match done {
                Some(Ok(())) => effect(what),
                _ => failed.push(named.as_json()),
            }
        }
        let status = if failed.is_empty() { "success" } else { "fail" };
        Json(json!({"status": status, "deleteFail": failed, "permissionFail": []}))
    })
}
