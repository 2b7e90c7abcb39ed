//! The course of a region: the team adapts, reviewers decide, rights are looked at, and the version
//! is released.

use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::{Alarm, Answer, Question, Reading, can_be_asked, present};
use forebay_sdk::handler::{EffectMode, Fired, RunEnded};
use forebay_sdk::workflow::{PrincipalKind, StartRequest};
use forebay_sdk::{Delivery, Error, OrAbsent, Step};

use crate::admit::{RegionRequest, Request};
use crate::campaign::{ALONE, RELEASE, REPORT, Report};
use crate::config::OnMasterUpdate;
use crate::course::{CANCEL, Course, GONE, Next, RESTART};
use crate::state::{Region, Standing, Subject};
use crate::{DAM, WORKFLOW};

/// Question to the team.
pub(crate) const ADAPT: &str = "adapt";
/// Question to the reviewers.
pub(crate) const REVIEW: &str = "review";
/// Question to the coordinator where no flow reviews rights.
pub(crate) const RIGHTS: &str = "rights";
/// The file is there.
pub(crate) const DELIVERED: &str = "delivered";
/// The region needs no version.
pub(crate) const NOT_NEEDED: &str = "not-needed";
/// Form field: the file in the DAM.
pub(crate) const ASSET: &str = "asset";
impl Course<'_> {
    pub(crate) fn begin_region(&self, master: Subject, wanted: RegionRequest) -> Next {
        let region = Region {
            master: Subject {
                version: wanted.version,
                ..master
            },
            region: wanted.code,
            campaign: wanted.campaign,
            previous: wanted.previous,
            ..Region::default()
        };
        if wanted.file.is_some() || wanted.stop.is_some() {
            let summary = "the region is not in work";
            return Ok(Step::complete(
                region.into_state(),
                "nothing-to-do",
                summary,
            ));
        }
        self.open_region(region)
    }

    /// Ask the team for the first time.
    fn open_region(&self, mut region: Region) -> Next {
        let Some(master) = present(self.cx, &region.master.asset)? else {
            let state = region.into_state();
            return Ok(Step::cancel(state, "asset-gone", "the master was deleted"));
        };
        if master.version == region.master.version {
            region.master = Subject::of(&master);
        }
        let config = self.region_config(&region.region)?;
        for group in [&config.team, &config.reviewers] {
            if !can_be_asked(self.cx, PrincipalKind::Group, group)? {
                let code = &region.region;
                let reason = format!(
                    "the group {group} of the region {code} is unknown to the workflow engine or \
                     switched off; create it there, then retry the run"
                );
                return Ok(Step::park(region.into_state(), reason));
            }
        }
        region.album = self.album(&region, &master)?;
        region.begun = true;
        self.ask_team(&mut region, &master, "")?;
        self.report(&region)?;
        if self.cx.mode() == EffectMode::Observe {
            let summary = format!("a version for {} would have been made", region.region);
            return Ok(Step::complete(region.into_state(), "observed", summary));
        }
        self.wait_in(region)
    }

    /// People are asked again, in another process: the reviewers where there is a file, else the
    /// team.
    fn restart_region(&self, mut region: Region) -> Next {
        region.desk.leave(self.cx, "restarted by an operator")?;
        let file = match &region.file {
            Some(file) => present(self.cx, &file.asset)?,
            None => None,
        };
        match file {
            Some(file) if !region.awaits_file() => self.review_anew(&mut region, &file)?,
            _ => self.back_to_team(&mut region, "")?,
        }
        self.wait_in(region)
    }

    pub(crate) fn region(&self, mut region: Region, delivery: &Delivery) -> Next {
        match delivery {
            Delivery::Signal(signal) => match signal.name.as_str() {
                CANCEL => return self.end_early(region, "cancelled", "by an operator"),
                RESTART if region.begun => return self.restart_region(region),
                RELEASE => region.released = true,
                ALONE => {
                    region.campaign.clear();
                    region.released = true;
                }
                _ => {}
            },
            Delivery::Request(_) => {
                let wanted = delivery.request::<Request>()?.region.unwrap_or_default();
                if let Some(outcome) = wanted.stop {
                    return self.end_early(region, &outcome, "the master's run ended it");
                }
                if let Some(file) = wanted.file.filter(|_| region.begun) {
                    self.file_arrived(&mut region, &file, None)?;
                } else if !wanted.campaign.is_empty() {
                    region.campaign = wanted.campaign;
                    self.report(&region)?;
                }
            }
            _ => {}
        }
        if !region.begun {
            return self.open_region(region);
        }
        if let Some(ended) = RunEnded::of(delivery) {
            return self.rights_reviewed(region, &ended);
        }
        if let Some(next) = self.look_at_file(&mut region)? {
            return next.map_or_else(|| self.wait_in(region), Ok);
        }
        match delivery {
            Delivery::Timer(fired) => self.region_timer(region, fired),
            Delivery::Event(incoming)
                if incoming.role == WORKFLOW || incoming.event.entity.id == region.master.asset =>
            {
                self.region_answers(region)
            }
            Delivery::Event(incoming) if incoming.event.kind == "collection.added" => {
                self.filed(&mut region, &incoming.event.entity.id)?;
                self.wait_in(region)
            }
            Delivery::Signal(_) if region.standing == Standing::Ready => self.ready(region),
            _ => self.wait_in(region),
        }
    }

    /// Has the file people decide about changed or gone? What comes next, where that settles it.
    fn look_at_file(
        &self,
        region: &mut Region,
    ) -> Result<Option<Option<Step<crate::State>>>, Error> {
        let Some(file) = region.file.clone() else {
            return Ok(None);
        };
        match present(self.cx, &file.asset)? {
            None => {
                let since = *region.gone_since.get_or_insert(self.cx.now());
                if self.cx.now() >= self.given_up_at(since)? {
                    region.gone_since = None;
                    region.file = None;
                    self.back_to_team(region, "The file was deleted.")?;
                }
                Ok(Some(None))
            }
            Some(now) if now.version != file.version && !region.awaits_file() => {
                region.gone_since = None;
                self.review_anew(region, &now)?;
                Ok(Some(None))
            }
            Some(_) => {
                region.gone_since = None;
                Ok(None)
            }
        }
    }

    // ---- The team -------------------------------------------------------------------------------

    /// Ask in the region's process; the first question opens it.
    pub(crate) fn ask_in(&self, region: &mut Region, question: Question) -> Result<(), Error> {
        if region.desk.is_open() {
            return region.desk.ask(self.cx, &self.rules(), vec![question]);
        }
        let code = &region.region;
        let title = format!("{code}: \"{}\"", region.master.name);
        let key = self.cx.business_key();
        let request = StartRequest::new(&self.config.process.definition, key, &title)
            .variable("title", title.as_str())
            .variable("assetId", region.master.asset.as_str())
            .variable("assetVersion", region.master.version.as_str())
            .variable("region", code.as_str());
        region
            .desk
            .open(self.cx, &self.rules(), request, vec![question])
    }

    /// The file cannot be used: the team works again.
    pub(crate) fn back_to_team(&self, region: &mut Region, why: &str) -> Result<(), Error> {
        let asked: Vec<_> = region.desk.asked.keys().cloned().collect();
        let asked: Vec<_> = asked.iter().map(String::as_str).collect();
        region.desk.withdraw(self.cx, &asked)?;
        let master = self.cx.assets().get(&region.master.asset)?;
        self.ask_team(region, &master, why)?;
        self.report(region)
    }

    // ---- Answers --------------------------------------------------------------------------------

    fn region_answers(&self, mut region: Region) -> Next {
        let Some(master) = present(self.cx, &region.master.asset)? else {
            // It may come back within the grace; its own run ends this one if it does not.
            region.gone_since = Some(self.cx.now());
            return self.wait_in(region);
        };
        region.gone_since = None;
        let reading = region.desk.read(self.cx)?;
        if let Some(reason) = reading.stopped(&region.desk.process) {
            return Ok(Step::park(region.into_state(), reason));
        }
        let Reading::Open(answers) = reading else {
            return self.wait_in(region);
        };
        for answer in answers {
            let subject = region.file.clone().unwrap_or_else(|| region.master.clone());
            let record = answer.record(&region.desk.process);
            self.cx.decision(&Self::about(record, &subject));
            let question = answer.question.clone();
            let what = question.split(':').next().unwrap_or_default();
            let number = question.rsplit(':').next().unwrap_or_default();
            match what {
                ADAPT if region.awaits_file() => {
                    if let Some(reason) = self.team_answered(&mut region, &answer)? {
                        region.standing = Standing::NotNeeded;
                        self.report(&region)?;
                        region.desk.close(self.cx, NOT_NEEDED)?;
                        return Ok(Step::complete(region.into_state(), NOT_NEEDED, reason));
                    }
                }
                // Its run begins anew with the version there is now, and stops this one.
                REVIEW if self.is_overtaken(&region, &master) => {
                    let why = "the master has another version by now";
                    self.note("not-applied", &subject, why);
                }
                REVIEW
                    if number == region.reviews.to_string()
                        && self.reviewers_answered(&mut region, &answer)? =>
                {
                    return self.approved(region);
                }
                RIGHTS => return self.coordinator_answered(region, &answer),
                _ => {}
            }
        }
        self.wait_in(region)
    }

    /// Does the master's run begin this region anew with another version?
    fn is_overtaken(&self, region: &Region, master: &Asset) -> bool {
        let anew = self.config.on_master_update == OnMasterUpdate::RestartOpen;
        anew && !region.campaign.is_empty() && master.version != region.master.version
    }

    /// The team delivered, or says why its region needs nothing.
    fn team_answered(&self, region: &mut Region, answer: &Answer) -> Result<Option<String>, Error> {
        if answer.outcome == NOT_NEEDED {
            if self.config.not_needed_allowed && !answer.comment.is_empty() {
                return Ok(Some(format!("{}: {}", answer.actor(), answer.comment)));
            }
            self.back_to_team(
                region,
                "A region is left out only for a reason in the comment.",
            )?;
            return Ok(None);
        }
        match answer.text(ASSET) {
            Some(file) => self.file_arrived(region, &file, Some(answer.actor()))?,
            None => self.back_to_team(region, "Enter the id of the localized file.")?,
        }
        Ok(None)
    }

    fn region_timer(&self, mut region: Region, fired: &Fired) -> Next {
        if fired.name == GONE {
            return self.region_answers(region);
        }
        let alarm = region.desk.alarm(self.cx, &self.rules(), &fired.name)?;
        if let Some(Alarm::TimedOut(question)) = alarm {
            let reason = format!("nobody answered `{question}` within twice the time");
            return Ok(Step::park(region.into_state(), reason));
        }
        self.wait_in(region)
    }

    // ---- Telling and waiting --------------------------------------------------------------------

    /// Tell the master's run where the region stands; without one, the master itself.
    pub(crate) fn report(&self, region: &Region) -> Result<(), Error> {
        if region.campaign.is_empty() {
            return self.show_alone(region);
        }
        let report = Report {
            region: region.region.clone(),
            version: region.master.version.clone(),
            standing: region.standing,
            asset: region.file_id().to_owned(),
        };
        self.cx.signal(&region.campaign, REPORT, &report)
    }

    /// End before there is a version. A file that is there stays, and is not released.
    fn end_early(&self, mut region: Region, outcome: &str, why: &str) -> Next {
        region.desk.cancel(self.cx, why)?;
        Ok(Step::cancel(region.into_state(), outcome, why))
    }

    pub(crate) fn wait_in(&self, region: Region) -> Next {
        let wait = Step::wait(region.clone().into_state());
        let mut wait = region.desk.watch(wait, WORKFLOW);
        if let Some(due) = region.desk.due() {
            wait = wait.due(due);
        }
        let master = region.master.asset.as_str();
        wait = wait.subscribe_to(DAM, "asset", master, &["asset.restored"]);
        if let Some(file) = &region.file {
            wait = wait.subscribe(DAM, "asset", file.asset.as_str());
        }
        if let Some(album) = region.album.as_ref().filter(|album| !album.is_empty()) {
            wait = wait.subscribe_to(DAM, "collection", album.as_str(), &["collection.added"]);
        }
        if let Some(run) = &region.rights_run {
            wait = wait.until_ended(run.as_str());
        }
        if let Some(since) = region.gone_since {
            wait = wait.timer(GONE, self.given_up_at(since)?);
        }
        let (code, name) = (&region.region, &region.master.name);
        Ok(wait.waiting_on(match region.standing {
            Standing::InReview => format!("the review of \"{name}\" for {code}"),
            Standing::RightsReview => format!("the rights to use \"{name}\" in {code}"),
            Standing::Ready => format!("the release of \"{name}\" for {code} with the others"),
            _ => format!("the version of \"{name}\" for {code}"),
        }))
    }
}

/// Taken by callers that must not fail where a vendor lacks a function.
pub(crate) fn if_supported(result: Result<(), Error>) -> Result<(), Error> {
    match result.or_absent() {
        Err(error) if error.is_unsupported() => Ok(()),
        other => other.map(drop),
    }
}
