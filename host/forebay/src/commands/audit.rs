//! `forebay audit`, and the evidence of a run.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::table::Column;
use super::{Printer, complain, say};
use crate::arguments::Audit;
use crate::client::Client;

/// Records asked for at once: the most the API gives.
const PAGE: u32 = 500;

pub(super) fn audit(
    client: &Client,
    printer: &Printer,
    command: &Audit,
) -> anyhow::Result<ExitCode> {
    match command {
        Audit::List { run, limit, cursor } => {
            let query = [
                ("limit", Some(limit.to_string())),
                ("cursor", cursor.clone()),
            ];
            let columns = [
                Column::new("number", "/sequence"),
                Column::new("time", "/at"),
                Column::new("run", "/run"),
                Column::new("actor", "/actor"),
                Column::new("action", "/action"),
                Column::new("hash", "/hash"),
            ];
            printer.list(
                &client.get(&path(run.as_deref()), &query)?,
                "items",
                &columns,
            );
            Ok(ExitCode::SUCCESS)
        }
        Audit::Verify => {
            let answer = client.get("/v1/audit:verify", &[])?;
            let intact = answer["intact"].as_bool() == Some(true);
            if printer.json {
                printer.one(&answer);
            } else if intact {
                say(&format!(
                    "the chain of {} records is whole",
                    answer["records"]
                ));
            } else {
                complain(&format!(
                    "record {} does not fit the chain",
                    answer["first_broken"]
                ));
            }
            Ok(if intact {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            })
        }
    }
}

/// Everything about a run in one document: the run, its steps with their calls, and its audit
/// records with the hashes that chain them.
pub(super) fn evidence(client: &Client, id: &str) -> anyhow::Result<Value> {
    let run = client.get(&format!("/v1/runs/{id}"), &[])?;
    let steps = client.get(&format!("/v1/runs/{id}/steps"), &[])?;
    let mut records = Vec::new();
    let mut cursor = None;
    loop {
        let query = [("limit", Some(PAGE.to_string())), ("cursor", cursor)];
        let page = client.get(&path(Some(id)), &query)?;
        records.extend(page["items"].as_array().cloned().unwrap_or_default());
        cursor = page["next"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    let chain = client.get("/v1/audit:verify", &[])?;
    Ok(json!({ "run": run, "steps": steps["items"], "audit": records, "chain": chain }))
}

fn path(run: Option<&str>) -> String {
    run.map_or_else(
        || "/v1/audit".to_owned(),
        |run| format!("/v1/runs/{run}/audit"),
    )
}
