//! Components as closures.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use forebay_engine::intake::{Gate, Genuine, Refusal};
use forebay_model::capability::CapabilityError;
use forebay_model::event::DeliveryContent;
use forebay_model::flow::ConnectionSpec;
use forebay_model::plugin::Plugin;
use forebay_model::ports::{
    Activation, Broker, CallContext, ChangeOptions, ChangePage, ConnectorResult, GuestError,
    Guests, HeaderField, WebhookRequest,
};
use forebay_model::step::{Admission, Start, Step};
use forebay_model::{ConnectionName, Digest, Entity, Event, Finding, FunctionName};
use futures_util::future::BoxFuture;
use serde_json::Value;

use super::desk::{Answer, Desk};
use super::flows;
use super::vendor::Vendor;

type Handler = Arc<dyn Fn(Activation, Desk) -> BoxFuture<'static, Answer> + Send + Sync>;
type Admit = Arc<dyn Fn(&DeliveryContent) -> Result<Admission, GuestError> + Send + Sync>;
type Changes =
    Arc<dyn Fn(Option<&str>, ChangeOptions) -> ConnectorResult<ChangePage> + Send + Sync>;
type Webhook = Arc<dyn Fn(&WebhookRequest) -> ConnectorResult<Vec<Event>> + Send + Sync>;
type Migrate = Arc<dyn Fn(&str, u32) -> Result<String, String> + Send + Sync>;
type Check = Arc<dyn Fn() -> ConnectorResult<Vec<Finding>> + Send + Sync>;

/// All components; outlives the host, as files do.
pub(crate) struct Script {
    pub(crate) vendor: Vendor,
    inner: Mutex<Inner>,
}

struct Inner {
    plugins: BTreeMap<String, Arc<Plugin>>,
    handlers: BTreeMap<String, Handler>,
    admit: Admit,
    changes: Changes,
    webhook: Webhook,
    check: Check,
    migrate: Migrate,
    /// Plugins that were replaced: runs may be pinned to them.
    replaced: Vec<Arc<Plugin>>,
}

impl Script {
    /// The plugins of [`flows`], all behaving well.
    pub(crate) fn new() -> Arc<Self> {
        let plugins = flows::plugins().into_iter();
        let inner = Inner {
            plugins: plugins
                .map(|plugin| (plugin.name().to_owned(), Arc::new(plugin)))
                .collect(),
            handlers: BTreeMap::new(),
            admit: Arc::new(admit_by_entity),
            changes: Arc::new(|_, _| Ok(Ok(page(Vec::new(), "start", false)))),
            webhook: Arc::new(|request| Ok(Ok(serde_json::from_slice(&request.body).unwrap()))),
            check: Arc::new(|| Ok(Ok(Vec::new()))),
            migrate: Arc::new(|_, from| Err(format!("version {from} is unknown"))),
            replaced: Vec::new(),
        };
        let script = Arc::new(Self {
            vendor: Vendor::default(),
            inner: Mutex::new(inner),
        });
        script.handle(flows::FLOW, flows::approval);
        script
    }

    /// How a handler handles.
    pub(crate) fn handle<F, Fut>(&self, plugin: &str, handler: F)
    where
        F: Fn(Activation, Desk) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Answer> + Send + 'static,
    {
        let handler: Handler =
            Arc::new(move |activation, desk| Box::pin(handler(activation, desk)));
        self.inner().handlers.insert(plugin.into(), handler);
    }

    /// How handlers admit.
    pub(crate) fn admit(
        &self,
        admit: impl Fn(&DeliveryContent) -> Result<Admission, GuestError> + Send + Sync + 'static,
    ) {
        self.inner().admit = Arc::new(admit);
    }

    /// What a poll finds.
    pub(crate) fn changes(
        &self,
        changes: impl Fn(Option<&str>) -> ConnectorResult<ChangePage> + Send + Sync + 'static,
    ) {
        self.changes_by(move |cursor, _| changes(cursor));
    }

    /// What a poll finds that asks in this way.
    pub(crate) fn changes_by(
        &self,
        changes: impl Fn(Option<&str>, ChangeOptions) -> ConnectorResult<ChangePage>
        + Send
        + Sync
        + 'static,
    ) {
        self.inner().changes = Arc::new(changes);
    }

    /// What a webhook means.
    pub(crate) fn webhook(
        &self,
        webhook: impl Fn(&WebhookRequest) -> ConnectorResult<Vec<Event>> + Send + Sync + 'static,
    ) {
        self.inner().webhook = Arc::new(webhook);
    }

    /// What a check of any connection finds.
    pub(crate) fn check(
        &self,
        check: impl Fn() -> ConnectorResult<Vec<Finding>> + Send + Sync + 'static,
    ) {
        self.inner().check = Arc::new(check);
    }

    /// How handlers take over older state.
    pub(crate) fn migrate(
        &self,
        migrate: impl Fn(&str, u32) -> Result<String, String> + Send + Sync + 'static,
    ) {
        self.inner().migrate = Arc::new(migrate);
    }

