//! The connector's side: who it is, how events come in, and the call it serves.

use std::rc::Rc;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

pub use crate::bindings::imports::forebay::connector::call::CallContext;
pub use crate::bindings::imports::forebay::connector::connector::{
    AuthChoice, AuthScheme, BasicCredentials, ClientCredentials, Condition, ConnectorInfo, Pair,
    ParametersIn, RateClass, SecretHeader, WebhookAuth, WebhookEndpoint,
};
pub use crate::bindings::imports::forebay::connector::event_source::{
    ChangeOptions, ChangePage, Header, WebhookRequest,
};
use crate::http::{Http, Transport};
use crate::types::{Error, Event, Finding, Timestamp};

/// What every connector has. One value serves one call.
pub trait Connector: Sized {
    /// Who this connector is and what it needs. Called at load, without network.
    fn describe() -> ConnectorInfo;

    /// Make the connector for one call. Read the settings here; do not call out.
    ///
    /// # Errors
    /// `invalid` where the settings cannot be used.
    fn new(call: Call) -> Result<Self, Error>;

    /// Probe credentials, rights and account settings. By default nothing is found.
    ///
    /// # Errors
    /// The check itself could not be made.
    fn check(&self) -> Result<Vec<Finding>, Error> {
        Ok(Vec::new())
    }
}

/// How events come in: by polling, by webhook, or both.
#[allow(unused_variables, reason = "the defaults need none")]
pub trait EventSource {
    /// The next page of events since the cursor. Without cursor: seed, and return nothing older
    /// than `options.start_at`.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn changes(&self, cursor: Option<&str>, options: &ChangeOptions) -> Result<ChangePage, Error> {
        Err(Error::unsupported("event-source.changes"))
    }

    /// Turn a delivery, already verified by the host, into events.
    ///
    /// # Errors
    /// `invalid` where it cannot be understood; `unsupported` by default.
    fn webhook(&self, request: &WebhookRequest) -> Result<Vec<Event>, Error> {
        Err(Error::unsupported("event-source.webhook"))
    }

    /// Register or re-arm webhooks at the vendor; by default there is nothing to do.
    ///
    /// # Errors
    /// Those of the contract.
    fn arm(&self, base_url: &str) -> Result<Vec<Finding>, Error> {
        Ok(Vec::new())
    }
}

/// The circumstances of the call being served. Cheap to clone.
#[derive(Clone)]
pub struct Call {
    context: Rc<CallContext>,
    transport: Rc<dyn Transport>,
}

impl Call {
    /// A call with this context and way out. Inside the host the SDK makes it; tests use
    /// `testing::call`.
    #[must_use]
    pub fn new(context: CallContext, transport: Rc<dyn Transport>) -> Self {
        Self {
            context: Rc::new(context),
            transport,
        }
    }

    /// The settings of the connection.
    ///
    /// # Errors
    /// `invalid` where they do not fit `S`; the host checks them against the schema before.
    pub fn settings<S: DeserializeOwned>(&self) -> Result<S, Error> {
        serde_json::from_str(&self.context.settings).map_err(|error| {
            Error::invalid(format!("the connection's settings cannot be used: {error}"))
        })
    }

    /// The connection's name.
    #[must_use]
    pub fn connection(&self) -> &str {
        &self.context.connection
    }

    /// Stable key of this effect: the same on every attempt, different for every other effect.
    #[must_use]
    pub fn idempotency_key(&self) -> &str {
        &self.context.idempotency_key
    }

    /// 1 for the first attempt.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.context.attempt
    }

    /// The fate of an earlier attempt is unknown: look before repeating.
    #[must_use]
    pub fn previous_unknown(&self) -> bool {
        self.context.previous_unknown
    }

    /// When the host will end the call.
    #[must_use]
    pub fn deadline(&self) -> Timestamp {
        self.context.deadline
    }

    /// The time when the call began.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.context.now
    }

    /// The run on whose behalf the call is made; absent for checks and polling.
    #[must_use]
    pub fn run(&self) -> Option<&str> {
        self.context.run.as_deref()
    }

    /// The way out: HTTP to the hosts that the connection may reach, with credentials added by the
    /// host.
    #[must_use]
    pub fn http(&self) -> Http {
        Http::new(Rc::clone(&self.transport), self.context.now)
    }
}

