//! Addresses, pages and error words of the API. Every path ends with a slash.

use forebay_sdk::http::{RequestBuilder, Response, encode_component};
use forebay_sdk::types::VendorReply;
use forebay_sdk::{Error, OrAbsent};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::Iconik;
use crate::wire::Page;

/// Pages of one list that are read at most. A hundred thousand objects is more than any list that is
/// read whole may have; beyond it something goes in circles.
const MOST_PAGES: u32 = 1_000;

impl Iconik {
    /// Address of a path below `/API/`.
    pub(crate) fn url(&self, path: &str) -> String {
        format!(
            "{}/API/{path}",
            self.settings.base_url.trim_end_matches('/')
        )
    }

    /// Address below an asset of the asset service; `rest` ends with a slash or is empty.
    pub(crate) fn asset_url(&self, asset: &str, rest: &str) -> String {
        self.url(&format!(
            "assets/v1/assets/{}/{rest}",
            encode_component(asset)
        ))
    }

    /// One page of a list, counted from 1. A page past the end, which iconik answers with 404, is an
    /// empty one.
    pub(crate) fn page<T: DeserializeOwned>(
        &self,
        request: RequestBuilder<'_>,
        page: u32,
    ) -> Result<Page<T>, Error> {
        let request = request
            .query("page", page)
            .query("per_page", self.settings.page_size);
        let response = if page > 1 {
            request.send().or_absent()?
        } else {
            Some(request.send()?)
        };
        response.map_or_else(|| Ok(Page::default()), |response| response.json())
    }

    /// A list to its end.
    pub(crate) fn all<T: DeserializeOwned>(
        &self,
        url: &str,
        query: &[(&str, &str)],
    ) -> Result<Vec<T>, Error> {
        let mut all = Vec::new();
        for number in 1..=MOST_PAGES {
            let mut request = self.http.get(url);
            for (name, value) in query {
                request = request.query(name, value);
            }
            let page: Page<T> = self.page(request, number)?;
            let more = page.has_next();
            all.extend(page.objects);
            if !more {
                return Ok(all);
            }
        }
        Err(endless(url))
    }

    /// A list that pages by the id of the last object, to its end. An object that is gone has none.
    pub(crate) fn all_by_last_id<T: DeserializeOwned + HasId>(
        &self,
        url: &str,
        query: &[(&str, &str)],
    ) -> Result<Vec<T>, Error> {
        let mut all: Vec<T> = Vec::new();
        for _ in 0..MOST_PAGES {
            let last = all.last().map(|object| object.id().to_owned());
            let mut request = self
                .http
                .get(url)
                .query("per_page", self.settings.page_size);
            for (name, value) in query {
                request = request.query(name, value);
            }
            let request = request.query_opt("last_id", last.as_deref());
            let Some(response) = request.send().or_absent()? else {
                return Ok(all);
            };
            let page: Page<T> = response.json()?;
            let full = page.objects.len() >= self.settings.page_size as usize;
            let moves = page.objects.last().map(HasId::id) != last.as_deref();
            if moves {
                all.extend(page.objects);
            }
            if !full || !moves {
                return Ok(all);
            }
        }
        Err(endless(url))
    }
}

/// What a list pages by.
pub(crate) trait HasId {
    /// The object's id.
    fn id(&self) -> &str;
}

fn endless(url: &str) -> Error {
    Error::unavailable(format!("the list {url} has no end"))
}

/// iconik says errors as a list, or as a map by field.
pub(crate) fn words(response: &Response) -> VendorReply {
    let body: Json = serde_json::from_slice(&response.body).unwrap_or_default();
    let message = match &body["errors"] {
        Json::Array(errors) => errors.iter().map(plain).collect::<Vec<_>>().join("; "),
        Json::Object(errors) => errors
            .iter()
            .map(|(field, error)| format!("{field}: {}", plain(error)))
            .collect::<Vec<_>>()
            .join("; "),
        Json::Null => response.text(),
        other => plain(other),
    };
    VendorReply {
        status: Some(response.status),
        code: None,
        message,
        request_id: response.header("x-request-id").map(str::to_owned),
    }
}

fn plain(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
