//! Ways out: what each connection is made from, checked and set up.
//!
//! A check makes a way out as setting it up does, and throws it away: nothing is sent by either. What
//! it has to say is said there once, with the other problems of the configuration.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use forebay_config::{Configuration, ConfiguredConnection, Document, Problem, Severity};
use forebay_egress::{Connection, ConnectionPolicy, Egress, Options};
use forebay_model::ports::Guests as _;
use forebay_model::{ConnectionName, Digest, SharedClock};
use forebay_sandbox::Registry;

use crate::host::section;

/// What each way out was made from, so that one that has not changed keeps its tokens, its breaker
/// and its budgets over a reload.
#[derive(Default)]
pub(crate) struct Made {
    from: Mutex<BTreeMap<ConnectionName, Digest>>,
}

impl Made {
    /// Set up a way out for each connection that is new or has changed.
    pub(crate) fn connect(
        &self,
        configuration: &Configuration,
        registry: &Registry,
        egress: &Egress,
        clock: &SharedClock,
    ) -> anyhow::Result<()> {
        let options: Options = section(&configuration.sections.egress).context("[egress]")?;
        let mut from = self.from.lock().unwrap_or_else(PoisonError::into_inner);
        for configured in &configuration.connections {
            let name = &configured.spec.name;
            let policy = policy(configured, registry)
                .with_context(|| format!("no connector for the connection {name}"))?;
            let fingerprint = fingerprint(&policy, &options);
            if from.get(name) == Some(&fingerprint) && egress.get(name).is_some() {
                continue;
            }
            let made = Connection::new(policy, options.clone(), Arc::clone(clock));
            let connection = made.map_err(|problems| {
                anyhow::anyhow!("connection {name}: {}", problems.join("; "))
            })?;
            egress.put(connection);
            from.insert(name.clone(), fingerprint);
        }
        Ok(())
    }
}

/// Can each connection's way out be set up, and what is worth knowing about it?
pub(crate) fn check(
    document: &Document,
    registry: &Registry,
    clock: &SharedClock,
    configuration: &Configuration,
) -> Vec<Problem> {
    let Ok(options) = section::<Options>(&configuration.sections.egress) else {
        return Vec::new();
    };
    let mut problems = Vec::new();
    for connection in &configuration.connections {
        let Some(policy) = policy(connection, registry) else {
            continue;
        };
        let path = format!("connections.{}", connection.spec.name);
        match Connection::new(policy, options.clone(), Arc::clone(clock)) {
            Ok(connection) => {
                let mend = "add it, unless the connection can do without";
                let mut warn = |part: &str, message: &str| {
                    let path = format!("{path}.{part}");
                    problems.push(document.problem(&path, Severity::Warning, message, mend));
                };
                for host in connection.hosts_not_allowed() {
                    let message = format!(
                        "the connector asks for {host}, which allow_hosts does not allow in full"
                    );
                    warn("allow_hosts", &message);
                }
                for message in connection.secrets_missing() {
                    warn("secrets", message);
                }
            }
            Err(found) => problems.extend(found.iter().map(|message| {
                let mend = "set what is named here";
                document.problem(&path, Severity::Error, message, mend)
            })),
        }
    }
    problems
}

fn policy(connection: &ConfiguredConnection, registry: &Registry) -> Option<ConnectionPolicy> {
    let plugin = registry.current(&connection.spec.plugin)?;
    Some(ConnectionPolicy {
        name: connection.spec.name.clone(),
        settings: connection.spec.settings.clone(),
        info: plugin.connector()?.clone(),
        secrets: connection.secrets.clone(),
        allow_hosts: connection.allow_hosts.clone(),
        allow_private: connection.allow_private.clone(),
        extra_roots: None,
    })
}

/// A digest of everything that a connection is made from.
fn fingerprint(policy: &ConnectionPolicy, options: &Options) -> Digest {
    let secrets: Vec<_> = policy.secrets.pairs().collect();
    let parts = format!(
        "{:?} {} {:?} {:?} {secrets:?} {options:?}",
        policy.info, policy.settings, policy.allow_hosts, policy.allow_private
    );
    Digest::of(parts.as_bytes())
}
