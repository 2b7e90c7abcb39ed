//! Plugins as the host knows them.

use serde::{Deserialize, Serialize};

use crate::manifest::{ConnectorInfo, HandlerInfo};
use crate::name::{Digest, InterfaceName};
use crate::time::Timestamp;

/// What a component is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PluginKind {
    /// Speaks one vendor's API.
    Connector(Box<ConnectorInfo>),
    /// Holds one use case's logic.
    Handler(Box<HandlerInfo>),
}

/// An accepted component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plugin {
    /// Its identity.
    pub digest: Digest,
    /// What it is and says about itself.
    pub kind: PluginKind,
    /// Interfaces it exports, with their versions as declared.
    pub exports: Vec<String>,
    /// Capability interfaces it imports, with their versions as declared.
    pub imports: Vec<String>,
    /// Name of the file it came in.
    pub file: String,
    /// Size of the file in bytes.
    pub size: u64,
}

impl Plugin {
    /// The name it gives itself.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.kind {
            PluginKind::Connector(info) => &info.name,
            PluginKind::Handler(info) => &info.name,
        }
    }

    /// The version it gives itself.
    #[must_use]
    pub fn version(&self) -> &str {
        match &self.kind {
            PluginKind::Connector(info) => &info.version,
            PluginKind::Handler(info) => &info.version,
        }
    }

    /// Its description, if it is a connector.
    #[must_use]
    pub fn connector(&self) -> Option<&ConnectorInfo> {
        match &self.kind {
            PluginKind::Connector(info) => Some(info),
            PluginKind::Handler(_) => None,
        }
    }

    /// Its description, if it is a handler.
    #[must_use]
    pub fn handler(&self) -> Option<&HandlerInfo> {
        match &self.kind {
            PluginKind::Handler(info) => Some(info),
            PluginKind::Connector(_) => None,
        }
    }

    /// Does it export this interface, in any version?
    #[must_use]
    pub fn exports(&self, interface: &InterfaceName) -> bool {
        self.exports
            .iter()
            .any(|export| InterfaceName::new(export) == *interface)
    }
}

/// A file that was refused, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// Name of the file.
    pub file: String,
    /// Stable code of the reason: `too-large`, `not-a-component`, `unknown-import`, …
    pub code: String,
    /// The reason in words a person can act on.
    pub reason: String,
    /// When it was refused.
    pub at: Timestamp,
}
