//! What follows an approval: the version is stored, its rights are looked at, and it is released.

use forebay_sdk::assets::{Asset, AssetStatus, AssetUpdate};
use forebay_sdk::blocks::{Answer, Question, end_of, field_update, present};
use forebay_sdk::handler::{RunEnded, interfaces};
use forebay_sdk::{Error, Field, Step, Value};
use serde_json::json;

use crate::DAM;
use crate::config::{RegionConfig, Release};
use crate::course::{Course, Next};
use crate::region::{RIGHTS, if_supported};
use crate::state::{Region, Standing};

/// Relation of a master to its regional versions.
const LOCALIZATION: &str = "localization";
/// Logical field with the territories of a licence.
const TERRITORIES: &str = "territories";
/// Logical field with the end of a licence.
const LICENCE_END: &str = "licence_end";
/// The licence covers the region after all.
const COVERED: &str = "covered";

impl Course<'_> {
    /// What stands on a file from its arrival on.
    pub(crate) fn bound_fields(&self, region: &Region) -> Result<AssetUpdate, Error> {
        let config = self.region_config(&region.region)?;
        let fields = [
            ("region", Value::text(region.region.as_str())),
            ("language", Value::text(config.language.as_str())),
            ("master_asset", Value::text(region.master.asset.as_str())),
            (
                "master_version",
                Value::text(region.master.version.as_str()),
            ),
            ("review_state", Value::text("in-review")),
            ("review_run", Value::text(self.cx.run_id())),
        ];
        Ok(field_update(&self.config.fields, &fields))
    }

    /// Store an approved version with tags, relation, inherited fields and album. It is not released
    /// by that.
    pub(crate) fn store(&self, region: &Region, answer: &Answer) -> Result<(), Error> {
        let id = region.file_id();
        let master = self.cx.assets().get(&region.master.asset)?;
        let config = self.region_config(&region.region)?;
        let mut update = self.bound_to(&region.master, &region.region, id)?;
        let reviewed = [
            ("review_state", Value::text("approved")),
            ("reviewed_by", Value::text(answer.actor())),
            (
                "reviewed_at",
                Value::Timestamp(answer.at.unwrap_or_else(|| self.cx.now())),
            ),
            (
                "reviewed_version",
                Value::text(region.file.as_ref().map_or("", |file| &file.version)),
            ),
        ];
        let map = &self.config.fields;
        update.fields.extend(field_update(map, &reviewed).fields);
        for logical in &self.config.store.inherit {
            let value = match logical.as_str() {
                TERRITORIES => Value::Texts(self.narrowed(config, &region.region, &master)),
                _ => map
                    .value(&master.fields, logical)
                    .cloned()
                    .unwrap_or(Value::None),
            };
            if !value.is_empty() || logical == TERRITORIES {
                update.fields.push(Field::new(map.name(logical), value));
            }
        }
        self.write(id, &update)?;
        if self.cx.available(DAM, interfaces::RELATIONS) {
            if_supported(self.cx.relations().link(LOCALIZATION, &master.id, id))?;
        }
        if let Some(album) = region.album.as_ref().filter(|album| !album.is_empty()) {
            self.cx.collections().add(album, id)?;
        }
        Ok(())
    }

    // ---- Rights ---------------------------------------------------------------------------------

    /// The territories of the region that the master's licence names. A licence without territories
    /// is not limited.
    fn narrowed(&self, config: &RegionConfig, code: &str, master: &Asset) -> Vec<String> {
        let wanted = territories(config, code);
        let licensed = self.config.fields.texts(&master.fields, TERRITORIES);
        if licensed.is_empty() {
            return wanted;
        }
        let covered = |code: &String| {
            licensed
                .iter()
                .any(|known| known.eq_ignore_ascii_case(code))
        };
        wanted.into_iter().filter(covered).collect()
    }

    /// Why the master's licence does not cover the region.
    fn uncovered(&self, region: &Region) -> Result<Option<String>, Error> {
        let master = self.cx.assets().get(&region.master.asset)?;
        let config = self.region_config(&region.region)?;
        let narrowed = self.narrowed(config, &region.region, &master);
        let wanted = territories(config, &region.region);
        let missing = wanted.into_iter().filter(|code| !narrowed.contains(code));
        let missing: Vec<_> = missing.collect();
        if !missing.is_empty() {
            let missing = missing.join(", ");
            return Ok(Some(format!(
                "the licence of the master does not name {missing}"
            )));
        }
        let end = self.config.fields.value(&master.fields, LICENCE_END);
        let Some(end) = end else {
            return Ok(None);
        };
        // An end that cannot be read is no licence to rely on.
        let over =
            end_of(self.cx, &self.config.calendar, end).map_or(true, |end| end <= self.cx.now());
        Ok(over.then(|| format!("the licence of the master ends {}", end.to_plain())))
    }

    /// The reviewers approved: release it, unless rights or the release rule keep it back.
    pub(crate) fn approved(&self, mut region: Region) -> Next {
        let Some(why) = self.uncovered(&region)? else {
            return self.ready(region);
        };
        region.standing = Standing::RightsReview;
        self.note(
            "release-held",
            &region.file.clone().unwrap_or_default(),
            &why,
        );
        let config = self.region_config(&region.region)?;
        match &self.config.rights_flow {
            Some(flow) => {
                let key = format!("{}:rights:{}", self.cx.business_key(), region.reviews);
                let territories = territories(config, &region.region);
                let input = json!({
                    "asset": region.file_id(),
                    "use": { "channels": [], "territories": territories },
                });
                region.rights_run = Some(self.cx.spawn(flow, &key, &input)?);
            }
            None => {
                let id = format!("{RIGHTS}:{}:{}", region.region, region.reviews);
                let group = &self.config.coordinator_group;
                let question = Question::to_group(&id, &format!("Rights {}", region.region), group)
                    .title(format!(
                        "{}: rights of \"{}\"",
                        region.region, region.master.name
                    ))
                    .text(format!("Its release is held: {why}."))
                    .outcomes(&[COVERED, "not-covered"])
                    .sla(self.config.coordinator_sla);
                self.ask_in(&mut region, question)?;
            }
        }
        self.report(&region)?;
        self.wait_in(region)
    }

    pub(crate) fn rights_reviewed(&self, mut region: Region, ended: &RunEnded) -> Next {
        if region.rights_run.as_ref() != Some(&ended.run) {
            return self.wait_in(region);
        }
        region.rights_run = None;
        let cleared = self.config.rights_cleared.contains(&ended.outcome);
        self.rights_decided(
            region,
            cleared,
            &format!("the review of rights: {}", ended.outcome),
        )
    }

    pub(crate) fn coordinator_answered(&self, region: Region, answer: &Answer) -> Next {
        if region.standing != Standing::RightsReview {
            return self.wait_in(region);
        }
        let why = format!("{}: {}", answer.actor(), answer.outcome);
        self.rights_decided(region, answer.outcome == COVERED, &why)
    }

    fn rights_decided(&self, mut region: Region, cleared: bool, why: &str) -> Next {
        if cleared {
            let config = self.region_config(&region.region)?;
            let territories = Value::Texts(territories(config, &region.region));
            self.write_fields(region.file_id(), &[(TERRITORIES, territories)])?;
            return self.ready(region);
        }
        self.restrict(region.file_id(), "rights-refused", why)?;
        region.standing = Standing::Stopped;
        self.report(&region)?;
        region.desk.close(self.cx, "rights-refused")?;
        Ok(Step::complete(region.into_state(), "rights-refused", why))
    }

    // ---- Release --------------------------------------------------------------------------------

    /// Everything is decided: release it now or when the others are ready.
    pub(crate) fn ready(&self, mut region: Region) -> Next {
        if region.released || self.config.release == Release::PerRegion {
            return self.publish(region);
        }
        region.standing = Standing::Ready;
        self.report(&region)?;
        self.wait_in(region)
    }

    fn publish(&self, mut region: Region) -> Next {
        let Some(now) = present(self.cx, region.file_id())? else {
            region.gone_since.get_or_insert(self.cx.now());
            return self.wait_in(region);
        };
        let reviewed = region
            .file
            .as_ref()
            .map_or("", |file| file.version.as_str());
        if now.version != reviewed {
            self.review_anew(&mut region, &now)?;
            return self.wait_in(region);
        }
        let update = AssetUpdate::default().status(AssetStatus::Approved);
        let written = forebay_sdk::blocks::write(self.cx, &now, &update)?;
        if written == forebay_sdk::blocks::Written::Overtaken {
            let now = self.cx.assets().get(&now.id)?;
            self.review_anew(&mut region, &now)?;
            return self.wait_in(region);
        }
        self.supersede(&region.previous, region.file_id())?;
        region.standing = Standing::Approved;
        let code = &region.region;
        let summary = format!("{} is the version for {code}", region.file_id());
        self.note(
            "released",
            &region.file.clone().unwrap_or_default(),
            &summary,
        );
        self.report(&region)?;
        region.desk.close(self.cx, "approved")?;
        Ok(Step::complete(region.into_state(), "approved", summary))
    }
}

/// The territories a region stands for.
fn territories(config: &RegionConfig, code: &str) -> Vec<String> {
    if config.territories.is_empty() {
        vec![code.to_owned()]
    } else {
        config.territories.clone()
    }
}
