//! The sandbox's registry as configuration and API want to see it.

use std::sync::Arc;

use forebay_api::PluginDirectory;
use forebay_config::Catalog;
use forebay_model::plugin::{Plugin, Quarantined};
use forebay_model::ports::Guests as _;
use forebay_sandbox::Registry;

/// The registry behind the ports of other rooms.
#[derive(Clone)]
pub struct Shelf(pub Registry);

impl Catalog for Shelf {
    fn plugin(&self, name: &str) -> Option<Arc<Plugin>> {
        self.0.current(name)
    }

    fn names(&self) -> Vec<String> {
        self.0
            .list()
            .iter()
            .map(|plugin| plugin.name().to_owned())
            .collect()
    }
}

impl PluginDirectory for Shelf {
    fn list(&self) -> Vec<Arc<Plugin>> {
        self.0.list()
    }

    fn quarantined(&self) -> Vec<Quarantined> {
        self.0.quarantined()
    }
}
