//! A new version of the master: what becomes of open regions, and whether finished ones still hold.

use forebay_sdk::assets::{Asset, AssetUpdate};
use forebay_sdk::blocks::{Answer, Question, field_update};
use forebay_sdk::workflow::StartRequest;
use forebay_sdk::{Error, Value};

use super::Steps;
use crate::state::{Campaign, Entry, Standing, Subject};

/// Question to the coordinator: what becomes of open regions.
const UPDATE: &str = "update";
/// Question to a team: does the finished version still hold?
const RECHECK: &str = "recheck";
/// Start open regions again.
const RESTART: &str = "restart-open";
/// Finish open regions with the old version.
const FINISH: &str = "finish-old";
/// The finished version holds for the new master, too.
const STILL_VALID: &str = "still-valid";
/// It has to be made anew.
const REDO: &str = "redo";

/// What an answer about a new version means.
pub(crate) enum Verdict {
    /// Open regions start again with the new version.
    RestartOpen,
    /// The finished version of this region holds.
    StillValid(String),
    /// This region is made anew, in place of this asset.
    Redo(String, String),
    /// Nothing changes.
    GoOn,
}

impl Verdict {
    pub(crate) fn of(campaign: &Campaign, answer: &Answer) -> Self {
        let mut parts = answer.question.splitn(3, ':');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(UPDATE), ..) if answer.outcome == RESTART => Self::RestartOpen,
            (Some(RECHECK), Some(code), Some(version)) => {
                let entry = campaign.regions.get(code);
                let asked = entry.filter(|entry| {
                    entry.version == version && entry.standing == Standing::Outdated
                });
                match asked {
                    None => Self::GoOn,
                    Some(_) if answer.outcome == STILL_VALID => Self::StillValid(code.to_owned()),
                    Some(entry) => Self::Redo(code.to_owned(), entry.asset.clone()),
                }
            }
            _ => Self::GoOn,
        }
    }
}

