//! What an operator trusts the store with: that it takes over what earlier versions wrote, that it
//! opens with its own key only, and that it never writes over a file that is not whole.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

mod damage;
mod scenario;
mod schemas;
mod sealing;

use std::path::Path;
use std::sync::Arc;

use forebay_model::Digest;
use forebay_store::{Error, SqliteOptions, SqliteStore};

/// The file of a store in this folder.
fn file(folder: &Path) -> std::path::PathBuf {
    folder.join("store.db")
}

fn options(folder: &Path) -> SqliteOptions {
    SqliteOptions::new(file(folder))
}

fn open(folder: &Path) -> Arc<SqliteStore> {
    SqliteStore::open(options(folder)).unwrap()
}

fn open_error(options: SqliteOptions) -> Error {
    SqliteStore::open(options).unwrap_err()
}

/// Digests of the database and of its log. An empty log is none: looking at a file may make one.
fn digests(folder: &Path) -> [Option<Digest>; 2] {
    ["store.db", "store.db-wal"].map(|name| {
        let bytes = std::fs::read(folder.join(name)).ok()?;
        (!bytes.is_empty()).then(|| Digest::of(&bytes))
    })
}
