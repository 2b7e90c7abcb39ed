//! Localized files: whether one is what the region needs, and which of two counts.

use forebay_sdk::Error;
use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::{Question, fill, present};
use forebay_sdk::handler::interfaces;

use super::{Steps, if_supported};
use crate::DAM;
use crate::config::RegionConfig;
use crate::state::{Region, Subject};

/// Relation of a file to the one that takes its place.
const REPLACEMENT: &str = "replacement";

/// A file that arrived, against the one the region has.
pub(crate) enum Arrival {
    /// It is reviewed already.
    Known,
    /// The region has this newer one. Events may come late: the newest file wins, not the last event.
    OlderThan(String),
    /// It takes the place of this one.
    NewerThan(String),
    /// There is none, or it is the same in another version.
    First,
}

/// The file people decide about, as it is now.
pub(crate) enum Seen {
    /// As it was, or there is none.
    AsReviewed,
    /// It has another version.
    Changed(Box<Asset>),
    /// It is deleted; it may come back within the grace.
    Gone,
    /// It did not come back.
    GivenUp,
}

impl Steps<'_> {
    /// Has the file people decide about changed or gone?
    pub(crate) fn look_at_file(&self, region: &mut Region) -> Result<Seen, Error> {
        let Some(file) = region.file.clone() else {
            return Ok(Seen::AsReviewed);
        };
        let Some(now) = present(self.cx, &file.asset)? else {
            let since = *region.gone_since.get_or_insert(self.cx.now());
            if self.cx.now() < self.given_up_at(since)? {
                return Ok(Seen::Gone);
            }
            region.gone_since = None;
            region.file = None;
            return Ok(Seen::GivenUp);
        };
        region.gone_since = None;
        if now.version != file.version && !region.awaits_file() {
            return Ok(Seen::Changed(Box::new(now)));
        }
        Ok(Seen::AsReviewed)
    }

    /// The region's file, where it is still there.
    pub(crate) fn file_now(&self, region: &Region) -> Result<Option<Asset>, Error> {
        match &region.file {
            Some(file) => present(self.cx, &file.asset),
            None => Ok(None),
        }
    }

    /// Is a file in the region's album one for this region's master and version? Files of other
    /// masters are none of this run's.
    pub(crate) fn is_filed_for(&self, region: &Region, id: &str) -> Result<bool, Error> {
        let Some(asset) = present(self.cx, id)? else {
            return Ok(false);
        };
        let text = |field: &str| self.config.fields.texts(&asset.fields, field);
        let (marked, version) = (text("master_asset"), text("master_version"));
        if !version.is_empty() && !version.contains(&region.master.version) {
            // It was made from another version of the master, and is filed by its own run.
            return Ok(false);
        }
        let named = belongs(&asset.name, &region.master.name);
        Ok(named || marked.contains(&region.master.asset))
    }

    /// Why a file is not what the region needs.
    pub(crate) fn fault(&self, region: &Region, asset: &Asset) -> Result<Option<String>, Error> {
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

    /// Put on record that a file does not count; the words for whoever brought it.
    pub(crate) fn refuse(&self, asset: &Asset, fault: &str) -> String {
        self.note("file-refused", &Subject::of(asset), fault);
        format!("The file \"{}\" is not accepted: {fault}.", asset.name)
    }

    /// Tell whoever uploaded a file that it does not count; the team where they are unknown.
    pub(crate) fn tell_uploader(
        &self,
        region: &mut Region,
        asset: &Asset,
        words: String,
    ) -> Result<(), Error> {
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

    // ---- Which of two counts --------------------------------------------------------------------

    /// How a file that arrived stands to the one the region has.
    pub(crate) fn arrival(&self, region: &Region, asset: &Asset) -> Result<Arrival, Error> {
        let Some(current) = region.file.clone() else {
            return Ok(Arrival::First);
        };
        if current.asset == asset.id {
            let known = current.version == asset.version && !region.awaits_file();
            return Ok(if known {
                Arrival::Known
            } else {
                Arrival::First
            });
        }
        let other = present(self.cx, &current.asset)?;
        let older = other.is_some_and(|other| other.created_at > asset.created_at);
        Ok(if older {
            Arrival::OlderThan(current.asset)
        } else {
            Arrival::NewerThan(current.asset)
        })
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

    // ---- Names ----------------------------------------------------------------------------------

    /// What the next file is to be called, with the ending of the master.
    pub(super) fn file_name(
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
