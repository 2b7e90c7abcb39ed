//! A host with guests, one of whom is a well-behaved neighbour.

use std::sync::Arc;
use std::time::Duration;

use forebay_egress::{Connection, ConnectionPolicy, Egress, Options as Times};
use forebay_model::flow::{ConnectionSpec, PollPolicy};
use forebay_model::plugin::Plugin;
use forebay_model::ports::{Broker, CallContext, GuestError, Guests as _};
use forebay_model::step::Next;
use forebay_model::{ConnectionName, InterfaceName, SecretSet, SharedClock, SystemClock};
use forebay_sandbox::{Error, Limits, Options, Registry};
use serde_json::json;

use crate::{Log, Names, Place, broker};

/// The neighbour's name.
pub const NEIGHBOUR: &str = "neighbour";

/// Limits that hostile guests run into within moments; the kinds of limits are those of production.
#[must_use]
pub fn limits() -> Limits {
    Limits {
        memory_bytes: 48 << 20,
        cpu_describe: Duration::from_millis(500),
        cpu_admit: Duration::from_millis(500),
        cpu_handle: Duration::from_millis(500),
        cpu_call: Duration::from_millis(500),
        // Few places, so that many engines fit into one process.
        handler_calls: 4,
        connector_calls: 4,
        calls_per_plugin: 4,
        // The tests look themselves.
        rescan_interval: Duration::from_secs(3600),
        ..Limits::default()
    }
}

/// A host with guests.
pub struct House {
    /// Its plugins.
    pub registry: Registry,
    /// Its way out.
    pub egress: Arc<Egress>,
    /// Its folders.
    pub place: Place,
    /// Its log.
    pub log: Log,
    clock: SharedClock,
}

impl House {
    /// A host with the neighbour and these guests.
    pub async fn with(guests: &[&str]) -> Self {
        Self::limited(limits(), guests).await
    }

    /// The same under other limits.
    pub async fn limited(limits: Limits, guests: &[&str]) -> Self {
        let place = Place::default();
        for guest in [NEIGHBOUR].iter().chain(guests) {
            place.drop_guest(guest);
        }
        Self::at(place, limits).await.unwrap()
    }

    /// A host in this place.
    ///
    /// # Errors
    /// It does not start.
    pub async fn at(place: Place, limits: Limits) -> Result<Self, Error> {
        let log = Log::default();
        let egress = Arc::new(Egress::default());
        let clock: SharedClock = Arc::new(SystemClock);
        let registry = Registry::open(Options {
            plugin_dir: place.plugins(),
            data_dir: place.data(),
            limits,
            clock: clock.clone(),
            outbound: egress.clone(),
        })
        .await?;
        Ok(Self {
            registry,
            egress,
            place,
            log,
            clock,
        })
    }

    /// The plugin of this name, or why it is not there.
    #[must_use]
    pub fn plugin(&self, name: &str) -> Arc<Plugin> {
        let plugin = self.registry.current(name);
        plugin.unwrap_or_else(|| panic!("no {name}: {:#?}", self.registry.quarantined()))
    }

    /// Code and reason with which a file is kept out.
    #[must_use]
    pub fn refusal(&self, file: &str) -> (String, String) {
        let all = self.registry.quarantined();
        let Some(found) = all.into_iter().find(|entry| entry.file == file) else {
            panic!("{file} is not kept out; the log says:\n{}", self.log.text());
        };
        (found.code, found.reason)
    }

    /// Let a connector out through the real egress: to this origin, resolved by these names.
    pub fn connect(&self, plugin: &str, origin: &str, names: Names) {
        self.connect_within(plugin, origin, names, &[], Times::default());
    }

    /// The same with single addresses inside that it may reach, and within these times.
    pub fn connect_within(
        &self,
        plugin: &str,
        origin: &str,
        names: Names,
        inside: &[&str],
        times: Times,
    ) {
        let policy = ConnectionPolicy {
            name: ConnectionName::from(plugin),
            settings: json!({ "target": origin }),
            info: self.plugin(plugin).connector().unwrap().clone(),
            secrets: SecretSet::default(),
            allow_hosts: vec![origin.to_owned()],
            allow_private: inside.iter().map(|entry| (*entry).to_owned()).collect(),
            extra_roots: None,
        };
        let names = Arc::new(names);
        let connection = Connection::with_resolver(policy, times, self.clock.clone(), names);
        self.egress.put(connection.unwrap());
    }

    /// Have a connector act.
    ///
    /// # Errors
    /// It did not return.
    pub async fn act(&self, plugin: &str, how: &str) -> Result<String, GuestError> {
        self.act_within(plugin, how, Duration::from_secs(30)).await
    }

    /// Have a connector act within a time.
    ///
    /// # Errors
    /// It did not return.
    pub async fn act_within(
        &self,
        plugin: &str,
        how: &str,
        timeout: Duration,
    ) -> Result<String, GuestError> {
        let function = InterfaceName::new("test:hostile/deed").function("act");
        let digest = &self.plugin(plugin).digest;
        let context = context(timeout);
        let answer = self
            .registry
            .call(digest, &spec(plugin), context, &function, &[how.into()])
            .await?;
        Ok(answer["ok"].as_str().unwrap().to_owned())
    }

    /// Have a connector check itself; tells how many findings came.
    ///
    /// # Errors
    /// It did not return.
    pub async fn check(&self, plugin: &str) -> Result<usize, GuestError> {
        let digest = &self.plugin(plugin).digest;
        let context = context(Duration::from_secs(30));
        let findings = self
            .registry
            .check_connection(digest, &spec(plugin), context)
            .await?;
        Ok(findings.unwrap().len())
    }

    /// Activate a handler with this configuration; tells the words it ends with.
    ///
    /// # Errors
    /// It did not return.
    pub async fn activate(
        &self,
        plugin: &str,
        config: &str,
        broker: Arc<dyn Broker>,
    ) -> Result<String, GuestError> {
        let activation = broker::activation(&self.plugin(plugin).digest, config);
        match self
            .registry
            .handle(activation, broker)
            .await?
            .unwrap()
            .next
        {
            Next::Completed(completion) => Ok(completion.summary),
            other => panic!("{other:?}"),
        }
    }

    /// Let something happen while the neighbour is asked how it is: before, all the while, after.
    pub async fn beside<T>(&self, misdeed: impl Future<Output = T>) -> T {
        self.neighbour_answers().await;
        let over = std::cell::Cell::new(false);
        let misdeed = async {
            let outcome = misdeed.await;
            over.set(true);
            outcome
        };
        let asking = async {
            loop {
                self.neighbour_answers().await;
                if over.get() {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        let (outcome, ()) = tokio::join!(misdeed, asking);
        self.neighbour_answers().await;
        outcome
    }

    /// Fail unless the neighbour answers.
    pub async fn neighbour_answers(&self) {
        let answer = self.act(NEIGHBOUR, "and you?").await;
        assert_eq!(answer.as_deref(), Ok("well, thank you (and you?)"));
    }
}

fn spec(plugin: &str) -> ConnectionSpec {
    ConnectionSpec {
        name: plugin.into(),
        plugin: plugin.to_owned(),
        settings: json!({}),
        poll: PollPolicy::default(),
    }
}

fn context(timeout: Duration) -> CallContext {
    CallContext {
        key: "key".to_owned(),
        attempt: 1,
        previous_unknown: false,
        timeout,
        run: None,
    }
}
