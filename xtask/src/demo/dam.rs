//! What the story needs of a DAM, whichever it is.

use serde_json::{Value, json};

use super::http::Site;
use super::watch::Watch;

/// A DAM as its people use it. The host is not asked here.
pub(super) trait Dam {
    /// Name of the host's connection to it.
    fn connection(&self) -> &'static str;

    /// Upload a file through the vendor's API.
    fn upload(&self, watch: &Watch) -> anyhow::Result<Upload>;

    /// How an asset stands.
    fn look(&self, id: &str) -> anyhow::Result<Look>;

    /// The control interface of its simulator.
    fn control(&self) -> &Site;

    /// Webhooks that were sent, with the receiver's answers.
    fn deliveries(&self) -> anyhow::Result<Value> {
        self.control().get("/_sim/deliveries")
    }

    /// Deliver every webhook twice from now on.
    fn deliver_twice(&self) -> anyhow::Result<()> {
        self.control()
            .send_json("POST", "/_sim/courier", &json!({"copies": 2}))
            .map(drop)
    }

    /// Where a person sees an asset.
    fn page(&self, id: &str) -> String;
}

/// A file that was uploaded.
pub(super) struct Upload {
    /// The asset's id, as the host's connector names it.
    pub(super) id: String,
    pub(super) name: &'static str,
    pub(super) by: &'static str,
    /// Path of the album or collection.
    pub(super) place: &'static str,
}

/// How an asset stands.
pub(super) struct Look {
    /// The vendor's word.
    pub(super) status: String,
    /// Fields that are filled.
    pub(super) fields: Vec<(String, Value)>,
}

impl Look {
    /// A field as text; empty where it is not filled.
    pub(super) fn field(&self, name: &str) -> &str {
        let found = self.fields.iter().find(|(known, _)| known == name);
        found
            .and_then(|(_, value)| value.as_str())
            .unwrap_or_default()
    }
}
