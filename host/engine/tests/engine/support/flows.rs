//! The plugins, connections and the flow most tests use: an asset is reviewed in a process, and what
//! was decided is written back.

use std::collections::BTreeMap;

use forebay_model::event::DeliveryContent;
use forebay_model::flow::{ConnectionSpec, FlowSpec, Mode, PollPolicy, RetryPolicy};
use forebay_model::manifest::{ConnectorInfo, HandlerInfo, Role};
use forebay_model::plugin::{Plugin, PluginKind};
use forebay_model::ports::Activation;
use forebay_model::{Digest, Entity, Event, Timestamp};
use serde_json::{Value, json};

use super::desk::{Answer, Desk, cancelled, completed, waiting_for};

/// Connection, plugin and role of the DAM.
pub(crate) const DAM: &str = "dam";
/// Connection, plugin and role of the workflow engine.
pub(crate) const ENGINE: &str = "engine";
/// The flow and its handler.
pub(crate) const FLOW: &str = "approval";

fn connector(name: &str, exports: &[&str], reads: &[&str]) -> Plugin {
    let info = ConnectorInfo {
        name: name.into(),
        version: "1.0.0".into(),
        vendor: name.into(),
        summary: String::new(),
        settings_schema: "{}".into(),
        auth: Vec::new(),
        hosts: Vec::new(),
        reads: reads.iter().map(ToString::to_string).collect(),
        rate_classes: Vec::new(),
        webhooks: Vec::new(),
        event_kinds: Vec::new(),
        body_secrets: Vec::new(),
    };
    plugin(name, exports, PluginKind::Connector(Box::new(info)))
}

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

fn handler(name: &str) -> Plugin {
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
            role(
                DAM,
                "forebay:assets/asset-source",
                &["asset.created", "asset.updated", "action.invoked"],
            ),
            role(ENGINE, "forebay:workflow/workflow-sink", &[]),
        ],
        outcomes: vec!["approved".into()],
    };
    plugin(name, &[], PluginKind::Handler(Box::new(info)))
}

/// Both connectors and two handlers of the same shape: `approval` and `child`.
pub(crate) fn plugins() -> Vec<Plugin> {
    vec![
        connector(
            DAM,
            &[
                "forebay:assets/asset-source@0.1.0",
                "forebay:connector/event-source@0.1.0",
            ],
            &["forebay:assets/asset-source.get"],
        ),
        connector(ENGINE, &["forebay:workflow/workflow-sink@0.1.0"], &[]),
        handler(FLOW),
        handler("child"),
    ]
}

/// A connection of the plugin of the same name.
pub(crate) fn connection(name: &str) -> ConnectionSpec {
    ConnectionSpec {
        name: name.into(),
        plugin: name.into(),
        settings: json!({}),
        poll: PollPolicy::default(),
    }
}

/// A flow of the handler of the same name.
pub(crate) fn flow(name: &str) -> FlowSpec {
    FlowSpec {
        name: name.into(),
        handler: name.into(),
        enabled: true,
        mode: Mode::Enforce,
        connections: BTreeMap::from([(DAM.into(), DAM.into()), (ENGINE.into(), ENGINE.into())]),
        config: json!({}),
        retry: RetryPolicy::default(),
        max_active: 16,
        schedules: Vec::new(),
    }
}

/// The process that reviews an asset.
pub(crate) fn process(asset: &str) -> Entity {
    Entity {
        kind: "process".into(),
        id: format!("process-{asset}"),
    }
}

fn event(kind: &str, entity: Entity, token: &str) -> Event {
    Event {
        kind: kind.into(),
        entity,
        version: None,
        change_token: token.into(),
        occurred_at: Timestamp(0),
        actor: None,
        origin: None,
        related: Vec::new(),
        data: Vec::new(),
        raw_digest: None,
    }
}

/// An asset was created.
pub(crate) fn created(asset: &str, token: &str) -> Event {
    event(
        "asset.created",
        Entity {
            kind: "asset".into(),
            id: asset.into(),
        },
        token,
    )
}

/// The process of an asset has ended.
pub(crate) fn finished(asset: &str) -> Event {
    event("process.completed", process(asset), "done")
}

/// Reads the asset, starts its process and waits; then writes the decision back in two effects.
pub(crate) async fn approval(activation: Activation, desk: Desk) -> Answer {
    let asset = activation.business_key;
    let state: Value = activation
        .state
        .map_or(json!({}), |state| serde_json::from_str(&state).unwrap());
    match activation.delivery {
        DeliveryContent::Signal(signal) if signal.name == "cancel" => {
            desk.engine("cancel", json!([process(&asset).id])).await?;
            cancelled("as-asked")
        }
        DeliveryContent::Event(incoming) if incoming.event.kind == "process.completed" => {
            assert_eq!(state["process"], process(&asset).id);
            desk.dam("get", json!([asset])).await?;
            desk.dam("update", json!([asset, "approved"])).await?;
            desk.dam("comment", json!([asset, "approved"])).await?;
            completed("approved")
        }
        _ => {
            desk.dam("get", json!([asset])).await?;
            let process_id = desk.engine("start", json!([asset])).await?["ok"].clone();
            waiting_for(&json!({"process": process_id}), ENGINE, process(&asset))
        }
    }
}
