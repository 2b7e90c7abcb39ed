//! Plugins.

use axum::Json;
use axum::extract::{Path, State};

use super::Context;
use crate::problem::{Problem, Result};
use crate::view::plugin::{PluginDetail, PluginView, Plugins, QuarantinedView};

/// List plugins, and files that are kept out with the reason.
#[utoipa::path(get, path = "/v1/plugins", tag = "plugins",
    responses((status = 200, body = Plugins)))]
pub(crate) async fn list(State(shared): Context) -> Json<Plugins> {
    Json(Plugins {
        accepted: shared
            .plugins
            .list()
            .iter()
            .map(|plugin| PluginView::from(&**plugin))
            .collect(),
        quarantined: shared
            .plugins
            .quarantined()
            .into_iter()
            .map(QuarantinedView::from)
            .collect(),
    })
}

/// Show what a plugin says about itself.
#[utoipa::path(get, path = "/v1/plugins/{name}", tag = "plugins",
    params(("name" = String, Path, description = "Name of the plugin")),
    responses((status = 200, body = PluginDetail), (status = 404, description = "No such plugin")))]
pub(crate) async fn show(
    State(shared): Context,
    Path(name): Path<String>,
) -> Result<Json<PluginDetail>> {
    let plugins = shared.plugins.list();
    let found = plugins.iter().find(|plugin| plugin.name() == name);
    let plugin = found.ok_or_else(|| Problem::not_found(format!("no plugin `{name}`")))?;
    Ok(Json(PluginDetail::from(&**plugin)))
}
