//! The summary on the master: for each region where it stands, its asset, and the version of the
//! master it is made from. Written as `DE: approved | image/7 | v1; FR: not-needed | - | v1`, and
//! read back when a master comes again.

use std::collections::BTreeMap;

use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::present;
use forebay_sdk::{Error, FieldsExt, Value};

use super::Steps;
use crate::state::{Campaign, Entry, Region, Standing};

/// Between regions.
const BETWEEN: &str = "; ";
/// Where a region has no asset.
const NO_ASSET: &str = "-";

pub(crate) type Matrix = BTreeMap<String, Entry>;

/// As the master shows it.
pub(crate) fn write(matrix: &Matrix) -> String {
    let entry = |(code, entry): (&String, &Entry)| {
        let asset = if entry.asset.is_empty() {
            NO_ASSET
        } else {
            &entry.asset
        };
        let (word, version) = (entry.standing.word(), &entry.version);
        format!("{code}: {word} | {asset} | {version}")
    };
    let entries: Vec<_> = matrix.iter().map(entry).collect();
    entries.join(BETWEEN)
}

/// What a master shows. What a person garbled is left out: such a region counts as not begun.
pub(crate) fn read(text: &str) -> Matrix {
    text.split(BETWEEN).filter_map(read_entry).collect()
}

fn read_entry(text: &str) -> Option<(String, Entry)> {
    let (code, rest) = text.trim().split_once(": ")?;
    let mut parts = rest.split(" | ");
    let word = parts.next()?;
    let standing = Standing::ALL
        .into_iter()
        .find(|known| known.word() == word)?;
    let asset = parts.next()?;
    let entry = Entry {
        standing,
        asset: if asset == NO_ASSET { "" } else { asset }.to_owned(),
        version: parts.next()?.to_owned(),
        ..Entry::default()
    };
    Some((code.to_owned(), entry))
}

impl Steps<'_> {
    /// The summary on the master.
    pub(crate) fn show(&self, campaign: &Campaign, asset: &Asset) -> Result<(), Error> {
        let map = &self.config.fields;
        let mut assets = map.texts(&asset.fields, "localized_assets");
        for entry in campaign.regions.values() {
            if !entry.asset.is_empty() && !assets.contains(&entry.asset) {
                assets.push(entry.asset.clone());
            }
        }
        let state = write(&campaign.regions);
        let shown = asset.fields.value(map.name("localization_state"));
        let is_shown = shown.is_some_and(|shown| shown.to_plain() == state);
        if is_shown && map.texts(&asset.fields, "localized_assets") == assets {
            return Ok(());
        }
        let fields = [
            ("localization_state", Value::Text(state)),
            ("localized_assets", Value::Texts(assets)),
            ("localization_run", Value::text(self.cx.run_id())),
        ];
        self.write_fields(&asset.id, &fields)
    }

    /// The same by a region whose master's run has ended.
    pub(super) fn show_alone(&self, region: &Region) -> Result<(), Error> {
        let Some(master) = present(self.cx, &region.master.asset)? else {
            return Ok(());
        };
        let map = &self.config.fields;
        let shown = map.texts(&master.fields, "localization_state").join("; ");
        let mut regions = read(&shown);
        let entry = regions.entry(region.region.clone()).or_default();
        entry.standing = region.standing;
        entry.version.clone_from(&region.master.version);
        let mut assets = map.texts(&master.fields, "localized_assets");
        if !region.file_id().is_empty() {
            region.file_id().clone_into(&mut entry.asset);
            if !assets.contains(&entry.asset) {
                assets.push(entry.asset.clone());
            }
        }
        let fields = [
            ("localization_state", Value::Text(write(&regions))),
            ("localized_assets", Value::Texts(assets)),
        ];
        self.write_fields(&master.id, &fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_what_is_garbled_is_left_out() {
        let text = "DE: approved | image/7 | v1; FR: not-needed | - | v1; IT: in-review | x | v2";
        assert_eq!(write(&read(text)), text);
        assert_eq!(read("DE approved; FR: fine | - | v1; : ").len(), 0);
    }
}
