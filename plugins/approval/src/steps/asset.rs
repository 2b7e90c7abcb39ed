//! How the DAM is read and written: one asset, guarded, and where it is filed.

use forebay_sdk::assets::{Asset, AssetUpdate, Container};
use forebay_sdk::blocks::{self, Written, paths};
use forebay_sdk::{Error, Field, Value};

use super::Steps;
use crate::state::State;

impl Steps<'_> {
    /// The asset, unless it is deleted or in the trash.
    pub(crate) fn present(&self, state: &State) -> Result<Option<Asset>, Error> {
        blocks::present(self.cx, &state.asset)
    }

    /// Write to an asset as it was read. If somebody changes it at the same time it is read again;
    /// if that change brought another version nothing is written.
    pub(crate) fn write(&self, asset: &Asset, update: &AssetUpdate) -> Result<Written, Error> {
        blocks::write(self.cx, asset, update)
    }

    /// Put an access template on the asset, and note what stood there before.
    pub(crate) fn put_template(&self, state: &State, template: Option<&str>) -> Result<(), Error> {
        let Some(template) = template else {
            return Ok(());
        };
        let before = match self.cx.access().snapshot(&state.asset) {
            Ok(before) => before.summary,
            Err(error) if error.is_unsupported() => String::new(),
            Err(error) => return Err(error),
        };
        self.cx.access().apply(&state.asset, template)?;
        let mut record = self.record("access-changed", "system", state);
        record.details = vec![Field::new("before", before), Field::new("after", template)];
        self.cx.decision(&record);
        Ok(())
    }

    /// The paths an asset is to be put into; `{field}` stands for a logical field's value.
    pub(super) fn filled_paths(
        &self,
        asset: &Asset,
        paths: &[String],
    ) -> Result<Vec<String>, Error> {
        paths.iter().map(|path| self.fill(path, asset)).collect()
    }

    fn fill(&self, template: &str, asset: &Asset) -> Result<String, Error> {
        let mut filled = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, behind) = after.split_once('}').ok_or_else(|| {
                Error::invalid(format!("the path `{template}` has an open brace"))
            })?;
            let value = self
                .config
                .fields
                .value(&asset.fields, name)
                .ok_or_else(|| {
                    Error::invalid(format!(
                        "the asset has no {name}, which the path `{template}` needs"
                    ))
                    .with_field(name)
                })?;
            filled.push_str(before);
            // A slash in a value would make another folder of it.
            filled.push_str(&value.to_plain().replace('/', "-"));
            rest = behind;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    /// Put the asset into collections, which are made where they are missing.
    pub(crate) fn put_in(&self, state: &State, paths: &[String]) -> Result<(), Error> {
        for path in paths {
            let collection = self.cx.collections().create(path)?;
            self.cx.collections().add(&collection.id, &state.asset)?;
        }
        Ok(())
    }

    /// Take the asset out of these collections.
    pub(crate) fn take_out_of(&self, asset: &Asset, places: &[Container]) -> Result<(), Error> {
        for place in places {
            self.cx.collections().remove(&place.entity.id, &asset.id)?;
        }
        Ok(())
    }

    /// Take the asset out of the collections of these paths.
    pub(super) fn take_out(&self, state: &State, paths: &[String]) -> Result<(), Error> {
        for path in paths {
            if let Some(collection) = self.cx.collections().find(path)? {
                self.cx.collections().remove(&collection.id, &state.asset)?;
            }
        }
        Ok(())
    }
}

/// What the filters ask about, from the asset itself.
pub(super) fn known(asset: &Asset) -> Vec<Field> {
    let uploader = asset
        .created_by
        .iter()
        .map(|user| Field::new("uploader", user.as_str()));
    let rest = [
        Field::new("kind", asset.kind.as_str()),
        Field::new("name", asset.name.as_str()),
        Field::new("paths", Value::Texts(paths(asset))),
    ];
    uploader.chain(rest).collect()
}
