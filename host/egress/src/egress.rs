//! All connections of the host, by name, replaceable while it runs.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use forebay_model::ConnectionName;

use crate::{Body, Connection, Error, Outbound, Timeouts};

/// All connections of the host, by name.
///
/// Requests under way keep the connection they started with; a replaced connection ends when the
/// last of them does.
#[derive(Default)]
pub struct Egress {
    connections: RwLock<HashMap<ConnectionName, Arc<Connection>>>,
}

impl Egress {
    /// Add a connection, or replace the one of its name.
    pub fn put(&self, connection: Connection) {
        let name = connection.name().clone();
        self.write().insert(name, Arc::new(connection));
    }

    /// Take a connection away; what is sent over it from now on is refused.
    pub fn remove(&self, name: &ConnectionName) {
        self.write().remove(name);
    }

    /// The connection of this name.
    #[must_use]
    pub fn get(&self, name: &ConnectionName) -> Option<Arc<Connection>> {
        self.connections
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned()
    }

    /// All connections, by name.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Connection>> {
        let mut all: Vec<_> = {
            let connections = self
                .connections
                .read()
                .unwrap_or_else(PoisonError::into_inner);
            connections.values().cloned().collect()
        };
        all.sort_by(|a, b| a.name().cmp(b.name()));
        all
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, HashMap<ConnectionName, Arc<Connection>>> {
        self.connections
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Outbound for Egress {
    async fn send(
        &self,
        connection: &ConnectionName,
        request: http::Request<Body>,
        timeouts: Timeouts,
    ) -> Result<http::Response<Body>, Error> {
        let Some(found) = self.get(connection) else {
            return Err(Error::UnknownConnection(connection.clone()));
        };
        found.send(request, timeouts).await
    }
}
