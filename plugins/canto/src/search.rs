//! Finding assets. What Canto can filter is sent along; every condition is checked again on what
//! comes back, so that a tenant that ignores a parameter does not return what was not asked for.

use forebay_sdk::assets::{Asset, AssetPage, Comparison, Filter, Query, SortBy};
use forebay_sdk::http::encode_component;
use forebay_sdk::{Error, FieldsExt, Timestamp, Value, paging, time};

use crate::Canto;
use crate::date;
use crate::scan::Position;
use crate::settings::status_word;
use crate::wire::{Page, SCHEMES};

/// Most of Canto's pages read for one page of results. A call lasts seconds: ten pages of a hundred
/// assets stay within them.
const PAGES_AT_ONCE: u32 = 10;

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
    /// A page of what holds. Where Canto cannot filter by a condition its pages are read on until one
    /// has something, so that a scan for few assets among many is not many empty pages.
    pub(crate) fn find_assets(&self, query: &Query) -> Result<AssetPage, Error> {
        let request = self.request(query)?;
        let limit = self.settings.page(query.limit);
        let mut at: Position = paging::decode(query.page.as_deref())?.unwrap_or_default();
        let mut pages = 0;
        loop {
            let page = self.search_page(&request, &query.filters, at, limit)?;
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
            let found = page.found.and_then(|found| u64::try_from(found).ok());
            let total = at.total.or(found).filter(|_| request.complete);
            pages += 1;
            match at.after(&page, limit, query.sort) {
                Some(next) if assets.is_empty() && pages < PAGES_AT_ONCE => at = next,
                next => {
                    return Ok(AssetPage {
                        assets,
                        next: next.map(|next| paging::encode(&next)).transpose()?,
                        total,
                    });
                }
            }
        }
    }

    fn search_page(
        &self,
        request: &Request,
        filters: &[Filter],
        at: Position,
        limit: u32,
    ) -> Result<Page, Error> {
        let mut read = self
            .read(&request.path)
            .query("start", at.start)
            .query("limit", limit);
        let spans = spans(filters, at.from_second);
        for (name, value) in request.parameters.iter().chain(&spans) {
            read = read.query(name, value);
        }
        self.confirmed(read.send())?.json()
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
                // Spans of time are sent together, see `spans`; seconds are not exact.
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

/// Spans of time, in seconds since 1970. Both ends are rounded outwards. A scan's lower bound of the
/// modification time may be further up already.
fn spans(filters: &[Filter], scanned_to: Option<i64>) -> Vec<(String, String)> {
    let second = |at: Timestamp| at.div_euclid(time::SECOND);
    let mut spans = Vec::new();
    for (subject, parameter) in [("created", "created"), ("modified", "lastModified")] {
        let of_subject = filters.iter().filter(|filter| filter.subject == subject);
        let mut from = scanned_to.filter(|_| subject == "modified");
        let mut to = None::<i64>;
        for filter in of_subject {
            match filter.comparison {
                Comparison::AtLeast(at) => from = from.max(Some(second(at))),
                Comparison::Before(at) => to = Some(to.map_or(second(at), |to| to.min(second(at)))),
                _ => {}
            }
        }
        if from.is_some() || to.is_some() {
            // An open end is written as the largest number of seconds that Canto is known to take: a
            // 32-bit one.
            let (from, to) = (from.unwrap_or(0), to.unwrap_or(i64::from(i32::MAX)));
            spans.push((parameter.to_owned(), format!("{from}..{to}")));
        }
    }
    spans
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
        Comparison::OneOf(places) if filter.subject == "container" => texts
            .iter()
            .any(|place| places.iter().any(|wanted| is_within(place, wanted))),
        Comparison::OneOf(wanted) => texts
            .iter()
            .any(|text| wanted.iter().any(|word| word.eq_ignore_ascii_case(text))),
        Comparison::AtLeast(from) => at.is_some_and(|at| at >= *from),
        Comparison::Before(to) => at.is_some_and(|at| at < *to),
        Comparison::Present => at.is_some() || !texts.is_empty(),
        Comparison::Absent => at.is_none() && texts.is_empty(),
    })
}

/// Is a container the wanted one, or by its path below it?
fn is_within(place: &str, wanted: &str) -> bool {
    let wanted = wanted.trim_end_matches('/');
    place == wanted
        || place
            .strip_prefix(wanted)
            .is_some_and(|rest| wanted.starts_with('/') && rest.starts_with('/'))
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