    /// Put another file in the place of a plugin's; runs that have the old one keep it.
    pub(crate) fn replace(&self, plugin: &str, change: impl FnOnce(&mut Plugin)) {
        let mut inner = self.inner();
        let old = inner.plugins[plugin].clone();
        let mut new = Plugin::clone(&old);
        new.digest = Digest::of(format!("{} again", old.digest).as_bytes());
        change(&mut new);
        inner.replaced.push(old);
        inner.plugins.insert(plugin.to_owned(), Arc::new(new));
    }

    /// Take a plugin's file away.
    pub(crate) fn remove(&self, plugin: &str) -> Arc<Plugin> {
        self.inner().plugins.remove(plugin).unwrap()
    }

    /// Put it back.
    pub(crate) fn put_back(&self, plugin: Arc<Plugin>) {
        self.inner()
            .plugins
            .insert(plugin.name().to_owned(), plugin);
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }
}

/// A page of a poll.
pub(crate) fn page(events: Vec<Event>, cursor: &str, more: bool) -> ChangePage {
    ChangePage {
        events,
        cursor: cursor.into(),
        more,
        next_poll_seconds: None,
    }
}

/// One run per entity; a request names it.
fn admit_by_entity(delivery: &DeliveryContent) -> Result<Admission, GuestError> {
    let (key, subject) = match delivery {
        DeliveryContent::Event(incoming) => (
            incoming.event.entity.id.clone(),
            incoming.event.entity.clone(),
        ),
        DeliveryContent::Request(input) => {
            let key: String = serde_json::from_str(input).unwrap();
            (
                key.clone(),
                Entity {
                    kind: "asset".into(),
                    id: key,
                },
            )
        }
        other => panic!("admit was asked about {other:?}"),
    };
    let title = key.clone();
    Ok(Admission::Start(Start {
        business_key: key,
        subject,
        title,
        labels: Vec::new(),
    }))
}

#[async_trait]
impl Guests for Script {
    fn current(&self, name: &str) -> Option<Arc<Plugin>> {
        self.inner().plugins.get(name).cloned()
    }

    fn plugin(&self, digest: &Digest) -> Option<Arc<Plugin>> {
        let inner = self.inner();
        let mut known = inner.plugins.values().chain(&inner.replaced);
        known.find(|plugin| plugin.digest == *digest).cloned()
    }

    async fn handle(
        &self,
        activation: Activation,
        broker: Arc<dyn Broker>,
    ) -> Result<Result<Step, CapabilityError>, GuestError> {
        let plugin = self
            .plugin(&activation.handler)
            .expect("the engine looked it up");
        let handler = self
            .inner()
            .handlers
            .get(plugin.name())
            .cloned()
            .expect("it is scripted");
        handler(activation, Desk(broker)).await
    }

    async fn admit(
        &self,
        _handler: &Digest,
        _config: &str,
        _connections: &[(String, ConnectionName)],
        delivery: &DeliveryContent,
    ) -> Result<Admission, GuestError> {
        let admit = self.inner().admit.clone();
        admit(delivery)
    }

    async fn check_flow(
        &self,
        _handler: &Digest,
        _config: &str,
        _probe: bool,
        _broker: Arc<dyn Broker>,
    ) -> Result<Vec<Finding>, GuestError> {
        Ok(Vec::new())
    }

    async fn migrate(
        &self,
        _handler: &Digest,
        state: &str,
        from_version: u32,
    ) -> Result<Result<String, String>, GuestError> {
        let migrate = self.inner().migrate.clone();
        Ok(migrate(state, from_version))
    }

    async fn call(
        &self,
        _connector: &Digest,
        _connection: &ConnectionSpec,
        context: CallContext,
        function: &FunctionName,
        arguments: &[Value],
    ) -> Result<Value, GuestError> {
        self.vendor.answer(context, function, arguments).await
    }

    async fn check_connection(
        &self,
        _connector: &Digest,
        _connection: &ConnectionSpec,
        _context: CallContext,
    ) -> ConnectorResult<Vec<Finding>> {
        let check = self.inner().check.clone();
        check()
    }

    async fn changes(
        &self,
        _connector: &Digest,
        _connection: &ConnectionSpec,
        _context: CallContext,
        cursor: Option<&str>,
        options: ChangeOptions,
    ) -> ConnectorResult<ChangePage> {
        let changes = self.inner().changes.clone();
        changes(cursor, options)
    }

    async fn webhook(
        &self,
        _connector: &Digest,
        _connection: &ConnectionSpec,
        _context: CallContext,
        request: &WebhookRequest,
    ) -> ConnectorResult<Vec<Event>> {
        let webhook = self.inner().webhook.clone();
        webhook(request)
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

/// Lets every delivery in whose body is not `forged`.
pub(crate) struct OpenGate;

impl Gate for OpenGate {
    fn verify(
        &self,
        _connection: &ConnectionName,
        _endpoint: &str,
        headers: &[HeaderField],
        body: &[u8],
    ) -> Result<Genuine, Refusal> {
        if body == b"forged" {
            return Err(Refusal::Forged("it does not prove itself".into()));
        }
        Ok(Genuine {
            headers: headers.to_vec(),
            body: body.to_vec(),
        })
    }
}
