//! Commands that talk to a running host: each is one request and its answer, as a table or as JSON.

mod audit;
mod backfill;
mod backup;
mod run;
mod table;

use std::io::Write as _;
use std::process::ExitCode;

use serde_json::{Value, json};

use self::table::{Column, table};
use crate::arguments::{Command, Connections, Events, Flows, OneEvent, Plugins, Remote, Trigger};
use crate::client::Client;

/// Print a line to standard output. A reader that has gone away is no error of ours.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Print a line to standard error.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Carry out a command.
pub(crate) fn run(remote: &Remote, command: Command) -> anyhow::Result<ExitCode> {
    let client = Client::new(remote);
    let printer = Printer { json: remote.json };
    match command {
        Command::Plugins(command) => plugins(&client, &printer, &command)?,
        Command::Flows(command) => flows(&client, &printer, &command)?,
        Command::Connections(command) => connections(&client, &printer, &command)?,
        Command::Runs(command) => return run::runs(&client, &printer, &command),
        Command::Events(command) => events(&client, &printer, &command)?,
        Command::Trigger(command) => trigger(&client, &printer, &command)?,
        Command::Audit(command) => return audit::audit(&client, &printer, &command),
        Command::Schema => printer.one(&forebay_config::schema(&crate::host::schemas())),
        Command::Backup(command) => return backup::backup(remote, &printer, &command),
        // Those need no running host and are handled before.
        Command::Serve(_) | Command::Check(_) | Command::Restore(_) | Command::Rekey(_) => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// How answers are shown.
pub(crate) struct Printer {
    json: bool,
}

impl Printer {
    /// A list as a table, or the whole answer as JSON.
    fn list(&self, answer: &Value, items: &str, columns: &[Column]) {
        if self.json {
            return self.one(answer);
        }
        let rows = answer[items]
            .as_array()
            .or(answer.as_array())
            .cloned()
            .unwrap_or_default();
        say(&table(&rows, columns));
        if let Some(next) = answer["next"].as_str() {
            complain(&format!("there is more; next page: {next}"));
        }
    }

    /// One thing, as JSON: it has more shape than a table shows.
    fn one(&self, answer: &Value) {
        say(&serde_json::to_string_pretty(answer).unwrap_or_else(|_| answer.to_string()));
    }
}

fn plugins(client: &Client, printer: &Printer, command: &Plugins) -> anyhow::Result<()> {
    match command {
        Plugins::List => {
            let answer = client.get("/v1/plugins", &[])?;
            let columns = [
                Column::new("name", "/name"),
                Column::new("kind", "/kind"),
                Column::new("version", "/version"),
                Column::new("file", "/file"),
                Column::new("digest", "/digest"),
            ];
            printer.list(&answer, "accepted", &columns);
            if !printer.json
                && answer["quarantined"]
                    .as_array()
                    .is_some_and(|q| !q.is_empty())
            {
                say("\nkept out:");
                let columns = [
                    Column::new("file", "/file"),
                    Column::new("code", "/code"),
                    Column::new("reason", "/reason"),
                ];
                printer.list(&answer, "quarantined", &columns);
            }
        }
        Plugins::Show { name } => printer.one(&client.get(&format!("/v1/plugins/{name}"), &[])?),
    }
    Ok(())
}

fn flows(client: &Client, printer: &Printer, command: &Flows) -> anyhow::Result<()> {
    match command {
        Flows::List => {
            let columns = [
                Column::new("flow", "/name"),
                Column::new("handler", "/handler"),
                Column::new("mode", "/mode"),
                Column::new("enabled", "/enabled"),
                Column::new("runs", "/runs"),
            ];
            printer.list(&client.get("/v1/flows", &[])?, "items", &columns);
        }
        Flows::Show { name } => printer.one(&client.get(&format!("/v1/flows/{name}"), &[])?),
        Flows::Check { name, probe } => {
            let path = format!("/v1/flows/{name}:check?probe={probe}");
            findings(printer, &client.post(&path, &json!({}), None)?);
        }
        Flows::Fire { name, schedule } => {
            let path = format!("/v1/flows/{name}/schedules/{schedule}:fire");
            printer.one(&client.post(&path, &json!({}), None)?);
        }
        Flows::Backfill(command) => backfill::backfill(client, printer, command)?,
    }
    Ok(())
}

fn connections(client: &Client, printer: &Printer, command: &Connections) -> anyhow::Result<()> {
    match command {
        Connections::List => {
            let columns = [
                Column::new("connection", "/name"),
                Column::new("plugin", "/plugin"),
                Column::new("refused", "/refused"),
                Column::new("polled at", "/polled_at"),
                Column::new("poll error", "/poll_error"),
            ];
            printer.list(&client.get("/v1/connections", &[])?, "items", &columns);
        }
        Connections::Show { name } => {
            printer.one(&client.get(&format!("/v1/connections/{name}"), &[])?);
        }
        Connections::Check { name } => {
            let answer = client.post(&format!("/v1/connections/{name}:check"), &json!({}), None)?;
            findings(printer, &answer);
        }
        Connections::Poll { name } => {
            printer.one(&client.post(&format!("/v1/connections/{name}:poll"), &json!({}), None)?);
        }
        Connections::Cursor { name } => {
            printer.one(&client.get(&format!("/v1/connections/{name}/cursor"), &[])?);
        }
        Connections::Rewind { name, to } => {
            let path = format!("/v1/connections/{name}:rewind");
            printer.one(&client.post(&path, &json!({"to": to}), None)?);
        }
    }
    Ok(())
}

fn findings(printer: &Printer, answer: &Value) {
    let columns = [
        Column::new("severity", "/severity"),
        Column::new("where", "/path"),
        Column::new("found", "/message"),
        Column::new("mend", "/mend"),
    ];
    if !printer.json && answer["findings"].as_array().is_some_and(Vec::is_empty) {
        return say("nothing wrong");
    }
    printer.list(answer, "findings", &columns);
}

fn events(client: &Client, printer: &Printer, command: &Events) -> anyhow::Result<()> {
    match &command.one {
        Some(OneEvent::Show { id }) => {
            printer.one(&client.get(&format!("/v1/events/{id}"), &[])?);
            return Ok(());
        }
        Some(OneEvent::Redeliver { id, reason }) => {
            let path = format!("/v1/events/{id}:redeliver");
            printer.one(&client.post(&path, &json!({ "reason": reason }), None)?);
            return Ok(());
        }
        None => {}
    }
    let query = [
        ("connection", command.connection.clone()),
        ("kind", command.kind.clone()),
        ("limit", Some(command.limit.to_string())),
    ];
    let columns = [
        Column::new("id", "/id"),
        Column::new("connection", "/connection"),
        Column::new("kind", "/event/kind"),
        Column::new("entity", "/event/entity/id"),
        Column::new("came by", "/source"),
        Column::new("seen", "/seen"),
        Column::new("routing", "/routing"),
    ];
    printer.list(&client.get("/v1/events", &query)?, "items", &columns);
    Ok(())
}

fn trigger(client: &Client, printer: &Printer, command: &Trigger) -> anyhow::Result<()> {
    let text = if command.input == "-" {
        std::io::read_to_string(std::io::stdin())?
    } else {
        command.input.clone()
    };
    let input: Value = serde_json::from_str(&text)
        .map_err(|error| anyhow::anyhow!("the input is not JSON: {error}"))?;
    let path = format!("/v1/flows/{}/runs", command.flow);
    printer.one(&client.post(&path, &input, command.idempotency_key.as_deref())?);
    Ok(())
}
