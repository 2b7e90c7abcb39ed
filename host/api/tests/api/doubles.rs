//! Scripted guests, gate and plugin directory.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use forebay_api::PluginDirectory;
use forebay_engine::intake::{Gate, Genuine, Refusal};
use forebay_model::capability::Detail;
use forebay_model::flow::ConnectionSpec;
use forebay_model::manifest::{
    AuthChoice, AuthScheme, ConnectorInfo, HandlerInfo, Role, WebhookAuth, WebhookEndpoint,
};
use forebay_model::plugin::{Plugin, PluginKind, Quarantined};
use forebay_model::ports::*;
use forebay_model::step::{Admission, Next, Start, Step, Subscription, Timer, Waiting, WaitingOn};
use forebay_model::{
    CapabilityError, ConnectionName, DeliveryContent, Digest, Entity, Event, Field, FieldValue,
    Finding, FunctionName, InterfaceName, Severity, Timestamp,
};
use serde_json::{Value, json};

const READ: &str = "forebay:assets/asset-source.get";

fn handler() -> Arc<Plugin> {
    let info = HandlerInfo {
        name: "approve".into(),
        version: "1.2.0".into(),
        summary: "Asks for approval".into(),
        config_schema: r#"{"type": "object"}"#.into(),
        state_schema: r#"{"type": "object"}"#.into(),
        state_version: 1,
        roles: vec![Role {
            name: "dam".into(),
            summary: "Where assets are".into(),
            required: vec!["forebay:assets/asset-source".into()],
            optional: Vec::new(),
            events: vec!["asset.created".into()],
        }],
        outcomes: vec!["approved".into()],
    };
    plugin(PluginKind::Handler(Box::new(info)), Vec::new())
}

fn connector() -> Arc<Plugin> {
    let info = ConnectorInfo {
        name: "canto".into(),
        version: "1.0.0".into(),
        vendor: "Canto".into(),
        summary: "Speaks Canto".into(),
        settings_schema: r#"{"type": "object"}"#.into(),
        auth: vec![AuthChoice {
            when: Vec::new(),
            scheme: AuthScheme::Bearer("token".into()),
        }],
        hosts: vec!["https://{tenant}.canto.com".into()],
        reads: vec![READ.into()],
        rate_classes: Vec::new(),
        webhooks: vec![WebhookEndpoint {
            name: "assets".into(),
            summary: "Connect asset notifications".into(),
            auth: WebhookAuth::Header("x-secret".into()),
            secret: "hook".into(),
        }],
        event_kinds: vec!["asset.created".into()],
        body_secrets: Vec::new(),
    };
    let exports = [
        "forebay:connector/event-source@0.1.0",
        "forebay:assets/asset-source@0.1.0",
    ];
    plugin(
        PluginKind::Connector(Box::new(info)),
        exports.map(str::to_owned).to_vec(),
    )
}

fn plugin(kind: PluginKind, exports: Vec<String>) -> Arc<Plugin> {
    let mut plugin = Plugin {
        digest: Digest::of(b""),
        kind,
        exports,
        imports: Vec::new(),
        file: String::new(),
        size: 4_096,
    };
    plugin.digest = Digest::of(plugin.name().as_bytes());
    plugin.file = format!("{}.wasm", plugin.name());
    Arc::new(plugin)
}

/// One accepted connector, one accepted handler, one file kept out.
pub(crate) struct Directory;

impl PluginDirectory for Directory {
    fn list(&self) -> Vec<Arc<Plugin>> {
        vec![handler(), connector()]
    }

    fn quarantined(&self) -> Vec<Quarantined> {
        vec![Quarantined {
            file: "odd.wasm".into(),
            code: "unknown-import".into(),
            reason: "it imports `acme:db/sql`, which nobody provides".into(),
            at: Timestamp(1_000),
        }]
    }
}

/// Accepts deliveries to `canto/assets` with the header `x-secret: right`.
pub(crate) struct HeaderGate;

impl Gate for HeaderGate {
    fn verify(
        &self,
        connection: &ConnectionName,
        endpoint: &str,
        headers: &[HeaderField],
        body: &[u8],
    ) -> Result<Genuine, Refusal> {
        if (connection.as_str(), endpoint) != ("canto", "assets") {
            return Err(Refusal::Unknown(format!(
                "no webhook {connection}/{endpoint}"
            )));
        }
        if body == b"???" {
            return Err(Refusal::Malformed("the body is no JSON".into()));
        }
        let proof = headers.iter().find(|header| header.name == "x-secret");
        if proof.is_none_or(|header| header.value != "right") {
            return Err(Refusal::Forged(
                "the header `x-secret` is absent or wrong".into(),
            ));
        }
        let kept = headers
            .iter()
            .filter(|header| header.name != "x-secret")
            .cloned();
        Ok(Genuine {
            headers: kept.collect(),
            body: body.to_vec(),
        })
    }
}

/// Guests that do what the input says.
pub(crate) struct Scripted;

impl Scripted {
    fn start(input: &Value) -> Admission {
        let key = input["key"].as_str().unwrap_or("k");
        Admission::Start(Start {
            business_key: key.to_owned(),
            subject: Entity {
                kind: "asset".into(),
                id: format!("asset-{key}"),
            },
            title: format!("Approval of {key}"),
            labels: vec![(
                "market".into(),
                input["market"].as_str().unwrap_or("DE").to_owned(),
            )],
        })
    }
}

#[async_trait]
impl Guests for Scripted {
    fn current(&self, name: &str) -> Option<Arc<Plugin>> {
        Directory
            .list()
            .into_iter()
            .find(|plugin| plugin.name() == name)
    }

