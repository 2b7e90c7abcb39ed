//! The one thread that writes, with group commit: what queued up while the last commit synced to
//! disk goes into the next transaction together. Each write has a savepoint, so its failure undoes
//! itself only; each is answered after the commit that holds it.

mod mend;
mod pace;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use self::pace::Pace;
use super::SqliteOptions;
use super::damage::Damage;
use super::error::Failure;
use crate::{Error, Result};

/// Handle of the writer thread. Dropping it ends the thread after what is queued.
pub(super) struct Writer {
    way: Way,
    room: Arc<Semaphore>,
    length: usize,
}

/// Where writes are made.
enum Way {
    /// On a thread of the store.
    Thread {
        queue: Option<mpsc::Sender<Queued>>,
        thread: Option<JoinHandle<()>>,
    },
    /// On the thread of whoever asks, one at a time.
    Here(Box<Mutex<Committer>>),
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

impl Writer {
    /// Start the thread that owns this connection.
    pub(super) fn start(
        connection: Connection,
        options: &SqliteOptions,
        damage: Damage,
    ) -> Result<Self> {
        let committer = Committer {
            connection,
            options: options.clone(),
            doubt: None,
            damage,
        };
        let way = if options.own_threads {
            let (queue, jobs) = mpsc::channel();
            let queued = Queue {
                jobs,
                max_batch: options.max_batch.max(1),
                pace: Pace::new(options.linger),
            };
            let thread = thread::Builder::new()
                .name("forebay-store".to_owned())
                .spawn(move || queued.serve(committer))
                .map_err(|error| Error::Unusable(format!("cannot start its writer: {error}")))?;
            Way::Thread {
                queue: Some(queue),
                thread: Some(thread),
            }
        } else {
            Way::Here(Box::new(Mutex::new(committer)))
        };
        let length = options.queue.clamp(1, Semaphore::MAX_PERMITS);
        let room = Arc::new(Semaphore::new(length));
        Ok(Self { way, room, length })
    }

    /// Do this in a transaction. Waits for room in the queue and for the commit. A future that is
    /// dropped while it waits for the commit does not take the write back.
    pub(super) async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let gone = || Error::Unwritable("its writer has ended".to_owned());
        let room = self
            .room
            .clone()
            .acquire_owned()
            .await
            .map_err(|_| gone())?;
        let depth = self.length.saturating_sub(self.room.available_permits());
        #[expect(
            clippy::cast_precision_loss,
            reason = "queue lengths are far below 2^52"
        )]
        metrics::gauge!("forebay_store_queue_depth").set(depth as f64);
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Work {
            work: Some(work),
            result: None,
            reply,
        });
        let queued = Queued { job, _room: room };
        match &self.way {
            Way::Thread { queue, .. } => {
                let queue = queue.as_ref().ok_or_else(gone)?;
                queue.send(queued).map_err(|_| gone())?;
            }
            Way::Here(committer) => {
                let mut committer = committer.lock().unwrap_or_else(PoisonError::into_inner);
                committer.commit(vec![queued]);
            }
        }
        answer
            .await
            .map_err(|_| Error::Unknown("its writer ended meanwhile".to_owned()))?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let Way::Thread { queue, thread } = &mut self.way else {
            return;
        };
        *queue = None;
        if let Some(thread) = thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the store's writer thread panicked");
        }
    }
}

/// A write in the queue, holding its place.
struct Queued {
    job: Box<dyn Job>,
    _room: OwnedSemaphorePermit,
}

/// A write whose result type is hidden from the queue.
trait Job: Send {
    /// Do it in a savepoint of the open transaction.
    fn run(&mut self, connection: &Connection);
    /// Tell whoever waits, now that the fate of the transaction is known.
    fn answer(self: Box<Self>, fate: std::result::Result<(), Failure>);
}

struct Work<T, F> {
    work: Option<F>,
    result: Option<Result<T>>,
    reply: oneshot::Sender<Result<T>>,
}

impl<T, F> Job for Work<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> Result<T> + Send,
{
    fn run(&mut self, connection: &Connection) {
        self.result = self.work.take().map(|work| in_savepoint(connection, work));
    }

    fn answer(self: Box<Self>, fate: std::result::Result<(), Failure>) {
        let answer = match (self.result, fate) {
            // Its own failure undid it, whatever became of the others.
            (Some(Err(error)), _) => Err(error),
            (_, Err(failure)) => Err(failure.into()),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (None, Ok(())) => Err(Error::Unwritable("the write was not attempted".to_owned())),
        };
        // Whoever asked may have stopped waiting; the write stands.
        let _ = self.reply.send(answer);
    }
}

/// What the thread takes its work from.
struct Queue {
    jobs: mpsc::Receiver<Queued>,
    max_batch: usize,
    pace: Pace,
}

