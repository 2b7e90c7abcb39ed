//! The database: a row for each event and each run, an audit line for each effect. One thread writes;
//! what queued up while the last commit went to disk shares the next one.

use std::path::Path;
use std::sync::mpsc;
use std::thread;

use anyhow::{Context as _, anyhow};
use rusqlite::{Connection, OptionalExtension as _, params};
use tokio::sync::oneshot;

/// Writes that share a commit at most.
const MAX_BATCH: usize = 256;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS events (
        id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, body TEXT NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS runs (
        id INTEGER PRIMARY KEY, asset TEXT NOT NULL, state TEXT NOT NULL, name TEXT,
        process TEXT, outcome TEXT
    ) STRICT;
    CREATE UNIQUE INDEX IF NOT EXISTS runs_process ON runs (process);
    CREATE INDEX IF NOT EXISTS runs_open ON runs (state) WHERE state <> 'done';
    CREATE TABLE IF NOT EXISTS audit (
        id INTEGER PRIMARY KEY, run INTEGER NOT NULL, action TEXT NOT NULL
    ) STRICT;";

/// A run whose process has ended.
pub(crate) struct Decided {
    pub(crate) run: i64,
    pub(crate) asset: String,
    pub(crate) outcome: String,
}

/// Where a run stood when the program ended.
pub(crate) enum Unfinished {
    Begun { run: i64, asset: String },
    Decided(Decided),
}

type Answer = Box<dyn FnOnce(bool) + Send>;
type Write = Box<dyn FnOnce(&Connection) -> Answer + Send>;

/// The store. Dropping it ends its thread.
pub(crate) struct Store {
    queue: mpsc::Sender<Write>,
}

impl Store {
    pub(crate) fn open(path: impl AsRef<Path>) -> anyhow::Result<Self> {
        let connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.execute_batch(SCHEMA)?;
        let (queue, writes) = mpsc::channel();
        thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || serve(&connection, &writes))?;
        Ok(Self { queue })
    }

    /// Store a trigger and its run; `None` if it came before.
    pub(crate) async fn accept(&self, key: String, asset: String) -> anyhow::Result<Option<i64>> {
        self.write(move |c| {
            let new = c
                .prepare_cached("INSERT INTO events (key, kind, body) VALUES (?1, 'trigger', ?2) ON CONFLICT DO NOTHING")?
                .execute(params![key, asset])?;
            if new == 0 {
                return Ok(None);
            }
            c.prepare_cached("INSERT INTO runs (asset, state) VALUES (?1, 'begun')")?
                .execute([asset])?;
            let run = c.last_insert_rowid();
            audit(c, run, "started")?;
            Ok(Some(run))
        })
        .await
    }

    /// The process is about to be started.
    pub(crate) async fn starting(&self, run: i64, name: String) -> anyhow::Result<()> {
        self.write(move |c| {
            c.prepare_cached("UPDATE runs SET name = ?2 WHERE id = ?1")?
                .execute(params![run, name])?;
            Ok(())
        })
        .await
    }

    /// The process runs. It may have ended meanwhile.
    pub(crate) async fn waiting(
        &self,
        run: i64,
        process: String,
    ) -> anyhow::Result<Option<Decided>> {
        self.write(move |c| {
            c.prepare_cached("UPDATE runs SET state = 'waiting', process = ?2 WHERE id = ?1")?
                .execute(params![run, process])?;
            audit(c, run, "process started")?;
            let outcome: Option<String> = c
                .prepare_cached("SELECT body FROM events WHERE key = ?1")?
                .query_row([format!("callback {process}")], |row| row.get(0))
                .optional()?;
            outcome.map_or(Ok(None), |outcome| decide(c, &process, outcome))
        })
        .await
    }

    /// Store a callback; what is to be done about it.
    pub(crate) async fn called_back(
        &self,
        process: String,
        outcome: String,
    ) -> anyhow::Result<Option<Decided>> {
        self.write(move |c| {
            let new = c
                .prepare_cached("INSERT INTO events (key, kind, body) VALUES (?1, 'callback', ?2) ON CONFLICT DO NOTHING")?
                .execute(params![format!("callback {process}"), outcome])?;
            if new == 0 { Ok(None) } else { decide(c, &process, outcome) }
        })
        .await
    }

    /// The result is written back.
    pub(crate) async fn done(&self, run: i64) -> anyhow::Result<()> {
        self.write(move |c| {
            c.prepare_cached("UPDATE runs SET state = 'done' WHERE id = ?1")?
                .execute([run])?;
            audit(c, run, "asset written")
        })
        .await
    }

    /// Runs with something to do.
    pub(crate) async fn unfinished(&self) -> anyhow::Result<Vec<Unfinished>> {
        self.write(|c| {
            let mut statement = c.prepare(
                "SELECT id, asset, outcome FROM runs WHERE state IN ('begun', 'decided')",
            )?;
            let rows = statement.query_map([], |row| {
                let (run, asset): (i64, String) = (row.get(0)?, row.get(1)?);
                let outcome: Option<String> = row.get(2)?;
                Ok(match outcome {
                    Some(outcome) => Unfinished::Decided(Decided {
                        run,
                        asset,
                        outcome,
                    }),
                    None => Unfinished::Begun { run, asset },
                })
            })?;
            rows.collect()
        })
        .await
    }

    /// Do this in a transaction and wait for its commit.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> anyhow::Result<T> {
        let (reply, answer) = oneshot::channel();
        let write: Write = Box::new(move |connection| {
            let result = work(connection);
            Box::new(move |committed| {
                let result = result.map_err(anyhow::Error::from);
                let result = result.and_then(|value| match committed {
                    true => Ok(value),
                    false => Err(anyhow!("the commit failed")),
                });
                let _ = reply.send(result);
            })
        });
        self.queue
            .send(write)
            .map_err(|_| anyhow!("the store has ended"))?;
        answer.await.context("the store has ended")?
    }
}

/// The event stands; if a run waits for it, the run is decided in the same transaction.
fn decide(c: &Connection, process: &str, outcome: String) -> rusqlite::Result<Option<Decided>> {
    let found: Option<(i64, String)> = c
        .prepare_cached("SELECT id, asset FROM runs WHERE process = ?1 AND state = 'waiting'")?
        .query_row([process], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((run, asset)) = found else {
        return Ok(None);
    };
    c.prepare_cached("UPDATE runs SET state = 'decided', outcome = ?2 WHERE id = ?1")?
        .execute(params![run, outcome])?;
    audit(c, run, "decided")?;
    Ok(Some(Decided {
        run,
        asset,
        outcome,
    }))
}

fn audit(c: &Connection, run: i64, action: &str) -> rusqlite::Result<()> {
    c.prepare_cached("INSERT INTO audit (run, action) VALUES (?1, ?2)")?
        .execute(params![run, action])?;
    Ok(())
}

fn serve(connection: &Connection, writes: &mpsc::Receiver<Write>) {
    while let Ok(first) = writes.recv() {
        let begun = connection.execute_batch("BEGIN IMMEDIATE").is_ok();
        let mut answers = vec![first(connection)];
        while answers.len() < MAX_BATCH
            && let Ok(next) = writes.try_recv()
        {
            answers.push(next(connection));
        }
        let committed = begun && connection.execute_batch("COMMIT").is_ok();
        if !committed && !connection.is_autocommit() {
            let _ = connection.execute_batch("ROLLBACK");
        }
        for answer in answers {
            answer(committed);
        }
    }
}
