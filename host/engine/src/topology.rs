//! What is configured now: flows and connections. Replaced as a whole on a reload.

use std::collections::BTreeMap;
use std::sync::Arc;

use forebay_model::flow::{ConnectionSpec, FlowSpec};
use forebay_model::plugin::Plugin;
use forebay_model::{ConnectionName, Digest, FlowName, InterfaceName};

/// A flow with the hash that runs are pinned to.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveFlow {
    /// The flow.
    pub spec: FlowSpec,
    /// Hash of its configuration.
    pub config_hash: String,
}

impl LiveFlow {
    /// A flow, hashed.
    #[must_use]
    pub fn new(spec: FlowSpec) -> Self {
        let text = serde_json::to_vec(&spec).unwrap_or_default();
        Self {
            config_hash: Digest::of(&text).as_str().to_owned(),
            spec,
        }
    }
}

/// All flows and connections.
#[derive(Clone, Debug, Default)]
pub struct Topology {
    /// Flows by name.
    pub flows: BTreeMap<FlowName, Arc<LiveFlow>>,
    /// Connections by name.
    pub connections: BTreeMap<ConnectionName, Arc<ConnectionSpec>>,
}

impl Topology {
    /// The topology of a configuration.
    #[must_use]
    pub fn new(flows: Vec<FlowSpec>, connections: Vec<ConnectionSpec>) -> Self {
        Self {
            flows: flows
                .into_iter()
                .map(|spec| (spec.name.clone(), Arc::new(LiveFlow::new(spec))))
                .collect(),
            connections: connections
                .into_iter()
                .map(|spec| (spec.name.clone(), Arc::new(spec)))
                .collect(),
        }
    }
}

/// The role and connection that serve an interface in a flow: of several roles that name it the
/// first whose connection offers it, for one may be bound to a connection that does without.
pub(crate) fn binding<'a>(
    flow: &'a FlowSpec,
    handler: &'a Plugin,
    interface: &InterfaceName,
    offers: impl Fn(&ConnectionName) -> bool,
) -> Option<(&'a str, &'a ConnectionName)> {
    let naming = || {
        let roles = handler.handler().map(|info| info.roles.as_slice());
        let naming = roles.unwrap_or_default().iter().filter(|role| {
            let mut names = role.required.iter().chain(&role.optional);
            names.any(|name| name == interface.as_str())
        });
        naming.filter_map(|role| Some((role.name.as_str(), flow.connections.get(&role.name)?)))
    };
    let offering = naming().find(|(_, connection)| offers(connection));
    offering.or_else(|| naming().next())
}
