//! What an operator may choose for a connection, and what holds otherwise.

use std::collections::BTreeSet;

use forebay_sdk::Error;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::asset::slashed;
use crate::collections::titles;

/// Objects asked for at once where the operator names no number: one quick reply for every list.
const PAGE_SIZE: u32 = 100;
/// Most objects that may be asked for at once; the vendor's limits for lists of ids are the same.
const LARGEST_PAGE_SIZE: u32 = 500;
/// Assets per page of a search. Each is read in full with about six requests, and the page must be
/// there within one call.
const SEARCH_PAGE_SIZE: u32 = 20;
/// Members of watched collections where the operator names no number: the cursor stays below 64 KiB.
const WATCHED_MEMBERS: u32 = 5_000;
/// Most members that may be allowed: a hundred pages are read one after another within a call, which
/// has two minutes.
const MOST_WATCHED_MEMBERS: u32 = 10_000;
/// Most collections that are watched. Each costs a few requests with every poll.
const MOST_WATCHED: usize = 20;
/// As soon as polling a workflow engine notices a decision.
const WATCHED_EVERY_SECONDS: u32 = 60;
/// The vendor's sustained limit of 50 requests a second, by the minute.
const REQUESTS_PER_MINUTE: u32 = 3_000;

/// Settings of a connection to iconik.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Address of the service. Tenants of the EU region have `https://eu.iconik.io`.
    pub base_url: String,
    /// Address that people open in a browser, for links. Empty: the same as `base_url`.
    pub web_url: String,
    /// How requests prove themselves.
    pub auth: Auth,
    /// Id of the metadata view whose fields are read and written. Empty: the view named by
    /// `metadata_view_name`.
    pub metadata_view: String,
    /// Name of the metadata view, used where `metadata_view` is empty.
    pub metadata_view_name: String,
    /// User id the credentials act as. It is how own changes are told from those of people. Empty:
    /// they are not told apart.
    pub integration_user: String,
    /// Metadata field that holds the id of the run which wrote last. Empty: none.
    pub marker_field: String,
    /// Where the release status of an asset is kept.
    pub status_source: StatusSource,
    /// The metadata field that holds it, where `status_source` is `field`.
    pub status_field: String,
    /// How that field spells each status.
    pub status_words: StatusWords,
    /// Metadata field with the end of rights. Empty: none.
    pub expiry_field: String,
    /// Metadata field whose values are taken as tags. Empty: tags cannot be read or written.
    pub tags_field: String,
    /// Which entry of an asset's list of versions is the current one. The vendor does not document
    /// the order; `last` is what was seen.
    pub current_version: CurrentVersion,
    /// Algorithm of the checksums of files, put in front of them. The vendor does not name it.
    pub checksum_algorithm: String,
    /// Whether an own decision closes a review that still waits for other reviewers: the request is
    /// changed to need one approval. Without it such a version stays requested.
    pub decision_closes_request: bool,
    /// Whether applying an access template replaces what stood there, as was inferred. If not, what
    /// stands there is removed first.
    pub template_replaces: bool,
    /// Add signed links to proxies to an asset. They end after a while.
    pub proxy_links: bool,
    /// Webhooks to register, as `event_type/realm`. An empty realm stands for all.
    pub hooks: Vec<String>,
    /// Custom actions to register: entries of iconik's menus by which people start a flow.
    pub custom_actions: Vec<CustomAction>,
    /// Switch own webhooks and custom actions that iconik has set to `FAILING` on again whenever a
    /// poll begins.
    pub rearm_webhooks: bool,
    /// Look into the delete queue when polling. Needed where the search index does not hold deleted
    /// assets, which the vendor does not document.
    pub poll_delete_queue: bool,
    /// Look for new and changed comments when polling. Deleted ones are told by webhooks alone.
    pub poll_comments: bool,
    /// Collections, by path, of which polling tells who is put into them: iconik keeps no trace of it
    /// that could be read later, so without this a lost webhook is a lost entry. Who was in one before
    /// the first poll with this setting is taken as known. Who put it in is not told.
    pub watched_collections: Vec<String>,
    /// Assets that the watched collections may hold together. Each has its place in the cursor, which
    /// is written with every entry.
    pub watched_members: u32,
    /// Seconds until the next poll where collections are watched: so late is an entry told.
    pub watched_every_seconds: u32,
    /// Name of the format that holds an asset's original files.
    pub original_format: String,
    /// System domain that deliveries must come from. Empty: any, as the secret has been checked.
    pub system_domain_id: String,
    /// Objects asked for at once in lists.
    pub page_size: u32,
    /// Assets returned at most by one page of a search; each is read in full.
    pub search_page_size: u32,
    /// Requests a minute that the connection may make.
    pub requests_per_minute: u32,
}

/// An entry of iconik's menus.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomAction {
    /// What people read in the menu. Events name it as `action-name`.
    pub name: String,
    /// In which menu.
    #[serde(default)]
    pub context: ActionContext,
    /// Metadata view that people fill in as a form, by its id or name. Empty: none.
    #[serde(default)]
    pub metadata_view: String,
}

/// A menu of iconik.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ActionContext {
    /// Of one asset.
    #[default]
    Asset,
    /// Of one collection.
    Collection,
    /// Of everything that is selected.
    Bulk,
    /// Of a saved search.
    SavedSearch,
}

