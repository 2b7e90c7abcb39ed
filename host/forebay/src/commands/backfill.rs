//! `forebay flows backfill`: count, and start only what was confirmed.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Printer, complain};
use crate::arguments::Backfill;
use crate::client::Client;

/// Pause between looks at a count under way.
const PAUSE: Duration = Duration::from_secs(1);

/// Count what a flow would do, and with `--yes` start it.
pub(super) fn backfill(
    client: &Client,
    printer: &Printer,
    command: &Backfill,
) -> anyhow::Result<()> {
    let flow = format!("/v1/flows/{}", command.name);
    if command.status {
        printer.one(&client.get(&format!("{flow}/backfill"), &[])?);
        return Ok(());
    }
    if command.cancel {
        printer.one(&client.post(&format!("{flow}:cancel-backfill"), &json!({}), None)?);
        return Ok(());
    }
    let asked = client.post(
        &format!("{flow}:backfill"),
        &json!({"since": command.since}),
        None,
    )?;
    let counted = counted(client, &flow, asked)?;
    if !command.yes {
        printer.one(&counted);
        complain(&format!(
            "{} runs would be started; nothing was. Repeat the command with --yes to start them",
            counted["would_start"]
        ));
        return Ok(());
    }
    printer.one(&client.post(&format!("{flow}:confirm-backfill"), &json!({}), None)?);
    complain("the host goes on with it by itself; see --status and --cancel");
    Ok(())
}

/// Look until it is counted.
fn counted(client: &Client, flow: &str, mut backfill: Value) -> anyhow::Result<Value> {
    while backfill["state"] == "counting" {
        std::thread::sleep(PAUSE);
        backfill = client.get(&format!("{flow}/backfill"), &[])?;
        if let Some(error) = backfill["error"].as_str() {
            complain(&format!("the count is tried again: {error}"));
        }
    }
    if backfill["state"] != "counted" {
        anyhow::bail!("the count was ended: {}", backfill["state"]);
    }
    Ok(backfill)
}
