//! Localized files: whether one is what the region needs, which of two counts, and its review.

use forebay_sdk::Error;
use forebay_sdk::Value;
use forebay_sdk::assets::{Asset, AssetStatus};
use forebay_sdk::blocks::{
    Answer, Question, enabled_user, fill, present, text_or_none, workflow_user,
};
use forebay_sdk::handler::interfaces;

use crate::DAM;
use crate::config::RegionConfig;
use crate::course::Course;
use crate::region::{REVIEW, if_supported};
use crate::state::{Region, Standing, Subject};

/// Relation of a file to the one that takes its place.
const REPLACEMENT: &str = "replacement";
/// The version may be released.
const APPROVE: &str = "approve";

impl Course<'_> {
    /// A file was filed in the region's album. Files of other masters are none of this run's.
    pub(crate) fn filed(&self, region: &mut Region, id: &str) -> Result<(), Error> {
        let Some(asset) = present(self.cx, id)? else {
            return Ok(());
        };
        let text = |field: &str| self.config.fields.texts(&asset.fields, field);
        let (marked, version) = (text("master_asset"), text("master_version"));
        if !version.is_empty() && !version.contains(&region.master.version) {
            // It was made from another version of the master, and is filed by its own run.
            return Ok(());
        }
        if belongs(&asset.name, &region.master.name) || marked.contains(&region.master.asset) {
            return self.file_arrived(region, id, None);
        }
        Ok(())
    }

    /// A file arrived for this region: by the team's answer, in the album, or marked as such.
    pub(crate) fn file_arrived(
        &self,
        region: &mut Region,
        id: &str,
        by: Option<&str>,
    ) -> Result<(), Error> {
        let Some(asset) = present(self.cx, id)? else {
            return self.back_to_team(region, &format!("There is no asset {id} in the DAM."));
        };
        if let Some(fault) = self.fault(region, &asset)? {
            return self.refuse(region, &asset, &fault, by.is_some());
        }
        if let Some(current) = region.file.clone() {
            let same = current.asset == asset.id;
            if same && current.version == asset.version && !region.awaits_file() {
                return Ok(());
            }
            if !same {
                let other = present(self.cx, &current.asset)?;
                if other.is_some_and(|other| other.created_at > asset.created_at) {
                    // Events may come late: the newest file wins, not the last event.
                    return self.supersede(&asset.id, &current.asset);
                }
                self.supersede(&current.asset, &asset.id)?;
            }
        }
        region.adapter = by.map_or_else(String::new, str::to_owned);
        self.review_anew(region, &asset)
    }

    /// Why a file is not what the region needs.
    fn fault(&self, region: &Region, asset: &Asset) -> Result<Option<String>, Error> {
        let config = self.region_config(&region.region)?;
        let field = |name: &str| {
            let texts = self.config.fields.texts(&asset.fields, name);
            texts.into_iter().next()
        };
        let (code, language) = (&region.region, &config.language);
        if let Some(other) = field("region").filter(|other| other != code) {
            return Ok(Some(format!("it is for the region {other}, not {code}")));
        }
        if let Some(other) = field("language").filter(|other| !other.eq_ignore_ascii_case(language))
        {
            return Ok(Some(format!("its language is {other}, not {language}")));
        }
        let pattern = self.pattern(region, config)?;
        if belongs(&asset.name, &region.master.name) && !fits(stem(&asset.name), &pattern) {
            let wanted = self.file_name(region, config)?;
            return Ok(Some(format!("its name does not read {wanted}")));
        }
        let Some(master) = present(self.cx, &region.master.asset)? else {
            // It may come back; its own run ends this one if it does not.
            return Ok(None);
        };
        if asset.kind != master.kind {
            let (kind, wanted) = (asset.kind, master.kind);
            return Ok(Some(format!(
                "it is of the format {kind:?}, the master {wanted:?}"
            )));
        }
        if asset.id == master.id {
            return Ok(Some("it is the master itself".to_owned()));
        }
        Ok(None)
    }

    /// Tell whoever brought the file that it does not count. Where the team's task is answered by it,
    /// the team is asked again.
    fn refuse(
        &self,
        region: &mut Region,
        asset: &Asset,
        fault: &str,
        answered: bool,
    ) -> Result<(), Error> {
        self.note("file-refused", &Subject::of(asset), fault);
        let words = format!("The file \"{}\" is not accepted: {fault}.", asset.name);
        if answered {
            return self.back_to_team(region, &words);
        }
        region.refused += 1;
        let id = format!("refused:{}:{}", region.region, region.refused);
        let team = &self.region_config(&region.region)?.team;
        let question = match self.workflow_user(asset.created_by.as_deref())? {
            Some(person) => Question::to_person(&id, "File not accepted", &person),
            None => Question::to_group(&id, "File not accepted", team),
        };
        let title = format!("{}: \"{}\" is not accepted", region.region, asset.name);
        let question = question.title(title).text(words).outcomes(&["understood"]);
        self.ask_in(region, question)
    }

    /// The user of the workflow engine behind a user of the DAM, if it is switched on there.
    fn workflow_user(&self, dam_user: Option<&str>) -> Result<Option<String>, Error> {
        enabled_user(self.cx, workflow_user(&self.config.users, dam_user))
    }

    /// A newer file takes the place of an older one, which is kept as its older version.
    pub(crate) fn supersede(&self, older: &str, newer: &str) -> Result<(), Error> {
        if older.is_empty() || older == newer {
            return Ok(());
        }
        self.restrict(older, "superseded", &format!("{newer} takes its place"))?;
        if self.cx.available(DAM, interfaces::RELATIONS) {
            if_supported(self.cx.relations().link(REPLACEMENT, older, newer))?;
        }
        Ok(())
    }

    /// Keep the file back, and have it reviewed as it is now. A decision about an earlier one does
    /// not count for it.
    pub(crate) fn review_anew(&self, region: &mut Region, asset: &Asset) -> Result<(), Error> {
        let asked: Vec<_> = region.desk.asked.keys().cloned().collect();
        let asked: Vec<_> = asked.iter().map(String::as_str).collect();
        region.desk.withdraw(self.cx, &asked)?;
        let update = self.bound_fields(region)?.status(AssetStatus::Pending);
        self.write(&asset.id, &update)?;
        let now = self.cx.assets().get(&asset.id)?;
        region.file = Some(Subject::of(&now));
        region.rights_run = None;
        region.reviews += 1;
        region.standing = Standing::InReview;
        let config = self.region_config(&region.region)?;
        let code = &region.region;
        let id = format!("{REVIEW}:{code}:{}", region.reviews);
        let links: Vec<_> = now.links.iter().map(|link| link.href.as_str()).collect();
        let text = format!(
            "\"{}\" ({}) is the version of \"{}\" for {} in {}.\n{}",
            now.name,
            now.id,
            region.master.name,
            region.region,
            config.language,
            links.join("\n")
        );
        // Four eyes: who made it does not decide about it.
        let uploader = self.workflow_user(now.created_by.as_deref())?;
        let adapter = Some(region.adapter.clone()).filter(|adapter| !adapter.is_empty());
        let question = Question::to_group(&id, &format!("Review {code}"), &config.reviewers)
            .title(format!("{}: review \"{}\"", region.region, now.name))
            .text(text)
            .outcomes(&[APPROVE, "reject"])
            .exclude(uploader.into_iter().chain(adapter))
            .sla(config.sla.review);
        self.ask_in(region, question)?;
        self.report(region)
    }

    /// What the reviewers say: true where the version may be released.
    pub(crate) fn reviewers_answered(
        &self,
        region: &mut Region,
        answer: &Answer,
    ) -> Result<bool, Error> {
        if answer.outcome == APPROVE {
            self.store(region, answer)?;
            return Ok(true);
        }
        let fields = [
            ("review_state", Value::text("rejected")),
            ("review_comment", text_or_none(answer.comment.as_str())),
        ];
        self.write_fields(region.file_id(), &fields)?;
        let why = format!("{} did not approve: {}", answer.actor(), answer.comment);
        self.back_to_team(region, &why)?;
        Ok(false)
    }

    // ---- Names ----------------------------------------------------------------------------------

    /// What the next file is to be called, with the ending of the master.
    pub(crate) fn file_name(
        &self,
        region: &Region,
        config: &RegionConfig,
    ) -> Result<String, Error> {
        let number = region.round.max(1).to_string();
        let name = self.pattern(region, config)?.replace(NUMBER, &number);
        let ending = region
            .master
            .name
            .rsplit_once('.')
            .map(|(_, ending)| ending);
        Ok(ending.map_or_else(|| name.clone(), |ending| format!("{name}.{ending}")))
    }

    fn pattern(&self, region: &Region, config: &RegionConfig) -> Result<String, Error> {
        fill(&self.config.naming, |name| {
            Some(match name {
                "master_stem" => stem(&region.master.name).to_owned(),
                "region" => region.region.clone(),
                "language" => config.language.clone(),
                "n" => NUMBER.to_owned(),
                _ => return None,
            })
        })
    }
}

/// Stands for the number in a name.
const NUMBER: &str = "\u{0}";

/// A file name without its ending.
fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// Is the file named after this master?
fn belongs(name: &str, master: &str) -> bool {
    let rest = stem(name).strip_prefix(stem(master));
    rest.is_some_and(|rest| rest.starts_with(['_', '-']))
}

/// Does a name follow a pattern whose number may be any?
fn fits(name: &str, pattern: &str) -> bool {
    let Some((before, after)) = pattern.split_once(NUMBER) else {
        return name == pattern;
    };
    let number = name
        .strip_prefix(before)
        .and_then(|rest| rest.strip_suffix(after));
    number.is_some_and(|number| {
        !number.is_empty() && number.chars().all(|digit| digit.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_pattern_with_any_number() {
        let pattern = format!("hero_DE_de-DE_v{NUMBER}");
        assert!(fits("hero_DE_de-DE_v12", &pattern));
        for wrong in ["hero_DE_de-DE_v", "hero_DE_de-AT_v1", "hero_DE_de-DE_v1x"] {
            assert!(!fits(wrong, &pattern), "{wrong}");
        }
        assert!(belongs("hero_FR.jpg", "hero.jpg") && !belongs("heron_FR.jpg", "hero.jpg"));
    }
}