impl ActionContext {
    /// The vendor's word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Asset => "ASSET",
            Self::Collection => "COLLECTION",
            Self::Bulk => "BULK",
            Self::SavedSearch => "SAVED_SEARCH",
        }
    }
}

/// How requests prove themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Auth {
    /// An application's id and token: the secrets `app_id` and `auth_token`.
    AppToken,
    /// A personal access token: the secret `token`.
    Bearer,
}

/// Where the release status of an asset is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StatusSource {
    /// In the approval of its current version.
    Approval,
    /// In a metadata field.
    Field,
}

/// Which entry of the list of versions is the current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CurrentVersion {
    /// The last.
    Last,
    /// The first.
    First,
    /// The one with the highest number.
    HighestNumber,
}

/// How the status field spells each status.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StatusWords {
    /// Waits for a decision.
    pub pending: String,
    /// Released.
    pub approved: String,
    /// Kept back.
    pub restricted: String,
    /// Its rights have ended.
    pub expired: String,
    /// Refused.
    pub rejected: String,
}

impl Default for StatusWords {
    fn default() -> Self {
        Self {
            pending: "pending".to_owned(),
            approved: "approved".to_owned(),
            restricted: "restricted".to_owned(),
            expired: "expired".to_owned(),
            rejected: "rejected".to_owned(),
        }
    }
}

/// What happens at assets and collections that somebody may wait for.
const HOOKS: [&str; 11] = [
    "assets/entity",
    "assets/metadata",
    "assets/versions",
    "assets/approvals",
    "assets/proxies",
    "assets/segments",
    "assets/formats",
    "assets/shares",
    "collections/contents",
    "collections/shares",
    "jobs/entity",
];

impl Default for Settings {
    fn default() -> Self {
        Self {
            base_url: "https://app.iconik.io".to_owned(),
            web_url: String::new(),
            auth: Auth::AppToken,
            metadata_view: String::new(),
            metadata_view_name: "Workflow".to_owned(),
            integration_user: String::new(),
            marker_field: "run".to_owned(),
            status_source: StatusSource::Approval,
            status_field: "review_state".to_owned(),
            status_words: StatusWords::default(),
            expiry_field: "rights_end".to_owned(),
            tags_field: String::new(),
            current_version: CurrentVersion::Last,
            checksum_algorithm: "md5".to_owned(),
            decision_closes_request: true,
            template_replaces: true,
            proxy_links: false,
            hooks: HOOKS.map(str::to_owned).to_vec(),
            custom_actions: Vec::new(),
            rearm_webhooks: true,
            poll_delete_queue: true,
            poll_comments: true,
            watched_collections: Vec::new(),
            watched_members: WATCHED_MEMBERS,
            watched_every_seconds: WATCHED_EVERY_SECONDS,
            original_format: "ORIGINAL".to_owned(),
            system_domain_id: String::new(),
            page_size: PAGE_SIZE,
            search_page_size: SEARCH_PAGE_SIZE,
            requests_per_minute: REQUESTS_PER_MINUTE,
        }
    }
}

impl Settings {
    /// Refuse what the schema cannot say.
    pub(crate) fn validate(&self) -> Result<(), Error> {
        for (name, size) in [
            ("page_size", self.page_size),
            ("search_page_size", self.search_page_size),
        ] {
            if !(1..=LARGEST_PAGE_SIZE).contains(&size) {
                let message = format!("{name} must be between 1 and {LARGEST_PAGE_SIZE}");
                return Err(Error::invalid(message).with_field(name));
            }
        }
        self.validate_watched()?;
        match self.hooks.iter().find(|hook| !hook.contains('/')) {
            Some(hook) => {
                let message = format!("the hook `{hook}` is not of the form event_type/realm");
                Err(Error::invalid(message).with_field("hooks"))
            }
            None => Ok(()),
        }
    }

    fn validate_watched(&self) -> Result<(), Error> {
        let invalid = |name: &str, message: String| Err(Error::invalid(message).with_field(name));
        let paths = &self.watched_collections;
        if let Some(path) = paths.iter().find(|path| titles(path).is_err()) {
            let message = format!("`{path}` is no path of a collection");
            return invalid("watched_collections", message);
        }
        let places: BTreeSet<String> = paths.iter().map(|path| slashed(path)).collect();
        if places.len() < paths.len() {
            let message = "a collection is named twice".to_owned();
            return invalid("watched_collections", message);
        }
        if paths.len() > MOST_WATCHED {
            let message = format!("at most {MOST_WATCHED} collections can be watched");
            return invalid("watched_collections", message);
        }
        if !(1..=MOST_WATCHED_MEMBERS).contains(&self.watched_members) {
            let message = format!("watched_members must be between 1 and {MOST_WATCHED_MEMBERS}");
            return invalid("watched_members", message);
        }
        if self.watched_every_seconds == 0 {
            let message = "watched_every_seconds must be at least 1".to_owned();
            return invalid("watched_every_seconds", message);
        }
        Ok(())
    }

    /// The address people open, without a slash at its end.
    pub(crate) fn web(&self) -> &str {
        let url = if self.web_url.is_empty() {
            &self.base_url
        } else {
            &self.web_url
        };
        url.trim_end_matches('/')
    }
}
