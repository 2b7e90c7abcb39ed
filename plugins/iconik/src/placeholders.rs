//! Placeholders: assets of the type `PLACEHOLDER`, which media arrives in later. The external id of an
//! asset is ours, and makes creating one safe to repeat.

use forebay_sdk::assets::{
    AssetSource, AssetUpdate, Collections, PlaceholderRequest, Placeholders,
};
use forebay_sdk::{Error, OrAbsent};
use serde_json::json;

use crate::Iconik;
use crate::wire::RawAsset;

impl Placeholders for Iconik {
    /// Looks for the external id in the collection, which knows at once, and in the search index,
    /// which comes late. So without a collection a lost reply leaves it open whether there is one.
    fn create(&self, request: &PlaceholderRequest) -> Result<String, Error> {
        let id = match self.placed(request)? {
            Some(standing) => standing,
            None if request.collection.is_none() && self.call.previous_unknown() => {
                let message = "a placeholder may have been made, and cannot be found yet";
                return Err(Error::uncertain(message));
            }
            None => self.create_placeholder(request)?,
        };
        if let Some(collection) = &request.collection {
            Collections::add(self, collection, &id)?;
        }
        if !request.fields.is_empty() {
            let update = AssetUpdate {
                fields: request.fields.clone(),
                ..AssetUpdate::default()
            };
            AssetSource::update(self, &id, &update)?;
        }
        Ok(id)
    }
}

impl Iconik {
    fn placed(&self, request: &PlaceholderRequest) -> Result<Option<String>, Error> {
        let ours = |raw: &RawAsset| raw.external_id.as_ref() == Some(&request.external_id);
        if let Some(collection) = &request.collection {
            let url = self.collection_url(collection, "contents/");
            let inside: Vec<RawAsset> = self.all(&url, &[("object_types", "assets")])?;
            if let Some(found) = inside.into_iter().find(ours) {
                return Ok(Some(found.id));
            }
        }
        let body = json!({
            "query": "", "doc_types": ["assets"], "include_fields": ["id"],
            "filter": {"operator": "AND", "terms": [
                {"name": "external_id", "value": request.external_id},
                {"name": "status", "value": "ACTIVE"},
            ]},
            "sort": [{"name": "date_created", "order": "asc"}],
        });
        for hit in self
            .search_page::<RawAsset>(&body, self.settings.search_page_size)?
            .objects
        {
            // The index may take a word for another, and may hold what is gone.
            let raw = self.raw_asset(&hit.id).or_absent()?;
            if let Some(raw) = raw.filter(|raw| ours(raw) && !raw.is_trashed()) {
                return Ok(Some(raw.id));
            }
        }
        Ok(None)
    }

    fn create_placeholder(&self, request: &PlaceholderRequest) -> Result<String, Error> {
        let mut body = json!({
            "title": request.title, "type": "PLACEHOLDER", "external_id": request.external_id,
        });
        if let Some(collection) = &request.collection {
            body["collection_id"] = json!(collection);
        }
        let call = self.http.post(self.url("assets/v1/assets/")).json(&body);
        // Repeating looks for the external id first.
        let response = call.send_effect()?.or_repeat()?;
        Ok(response.json::<RawAsset>()?.id)
    }
}
