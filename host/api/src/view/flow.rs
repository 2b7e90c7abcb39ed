//! Flows.

use std::collections::BTreeMap;

use forebay_engine::LiveFlow;
use forebay_engine::schedule::ScheduleStatus;
use forebay_model::flow::Mode;
use forebay_model::plugin::Plugin;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::trigger::ScheduleView;

/// A flow, in lists.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Flow)]
pub(crate) struct FlowView {
    /// Its name.
    name: String,
    /// Are new events taken up?
    enabled: bool,
    /// `enforce`, or `observe`: effects are recorded as intended only.
    mode: &'static str,
    /// Name of the handler plugin.
    handler: String,
    /// Version of the handler that new runs get; null if it is not loaded.
    handler_version: Option<String>,
    /// Its digest.
    handler_digest: Option<String>,
    /// Connection bound to each role.
    connections: BTreeMap<String, String>,
    /// When it begins by itself.
    schedules: Vec<ScheduleView>,
    /// Number of runs by state; states without runs are absent.
    runs: BTreeMap<&'static str, u64>,
}

impl FlowView {
    pub(crate) fn new(
        flow: &LiveFlow,
        handler: Option<&Plugin>,
        schedules: Vec<ScheduleStatus>,
        runs: BTreeMap<&'static str, u64>,
    ) -> Self {
        let spec = &flow.spec;
        let connections = spec.connections.iter();
        Self {
            name: spec.name.to_string(),
            enabled: spec.enabled,
            mode: match spec.mode {
                Mode::Enforce => "enforce",
                Mode::Observe => "observe",
            },
            handler: spec.handler.clone(),
            handler_version: handler.map(|plugin| plugin.version().to_owned()),
            handler_digest: handler.map(|plugin| plugin.digest.to_string()),
            connections: connections
                .map(|(role, name)| (role.clone(), name.to_string()))
                .collect(),
            schedules: schedules.into_iter().map(ScheduleView::from).collect(),
            runs,
        }
    }
}

/// A flow with its configuration.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct FlowDetail {
    /// The flow.
    flow: FlowView,
    /// Hash of its configuration; runs are pinned to it.
    config_hash: String,
    /// The handler's configuration, with defaults.
    config: Value,
    /// How calls that fail for the moment are tried again.
    retry: RetryView,
    /// Most runs that are active at once.
    max_active: u32,
    /// Outcomes a run can complete with.
    outcomes: Vec<String>,
}

/// How calls that fail for the moment are tried again.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Retry)]
struct RetryView {
    /// First pause, in seconds.
    initial_seconds: f64,
    /// Longest pause, in seconds.
    maximum_seconds: f64,
    /// Total time after which the run is parked, in seconds.
    budget_seconds: f64,
}

impl FlowDetail {
    pub(crate) fn new(view: FlowView, flow: &LiveFlow, handler: Option<&Plugin>) -> Self {
        let retry = &flow.spec.retry;
        let info = handler.and_then(Plugin::handler);
        Self {
            flow: view,
            config_hash: flow.config_hash.clone(),
            config: flow.spec.config.clone(),
            retry: RetryView {
                initial_seconds: retry.initial.as_secs_f64(),
                maximum_seconds: retry.maximum.as_secs_f64(),
                budget_seconds: retry.budget.as_secs_f64(),
            },
            max_active: flow.spec.max_active,
            outcomes: info.map(|info| info.outcomes.clone()).unwrap_or_default(),
        }
    }
}
