//! The port through which the API sees plugins.

use std::sync::Arc;

use forebay_model::plugin::{Plugin, Quarantined};

/// The plugins of this host.
pub trait PluginDirectory: Send + Sync + 'static {
    /// Accepted plugins that are current, by name.
    fn list(&self) -> Vec<Arc<Plugin>>;

    /// Files that are kept out, and why.
    fn quarantined(&self) -> Vec<Quarantined>;
}
