//! `forebay runs`.

use serde_json::{Value, json};

use super::Printer;
use super::table::Column;
use crate::arguments::{RunList, Runs};
use crate::client::Client;

pub(super) fn runs(client: &Client, printer: &Printer, command: &Runs) -> anyhow::Result<()> {
    match command {
        Runs::List(filter) => list(client, printer, filter),
        Runs::Show { id } => {
            printer.one(&client.get(&format!("/v1/runs/{id}"), &[])?);
            Ok(())
        }
        Runs::Steps { id } => steps(client, printer, id),
        Runs::Evidence { id } => {
            printer.one(&super::audit::evidence(client, id)?);
            Ok(())
        }
        Runs::Cancel { id, reason, force } => act(
            client,
            printer,
            id,
            "cancel",
            &json!({ "reason": reason, "force": force }),
        ),
        Runs::Retry { id } => act(client, printer, id, "retry", &json!({})),
        Runs::Pause { id } => act(client, printer, id, "pause", &json!({})),
        Runs::Resume { id } => act(client, printer, id, "resume", &json!({})),
        Runs::Signal { id, name, data } => {
            let data: Value = serde_json::from_str(data)
                .map_err(|error| anyhow::anyhow!("the signal's data is not JSON: {error}"))?;
            act(
                client,
                printer,
                id,
                "signal",
                &json!({ "name": name, "data": data }),
            )
        }
    }
}

fn list(client: &Client, printer: &Printer, filter: &RunList) -> anyhow::Result<()> {
    let query = [
        ("flow", filter.flow.clone()),
        ("state", filter.state.clone()),
        ("business_key", filter.business_key.clone()),
        ("label", filter.label.clone()),
        ("limit", Some(filter.limit.to_string())),
    ];
    let columns = [
        Column::new("run", "/id"),
        Column::new("flow", "/flow"),
        Column::new("title", "/title"),
        Column::new("state", "/state"),
        Column::new("outcome", "/outcome"),
        Column::new("waits for", "/waiting_on/summary"),
        Column::new("parked", "/park_reason/message"),
    ];
    printer.list(&client.get("/v1/runs", &query)?, "items", &columns);
    Ok(())
}

fn steps(client: &Client, printer: &Printer, id: &str) -> anyhow::Result<()> {
    let columns = [
        Column::new("step", "/activation"),
        Column::new("about", "/trigger"),
        Column::new("result", "/result"),
        Column::new("summary", "/summary"),
        Column::new("attempts", "/attempts"),
        Column::new("ended", "/ended_at"),
    ];
    printer.list(
        &client.get(&format!("/v1/runs/{id}/steps"), &[])?,
        "items",
        &columns,
    );
    Ok(())
}

fn act(
    client: &Client,
    printer: &Printer,
    id: &str,
    verb: &str,
    body: &Value,
) -> anyhow::Result<()> {
    printer.one(&client.post(&format!("/v1/runs/{id}:{verb}"), body, None)?);
    Ok(())
}
