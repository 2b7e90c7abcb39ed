//! Space that is really given back, copies made while the store is used, and stores put back.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use forebay_model::run::RunState;
use forebay_model::{RetentionPolicy, RunId};
use forebay_store::contract::fixtures::{
    arrives, at, batch, claim_one, completion, event, get, inbox, new_run, plan, started,
    started_by, stepped, timer, wait, waiting,
};
use forebay_store::retention::Pruned;
use forebay_store::runs::After;
use forebay_store::sqlite::{Loss, Restoring, restore};
use forebay_store::{Error, SqliteOptions, SqliteStore, Store};

const DAY: i64 = 24 * 3600;

fn open(folder: &Path) -> Arc<SqliteStore> {
    SqliteStore::open(SqliteOptions::new(folder.join("store.db"))).unwrap()
}

async fn pruned(store: &dyn Store, policy: RetentionPolicy, second: i64) -> Pruned {
    let mut total = Pruned {
        more: true,
        ..Pruned::default()
    };
    while total.more {
        total = total.and(store.prune(policy, Vec::new(), at(second)).await.unwrap());
    }
    total
}

/// Runs of some 4 KiB that have ended, each started by an event.
async fn history(store: &dyn Store, number: u32) {
    for number in 0..number {
        let key = number.to_string();
        let id = arrives(store, event(&key, "1")).await;
        let mut run = started_by(event(&key, "1"), &key, 0);
        run.title = "t".repeat(4096);
        store.route(id, plan(vec![run]), at(0)).await.unwrap();
        stepped(store, After::Completed(completion("done")), 0).await;
    }
}

#[tokio::test]
async fn the_file_shrinks_while_the_store_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let live = started(&*store, "live", 0).await;
    stepped(&*store, waiting(vec![wait("x")], vec![]), 0).await;
    history(&*store, 400).await;
    // Nothing to remove yet, but the log is brought into the file.
    pruned(&*store, RetentionPolicy::default(), 0).await;
    let file = || {
        std::fs::metadata(folder.path().join("store.db"))
            .unwrap()
            .len()
    };
    let full = file();
    assert!(full > 400 * 4096, "{full}");

    let gone = pruned(&*store, RetentionPolicy::default(), 200 * DAY).await;
    assert_eq!((gone.runs, gone.events), (400, 400));
    let (size, left) = (store.size().await.unwrap(), file());
    assert_eq!(left, size.bytes);
    assert_eq!(size.free, 0);
    assert!(
        gone.bytes >= full - left && left < full / 2,
        "{full} -> {left}"
    );
    assert_eq!(get(&*store, &live).await.state, RunState::Waiting);
    assert!(store.verify_audit().await.unwrap().is_ok());
}

#[tokio::test]
async fn a_store_that_is_too_large_loses_its_oldest_ended_runs_until_it_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    history(&*store, 200).await;
    let full = store.size().await.unwrap().bytes;
    let policy = RetentionPolicy {
        max_bytes: full * 3 / 4,
        batch: 10,
        ..Default::default()
    };
    let gone = pruned(&*store, policy, 1).await;
    assert!((10..190).contains(&gone.runs), "{gone:?}");
    assert_eq!(
        gone.events, 0,
        "identities are remembered whatever the size"
    );
    assert!(store.size().await.unwrap().bytes <= policy.max_bytes);
}

#[tokio::test]
async fn a_backup_taken_while_runs_wait_goes_on_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let run = started(&*store, "a", 0).await;
    stepped(&*store, waiting(vec![wait("a")], vec![timer("t", 900)]), 1).await;
    let busy = started(&*store, "b", 0).await;
    claim_one(&*store, 1).await;
    let unrouted = arrives(&*store, event("a", "1")).await;
    let copy = folder.path().join("copy.db");
    let copied = store.backup(&copy).await.unwrap();
    let size = copied.bytes;
    assert_eq!(size, std::fs::metadata(&copy).unwrap().len());
    started(&*store, "later", 2).await;

    let elsewhere = tempfile::tempdir().unwrap();
    let target = elsewhere.path().join("store.db");
    let restored = restore(&copy, &target, false, at(0)).unwrap();
    assert_eq!(
        (restored.bytes, restored.contents, restored.kept),
        (size, copied.contents, None)
    );
    let names = || {
        let entries = std::fs::read_dir(elsewhere.path()).unwrap();
        let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(names(), ["store.db", "store.db.lock"]);

    let second = open(elsewhere.path());
    // What ran when the copy was made is due again.
    let taken_over = stepped(&*second, waiting(vec![], vec![]), 1).await;
    assert_eq!(taken_over.run.id, busy);
    second
        .route(unrouted, Default::default(), at(2))
        .await
        .unwrap();
    assert_eq!(inbox(&*second, &run).await, ["asset.updated"]);
    assert_eq!(second.fire_timers(at(900), 9).await.unwrap(), 1);
    stepped(&*second, After::Completed(completion("done")), 901).await;
    let later = new_run("later", 2).id;
    assert_eq!(
        second.run(&later).await.unwrap(),
        None,
        "what came after the copy is not in it"
    );
}

