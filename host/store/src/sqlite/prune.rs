//! Removing old rows, a bounded part in one transaction.
//!
//! Rows that stay although they are old would be looked at again and again; a mark per kind
//! remembers how far the round has come. The round ends, and the marks go, when all kinds are done.

use forebay_model::audit::AuditEntry;
use forebay_model::{RetentionPolicy, Timestamp};
use rusqlite::{Connection, params};
use serde_json::json;

use super::rows::{all, execute, first, time_option};
use super::{audit, space};
use crate::Result;
use crate::retention::Pruned;

/// Remove what may go now.
pub(super) fn prune(
    connection: &Connection,
    policy: &RetentionPolicy,
    in_force: &[String],
    now: Timestamp,
) -> Result<Pruned> {
    let size = space::size(connection)?;
    let pruning = Pruning {
        connection,
        batch: policy.batch.max(1),
        old_run: now.minus(policy.ended_runs_for),
        old: now.minus(policy.events_for),
        crowded: size.bytes.saturating_sub(size.free) > policy.max_bytes,
        newest_at_rest: newest_at_rest(connection)?,
    };
    let mut pruned = Pruned::default();
    if policy.enabled {
        let (runs, more_runs) = pruning.runs(policy.max_ended_runs)?;
        let (events, more_events) = pruning.events()?;
        let (webhooks, more_webhooks) = pruning.webhooks()?;
        let (requests, more_requests) = pruning.requests()?;
        let more = more_runs || more_events || more_webhooks || more_requests;
        let mut configurations = 0;
        if !more {
            execute(connection, "DELETE FROM prune_marks", [])?;
            configurations = pruning.configurations(in_force, now)?;
        }
        pruned = Pruned {
            runs,
            events,
            webhooks,
            requests,
            configurations,
            bytes: 0,
            more,
        };
        write_down(connection, &pruned, now)?;
    }
    let (bytes, more_bytes) = space::give_back(connection)?;
    Ok(Pruned {
        bytes,
        more: pruned.more || more_bytes,
        ..pruned
    })
}

/// The audit says that something is gone, so that nobody has to wonder.
fn write_down(connection: &Connection, pruned: &Pruned, now: Timestamp) -> Result<()> {
    if pruned.runs == 0 && pruned.events == 0 {
        return Ok(());
    }
    let entry = AuditEntry {
        at: now,
        run: None,
        flow: None,
        actor: "system".to_owned(),
        action: "retention.pruned".to_owned(),
        details: json!({"runs": pruned.runs, "events": pruned.events}),
    };
    audit::append(connection, &[entry])
}

/// An activation that is open may end with a wait for something that came after its begin; such
/// events, and the runs they started, must still be known then.
fn newest_at_rest(connection: &Connection) -> Result<i64> {
    let oldest: Option<Option<i64>> = first(
        connection,
        "SELECT min(watermark) FROM runs WHERE watermark IS NOT NULL",
        [],
        |row| Ok(row.get(0)?),
    )?;
    Ok(oldest.flatten().unwrap_or(i64::MAX))
}

/// Rows removed, and whether there may be more.
type Removed = (u64, bool);

struct Pruning<'a> {
    connection: &'a Connection,
    batch: u32,
    /// Runs that ended by then are old.
    old_run: Timestamp,
    /// All else that came by then is old.
    old: Timestamp,
    /// The store is larger than it may be.
    crowded: bool,
    newest_at_rest: i64,
}

/// How far a round has come: time and number of the last row it looked at.
#[derive(Clone, Copy)]
struct Mark {
    at: i64,
    id: i64,
}

const START: Mark = Mark {
    at: i64::MIN,
    id: i64::MIN,
};

/// The kind is done in this round.
const DONE: Mark = Mark {
    at: i64::MAX,
    id: i64::MAX,
};

