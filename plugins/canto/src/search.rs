//! Finding assets. What Canto can filter is sent along; every condition is checked again on what
//! comes back, so that a tenant that ignores a parameter does not return what was not asked for.

use forebay_sdk::assets::{Asset, AssetPage, Comparison, Filter, Query, SortBy};
use forebay_sdk::http::encode_component;
use forebay_sdk::{Error, FieldsExt, Timestamp, Value, paging, time};

use crate::Canto;
use crate::date;
use crate::settings::status_word;
use crate::wire::{Page, SCHEMES};

/// How Canto's search names "no value".
const NO_VALUE: &str = "\"__null__\"";

/// What a query is at Canto.
#[derive(Debug, Default, PartialEq, Eq)]
struct Request {
    /// Where to search: everything, or one container.
    path: String,
    parameters: Vec<(String, String)>,
    /// Canto filters by all conditions: its count is the count.
    complete: bool,
}

impl Canto {
    pub(crate) fn find_assets(&self, query: &Query) -> Result<AssetPage, Error> {
        let request = self.request(query)?;
        let start: u64 = paging::decode(query.page.as_deref())?.unwrap_or_default();
        let limit = self.settings.page(query.limit);
        let mut read = self
            .read(&request.path)
            .query("start", start)
            .query("limit", limit);
        for (name, value) in &request.parameters {
            read = read.query(name, value);
        }
        let page: Page = self.confirmed(read.send())?.json()?;
        let next = page
            .more(start, limit)
            .then(|| start + page.results.len() as u64);
        let mut assets = Vec::new();
        for content in page
            .results
            .iter()
            .filter(|content| content.content_id().is_some())
        {
            let asset = self.asset(content);
            if all_hold(&asset, &query.filters)? {
                assets.push(asset);
            }
        }
        let total = page.found.and_then(|found| u64::try_from(found).ok());
        Ok(AssetPage {
            assets,
            next: next.map(|start| paging::encode(&start)).transpose()?,
            total: total.filter(|_| request.complete),
        })
    }

    fn request(&self, query: &Query) -> Result<Request, Error> {
        let (by, direction) = match query.sort {
            SortBy::ModifiedAscending => ("time", "ascending"),
            SortBy::ModifiedDescending => ("time", "descending"),
            SortBy::NameAscending => ("name", "ascending"),
        };
        let mut request = Request {
            path: "/api/v1/search".to_owned(),
            parameters: vec![
                ("sortBy".to_owned(), by.to_owned()),
                ("sortDirection".to_owned(), direction.to_owned()),
            ],
            complete: true,
        };
        request
            .parameters
            .extend(query.text.clone().map(|text| ("keyword".to_owned(), text)));
        for filter in &query.filters {
            let exact = self.push(&mut request, filter)?;
            request.complete &= exact;
        }
        request.push_spans(&query.filters);
        Ok(request)
    }

    /// Let Canto filter by a condition as far as it can; says whether it does so exactly.
    fn push(&self, request: &mut Request, filter: &Filter) -> Result<bool, Error> {
        let mut add = |name: &str, value: String| {
            request.parameters.push((name.to_owned(), value));
        };
        match (filter.subject.as_str(), &filter.comparison) {
            ("kind", Comparison::OneOf(kinds)) => {
                let known: Vec<_> = kinds
                    .iter()
                    .filter(|kind| SCHEMES.contains(&kind.as_str()))
                    .cloned()
                    .collect();
                add("scheme", known.join("|"));
                Ok(!known.is_empty())
            }
            ("status", Comparison::OneOf(words)) => {
                // Canto takes one status; a word of the contract may stand for several of its own.
                let native = !self.settings.approval.custom_field;
                let known = words.first().map(|word| self.settings.statuses.words(word));
                match known.as_deref() {
                    Some([word]) if native && words.len() == 1 => {
                        add("approval", word.to_lowercase());
                        Ok(true)
                    }
                    _ => Ok(false),
                }
            }
            ("tag", Comparison::OneOf(tags)) => {
                let any: String = tags.iter().map(|tag| format!("|{tag}")).collect();
                add("tags", any);
                Ok(true)
            }
            ("container", Comparison::OneOf(places)) => match places.as_slice() {
                [place] => {
                    request.path = self.container_path(place)?;
                    Ok(true)
                }
                _ => Ok(false),
            },
            (subject, comparison) => match (subject.strip_prefix("field:"), comparison) {
                (Some(name), Comparison::OneOf(values)) if values.len() == 1 => {
                    self.push_field(request, name, format!("\"{}\"", values[0]))
                }
                (Some(name), Comparison::Absent) => {
                    self.push_field(request, name, NO_VALUE.to_owned())
                }
                // Spans of time are sent together, see `push_spans`; seconds are not exact.
                _ => Ok(false),
            },
        }
    }

