//! The contract suite on the embedded store, a test per case.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use forebay_store::{SqliteOptions, SqliteStore};

fn open() -> (tempfile::TempDir, Arc<SqliteStore>) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(SqliteOptions::new(folder.path().join("store.db")));
    (folder, store.unwrap())
}

macro_rules! tests {
    ($($module:ident: $($case:ident),+;)+) => {
        $(mod $module {
            $(#[tokio::test]
            async fn $case() {
                let (_folder, store) = super::open();
                forebay_store::contract::$module::$case(&*store).await;
            })+
        })+
    };
}
forebay_store::for_each_contract_case!(tests);
