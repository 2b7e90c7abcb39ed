//! Calls that Canto's documentation names without their paths, or not at all. None has a default
//! path: what a tenant does not name here is answered `unsupported`. The keys of their answers have
//! the most likely names as defaults, and are settings as well.

use forebay_sdk::Error;
use forebay_sdk::http::{Method, encode_component};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// How far share activity is read back at each poll, in hours. Reports come late; two days are what
/// the compliance scan counts with.
const DEFAULT_OVERLAP_HOURS: u32 = 48;

/// How late activity reports are, in hours. The vendor names no figure; a day is on the safe side.
const DEFAULT_DELAY_HOURS: u32 = 24;

/// A call that changes something. Path and body may hold `{scheme}`, `{id}` and, for shares, `{link}`.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// HTTP method.
    pub method: ChangeMethod,
    /// Path, with a leading slash.
    pub path: String,
    /// JSON body, as text. Absent: none.
    #[serde(default)]
    pub body: Option<String>,
}

/// Method of a [`Change`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum ChangeMethod {
    /// `DELETE`
    Delete,
    /// `POST`
    Post,
    /// `PUT`
    Put,
}

impl ChangeMethod {
    pub(crate) fn http(self) -> Method {
        match self {
            Self::Delete => Method::Delete,
            Self::Post => Method::Post,
            Self::Put => Method::Put,
        }
    }
}

impl Change {
    /// The path with the values in their places.
    pub(crate) fn path(&self, values: &[(&str, &str)]) -> String {
        fill(&self.path, values, encode_component)
    }

    /// The body with the values in their places.
    pub(crate) fn body(&self, values: &[(&str, &str)]) -> Result<Option<Json>, Error> {
        let Some(body) = &self.body else {
            return Ok(None);
        };
        let filled = fill(body, values, |value| {
            let quoted = Json::from(value).to_string();
            quoted[1..quoted.len() - 1].to_owned()
        });
        serde_json::from_str(&filled).map(Some).map_err(|error| {
            Error::invalid(format!(
                "the body of the setting for {} is no JSON: {error}",
                self.path
            ))
        })
    }
}

/// A template with values in place of their names in braces.
pub(crate) fn fill(
    template: &str,
    values: &[(&str, &str)],
    encode: impl Fn(&str) -> String,
) -> String {
    let put = |text: String, (name, value): &(&str, &str)| {
        text.replace(&format!("{{{name}}}"), &encode(value))
    };
    values.iter().fold(template.to_owned(), put)
}

/// Share links. Making one is documented; whatever else is set here.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ShareSettings {
    /// Key of the share's details that takes a title. Absent: links have no title.
    pub title_key: Option<String>,
    /// Key that takes a message. Absent: messages are left out.
    pub message_key: Option<String>,
    /// Key that takes Forebay's own id. Absent: it is written at the end of the title, in brackets.
    pub external_id_key: Option<String>,
    /// Key that asks for a watermark, as true. Absent: watermarks are unsupported.
    pub watermark_key: Option<String>,
    /// An album may be shared as a whole, as content of the scheme `album`.
    pub albums: bool,
    /// The call that lists shares. With it, and a title or an own key, making a share is repeat-safe.
    pub list: Option<ShareListing>,
    /// The call that ends a share.
    pub revoke: Option<Change>,
    /// The report of what was done with shares. It also makes the poll tell `share.created`.
    pub activity: Option<Report>,
    /// How far the poll reads share activity back, in hours. Absent: 48.
    pub overlap_hours: Option<u32>,
}

impl ShareSettings {
    /// How far the poll reads share activity back, in hours.
    pub(crate) fn overlap_hours(&self) -> u32 {
        self.overlap_hours.unwrap_or(DEFAULT_OVERLAP_HOURS)
    }

    /// Can a share be found again by our own id?
    pub(crate) fn can_look(&self) -> bool {
        self.list.is_some() && (self.title_key.is_some() || self.external_id_key.is_some())
    }
}

/// The call that lists shares, paged by `start` and `limit` like all of Canto's lists.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShareListing {
    /// Path, with a leading slash.
    pub path: String,
    /// Keys of a share.
    #[serde(default)]
    pub keys: ShareKeys,
    /// Words of the state key for links that work no more.
    #[serde(default = "ended_words")]
    pub ended: Vec<String>,
}

