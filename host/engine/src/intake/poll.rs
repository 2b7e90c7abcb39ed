//! Polling: the second way in for every event (rule C-02).

use std::time::Duration;

use forebay_model::flow::{ConnectionSpec, RetryPolicy};
use forebay_model::ports::ChangeOptions;
use forebay_model::{CapabilityError, ConnectionName, InterfaceName, Timestamp};
use forebay_store::intake::{CursorWrite, EventBatch, Recorded};

use crate::core::Core;
use crate::intake::poll_trigger;
use crate::{Error, Result, backoff};

/// Pages read in one poll before others get their turn; the cursor goes on where it stopped.
const PAGES_PER_POLL: u32 = 50;

/// How a failing poll is tried again: sooner than its interval, because it covers for webhooks.
const POLL_POLICY: RetryPolicy = RetryPolicy {
    initial: Duration::from_secs(5),
    maximum: Duration::from_secs(300),
    budget: Duration::MAX,
};

/// What a poll did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Polled {
    /// Events by novelty.
    pub recorded: Recorded,
    /// There is more to read at once.
    pub more: bool,
    /// When the connector wants to be asked again.
    pub next: Option<Duration>,
}

impl Core {
    /// Names of connections that can be polled now.
    pub(crate) fn pollable(&self) -> Vec<ConnectionName> {
        let source = InterfaceName::new("forebay:connector/event-source");
        let topology = self.topology();
        let connections = topology.connections.values().filter(|connection| {
            let plugin = self.guests.current(&connection.plugin);
            plugin.is_some_and(|plugin| plugin.exports(&source))
        });
        connections
            .map(|connection| connection.name.clone())
            .collect()
    }

    /// Read what has changed at a connection since its cursor, page by page.
    ///
    /// # Errors
    /// If the connection is unknown, its connector fails or answers with an error, or the store fails.
    /// Pages stored before stay stored.
    pub async fn poll(&self, name: &ConnectionName) -> Result<Polled> {
        let spec = self.connection(name)?;
        let mut polled = Polled::default();
        for _ in 0..PAGES_PER_POLL {
            let page = self.poll_page(&spec).await;
            let page = match page {
                Ok(page) => page,
                // Pages before this one stay and are routed.
                Err(error) => {
                    self.poll_failed(name, &error);
                    return Err(error);
                }
            };
            if page.recorded.new > 0 {
                self.events_wake.notify_one();
            }
            polled.recorded.new += page.recorded.new;
            polled.recorded.known += page.recorded.known;
            polled.more = page.more;
            polled.next = page.next;
            if !page.more {
                break;
            }
        }
        let now = self.clock.now();
        self.health.update(name, |health| {
            health.polled_at = Some(now);
            health.poll_error = None;
        });
        Ok(polled)
    }

    async fn poll_page(&self, spec: &ConnectionSpec) -> Result<Polled> {
        let (digest, _) = self.connector(&spec.name).ok_or_else(|| Error::Unknown {
            what: "connector plugin",
            name: spec.plugin.clone(),
        })?;
        let turn = self.poll_turn(&spec.name);
        let _turn = turn.lock().await;
        let trigger = poll_trigger(&spec.name);
        let cursor = self
            .store
            .cursor(&trigger)
            .await?
            .map(|cursor| cursor.value);
        let options = ChangeOptions {
            start_at: None,
            overlap_seconds: u32::try_from(spec.poll.overlap.as_secs()).unwrap_or(u32::MAX),
            limit: spec.poll.page,
        };
        let context = self.read_context("poll");
        let page = self
            .guests
            .changes(&digest, spec, context, cursor.as_deref(), options)
            .await??;
        let now = self.clock.now();
        let moved = cursor.as_deref() != Some(page.cursor.as_str());
        let recorded = if page.events.is_empty() && !moved {
            Recorded::default()
        } else {
            let batch = EventBatch {
                connection: spec.name.clone(),
                events: page.events,
                source: "poll",
                received_at: now,
                cursor: Some(CursorWrite {
                    trigger,
                    value: page.cursor,
                    at: now,
                }),
            };
            self.heard(self.store.record_events(batch).await)?
        };
        let next = page
            .next_poll_seconds
            .map(|seconds| Duration::from_secs(seconds.into()));
        // A page that claims more without moving its cursor would be read for ever.
        Ok(Polled {
            recorded,
            more: page.more && moved,
            next,
        })
    }

    fn poll_failed(&self, name: &ConnectionName, error: &Error) {
        let message = error.to_string();
        if matches!(error, Error::Capability(error) if matches!(**error, CapabilityError::Denied(_)))
            && self.health.refuse(name, message.clone(), self.clock.now())
        {
            tracing::error!(connection = %name, error = message, "connection unhealthy");
        }
        tracing::warn!(connection = %name, error = message, "poll failed");
        self.health
            .update(name, |health| health.poll_error = Some(message));
    }

    /// When to poll next after this result.
    pub(crate) fn next_poll(
        &self,
        name: &ConnectionName,
        result: &Result<Polled>,
        failures: u32,
    ) -> Timestamp {
        let now = self.clock.now();
        let Ok(spec) = self.connection(name) else {
            return now.plus(POLL_POLICY.maximum);
        };
        let pause = match result {
            Ok(polled) if polled.more => Duration::ZERO,
            Ok(polled) => polled
                .next
                .map_or(spec.poll.interval, |next| next.min(spec.poll.interval)),
            Err(error) => {
                let asked = match error {
                    Error::Capability(error) => error.retry_after(),
                    _ => None,
                };
                backoff::pause(&POLL_POLICY, failures, asked, name.as_str()).min(spec.poll.interval)
            }
        };
        now.plus(pause)
    }
}
