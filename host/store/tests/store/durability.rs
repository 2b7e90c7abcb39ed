//! What the embedded store keeps when its host is stopped, killed, copied or damaged.

#![allow(
    clippy::disallowed_methods,
    reason = "the killed child is told its file by environment"
)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use forebay_store::contract::fixtures::{
    arrives, batch, call, claim_one, event, get, inbox, new_run, nothing_due, started, started_by,
    step, stepped, timer, wait, waiting,
};
use forebay_store::{Error, SqliteOptions, SqliteStore, Store};

fn open(folder: &Path) -> Arc<SqliteStore> {
    SqliteStore::open(SqliteOptions::new(folder.join("store.db"))).unwrap()
}

fn open_error(folder: &Path) -> Error {
    SqliteStore::open(SqliteOptions::new(folder.join("store.db"))).unwrap_err()
}

#[tokio::test]
async fn a_store_is_used_by_one_host() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    assert!(matches!(open_error(folder.path()), Error::InUse { .. }));
    drop(store);
    open(folder.path());
}

#[tokio::test]
async fn all_is_there_after_a_restart_and_owned_runs_are_due() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let run = started(&*store, "a", 0).await;
    stepped(&*store, waiting(vec![wait("a")], vec![timer("t", 900)]), 1).await;
    let busy = started(&*store, "b", 0).await;
    let activation = claim_one(&*store, 1).await;
    let intent = call(&activation, 0, true, None);
    store
        .journal(&activation.claim, vec![intent.clone()])
        .await
        .unwrap();
    drop(store);

    let store = open(folder.path());
    assert_eq!(get(&*store, &run).await.activations, 1);
    assert_eq!(store.waits(&run).await.unwrap().len(), 1);
    assert_eq!(store.timers(&run).await.unwrap().len(), 1);
    let heir = claim_one(&*store, 1).await;
    assert_eq!(
        (heir.run.id, heir.item, heir.journal),
        (busy, activation.item, vec![intent])
    );
    assert!(heir.claim.epoch > activation.claim.epoch);
}

/// A copy of the files of a running store is what a power cut leaves.
#[tokio::test]
async fn a_copy_of_the_files_holds_all_that_was_answered() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let run = started(&*store, "a", 0).await;
    let id = arrives(&*store, event("a", "1")).await;
    let start = forebay_store::contract::fixtures::plan(vec![started_by(event("a", "1"), "a", 1)]);
    store
        .route(id, start, forebay_store::contract::fixtures::at(1))
        .await
        .unwrap();

    let copy = tempfile::tempdir().unwrap();
    for name in ["store.db", "store.db-wal"] {
        std::fs::copy(folder.path().join(name), copy.path().join(name)).unwrap();
    }
    let restored = open(copy.path());
    assert_eq!(inbox(&*restored, &run).await, ["request", "asset.updated"]);
    assert_eq!(restored.unrouted_events(9).await.unwrap(), []);
    assert_eq!(restored.verify_audit().await.unwrap(), Ok(1));
    let activation = claim_one(&*restored, 2).await;
    let end = step(&activation, waiting(vec![], vec![]), 2);
    assert!(
        restored
            .commit_step(&activation.claim, end)
            .await
            .unwrap()
            .more
    );
}

#[tokio::test]
async fn a_newer_schema_and_a_damaged_file_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    let path = folder.path().join("store.db");
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.pragma_update(None, "user_version", 99).unwrap();
    drop(raw);
    let error = open_error(folder.path());
    assert!(
        matches!(&error, Error::Unusable(why) if why.contains("later version")),
        "{error}"
    );

    std::fs::write(
        &path,
        b"this is no database, it is a note somebody left here",
    )
    .unwrap();
    let error = open_error(folder.path());
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
}

#[tokio::test]
async fn a_changed_audit_record_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    for (tampering, found) in [
        (
            "UPDATE audit SET entry = json_set(entry, '$.actor', 'nobody') WHERE sequence = 2",
            2,
        ),
        ("DELETE FROM audit WHERE sequence = 3", 3),
        ("UPDATE audit SET entry = '{}' WHERE sequence = 1", 1),
    ] {
        for file in ["store.db", "store.db-wal"] {
            let _ = std::fs::remove_file(folder.path().join(file));
        }
        let store = open(folder.path());
        for number in 0..4 {
            started(&*store, &format!("k{number}"), number).await;
        }
        assert_eq!(store.verify_audit().await.unwrap(), Ok(4));
        drop(store);
        let raw = rusqlite::Connection::open(&path).unwrap();
        // The index over the records is derived from them; it must not hide what was done to them.
        raw.execute_batch("DROP INDEX audit_of_run").unwrap();
        raw.execute(tampering, []).unwrap();
        drop(raw);
        assert_eq!(
            open(folder.path()).verify_audit().await.unwrap(),
            Err(found),
            "{tampering}"
        );
    }
}

#[tokio::test]
async fn writes_at_the_same_time_share_commits_and_all_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let starts = (0..300).map(|number| {
        let store = store.clone();
        // Every tenth repeats the one before under another id and is delivered to it.
        let key = if number % 10 == 9 { number - 1 } else { number };
        tokio::spawn(async move { store.start_run(new_run(&format!("k{key}"), number)).await })
    });
    let starts: Vec<_> = starts.collect();
    for start in starts {
        start.await.unwrap().unwrap();
    }
    drop(store);
    let counts = open(folder.path()).run_counts().await.unwrap();
    assert_eq!(counts.iter().map(|(_, _, number)| number).sum::<u64>(), 270);
}