/// Keys of a listed share.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ShareKeys {
    /// Its id.
    pub id: String,
    /// Its link.
    pub link: String,
    /// Its title.
    pub title: String,
    /// What is in it: a list of `{"scheme", "id"}`.
    pub contents: String,
    /// When it ends.
    pub expires: String,
    /// When it was made.
    pub created: String,
    /// Who made it.
    pub author: String,
    /// May originals be downloaded?
    pub original: String,
    /// May other renditions be downloaded?
    pub presets: String,
    /// Its state.
    pub state: String,
}

impl Default for ShareKeys {
    fn default() -> Self {
        let key = str::to_owned;
        Self {
            id: key("id"),
            link: key("link"),
            title: key("title"),
            contents: key("contents"),
            expires: key("expires"),
            created: key("created"),
            author: key("createdBy"),
            original: key("allowDownloadOriginal"),
            presets: key("allowPresets"),
            state: key("status"),
        }
    }
}

/// A report of activities, paged by `start` and `limit`. The path may hold `{since}` (seconds since
/// 1970) and, for the use of one asset, `{scheme}` and `{id}`.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Path with its query, with a leading slash.
    pub path: String,
    /// Keys of an activity.
    #[serde(default)]
    pub keys: ReportKeys,
    /// Canto's words for each kind of activity.
    #[serde(default)]
    pub words: ReportWords,
    /// How late the report is, in hours.
    #[serde(default = "default_delay")]
    pub delay_hours: u32,
}

/// Keys of a reported activity.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReportKeys {
    /// What was done.
    pub action: String,
    /// When.
    pub time: String,
    /// By whom.
    pub actor: String,
    /// The share it was done with: the same id as in the list of shares.
    pub share: String,
}

impl Default for ReportKeys {
    fn default() -> Self {
        let key = str::to_owned;
        Self {
            action: key("action"),
            time: key("time"),
            actor: key("userName"),
            share: key("share"),
        }
    }
}

/// Canto's words for each kind of activity.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReportWords {
    /// It was looked at.
    pub viewed: Vec<String>,
    /// It was downloaded.
    pub downloaded: Vec<String>,
    /// A share of it was made.
    pub shared: Vec<String>,
    /// A share of it was ended.
    pub revoked: Vec<String>,
}

impl Default for ReportWords {
    fn default() -> Self {
        let word = |word: &str| vec![word.to_owned()];
        Self {
            viewed: word("view"),
            downloaded: word("download"),
            shared: word("share"),
            revoked: word("revoke"),
        }
    }
}

/// The life of files. Moving into the trash is documented; whatever else is set here.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LifecycleSettings {
    /// Path of the call that lists the trash, paged like a search. Without it an asset in the trash
    /// looks like one that is gone for good.
    pub trash_path: Option<String>,
    /// The call that deletes for good.
    pub purge: Option<Change>,
    /// The call that takes out of the trash.
    pub recover: Option<Change>,
    /// The call that moves into cold storage (Canto's storage class `freeze`).
    pub archive: Option<Change>,
    /// The call that brings back from cold storage.
    pub restore: Option<Change>,
    /// Key of an asset's details that holds its storage class. Absent: every original is at hand.
    pub storage_class_key: Option<String>,
}

/// The custom fields that keep a kind of relation: a pair, or one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RelationFields {
    /// On the asset a relation starts from (the master): the ids of the others.
    pub origin_field: Option<String>,
    /// On the other asset (the localised one): the ids of those it starts from.
    pub target_field: Option<String>,
}

fn ended_words() -> Vec<String> {
    ["revoked", "expired", "inactive"].map(str::to_owned).into()
}

fn default_delay() -> u32 {
    DEFAULT_DELAY_HOURS
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_encoded_for_their_place() {
        let change = Change {
            method: ChangeMethod::Put,
            path: "/x/{scheme}/{id}".to_owned(),
            body: Some(r#"{"link": "{link}", "note": "{unknown}"}"#.to_owned()),
        };
        let values = [("scheme", "image"), ("id", "a/b"), ("link", "a\"b")];
        assert_eq!(change.path(&values), "/x/image/a%2Fb");
        let body = change.body(&values).unwrap();
        assert_eq!(body, Some(json!({"link": "a\"b", "note": "{unknown}"})));
        let broken = Change {
            body: Some("{".to_owned()),
            ..change
        };
        assert_eq!(broken.body(&values).unwrap_err().case(), "invalid");
    }
}
