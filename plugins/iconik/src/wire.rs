//! The vendor's JSON, decoded leniently: what is missing or `null` is empty.

use forebay_sdk::{Timestamp, lenient, time};
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::api::HasId;
use crate::settings::CurrentVersion;

/// The envelope of a list.
#[derive(Debug, Deserialize)]
pub(crate) struct Page<T> {
    #[serde(
        default = "Vec::new",
        deserialize_with = "lenient::list",
        bound(deserialize = "T: serde::de::DeserializeOwned")
    )]
    pub(crate) objects: Vec<T>,
    #[serde(default, deserialize_with = "lenient::integer")]
    page: i64,
    #[serde(default, deserialize_with = "lenient::integer")]
    pages: i64,
    #[serde(default, deserialize_with = "lenient::optional_integer")]
    pub(crate) total: Option<i64>,
    #[serde(default, deserialize_with = "lenient::string")]
    next_url: String,
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self {
            objects: Vec::new(),
            page: 0,
            pages: 0,
            total: None,
            next_url: String::new(),
        }
    }
}

impl<T> Page<T> {
    /// Is there a page after this one?
    pub(crate) fn has_next(&self) -> bool {
        !self.objects.is_empty() && (self.page < self.pages || !self.next_url.is_empty())
    }
}

/// A date as iconik writes it.
pub(crate) fn moment(text: Option<&String>) -> Option<Timestamp> {
    text.and_then(|text| time::parse_lenient(text))
}

/// An asset, from the asset service, the search index or the delete queue.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawAsset {
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) id: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) title: String,
    #[serde(rename = "type", deserialize_with = "lenient::string")]
    pub(crate) kind: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) status: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) archive_status: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) media_type: String,
    #[serde(deserialize_with = "lenient::optional_string")]
    pub(crate) external_id: Option<String>,
    #[serde(deserialize_with = "lenient::optional_string")]
    pub(crate) created_by_user: Option<String>,
    #[serde(deserialize_with = "lenient::optional_string")]
    pub(crate) updated_by_user: Option<String>,
    #[serde(deserialize_with = "lenient::optional_string")]
    date_created: Option<String>,
    #[serde(deserialize_with = "lenient::optional_string")]
    date_modified: Option<String>,
    #[serde(deserialize_with = "lenient::optional_string")]
    date_deleted: Option<String>,
    #[serde(deserialize_with = "lenient::optional_string")]
    pub(crate) deleted_by_user: Option<String>,
    #[serde(deserialize_with = "lenient::list")]
    in_collections: Vec<Json>,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) versions: Vec<RawVersion>,
    /// Only in the search index: values by field.
    #[serde(deserialize_with = "lenient::or_default")]
    pub(crate) metadata: Map<String, Json>,
    /// Only in search results: where this one stands in the order.
    #[serde(rename = "_sort", deserialize_with = "lenient::list")]
    pub(crate) sort: Vec<Json>,
}

impl RawAsset {
    pub(crate) fn created(&self) -> Timestamp {
        moment(self.date_created.as_ref()).unwrap_or_default()
    }

    pub(crate) fn modified(&self) -> Timestamp {
        moment(self.date_modified.as_ref()).unwrap_or_else(|| self.created())
    }

    pub(crate) fn deleted(&self) -> Option<Timestamp> {
        moment(self.date_deleted.as_ref())
    }

    pub(crate) fn is_trashed(&self) -> bool {
        self.status == "DELETED"
    }

    /// Ids of the collections it is in.
    pub(crate) fn collections(&self) -> impl Iterator<Item = &str> {
        self.in_collections
            .iter()
            .filter_map(|entry| entry.as_str().or_else(|| entry["id"].as_str()))
    }

    /// Its current version, of those that can be used.
    pub(crate) fn current(&self, rule: CurrentVersion) -> Option<&RawVersion> {
        let mut usable = self.versions.iter().filter(|version| version.is_usable());
        match rule {
            CurrentVersion::Last => usable.next_back(),
            CurrentVersion::First => usable.next(),
            CurrentVersion::HighestNumber => usable.max_by_key(|version| version.number),
        }
    }

    /// Id of its current version; empty where it has none.
    pub(crate) fn current_id(&self, rule: CurrentVersion) -> &str {
        self.current(rule).map_or("", |version| &version.id)
    }
}

/// A version of an asset.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawVersion {
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) id: String,
    #[serde(rename = "version_number", deserialize_with = "lenient::integer")]
    pub(crate) number: i64,
    #[serde(deserialize_with = "lenient::string")]
    status: String,
    #[serde(deserialize_with = "lenient::optional_string")]
    pub(crate) created_by_user: Option<String>,
    #[serde(deserialize_with = "lenient::optional_string")]
    date_created: Option<String>,
}

impl RawVersion {
    pub(crate) fn created(&self) -> Option<Timestamp> {
        moment(self.date_created.as_ref())
    }

    /// Neither failed nor gone.
    pub(crate) fn is_usable(&self) -> bool {
        !matches!(self.status.as_str(), "FAILED" | "DELETING" | "DELETED")
    }
}

/// A metadata view: the fields that can be read and written together.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct View {
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) id: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) name: String,
    #[serde(rename = "view_fields", deserialize_with = "lenient::list")]
    pub(crate) fields: Vec<RawField>,
}

impl View {
    pub(crate) fn field(&self, name: &str) -> Option<&RawField> {
        self.fields.iter().find(|field| field.name == name)
    }
}

/// A metadata field's definition.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawField {
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) name: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) label: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) field_type: String,
    #[serde(deserialize_with = "lenient::or_default")]
    pub(crate) multi: bool,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) options: Vec<RawOption>,
    #[serde(deserialize_with = "lenient::or_default")]
    pub(crate) required: bool,
    #[serde(deserialize_with = "lenient::or_default")]
    pub(crate) read_only: bool,
}

/// A choice of a field.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawOption {
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) value: String,
}

/// Values of an object through a view.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Metadata {
    #[serde(deserialize_with = "lenient::or_default")]
    pub(crate) metadata_values: Map<String, Json>,
}

/// A file or a proxy.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawFile {
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) id: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) name: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) version_id: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) file_set_id: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) status: String,
    #[serde(rename = "type", deserialize_with = "lenient::string")]
    pub(crate) kind: String,
    #[serde(deserialize_with = "lenient::optional_string")]
    pub(crate) checksum: Option<String>,
    #[serde(deserialize_with = "lenient::optional_integer")]
    pub(crate) size: Option<i64>,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) url: String,
}

impl HasId for RawFile {
    fn id(&self) -> &str {
        &self.id
    }
}

impl RawFile {
    /// Nothing of it grows or is awaited.
    pub(crate) fn is_complete(&self) -> bool {
        matches!(self.status.as_str(), "CLOSED" | "ARCHIVED" | "REDISCOVERED")
    }
}
