//! A configured connection: everything that is settled before the first request.

use std::sync::{Arc, Mutex, PoisonError};

use forebay_model::manifest::ConnectorInfo;
use forebay_model::{ConnectionName, SecretSet, SharedClock, Timestamp};
use http::header::HeaderName;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::auth::Auth;
use crate::breaker::Breaker;
use crate::rate::Budgets;
use crate::reach::Reach;
use crate::redact::{Fills, redactions};
use crate::replace::Replacements;
use crate::wire::Wire;
use crate::{BreakerState, Error, Options, Resolver, SystemResolver};

/// What a connection is made of.
#[derive(Clone, Debug)]
pub struct ConnectionPolicy {
    /// Its name.
    pub name: ConnectionName,
    /// Its settings, with the defaults of the connector's schema.
    pub settings: Value,
    /// What the connector asks for.
    pub info: ConnectorInfo,
    /// The connection's secrets.
    pub secrets: SecretSet,
    /// What the operator allows: `acme.canto.com`, `*.canto.com`, `http://127.0.0.1:8080`. Plain
    /// HTTP and other ports than 443 have to be written out. A private address that stands here is
    /// allowed with it, and so is `localhost`.
    pub allow_hosts: Vec<String>,
    /// Host names that may resolve to private addresses, and single addresses that any allowed name
    /// may resolve to. Metadata services are reached only if their very address stands here or in
    /// `allow_hosts`.
    pub allow_private: Vec<String>,
    /// Certificate authorities to trust besides the system's, in PEM.
    pub extra_roots: Option<String>,
}

/// A configured connection, shared by all requests over it.
pub struct Connection {
    pub(crate) name: ConnectionName,
    pub(crate) options: Options,
    pub(crate) clock: SharedClock,
    pub(crate) reach: Arc<Reach>,
    pub(crate) wire: Wire,
    pub(crate) auth: Auth,
    /// Headers of the scheme, which no guest may send.
    pub(crate) credential_headers: Vec<HeaderName>,
    pub(crate) fills: Fills,
    /// All that never changes; recent tokens come on top.
    pub(crate) redactions: Replacements,
    pub(crate) budgets: Budgets,
    pub(crate) breaker: Arc<Breaker>,
    pub(crate) permits: Arc<Semaphore>,
    pub(crate) record: Mutex<Record>,
    secrets_missing: Vec<String>,
}

/// What is remembered of the requests so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    pub(crate) last_response_at: Option<Timestamp>,
    pub(crate) last_failure: Option<Failure>,
    pub(crate) auth_problem: Option<String>,
}

/// A request that had no response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// When.
    pub at: Timestamp,
    /// [`Error::code`].
    pub code: &'static str,
    /// In words.
    pub message: String,
}

/// How a connection does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Health {
    /// The breaker.
    pub breaker: BreakerState,
    /// When the vendor last answered anything.
    pub last_response_at: Option<Timestamp>,
    /// The last request without a response.
    pub last_failure: Option<Failure>,
    /// Why there is no access token, while there is none.
    pub auth_problem: Option<String>,
    /// Requests under way.
    pub in_flight: usize,
}

impl Connection {
    /// A connection that resolves names as the system does.
    ///
    /// # Errors
    /// All problems of the policy, each a sentence for an operator.
    pub fn new(
        policy: ConnectionPolicy,
        options: Options,
        clock: SharedClock,
    ) -> Result<Self, Vec<String>> {
        let resolver = SystemResolver::new().map_err(|problem| vec![problem])?;
        Self::with_resolver(policy, options, clock, Arc::new(resolver))
    }