    /// Custom fields are filtered by their id.
    fn push_field(&self, request: &mut Request, name: &str, value: String) -> Result<bool, Error> {
        let fields = self.custom_fields()?;
        let Some(field) = fields.into_iter().find(|field| field.name == name) else {
            return Ok(false);
        };
        let id = if field.id.is_empty() {
            field.name
        } else {
            field.id
        };
        request.parameters.push((format!("{id}.keyword"), value));
        Ok(true)
    }

    /// Where to search in a container, named by its id or its path.
    fn container_path(&self, place: &str) -> Result<String, Error> {
        let found = match place.starts_with('/') {
            true => self.find_collection(place)?.map(|collection| collection.id),
            false => Some(place.to_owned()),
        };
        let id = found.ok_or_else(|| Error::not_found(format!("there is no container {place}")))?;
        let (scheme, id) = crate::collections::parse(&id)?;
        Ok(format!("/api/v1/{scheme}/{}", encode_component(id)))
    }
}

impl Request {
    /// Spans of time, in seconds since 1970. Both ends are rounded outwards.
    fn push_spans(&mut self, filters: &[Filter]) {
        for (subject, parameter) in [("created", "created"), ("modified", "lastModified")] {
            let of_subject = filters.iter().filter(|filter| filter.subject == subject);
            let (mut from, mut to) = (None::<Timestamp>, None::<Timestamp>);
            for filter in of_subject {
                match filter.comparison {
                    Comparison::AtLeast(at) => from = Some(from.map_or(at, |from| from.max(at))),
                    Comparison::Before(at) => to = Some(to.map_or(at, |to| to.min(at))),
                    _ => {}
                }
            }
            if from.is_some() || to.is_some() {
                let second = |at: Timestamp| at.div_euclid(time::SECOND);
                // An open end is written as the largest number of seconds that Canto is known to
                // take: a 32-bit one.
                let (from, to) = (
                    from.map_or(0, second),
                    to.map_or(i64::from(i32::MAX), second),
                );
                self.parameters
                    .push((parameter.to_owned(), format!("{from}..{to}")));
            }
        }
    }
}

fn all_hold(asset: &Asset, filters: &[Filter]) -> Result<bool, Error> {
    for filter in filters {
        if !holds(asset, filter)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn holds(asset: &Asset, filter: &Filter) -> Result<bool, Error> {
    let (texts, at) = seen(asset, &filter.subject)?;
    Ok(match &filter.comparison {
        // The container was asked for by itself: a folder shows what is in the albums below it.
        Comparison::OneOf(places) if filter.subject == "container" && places.len() == 1 => true,
        Comparison::OneOf(wanted) => texts
            .iter()
            .any(|text| wanted.iter().any(|word| word.eq_ignore_ascii_case(text))),
        Comparison::AtLeast(from) => at.is_some_and(|at| at >= *from),
        Comparison::Before(to) => at.is_some_and(|at| at < *to),
        Comparison::Present => at.is_some() || !texts.is_empty(),
        Comparison::Absent => at.is_none() && texts.is_empty(),
    })
}

/// What an asset has of a subject: as texts and, where it is one, as a point in time.
fn seen(asset: &Asset, subject: &str) -> Result<(Vec<String>, Option<Timestamp>), Error> {
    let at = |at: Option<Timestamp>| (Vec::new(), at);
    Ok(match subject {
        "status" => {
            let words = [status_word(asset.status), &asset.vendor_status];
            let words = words
                .into_iter()
                .filter(|word| !word.is_empty() && *word != "none");
            (words.map(str::to_owned).collect(), None)
        }
        // An asset's id begins with its scheme, which is the word for its kind.
        "kind" => (
            asset.id.split('/').take(1).map(str::to_owned).collect(),
            None,
        ),
        "tag" => (asset.tags.clone(), None),
        "created" => at(Some(asset.created_at)),
        "modified" => at(Some(asset.modified_at)),
        "expires" => at(asset.expires_at),
        "container" => {
            let ids = asset.containers.iter().map(|place| place.entity.id.clone());
            let paths = asset
                .containers
                .iter()
                .filter_map(|place| place.path.clone());
            (ids.chain(paths).collect(), None)
        }
        _ => {
            let name = subject.strip_prefix("field:").ok_or_else(|| {
                Error::invalid(format!("`{subject}` cannot be searched by")).with_field("filters")
            })?;
            let value = asset.fields.value(name).filter(|value| !value.is_empty());
            let texts = match value {
                None => Vec::new(),
                Some(Value::Texts(texts)) => texts.clone(),
                Some(value) => vec![value.to_plain()],
            };
            let at = texts.first().and_then(|text| date::parse(text));
            (texts, at)
        }
    })
}
