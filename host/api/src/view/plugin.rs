//! Plugins.

use forebay_model::manifest::{ConnectorInfo, HandlerInfo};
use forebay_model::plugin::{Plugin, PluginKind, Quarantined};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{Time, json};

/// All plugins.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Plugins {
    /// Those in use.
    pub(crate) accepted: Vec<PluginView>,
    /// Files that are kept out.
    pub(crate) quarantined: Vec<QuarantinedView>,
}

/// What a component is.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = PluginKind)]
pub(crate) enum Kind {
    /// Speaks one vendor's API.
    Connector,
    /// Holds one use case's logic.
    Handler,
}

/// A plugin, in lists.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Plugin)]
pub(crate) struct PluginView {
    /// The name it gives itself.
    name: String,
    /// Its version.
    version: String,
    /// What it is.
    kind: Kind,
    /// One sentence.
    summary: String,
    /// SHA-256 of the file: its identity.
    digest: String,
    /// Name of the file it came in.
    file: String,
    /// Size of the file in bytes.
    size: u64,
}

/// A file that was refused.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Quarantined)]
pub(crate) struct QuarantinedView {
    /// Name of the file.
    file: String,
    /// Stable code of the reason.
    code: String,
    /// The reason, in words a person can act on.
    reason: String,
    /// When it was refused.
    at: Time,
}

/// A plugin with its description of itself.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PluginDetail {
    /// The plugin.
    plugin: PluginView,
    /// Interfaces it exports.
    exports: Vec<String>,
    /// Capability interfaces it imports.
    imports: Vec<String>,
    /// What it says, if it is a connector.
    connector: Option<ConnectorView>,
    /// What it says, if it is a handler.
    handler: Option<HandlerView>,
}

/// What a connector says about itself.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Connector)]
struct ConnectorView {
    /// The vendor and product.
    vendor: String,
    /// JSON Schema of a connection's settings.
    settings_schema: Value,
    /// Origins it needs, as templates over the settings.
    hosts: Vec<String>,
    /// Names of the secrets it may need, by way of authentication.
    secrets: Vec<String>,
    /// Functions that only read; all others may change something.
    reads: Vec<String>,
    /// Webhook endpoints it understands.
    webhooks: Vec<WebhookView>,
    /// Kinds of events it emits.
    event_kinds: Vec<String>,
}

/// A webhook endpoint.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Webhook)]
struct WebhookView {
    /// Last segment of `/hooks/{connection}/{name}`.
    name: String,
    /// What to connect to it.
    summary: String,
}

/// What a handler says about itself.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Handler)]
struct HandlerView {
    /// JSON Schema of a flow's `config`.
    config_schema: Value,
    /// JSON Schema of the state.
    state_schema: Value,
    /// Number of the state schema.
    state_version: u32,
    /// What it must be connected to.
    roles: Vec<RoleView>,
    /// Outcomes a run can complete with.
    outcomes: Vec<String>,
}

/// Something a flow is connected to, named for its purpose.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Role)]
struct RoleView {
    /// Its name.
    name: String,
    /// What is meant.
    summary: String,
    /// Interfaces the connection must export.
    required: Vec<String>,
    /// Interfaces used if the connection exports them.
    optional: Vec<String>,
    /// Kinds of events it wants to see.
    events: Vec<String>,
}

impl From<&Plugin> for PluginView {
    fn from(plugin: &Plugin) -> Self {
        let (kind, summary) = match &plugin.kind {
            PluginKind::Connector(info) => (Kind::Connector, &info.summary),
            PluginKind::Handler(info) => (Kind::Handler, &info.summary),
        };
        Self {
            name: plugin.name().to_owned(),
            version: plugin.version().to_owned(),
            kind,
            summary: summary.clone(),
            digest: plugin.digest.to_string(),
            file: plugin.file.clone(),
            size: plugin.size,
        }
    }
}

impl From<Quarantined> for QuarantinedView {
    fn from(file: Quarantined) -> Self {
        Self {
            file: file.file,
            code: file.code,
            reason: file.reason,
            at: file.at.into(),
        }
    }
}

impl From<&Plugin> for PluginDetail {
    fn from(plugin: &Plugin) -> Self {
        Self {
            plugin: plugin.into(),
            exports: plugin.exports.clone(),
            imports: plugin.imports.clone(),
            connector: plugin.connector().map(ConnectorView::from),
            handler: plugin.handler().map(HandlerView::from),
        }
    }
}

impl From<&ConnectorInfo> for ConnectorView {
    fn from(info: &ConnectorInfo) -> Self {
        let mut secrets: Vec<String> = info
            .auth
            .iter()
            .flat_map(|choice| choice.scheme.secrets())
            .chain(info.webhooks.iter().map(|webhook| webhook.secret.as_str()))
            .chain(info.body_secrets.iter().map(String::as_str))
            .map(str::to_owned)
            .collect();
        secrets.sort();
        secrets.dedup();
        let webhooks = info.webhooks.iter().map(|webhook| WebhookView {
            name: webhook.name.clone(),
            summary: webhook.summary.clone(),
        });
        Self {
            vendor: info.vendor.clone(),
            settings_schema: json(&info.settings_schema),
            hosts: info.hosts.clone(),
            secrets,
            reads: info.reads.clone(),
            webhooks: webhooks.collect(),
            event_kinds: info.event_kinds.clone(),
        }
    }
}

impl From<&HandlerInfo> for HandlerView {
    fn from(info: &HandlerInfo) -> Self {
        let roles = info.roles.iter().map(|role| RoleView {
            name: role.name.clone(),
            summary: role.summary.clone(),
            required: role.required.clone(),
            optional: role.optional.clone(),
            events: role.events.clone(),
        });
        Self {
            config_schema: json(&info.config_schema),
            state_schema: json(&info.state_schema),
            state_version: info.state_version,
            roles: roles.collect(),
            outcomes: info.outcomes.clone(),
        }
    }
}
