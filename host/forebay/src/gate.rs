//! The gate: webhook deliveries are checked against the secrets of their connection.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use forebay_egress::{WebhookRefusal, verify_webhook};
use forebay_engine::intake::{Gate, Genuine, Refusal};
use forebay_model::manifest::WebhookEndpoint;
use forebay_model::ports::HeaderField;
use forebay_model::{ConnectionName, SecretSet};
use http::{HeaderMap, HeaderName, HeaderValue};

/// What the gate knows of a connection.
struct Guarded {
    endpoints: Vec<WebhookEndpoint>,
    secrets: SecretSet,
}

/// Webhook secrets of all connections; replaced on a reload.
#[derive(Default)]
pub struct SecretGate {
    connections: RwLock<Arc<BTreeMap<ConnectionName, Guarded>>>,
}

impl SecretGate {
    /// Go by these from now on.
    pub fn replace(
        &self,
        connections: impl IntoIterator<Item = (ConnectionName, Vec<WebhookEndpoint>, SecretSet)>,
    ) {
        let guarded = connections
            .into_iter()
            .map(|(name, endpoints, secrets)| (name, Guarded { endpoints, secrets }))
            .collect();
        *self
            .connections
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(guarded);
    }
}

impl Gate for SecretGate {
    fn verify(
        &self,
        connection: &ConnectionName,
        endpoint: &str,
        headers: &[HeaderField],
        body: &[u8],
    ) -> Result<Genuine, Refusal> {
        let connections = self
            .connections
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let guarded = connections
            .get(connection)
            .ok_or_else(|| Refusal::Unknown(format!("no connection `{connection}`")))?;
        let declared = guarded
            .endpoints
            .iter()
            .find(|known| known.name == endpoint);
        let declared = declared.ok_or_else(|| {
            let known: Vec<_> = guarded
                .endpoints
                .iter()
                .map(|known| known.name.as_str())
                .collect();
            let known = if known.is_empty() {
                "none".to_owned()
            } else {
                known.join(", ")
            };
            Refusal::Unknown(format!(
                "the connection `{connection}` has no webhook `{endpoint}`; it has: {known}"
            ))
        })?;
        let verified = verify_webhook(declared, &guarded.secrets, &header_map(headers), body);
        match verified {
            Ok(verified) => Ok(Genuine {
                headers: verified.headers,
                body: verified.body,
            }),
            Err(refusal @ WebhookRefusal::Malformed(_)) => {
                Err(Refusal::Malformed(refusal.to_string()))
            }
            Err(refusal) => Err(Refusal::Forged(refusal.to_string())),
        }
    }
}

/// Headers that cannot be written as such prove nothing and are left out.
fn header_map(headers: &[HeaderField]) -> HeaderMap {
    let parsed = headers.iter().filter_map(|header| {
        let name = HeaderName::from_bytes(header.name.as_bytes()).ok()?;
        Some((name, HeaderValue::from_str(&header.value).ok()?))
    });
    let mut map = HeaderMap::new();
    for (name, value) in parsed {
        map.append(name, value);
    }
    map
}
