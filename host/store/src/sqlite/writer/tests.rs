use super::super::schema::{open_reader, open_writer};
use super::*;

fn put(connection: &Connection, key: &str) -> Result<()> {
    connection.execute("INSERT INTO meta (key, value) VALUES (?1, '')", [key])?;
    Ok(())
}

fn keys(connection: &Connection) -> Vec<String> {
    let mut statement = connection
        .prepare("SELECT key FROM meta WHERE key <> 'probe' ORDER BY key")
        .unwrap();
    statement
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(|key| key.unwrap())
        .collect()
}

/// A writer on a fresh file, and another connection to it.
struct Bench {
    _folder: tempfile::TempDir,
    writer: Writer,
    outside: Connection,
}

impl Bench {
    /// Hold the writer up inside a transaction of its own until the sender is dropped, so that
    /// what is written meanwhile queues up for one transaction.
    fn hold(&self) -> mpsc::Sender<()> {
        let (let_go, held) = mpsc::channel::<()>();
        let (entered, inside) = mpsc::channel();
        let (reply, _) = oneshot::channel();
        let work = move |_: &Connection| {
            entered.send(()).unwrap();
            let _ = held.recv();
            Ok(())
        };
        let job = Box::new(Work {
            work: Some(work),
            result: None,
            reply,
        });
        let room = self.writer.room.clone().try_acquire_owned().unwrap();
        let Way::Thread { queue, .. } = &self.writer.way else {
            panic!("it has no thread");
        };
        let queue = queue.as_ref().unwrap();
        queue.send(Queued { job, _room: room }).unwrap();
        inside.recv().unwrap();
        let_go
    }
}

fn bench() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions::new(folder.path().join("store.db"));
    let writer = Writer::start(
        open_writer(&options).unwrap(),
        &options,
        Damage::none_in(&options.path),
    )
    .unwrap();
    let outside = open_reader(&options).unwrap();
    Bench {
        _folder: folder,
        writer,
        outside,
    }
}

#[tokio::test]
async fn queued_writes_share_a_commit_and_fail_alone() {
    let mut bench = bench();
    let held = bench.hold();
    let outside = std::mem::replace(&mut bench.outside, Connection::open_in_memory().unwrap());
    let writer = &bench.writer;
    let (good, refused, panicked, last, ()) = tokio::join!(
        writer.write(|c| put(c, "good")),
        writer.write(|c| {
            put(c, "refused")?;
            Err::<(), _>(Error::Refused("no".to_owned()))
        }),
        writer.write(|c| -> Result<()> {
            put(c, "panicked")?;
            panic!("a defect");
        }),
        writer.write(move |c| Ok((keys(c), keys(&outside)))),
        async { drop(held) },
    );
    good.unwrap();
    assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
    assert!(matches!(&panicked, Err(Error::Unwritable(why)) if why.contains("a defect")));
    let (inside, outside) = last.unwrap();
    assert_eq!(inside, ["good"]);
    assert_eq!(outside, [""; 0], "the same transaction was still open");
    let left = writer.write(|c| Ok(keys(c))).await.unwrap();
    assert_eq!(left, ["good"]);
}

#[tokio::test]
async fn writes_undone_with_another_are_told() {
    let bench = bench();
    let held = bench.hold();
    let writer = &bench.writer;
    let (before, culprit, after, ()) = tokio::join!(
        writer.write(|c| put(c, "before")),
        writer.write(|c| {
            // What SQLite itself does when the disk is full.
            c.execute_batch("ROLLBACK")?;
            Err::<(), _>(Error::Unwritable("disk full".to_owned()))
        }),
        writer.write(|c| put(c, "after")),
        async { drop(held) },
    );
    assert!(matches!(before, Err(Error::Unwritable(_))), "{before:?}");
    assert!(matches!(culprit, Err(Error::Unwritable(_))), "{culprit:?}");
    after.unwrap();
    assert_eq!(keys(&bench.outside), ["after"]);
}

#[tokio::test]
async fn a_full_disk_is_said_and_passes() {
    let bench = bench();
    // A limit on the file's pages is a full disk, as far as SQLite is concerned.
    let limit_pages = |c: &Connection, spare: i64| -> Result<()> {
        let pages: i64 = c.query_row("PRAGMA page_count", [], |row| row.get(0))?;
        let sql = format!("PRAGMA max_page_count = {}", pages + spare);
        Ok(c.query_row(&sql, [], |_| Ok(()))?)
    };
    bench
        .writer
        .write(move |c| limit_pages(c, 2))
        .await
        .unwrap();
    let full = bench.writer.write(|c| put(c, &"k".repeat(1 << 20))).await;
    assert!(matches!(full, Err(Error::Unwritable(_))), "{full:?}");
    bench
        .writer
        .write(move |c| limit_pages(c, 1000))
        .await
        .unwrap();
    bench.writer.write(|c| put(c, "room")).await.unwrap();
    assert_eq!(keys(&bench.outside), ["room"]);
}

#[test]
fn only_a_failed_disk_leaves_a_commit_in_doubt() {
    let of = |code| {
        let error = rusqlite::ffi::Error::new(code);
        Failure::of_commit(&rusqlite::Error::SqliteFailure(error, None)).into()
    };
    assert!(matches!(of(rusqlite::ffi::SQLITE_IOERR), Error::Unknown(_)));
    assert!(matches!(
        of(rusqlite::ffi::SQLITE_FULL),
        Error::Unwritable(_)
    ));
    assert!(matches!(
        of(rusqlite::ffi::SQLITE_BUSY),
        Error::Unwritable(_)
    ));
}
