//! Reading and writing one asset: fresh, guarded, only what differs (rules C-05, C-11, C-13, C-23).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{FieldMap, Span, WorkCalendar};
use crate::capability::assets::{Asset, AssetUpdate, Share, ShareQuery, Updated};
use crate::handler::Cx;
use crate::types::{Error, Timestamp, Value};
use crate::{OrAbsent, paging, time};

/// Attempts to write to an asset that changes at the same time.
const WRITE_ATTEMPTS: u32 = 3;

/// What happens when somebody changed a watched field meanwhile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnConflict {
    /// Write what the flow decided.
    #[default]
    ProductWins,
    /// Leave what stands in the DAM.
    DamWins,
    /// Let an operator look.
    Park,
}

/// What became of a write.
#[derive(Clone, Debug, PartialEq)]
pub enum Written {
    /// The asset stands as wanted.
    Yes(Box<Updated>),
    /// Nothing was written: another version has come meanwhile.
    Overtaken,
}

/// How long a deleted asset may come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AssetGone {
    /// Some vendors report deletions before restorations.
    pub grace: Span,
}

impl Default for AssetGone {
    fn default() -> Self {
        Self {
            grace: Span::Minutes(15),
        }
    }
}

impl AssetGone {
    /// When an asset that went at this time is given up (rule C-13).
    ///
    /// # Errors
    /// `invalid` if the calendar cannot be used.
    pub fn given_up_at(
        self,
        cx: &Cx,
        calendar: &WorkCalendar,
        since: Timestamp,
    ) -> Result<Timestamp, Error> {
        self.grace.after(cx, calendar, since, 100)
    }
}

/// The asset, unless it is deleted or in the trash.
///
/// # Errors
/// Those of `asset-source.get` but `not-found`.
pub fn present(cx: &Cx, id: &str) -> Result<Option<Asset>, Error> {
    let asset = cx.assets().get(id).or_absent()?;
    Ok(asset.filter(|asset| !asset.trashed))
}

/// The shares of an asset that have not ended.
///
/// # Errors
/// Those of `sharing.list`.
pub fn shares_of(cx: &Cx, asset: &str) -> Result<Vec<Share>, Error> {
    let (shares, _) = paging::collect(usize::MAX, |page| {
        let query = ShareQuery {
            asset: Some(asset.to_owned()),
            collection: None,
            external_id: None,
            include_ended: false,
            page: page.map(str::to_owned),
        };
        let found = cx.sharing().list(&query)?;
        Ok((found.shares, found.next))
    })?;
    Ok(shares)
}