impl Steps<'_> {
    /// A newer version waits for what becomes of the open regions.
    pub(crate) fn note_update(&self, campaign: &mut Campaign, asset: &Asset) {
        campaign.next_version = Some(asset.version.clone());
        let policy = self.config.on_master_update;
        let why = format!("the policy is {policy:?}");
        self.note("master-updated", &Subject::of(asset), why);
    }

    /// What becomes of the open regions?
    pub(crate) fn ask_coordinator(
        &self,
        campaign: &mut Campaign,
        asset: &Asset,
    ) -> Result<(), Error> {
        self.take_back(campaign, UPDATE)?;
        let open = campaign.regions.iter();
        let open = open.filter(|(_, entry)| entry.standing.is_open());
        let open: Vec<_> = open.map(|(code, _)| code.as_str()).collect();
        let id = format!("{UPDATE}:{}", asset.version);
        let question = Question::to_group(&id, "Master updated", &self.config.coordinator_group)
            .title(format!("\"{}\" has a new version", asset.name))
            .text(format!(
                "A new version of the master has come while these regions are in work: {}.\n\
                 {RESTART}: they start again with the new version.\n\
                 {FINISH}: they are finished with the old version and checked again after that.",
                open.join(", ")
            ))
            .outcomes(&[RESTART, FINISH])
            .sla(self.config.coordinator_sla);
        self.ask_about(campaign, question)
    }

    /// Take back questions about a version that is overtaken.
    fn take_back(&self, campaign: &mut Campaign, about: &str) -> Result<(), Error> {
        let asked = campaign.desk.asked.keys();
        let earlier: Vec<_> = asked.filter(|id| id.starts_with(about)).cloned().collect();
        if earlier.is_empty() {
            return Ok(());
        }
        let earlier: Vec<_> = earlier.iter().map(String::as_str).collect();
        campaign.desk.withdraw(self.cx, &earlier)
    }

    /// A finished version was made from an older version of the master.
    pub(crate) fn mark_outdated(
        &self,
        campaign: &mut Campaign,
        code: &str,
        entry: &Entry,
    ) -> Result<(), Error> {
        self.take_back(campaign, &format!("{RECHECK}:{code}:"))?;
        self.write_fields(&entry.asset, &[("outdated", "yes".into())])?;
        let outdated = Entry {
            standing: Standing::Outdated,
            version: campaign.master.version.clone(),
            run: String::new(),
            ..entry.clone()
        };
        campaign.regions.insert(code.to_owned(), outdated);
        let why = format!("{code} is checked again");
        self.note("outdated", &campaign.master, why);
        Ok(())
    }

    /// Does the finished version, as it was known before, hold for the new master, too?
    pub(crate) fn ask_whether_it_holds(
        &self,
        campaign: &mut Campaign,
        code: &str,
        before: &Entry,
    ) -> Result<(), Error> {
        let region = self.region_config(code)?;
        let version = &campaign.master.version;
        let id = format!("{RECHECK}:{code}:{version}");
        let question = Question::to_group(&id, "Check again", &region.team)
            .title(format!("{code}: \"{}\" has a new version", campaign.master.name))
            .text(format!(
                "The version for {code} ({}) was made from the version {} of the master; its version \
                 is now {version}.\n{STILL_VALID}: it holds for the new master.\n{REDO}: it is made \
                 anew.",
                before.asset, before.version
            ))
            .outcomes(&[STILL_VALID, REDO])
            .sla(region.sla.review);
        self.ask_about(campaign, question)
    }

    /// Ask about the master as a whole; the first question opens its process.
    fn ask_about(&self, campaign: &mut Campaign, question: Question) -> Result<(), Error> {
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

    /// The finished version is one of the new master from now on.
    pub(crate) fn keep_for_new_master(
        &self,
        campaign: &mut Campaign,
        code: &str,
    ) -> Result<(), Error> {
        let entry = campaign.regions.get(code).cloned().unwrap_or_default();
        let update = self.bound_to(&campaign.master, code, &entry.asset)?;
        self.write(&entry.asset, &update)?;
        let valid = Entry {
            standing: Standing::Approved,
            ..entry
        };
        campaign.regions.insert(code.to_owned(), valid);
        Ok(())
    }

    /// What ties a regional version to this version of its master: fields, and tags in place of
    /// those of another version.
    pub(super) fn bound_to(
        &self,
        master: &Subject,
        code: &str,
        asset: &str,
    ) -> Result<AssetUpdate, Error> {
        let region = self.region_config(code)?;
        let fields = [
            ("region", Value::text(code)),
            ("language", Value::text(region.language.as_str())),
            ("master_asset", Value::text(master.asset.as_str())),
            ("master_version", Value::text(master.version.as_str())),
            ("outdated", Value::None),
        ];
        let mut update = field_update(&self.config.fields, &fields);
        let there = self.cx.assets().get(asset)?.tags;
        for template in &self.config.tags {
            let tag = self.tag(template, master, code, &master.version)?;
            // What the same template gave for the version before.
            let stale = self.tag(template, master, code, "")?;
            for old in &there {
                if template.ends_with("{master_version}") && old.starts_with(&stale) && *old != tag
                {
                    update = update.remove_tag(old.as_str());
                }
            }
            update = update.add_tag(tag);
        }
        Ok(update)
    }

    fn tag(
        &self,
        template: &str,
        master: &Subject,
        code: &str,
        version: &str,
    ) -> Result<String, Error> {
        let language = self.region_config(code)?.language.clone();
        // Ids hold slashes, which stay in a tag.
        let known = [
            ("{region}", code),
            ("{language}", &language),
            ("{master_id}", &master.asset),
            ("{master_version}", version),
        ];
        let filled = known.iter();
        Ok(filled.fold(template.to_owned(), |tag, (name, value)| {
            tag.replace(name, value)
        }))
    }
}
