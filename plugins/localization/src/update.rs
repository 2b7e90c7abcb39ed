//! A new version of the master: what becomes of open regions, and whether finished ones still hold.

use forebay_sdk::assets::{Asset, AssetUpdate};
use forebay_sdk::blocks::{Answer, Question, field_update};
use forebay_sdk::{Error, Value};

use crate::config::OnMasterUpdate;
use crate::course::Course;
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

impl Course<'_> {
    /// The master has another version than the one in work.
    pub(crate) fn master_updated(
        &self,
        campaign: &mut Campaign,
        asset: &Asset,
    ) -> Result<(), Error> {
        let open = |entry: &Entry| entry.standing.is_open();
        if !campaign.regions.values().any(open) {
            return self.open_version(campaign, asset);
        }
        if campaign.next_version.as_ref() == Some(&asset.version) {
            return Ok(());
        }
        campaign.next_version = Some(asset.version.clone());
        let policy = self.config.on_master_update;
        let why = format!("the policy is {policy:?}");
        self.note("master-updated", &Subject::of(asset), why);
        match policy {
            OnMasterUpdate::RestartOpen => self.restart(campaign, asset),
            OnMasterUpdate::FinishOld => Ok(()),
            OnMasterUpdate::Ask => self.ask_coordinator(campaign, asset),
        }
    }

    fn restart(&self, campaign: &mut Campaign, asset: &Asset) -> Result<(), Error> {
        self.stop_open(campaign, "superseded")?;
        self.open_version(campaign, asset)
    }

    fn ask_coordinator(&self, campaign: &mut Campaign, asset: &Asset) -> Result<(), Error> {
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

    /// Mark a finished version as outdated, and ask its team whether it still holds.
    pub(crate) fn check_again(
        &self,
        campaign: &mut Campaign,
        code: &str,
        entry: Entry,
    ) -> Result<(), Error> {
        let region = self.region_config(code)?;
        self.take_back(campaign, &format!("{RECHECK}:{code}:"))?;
        self.write_fields(&entry.asset, &[("outdated", "yes".into())])?;
        let version = &campaign.master.version;
        let id = format!("{RECHECK}:{code}:{version}");
        let question = Question::to_group(&id, "Check again", &region.team)
            .title(format!("{code}: \"{}\" has a new version", campaign.master.name))
            .text(format!(
                "The version for {code} ({}) was made from the version {} of the master; its version \
                 is now {version}.\n{STILL_VALID}: it holds for the new master.\n{REDO}: it is made \
                 anew.",
                entry.asset, entry.version
            ))
            .outcomes(&[STILL_VALID, REDO])
            .sla(region.sla.review);
        let outdated = Entry {
            standing: Standing::Outdated,
            version: version.clone(),
            run: String::new(),
            ..entry
        };
        campaign.regions.insert(code.to_owned(), outdated);
        let subject = campaign.master.clone();
        self.note("outdated", &subject, format!("{code} is checked again"));
        self.ask_about(campaign, question)
    }

    pub(crate) fn answered_about_update(
        &self,
        campaign: &mut Campaign,
        asset: &Asset,
        answer: &Answer,
    ) -> Result<(), Error> {
        let mut parts = answer.question.splitn(3, ':');
        let what = (parts.next(), answer.outcome.as_str());
        match what {
            (Some(UPDATE), RESTART) => self.restart(campaign, asset),
            (Some(UPDATE), _) => Ok(()),
            (Some(RECHECK), outcome) => {
                let (code, version) = (parts.next(), parts.next());
                let (Some(code), Some(version)) = (code, version) else {
                    return Ok(());
                };
                let entry = campaign.regions.get(code).cloned().unwrap_or_default();
                if entry.version != version || entry.standing != Standing::Outdated {
                    return Ok(());
                }
                if outcome == STILL_VALID {
                    return self.still_valid(campaign, code, entry);
                }
                self.begin_in(campaign, code, &entry.asset)
            }
            _ => Ok(()),
        }
    }

    /// The finished version is one of the new master from now on.
    fn still_valid(&self, campaign: &mut Campaign, code: &str, entry: Entry) -> Result<(), Error> {
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
    pub(crate) fn bound_to(
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