impl Queue {
    fn serve(mut self, mut committer: Committer) {
        while let Ok(first) = self.jobs.recv() {
            let batch = self.gather(first);
            committer.commit(batch);
        }
    }

    fn gather(&mut self, first: Queued) -> Vec<Queued> {
        let mut batch = vec![first];
        self.take_queued(&mut batch);
        if batch.len() < self.max_batch
            && let Some(wait) = self.pace.wait()
        {
            let before = batch.len();
            thread::sleep(wait);
            self.take_queued(&mut batch);
            self.pace.joined(batch.len() - before);
        }
        batch
    }

    fn take_queued(&self, batch: &mut Vec<Queued>) {
        while batch.len() < self.max_batch
            && let Ok(next) = self.jobs.try_recv()
        {
            batch.push(next);
        }
    }
}

/// Makes transactions.
struct Committer {
    connection: Connection,
    options: SqliteOptions,
    /// Set while the fate of a commit is unknown: going on could build on lost ground.
    doubt: Option<String>,
    damage: Damage,
}

impl Drop for Committer {
    /// Closing the last connection to a damaged file would bring the log into it.
    fn drop(&mut self) {
        let keep = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
        if self.damage.met().is_some()
            && let Err(error) = self.connection.set_db_config(keep, true)
        {
            tracing::error!(%error, "the log of the damaged store may be brought into its file");
        }
    }
}

impl Committer {
    fn commit(&mut self, batch: Vec<Queued>) {
        let began = self.options.clock.now();
        let mut written: Vec<Queued> = Vec::with_capacity(batch.len());
        let mut batch = batch.into_iter();
        while let Some(mut queued) = batch.next() {
            if self.connection.is_autocommit() {
                // Either the first, or a failure just made SQLite undo the whole transaction.
                answer_all(
                    written.drain(..),
                    Err(Failure::Unwritten(UNDONE.to_owned())),
                );
                if let Err(failure) = self.begin() {
                    return answer_all(std::iter::once(queued).chain(batch), Err(failure));
                }
            }
            queued.job.run(&self.connection);
            written.push(queued);
        }
        let fate = self.end();
        let jobs = written.len();
        answer_all(written.into_iter(), fate);
        metrics::counter!("forebay_store_commits_total").increment(1);
        #[expect(clippy::cast_precision_loss, reason = "batches are far below 2^52")]
        metrics::histogram!("forebay_store_commit_jobs").record(jobs as f64);
        metrics::histogram!("forebay_store_commit_seconds")
            .record(self.options.clock.now().since(began).as_secs_f64());
    }

    fn begin(&mut self) -> std::result::Result<(), Failure> {
        if let Some(damaged) = self.damage.met() {
            return Err(damaged);
        }
        if let Some(why) = &self.doubt {
            self.connection = mend::reopen(&self.options, why)?;
            self.doubt = None;
        }
        execute(&self.connection, "BEGIN IMMEDIATE")
            .map_err(|error| Failure::Unwritten(error.to_string()))
    }

    fn end(&mut self) -> std::result::Result<(), Failure> {
        if self.connection.is_autocommit() {
            return Err(Failure::Unwritten(UNDONE.to_owned()));
        }
        let Err(error) = execute(&self.connection, "COMMIT") else {
            return Ok(());
        };
        let failure = Failure::of_commit(&error);
        tracing::error!(%error, "a commit failed");
        if let Failure::Unknown(why) = &failure {
            metrics::counter!("forebay_store_commits_in_doubt_total").increment(1);
            self.doubt = Some(why.clone());
        }
        if !self.connection.is_autocommit() {
            roll_back(&self.connection);
        }
        Err(failure)
    }
}

/// What writes are told that were undone with another's failure.
const UNDONE: &str = "the transaction was undone by the failure of another write";

fn answer_all(jobs: impl Iterator<Item = Queued>, fate: std::result::Result<(), Failure>) {
    for queued in jobs {
        queued.job.answer(fate.clone());
    }
}

fn in_savepoint<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T>,
) -> Result<T> {
    execute(connection, "SAVEPOINT job")?;
    let result = catch_unwind(AssertUnwindSafe(|| work(connection))).unwrap_or_else(|panic| {
        let message = panic_message(&*panic);
        tracing::error!(message, "a write to the store panicked");
        Err(Error::Unwritable(format!("a write panicked: {message}")))
    });
    let released = match result {
        Ok(value) => execute(connection, "RELEASE job")
            .map(|()| value)
            .map_err(Error::from),
        Err(error) => Err(error),
    };
    if released.is_err() && !connection.is_autocommit() {
        let undone = execute(connection, "ROLLBACK TO job")
            .and_then(|()| execute(connection, "RELEASE job"));
        if undone.is_err() {
            roll_back(connection);
        }
    }
    released
}

fn roll_back(connection: &Connection) {
    if let Err(error) = execute(connection, "ROLLBACK") {
        tracing::error!(%error, "a transaction could not be rolled back");
    }
}

fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