#[tokio::test]
async fn a_backup_is_one_moment_of_a_store_that_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..3)
        .map(|writer| {
            let (store, stop) = (store.clone(), stop.clone());
            tokio::spawn(async move {
                let mut number = 0;
                while !stop.load(Ordering::SeqCst) {
                    // The event and the run in one transaction each, the event first.
                    let key = format!("{writer}-{number}");
                    store
                        .record_events(batch(vec![event(&key, "1")]))
                        .await
                        .unwrap();
                    store.start_run(new_run(&key, number)).await.unwrap();
                    number += 1;
                }
                number
            })
        })
        .collect();
    for round in 0..5 {
        let before = store.verify_audit().await.unwrap().unwrap();
        let copy = folder.path().join(format!("copy-{round}.db"));
        store.backup(&copy).await.unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let target = elsewhere.path().join("store.db");
        let records = restore(&copy, &target, false, at(0))
            .unwrap()
            .contents
            .audit_records;
        assert!(
            records >= before,
            "what was answered before the backup is in it"
        );
        let restored = open(elsewhere.path());
        let runs: u64 = restored
            .run_counts()
            .await
            .unwrap()
            .iter()
            .map(|(.., n)| n)
            .sum();
        let events = restored.unrouted_events(u32::MAX).await.unwrap().len() as u64;
        assert_eq!(runs, records);
        assert!(
            (runs..=runs + 3).contains(&events),
            "{runs} runs, {events} events"
        );
    }
    stop.store(true, Ordering::SeqCst);
    for writer in writers {
        assert!(writer.await.unwrap() > 0);
    }
}

#[tokio::test]
async fn a_backup_overwrites_nothing_and_leaves_nothing_half_done() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let copy = folder.path().join("copy.db");
    std::fs::write(&copy, "precious").unwrap();
    let refused = store.backup(&copy).await;
    assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
    assert_eq!(std::fs::read(&copy).unwrap(), b"precious");
    let nowhere = store.backup(&folder.path().join("no/copy.db")).await;
    assert!(matches!(nowhere, Err(Error::Unwritable(_))), "{nowhere:?}");
    // What a killed backup left under its name for unfinished ones is in nobody's way.
    std::fs::write(folder.path().join(".second.db.partial"), "half").unwrap();
    store
        .backup(&folder.path().join("second.db"))
        .await
        .unwrap();
    let hidden = std::fs::read_dir(folder.path()).unwrap();
    let hidden = hidden.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(hidden.filter(|name| name.starts_with('.')).count(), 0);
}

/// A store with one run, and a backup of it.
async fn with_backup(folder: &Path) -> (RunId, std::path::PathBuf) {
    let store = open(folder);
    let run = started(&*store, "a", 0).await;
    let copy = folder.join("copy.db");
    store.backup(&copy).await.unwrap();
    (run, copy)
}

#[tokio::test]
async fn a_store_is_restored_only_when_nobody_uses_it_and_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (run, copy) = with_backup(folder.path()).await;
    let target = folder.path().join("store.db");
    let store = open(folder.path());
    let second = started(&*store, "b", 1).await;
    let refused = restore(&copy, &target, true, at(0));
    assert!(matches!(refused, Err(Error::InUse { .. })), "{refused:?}");
    drop(store);
    let refused = restore(&copy, &target, false, at(0));
    assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");

    let kept = restore(&copy, &target, true, at(0)).unwrap().kept.unwrap();
    assert_eq!(
        kept.file_name().unwrap(),
        "store.db.replaced-20231114T221320000Z"
    );
    let store = open(folder.path());
    get(&*store, &run).await;
    assert_eq!(store.run(&second).await.unwrap(), None);
    drop(store);
    restore(&kept, &target, true, at(1)).unwrap();
    get(&*open(folder.path()), &second).await;
    assert!(copy.exists() && kept.exists());
}

