//! Cursors in the hands of operators: seen, set, and moved back to a time (rule C-02).

use forebay_model::audit::AuditEntry;
use forebay_model::ports::ChangeOptions;
use forebay_model::{ConnectionName, Timestamp};
use forebay_store::intake::{CursorWrite, EventBatch};
use serde_json::json;

use super::{Polled, poll_trigger};
use crate::core::Core;
use crate::{Error, Result};

impl Core {
    /// Set where the next poll of a connection goes on; audited. A poll that is under way ends first,
    /// so that it cannot move the cursor on again.
    ///
    /// # Errors
    /// If there is no such connection, or the store fails.
    pub async fn set_cursor(
        &self,
        name: &ConnectionName,
        value: String,
        actor: String,
    ) -> Result<()> {
        let spec = self.connection(name)?;
        let turn = self.poll_turn(&spec.name);
        let _turn = turn.lock().await;
        self.write_cursor(&spec.name, value, None, "operator.set-cursor", actor)
            .await
    }

    /// Move the cursor of a connection back to a time, and read on from there; audited. Events that
    /// are known already are recognised.
    ///
    /// # Errors
    /// [`Error::Refused`] if the time is still to come. Else as [`Core::poll`].
    pub async fn rewind(
        &self,
        name: &ConnectionName,
        to: Timestamp,
        actor: String,
    ) -> Result<Polled> {
        let now = self.clock.now();
        if to > now {
            let message = "a cursor cannot be moved into the future: events would be missed";
            return Err(Error::Refused(message.to_owned()));
        }
        let spec = self.connection(name)?;
        let (digest, _) = self.connector(name).ok_or_else(|| Error::Unknown {
            what: "connector plugin",
            name: spec.plugin.clone(),
        })?;
        let mut polled = {
            let turn = self.poll_turn(name);
            let _turn = turn.lock().await;
            let options = ChangeOptions {
                start_at: Some(to),
                overlap_seconds: 0,
                limit: spec.poll.page,
            };
            let context = self.read_context("rewind");
            let page = self.guests.changes(&digest, &spec, context, None, options);
            let page = page.await??;
            let batch = EventBatch {
                connection: name.clone(),
                events: page.events,
                source: "poll",
                received_at: now,
                cursor: None,
            };
            // Events before the cursor: should the host die in between, nothing has been moved.
            let recorded = self.heard(self.store.record_events(batch).await)?;
            self.write_cursor(name, page.cursor, Some(to), "operator.rewind", actor)
                .await?;
            Polled {
                recorded,
                more: page.more,
                next: None,
            }
        };
        self.events_wake.notify_one();
        if polled.more {
            let rest = self.poll(name).await?;
            polled.recorded.new += rest.recorded.new;
            polled.recorded.known += rest.recorded.known;
            polled.more = rest.more;
        }
        Ok(polled)
    }

    async fn write_cursor(
        &self,
        name: &ConnectionName,
        value: String,
        time: Option<Timestamp>,
        action: &str,
        actor: String,
    ) -> Result<()> {
        let trigger = poll_trigger(name);
        let before = self.store.cursor(&trigger).await?;
        let now = self.clock.now();
        let from = before.map(|cursor| cursor.value);
        let mut details = json!({"connection": name, "from": from, "to": value});
        if let Some(time) = time {
            details["time"] = json!(time.to_string());
        }
        let audit = AuditEntry {
            at: now,
            run: None,
            flow: None,
            actor,
            action: action.to_owned(),
            details,
        };
        let write = CursorWrite {
            trigger,
            value,
            at: now,
        };
        self.store.set_cursor(write, audit).await?;
        Ok(())
    }
}
