//! Search over assets.
//!
//! The index comes late and does not hold everything, so it only says which assets there are; each
//! is then read in full.

use forebay_sdk::assets::{AssetPage, Comparison, Filter, Query, SortBy};
use forebay_sdk::{Error, OrAbsent, paging, time};
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

use crate::Iconik;
use crate::settings::StatusSource;
use crate::wire::{Page, RawAsset};

impl Iconik {
    /// One page of the search service. Signed addresses and history are for people.
    pub(crate) fn search_page<T: DeserializeOwned>(
        &self,
        body: &Json,
        size: u32,
    ) -> Result<Page<T>, Error> {
        self.http
            .post(self.url("search/v1/search/"))
            .query("page", 1)
            .query("per_page", size)
            .query("generate_signed_url", false)
            .query("save_search_history", false)
            .json(body)
            .send()?
            .json()
    }

    pub(crate) fn found(&self, query: &Query) -> Result<AssetPage, Error> {
        let mut terms = vec![json!({"name": "status", "value": "ACTIVE"})];
        for filter in &query.filters {
            terms.push(self.term(filter)?);
        }
        let (name, order) = match query.sort {
            SortBy::ModifiedAscending => ("date_modified", "asc"),
            SortBy::ModifiedDescending => ("date_modified", "desc"),
            SortBy::NameAscending => ("title", "asc"),
        };
        let mut body = json!({
            "query": query.text.clone().unwrap_or_default(),
            "doc_types": ["assets"],
            "filter": {"operator": "AND", "terms": terms},
            "sort": [{"name": name, "order": order}],
            "include_fields": ["id"],
        });
        if let Some(after) = paging::decode::<Vec<Json>>(query.page.as_deref())? {
            body["search_after"] = json!(after);
        }
        let size = query.limit.clamp(1, self.settings.search_page_size);
        let page: Page<RawAsset> = self.search_page(&body, size)?;
        let last = page.objects.last().map(|document| &document.sort);
        let last = last.filter(|sort| !sort.is_empty() && page.objects.len() >= size as usize);
        let next = last.map(paging::encode).transpose()?;
        let mut assets = Vec::new();
        for document in &page.objects {
            // What has gone since the index was written is not there.
            if let Some(raw) = self.raw_asset(&document.id).or_absent()? {
                assets.push(self.whole(&raw)?);
            }
        }
        Ok(AssetPage {
            assets,
            next,
            total: page.total.and_then(|total| u64::try_from(total).ok()),
        })
    }

    fn term(&self, filter: &Filter) -> Result<Json, Error> {
        let name = self.term_name(&filter.subject)?;
        Ok(match &filter.comparison {
            Comparison::OneOf(texts) => {
                json!({"name": name, "value_in": self.words(&filter.subject, texts)})
            }
            Comparison::AtLeast(at) => {
                json!({"name": name, "range": {"min": time::to_rfc3339(*at)}})
            }
            // The vendor's range holds its end, ours does not.
            Comparison::Before(at) => {
                json!({"name": name, "range": {"max": time::to_rfc3339(at.saturating_sub(1))}})
            }
            Comparison::Present => json!({"name": name, "exists": true}),
            Comparison::Absent => json!({"name": name, "missing": true}),
        })
    }

    /// The vendor's spelling of what is compared.
    fn words(&self, subject: &str, texts: &[String]) -> Vec<String> {
        let words = &self.settings.status_words;
        let spelled = |text: &String| match text.as_str() {
            "pending" => words.pending.clone(),
            "approved" => words.approved.clone(),
            "restricted" => words.restricted.clone(),
            "expired" => words.expired.clone(),
            "rejected" => words.rejected.clone(),
            other => other.to_owned(),
        };
        if subject == "status" {
            texts.iter().map(spelled).collect()
        } else {
            texts.to_vec()
        }
    }

    fn term_name(&self, subject: &str) -> Result<String, Error> {
        let metadata = |name: &str| {
            if name.is_empty() {
                let message = format!("no metadata field is set up for {subject}");
                Err(Error::unsupported(message))
            } else {
                Ok(format!("metadata.{name}"))
            }
        };
        match subject {
            "kind" => Ok("media_type".to_owned()),
            "container" => Ok("in_collections".to_owned()),
            "created" => Ok("date_created".to_owned()),
            "modified" => Ok("date_modified".to_owned()),
            "expires" => metadata(&self.settings.expiry_field),
            "tag" => metadata(&self.settings.tags_field),
            "status" if self.settings.status_source == StatusSource::Field => {
                metadata(&self.settings.status_field)
            }
            "status" => Err(Error::unsupported(
                "iconik's search does not know approvals; keep the status in a field (setting status_source) to search by it",
            )),
            other => match other.strip_prefix("field:") {
                Some(name) => metadata(name),
                None => {
                    let message = format!("assets cannot be searched by {other}");
                    Err(Error::invalid(message).with_field("filters"))
                }
            },
        }
    }
}