#[tokio::test]
async fn a_restore_knows_what_is_lost_with_a_store_that_is_newer() {
    let folder = tempfile::tempdir().unwrap();
    let (_, copy) = with_backup(folder.path()).await;
    let target = folder.path().join("store.db");
    let prepared = || Restoring::prepare(&copy, &target, true).unwrap();
    assert_eq!(*prepared().loss(), Loss::Nothing);
    let store = open(folder.path());
    // An event leaves no record in the audit, and is something all the same.
    arrives(&*store, event("a", "1")).await;
    let started_later = started(&*store, "b", 5_000_000_000).await;
    drop(store);
    let before = std::fs::read(&target).unwrap();
    let (told, loss) = (prepared(), "1 records of its audit came after it");
    assert!(
        matches!(told.loss(), Loss::Newer(found) if found.ends_with(loss)),
        "{:?}",
        told.loss()
    );
    drop(told);
    assert_eq!(std::fs::read(&target).unwrap(), before, "only looked at");
    get(&*open(folder.path()), &started_later).await;

    // What cannot be read is what backups are for.
    std::fs::write(&target, "no database").unwrap();
    let prepared = prepared();
    assert!(matches!(prepared.loss(), Loss::Unknown(_)));
    let kept = prepared.put(at(0)).unwrap().kept.unwrap();
    assert_eq!(std::fs::read(kept).unwrap(), b"no database");
}

#[tokio::test]
async fn a_store_with_another_history_is_told_apart() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (_, copy) = with_backup(one.path()).await;
    let store = open(other.path());
    started(&*store, "elsewhere", 5).await;
    drop(store);
    let prepared = Restoring::prepare(&copy, &other.path().join("store.db"), true).unwrap();
    assert!(
        matches!(prepared.loss(), Loss::Newer(found) if found.contains("history is another one")),
        "{:?}",
        prepared.loss()
    );
}

/// What a killed host leaves in its log is part of the store that is kept.
#[tokio::test]
async fn the_log_of_a_replaced_store_is_kept_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let (_, copy) = with_backup(folder.path()).await;
    let store = open(folder.path());
    let second = started(&*store, "b", 1).await;
    let killed = tempfile::tempdir().unwrap();
    for name in ["store.db", "store.db-wal"] {
        std::fs::copy(folder.path().join(name), killed.path().join(name)).unwrap();
    }
    let target = killed.path().join("store.db");
    let whole = restore(&target, &killed.path().join("other.db"), false, at(0));
    assert!(
        matches!(whole, Err(Error::Refused(_))),
        "a store is no backup: {whole:?}"
    );
    let kept = restore(&copy, &target, true, at(0)).unwrap().kept.unwrap();
    std::fs::remove_file(&target).unwrap();
    std::fs::rename(kept, &target).unwrap();
    get(&*open(killed.path()), &second).await;
}

#[tokio::test]
async fn what_is_no_whole_backup_is_refused_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (run, copy) = with_backup(folder.path()).await;
    let target = folder.path().join("store.db");
    let bad = folder.path().join("bad.db");
    let spoil = |how: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = std::fs::read(&copy).unwrap();
        how(&mut bytes);
        std::fs::write(&bad, bytes).unwrap();
    };
    let change = |sql: &str| {
        std::fs::copy(&copy, &bad).unwrap();
        rusqlite::Connection::open(&bad)
            .unwrap()
            .execute_batch(sql)
            .unwrap();
    };
    let expect = |what: &str| {
        let refused = restore(&bad, &target, true, at(0)).unwrap_err();
        assert!(matches!(refused, Error::Unusable(_)), "{what}: {refused:?}");
        assert!(refused.to_string().contains(what), "{what}: {refused}");
    };
    spoil(&|bytes| *bytes = b"no database at all".repeat(100));
    expect("no store");
    spoil(&|bytes| bytes.clear());
    expect("no store");
    spoil(&|bytes| bytes.truncate(bytes.len() / 2));
    expect("malformed");
    change("PRAGMA user_version = 99");
    expect("later version");
    change("UPDATE audit SET entry = replace(entry, 'run a', 'run b')");
    expect("audit chain breaks at record 1");
    let none = restore(Path::new("/no/such/backup"), &target, true, at(0));
    assert!(matches!(none, Err(Error::NotFound { .. })), "{none:?}");
    get(&*open(folder.path()), &run).await;
}