#[tokio::test]
async fn a_store_that_cannot_be_written_says_so_and_recovers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let mut options = SqliteOptions::new(&path);
    options.busy_timeout = std::time::Duration::ZERO;
    let store = SqliteStore::open(options).unwrap();
    let run = started(&*store, "a", 0).await;

    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = store.probe().await;
    assert!(matches!(refused, Err(Error::Unwritable(_))), "{refused:?}");
    let refused = store.record_events(batch(vec![event("a", "1")])).await;
    assert!(matches!(refused, Err(Error::Unwritable(_))), "{refused:?}");
    assert_eq!(
        get(&*store, &run).await.activations,
        0,
        "it can still be read"
    );

    other.execute_batch("ROLLBACK").unwrap();
    store.probe().await.unwrap();
    assert_eq!(
        store.unrouted_events(9).await.unwrap(),
        [],
        "what was refused is not there"
    );
}

/// Set for the child whose files may not grow: the folder of its store.
#[cfg(unix)]
const STUNTED: &str = "FOREBAY_STORE_TEST_STUNTED";

/// Not a test of its own: what the child does whose files may not grow. Without the variable it does
/// nothing.
#[cfg(unix)]
#[tokio::test]
async fn child_whose_commit_fails() {
    let Ok(folder) = std::env::var(STUNTED) else {
        return;
    };
    let store = open(Path::new(&folder));
    store
        .record_events(batch(vec![event("before", "1")]))
        .await
        .unwrap();
    // The log would grow beyond what is allowed: the system refuses to write, in the commit.
    let large = event("lost", &"x".repeat(1_200_000));
    let lost = store.record_events(batch(vec![large])).await;
    assert!(matches!(lost, Err(Error::Unknown(_))), "{lost:?}");
    store
        .record_events(batch(vec![event("after", "1")]))
        .await
        .unwrap();
    store.start_run(new_run("after", 1)).await.unwrap();
    store.probe().await.unwrap();
    println!("it went on");
}

#[cfg(unix)]
#[tokio::test]
async fn a_store_goes_on_after_a_commit_of_unknown_fate() {
    let folder = tempfile::tempdir().unwrap();
    // A process that ignores the signal is told of an I/O error when a file of its own would grow
    // beyond 1 MiB (2048 blocks).
    let child = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -S -f 2048; exec \"$@\"", "sh"])
        .arg(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "durability::child_whose_commit_fails",
            "--nocapture",
        ])
        .env(STUNTED, folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    let complained = String::from_utf8_lossy(&child.stderr);
    assert!(said.contains("it went on"), "{said}{complained}");

    let store = open(folder.path());
    let events = store.unrouted_events(9).await.unwrap();
    let ids: Vec<&str> = events
        .iter()
        .map(|stored| stored.event.entity.id.as_str())
        .collect();
    assert_eq!(ids, ["before", "after"]);
    assert!(store.verify_audit().await.unwrap().is_ok());
}

/// Set for the child: the folder of its store.
const CHILD: &str = "FOREBAY_STORE_TEST_CHILD";

/// Not a test of its own: what the killed child does. Without the variable it does nothing.
#[test]
fn child_that_records_until_it_is_killed() {
    let Ok(folder) = std::env::var(CHILD) else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    let store = open(Path::new(&folder));
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let store = store.clone();
            runtime.spawn(async move {
                for number in 0.. {
                    let key = format!("{writer}-{number}");
                    store
                        .record_events(batch(vec![event(&key, "1")]))
                        .await
                        .unwrap();
                    store.start_run(new_run(&key, number)).await.unwrap();
                    let mut out = std::io::stdout().lock();
                    writeln!(out, "acknowledged {key}").unwrap();
                    out.flush().unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        runtime.block_on(writer).unwrap();
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = Vec::new();
    for round in 1..=3 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "durability::child_that_records_until_it_is_killed",
                "--nocapture",
            ])
            .env(CHILD, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut heard = 0;
        let mut hear = |line: String| {
            let key = line
                .rsplit_once("acknowledged ")
                .map(|(_, key)| key.to_owned());
            heard += usize::from(key.is_some());
            acknowledged.extend(key);
            heard
        };
        while hear(lines.next().unwrap().unwrap()) < 40 * round {}
        child.kill().unwrap();
        child.wait().unwrap();
        for line in lines.map_while(Result::ok) {
            hear(line);
        }

        let store = open(folder.path());
        let events = store.unrouted_events(u32::MAX).await.unwrap();
        for key in &acknowledged {
            assert!(
                events.iter().any(|stored| stored.event.entity.id == *key),
                "event {key}"
            );
            let filter = forebay_store::query::RunFilter {
                business_key: Some(key.clone()),
                ..Default::default()
            };
            let runs = store.runs(filter, Default::default()).await.unwrap();
            assert_eq!(runs.items.len(), 1, "run {key}");
            assert_eq!(inbox(&*store, &runs.items[0].id).await[0], "request");
        }
        assert!(store.verify_audit().await.unwrap().is_ok());
        nothing_due(&*store, -1).await;
    }
    assert!(acknowledged.len() >= 240);
}
