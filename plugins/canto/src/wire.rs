//! Canto's JSON, decoded leniently: numbers come as texts, lists are missing, null or empty, and
//! objects gain keys over time.

use std::fmt;

use forebay_sdk::{Error, lenient};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// Kinds of content. Folders and albums are no content.
pub(crate) const SCHEMES: [&str; 6] = [
    "image",
    "video",
    "audio",
    "document",
    "presentation",
    "other",
];

/// Identity of a piece of content: neither part is enough alone. Its text `scheme/id` is the opaque
/// id of an asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ContentId {
    pub(crate) scheme: String,
    pub(crate) id: String,
}

impl ContentId {
    /// From its two parts; absent where the scheme is no kind of content.
    pub(crate) fn new(scheme: &str, id: &str) -> Option<Self> {
        (SCHEMES.contains(&scheme) && !id.is_empty()).then(|| Self {
            scheme: scheme.to_owned(),
            id: id.to_owned(),
        })
    }

    /// From an asset's id.
    pub(crate) fn parse(id: &str) -> Result<Self, Error> {
        id.split_once('/')
            .and_then(|(scheme, id)| Self::new(scheme, id))
            .ok_or_else(|| {
                Error::invalid(format!(
                    "`{id}` is no Canto asset id; it has the form scheme/id"
                ))
                .with_field("id")
            })
    }
}

impl fmt::Display for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.scheme, self.id)
    }
}

/// A piece of content: asset detail, search result and bulk detail have the same shape.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Content {
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) id: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) scheme: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) name: String,
    #[serde(deserialize_with = "lenient::optional_integer")]
    pub(crate) size: Option<i64>,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) created: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) time: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) last_uploaded: String,
    #[serde(deserialize_with = "lenient::optional_string")]
    pub(crate) owner: Option<String>,
    #[serde(deserialize_with = "lenient::optional_string")]
    pub(crate) owner_name: Option<String>,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) description: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) copyright: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) terms_and_conditions: String,
    #[serde(deserialize_with = "lenient::optional_string")]
    pub(crate) md5: Option<String>,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) approval_status: String,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) tag: Vec<String>,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) keyword: Vec<String>,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) related_albums: Vec<Container>,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) version_history: Vec<Version>,
    /// Built-in details by their labels for people.
    #[serde(deserialize_with = "lenient::or_default")]
    pub(crate) default: Map<String, Json>,
    /// Custom fields by display name.
    #[serde(deserialize_with = "lenient::or_default")]
    pub(crate) additional: Map<String, Json>,
    #[serde(deserialize_with = "lenient::or_default")]
    pub(crate) url: Map<String, Json>,
    /// Everything else, an expiration date for instance.
    #[serde(flatten)]
    pub(crate) rest: Map<String, Json>,
}

/// A version of a piece of content.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Version {
    #[serde(deserialize_with = "lenient::integer")]
    pub(crate) no: i64,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) version_id: String,
    /// A boolean or a text, depending on whom one asks.
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) current_version: String,
    #[serde(deserialize_with = "lenient::optional_string")]
    pub(crate) owner_name: Option<String>,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) created: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) comment: String,
}

impl Version {
    pub(crate) fn is_current(&self) -> bool {
        ["true", "1", "yes"]
            .iter()
            .any(|yes| self.current_version.eq_ignore_ascii_case(yes))
    }
}

/// A folder or an album.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Container {
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) id: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) name: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) scheme: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) id_path: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) name_path: String,
    #[serde(deserialize_with = "lenient::optional_integer")]
    pub(crate) size: Option<i64>,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) children: Vec<Container>,
}

/// A page of content.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Page {
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) results: Vec<Content>,
    #[serde(deserialize_with = "lenient::optional_integer")]
    pub(crate) found: Option<i64>,
}

impl Page {
    /// Is there more after this page, which began at `start` and was asked for `limit` results?
    pub(crate) fn more(&self, start: u64, limit: u32) -> bool {
        more(self.results.len(), self.found, start, limit)
    }
}