/// Write to an asset as it was read. If somebody changes it at the same time it is read again; if
/// that change brought another version nothing is written.
///
/// # Errors
/// Those of `asset-source.update`.
pub fn write(cx: &Cx, asset: &Asset, update: &AssetUpdate) -> Result<Written, Error> {
    let mut token = asset.change_token.clone();
    for attempt in 1.. {
        let guarded = update.clone().guard(&token);
        match cx.assets().update(&asset.id, &guarded) {
            Ok(updated) => return Ok(Written::Yes(Box::new(updated))),
            Err(error) if error.is_conflict() && attempt < WRITE_ATTEMPTS => {
                let now = cx.assets().get(&asset.id)?;
                if now.version != asset.version {
                    return Ok(Written::Overtaken);
                }
                token = now.change_token;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Written::Overtaken)
}

/// Write what holds for every version of an asset: also to a version that has come meanwhile.
///
/// # Errors
/// Those of `asset-source.get` and `asset-source.update`.
pub fn write_any_version(cx: &Cx, asset: &Asset, update: &AssetUpdate) -> Result<(), Error> {
    if write(cx, asset, update)? == Written::Overtaken {
        let now = cx.assets().get(&asset.id)?;
        write(cx, &now, update)?;
    }
    Ok(())
}

/// An update of logical fields; one that is mapped to an empty name is not written.
#[must_use]
pub fn field_update(map: &FieldMap, fields: &[(&str, Value)]) -> AssetUpdate {
    let mut update = AssetUpdate::default();
    for (logical, value) in fields {
        let name = map.name(logical);
        if !name.is_empty() {
            update = update.field(name, value.clone());
        }
    }
    update
}

/// A text value, or none for an empty text.
#[must_use]
pub fn text_or_none(text: impl Into<String>) -> Value {
    let text = text.into();
    if text.is_empty() {
        Value::None
    } else {
        Value::Text(text)
    }
}

/// Where the asset is filed, by path.
#[must_use]
pub fn paths(asset: &Asset) -> Vec<String> {
    let places = asset.containers.iter();
    places.filter_map(|place| place.path.clone()).collect()
}

/// Take an asset out of a collection. Where the DAM cannot, or the asset is not in it, nothing happens.
///
/// # Errors
/// Those of `collections.remove` but `unsupported` and `not-found`.
pub fn leave_collection(cx: &Cx, collection: &str, asset: &str) -> Result<(), Error> {
    match cx.collections().remove(collection, asset) {
        Err(error) if error.is_unsupported() || error.is_not_found() => Ok(()),
        other => other,
    }
}

/// The end that a date or a point in time names; a date means the end of that day in the calendar's
/// zone.
///
/// # Errors
/// `invalid` where it is neither.
pub fn end_of(cx: &Cx, calendar: &WorkCalendar, value: &Value) -> Result<Timestamp, Error> {
    if let Value::Timestamp(at) | Value::Integer(at) = value {
        return Ok(*at);
    }
    let text = value.to_plain();
    let text = text.trim();
    if time::start_of_date(text).is_some() {
        return cx.end_of_day(&calendar.zone, text);
    }
    time::parse_lenient(text).ok_or_else(|| Error::invalid(format!("`{text}` is not a date")))
}

/// A template with `{name}` replaced by what `lookup` knows. A slash in a value would make another
/// folder of a path and is written as a dash.
///
/// # Errors
/// `invalid`, naming the name that nobody knows or the brace that is open.
pub fn fill(template: &str, lookup: impl Fn(&str) -> Option<String>) -> Result<String, Error> {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, behind) = after
            .split_once('}')
            .ok_or_else(|| Error::invalid(format!("`{template}` has an open brace")))?;
        let value = lookup(name).ok_or_else(|| {
            Error::invalid(format!("there is no {name}, which `{template}` needs")).with_field(name)
        })?;
        filled.push_str(before);
        filled.push_str(&value.replace('/', "-"));
        rest = behind;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// A hold: while the field says yes, nothing of what it blocks is done to the asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LegalHold {
    /// Logical field that says yes.
    pub field: String,
    /// What it blocks: archive, delete, purge.
    pub blocks: Vec<String>,
}

impl Default for LegalHold {
    fn default() -> Self {
        Self {
            field: "legal_hold".to_owned(),
            blocks: ["archive", "delete", "purge"].map(str::to_owned).to_vec(),
        }
    }
}

impl LegalHold {
    /// Does the hold forbid this action on this asset? An unreadable value counts as yes.
    #[must_use]
    pub fn forbids(&self, map: &FieldMap, asset: &Asset, action: &str) -> bool {
        let blocked = self.blocks.iter().any(|blocked| blocked == action);
        blocked && self.is_set(map, asset)
    }

    /// Is the hold set?
    #[must_use]
    pub fn is_set(&self, map: &FieldMap, asset: &Asset) -> bool {
        let texts = map.texts(&asset.fields, &self.field);
        let no = ["", "no", "false", "0", "none", "nein"];
        texts.iter().any(|text| {
            let text = text.trim().to_lowercase();
            !no.contains(&text.as_str())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{START, Script};

    #[test]
    fn templates_are_filled_or_say_what_is_missing() {
        let lookup = |name: &str| (name == "campaign").then(|| "Spring/27".to_owned());
        assert_eq!(fill("/A/{campaign}/x", lookup).unwrap(), "/A/Spring-27/x");
        assert!(
            fill("/A/{region}", lookup)
                .unwrap_err()
                .message()
                .contains("region")
        );
        assert!(fill("/A/{", lookup).is_err());
    }

    #[test]
    fn a_date_means_the_end_of_its_day() {
        let cx = Cx::scripted(Script::new());
        let calendar = WorkCalendar::default();
        let at = |text: &str| end_of(&cx, &calendar, &Value::text(text));
        assert_eq!(
            at("2027-01-31").unwrap(),
            time::parse_rfc3339("2027-02-01T00:00:00Z").unwrap()
        );
        assert_eq!(
            end_of(&cx, &calendar, &Value::Timestamp(START)).unwrap(),
            START
        );
        assert!(at("next week").is_err());
    }

    #[test]
    fn an_asset_leaves_a_collection_where_there_are_some() {
        let dam = std::rc::Rc::new(crate::testing::Library::new());
        dam.add("a1", "/Spring", &[]);
        let cx = Cx::scripted(Script::new().collections(dam.clone()));
        leave_collection(&cx, "/Spring", "a1").unwrap();
        assert!(dam.filed("a1").is_empty());
        let without = Cx::scripted(Script::new());
        leave_collection(&without, "/Spring", "a1").unwrap();
    }
}
