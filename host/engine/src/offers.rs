//! What connections offer: the plugin behind each, its interfaces, and which functions only read.

use std::sync::Arc;

use forebay_model::flow::ConnectionSpec;
use forebay_model::{ConnectionName, Digest, InterfaceName};

use crate::core::Core;

impl Core {
    /// The connector plugin and settings of a connection, if both are there.
    pub(crate) fn connector(
        &self,
        connection: &ConnectionName,
    ) -> Option<(Digest, Arc<ConnectionSpec>)> {
        let spec = self.connection(connection).ok()?;
        let plugin = self.guests.current(&spec.plugin)?;
        Some((plugin.digest.clone(), spec))
    }

    /// Does the connection's plugin export this interface?
    pub(crate) fn offers(&self, connection: &ConnectionName, interface: &InterfaceName) -> bool {
        let Ok(spec) = self.connection(connection) else {
            return false;
        };
        self.guests
            .current(&spec.plugin)
            .is_some_and(|plugin| plugin.exports(interface))
    }

    /// Is this function declared as a read by the connection's plugin?
    pub(crate) fn reads_only(&self, connection: &ConnectionName, function: &str) -> bool {
        let Ok(spec) = self.connection(connection) else {
            return false;
        };
        let plugin = self.guests.current(&spec.plugin);
        let info = plugin.as_ref().and_then(|plugin| plugin.connector());
        info.is_some_and(|info| info.reads.iter().any(|read| read == function))
    }
}