/// How a request body or header names a secret: the host puts the secret in its place on the way
/// out. The connector must list it in `body_secrets`.
#[must_use]
pub fn secret_placeholder(name: &str) -> String {
    format!("forebay-secret:{name}")
}

impl ConnectorInfo {
    /// A description with a settings schema made from `S`, and nothing else set. Add at least one way
    /// to authenticate, [`AuthScheme::None`] where there is none to do: the host refuses a connector
    /// that says nothing.
    #[must_use]
    pub fn new<S: JsonSchema>(
        name: impl Into<String>,
        version: impl Into<String>,
        vendor: impl Into<String>,
        summary: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            version: version.into(),
            vendor: vendor.into(),
            summary: summary.into(),
            settings_schema: crate::schema::of::<S>(),
            auth: Vec::new(),
            hosts: Vec::new(),
            reads: Vec::new(),
            rate_classes: Vec::new(),
            webhooks: Vec::new(),
            event_kinds: Vec::new(),
            body_secrets: Vec::new(),
        }
    }

    /// Add a way to authenticate that always applies.
    #[must_use]
    pub fn auth(self, scheme: AuthScheme) -> Self {
        self.auth_when(&[], scheme)
    }

    /// Add a way to authenticate that applies when all these settings have these texts.
    #[must_use]
    pub fn auth_when(mut self, when: &[(&str, &str)], scheme: AuthScheme) -> Self {
        let when = when
            .iter()
            .map(|(setting, equals)| Condition {
                setting: (*setting).to_owned(),
                equals: (*equals).to_owned(),
            })
            .collect();
        self.auth.push(AuthChoice { when, scheme });
        self
    }

    /// Add an origin it needs, as a template over the settings: `https://{tenant}.canto.com`.
    #[must_use]
    pub fn host(mut self, template: impl Into<String>) -> Self {
        self.hosts.push(template.into());
        self
    }

    /// Add functions that only read; [`crate::reads`] has them for the contract's interfaces.
    #[must_use]
    pub fn reads(mut self, functions: &[&str]) -> Self {
        self.reads
            .extend(functions.iter().map(|function| (*function).to_owned()));
        self
    }

    /// Add a budget of requests: requests per minute (a number or a template over the settings) and
    /// the path prefixes that count against it.
    #[must_use]
    pub fn rate_class(
        mut self,
        name: impl Into<String>,
        per_minute: impl Into<String>,
        path_prefixes: &[&str],
    ) -> Self {
        self.rate_classes.push(RateClass {
            name: name.into(),
            per_minute: per_minute.into(),
            path_prefixes: path_prefixes
                .iter()
                .map(|prefix| (*prefix).to_owned())
                .collect(),
        });
        self
    }

    /// Add a webhook endpoint.
    #[must_use]
    pub fn webhook(
        mut self,
        name: impl Into<String>,
        summary: impl Into<String>,
        auth: WebhookAuth,
        secret: impl Into<String>,
    ) -> Self {
        self.webhooks.push(WebhookEndpoint {
            name: name.into(),
            summary: summary.into(),
            auth,
            secret: secret.into(),
        });
        self
    }

    /// Add kinds of events it emits.
    #[must_use]
    pub fn event_kinds(mut self, kinds: &[&str]) -> Self {
        self.event_kinds
            .extend(kinds.iter().map(|kind| (*kind).to_owned()));
        self
    }

    /// Allow a secret to be named in bodies and headers, see [`secret_placeholder`].
    #[must_use]
    pub fn body_secret(mut self, name: impl Into<String>) -> Self {
        self.body_secrets.push(name.into());
        self
    }
}