    fn plugin(&self, digest: &Digest) -> Option<Arc<Plugin>> {
        Directory
            .list()
            .into_iter()
            .find(|plugin| plugin.digest == *digest)
    }

    /// Reads an asset and waits for its next event.
    async fn handle(
        &self,
        activation: Activation,
        broker: Arc<dyn Broker>,
    ) -> Result<Result<Step, CapabilityError>, GuestError> {
        let call = CapabilityCall {
            function: InterfaceName::new("forebay:assets/asset-source").function("get"),
            arguments: vec![json!("asset-k")],
            fallible: true,
            blank: json!({"ok": null}),
        };
        if broker.call(call).await.is_err() {
            return Err(GuestError::Interrupted);
        }
        broker.notify("ops".into(), format!("{} waits", activation.business_key));
        let entity = Entity {
            kind: "asset".into(),
            id: "asset-k".into(),
        };
        let waiting = Waiting {
            timers: vec![Timer {
                name: "remind".into(),
                due_at: broker.now().plus(Duration::from_secs(3600)),
            }],
            subscriptions: vec![Subscription {
                role: "dam".into(),
                entity,
                kinds: Vec::new(),
            }],
            waiting_on: WaitingOn {
                summary: "a decision".into(),
                parties: vec!["ann".into()],
                due_at: None,
                link: None,
            },
        };
        let state = r#"{"seen": 1}"#.to_owned();
        Ok(Ok(Step {
            state,
            labels: Vec::new(),
            next: Next::Waiting(waiting),
        }))
    }

    async fn admit(
        &self,
        _handler: &Digest,
        _config: &str,
        _connections: &[(String, ConnectionName)],
        delivery: &DeliveryContent,
    ) -> Result<Admission, GuestError> {
        let DeliveryContent::Request(text) = delivery else {
            return Ok(Admission::Ignore("not a request".into()));
        };
        let input: Value = serde_json::from_str(text).unwrap();
        match input["do"].as_str() {
            Some("refuse") => Ok(Admission::Refuse("the asset has no owner".into())),
            Some("trap") => Err(GuestError::Trap("unreachable".into())),
            Some("panic") => panic!("a secret of the inside"),
            Some("hang") => std::future::pending().await,
            _ => Ok(Self::start(&input)),
        }
    }

    async fn check_flow(
        &self,
        _handler: &Digest,
        _config: &str,
        probe: bool,
        _broker: Arc<dyn Broker>,
    ) -> Result<Vec<Finding>, GuestError> {
        let asked = if probe { "asked" } else { "not asked" };
        Ok(vec![finding(
            Severity::Warning,
            &format!("vendors were {asked}"),
        )])
    }

    async fn migrate(
        &self,
        _handler: &Digest,
        state: &str,
        _from_version: u32,
    ) -> Result<Result<String, String>, GuestError> {
        Ok(Ok(state.to_owned()))
    }

    async fn call(
        &self,
        _connector: &Digest,
        _connection: &ConnectionSpec,
        _context: CallContext,
        _function: &FunctionName,
        arguments: &[Value],
    ) -> Result<Value, GuestError> {
        Ok(json!({"ok": {"id": arguments[0], "name": "Poster"}}))
    }

    async fn check_connection(
        &self,
        _connector: &Digest,
        connection: &ConnectionSpec,
        _context: CallContext,
    ) -> ConnectorResult<Vec<Finding>> {
        if connection.settings["tenant"] == "gone" {
            return Ok(Err(CapabilityError::Unavailable(Detail::new(
                "no answer from the tenant",
            ))));
        }
        Ok(Ok(vec![finding(
            Severity::Error,
            "approval management is off",
        )]))
    }

    async fn changes(
        &self,
        _connector: &Digest,
        _connection: &ConnectionSpec,
        _context: CallContext,
        _cursor: Option<&str>,
        _options: ChangeOptions,
    ) -> ConnectorResult<ChangePage> {
        let event = |id: &str| Event {
            kind: "asset.created".into(),
            entity: Entity {
                kind: "asset".into(),
                id: id.to_owned(),
            },
            version: Some("1".into()),
            change_token: "t".into(),
            occurred_at: Timestamp(1_000),
            actor: Some("ann".into()),
            origin: None,
            related: Vec::new(),
            data: vec![
                Field {
                    name: "expires".into(),
                    value: FieldValue::Timestamp(Timestamp(0)),
                },
                Field {
                    name: "markets".into(),
                    value: FieldValue::Texts(vec!["DE".into()]),
                },
            ],
            raw_digest: None,
        };
        let events = vec![event("one"), event("two")];
        Ok(Ok(ChangePage {
            events,
            cursor: "c-2".into(),
            more: false,
            next_poll_seconds: None,
        }))
    }

    async fn webhook(
        &self,
        _connector: &Digest,
        _connection: &ConnectionSpec,
        _context: CallContext,
        _request: &WebhookRequest,
    ) -> ConnectorResult<Vec<Event>> {
        Ok(Ok(Vec::new()))
    }

    async fn arm(
        &self,
        _connector: &Digest,
        _connection: &ConnectionSpec,
        _context: CallContext,
        _base_url: &str,
    ) -> ConnectorResult<Vec<Finding>> {
        Ok(Ok(Vec::new()))
    }
}

fn finding(severity: Severity, message: &str) -> Finding {
    Finding {
        severity,
        path: "config".into(),
        message: message.to_owned(),
        mend: String::new(),
    }
}
