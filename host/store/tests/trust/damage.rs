//! Real files with bytes flipped in them.

use std::path::Path;

use forebay_store::contract::fixtures::{at, batch, event, started};
use forebay_store::sqlite::restore;
use forebay_store::{Error, SqliteOptions, SqliteStore, Store};
use rusqlite::Connection;

use super::{digests, file, open, open_error, options, scenario};

/// SQLite's page size unless told otherwise.
const PAGE: usize = 4096;

/// A store with all it holds in the database file, and nothing in its log.
async fn settled() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    scenario::fill(&store).await;
    drop(store);
    let raw = Connection::open(file(folder.path())).unwrap();
    raw.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    folder
}

fn flip(path: &Path, at: usize, length: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    for byte in &mut bytes[at..at + length] {
        *byte ^= 0xff;
    }
    std::fs::write(path, bytes).unwrap();
}

/// The page on which the rows of this table begin.
fn root_of(folder: &Path, table: &str) -> usize {
    let raw = Connection::open(file(folder)).unwrap();
    let sql = "SELECT rootpage FROM sqlite_master WHERE name = ?1";
    raw.query_row(sql, [table], |row| row.get(0)).unwrap()
}

fn refused(folder: &Path) -> String {
    let before = digests(folder);
    let error = open_error(options(folder));
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
    assert_eq!(digests(folder), before, "it was written to");
    let message = error.to_string();
    assert!(message.contains("store.db"), "{message}");
    assert!(message.contains("forebay restore"), "{message}");
    message
}

#[tokio::test]
async fn a_damaged_header_is_refused() {
    for (at, length) in [(0, 4), (16, 2), (100, 8)] {
        let folder = settled().await;
        flip(&file(folder.path()), at, length);
        refused(folder.path());
    }
}

#[tokio::test]
async fn a_damaged_page_is_refused_by_its_number() {
    let folder = settled().await;
    let page = root_of(folder.path(), "runs");
    flip(&file(folder.path()), (page - 1) * PAGE, 64);
    let message = refused(folder.path());
    assert!(
        message.to_lowercase().contains(&format!("page {page}")),
        "{message}"
    );
}

#[tokio::test]
async fn a_file_that_was_cut_short_is_refused() {
    let folder = settled().await;
    let whole = std::fs::metadata(file(folder.path())).unwrap().len();
    let raw = std::fs::OpenOptions::new()
        .write(true)
        .open(file(folder.path()));
    raw.unwrap().set_len(whole / 2).unwrap();
    refused(folder.path());
}

/// What a host leaves that was killed: answered writes stand in the log only.
async fn killed() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    for number in 0..20 {
        started(&*store, &number.to_string(), number).await;
    }
    let copy = tempfile::tempdir().unwrap();
    for name in ["store.db", "store.db-wal"] {
        std::fs::copy(folder.path().join(name), copy.path().join(name)).unwrap();
    }
    copy
}

/// Header of the log, header of a frame.
const LOG_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

fn frames(log: &Path) -> usize {
    let length = usize::try_from(std::fs::metadata(log).unwrap().len()).unwrap();
    (length - LOG_HEADER) / (FRAME_HEADER + PAGE)
}

fn frame(number: usize) -> usize {
    LOG_HEADER + number * (FRAME_HEADER + PAGE)
}

#[tokio::test]
async fn damage_amid_the_log_is_refused_instead_of_dropping_what_follows() {
    let whole = killed().await;
    let count = frames(&whole.path().join("store.db-wal"));
    assert!(count > 40, "{count}");
    assert!(open(whole.path()).verify_audit().await.unwrap() == Ok(20));
    // In the page, in the number of the page, in the salt, in the checksum.
    for inside in [FRAME_HEADER + 99, 0, 8, 16] {
        for number in [0, count / 3, count / 2] {
            let folder = killed().await;
            let log = folder.path().join("store.db-wal");
            flip(&log, frame(number) + inside, 1);
            let message = refused(folder.path());
            let told = format!("frame {} of its log", number + 1);
            assert!(message.contains(&told), "{message}");
        }
    }
    let folder = killed().await;
    flip(&folder.path().join("store.db-wal"), 20, 1);
    assert!(refused(folder.path()).contains("header of its log"));
}

