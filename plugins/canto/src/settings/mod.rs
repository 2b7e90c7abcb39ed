//! Settings of a connection to Canto. Whatever the vendor does not document is a setting here, with
//! the most likely answer as its default.

mod calls;

use std::collections::BTreeMap;

use forebay_sdk::Error;
use forebay_sdk::assets::AssetStatus;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use calls::fill;
pub use calls::{
    Change, ChangeMethod, LifecycleSettings, RelationFields, Report, ReportKeys, ReportWords,
    ShareKeys, ShareListing, ShareSettings,
};

/// Domain of a tenant that names none.
pub(crate) const DEFAULT_DOMAIN: &str = "canto.com";

/// OAuth host that belongs to [`DEFAULT_DOMAIN`].
pub(crate) const DEFAULT_OAUTH_URL: &str = "https://oauth.canto.com";

/// The other domains Canto runs tenants on; each has an OAuth host of its own.
pub(crate) const OTHER_DOMAINS: [&str; 4] =
    ["canto.global", "canto.de", "ca.canto.com", "au.canto.com"];

/// Assets per page. Clients are known to use up to 1,000; a hundred assets with all their fields
/// stay well below the size of one response.
const DEFAULT_PAGE_SIZE: u32 = 100;

/// Largest page a connection may ask for: the most that several clients are known to use.
const LARGEST_PAGE: u32 = 1_000;

/// Requests per minute at rate level 4: the one number the vendor publishes.
const DEFAULT_LEVEL_4: u32 = 200;

/// How long after a webhook the API may still show the state before it, in seconds. Indexing takes
/// seconds; ten minutes are far beyond, and the poll still finds what comes later.
const DEFAULT_SETTLE_SECONDS: u32 = 600;

/// Settings of a connection to Canto.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Name of the tenant: the part before the domain in its address.
    #[serde(default)]
    pub tenant: Option<String>,
    /// Domain the tenant runs on: canto.com, canto.global, canto.de, ca.canto.com or au.canto.com.
    #[serde(default = "default_domain")]
    pub domain: String,
    /// Address of the API in place of the one made of tenant and domain, for a proxy or a simulator.
    #[serde(default)]
    pub base_url: Option<String>,
    /// Address of the OAuth host. Needed only with `base_url`: otherwise it follows from the domain.
    #[serde(default = "default_oauth_url")]
    pub oauth_url: String,
    /// Scope of the token: admin, contributor or consumer. Absent: what the API key allows.
    #[serde(default)]
    pub oauth_scope: Option<String>,
    /// Id of the Canto user to act as. Absent: the API key's own user.
    #[serde(default)]
    pub acting_user: Option<String>,
    /// Name of the user this connection acts as, as Canto shows it under "Modified by". Changes by
    /// this user that carry the marker field are recognised as Forebay's own. Absent: none are.
    #[serde(default)]
    pub integration_user: Option<String>,
    /// Custom field that holds the id of the run that wrote last.
    #[serde(default = "default_marker_field")]
    pub marker_field: String,
    /// Assets per page, at most 1,000.
    #[serde(default = "default_page_size")]
    pub page_size: u32,
    /// Requests per minute for album assignments and folder contents (Canto's rate level 4).
    #[serde(default = "default_level_4")]
    pub level_4_per_minute: u32,
    /// Requests per minute for everything else. Absent: no limit is kept, 429 is honoured.
    #[serde(default)]
    pub calls_per_minute: Option<u32>,
    /// Where the approval status stands and is written. The vendor documents no property id.
    #[serde(default = "default_approval")]
    pub approval: Property,
    /// Where the end of rights stands and is written. The vendor documents no property id.
    #[serde(default = "default_expiry")]
    pub expiry: Property,
    /// How the end of rights is written.
    #[serde(default)]
    pub expiry_form: DateForm,
    /// An end of rights belongs to approved assets, as Canto keeps it. It does not apply where
    /// `expiry` is a custom field. Off: a tenant that takes the date on every asset.
    #[serde(default = "yes")]
    pub expiry_on_approved_only: bool,
    /// The tenant's words for each release status; the first is written, all are read.
    #[serde(default)]
    pub statuses: Statuses,
    /// Built-in text properties that may be read and written as fields.
    #[serde(default = "default_native_properties")]
    pub native_properties: Vec<String>,
    /// Label under which an asset's details name the user who changed it last.
    #[serde(default = "default_modified_by_label")]
    pub modified_by_label: String,
    /// Path of the call that lists editable properties; it is documented without its path.
    #[serde(default = "default_editable_path")]
    pub editable_path: String,
    /// How long after a webhook Canto may still show the state before it, in seconds.
    #[serde(default = "default_settle_seconds")]
    pub settle_seconds: u32,
    /// A version has one comment: keep what stands there and write below it. Off: replace it.
    #[serde(default = "yes")]
    pub keep_version_comments: bool,
    /// Share links.
    #[serde(default)]
    pub sharing: ShareSettings,
    /// Trash, deletion for good, cold storage.
    #[serde(default)]
    pub lifecycle: LifecycleSettings,
    /// Custom fields that keep relations, by the kind of relation: `localization`, `replacement`, ….
    /// Canto has no relations of its own over the API.
    #[serde(default)]
    pub relation_fields: BTreeMap<String, RelationFields>,
    /// The report of views, downloads and shares of an asset.
    #[serde(default)]
    pub usage: Option<Report>,
}

