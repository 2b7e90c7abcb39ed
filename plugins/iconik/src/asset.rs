//! An asset as the contract wants it, put together from the asset, metadata, approval and file
//! services.

use forebay_sdk::assets::{
    ApprovalStatus, Asset, AssetKind, AssetPage, AssetSource, AssetStatus, AssetUpdate, Container,
    Link, Query, Updated,
};
use forebay_sdk::http::encode_component;
use forebay_sdk::{Entity, Error, Field, FieldsExt, OrAbsent, Timestamp, Value, time};
use serde_json::Value as Json;

use crate::Iconik;
use crate::settings::StatusSource;
use crate::values::{decode, plain, standing};
use crate::wire::{Metadata, Page, RawAsset, View};

impl AssetSource for Iconik {
    fn get(&self, id: &str) -> Result<Asset, Error> {
        self.whole(&self.raw_asset(id)?)
    }

    fn search(&self, query: &Query) -> Result<AssetPage, Error> {
        self.found(query)
    }

    fn update(&self, id: &str, update: &AssetUpdate) -> Result<Updated, Error> {
        self.write(id, update)
    }
}

impl Iconik {
    /// The asset itself. One in the delete queue is read like any other.
    pub(crate) fn raw_asset(&self, id: &str) -> Result<RawAsset, Error> {
        let url = self.asset_url(id, "");
        let request = self.http.get(url).query("include_collections", true);
        request.send()?.json()
    }

    /// The asset with all that belongs to it.
    pub(crate) fn whole(&self, raw: &RawAsset) -> Result<Asset, Error> {
        let fields = self.metadata(&raw.id)?;
        let (status, vendor_status) = self.status_of(raw, &fields)?;
        let media = self.media(raw)?;
        let mut links = vec![Link {
            rel: "detail".to_owned(),
            href: format!(
                "{}/asset/{}",
                self.settings.web(),
                encode_component(&raw.id)
            ),
        }];
        links.extend(media.links);
        Ok(Asset {
            id: raw.id.clone(),
            name: raw.title.clone(),
            kind: media.kind.unwrap_or(AssetKind::Other),
            status,
            vendor_status,
            version: raw.current_id(self.settings.current_version).to_owned(),
            change_token: change_token(raw),
            checksum: media.checksum,
            size: media.size,
            created_at: raw.created(),
            created_by: raw.created_by_user.clone(),
            modified_at: raw.modified(),
            modified_by: raw.updated_by_user.clone(),
            expires_at: expiry(&fields, &self.settings.expiry_field),
            trashed: raw.is_trashed(),
            readiness: media.readiness,
            tags: texts(fields.value(&self.settings.tags_field)),
            fields,
            containers: self.containers(raw)?,
            links,
            extra: extra(raw),
        })
    }

    /// Values through the configured view. An asset that has none has no values.
    pub(crate) fn metadata(&self, id: &str) -> Result<Vec<Field>, Error> {
        let view = self.view()?;
        let response = self
            .http
            .get(self.metadata_url(id, view))
            .send()
            .or_absent()?;
        let Some(response) = response else {
            return Ok(Vec::new());
        };
        let metadata: Metadata = response.json()?;
        let present = view
            .fields
            .iter()
            .filter(|field| metadata.metadata_values.contains_key(&field.name));
        Ok(present
            .map(|field| {
                let values = standing(&metadata.metadata_values, &field.name);
                Field::new(field.name.as_str(), decode(field, &values))
            })
            .collect())
    }

    pub(crate) fn metadata_url(&self, id: &str, view: &View) -> String {
        let (id, view) = (encode_component(id), encode_component(&view.id));
        self.url(&format!("metadata/v1/assets/{id}/views/{view}/"))
    }

    /// The configured metadata view, read once per call.
    pub(crate) fn view(&self) -> Result<&View, Error> {
        if let Some(view) = self.view.get() {
            return Ok(view);
        }
        let view = self.read_view()?;
        Ok(self.view.get_or_init(|| view))
    }

    fn read_view(&self) -> Result<View, Error> {
        let id = &self.settings.metadata_view;
        if !id.is_empty() {
            let url = self.url(&format!("metadata/v1/views/{}/", encode_component(id)));
            let found = self.http.get(url).send().or_absent()?;
            let missing = || {
                Error::invalid(format!("there is no metadata view with the id {id}"))
                    .with_field("metadata_view")
            };
            return found.ok_or_else(missing)?.json();
        }
        let name = &self.settings.metadata_view_name;
        let views: Page<View> = self
            .http
            .get(self.url("metadata/v1/views/"))
            .send()?
            .json()?;
        let found = views.objects.into_iter().find(|view| view.name == *name);
        found.ok_or_else(|| {
            Error::invalid(format!("there is no metadata view named {name}"))
                .with_field("metadata_view_name")
        })
    }

