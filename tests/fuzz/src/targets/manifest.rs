//! What a plugin says about itself, and what egress makes of it.

use std::sync::Arc;

use forebay_egress::{Connection, ConnectionPolicy, Options};
use forebay_model::plugin::PluginKind;
use forebay_model::{SecretSet, SharedClock, Timestamp, VirtualClock};
use serde_json::json;

/// A description is refused, or leads to a connection whose problems can be shown.
pub(super) fn run(bytes: &[u8]) {
    let Ok(kind) = serde_json::from_slice::<PluginKind>(bytes) else {
        return;
    };
    let written = serde_json::to_value(&kind).ok();
    let read = written.and_then(|written| serde_json::from_value(written).ok());
    assert_eq!(Some(&kind), read.as_ref(), "it is not stored as it is");
    let PluginKind::Connector(info) = kind else {
        return;
    };
    let mut secrets = SecretSet::default();
    secrets.insert("token", "not-to-be-told");
    let clock: SharedClock = Arc::new(VirtualClock::new(Timestamp(0)));
    let policy = ConnectionPolicy {
        name: "fuzzed".into(),
        settings: json!({"tenant": "acme", "base_url": "https://vendor.test/x"}),
        info: *info,
        secrets,
        allow_hosts: vec!["*.vendor.test".to_owned(), "acme.test".to_owned()],
        allow_private: Vec::new(),
        extra_roots: None,
    };
    match Connection::new(policy, Options::default(), clock) {
        Ok(connection) => {
            for host in connection.hosts_not_allowed() {
                assert!(!host.is_empty(), "a host without a name");
            }
        }
        Err(problems) => {
            assert!(!problems.is_empty(), "refused without a reason");
            for problem in problems {
                assert!(!problem.contains("not-to-be-told"), "a secret is told");
            }
        }
    }
}