/// A property of an asset.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Property {
    /// Property id in a batch edit; the display name for a custom field.
    pub property: String,
    /// It is a custom field.
    #[serde(default)]
    pub custom_field: bool,
    /// Key of an asset's details it is read from. Absent: the property's own name.
    #[serde(default)]
    pub read_key: Option<String>,
}

impl Property {
    /// The key it is read from.
    pub(crate) fn key(&self) -> &str {
        self.read_key.as_deref().unwrap_or(&self.property)
    }
}

/// How a date is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DateForm {
    /// `yyyyMMddHHmmssSSS`, as Canto writes its own dates.
    #[default]
    Canto,
    /// `yyyy-MM-dd`, the last day in UTC.
    Iso,
}

/// The tenant's words for each release status.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Statuses {
    /// Waits for a decision.
    pub pending: Vec<String>,
    /// Released.
    pub approved: Vec<String>,
    /// Kept back.
    pub restricted: Vec<String>,
    /// Its rights have ended.
    pub expired: Vec<String>,
    /// Refused. Canto has no such status of its own; name one of the tenant's where there is one.
    pub rejected: Vec<String>,
}

impl Default for Statuses {
    fn default() -> Self {
        let word = |word: &str| vec![word.to_owned()];
        Self {
            pending: word("Pending"),
            approved: word("Approved"),
            restricted: word("Restricted"),
            expired: word("Expired"),
            rejected: Vec::new(),
        }
    }
}

impl Statuses {
    fn all(&self) -> [(AssetStatus, &[String]); 5] {
        [
            (AssetStatus::Pending, &self.pending),
            (AssetStatus::Approved, &self.approved),
            (AssetStatus::Restricted, &self.restricted),
            (AssetStatus::Expired, &self.expired),
            (AssetStatus::Rejected, &self.rejected),
        ]
    }

    /// The tenant's words for a status, which is named by the contract's word or one of the tenant's.
    pub(crate) fn words(&self, word: &str) -> Vec<String> {
        let all = self.all();
        let found = all.iter().find(|(status, _)| status_word(*status) == word);
        found.map_or_else(|| vec![word.to_owned()], |(_, words)| words.to_vec())
    }

    /// Every word that may be written.
    pub(crate) fn written(&self) -> impl Iterator<Item = String> {
        let firsts = self.all().map(|(_, words)| words.first().cloned());
        firsts.into_iter().flatten()
    }

    /// What the tenant's word means.
    pub(crate) fn read(&self, word: &str) -> AssetStatus {
        let all = self.all();
        let found = all
            .iter()
            .find(|(_, words)| words.iter().any(|known| known.eq_ignore_ascii_case(word)));
        found.map_or(AssetStatus::None, |(status, _)| *status)
    }

