//! The contract suite on the embedded store, a test per case: as it is, and sealed.

use std::sync::Arc;

use forebay_store::sqlite::StoreKey;
use forebay_store::{SqliteOptions, SqliteStore};

fn open_with(key: Option<StoreKey>) -> (tempfile::TempDir, Arc<SqliteStore>) {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions {
        key,
        ..SqliteOptions::new(folder.path().join("store.db"))
    };
    let store = SqliteStore::open(options);
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

mod plain {
    fn open() -> (tempfile::TempDir, std::sync::Arc<super::SqliteStore>) {
        super::open_with(None)
    }
    forebay_store::for_each_contract_case!(tests);
}

mod sealed {
    fn open() -> (tempfile::TempDir, std::sync::Arc<super::SqliteStore>) {
        let key = super::StoreKey::from_base64("bm90IGEgc2VjcmV0LCBhIGtleSBmb3IgdGVzdHMuLi4=");
        super::open_with(Some(key.unwrap()))
    }
    forebay_store::for_each_contract_case!(tests);
}
