//! What an asset's fields say about its rights.

use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::{Facts, end_of};
use forebay_sdk::{Cx, Timestamp, Value, digest};

use crate::config::{Config, DAM_EXPIRY};

/// When rights end.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum End {
    /// There is no date, and none is needed.
    Open,
    /// There is no date, though an asset of this type must have one.
    Missing(String),
    /// A field holds what nobody can read as a date: field and text.
    Unreadable(String, String),
    /// The earliest date, and all of them with their fields.
    At(Timestamp, Vec<(String, Timestamp)>),
}

/// The end that governs: the earliest of all dates. Missing is never a pass.
pub(crate) fn end(cx: &Cx, config: &Config, asset: &Asset) -> End {
    let mut dates = Vec::new();
    for field in &config.date_fields {
        for value in values(config, asset, field) {
            match end_of(cx, &config.calendar, &value) {
                Ok(at) => dates.push((field.clone(), at)),
                Err(_) => return End::Unreadable(field.clone(), value.to_plain()),
            }
        }
    }
    if let Some(first) = dates.iter().map(|(_, at)| *at).min() {
        return End::At(first, dates);
    }
    match asset_type(config, asset) {
        Some(name) if config.licensed_types.contains(&name) => End::Missing(name),
        _ => End::Open,
    }
}

fn values(config: &Config, asset: &Asset, field: &str) -> Vec<Value> {
    if field == DAM_EXPIRY {
        return asset.expires_at.map(Value::Timestamp).into_iter().collect();
    }
    match config.fields.value(&asset.fields, field) {
        None => Vec::new(),
        Some(Value::Texts(texts)) => texts.iter().map(Value::text).collect(),
        Some(value) => vec![value.clone()],
    }
}

/// The type of an asset.
pub(crate) fn asset_type(config: &Config, asset: &Asset) -> Option<String> {
    let texts = config.fields.texts(&asset.fields, &config.type_field);
    texts.into_iter().next()
}

/// What rules may ask about an asset.
pub(crate) fn facts(config: &Config, asset: &Asset) -> Facts {
    let subjects = config.subjects();
    let known = subjects.map(|subject| {
        let texts = config.fields.texts(&asset.fields, subject);
        (subject.to_owned(), texts)
    });
    known.filter(|(_, texts)| !texts.is_empty()).collect()
}

/// Changes when anything does that a clearance depends on.
pub(crate) fn fingerprint(config: &Config, asset: &Asset) -> String {
    let required = config.clearance.iter().flat_map(|clearance| {
        let needs = clearance.matrix.iter();
        needs.flat_map(|need| need.require.iter())
    });
    let consent = config
        .clearance
        .iter()
        .map(|clearance| &clearance.consent_field);
    let names = ["territories", "usage_rights"];
    let fields = required
        .chain(&config.date_fields)
        .chain(consent)
        .map(String::as_str)
        .chain(names);
    let mut parts: Vec<String> = fields
        .map(|field| {
            format!(
                "{field}={}",
                config.fields.texts(&asset.fields, field).join("|")
            )
        })
        .collect();
    parts.sort_unstable();
    parts.dedup();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    digest::of_parts(&parts)[..16].to_owned()
}
