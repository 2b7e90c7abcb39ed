//! Does the master's licence cover a region? Who decides where it does not.

use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::{Question, end_of};
use forebay_sdk::{Error, Value};
use serde_json::json;

use super::Steps;
use crate::config::RegionConfig;
use crate::state::Region;

/// Question to the coordinator where no flow reviews rights.
pub(crate) const RIGHTS: &str = "rights";
/// The licence covers the region after all.
pub(crate) const COVERED: &str = "covered";
/// Logical field with the territories of a licence.
pub(super) const TERRITORIES: &str = "territories";
/// Logical field with the end of a licence.
const LICENCE_END: &str = "licence_end";

impl Steps<'_> {
    /// The territories of the region that the master's licence names. A licence without territories
    /// is not limited.
    pub(super) fn narrowed(
        &self,
        config: &RegionConfig,
        code: &str,
        master: &Asset,
    ) -> Vec<String> {
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
    pub(crate) fn uncovered(&self, region: &Region) -> Result<Option<String>, Error> {
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

    /// Another flow reviews the rights; its run is awaited.
    pub(crate) fn start_rights_review(&self, region: &mut Region, flow: &str) -> Result<(), Error> {
        let config = self.region_config(&region.region)?;
        let key = format!("{}:rights:{}", self.cx.business_key(), region.reviews);
        let territories = territories(config, &region.region);
        let input = json!({
            "asset": region.file_id(),
            "use": { "channels": [], "territories": territories },
        });
        region.rights_run = Some(self.cx.spawn(flow, &key, &input)?);
        Ok(())
    }

    /// The coordinator says whether the licence covers the region.
    pub(crate) fn ask_about_rights(&self, region: &mut Region, why: &str) -> Result<(), Error> {
        let code = &region.region;
        let id = format!("{RIGHTS}:{code}:{}", region.reviews);
        let group = &self.config.coordinator_group;
        let question = Question::to_group(&id, &format!("Rights {code}"), group)
            .title(format!("{code}: rights of \"{}\"", region.master.name))
            .text(format!("Its release is held: {why}."))
            .outcomes(&[COVERED, "not-covered"])
            .sla(self.config.coordinator_sla);
        self.ask_in(region, question)
    }

    /// The rights are cleared: the file may be used in all of the region.
    pub(crate) fn write_territories(&self, region: &Region) -> Result<(), Error> {
        let config = self.region_config(&region.region)?;
        let territories = Value::Texts(territories(config, &region.region));
        self.write_fields(region.file_id(), &[(TERRITORIES, territories)])
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
