//! Search and paged lists.

use std::cmp::Ordering;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Response};
use forebay_model::Timestamp;
use http::StatusCode;
use serde_json::{Value, json};

use super::auth::Caller;
use super::library::Asset;
use super::values::{ContentId, Scheme};
use super::{Sim, Tenant, render, with};

/// Results per page where the caller asks for no number.
const DEFAULT_LIMIT: usize = 100;

/// Most results per page, however many the caller asks for: what known clients use.
const LARGEST_LIMIT: usize = 1000;

/// Query parameters in the order they came.
pub(super) struct Parameters(pub(super) Vec<(String, String)>);

impl Parameters {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self
            .0
            .iter()
            .find(|(key, value)| key == name && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn number(&self, name: &str, default: usize) -> Result<usize, String> {
        let Some(text) = self.get(name) else {
            return Ok(default);
        };
        text.parse().map_err(|_| format!("{name} is not a number"))
    }
}

/// `GET /api/v1/search`
pub(super) async fn search(
    State(sim): State<Sim>,
    _caller: Caller,
    Query(query): Query<Vec<(String, String)>>,
) -> Response {
    with(&sim, |tenant, now| {
        answer(tenant, now, &Parameters(query), |_| true)
    })
}

/// `GET /api/v1/{scheme}`
pub(super) async fn by_scheme(
    State(sim): State<Sim>,
    _caller: Caller,
    Path(scheme): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
) -> Response {
    let Some(scheme) = Scheme::parse(&scheme) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    with(&sim, |tenant, now| {
        answer(tenant, now, &Parameters(query), |id| id.scheme == scheme)
    })
}

/// The page of a list that is neither searched nor sorted.
pub(super) fn paged(results: Vec<Value>, parameters: &Parameters) -> Response {
    let number = |name, default| parameters.number(name, default);
    let (start, limit) = match (number("start", 0), number("limit", DEFAULT_LIMIT)) {
        (Ok(start), Ok(limit)) => (start, limit.min(LARGEST_LIMIT)),
        (Err(why), _) | (_, Err(why)) => return (StatusCode::BAD_REQUEST, why).into_response(),
    };
    let found = results.len();
    let results: Vec<Value> = results.into_iter().skip(start).take(limit).collect();
    Json(json!({"results": results, "start": start, "limit": limit, "found": found}))
        .into_response()
}

/// The page of assets that `scope` lets through and the parameters ask for.
pub(super) fn answer(
    tenant: &Tenant,
    now: Timestamp,
    parameters: &Parameters,
    scope: impl Fn(&ContentId) -> bool,
) -> Response {
    match page(tenant, now, parameters, scope) {
        Ok(page) => Json(page).into_response(),
        Err(why) => (StatusCode::BAD_REQUEST, why).into_response(),
    }
}

fn page(
    tenant: &Tenant,
    now: Timestamp,
    parameters: &Parameters,
    scope: impl Fn(&ContentId) -> bool,
) -> Result<Value, String> {
    let start = parameters.number("start", 0)?;
    let limit = parameters
        .number("limit", DEFAULT_LIMIT)?
        .min(LARGEST_LIMIT);
    let mut found = Vec::new();
    for asset in tenant
        .library
        .all_visible(now)
        .filter(|asset| scope(&asset.id))
    {
        if matches(tenant, asset, parameters)? {
            found.push(asset);
        }
    }
    let sort_by = parameters.get("sortBy").unwrap_or("time");
    let direction = parameters.get("sortDirection").unwrap_or("descending");
    found.sort_by(|a, b| {
        let order = compare(a, b, sort_by);
        if direction == "ascending" {
            order
        } else {
            order.reverse()
        }
    });
    let results: Vec<Value> = found
        .iter()
        .skip(start)
        .take(limit)
        .map(|asset| render::asset(tenant, asset, now))
        .collect();
    Ok(json!({
        "facets": [],
        "results": results,
        "limit": limit,
        "start": start,
        "found": found.len(),
        "sortBy": sort_by,
        "sortDirection": direction,
        "matchExpr": "",
    }))
}

fn compare(a: &Asset, b: &Asset, by: &str) -> Ordering {
    let by_key = match by {
        "name" => a.name.cmp(&b.name),
        "scheme" => a.id.scheme.cmp(&b.id.scheme),
        "owner" => a.owner.cmp(&b.owner),
        "size" => a.current().content.len().cmp(&b.current().content.len()),
        _ => a.modified.cmp(&b.modified),
    };
    by_key.then_with(|| a.id.cmp(&b.id))
}

/// Do all filters of the query hold?
fn matches(tenant: &Tenant, asset: &Asset, parameters: &Parameters) -> Result<bool, String> {
    for (name, value) in parameters.0.iter().filter(|(_, value)| !value.is_empty()) {
        let holds = match name.as_str() {
            "keyword" => contains_text(asset, value),
            "scheme" => value.split('|').any(|word| word == asset.id.scheme.word()),
            "approval" => tenant.library.status(asset).eq_ignore_ascii_case(value),
            "owner" => asset.owner == *value,
            "tags" | "tagsLiteral" => labelled(&asset.tags, value),
            "keywords" => labelled(&asset.keywords, value),
            "created" | "createdTime" => within_seconds(asset.created, value)?,
            "uploadedTime" => within_seconds(asset.current().created, value)?,
            "lastModified" => within_seconds(asset.modified, value)?,
            "fileSize" => within(asset.current().content.len() as i64, value)?,
            _ => match name.strip_suffix(".keyword") {
                Some(field) => field_is(tenant, asset, field, value),
                // Parameters it does not know do not filter.
                None => true,
            },
        };
        if !holds {
            return Ok(false);
        }
    }
    Ok(true)
}

fn contains_text(asset: &Asset, wanted: &str) -> bool {
    let wanted = wanted.to_lowercase();
    let texts = [&asset.name].into_iter().chain(asset.properties.values());
    texts
        .chain(&asset.tags)
        .chain(&asset.keywords)
        .any(|text| text.to_lowercase().contains(&wanted))
}

/// `+a+b` asks for all, `|a|b` for any. A plus sign may arrive as a space.
fn labelled(labels: &std::collections::BTreeSet<String>, wanted: &str) -> bool {
    if wanted.contains('|') {
        return wanted
            .split('|')
            .filter(|w| !w.is_empty())
            .any(|w| labels.contains(w.trim()));
    }
    wanted
        .split(['+', ' '])
        .filter(|w| !w.is_empty())
        .all(|w| labels.contains(w))
}

/// Dates are filtered in seconds since the epoch, though they are written in another form.
fn within_seconds(time: Timestamp, range: &str) -> Result<bool, String> {
    within(time.0.div_euclid(1000), range)
}

fn within(value: i64, range: &str) -> Result<bool, String> {
    let (min, max) = range
        .split_once("..")
        .ok_or_else(|| format!("not a range: {range}"))?;
    let bound = |text: &str, open: i64| match text {
        "" => Ok(open),
        _ => text
            .parse::<i64>()
            .map_err(|_| format!("not a range: {range}")),
    };
    Ok((bound(min, i64::MIN)?..=bound(max, i64::MAX)?).contains(&value))
}

/// A custom field, by id or display name, equals a quoted text, or has no value.
fn field_is(tenant: &Tenant, asset: &Asset, field: &str, wanted: &str) -> bool {
    let fields = &tenant.library.fields;
    let Some(field) = fields.iter().find(|f| f.id == field || f.name == field) else {
        return false;
    };
    let wanted = wanted.trim_matches('"');
    match asset.fields.get(&field.name) {
        None | Some(Value::Null) => wanted == "__null__",
        Some(Value::Array(values)) if values.is_empty() => wanted == "__null__",
        Some(Value::Array(values)) => values.iter().any(|value| value == wanted),
        Some(value) => value == wanted,
    }
}
