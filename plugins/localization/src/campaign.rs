//! The course of a master: its regions are resolved and started, released by rule, and told of on
//! the master.

use forebay_sdk::assets::{Asset, AssetStatus};
use forebay_sdk::blocks::{Alarm, Question, Reading, present};
use forebay_sdk::handler::{EffectMode, RunEnded};
use forebay_sdk::workflow::StartRequest;
use forebay_sdk::{Delivery, Error, Step};
use serde::{Deserialize, Serialize};

use crate::admit::RegionRequest;
use crate::config::{DefaultRegions, Release};
use crate::course::{CANCEL, Course, GONE, Next};
use crate::state::{Campaign, Entry, Standing, Subject};
use crate::{DAM, WORKFLOW, matrix};

/// Signal of a region: where it stands.
pub(crate) const REPORT: &str = "report";
/// Signal to a region: it may be released.
pub(crate) const RELEASE: &str = "release";
/// Signal to a region: its master's run ends without it.
pub(crate) const ALONE: &str = "alone";

/// Where a region stands, as it tells its master.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Report {
    pub(crate) region: String,
    pub(crate) version: String,
    pub(crate) standing: Standing,
    pub(crate) asset: String,
}

impl Course<'_> {
    pub(crate) fn begin_campaign(
        &self,
        mut campaign: Campaign,
        asset: &Asset,
        asked_for: bool,
    ) -> Next {
        let shown = self
            .config
            .fields
            .texts(&asset.fields, "localization_state");
        campaign.regions = matrix::read(&shown.join("; "));
        campaign.master = Subject::of(asset);
        if is_withdrawn(asset) {
            return self.withdrawn(campaign, "the master is not released");
        }
        if asked_for {
            // Whoever asks wants what was stopped to begin again.
            campaign
                .regions
                .retain(|_, entry| entry.standing != Standing::Stopped);
        }
        let version = &asset.version;
        let before = |entry: &Entry| entry.standing.is_open() && entry.version != *version;
        if campaign.regions.values().any(before) {
            // Regions of the version before, whose master's run ended without them.
            self.adopt(&mut campaign)?;
            self.master_updated(&mut campaign, asset)?;
        } else {
            if asked_for {
                self.adopt(&mut campaign)?;
            }
            self.open_version(&mut campaign, asset)?;
        }
        if self.cx.mode() == EffectMode::Observe {
            let summary = format!(
                "{} regions would have been localized",
                campaign.regions.len()
            );
            return Ok(Step::complete(campaign.into_state(), "observed", summary));
        }
        let at_work = |entry: &Entry| !entry.run.is_empty();
        if !campaign.desk.is_open() && !campaign.regions.values().any(at_work) {
            let summary = "all its regions are settled for this version";
            return Ok(Step::complete(
                campaign.into_state(),
                "nothing-to-do",
                summary,
            ));
        }
        self.go_on(campaign, asset)
    }

    /// Know the runs of open regions again.
    fn adopt(&self, campaign: &mut Campaign) -> Result<(), Error> {
        let master = campaign.master.asset.clone();
        for (code, entry) in &mut campaign.regions {
            if entry.standing.is_open() && self.config.regions.contains_key(code) {
                let wanted = self.wanted(code, entry);
                entry.run = self.start_region(&master, wanted)?;
            }
        }
        Ok(())
    }

    fn wanted(&self, code: &str, entry: &Entry) -> RegionRequest {
        RegionRequest {
            code: code.to_owned(),
            version: entry.version.clone(),
            campaign: self.cx.run_id().to_owned(),
            previous: entry.asset.clone(),
            ..RegionRequest::default()
        }
    }

    pub(crate) fn campaign(&self, mut campaign: Campaign, delivery: &Delivery) -> Next {
        if let Delivery::Signal(signal) = delivery {
            match signal.name.as_str() {
                CANCEL => return self.cancelled(campaign),
                REPORT => note_report(&mut campaign, signal.data()?),
                _ => {}
            }
        }
        if let Some(ended) = RunEnded::of(delivery) {
            note_end(&mut campaign, &ended);
        }
        let Some(asset) = present(self.cx, &campaign.master.asset)? else {
            return self.master_gone(campaign);
        };
        campaign.gone_since = None;
        if is_withdrawn(&asset) {
            return self.withdrawn(campaign, "the master was rejected or withdrawn");
        }
        match delivery {
            Delivery::Timer(fired) => {
                let alarm = campaign.desk.alarm(self.cx, &self.rules(), &fired.name)?;
                if let Some(Alarm::TimedOut(question)) = alarm {
                    let reason = format!("nobody answered `{question}` within twice the time");
                    return Ok(Step::park(campaign.into_state(), reason));
                }
            }
            Delivery::Event(incoming) if incoming.role == WORKFLOW => {
                let reading = campaign.desk.read(self.cx)?;
                if let Some(reason) = reading.stopped(&campaign.desk.process) {
                    return Ok(Step::park(campaign.into_state(), reason));
                }
                let Reading::Open(answers) = reading else {
                    return self.go_on(campaign, &asset);
                };
                for answer in answers {
                    self.cx.decision(&Self::about(
                        answer.record(&campaign.desk.process),
                        &campaign.master,
                    ));
                    self.answered_about_update(&mut campaign, &asset, &answer)?;
                }
            }
            _ => {}
        }
        self.go_on(campaign, &asset)
    }

    /// Bring everything in line with what is known now, and wait.
    fn go_on(&self, mut campaign: Campaign, asset: &Asset) -> Next {
        if asset.version != campaign.master.version {
            self.master_updated(&mut campaign, asset)?;
        } else {
            self.add_regions(&mut campaign, asset)?;
        }
        self.release(&mut campaign)?;
        self.show(&campaign, asset)?;
        let approved = campaign.count(|standing| standing == Standing::Approved);
        let open = campaign.count(Standing::is_open);
        let asked = !campaign.desk.asked.is_empty();
        let enough = matches!(self.config.release, Release::Quorum(count) if approved >= count)
            && campaign.next_version.is_none();
        if (open == 0 || enough) && !asked {
            return self.finished(campaign);
        }
        self.wait_for_regions(campaign)
    }

    fn finished(&self, mut campaign: Campaign) -> Next {
        for entry in campaign.regions.values() {
            if entry.standing.is_open() && !entry.run.is_empty() {
                self.cx.signal(&entry.run, ALONE, &())?;
            }
        }
        let count = |standing: Standing| campaign.count(|other| other == standing);
        let (approved, waived) = (count(Standing::Approved), count(Standing::NotNeeded));
        let open = campaign.count(Standing::is_open);
        let outcome = match (approved, waived) {
            (0, 0) => "withdrawn",
            (0, _) => "not-needed",
            _ => "localized",
        };
        let summary = format!(
            "{approved} regional versions released, {waived} not needed, {open} still in work"
        );
        campaign.desk.close(self.cx, outcome)?;
        Ok(Step::complete(campaign.into_state(), outcome, summary))
    }

    // ---- Regions --------------------------------------------------------------------------------

    /// The regions a master is made for, as far as they are configured. What is not is put on
    /// record once.
    fn regions_of(&self, campaign: &mut Campaign, asset: &Asset) -> Vec<String> {
        let select = &self.config.select_regions;
        let named = self.config.fields.texts(&asset.fields, &select.from_field);
        if named.is_empty() {
            return match select.default {
                DefaultRegions::All => self.config.regions.keys().cloned().collect(),
                DefaultRegions::None => Vec::new(),
            };
        }
        let is_known = |code: &String| self.config.regions.contains_key(code);
        let (known, unknown): (Vec<_>, Vec<_>) = named.into_iter().partition(is_known);
        if unknown != campaign.unknown {
            if !unknown.is_empty() {
                let why = format!("not configured: {}", unknown.join(", "));
                self.note("region-unknown", &Subject::of(asset), why);
            }
            campaign.unknown = unknown;
        }
        known
    }

    /// Start on a version of the master: regions that have a version of an older master are checked
    /// again, all others begin.
    pub(crate) fn open_version(&self, campaign: &mut Campaign, asset: &Asset) -> Result<(), Error> {
        campaign.master = Subject::of(asset);
        campaign.next_version = None;
        campaign.released = false;
        for code in self.regions_of(campaign, asset) {
            let entry = campaign.regions.get(&code).cloned().unwrap_or_default();
            if entry.version == asset.version {
                continue;
            }
            let has_version = matches!(entry.standing, Standing::Approved | Standing::Outdated);
            if has_version && !entry.asset.is_empty() {
                self.check_again(campaign, &code, entry)?;
            } else {
                self.begin_in(campaign, &code, &entry.asset)?;
            }
        }
        Ok(())
    }

    /// Regions that were added midway.
    fn add_regions(&self, campaign: &mut Campaign, asset: &Asset) -> Result<(), Error> {
        if campaign.next_version.is_some() {
            return Ok(());
        }
        for code in self.regions_of(campaign, asset) {
            if !campaign.regions.contains_key(&code) {
                self.begin_in(campaign, &code, "")?;
            }
        }
        Ok(())
    }

    /// Start a region on the version in work.
    pub(crate) fn begin_in(
        &self,
        campaign: &mut Campaign,
        code: &str,
        previous: &str,
    ) -> Result<(), Error> {
        let mut entry = Entry {
            version: campaign.master.version.clone(),
            asset: previous.to_owned(),
            ..Entry::default()
        };
        entry.run = self.start_region(&campaign.master.asset, self.wanted(code, &entry))?;
        campaign.regions.insert(code.to_owned(), entry);
        Ok(())
    }

    /// End the open regions; their runs clean up.
    pub(crate) fn stop_open(&self, campaign: &mut Campaign, outcome: &str) -> Result<(), Error> {
        let master = campaign.master.asset.clone();
        for (code, entry) in &mut campaign.regions {
            if entry.standing.is_open() {
                let wanted = RegionRequest {
                    stop: Some(outcome.to_owned()),
                    ..self.wanted(code, entry)
                };
                self.start_region(&master, wanted)?;
                entry.standing = Standing::Stopped;
                entry.run.clear();
            }
        }
        Ok(())
    }

    /// Let approved versions go when the release rule holds.
    fn release(&self, campaign: &mut Campaign) -> Result<(), Error> {
        let ready = |standing| matches!(standing, Standing::Ready | Standing::Approved);
        let working = campaign.count(|standing| standing.is_open() && standing != Standing::Ready);
        campaign.released |= match self.config.release {
            // Each region releases its own version.
            Release::PerRegion => return Ok(()),
            Release::All => working == 0,
            Release::Quorum(count) => working == 0 || campaign.count(ready) >= count,
        };
        if !campaign.released {
            return Ok(());
        }
        for entry in campaign.regions.values_mut() {
            if entry.standing.is_open() && !entry.told && !entry.run.is_empty() {
                self.cx.signal(&entry.run, RELEASE, &())?;
                entry.told = true;
            }
        }
        Ok(())
    }

    // ---- Asking and waiting ---------------------------------------------------------------------

    /// Ask about the master as a whole; the first question opens its process.
    pub(crate) fn ask_about(
        &self,
        campaign: &mut Campaign,
        question: Question,
    ) -> Result<(), Error> {
        if campaign.desk.is_open() {
            return campaign.desk.ask(self.cx, &self.rules(), vec![question]);
        }
        let title = format!("Localization of \"{}\"", campaign.master.name);
        let key = self.cx.business_key();
        let request = StartRequest::new(&self.config.process.definition, key, &title)
            .variable("title", title.as_str())
            .variable("assetId", campaign.master.asset.as_str())
            .variable("assetVersion", campaign.master.version.as_str());
        campaign
            .desk
            .open(self.cx, &self.rules(), request, vec![question])
    }

    pub(crate) fn wait_for_regions(&self, campaign: Campaign) -> Next {
        let master = campaign.master.asset.clone();
        let mut wait = Step::wait(campaign.clone().into_state()).subscribe(DAM, "asset", master);
        if let Some(since) = campaign.gone_since {
            wait = wait.timer(GONE, self.given_up_at(since)?);
        }
        for entry in campaign.regions.values() {
            if entry.standing.is_open() && !entry.run.is_empty() {
                wait = wait.until_ended(entry.run.as_str());
            }
        }
        wait = campaign.desk.watch(wait, WORKFLOW);
        let open = campaign.regions.iter();
        let open = open
            .filter(|(_, entry)| entry.standing.is_open() || entry.standing == Standing::Outdated);
        let codes: Vec<_> = open.map(|(code, _)| code.as_str()).collect();
        let name = &campaign.master.name;
        Ok(wait.waiting_on(format!("\"{name}\" for {}", codes.join(", "))))
    }
}

impl Campaign {
    fn count(&self, wanted: impl Fn(Standing) -> bool) -> usize {
        let standings = self.regions.values().map(|entry| entry.standing);
        standings.filter(|standing| wanted(*standing)).count()
    }
}

/// A master that is refused or kept back.
fn is_withdrawn(asset: &Asset) -> bool {
    matches!(
        asset.status,
        AssetStatus::Rejected | AssetStatus::Restricted
    )
}

/// What a region tells of itself. One that works on another version tells nothing any more.
fn note_report(campaign: &mut Campaign, report: Report) {
    let entry = campaign.regions.get_mut(&report.region);
    if let Some(entry) = entry.filter(|entry| entry.version == report.version) {
        entry.standing = report.standing;
        if !report.asset.is_empty() {
            entry.asset = report.asset;
        }
    }
}

/// A region's run ended. What it did not report itself is that it ended without a version.
fn note_end(campaign: &mut Campaign, ended: &RunEnded) {
    for entry in campaign.regions.values_mut() {
        if entry.run == ended.run && entry.standing.is_open() {
            entry.standing = match ended.outcome.as_str() {
                "approved" => Standing::Approved,
                "not-needed" => Standing::NotNeeded,
                _ => Standing::Stopped,
            };
        }
    }
}
