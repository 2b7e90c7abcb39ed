//! The main job, from upload to write-back, station by station: an asset comes into a DAM, its review
//! is started once, a person decides, the decision stands in the DAM, the uploader knows.

use std::time::Duration;

use anyhow::{bail, ensure};

use super::dam::{Dam, Look};
use super::http::text;
use super::inbox::{Decision, NOTICE, REVIEW};
use super::stage::Stage;

/// How long a station may take. Polls come every second or two, so this is many times enough.
const STATION: Duration = Duration::from_secs(60);

/// One asset's way.
pub(super) struct Plan {
    /// What it is, in a word.
    pub(super) what: &'static str,
    pub(super) flow: &'static str,
    pub(super) decision: Decision,
    /// Outcome of the run.
    pub(super) outcome: &'static str,
    /// The vendor's status before and after the decision.
    pub(super) pending: &'static str,
    pub(super) decided: &'static str,
}

/// What has come of it.
pub(super) struct Ending {
    pub(super) asset: String,
    pub(super) decided_by: String,
    pub(super) before: String,
    pub(super) after: Look,
    /// How often the DAM's event was reported, by webhooks and polls together.
    pub(super) reports: u64,
    pub(super) processes: usize,
    pub(super) duplicates: usize,
    pub(super) notices: usize,
    pub(super) audit_records: usize,
    pub(super) audit_intact: bool,
    pub(super) page: String,
}

/// Take one asset all the way.
pub(super) fn play(stage: &Stage, dam: &dyn Dam, plan: &Plan) -> anyhow::Result<Ending> {
    let watch = &stage.watch;
    println!("\n-- {} in {}", plan.what, dam.connection());
    let upload = dam.upload(watch)?;
    watch.tell(
        "uploaded",
        &format!("{} to {} by {}", upload.name, upload.place, upload.by),
    );

    let accepted = watch.until("an accepted webhook", STATION, || accepted(dam))?;
    watch.tell(
        "webhook accepted",
        &format!("{accepted} delivery answered 200 once stored"),
    );
    let find = || stage.host.first_event(dam.connection(), &upload.id);
    let event = watch.until("the event", STATION, find)?;
    watch.tell(
        "event",
        &format!(
            "asset {} became an event, first seen by {}",
            upload.id, event.source
        ),
    );
    let find = || stage.host.run(plan.flow, &upload.id);
    let run = watch.until("the run", STATION, find)?;
    watch.tell("run", &format!("{} is {}", run.id, run.business_key));

    // A run that is stuck says why, however far it came.
    let going = |look: &dyn Fn() -> anyhow::Result<Option<String>>| {
        stage.host.run(plan.flow, &upload.id)?;
        look()
    };
    let before = watch.until("the asset to be protected", STATION, || {
        going(&|| {
            let look = dam.look(&upload.id)?;
            Ok((look.field("review_state") == "pending").then_some(look.status))
        })
    })?;
    watch.tell("held back", &format!("status {before} while people decide"));
    let process = watch.until("the process", STATION, || {
        going(&|| {
            Ok(stage
                .inbox
                .processes(REVIEW, &run.business_key)?
                .into_iter()
                .next())
        })
    })?;
    watch.tell("process started", &format!("{REVIEW} {process}"));
    let task = watch.until("the task", STATION, || stage.inbox.task(&process))?;
    watch.tell(
        "task in inbox",
        &format!("\"{}\" waits for its group", task.name),
    );

    stage.inbox.decide(&task, &plan.decision)?;
    let Decision {
        person,
        outcome,
        comment,
        ..
    } = &plan.decision;
    watch.tell("decision", &format!("{person}: {outcome}, \"{comment}\""));
    let outcome = watch.until("the run to end", STATION, || {
        Ok(stage
            .host
            .run(plan.flow, &upload.id)?
            .and_then(|run| run.outcome))
    })?;
    ensure!(
        outcome == plan.outcome,
        "the run ended {outcome}, not {}",
        plan.outcome
    );
    let after = dam.look(&upload.id)?;
    watch.tell(
        "written back",
        &format!("status {} → {}", before, after.status),
    );

    let notices = stage.inbox.processes(NOTICE, &run.business_key)?;
    let Some(notice) = notices.first() else {
        bail!("nobody told the uploader")
    };
    let told = watch.until("the uploader's task", STATION, || stage.inbox.task(notice))?;
    let reader = told.assignee.unwrap_or_else(|| "a group".to_owned());
    watch.tell(
        "uploader informed",
        &format!("\"{}\" in the inbox of {reader}", told.name),
    );

    ensure!(
        before == plan.pending,
        "the status was {before}, not {}",
        plan.pending
    );
    ensure!(
        after.status == plan.decided,
        "the status is {}, not {}",
        after.status,
        plan.decided
    );
    let processes = stage.inbox.processes(REVIEW, &run.business_key)?.len();
    let reports = find_again(stage, dam, &upload.id)?;
    let (audit_records, audit_intact) = stage.host.audit(&run.id)?;
    Ok(Ending {
        asset: upload.name.to_owned(),
        decided_by: after.field("reviewed_by").to_owned(),
        before,
        after,
        reports,
        processes,
        duplicates: (processes - 1) + (notices.len() - 1),
        notices: notices.len(),
        audit_records,
        audit_intact,
        page: dam.page(&upload.id),
    })
}

/// How often the first event about an asset has been reported by now.
fn find_again(stage: &Stage, dam: &dyn Dam, asset: &str) -> anyhow::Result<u64> {
    let event = stage.host.first_event(dam.connection(), asset)?;
    Ok(event.map_or(0, |event| event.times))
}

/// Webhooks that the host has answered with success. A refused one ends the demonstration.
fn accepted(dam: &dyn Dam) -> anyhow::Result<Option<usize>> {
    let sent = dam.deliveries()?;
    let mut accepted = 0;
    for delivery in sent.as_array().into_iter().flatten() {
        match delivery["status"].as_u64() {
            Some(200) => accepted += 1,
            Some(status) => bail!("the host answered {status} to {}", text(delivery, "label")),
            None => {}
        }
    }
    Ok((accepted > 0).then_some(accepted))
}
