//! What a region's people are asked in its process, and what the team is asked for: which file, under
//! which name, where to put it, and until when.

use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::{Answer, Question, Span, can_be_asked, end_of, fill};
use forebay_sdk::handler::interfaces;
use forebay_sdk::time::{DAY, MINUTE};
use forebay_sdk::workflow::{PrincipalKind, StartRequest};
use forebay_sdk::{Error, Timestamp};

use super::Steps;
use crate::DAM;
use crate::config::{RegionConfig, StoreMode};
use crate::state::{Region, Standing};

/// Question to the team.
pub(crate) const ADAPT: &str = "adapt";
/// The file is there.
const DELIVERED: &str = "delivered";
/// The region needs no version.
pub(crate) const NOT_NEEDED: &str = "not-needed";
/// Form field: the file in the DAM.
pub(crate) const ASSET: &str = "asset";
/// Why the team is asked again: it waived its region without a word.
pub(crate) const NO_REASON: &str = "A region is left out only for a reason in the comment.";
/// Why the team is asked again: it delivered nothing.
pub(crate) const NO_FILE: &str = "Enter the id of the localized file.";
/// Working days in a span of days by the wall clock, at the least: how far a lead time can reach back.
const DAYS_PER_WORKING_DAY: i64 = 3;

impl Steps<'_> {
    /// Why nobody can be asked in this region.
    pub(crate) fn nobody_to_ask(&self, region: &Region) -> Result<Option<String>, Error> {
        let config = self.region_config(&region.region)?;
        for group in [&config.team, &config.reviewers] {
            if !can_be_asked(self.cx, PrincipalKind::Group, group)? {
                let code = &region.region;
                return Ok(Some(format!(
                    "the group {group} of the region {code} is unknown to the workflow engine or \
                     switched off; create it there, then retry the run"
                )));
            }
        }
        Ok(None)
    }

    /// Ask in the region's process; the first question opens it.
    pub(super) fn ask_in(&self, region: &mut Region, question: Question) -> Result<(), Error> {
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

    /// Why the team's region needs no version, where that is accepted.
    pub(crate) fn waiver(&self, answer: &Answer) -> Option<String> {
        let accepted = self.config.not_needed_allowed && !answer.comment.is_empty();
        accepted.then(|| format!("{}: {}", answer.actor(), answer.comment))
    }

    /// Ask the team for a file; `why` says why again.
    pub(crate) fn ask_team(
        &self,
        region: &mut Region,
        master: &Asset,
        why: &str,
    ) -> Result<(), Error> {
        let config = self.region_config(&region.region)?;
        region.round += 1;
        region.standing = Standing::Adapting;
        let (code, language) = (&region.region, &config.language);
        let mut text = Vec::new();
        if !why.is_empty() {
            text.push(why.to_owned());
        }
        text.push(format!(
            "Adapt \"{}\" for {code} in {language}.",
            master.name
        ));
        text.push(format!(
            "Name of the file: {}",
            self.file_name(region, config)?
        ));
        if let Some(album) = self.album_path(region, master)? {
            text.push(format!("Upload it to {album}, or enter its id here."));
        }
        for link in &master.links {
            text.push(format!("{}: {}", link.rel, link.href));
        }
        for field in &self.config.brief {
            let values = self.config.fields.texts(&master.fields, field);
            text.push(format!("{field}: {}", values.join(", ")));
        }
        if !region.previous.is_empty() {
            text.push(format!("The version before: {}", region.previous));
        }
        let mut outcomes = vec![DELIVERED];
        if self.config.not_needed_allowed {
            outcomes.push(NOT_NEEDED);
            text.push("Where the region needs no version, say why in the comment.".to_owned());
        }
        let id = format!("{ADAPT}:{code}:{}", region.round);
        let question = Question::to_group(&id, &format!("Adaptation {code}"), &config.team)
            .title(format!("{code}: adapt \"{}\"", master.name))
            .text(text.join("\n"))
            .outcomes(&outcomes)
            .form(ASSET, "Id of the localized file in the DAM", false)
            .sla(self.time_to_work(config, master)?);
        self.ask_in(region, question)
    }

    /// How long the team has: its time for work, or less where a date is near.
    fn time_to_work(&self, config: &RegionConfig, master: &Asset) -> Result<Span, Error> {
        let Some(deadline) = self.deadline(config, master)? else {
            return Ok(config.sla.work);
        };
        let now = self.cx.now();
        let usual = config
            .sla
            .work
            .after(self.cx, &self.config.calendar, now, 100)?;
        if usual <= deadline {
            return Ok(config.sla.work);
        }
        // A deadline that has passed is due at once, and escalated within the hour.
        let minutes = ((deadline - now) / MINUTE).max(30);
        Ok(Span::Minutes(u32::try_from(minutes).unwrap_or(u32::MAX)))
    }

    /// The lead time before the date that the master names.
    fn deadline(&self, config: &RegionConfig, master: &Asset) -> Result<Option<Timestamp>, Error> {
        let field = config.deadline_from.as_deref().unwrap_or_default();
        let Some(value) = self.config.fields.value(&master.fields, field) else {
            return Ok(None);
        };
        let date = end_of(self.cx, &self.config.calendar, value)?;
        let Some(lead) = config.lead else {
            return Ok(Some(date));
        };
        // Spans count forward only, over weekends and days off: the latest day from which the lead
        // still ends in time.
        let days = match lead {
            Span::BusinessDays(days) => i64::from(days) * DAYS_PER_WORKING_DAY + 10,
            Span::BusinessHours(hours) => i64::from(hours) * DAYS_PER_WORKING_DAY + 10,
            Span::Minutes(minutes) => return Ok(Some(date - i64::from(minutes) * MINUTE)),
        };
        for back in 0..days {
            let start = date - back * DAY;
            if lead.after(self.cx, &self.config.calendar, start, 100)? <= date {
                return Ok(Some(start));
            }
        }
        Ok(Some(date - days * DAY))
    }

    fn album_path(&self, region: &Region, master: &Asset) -> Result<Option<String>, Error> {
        let store = &self.config.store;
        if store.mode == StoreMode::InPlace || store.album.is_empty() {
            return Ok(None);
        }
        let language = &self.region_config(&region.region)?.language;
        let path = fill(&store.album, |name| match name {
            "region" => Some(region.region.clone()),
            "language" => Some(language.clone()),
            field => {
                let texts = self.config.fields.texts(&master.fields, field);
                texts.into_iter().next()
            }
        })?;
        Ok(Some(path))
    }

    /// The album files arrive in; made where it is not there.
    pub(crate) fn album(&self, region: &Region, master: &Asset) -> Result<Option<String>, Error> {
        if !self.cx.available(DAM, interfaces::COLLECTIONS) {
            return Ok(None);
        }
        let Some(path) = self.album_path(region, master)? else {
            return Ok(None);
        };
        let album = match self.cx.collections().find(&path)? {
            Some(album) => album,
            None => self.cx.collections().create(&path)?,
        };
        Ok(Some(album.id))
    }
}
