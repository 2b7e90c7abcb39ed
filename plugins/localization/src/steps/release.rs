//! An approved version is stored beside its master, and released.

use forebay_sdk::assets::{Asset, AssetStatus, AssetUpdate};
use forebay_sdk::blocks::{Answer, Written, field_update, present, write};
use forebay_sdk::handler::interfaces;
use forebay_sdk::{Error, Field, Value};

use super::rights::TERRITORIES;
use super::{Steps, if_supported};
use crate::DAM;
use crate::state::Region;

/// Relation of a master to its regional versions.
const LOCALIZATION: &str = "localization";

/// What came of releasing a version.
pub(crate) enum Published {
    /// It is released.
    Yes,
    /// It is not what was reviewed any more, but this.
    Changed(Box<Asset>),
    /// It is deleted.
    Gone,
}

impl Steps<'_> {
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

    /// Release the version as it was reviewed.
    pub(crate) fn publish(&self, region: &Region) -> Result<Published, Error> {
        let Some(now) = present(self.cx, region.file_id())? else {
            return Ok(Published::Gone);
        };
        let reviewed = region.file.as_ref().map_or("", |file| &file.version);
        if now.version != reviewed {
            return Ok(Published::Changed(Box::new(now)));
        }
        let update = AssetUpdate::default().status(AssetStatus::Approved);
        if write(self.cx, &now, &update)? == Written::Overtaken {
            let now = self.cx.assets().get(&now.id)?;
            return Ok(Published::Changed(Box::new(now)));
        }
        Ok(Published::Yes)
    }
}
