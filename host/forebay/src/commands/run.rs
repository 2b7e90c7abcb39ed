//! `forebay runs`.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::table::Column;
use super::{Printer, complain};
use crate::arguments::{Conditions, Many, RunList, Runs, Simple, Target};
use crate::client::Client;

pub(super) fn runs(client: &Client, printer: &Printer, command: &Runs) -> anyhow::Result<ExitCode> {
    let asking = Asking { client, printer };
    match command {
        Runs::List(filter) => asking.list(filter)?,
        Runs::Show { id } => printer.one(&client.get(&format!("/v1/runs/{id}"), &[])?),
        Runs::Steps { id } => asking.steps(id)?,
        Runs::Evidence { id } => printer.one(&super::audit::evidence(client, id)?),
        Runs::Cancel {
            target,
            reason,
            force,
        } => {
            let body = json!({ "reason": reason, "force": force });
            return asking.act(target, "cancel", &body);
        }
        Runs::Retry(simple) => return asking.simple(simple, "retry"),
        Runs::Pause(simple) => return asking.simple(simple, "pause"),
        Runs::Resume(simple) => return asking.simple(simple, "resume"),
        Runs::Redrive(simple) => return asking.simple(simple, "redrive"),
        Runs::Upgrade(simple) => return asking.simple(simple, "upgrade"),
        Runs::Signal {
            words,
            many,
            reason,
        } => return asking.signal(words, many, reason.as_deref()),
        Runs::Complete {
            target,
            outcome,
            reason,
        } => {
            let body = json!({ "outcome": outcome, "reason": reason });
            return asking.act(target, "complete", &body);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A command under way.
struct Asking<'a> {
    client: &'a Client,
    printer: &'a Printer,
}

impl Asking<'_> {
    fn list(&self, filter: &RunList) -> anyhow::Result<()> {
        let conditions = &filter.conditions;
        let query = [
            ("flow", conditions.flow.clone()),
            ("state", conditions.state.clone()),
            ("business_key", conditions.business_key.clone()),
            ("label", conditions.label.clone()),
            ("since", conditions.since.clone()),
            ("until", conditions.until.clone()),
            ("stalled", conditions.stalled.then(|| "true".to_owned())),
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
        let answer = self.client.get("/v1/runs", &query)?;
        self.printer.list(&answer, "items", &columns);
        Ok(())
    }

    fn steps(&self, id: &str) -> anyhow::Result<()> {
        let columns = [
            Column::new("step", "/activation"),
            Column::new("about", "/trigger"),
            Column::new("result", "/result"),
            Column::new("summary", "/summary"),
            Column::new("attempts", "/attempts"),
            Column::new("ended", "/ended_at"),
        ];
        let answer = self.client.get(&format!("/v1/runs/{id}/steps"), &[])?;
        self.printer.list(&answer, "items", &columns);
        Ok(())
    }

    fn simple(&self, simple: &Simple, verb: &str) -> anyhow::Result<ExitCode> {
        let body = json!({ "reason": simple.reason });
        self.act(&simple.target, verb, &body)
    }

    fn signal(
        &self,
        words: &[String],
        many: &Many,
        reason: Option<&str>,
    ) -> anyhow::Result<ExitCode> {
        let (id, words) = match words {
            words if many.all => (None, words),
            [id, words @ ..] => (Some(id), words),
            [] => (None, words),
        };
        let (name, data) = match words {
            [name] => (name, "{}"),
            [name, data] => (name, data.as_str()),
            _ if many.all => anyhow::bail!("give the signal's name, and its data if it has any"),
            _ => anyhow::bail!("give the run's id, the signal's name, and its data if it has any"),
        };
        let data: Value = serde_json::from_str(data)
            .map_err(|error| anyhow::anyhow!("the signal's data is not JSON: {error}"))?;
        let body = json!({ "name": name, "data": data, "reason": reason });
        match id {
            Some(id) => self.act_on_one(id, many, "signal", &body),
            None => self.act_on_many(many, "signal", &body),
        }
    }

    fn act(&self, target: &Target, verb: &str, body: &Value) -> anyhow::Result<ExitCode> {
        match &target.id {
            Some(id) => self.act_on_one(id, &target.many, verb, body),
            None => self.act_on_many(&target.many, verb, body),
        }
    }

    fn act_on_one(
        &self,
        id: &str,
        how: &Many,
        verb: &str,
        body: &Value,
    ) -> anyhow::Result<ExitCode> {
        let path = format!("/v1/runs/{id}:{verb}?dry_run={}", how.dry_run);
        let key = how.idempotency_key.as_deref();
        let answer = self.client.post(&path, body, key)?;
        self.printer.one(&answer);
        if let Some(words) = undone(&answer, how.dry_run).filter(|_| !self.printer.json) {
            complain(&words);
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Without `--yes` it is only a question: what matches is seldom what one had in mind.
    fn act_on_many(&self, many: &Many, verb: &str, with: &Value) -> anyhow::Result<ExitCode> {
        let dry_run = many.dry_run || !many.yes;
        let body = json!({ "matching": matching(many), "with": with });
        let path = format!("/v1/runs:{verb}?dry_run={dry_run}");
        let key = many.idempotency_key.as_deref();
        let answer = self.client.post(&path, &body, key)?;
        let columns = [
            Column::new("run", "/run"),
            Column::new("title", "/acted/run/title"),
            Column::new("result", "/result"),
            Column::new("state", "/acted/run/state"),
            Column::new("reason", "/reason"),
            Column::new("successor", "/acted/successor"),
            Column::new("from", "/acted/moved/from/handler_version"),
            Column::new("to", "/acted/moved/to/handler_version"),
            Column::new("state before", "/acted/moved/from/state_version"),
            Column::new("state after", "/acted/moved/to/state_version"),
        ];
        // Only what the action fills: a table of empty columns is hard to read.
        let items = answer["items"].as_array().cloned().unwrap_or_default();
        if items.is_empty() && !self.printer.json {
            complain("no run matches; nothing was done");
            return Ok(ExitCode::SUCCESS);
        }
        let filled = columns
            .into_iter()
            .filter(|column| items.iter().any(|item| column.holds(item)));
        let filled: Vec<_> = filled.collect();
        self.printer.list(&answer, "items", &filled);
        if !self.printer.json {
            let done = if dry_run { "would change" } else { "changed" };
            complain(&format!(
                "{} {done}, {} refused",
                answer["changed"], answer["refused"]
            ));
        }
        if !many.yes && !many.dry_run {
            complain("nothing was done; repeat with --yes");
        }
        let refused = answer["refused"].as_u64().unwrap_or_default();
        Ok(if refused > 0 {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        })
    }
}

/// What to say of an action on one run that did nothing.
fn undone(acted: &Value, dry_run: bool) -> Option<String> {
    let state = acted.pointer("/run/state").and_then(Value::as_str);
    let state = state.unwrap_or("as it was");
    match (acted["changed"].as_bool(), acted["repeated"].as_bool()) {
        (_, Some(true)) => {
            Some("this was asked before under the same key; nothing more was done".to_owned())
        }
        (Some(false), _) => Some(format!("nothing is to be done: the run is {state}")),
        (Some(true), _) if dry_run => {
            Some("a dry run: nothing was done; without --dry-run it would be".to_owned())
        }
        _ => None,
    }
}

/// The conditions as the API takes them.
fn matching(many: &Many) -> Value {
    let Conditions {
        flow,
        state,
        business_key,
        label,
        since,
        until,
        stalled,
    } = &many.conditions;
    json!({
        "flow": flow,
        "state": state.iter().collect::<Vec<_>>(),
        "business_key": business_key,
        "label": label,
        "since": since,
        "until": until,
        "stalled": stalled,
        "limit": many.limit,
        "cursor": many.cursor,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_that_did_nothing_says_so() {
        let acted = |changed, repeated| json!({"changed": changed, "repeated": repeated, "run": {"state": "completed"}});
        let told = |changed, repeated, dry_run| {
            undone(&acted(changed, repeated), dry_run).unwrap_or_default()
        };
        assert_eq!(told(true, false, false), "");
        assert_eq!(
            told(false, false, false),
            "nothing is to be done: the run is completed"
        );
        assert!(told(true, false, true).starts_with("a dry run"));
        assert!(told(true, true, false).contains("same key"));
    }
}
