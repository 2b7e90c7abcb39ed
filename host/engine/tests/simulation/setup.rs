//! Plugins, connections and flows of every history.

use std::collections::BTreeMap;
use std::time::Duration;

use forebay_engine::{Options, Topology};
use forebay_model::Digest;
use forebay_model::flow::{ConnectionSpec, FlowSpec, Mode, PollPolicy, RetryPolicy};
use forebay_model::manifest::{ConnectorInfo, HandlerInfo, Role};
use forebay_model::plugin::{Plugin, PluginKind};
use serde_json::json;

use crate::handlers::{APPROVAL, TRANSLATION};
use crate::vendor::{DAM, ENGINE};

fn plugin(name: &str, exports: &[&str], kind: PluginKind) -> Plugin {
    Plugin {
        digest: Digest::of(name.as_bytes()),
        kind,
        exports: exports.iter().map(ToString::to_string).collect(),
        imports: Vec::new(),
        file: format!("{name}.wasm"),
        size: 1,
    }
}

fn connector(name: &str, exports: &[&str]) -> Plugin {
    let info = ConnectorInfo {
        name: name.into(),
        version: "1.0.0".into(),
        vendor: name.into(),
        summary: String::new(),
        settings_schema: "{}".into(),
        auth: Vec::new(),
        hosts: Vec::new(),
        reads: vec!["forebay:assets/asset-source.get".into()],
        rate_classes: Vec::new(),
        webhooks: Vec::new(),
        event_kinds: Vec::new(),
        body_secrets: Vec::new(),
    };
    plugin(name, exports, PluginKind::Connector(Box::new(info)))
}

fn handler(name: &str, events: &[&str]) -> Plugin {
    let role = |name: &str, interface: &str, events: &[&str]| Role {
        name: name.into(),
        summary: String::new(),
        required: vec![interface.into()],
        optional: Vec::new(),
        events: events.iter().map(ToString::to_string).collect(),
    };
    let info = HandlerInfo {
        name: name.into(),
        version: "1.0.0".into(),
        summary: String::new(),
        config_schema: "{}".into(),
        state_schema: "{}".into(),
        state_version: 1,
        roles: vec![
            role(DAM, "forebay:assets/asset-source", events),
            role(ENGINE, "forebay:workflow/workflow-sink", &[]),
        ],
        outcomes: vec!["done".into()],
    };
    plugin(name, &[], PluginKind::Handler(Box::new(info)))
}

/// Both connectors and both handlers.
pub(crate) fn plugins() -> Vec<Plugin> {
    let source = "forebay:connector/event-source@0.1.0";
    vec![
        connector(DAM, &["forebay:assets/asset-source@0.1.0", source]),
        connector(ENGINE, &["forebay:workflow/workflow-sink@0.1.0", source]),
        handler(APPROVAL, &["asset.created", "asset.updated"]),
        handler(TRANSLATION, &[]),
    ]
}

/// Both connections and both flows.
pub(crate) fn topology() -> Topology {
    let connection = |name: &str| ConnectionSpec {
        name: name.into(),
        plugin: name.into(),
        settings: json!({}),
        poll: PollPolicy::default(),
    };
    let flow = |name: &str| FlowSpec {
        name: name.into(),
        handler: name.into(),
        enabled: true,
        mode: Mode::Enforce,
        connections: BTreeMap::from([(DAM.into(), DAM.into()), (ENGINE.into(), ENGINE.into())]),
        config: json!({}),
        retry: RetryPolicy::default(),
        max_active: 2,
        schedules: Vec::new(),
    };
    Topology::new(
        vec![flow(APPROVAL), flow(TRANSLATION)],
        vec![connection(DAM), connection(ENGINE)],
    )
}

/// The engine's defaults, but for the pause of an idle loop: where one host is alone it is so long
/// that a wake-up that is missed does not go unnoticed. Two hosts do not wake each other.
pub(crate) fn options(hosts: usize) -> Options {
    Options {
        max_activations: 3,
        idle: Duration::from_secs(if hosts == 1 { 6 * 3600 } else { 180 }),
        ..Options::default()
    }
}
