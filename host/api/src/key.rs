//! API keys: who asks, and what they may do.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::Digest as _;
use subtle::ConstantTimeEq as _;

/// What an API key may do. Scopes do not include one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// See runs, events, plugins, connections and the audit.
    Read,
    /// Start runs and act on them, check and poll connections.
    Operate,
    /// Change what the host goes by: rewind cursors, move runs to other handlers, write backups.
    Admin,
    /// Decide what a handler or a person at a vendor would decide: force the outcome of runs.
    ApproverOverride,
}

impl Scope {
    /// Its name, as the configuration writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Operate => "operate",
            Self::Admin => "admin",
            Self::ApproverOverride => "approver-override",
        }
    }
}

/// A key of the API. Only hashes of its values are held.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Name for the audit.
    pub name: String,
    /// SHA-256 of each live value; several let it be rotated without a gap.
    pub hashes: Vec<[u8; 32]>,
    /// What it may do.
    pub scopes: BTreeSet<Scope>,
}

impl ApiKey {
    /// A key with one live value.
    #[must_use]
    pub fn of(
        name: impl Into<String>,
        value: &str,
        scopes: impl IntoIterator<Item = Scope>,
    ) -> Self {
        Self {
            name: name.into(),
            hashes: vec![sha2::Sha256::digest(value).into()],
            scopes: scopes.into_iter().collect(),
        }
    }
}

impl fmt::Debug for ApiKey {
    /// Without hashes: a weak key could be guessed from one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey")
            .field("name", &self.name)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

/// The key that `value` belongs to. Takes the same time whatever the value holds.
pub(crate) fn find<'a>(keys: &'a [ApiKey], value: &[u8]) -> Option<&'a ApiKey> {
    let candidate: [u8; 32] = sha2::Sha256::digest(value).into();
    let mut found = None;
    for key in keys {
        for hash in &key.hashes {
            if bool::from(hash.ct_eq(&candidate)) {
                found = Some(key);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_by_any_live_value_and_shows_none() {
        let mut key = ApiKey::of("ops", "new-value", [Scope::Read]);
        key.hashes.push(sha2::Sha256::digest("old-value").into());
        let keys = [ApiKey::of("other", "else", [Scope::Admin]), key];
        let name = |value: &str| find(&keys, value.as_bytes()).map(|key| key.name.as_str());
        assert_eq!(name("new-value"), Some("ops"));
        assert_eq!(name("old-value"), Some("ops"));
        assert_eq!(name("else"), Some("other"));
        assert_eq!(name("new-valu"), None);
        assert_eq!(name(""), None);
        assert_eq!(
            format!("{:?}", keys[1]),
            r#"ApiKey { name: "ops", scopes: {Read}, .. }"#
        );
    }
}
