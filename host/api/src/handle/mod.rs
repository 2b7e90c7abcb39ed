//! What endpoints do, a file per resource. Each reads its request, asks the engine or the store, and
//! makes a view; the text above a handler is its description in the OpenAPI document.

pub(crate) mod actions;
pub(crate) mod asked;
pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod connections;
pub(crate) mod events;
pub(crate) mod flows;
pub(crate) mod health;
pub(crate) mod hooks;
pub(crate) mod many;
pub(crate) mod plugins;
pub(crate) mod runs;
pub(crate) mod start;
pub(crate) mod triggers;

use std::sync::Arc;

use forebay_model::RunId;
use forebay_model::run::Run;

use crate::api::Shared;
use crate::problem::{Problem, Result};

/// The state that handlers take.
type Context = axum::extract::State<Arc<Shared>>;

/// The run of this id.
async fn run(shared: &Shared, id: &RunId) -> Result<Run> {
    let run = shared.core.store().run(id).await?;
    run.ok_or_else(|| Problem::not_found(format!("no run `{id}`")))
}
