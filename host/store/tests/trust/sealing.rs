//! Stores that are sealed with a key.

use std::path::Path;

use forebay_store::sqlite::{BadKey, StoreKey, rekey, restore};
use forebay_store::{Error, SqliteOptions, SqliteStore, Store};
use rusqlite::Connection;

use super::{digests, file, open, open_error, options, scenario};

/// Keys for tests; nothing else is sealed with them.
const ONE: &str = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
const TWO: &str = "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=";

fn key(text: &str) -> StoreKey {
    StoreKey::from_base64(text).unwrap()
}

fn sealed(folder: &Path, text: &str) -> SqliteOptions {
    SqliteOptions {
        key: Some(key(text)),
        ..options(folder)
    }
}

async fn filled(options: SqliteOptions) {
    let store = SqliteStore::open(options).unwrap();
    scenario::fill(&store).await;
}

/// Does any file of the store hold this text?
fn holds(folder: &Path, text: &str) -> bool {
    let mut files = std::fs::read_dir(folder).unwrap();
    files.any(|file| {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    })
}

/// What a webhook, an event, a journal and a handler's state hold, and nothing else.
const PAYLOADS: &[&str] = &["confidential", "change-token", "p-1", r#"{"n":1}"#];

#[tokio::test]
async fn a_sealed_store_tells_no_payload_and_opens_with_its_key() {
    let folder = tempfile::tempdir().unwrap();
    filled(sealed(folder.path(), ONE)).await;
    for payload in PAYLOADS {
        assert!(!holds(folder.path(), payload), "{payload}");
    }
    let store = SqliteStore::open(sealed(folder.path(), ONE)).unwrap();
    scenario::read_back(&store).await;
    scenario::go_on(&store).await;

    let open = tempfile::tempdir().unwrap();
    filled(options(open.path())).await;
    for payload in PAYLOADS {
        assert!(
            holds(open.path(), payload),
            "{payload} is looked for rightly"
        );
    }
}

#[tokio::test]
async fn a_wrong_or_missing_key_is_refused_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    filled(sealed(folder.path(), ONE)).await;
    let before = digests(folder.path());
    let wanted = key(ONE);
    for options in [options(folder.path()), sealed(folder.path(), TWO)] {
        let error = open_error(options);
        assert!(
            matches!(&error, Error::Locked(why) if why.contains(wanted.id())
                && why.contains("store.key")),
            "{error}"
        );
        assert_eq!(digests(folder.path()), before);
    }
    let refused = rekey(&file(folder.path()), &[key(TWO)], None);
    assert!(matches!(refused, Err(Error::Locked(_))), "{refused:?}");
    assert_eq!(digests(folder.path()), before);
}

#[tokio::test]
async fn a_key_for_a_store_that_is_not_sealed_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    filled(options(folder.path())).await;
    let before = digests(folder.path());
    let error = open_error(sealed(folder.path(), ONE));
    assert!(
        matches!(&error, Error::Locked(why) if why.contains("forebay rekey")),
        "{error}"
    );
    assert_eq!(digests(folder.path()), before);
    scenario::read_back(&open(folder.path())).await;
}

#[tokio::test]
async fn a_store_is_sealed_resealed_and_unsealed_with_all_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    filled(options(folder.path())).await;
    let path = file(folder.path());
    assert!(rekey(&path, &[], Some(&key(ONE))).unwrap() > 10);
    for payload in PAYLOADS {
        assert!(!holds(folder.path(), payload), "{payload}");
    }
    scenario::read_back(&SqliteStore::open(sealed(folder.path(), ONE)).unwrap()).await;

    rekey(&path, &[key(TWO), key(ONE)], Some(&key(TWO))).unwrap();
    let error = open_error(sealed(folder.path(), ONE));
    assert!(matches!(error, Error::Locked(_)), "{error}");
    scenario::read_back(&SqliteStore::open(sealed(folder.path(), TWO)).unwrap()).await;

    rekey(&path, &[key(TWO)], None).unwrap();
    let store = open(folder.path());
    scenario::read_back(&store).await;
    scenario::go_on(&store).await;
}

#[tokio::test]
async fn a_backup_of_a_sealed_store_is_sealed_with_the_same_key() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(sealed(folder.path(), ONE)).unwrap();
    scenario::fill(&store).await;
    let elsewhere = tempfile::tempdir().unwrap();
    let copy = elsewhere.path().join("copy.db");
    store.backup(&copy).await.unwrap();
    assert!(!holds(elsewhere.path(), "confidential"));
    let target = elsewhere.path().join("store.db");
    let now = forebay_store::contract::fixtures::at(0);
    restore(&copy, &target, false, now).unwrap();
    let error = open_error(options(elsewhere.path()));
    assert!(matches!(error, Error::Locked(_)), "{error}");
    scenario::read_back(&SqliteStore::open(sealed(elsewhere.path(), ONE)).unwrap()).await;
}

#[tokio::test]
async fn a_sealed_value_that_was_changed_or_moved_is_not_believed() {
    let tampering = [
        // Not sealed at all: somebody wrote it into the file.
        "UPDATE runs SET handler_state = '{}' WHERE business_key = 'waits'",
        // Of another column.
        "UPDATE runs SET handler_state = (SELECT content FROM inbox LIMIT 1) \
         WHERE business_key = 'waits'",
        "UPDATE runs SET handler_state = replace(handler_state, 'sealed:', 'sealed:AAAA') \
         WHERE business_key = 'waits'",
    ];
    for sql in tampering {
        let folder = tempfile::tempdir().unwrap();
        filled(sealed(folder.path(), ONE)).await;
        let raw = Connection::open(file(folder.path())).unwrap();
        assert_eq!(raw.execute(sql, []).unwrap(), 1);
        drop(raw);
        let store = SqliteStore::open(sealed(folder.path(), ONE)).unwrap();
        let read = store.runs(Default::default(), Default::default()).await;
        assert!(matches!(read, Err(Error::Unusable(_))), "{sql}: {read:?}");
    }
}

#[test]
fn a_key_is_32_random_bytes_and_shows_its_name_only() {
    for text in ["", "a good long sentence that I remember", "c2hvcnQ="] {
        assert_eq!(StoreKey::from_base64(text).unwrap_err(), BadKey, "{text}");
    }
    let one = key(&format!("{ONE}\n"));
    assert_eq!(one.id().len(), 12);
    assert_ne!(one.id(), key(TWO).id());
    assert_eq!(format!("{one:?}"), format!("StoreKey(\"{}\")", one.id()));
}
