//! A catalogue of two connectors and a handler, as plugins describe themselves.

use std::sync::Arc;

use forebay_config::Catalog;
use forebay_model::Digest;
use forebay_model::manifest::{
    AuthChoice, AuthScheme, Condition, ConnectorInfo, HandlerInfo, Role, SecretHeader, WebhookAuth,
    WebhookEndpoint,
};
use forebay_model::plugin::{Plugin, PluginKind};
use serde_json::json;

/// Plugins by name.
pub(crate) struct Plugins(pub Vec<Arc<Plugin>>);

impl Catalog for Plugins {
    fn plugin(&self, name: &str) -> Option<Arc<Plugin>> {
        self.0.iter().find(|plugin| plugin.name() == name).cloned()
    }

    fn names(&self) -> Vec<String> {
        self.0
            .iter()
            .map(|plugin| plugin.name().to_owned())
            .collect()
    }
}

/// `canto` and `opentext-workflow`, connectors, and `approval`, a handler.
pub(crate) fn plugins() -> Plugins {
    let dam = [
        "forebay:assets/asset-source@0.1.0",
        "forebay:assets/comments@0.1.0",
    ];
    let workflow = ["forebay:workflow/workflow-sink@0.1.0"];
    Plugins(vec![
        connector("canto", &dam),
        connector("opentext-workflow", &workflow),
        handler(approval()),
    ])
}

pub(crate) fn handler(info: HandlerInfo) -> Arc<Plugin> {
    plugin(PluginKind::Handler(Box::new(info)), &[])
}

fn plugin(kind: PluginKind, exports: &[&str]) -> Arc<Plugin> {
    let mut plugin = Plugin {
        digest: Digest::of(b""),
        kind,
        exports: exports.iter().map(|&name| name.to_owned()).collect(),
        imports: Vec::new(),
        file: String::new(),
        size: 0,
    };
    plugin.digest = Digest::of(plugin.name().as_bytes());
    Arc::new(plugin)
}

fn connector(name: &str, exports: &[&str]) -> Arc<Plugin> {
    let settings = json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["tenant"],
        "properties": {
            "tenant": {"type": "string", "description": "Name of the tenant. Part of the address."},
            "domain": {"type": "string", "default": "canto.com"},
            "auth": {"enum": ["header", "bearer"], "default": "header"},
            "rates": {
                "type": "object",
                "default": {},
                "properties": {"per_minute": {"type": "integer", "default": 60, "minimum": 1}},
            },
        },
    });
    let when = |equals: &str| {
        vec![Condition {
            setting: "auth".into(),
            equals: equals.into(),
        }]
    };
    let header = SecretHeader {
        header: "X-Key".into(),
        secret: "app_secret".into(),
    };
    plugin(
        PluginKind::Connector(Box::new(ConnectorInfo {
            name: name.into(),
            version: "1.2.0".into(),
            vendor: "Vendor".into(),
            summary: "A connector".into(),
            settings_schema: settings.to_string(),
            auth: vec![
                AuthChoice {
                    when: when("header"),
                    scheme: AuthScheme::Headers(vec![header]),
                },
                AuthChoice {
                    when: when("bearer"),
                    scheme: AuthScheme::Bearer("token".into()),
                },
            ],
            hosts: vec!["https://{tenant}.{domain}".into()],
            reads: Vec::new(),
            rate_classes: Vec::new(),
            webhooks: vec![WebhookEndpoint {
                name: "events".into(),
                summary: "Events".into(),
                auth: WebhookAuth::Header("X-Hook".into()),
                secret: "webhook_token".into(),
            }],
            event_kinds: Vec::new(),
            body_secrets: vec!["webhook_token".into(), "signing_key".into()],
        })),
        exports,
    )
}

fn approval() -> HandlerInfo {
    let config = json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["definition"],
        "properties": {
            "definition": {"type": "string", "description": "Key of the process definition."},
            "on_timeout": {"enum": ["park", "reject"], "default": "park"},
            "asset_gone": {"$ref": "#/$defs/gone", "default": {}},
            "routing": {"type": "array", "items": {"$ref": "#/$defs/rule"}, "default": []},
            "decide": {"oneOf": [
                {
                    "type": "object", "required": ["by", "group"], "additionalProperties": false,
                    "properties": {"by": {"const": "group"}, "group": {"type": "string"}},
                },
                {
                    "type": "object", "required": ["by", "quorum"], "additionalProperties": false,
                    "properties": {"by": {"const": "vote"}, "quorum": {"type": "integer"}},
                },
            ]},
        },
        "$defs": {
            "gone": {"type": "object", "properties": {"grace": {"type": "string", "default": "15m"}}},
            "rule": {
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "when": {"type": "object"},
                    "to": {"type": "string"},
                    "sla": {"type": "string", "default": "3bd"},
                },
            },
        },
    });
    let role = |name: &str, required: &[&str]| Role {
        name: name.into(),
        summary: String::new(),
        required: required.iter().map(|&name| name.to_owned()).collect(),
        optional: Vec::new(),
        events: Vec::new(),
    };
    HandlerInfo {
        name: "approval".into(),
        version: "0.3.0".into(),
        summary: "Approval".into(),
        config_schema: config.to_string(),
        state_schema: "{}".into(),
        state_version: 1,
        roles: vec![
            role(
                "dam",
                &["forebay:assets/asset-source", "forebay:assets/comments"],
            ),
            role("workflow", &["forebay:workflow/workflow-sink"]),
        ],
        outcomes: Vec::new(),
    }
}

/// Everything a valid configuration needs.
pub(crate) const GOOD: &str = r#"
[host]
listen = "127.0.0.1:9000"

[api]
keys = [ { name = "ops", scopes = ["read", "operate"], key = { env = "API_KEY" } } ]

[connections.canto-main]
plugin = "canto"
allow_hosts = ["*.canto.com"]
settings = { tenant = "acme" }
secrets = { app_secret = { env = "APP_SECRET" }, signing_key = { env = "SIGNING" }, webhook_token = [ { env = "HOOK_NEW" }, { env = "HOOK_OLD" } ] }
poll = { interval = "5m", overlap = "10m" }

[connections.otwf-main]
plugin = "opentext-workflow"
settings = { tenant = "acme", auth = "bearer" }
secrets = { token = { env = "TOKEN" }, signing_key = { env = "SIGNING" }, webhook_token = { env = "HOOK_NEW" } }

[flows.canto-1-approval]
handler = "approval"
mode = "observe"
connections = { dam = "canto-main", workflow = "otwf-main" }
retry = { budget = "2d" }

[flows.canto-1-approval.config]
definition = "asset-approval"
routing = [
  { when = { region = "EMEA" }, to = "emea" },
  { to = "dam-admins", sla = "1bd" },
]
"#;

/// The variables [`GOOD`] names.
pub(crate) const VARIABLES: [(&str, &str); 6] = [
    ("API_KEY", "an-api-key-that-is-long"),
    ("APP_SECRET", "app-secret-value"),
    ("SIGNING", "signing-value"),
    ("HOOK_NEW", "hook-new-value"),
    ("HOOK_OLD", "hook-old-value"),
    ("TOKEN", "token-value"),
];
