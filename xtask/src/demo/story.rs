//! The main job, from upload to write-back, station by station: an asset comes into a DAM, its review
//! is started once, a person decides, the decision stands in the DAM, the uploader knows.

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};

use super::dam::{Dam, Look, Upload};
use super::host::Run;
use super::http::text;
use super::inbox::{Decision, NOTICE, REVIEW, Task};
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
    pub(super) asset: &'static str,
    pub(super) before: String,
    pub(super) after: Look,
    /// How often the upload was reported, by webhooks and polls together.
    pub(super) reports: u64,
    pub(super) runs: usize,
    pub(super) processes: usize,
    pub(super) notices: usize,
    pub(super) audit_records: usize,
    pub(super) page: String,
}

impl Ending {
    /// What happened more than once and must not.
    pub(super) fn duplicates(&self) -> usize {
        [self.runs, self.processes, self.notices]
            .iter()
            .map(|count| count.saturating_sub(1))
            .sum()
    }
}

/// Take one asset all the way.
pub(super) fn play(stage: &Stage, dam: &dyn Dam, plan: &Plan) -> anyhow::Result<Ending> {
    println!("\n-- {} in {}", plan.what, dam.connection());
    let upload = dam.upload(&stage.watch)?;
    let place = format!("{} to {} by {}", upload.name, upload.place, upload.by);
    stage.watch.tell("uploaded", &place);
    let journey = Journey {
        stage,
        dam,
        plan,
        upload,
    };

    let run = journey.taken_in()?;
    let (before, task) = journey.under_review(&run)?;
    let after = journey.decided(&task)?;
    stage.watch.tell(
        "written back",
        &format!("status {before} → {}", after.status),
    );
    let notices = journey.uploader_informed(&run)?;
    journey.ending(&run, before, after, notices)
}

/// An asset that is under way.
struct Journey<'a> {
    stage: &'a Stage,
    dam: &'a dyn Dam,
    plan: &'a Plan,
    upload: Upload,
}

impl Journey<'_> {
    /// From the webhook to the run.
    fn taken_in(&self) -> anyhow::Result<Run> {
        let Stage { watch, host, .. } = self.stage;
        let count = watch.until("an accepted webhook", STATION, || accepted(self.dam))?;
        let words = format!("{count} answered 200 so far, each stored before its answer");
        watch.tell("webhook accepted", &words);
        let (connection, asset) = (self.dam.connection(), self.upload.id.as_str());
        let event = watch.until("the event", STATION, || host.first_event(connection, asset))?;
        watch.tell(
            "event",
            &format!("asset {asset}, first reported by {}", event.source),
        );
        let run = watch.until("the run", STATION, || host.run(self.plan.flow, asset))?;
        watch.tell("run", &format!("{} for {}", run.id, run.business_key));
        Ok(run)
    }

    /// From the run to the task in a person's inbox; with the status the asset has meanwhile.
    fn under_review(&self, run: &Run) -> anyhow::Result<(String, Task)> {
        let Stage { watch, inbox, .. } = self.stage;
        let before = watch.until("the asset to be held back", STATION, || {
            self.check_run()?;
            let look = self.dam.look(&self.upload.id)?;
            Ok((look.field("review_state") == "pending").then_some(look.status))
        })?;
        watch.tell("held back", &format!("status {before} while people decide"));
        let process = watch.until("the process", STATION, || {
            self.check_run()?;
            Ok(inbox
                .processes(REVIEW, &run.business_key)?
                .into_iter()
                .next())
        })?;
        watch.tell("process started", &format!("{REVIEW} {process}"));
        let task = watch.until("the task", STATION, || inbox.task(&process))?;
        watch.tell(
            "task in inbox",
            &format!("stage \"{}\" waits for a person", task.name),
        );
        Ok((before, task))
    }

    /// From the decision to the end of the run; how the asset stands then.
    fn decided(&self, task: &Task) -> anyhow::Result<Look> {
        let Stage { watch, inbox, .. } = self.stage;
        let Decision {
            person,
            outcome,
            comment,
            ..
        } = &self.plan.decision;
        inbox.decide(task, &self.plan.decision)?;
        watch.tell("decision", &format!("{person}: {outcome}, \"{comment}\""));
        let outcome = watch.until("the run to end", STATION, || {
            Ok(self.check_run()?.and_then(|run| run.outcome))
        })?;
        let wanted = self.plan.outcome;
        ensure!(outcome == wanted, "the run ended {outcome}, not {wanted}");
        self.dam.look(&self.upload.id)
    }

    /// How often the uploader was informed.
    fn uploader_informed(&self, run: &Run) -> anyhow::Result<usize> {
        let Stage { watch, inbox, .. } = self.stage;
        let notices = inbox.processes(NOTICE, &run.business_key)?;
        let notice = notices.first().context("nobody told the uploader")?;
        let task = watch.until("the uploader's task", STATION, || inbox.task(notice))?;
        let reader = task.assignee.context("the notice is with nobody")?;
        let words = format!("\"{}\" in the inbox of {reader}", task.name);
        watch.tell("uploader informed", &words);
        Ok(notices.len())
    }

    /// Count, and hold everything against the plan.
    fn ending(
        &self,
        run: &Run,
        before: String,
        after: Look,
        notices: usize,
    ) -> anyhow::Result<Ending> {
        let Stage {
            watch, host, inbox, ..
        } = self.stage;
        let again = || {
            let event = host.first_event(self.dam.connection(), &self.upload.id)?;
            Ok(event.map(|event| event.times).filter(|times| *times > 1))
        };
        let reports = watch.until("the upload to be reported again", STATION, again)?;
        let (audit_records, audit_intact) = host.audit(&run.id)?;
        let ending = Ending {
            asset: self.upload.name,
            before,
            after,
            reports,
            runs: host.count_runs(self.plan.flow, &self.upload.id)?,
            processes: inbox.processes(REVIEW, &run.business_key)?.len(),
            notices,
            audit_records,
            page: self.dam.page(&self.upload.id),
        };
        let Plan {
            pending,
            decided,
            decision,
            ..
        } = self.plan;
        let (before, after) = (&ending.before, &ending.after.status);
        let reviewer = ending.after.field("reviewed_by");
        ensure!(before == pending, "the status was {before}, not {pending}");
        ensure!(after == decided, "the status is {after}, not {decided}");
        ensure!(
            reviewer == decision.person,
            "the asset names `{reviewer}` as its reviewer"
        );
        ensure!(
            ending.duplicates() == 0,
            "{} things happened twice",
            ending.duplicates()
        );
        ensure!(audit_intact, "the chain of the audit is broken");
        Ok(ending)
    }

    /// Where the run stands. One that is stuck ends the demonstration with its reason.
    fn check_run(&self) -> anyhow::Result<Option<Run>> {
        self.stage.host.run(self.plan.flow, &self.upload.id)
    }
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
