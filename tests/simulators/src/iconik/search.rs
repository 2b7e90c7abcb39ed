//! Search over assets and collections.

use std::cmp::Ordering;

use axum::Json;
use axum::extract::State;
use forebay_model::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::domain::Domain;
use super::http::{Caller, Refusal, paged};
use super::types::Record;
use super::{Sim, with};

/// Body of `POST /API/search/v1/search/`.
#[derive(Deserialize)]
pub(super) struct Criteria {
    #[serde(default)]
    query: String,
    #[serde(default)]
    doc_types: Vec<String>,
    filter: Option<Filter>,
    #[serde(default)]
    sort: Vec<Sort>,
    #[serde(default)]
    include_fields: Vec<String>,
    search_after: Option<Vec<Value>>,
}

#[derive(Deserialize)]
struct Filter {
    #[serde(default)]
    operator: String,
    #[serde(default)]
    terms: Vec<Term>,
    #[serde(default)]
    filters: Vec<Filter>,
}

#[derive(Deserialize)]
struct Term {
    name: String,
    value: Option<Value>,
    value_in: Option<Vec<Value>>,
    range: Option<Range>,
    #[serde(default)]
    exists: bool,
    #[serde(default)]
    missing: bool,
}

#[derive(Deserialize)]
struct Range {
    min: Option<Value>,
    max: Option<Value>,
}

#[derive(Deserialize)]
struct Sort {
    name: String,
    #[serde(default)]
    order: String,
}

/// `POST /API/search/v1/search/`
pub(super) async fn search(
    State(sim): State<Sim>,
    caller: Caller,
    Json(criteria): Json<Criteria>,
) -> Result<Json<Value>, Refusal> {
    let wanted = criteria.query.trim_matches('*').to_lowercase();
    let mut found = with(&sim, |world, now| {
        documents(&world.domain, now, &criteria.doc_types)
    });
    found.retain(|document| {
        let title = document["title"]
            .as_str()
            .unwrap_or_default()
            .to_lowercase();
        title.contains(&wanted) && criteria.filter.as_ref().is_none_or(|f| f.holds(document))
    });
    for document in &mut found {
        // The id makes the order total, as paging by `search_after` needs.
        let keys = criteria
            .sort
            .iter()
            .map(|sort| document[sort.name.as_str()].clone());
        let keys: Vec<Value> = keys.chain([document["id"].clone()]).collect();
        document["_sort"] = keys.into();
    }
    found.sort_by(|a, b| order(&a["_sort"], &b["_sort"], &criteria.sort));
    if let Some(after) = &criteria.search_after {
        let after = Value::Array(after.clone());
        found.retain(|document| {
            order(&document["_sort"], &after, &criteria.sort) == Ordering::Greater
        });
    }
    if !criteria.include_fields.is_empty() {
        found = found
            .into_iter()
            .map(|d| reduced(d, &criteria.include_fields))
            .collect();
    }
    let mut page = paged(&caller, found)?;
    page["facets"] = json!({});
    Ok(page)
}

/// Everything the index holds of the wanted kinds, as readers see it now.
fn documents(domain: &Domain, now: Timestamp, doc_types: &[String]) -> Vec<Value> {
    let wants = |kind: &str| doc_types.is_empty() || doc_types.iter().any(|wanted| wanted == kind);
    let mut documents = Vec::new();
    if wants("assets") {
        for asset in domain.all_visible(now) {
            documents.push(document(
                domain,
                "assets",
                &asset.id,
                domain.asset_record(asset),
            ));
        }
    }
    if wants("segments") {
        for segment in &domain.segments {
            let mut record = segment.clone();
            record.insert("object_type".to_owned(), "segments".into());
            documents.push(Value::Object(record));
        }
    }
    if wants("collections") {
        for collection in domain.collections.values() {
            let record = collection.record();
            documents.push(document(domain, "collections", &collection.id, record));
        }
    }
    documents
}

fn document(domain: &Domain, kind: &str, id: &str, mut record: Record) -> Value {
    let values = domain.metadata.get(&(kind.to_owned(), id.to_owned()));
    let metadata: Map<String, Value> = values
        .into_iter()
        .flatten()
        .map(|(k, v)| (k.clone(), v.clone().into()))
        .collect();
    record.insert("object_type".to_owned(), kind.into());
    record.insert("metadata".to_owned(), metadata.into());
    Value::Object(record)
}

fn reduced(document: Value, keep: &[String]) -> Value {
    let Value::Object(record) = document else {
        return document;
    };
    let always = ["id", "object_type", "_sort"];
    let kept = record
        .into_iter()
        .filter(|(key, _)| always.contains(&key.as_str()) || keep.contains(key));
    Value::Object(kept.collect())
}

impl Filter {
    fn holds(&self, document: &Value) -> bool {
        let mut parts = self
            .terms
            .iter()
            .map(|term| term.holds(document))
            .chain(self.filters.iter().map(|filter| filter.holds(document)));
        if self.operator == "OR" {
            parts.any(|part| part)
        } else {
            parts.all(|part| part)
        }
    }
}

impl Term {
    fn holds(&self, document: &Value) -> bool {
        let standing = match self.name.strip_prefix("metadata.") {
            Some(field) => &document["metadata"][field],
            None => &document[self.name.as_str()],
        };
        let standing: Vec<&Value> = match standing {
            Value::Null => Vec::new(),
            Value::Array(values) => values.iter().collect(),
            value => vec![value],
        };
        let any = |test: &dyn Fn(&Value) -> bool| standing.iter().any(|value| test(value));
        (!self.exists || !standing.is_empty())
            && (!self.missing || standing.is_empty())
            && self
                .value
                .as_ref()
                .is_none_or(|wanted| any(&|value| value == wanted))
            && self
                .value_in
                .as_ref()
                .is_none_or(|wanted| any(&|value| wanted.contains(value)))
            && self
                .range
                .as_ref()
                .is_none_or(|range| any(&|value| range.holds(value)))
    }
}

impl Range {
    fn holds(&self, value: &Value) -> bool {
        let at_least = self
            .min
            .as_ref()
            .is_none_or(|min| compare(value, min) != Ordering::Less);
        let at_most = self
            .max
            .as_ref()
            .is_none_or(|max| compare(value, max) != Ordering::Greater);
        at_least && at_most
    }
}

/// Dates by time however they are written, numbers by size, the rest as text.
fn compare(a: &Value, b: &Value) -> Ordering {
    if let (Some(a), Some(b)) = (a.as_f64(), b.as_f64()) {
        return a.total_cmp(&b);
    }
    let (a, b) = (
        a.as_str().unwrap_or_default(),
        b.as_str().unwrap_or_default(),
    );
    match (a.parse::<Timestamp>(), b.parse::<Timestamp>()) {
        (Ok(a), Ok(b)) => a.cmp(&b),
        _ => a.cmp(b),
    }
}

fn order(a: &Value, b: &Value, sort: &[Sort]) -> Ordering {
    let none = Vec::new();
    let (a, b) = (a.as_array().unwrap_or(&none), b.as_array().unwrap_or(&none));
    for (position, (a, b)) in a.iter().zip(b).enumerate() {
        let descending = sort.get(position).is_some_and(|sort| sort.order == "desc");
        let order = compare(a, b);
        let order = if descending { order.reverse() } else { order };
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}
