//! Webhooks: accept, and normalise later.

use std::sync::Arc;
use std::time::Duration;

use forebay_model::CapabilityError;
use forebay_model::flow::RetryPolicy;
use forebay_model::ports::WebhookRequest;
use forebay_store::intake::{NewWebhook, StoredWebhook, WebhookSettlement};
use futures_util::future::join_all;

use crate::core::Core;
use crate::intake::Refusal;
use crate::{Result, backoff};

/// What became of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// Stored under this number.
    Stored(u64),
    /// Turned away.
    Refused(Refusal),
}

/// How often a delivery is tried: for as long as a connection may be out of order, because
/// nothing accepted may be lost.
const NORMALISE_POLICY: RetryPolicy = RetryPolicy {
    initial: Duration::from_secs(1),
    maximum: Duration::from_secs(300),
    budget: Duration::MAX,
};

impl Core {
    /// Verify and store a delivery. Only after `Stored` may it be acknowledged.
    ///
    /// # Errors
    /// If the store cannot keep it: answer 503.
    pub async fn accept_webhook(&self, delivery: NewWebhook) -> Result<Accepted> {
        let verdict = self.gate.verify(
            &delivery.connection,
            &delivery.endpoint,
            &delivery.headers,
            &delivery.body,
        );
        let counted = |result: &'static str| {
            metrics::counter!("forebay_webhooks_total",
                "connection" => delivery.connection.to_string(), "result" => result)
            .increment(1);
        };
        let genuine = match verdict {
            Ok(genuine) => genuine,
            Err(refusal) => {
                counted("refused");
                tracing::warn!(connection = %delivery.connection, endpoint = delivery.endpoint,
                    %refusal, "webhook turned away");
                return Ok(Accepted::Refused(refusal));
            }
        };
        counted("accepted");
        let (headers, body) = (genuine.headers, genuine.body);
        let accepted = self
            .store
            .accept_webhook(NewWebhook {
                headers,
                body,
                ..delivery
            })
            .await;
        let id = self.heard(accepted)?;
        self.webhooks_wake.notify_one();
        Ok(Accepted::Stored(id))
    }

    /// Normalise every delivery that is due; returns how many were settled for good.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn normalise_webhooks(self: &Arc<Self>) -> Result<u32> {
        let mut settled = 0;
        loop {
            let due = self
                .store
                .open_webhooks(self.clock.now(), self.options.webhook_batch)
                .await?;
            if due.is_empty() {
                return Ok(settled);
            }
            let results = join_all(due.iter().map(|webhook| self.normalise(webhook))).await;
            // All at once and in the order they came: their writes share a commit.
            let settlements = due.iter().zip(results);
            let settling = settlements.map(|(webhook, it)| self.settle(webhook.id, it));
            for done in join_all(settling).await {
                settled += u32::from(done?);
            }
        }
    }

    /// Store what became of a delivery. Is it settled for good?
    async fn settle(&self, webhook: u64, settlement: WebhookSettlement) -> Result<bool> {
        let done = !matches!(settlement, WebhookSettlement::PutOff { .. });
        let recorded = self.heard(self.store.settle_webhook(webhook, settlement).await)?;
        if recorded.new > 0 {
            self.events_wake.notify_one();
        }
        Ok(done)
    }

    async fn normalise(&self, stored: &StoredWebhook) -> WebhookSettlement {
        let connection = &stored.webhook.connection;
        let Some((digest, spec)) = self.connector(connection) else {
            return self.put_off(
                stored,
                format!("no plugin for the connection {connection} is loaded"),
            );
        };
        let request = WebhookRequest {
            endpoint: stored.webhook.endpoint.clone(),
            method: stored.webhook.method.clone(),
            path: stored.webhook.path.clone(),
            headers: stored.webhook.headers.clone(),
            body: stored.webhook.body.clone(),
            received_at: stored.webhook.received_at,
        };
        let context = self.read_context("webhook");
        match self.guests.webhook(&digest, &spec, context, &request).await {
            Ok(Ok(events)) => WebhookSettlement::Events {
                events,
                at: self.clock.now(),
            },
            Ok(Err(
                error @ (CapabilityError::Invalid(_)
                | CapabilityError::Unsupported(_)
                | CapabilityError::Conflict(_)),
            )) => {
                tracing::warn!(%connection, webhook = stored.id, %error, "webhook rejected");
                WebhookSettlement::Rejected {
                    error: error.to_string(),
                    at: self.clock.now(),
                }
            }
            // What the delivery is about is gone already: there is nothing to tell.
            Ok(Err(CapabilityError::NotFound(_))) => WebhookSettlement::Events {
                events: Vec::new(),
                at: self.clock.now(),
            },
            Ok(Err(error)) => self.put_off(stored, error.to_string()),
            Err(error) => self.put_off(stored, error.to_string()),
        }
    }

    fn put_off(&self, stored: &StoredWebhook, error: String) -> WebhookSettlement {
        tracing::warn!(connection = %stored.webhook.connection, webhook = stored.id, error,
            "webhook cannot be normalised yet");
        let seed = stored.id.to_string();
        let pause = backoff::pause(&NORMALISE_POLICY, stored.attempts + 1, None, &seed);
        WebhookSettlement::PutOff {
            retry_at: self.clock.now().plus(pause),
            error,
        }
    }
}
