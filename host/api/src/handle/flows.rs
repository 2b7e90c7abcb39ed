//! Flows: what is configured, and whether it can work.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use forebay_engine::LiveFlow;
use forebay_engine::schedule::check_schedules;
use forebay_model::FlowName;
use forebay_model::plugin::Plugin;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;

use super::Context;
use crate::api::Shared;
use crate::extract::{NoBody, Query};
use crate::problem::Result;
use crate::view::Findings;
use crate::view::flow::{FlowDetail, FlowView};
use crate::view::page::List;

/// Number of runs by flow and state.
type Counts = BTreeMap<FlowName, BTreeMap<&'static str, u64>>;

async fn counts(shared: &Shared) -> Result<Counts> {
    let mut counts = Counts::new();
    for (flow, state, count) in shared.core.store().run_counts().await? {
        counts
            .entry(flow)
            .or_default()
            .insert(state.as_str(), count);
    }
    Ok(counts)
}

/// The handler that new runs of a flow get.
fn handler(shared: &Shared, flow: &LiveFlow) -> Option<Arc<Plugin>> {
    let plugin = shared.core.guests().current(&flow.spec.handler);
    plugin.filter(|plugin| plugin.handler().is_some())
}

/// List flows.
#[utoipa::path(get, path = "/v1/flows", tag = "flows",
    responses((status = 200, body = List<FlowView>)))]
pub(crate) async fn list(State(shared): Context) -> Result<Json<List<FlowView>>> {
    let mut counts = counts(&shared).await?;
    let topology = shared.core.topology();
    let mut views = Vec::new();
    for flow in topology.flows.values() {
        let runs = counts.remove(&flow.spec.name).unwrap_or_default();
        let schedules = shared.core.schedules(&flow.spec.name).await?;
        let handler = handler(&shared, flow);
        views.push(FlowView::new(flow, handler.as_deref(), schedules, runs));
    }
    Ok(Json(views.into_iter().collect()))
}

/// Show a flow with its configuration.
#[utoipa::path(get, path = "/v1/flows/{name}", tag = "flows",
    params(("name" = String, Path, description = "Name of the flow")),
    responses((status = 200, body = FlowDetail), (status = 404, description = "No such flow")))]
pub(crate) async fn show(
    State(shared): Context,
    Path(name): Path<String>,
) -> Result<Json<FlowDetail>> {
    let name = FlowName::from(name);
    let flow = shared.core.flow(&name)?;
    let runs = counts(&shared).await?.remove(&name).unwrap_or_default();
    let handler = handler(&shared, &flow);
    let schedules = shared.core.schedules(&name).await?;
    let view = FlowView::new(&flow, handler.as_deref(), schedules, runs);
    Ok(Json(FlowDetail::new(view, &flow, handler.as_deref())))
}

/// How deep to look.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct CheckQuery {
    /// Ask the connected systems too. Nothing is changed there.
    #[param(default = false)]
    probe: bool,
}

/// Check whether a flow can work as it is configured.
#[utoipa::path(post, path = "/v1/flows/{name}:check", tag = "flows",
    params(("name" = String, Path, description = "Name of the flow"), CheckQuery),
    responses((status = 200, body = Findings), (status = 404, description = "No such flow")))]
pub(crate) async fn check(
    State(shared): Context,
    Path(name): Path<String>,
    Query(query): Query<CheckQuery>,
    _: NoBody,
) -> Result<Json<Findings>> {
    let (core, name) = (&shared.core, FlowName::from(name));
    let mut findings = core.check_flow(&name, query.probe).await?;
    let flow = core.flow(&name)?;
    findings.extend(check_schedules(core.guests(), &flow.spec, core.now()).await);
    Ok(Json(findings.into()))
}