    fn status_of(&self, raw: &RawAsset, fields: &[Field]) -> Result<(AssetStatus, String), Error> {
        if self.settings.status_source == StatusSource::Field {
            let word = fields.value(&self.settings.status_field);
            let word = word.map(Value::to_plain).unwrap_or_default();
            return Ok((self.status_of_word(&word), word));
        }
        let version = raw.current_id(self.settings.current_version);
        if version.is_empty() {
            return Ok((AssetStatus::None, String::new()));
        }
        let approval = self.raw_approval(&raw.id, version)?;
        Ok((status_of_approval(approval.status()), approval.word))
    }

    fn status_of_word(&self, word: &str) -> AssetStatus {
        let words = &self.settings.status_words;
        let known = [
            (&words.pending, AssetStatus::Pending),
            (&words.approved, AssetStatus::Approved),
            (&words.restricted, AssetStatus::Restricted),
            (&words.expired, AssetStatus::Expired),
            (&words.rejected, AssetStatus::Rejected),
        ];
        let found = known
            .into_iter()
            .find(|(known, _)| !known.is_empty() && *known == word);
        found.map_or(AssetStatus::None, |(_, status)| status)
    }

    /// How the status field spells a status; `None` clears it.
    pub(crate) fn word_of_status(&self, status: AssetStatus) -> Value {
        let words = &self.settings.status_words;
        let word = match status {
            AssetStatus::Pending => &words.pending,
            AssetStatus::Approved => &words.approved,
            AssetStatus::Restricted => &words.restricted,
            AssetStatus::Expired => &words.expired,
            AssetStatus::Rejected => &words.rejected,
            AssetStatus::None => return Value::None,
        };
        Value::text(word.as_str())
    }

    fn containers(&self, raw: &RawAsset) -> Result<Vec<Container>, Error> {
        raw.collections()
            .map(|id| {
                Ok(Container {
                    entity: Entity::new("collection", id),
                    path: self.collection_path(id)?,
                })
            })
            .collect()
    }

    /// Path of a collection by titles, with a leading slash. Absent where it is gone, or out of the
    /// reach of the credentials.
    pub(crate) fn collection_path(&self, id: &str) -> Result<Option<String>, Error> {
        if let Some(known) = self.paths.borrow().get(id) {
            return Ok(known.clone());
        }
        let id_part = encode_component(id);
        let url = self.url(&format!("assets/v1/collections/{id_part}/full/path/"));
        let path = match self.http.get(url).send().or_absent() {
            Ok(Some(response)) => Some(slashed(&plain(&response.json::<Json>()?))),
            Ok(None) | Err(Error::Denied(_)) => None,
            Err(error) => return Err(error),
        };
        self.paths.borrow_mut().insert(id.to_owned(), path.clone());
        Ok(path)
    }
}

/// A path with exactly one slash in front and none at its end.
pub(crate) fn slashed(path: &str) -> String {
    format!("/{}", path.trim_matches('/'))
}

/// What changes whenever the asset changes: its modification time.
pub(crate) fn change_token(raw: &RawAsset) -> String {
    time::to_rfc3339(raw.modified())
}

/// The contract's word for an approval. Disagreement is an open question, not a refusal.
pub(crate) fn status_of_approval(status: ApprovalStatus) -> AssetStatus {
    match status {
        ApprovalStatus::None => AssetStatus::None,
        ApprovalStatus::Requested | ApprovalStatus::Mixed => AssetStatus::Pending,
        ApprovalStatus::Approved => AssetStatus::Approved,
        ApprovalStatus::NotApproved => AssetStatus::Rejected,
    }
}

/// The end of rights; a date ends with its day.
fn expiry(fields: &[Field], name: &str) -> Option<Timestamp> {
    match fields.value(name)? {
        Value::Timestamp(at) => Some(*at),
        Value::Date(date) => time::end_of_date(date),
        other => time::parse_lenient(&other.to_plain()),
    }
}

fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Texts(texts)) => texts.clone(),
        Some(value) if !value.is_empty() => vec![value.to_plain()],
        _ => Vec::new(),
    }
}

fn extra(raw: &RawAsset) -> Vec<Field> {
    let known = [
        ("type", raw.kind.clone()),
        ("archive_status", raw.archive_status.clone()),
        ("external_id", raw.external_id.clone().unwrap_or_default()),
    ];
    let filled = known.into_iter().filter(|(_, value)| !value.is_empty());
    filled
        .map(|(name, value)| Field::new(name, value))
        .collect()
}