impl Pruning<'_> {
    /// Ended runs, the longest ended first.
    fn runs(&self, max_ended: u64) -> Result<Removed> {
        let mut excess = ended_runs(self.connection)?.saturating_sub(max_ended);
        let mut mark = self.mark("runs")?;
        let page: Vec<(Mark, String)> = all(
            self.connection,
            "SELECT ended_at, seq, id FROM runs \
             WHERE ended_at IS NOT NULL AND (ended_at, seq) > (?1, ?2) \
             ORDER BY ended_at, seq LIMIT ?3",
            params![mark.at, mark.id, self.batch],
            |row| {
                Ok((
                    Mark {
                        at: row.get(0)?,
                        id: row.get(1)?,
                    },
                    row.get(2)?,
                ))
            },
        )?;
        let full = page.len() == self.batch as usize;
        let (mut removed, mut rows) = (0, 0);
        for (place, run) in page {
            if place.at > self.old_run.0 && excess == 0 && !self.crowded {
                self.set_mark("runs", DONE)?;
                return Ok((removed, false));
            }
            if self.may_be_started_again(&run)? {
                mark = place;
                continue;
            }
            rows += self.weight(&run)?;
            if removed > 0 && rows > u64::from(self.batch) {
                self.set_mark("runs", mark)?;
                return Ok((removed, true));
            }
            execute(self.connection, "DELETE FROM runs WHERE id = ?1", [&run])?;
            removed += 1;
            excess = excess.saturating_sub(1);
            mark = place;
        }
        self.set_mark("runs", if full { mark } else { DONE })?;
        Ok((removed, full))
    }

    /// An ended run is the proof that an event has started it: it stays while one of its events may
    /// come to the router again.
    fn may_be_started_again(&self, run: &str) -> Result<bool> {
        let found = first(
            self.connection,
            "SELECT 1 FROM inbox AS mine JOIN events ON events.id = mine.event \
             WHERE mine.run = ?1 AND (events.routed = 0 OR events.id > ?2 \
                 OR EXISTS (SELECT 1 FROM deferred WHERE deferred.event = events.id) \
                 OR EXISTS (SELECT 1 FROM inbox AS other \
                     WHERE other.event = events.id AND other.settled_at IS NULL)) LIMIT 1",
            params![run, self.newest_at_rest],
            |_| Ok(()),
        )?;
        Ok(found.is_some())
    }

    /// Rows that go with a run, roughly.
    fn weight(&self, run: &str) -> Result<u64> {
        let counted = first(
            self.connection,
            "SELECT 1 + (SELECT count(*) FROM journal WHERE run = ?1) \
                 + (SELECT count(*) FROM inbox WHERE run = ?1) \
                 + (SELECT count(*) FROM steps WHERE run = ?1)",
            [run],
            |row| Ok(row.get(0)?),
        )?;
        Ok(counted.unwrap_or(1))
    }

    /// Events in order of arrival. A run that lives keeps those it had: it must not get one again.
    fn events(&self) -> Result<Removed> {
        let mark = self.mark("events")?;
        let page: Vec<(i64, Timestamp, bool)> = all(
            self.connection,
            "SELECT id, received_at, routed = 1 \
                 AND NOT EXISTS (SELECT 1 FROM deferred WHERE deferred.event = events.id) \
                 AND NOT EXISTS (SELECT 1 FROM inbox JOIN runs ON runs.id = inbox.run \
                     WHERE inbox.event = events.id AND runs.ended_at IS NULL) \
             FROM events WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT ?3",
            params![mark.id, self.newest_at_rest, self.batch],
            |row| Ok((row.get(0)?, Timestamp(row.get(1)?), row.get(2)?)),
        )?;
        let (mut removed, mut last) = (0, mark.id);
        let full = page.len() == self.batch as usize;
        let mut young = false;
        for (id, received_at, settled) in page {
            young |= received_at > self.old;
            last = id;
            if settled && received_at <= self.old {
                execute(self.connection, "DELETE FROM events WHERE id = ?1", [id])?;
                removed += 1;
            }
        }
        // Numbers rise with time but for deliveries that were normalised late: the first young event
        // ends the round, an old one behind it is found by a later round.
        let more = full && !young;
        let mark = if more { Mark { at: 0, id: last } } else { DONE };
        self.set_mark("events", mark)?;
        Ok((removed, more))
    }

    /// Settled deliveries. What they brought is known by its identity.
    fn webhooks(&self) -> Result<Removed> {
        let until = if self.crowded { i64::MAX } else { self.old.0 };
        self.delete(
            "DELETE FROM webhooks WHERE id IN (SELECT id FROM webhooks \
             WHERE settled_at IS NOT NULL AND settled_at <= ?1 ORDER BY settled_at LIMIT ?2)",
            until,
        )
    }

    /// Request keys.
    fn requests(&self) -> Result<Removed> {
        self.delete(
            "DELETE FROM requests WHERE key IN \
             (SELECT key FROM requests WHERE at <= ?1 ORDER BY at LIMIT ?2)",
            self.old.0,
        )
    }

    fn delete(&self, sql: &str, until: i64) -> Result<Removed> {
        let removed = execute(self.connection, sql, params![until, self.batch])?;
        Ok((removed as u64, removed == self.batch as usize))
    }

    /// Configurations that no run has and none can start with any more. They go some time after
    /// that was first seen: a start may be under way with one that is just being replaced.
    fn configurations(&self, in_force: &[String], now: Timestamp) -> Result<u64> {
        let kept: Vec<(String, Option<Timestamp>, bool)> = all(
            self.connection,
            "SELECT hash, idle_since, EXISTS (SELECT 1 FROM runs WHERE config_hash = hash) \
             FROM flow_configs",
            [],
            |row| Ok((row.get(0)?, time_option(row, 1)?, row.get(2)?)),
        )?;
        let mut removed = 0;
        for (hash, idle_since, has_runs) in kept {
            let idle = !has_runs && !in_force.contains(&hash);
            match idle_since {
                Some(since) if idle && since <= self.old => {
                    execute(
                        self.connection,
                        "DELETE FROM flow_configs WHERE hash = ?1",
                        [&hash],
                    )?;
                    removed += 1;
                }
                Some(_) if !idle => self.note_idle(&hash, None)?,
                None if idle => self.note_idle(&hash, Some(now))?,
                _ => {}
            }
        }
        Ok(removed)
    }

    fn note_idle(&self, hash: &str, since: Option<Timestamp>) -> Result<()> {
        execute(
            self.connection,
            "UPDATE flow_configs SET idle_since = ?2 WHERE hash = ?1",
            params![hash, since.map(|since| since.0)],
        )?;
        Ok(())
    }

    fn mark(&self, what: &str) -> Result<Mark> {
        let found = first(
            self.connection,
            "SELECT at, id FROM prune_marks WHERE what = ?1",
            [what],
            |row| {
                Ok(Mark {
                    at: row.get(0)?,
                    id: row.get(1)?,
                })
            },
        )?;
        Ok(found.unwrap_or(START))
    }

    fn set_mark(&self, what: &str, mark: Mark) -> Result<()> {
        execute(
            self.connection,
            "INSERT INTO prune_marks (what, at, id) VALUES (?1, ?2, ?3) \
             ON CONFLICT (what) DO UPDATE SET at = excluded.at, id = excluded.id",
            params![what, mark.at, mark.id],
        )?;
        Ok(())
    }
}

fn ended_runs(connection: &Connection) -> Result<u64> {
    let counted = first(
        connection,
        "SELECT COALESCE(sum(number), 0) FROM run_counts \
         WHERE state IN ('completed', 'cancelled', 'failed')",
        [],
        |row| Ok(row.get(0)?),
    )?;
    Ok(counted.unwrap_or_default())
}