    /// A connection with a resolver of its own.
    ///
    /// # Errors
    /// As [`Connection::new`].
    pub fn with_resolver(
        policy: ConnectionPolicy,
        options: Options,
        clock: SharedClock,
        resolver: Arc<dyn Resolver>,
    ) -> Result<Self, Vec<String>> {
        let ConnectionPolicy {
            name,
            settings,
            info,
            secrets,
            ..
        } = &policy;
        let mut problems = Vec::new();
        let reach = Arc::new(Reach::new(
            name,
            &info.hosts,
            settings,
            &policy.allow_hosts,
            &policy.allow_private,
            &mut problems,
        ));
        let mut redactions = redactions(secrets);
        let auth = Auth::new(
            &info.auth,
            settings,
            secrets,
            &mut redactions,
            &mut problems,
        );
        if let Auth::Token(source) = &auth
            && let Err(error) = reach.check_token(source.url())
        {
            problems.push(format!("the token endpoint cannot be reached: {error}"));
        }
        let budgets = Budgets::new(&info.rate_classes, settings, &mut problems);
        let secrets_missing = secrets_missing(info, secrets);
        if !info.hosts.is_empty() && reach.reaches_nothing() {
            problems.push(format!(
                "nothing that the connector asks for is allowed; add to allow_hosts: {}",
                reach.missing().join(", ")
            ));
        }
        let roots = policy.extra_roots.as_deref();
        let wire = match Wire::new(&options, clock.clone(), reach.clone(), resolver, roots) {
            Ok(wire) if problems.is_empty() => wire,
            Ok(_) => return Err(problems),
            Err(problem) => {
                problems.push(problem);
                return Err(problems);
            }
        };
        Ok(Self {
            wire,
            reach,
            secrets_missing,
            budgets,
            redactions,
            fills: Fills::new(secrets, &info.body_secrets),
            credential_headers: auth.header_names(),
            auth,
            breaker: Breaker::new(
                clock.clone(),
                options.breaker_failures,
                options.breaker_pause,
            ),
            permits: Arc::new(Semaphore::new(options.max_concurrency.max(1))),
            record: Mutex::default(),
            name: policy.name,
            options,
            clock,
        })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &ConnectionName {
        &self.name
    }

    /// Secrets that a webhook or a body would need and that are not there, each a sentence for an
    /// operator. All else works without.
    #[must_use]
    pub fn secrets_missing(&self) -> &[String] {
        &self.secrets_missing
    }

    /// What the connector asks for and `allow_hosts` does not allow in full, as entries for it.
    #[must_use]
    pub fn hosts_not_allowed(&self) -> Vec<String> {
        self.reach.missing()
    }

    /// How it does.
    #[must_use]
    pub fn health(&self) -> Health {
        let record = self
            .record
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        Health {
            breaker: self.breaker.state(),
            last_response_at: record.last_response_at,
            last_failure: record.last_failure,
            auth_problem: record.auth_problem,
            in_flight: self.options.max_concurrency.max(1) - self.permits.available_permits(),
        }
    }

    /// Note how a request ended.
    pub(crate) fn remember(&self, error: Option<&Error>) {
        let at = self.clock.now();
        let mut record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        match error {
            None => {
                record.last_response_at = Some(at);
                record.auth_problem = None;
            }
            Some(error) => {
                let message = error.to_string();
                if matches!(
                    error,
                    Error::AuthRefused { .. } | Error::AuthUnavailable { .. }
                ) {
                    record.auth_problem = Some(message.clone());
                }
                record.last_failure = Some(Failure {
                    at,
                    code: error.code(),
                    message,
                });
            }
        }
    }
}

fn secrets_missing(info: &ConnectorInfo, secrets: &SecretSet) -> Vec<String> {
    let webhooks = info.webhooks.iter().map(|webhook| {
        (
            webhook.secret.as_str(),
            format!("the webhook \"{}\"", webhook.name),
        )
    });
    let bodies = info.body_secrets.iter();
    let bodies = bodies.map(|name| (name.as_str(), "requests".to_owned()));
    webhooks
        .chain(bodies)
        .filter(|(name, _)| !secrets.contains(name))
        .map(|(name, purpose)| {
            format!("the secret \"{name}\" is missing; {purpose} cannot do without it")
        })
        .collect()
}
