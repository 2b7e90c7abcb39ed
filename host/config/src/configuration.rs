//! The configuration as the rest of the host receives it: complete, checked, typed.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use forebay_model::flow::{ConnectionSpec, FlowSpec};
use forebay_model::{Digest, RetentionPolicy, SecretSet};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::Digest as _;
use subtle::ConstantTimeEq as _;
use url::Url;

use crate::problem::Problems;
use crate::upkeep::BackupSettings;

/// A configuration that passed every check this room can make.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// The process itself.
    pub host: HostSettings,
    /// Who may use the API.
    pub api_keys: Vec<ApiKey>,
    /// What is logged.
    pub log: LogSettings,
    /// Where runs are kept.
    pub store: StoreSettings,
    /// How long history is kept.
    pub retention: RetentionPolicy,
    /// Where backups of the store go.
    pub backup: BackupSettings,
    /// Sections that other rooms own.
    pub sections: Sections,
    /// Connections, by name.
    pub connections: Vec<ConfiguredConnection>,
    /// Flows, by name.
    pub flows: Vec<FlowSpec>,
    /// SHA-256 in hexadecimal over the effective configuration without secret values: equal for
    /// equal meaning, whatever the order of keys and files.
    pub hash: String,
    /// What was found and is no error.
    pub warnings: Problems,
}

/// `[host]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostSettings {
    /// Address and port of the API.
    pub listen: SocketAddr,
    /// Address under which vendors reach the host; webhooks cannot be registered without.
    pub public_url: Option<Url>,
    /// Where the host keeps its own files.
    pub data_dir: PathBuf,
    /// Where operators drop plugins.
    pub plugin_dir: PathBuf,
    /// How long activations may finish after a stop was asked for.
    pub drain_timeout: Duration,
}

/// `[log]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// Form of a line.
    pub format: LogFormat,
    /// Level, or directives such as `info,forebay_engine=debug`.
    pub level: String,
}

/// Form of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// One JSON object a line, for machines.
    #[default]
    Json,
    /// For a person at a terminal.
    Text,
}

/// `[store]`.
#[derive(Clone, Debug)]
pub struct StoreSettings {
    /// The database file.
    pub path: PathBuf,
    /// How writes share a sync to disk.
    pub group_commit: GroupCommitSettings,
    /// Keys to seal payloads with, under [`STORE_KEY`], the one in force first.
    pub keys: SecretSet,
    /// Bytes up to which the file is looked through for damage at the start.
    pub check_up_to: u64,
}

/// Name of the keys in [`StoreSettings::keys`].
pub const STORE_KEY: &str = "key";

/// `[store.group_commit]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupCommitSettings {
    /// How long the writer waits for more writes to join; zero takes what is queued.
    pub wait: Duration,
    /// Most writes in one transaction.
    pub max_writes: u32,
}

/// Sections whose structure other rooms own: checked against their schemas, defaults filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Sections {
    /// `[limits]`: the sandbox.
    pub limits: Value,
    /// `[egress]`: outgoing HTTP.
    pub egress: Value,
    /// `[engine]`: runs and activations.
    pub engine: Value,
    /// `[http]`: the API.
    pub http: Value,
}

/// A connection with all that its rooms need.
#[derive(Clone, Debug)]
pub struct ConfiguredConnection {
    /// What the engine sees of it.
    pub spec: ConnectionSpec,
    /// Its secrets.
    pub secrets: SecretSet,
    /// What the operator allows it to reach.
    pub allow_hosts: Vec<String>,
    /// Host names that may resolve to private addresses, and such addresses.
    pub allow_private: Vec<String>,
    /// The connector it was checked against.
    pub plugin: Digest,
}

/// What an API key may do. Scopes do not include one another.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// See runs, events, plugins and connections.
    Read,
    /// Start, cancel, pause, resume, retry and redrive runs.
    Operate,
    /// Force an outcome that nobody decided in the workflow engine.
    ApproverOverride,
    /// Change configuration and plugins.
    Admin,
}

/// A key of the API. Its values are kept as hashes only.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Name for the audit.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    hashes: Vec<[u8; 32]>,
}

impl ApiKey {
    /// A key with these live values; several let it be rotated without a gap.
    pub fn new<'a>(
        name: impl Into<String>,
        scopes: Vec<Scope>,
        values: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let hashes = values
            .into_iter()
            .map(|value| sha2::Sha256::digest(value).into())
            .collect();
        Self {
            name: name.into(),
            scopes,
            hashes,
        }
    }

    /// SHA-256 of each live value.
    #[must_use]
    pub fn hashes(&self) -> &[[u8; 32]] {
        &self.hashes
    }

    /// Is `candidate` one of its values? Takes the same time whatever it holds.
    #[must_use]
    pub fn matches(&self, candidate: &str) -> bool {
        let candidate: [u8; 32] = sha2::Sha256::digest(candidate).into();
        self.hashes.iter().fold(false, |found, hash| {
            found | bool::from(hash.ct_eq(&candidate))
        })
    }

    /// May it do this?
    #[must_use]
    pub fn allows(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }
}

impl fmt::Debug for ApiKey {
    /// Without hashes: a weak key could be guessed from one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey")
            .field("name", &self.name)
            .field("scopes", &self.scopes)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_match_any_live_value_and_are_not_shown() {
        let key = ApiKey::new("ops", vec![Scope::Read], ["new-value", "old-value"]);
        assert!(key.matches("new-value") && key.matches("old-value"));
        assert!(!key.matches("new-valu") && !key.matches(""));
        assert!(key.allows(Scope::Read) && !key.allows(Scope::Admin));
        assert_eq!(
            format!("{key:?}"),
            r#"ApiKey { name: "ops", scopes: [Read] }"#
        );
    }
}
