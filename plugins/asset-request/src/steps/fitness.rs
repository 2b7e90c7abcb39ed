//! Does an asset fit what was asked for: its rights, its format, its length?

use forebay_sdk::assets::{Asset, AssetStatus};
use forebay_sdk::blocks::end_of;
use forebay_sdk::{Cx, Error, FieldsExt, Timestamp, Value, time};

use super::Request;
use crate::config::Config;

/// The date that stands for the end of rights the DAM itself keeps.
const DAM_EXPIRY: &str = "expiry";
/// How far a width may be off the format that was asked for: encoders round to even numbers.
const FORMAT_TOLERANCE: f64 = 0.02;
/// Seconds a cut may be longer or shorter than asked for.
const DURATION_TOLERANCE: f64 = 1.0;

/// What the rights of an asset do not cover, in words; empty where they cover all that was asked for.
pub(crate) fn missing_rights(
    cx: &Cx,
    config: &Config,
    request: &Request,
    asset: &Asset,
) -> Result<Vec<String>, Error> {
    let mut missing = Vec::new();
    for part in &config.search.rights_must_cover {
        match part.as_str() {
            "due_date" => missing.extend(too_early(cx, config, request, asset)?),
            "channels" => {
                let wanted = request.meaning(config, "channels");
                missing.extend(uncovered(
                    config,
                    asset,
                    "channel",
                    &config.rights.channels,
                    &wanted,
                ));
            }
            field => {
                let wanted = request.meaning(config, field);
                let field = &config.rights.territories;
                missing.extend(uncovered(config, asset, "territory", field, &wanted));
            }
        }
    }
    Ok(missing)
}

fn uncovered(
    config: &Config,
    asset: &Asset,
    what: &str,
    field: &str,
    wanted: &[String],
) -> Vec<String> {
    let has = config.fields.texts(&asset.fields, field);
    let has: Vec<_> = has
        .iter()
        .flat_map(|text| text.split(','))
        .map(str::trim)
        .collect();
    let everywhere = &config.rights.everywhere;
    if has
        .iter()
        .any(|value| everywhere.contains(&value.to_lowercase()))
    {
        return Vec::new();
    }
    let lacking = wanted
        .iter()
        .filter(|value| !has.iter().any(|known| known.eq_ignore_ascii_case(value)));
    lacking
        .map(|value| format!("{what} {value} is missing"))
        .collect()
}

fn too_early(
    cx: &Cx,
    config: &Config,
    request: &Request,
    asset: &Asset,
) -> Result<Option<String>, Error> {
    let needed = due(cx, config, request).map_or(cx.now(), |due| due.max(cx.now()));
    let end = match rights_end(cx, config, asset) {
        Ok(end) => end,
        Err(error) => return Ok(Some(format!("nobody knows when rights end: {error}"))),
    };
    let early = end.filter(|end| *end < needed);
    Ok(early.map(|end| format!("rights end on {}", day(cx, config, end))))
}

/// The earliest end of an asset's rights.
///
/// # Errors
/// `invalid` where a field holds what is no date.
pub(crate) fn rights_end(
    cx: &Cx,
    config: &Config,
    asset: &Asset,
) -> Result<Option<Timestamp>, Error> {
    let mut earliest: Option<Timestamp> = None;
    for field in &config.rights.ends {
        let values = if field == DAM_EXPIRY {
            asset.expires_at.map(Value::Timestamp).into_iter().collect()
        } else {
            let texts = config.fields.texts(&asset.fields, field);
            texts.into_iter().map(Value::Text).collect::<Vec<_>>()
        };
        for value in values {
            let end = end_of(cx, &config.calendar, &value)?;
            earliest = Some(earliest.map_or(end, |known| known.min(end)));
        }
    }
    Ok(earliest)
}

/// When a request is due; none where it names no date.
pub(crate) fn due(cx: &Cx, config: &Config, request: &Request) -> Option<Timestamp> {
    let date = request.meaning(config, "due_date").into_iter().next()?;
    end_of(cx, &config.calendar, &Value::Text(date)).ok()
}

/// The day that a point in time ends or lies in, for people: a day ends where the next begins.
pub(crate) fn day(cx: &Cx, config: &Config, at: Timestamp) -> String {
    let at = at - 1;
    let local = cx.local_date(&config.calendar.zone, at);
    local.unwrap_or_else(|_| time::to_date(at).unwrap_or_default())
}

/// Why media is not in the format or length that its line names, as far as the DAM knows both.
pub(crate) fn wrong_format(
    config: &Config,
    request: &Request,
    line: &str,
    asset: &Asset,
) -> Option<String> {
    let number = |name: &str| {
        let own = asset.extra.value(name).map(Value::to_plain);
        let field = || config.fields.texts(&asset.fields, name).into_iter().next();
        own.or_else(field)?
            .trim_end_matches('s')
            .trim()
            .parse::<f64>()
            .ok()
    };
    let words: Vec<_> = line.split_whitespace().collect();
    let ratio = words.iter().find_map(|word| {
        let (width, height) = word.split_once(':')?;
        Some(width.parse::<f64>().ok()? / height.parse::<f64>().ok()?)
    });
    if let (Some(ratio), Some(width), Some(height)) = (ratio, number("width"), number("height"))
        && (width / height / ratio - 1.0).abs() > FORMAT_TOLERANCE
    {
        return Some(format!("it is {width} × {height}, `{line}` was asked for"));
    }
    let of_line = words.iter().enumerate().find_map(|(index, word)| {
        let digits = word.trim_end_matches('s');
        let unit = digits.len() < word.len() || words.get(index + 1) == Some(&"s");
        unit.then(|| digits.parse::<f64>().ok()).flatten()
    });
    let of_request = || {
        let texts = request.meaning(config, "duration").into_iter().next();
        texts?.trim_end_matches('s').trim().parse::<f64>().ok()
    };
    let wanted = of_line.or_else(of_request)?;
    let found = number("duration")?;
    let off = (found - wanted).abs() > DURATION_TOLERANCE;
    off.then(|| format!("it is {found} s long, {wanted} s were asked for"))
}

/// May an asset of this status be delivered?
pub(crate) fn may_be_delivered(config: &Config, status: AssetStatus) -> bool {
    let word = word(status);
    config
        .search
        .status
        .iter()
        .any(|known| known.eq_ignore_ascii_case(word))
}

/// A status in the product's words.
pub(crate) fn word(status: AssetStatus) -> &'static str {
    match status {
        AssetStatus::Pending => "pending",
        AssetStatus::Approved => "approved",
        AssetStatus::Restricted => "restricted",
        AssetStatus::Expired => "expired",
        AssetStatus::Rejected => "rejected",
        AssetStatus::None => "none",
    }
}
