//! `/workflow/v1/process-instances/executions`

use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::super::engine::variable::Variable;
use super::super::engine::{Engine, Error, Result};
use super::super::http::{Answer, Body, Caller, Sim};
use super::super::params::Params;
use super::super::query;
use super::{done, hal};

pub(super) async fn list(State(sim): State<Sim>, caller: Caller) -> Answer {
    let world = sim.lock();
    hal(
        &caller,
        "executions",
        &rows(&world.engine, &caller.params),
        Value::clone,
    )
}

/// Executions of running processes, filtered by process, activity and awaited message.
pub(crate) fn rows(engine: &Engine, params: &Params) -> Vec<Value> {
    let mut rows = Vec::new();
    let process = params.get("processInstanceId");
    for process in query::processes(engine, params)
        .into_iter()
        .filter(|row| process.is_none_or(|id| id == row.id))
    {
        for (id, activity) in engine.executions(process) {
            let parent = activity.as_ref().map(|_| process.id.as_str());
            rows.push(json!({
                "id": id,
                "parentId": parent,
                "activityId": activity,
                "processInstanceId": process.id,
                "superExecutionId": null,
                "suspended": process.suspended,
                "tenantId": "",
            }));
        }
    }
    let activity = params
        .get("activityId")
        .or(params.get("messageEventSubscriptionName"));
    rows.retain(|row| activity.is_none_or(|wanted| row["activityId"] == wanted));
    rows
}

pub(super) async fn act(
    State(sim): State<Sim>,
    _: Caller,
    Path(id): Path<String>,
    body: Body,
) -> Answer {
    perform(&mut sim.lock().engine, &id, &body)?;
    done()
}

/// Deliver a message. No definition the simulator runs waits for a signal or a trigger.
pub(crate) fn perform(engine: &mut Engine, execution: &str, body: &Body) -> Result<()> {
    let (variables, _) = Variable::parse_list(body.0.get("variables"))?;
    match body.required("action")? {
        "messageEventReceived" => {
            engine.message(execution, body.required("messageName")?, variables)
        }
        action @ ("trigger" | "signalEventReceived") => {
            engine.process_of_execution(execution)?;
            Err(Error::Invalid(format!(
                "Execution '{execution}' does not wait for '{action}'."
            )))
        }
        other => Err(Error::Invalid(format!("Invalid action: '{other}'."))),
    }
}