/// A page of a list whose entries differ from tenant to tenant: shares, activities.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Listing {
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) results: Vec<Map<String, Json>>,
    #[serde(deserialize_with = "lenient::optional_integer")]
    pub(crate) found: Option<i64>,
}

impl Listing {
    /// Where the next page begins, after this one that began at `start`.
    pub(crate) fn next(&self, start: u64, limit: u32) -> Option<u64> {
        let results = self.results.len();
        more(results, self.found, start, limit).then(|| start + results as u64)
    }
}

fn more(results: usize, found: Option<i64>, start: u64, limit: u32) -> bool {
    match found.and_then(|found| u64::try_from(found).ok()) {
        _ if results == 0 => false,
        Some(found) => start + (results as u64) < found,
        None => results >= limit as usize,
    }
}

/// The text of a key, unless it is missing or empty.
pub(crate) fn text(object: &Map<String, Json>, key: &str) -> Option<String> {
    texts(object.get(key)?).into_iter().next()
}

/// Part of the library tree.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Tree {
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) results: Vec<Container>,
}

/// A custom field.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CustomField {
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) id: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) name: String,
    #[serde(rename = "type", deserialize_with = "lenient::string")]
    pub(crate) kind: String,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) values: Vec<Json>,
}

impl CustomField {
    /// Its choices, written as texts or as objects with a name.
    pub(crate) fn choices(&self) -> Vec<String> {
        let choice = |value: &Json| match value {
            Json::Object(object) => ["name", "value", "id"]
                .iter()
                .find_map(|key| object.get(*key)?.as_str().map(str::to_owned)),
            other => texts(other).into_iter().next(),
        };
        self.values.iter().filter_map(choice).collect()
    }
}

/// A JSON value as texts: nothing for null and the empty text.
pub(crate) fn texts(value: &Json) -> Vec<String> {
    match value {
        Json::Null => Vec::new(),
        Json::String(text) if text.is_empty() => Vec::new(),
        Json::String(text) => vec![text.clone()],
        Json::Array(items) => items.iter().flat_map(texts).collect(),
        other => vec![other.to_string()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lists_are_missing_null_or_empty_and_numbers_are_texts() {
        let content: Content = serde_json::from_value(json!({
            "id": "abc", "scheme": "image", "size": "2976538", "tag": null, "keyword": [],
            "time": 20_240_201_080_000_000_i64, "additional": null, "surprise": {"a": 1},
            "versionHistory": [{"no": 2, "versionId": "v2", "currentVersion": "true"}],
        }))
        .unwrap();
        assert_eq!(content.size, Some(2_976_538));
        assert_eq!(content.time, "20240201080000000");
        assert!(
            content.tag.is_empty() && content.keyword.is_empty() && content.additional.is_empty()
        );
        assert!(content.related_albums.is_empty());
        assert!(content.version_history[0].is_current());
        assert_eq!(content.rest["surprise"], json!({"a": 1}));
    }

    #[test]
    fn an_asset_id_is_scheme_and_id() {
        let id = ContentId::parse("image/a/b").unwrap();
        assert_eq!((id.scheme.as_str(), id.id.as_str()), ("image", "a/b"));
        assert_eq!(id.to_string(), "image/a/b");
        for wrong in ["abc", "folder/F1", "image/", ""] {
            assert_eq!(
                ContentId::parse(wrong).unwrap_err().case(),
                "invalid",
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_page_ends_where_all_were_found_or_nothing_came() {
        let page = |results, found| Page {
            results: vec![Content::default(); results],
            found,
        };
        assert!(page(2, Some(5)).more(0, 2));
        assert!(!page(1, Some(5)).more(4, 2));
        assert!(
            !page(0, Some(5)).more(2, 2),
            "a page without results cannot be passed"
        );
        assert!(page(2, None).more(0, 2));
        assert!(!page(1, None).more(0, 2));
    }
}