    /// The word to write.
    pub(crate) fn write(&self, wanted: AssetStatus) -> Result<&str, Error> {
        let all = self.all();
        let words = all.iter().find(|(status, _)| *status == wanted);
        let word = words.and_then(|(_, words)| words.first());
        word.map(String::as_str).ok_or_else(|| {
            let name = status_word(wanted);
            Error::invalid(format!(
                "the connection's settings name no Canto status for {name}; see statuses.{name}"
            ))
            .with_field("status")
        })
    }
}

/// The contract's word for a release status.
pub(crate) fn status_word(status: AssetStatus) -> &'static str {
    match status {
        AssetStatus::Pending => "pending",
        AssetStatus::Approved => "approved",
        AssetStatus::Restricted => "restricted",
        AssetStatus::Expired => "expired",
        AssetStatus::Rejected => "rejected",
        AssetStatus::None => "none",
    }
}

impl Settings {
    /// Address of the API, without a slash at its end.
    pub(crate) fn base(&self) -> Result<String, Error> {
        if let Some(base) = &self.base_url {
            return Ok(base.trim_end_matches('/').to_owned());
        }
        let tenant = self.tenant.as_deref().ok_or_else(|| {
            Error::invalid("the connection names neither a tenant nor a base_url")
                .with_field("tenant")
        })?;
        Ok(format!("https://{tenant}.{}", self.domain))
    }

    /// How many assets to ask for, if so many are wanted.
    pub(crate) fn page(&self, wanted: u32) -> u32 {
        wanted.clamp(1, self.page_size.clamp(1, LARGEST_PAGE))
    }
}

fn default_domain() -> String {
    DEFAULT_DOMAIN.to_owned()
}

fn default_oauth_url() -> String {
    DEFAULT_OAUTH_URL.to_owned()
}

fn default_marker_field() -> String {
    "review_run".to_owned()
}

fn default_page_size() -> u32 {
    DEFAULT_PAGE_SIZE
}

fn default_level_4() -> u32 {
    DEFAULT_LEVEL_4
}

fn default_approval() -> Property {
    native("approvalStatus")
}

fn default_expiry() -> Property {
    native("expirationDate")
}

fn native(property: &str) -> Property {
    Property {
        property: property.to_owned(),
        custom_field: false,
        read_key: None,
    }
}

fn default_native_properties() -> Vec<String> {
    ["Description", "Copyright", "Terms and Conditions", "Author"]
        .map(str::to_owned)
        .into()
}

fn default_modified_by_label() -> String {
    "Modified by".to_owned()
}

fn default_editable_path() -> String {
    "/api/v1/batch/edit".to_owned()
}

fn default_settle_seconds() -> u32 {
    DEFAULT_SETTLE_SECONDS
}

fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn settings(json: serde_json::Value) -> Settings {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn the_address_is_the_tenants_or_the_one_given() {
        let german = settings(json!({"tenant": "acme", "domain": "canto.de"}));
        assert_eq!(german.base().unwrap(), "https://acme.canto.de");
        let given = settings(json!({"base_url": "http://127.0.0.1:1/"}));
        assert_eq!(given.base().unwrap(), "http://127.0.0.1:1");
        assert_eq!(settings(json!({})).base().unwrap_err().case(), "invalid");
    }

    #[test]
    fn the_tenants_words_are_read_and_the_first_is_written() {
        let own = settings(json!({"statuses": {"pending": ["In review", "Pending"]}}));
        assert_eq!(own.statuses.read("pending"), AssetStatus::Pending);
        assert_eq!(
            own.statuses.write(AssetStatus::Pending).unwrap(),
            "In review"
        );
        assert_eq!(own.statuses.read("Parked"), AssetStatus::None);
        let error = own.statuses.write(AssetStatus::Rejected).unwrap_err();
        assert!(error.message().contains("statuses.rejected"), "{error}");
    }

    #[test]
    fn a_page_is_never_empty_nor_larger_than_the_setting() {
        let small = settings(json!({"page_size": 20}));
        assert_eq!((small.page(0), small.page(7), small.page(500)), (1, 7, 20));
    }
}