#[tokio::test]
async fn a_log_that_a_power_cut_tore_is_no_damage() {
    let folder = killed().await;
    let log = folder.path().join("store.db-wal");
    let count = frames(&log);
    // The last commit was being written: part of it is there, part is not, part is garbage.
    flip(&log, frame(count - 1) + 2000, 500);
    assert_eq!(open(folder.path()).verify_audit().await.unwrap(), Ok(19));

    let folder = killed().await;
    let log = std::fs::OpenOptions::new()
        .write(true)
        .open(folder.path().join("store.db-wal"));
    log.unwrap().set_len(frame(count - 1) as u64 + 100).unwrap();
    assert_eq!(open(folder.path()).verify_audit().await.unwrap(), Ok(19));
}

#[tokio::test]
async fn a_log_without_its_database_is_refused() {
    let folder = killed().await;
    std::fs::remove_file(file(folder.path())).unwrap();
    assert!(refused(folder.path()).contains("its log is there"));
}

/// Damage in a part that is read later than the start: too large to be looked through.
#[tokio::test]
async fn damage_that_is_met_while_it_serves_ends_all_writing() {
    let folder = settled().await;
    let page = root_of(folder.path(), "events");
    flip(&file(folder.path()), (page - 1) * PAGE, 64);
    let options = SqliteOptions {
        check_up_to: 0,
        ..options(folder.path())
    };
    let store = SqliteStore::open(options).unwrap();
    store.probe().await.unwrap();
    let read = store.unrouted_events(9).await;
    assert!(matches!(read, Err(Error::Damaged { .. })), "{read:?}");
    let before = digests(folder.path());

    let probed = store.probe().await;
    assert!(matches!(probed, Err(Error::Damaged { .. })), "{probed:?}");
    let written = store.record_events(batch(vec![event("new", "1")])).await;
    assert!(
        matches!(&written, Err(Error::Damaged { path, .. }) if path.ends_with("store.db")),
        "{written:?}"
    );
    assert!(
        store.flow_config("hash").await.unwrap().is_some(),
        "what is whole can be read"
    );
    drop(store);
    assert_eq!(digests(folder.path()), before, "not at the end either");
}

#[tokio::test]
async fn no_backup_is_made_of_a_damaged_store_and_older_ones_stay() {
    let folder = settled().await;
    let store = open(folder.path());
    let older = folder.path().join("older.db");
    store.backup(&older).await.unwrap();
    let kept = std::fs::read(&older).unwrap();
    drop(store);
    let page = root_of(folder.path(), "journal");
    flip(&file(folder.path()), (page - 1) * PAGE, 64);
    let store = SqliteStore::open(SqliteOptions {
        check_up_to: 0,
        ..options(folder.path())
    })
    .unwrap();
    let newer = folder.path().join("newer.db");
    let refused = store.backup(&newer).await;
    assert!(matches!(refused, Err(Error::Damaged { .. })), "{refused:?}");
    assert!(!newer.exists());
    assert!(store.backup(&older).await.is_err(), "never written over");
    assert_eq!(std::fs::read(&older).unwrap(), kept);
    drop(store);

    let restored = restore(&older, &file(folder.path()), true, at(0)).unwrap();
    assert!(restored.kept.unwrap().exists(), "the damaged one is kept");
    scenario::read_back(&open(folder.path())).await;
}

#[tokio::test]
async fn a_damaged_backup_does_not_replace_a_store() {
    let folder = settled().await;
    let store = open(folder.path());
    let copy = folder.path().join("copy.db");
    store.backup(&copy).await.unwrap();
    drop(store);
    let page = root_of(folder.path(), "runs");
    flip(&copy, (page - 1) * PAGE, 64);
    let before = digests(folder.path());
    let refused = restore(&copy, &file(folder.path()), true, at(0));
    assert!(
        matches!(&refused, Err(Error::Damaged { path, .. }) if path.ends_with("copy.db")),
        "{refused:?}"
    );
    assert_eq!(digests(folder.path()), before);
}
