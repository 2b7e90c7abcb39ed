//! A million waiting runs must cost no scans: every statement that the contract suite makes the
//! store run is explained by SQLite, and none may walk through a table.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::{SqliteOptions, SqliteStore};
use crate::Store;

static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Remember a statement that the store ran.
pub(super) fn note(sql: &str) {
    SEEN.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(sql.to_owned());
}

/// Walks that are meant: the audit chain is verified from end to end; counts have one row per flow
/// and state, configurations one per change of a flow; a list without conditions goes along its key until the page is full; the partial index
/// of unrouted events holds nothing else, nor does that of backfills under way.
const MEANT: &[(&str, &str)] = &[
    ("FROM audit ORDER BY sequence", "SCAN audit"),
    ("FROM audit WHERE sequence >", "SCAN audit"),
    ("FROM run_counts", "SCAN run_counts"),
    ("FROM flow_configs", "SCAN flow_configs"),
    ("DELETE FROM prune_marks", "SCAN prune_marks"),
    ("ORDER BY seq DESC LIMIT", "SCAN runs"),
    ("ORDER BY id DESC LIMIT", "SCAN events"),
    ("ORDER BY id DESC LIMIT", "SCAN notices"),
    (
        "FROM backfills WHERE live = 1",
        "SCAN backfills USING INDEX backfills_live",
    ),
    (
        "WHERE routed = 0",
        "SCAN events USING INDEX events_unrouted",
    ),
];

#[tokio::test]
async fn no_statement_walks_through_a_table() {
    let folders = Mutex::new(Vec::new());
    let open = || async {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(SqliteOptions::new(folder.path().join("store.db"))).unwrap();
        folders.lock().unwrap().push(folder);
        store as Arc<dyn Store>
    };
    Box::pin(crate::contract::all(open)).await;

    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions::new(folder.path().join("store.db"));
    let connection = super::schema::open_writer(&options).unwrap();
    let statements = SEEN.lock().unwrap().clone();
    assert!(
        statements.len() > 60,
        "only {} statements were seen",
        statements.len()
    );
    let mut walks = Vec::new();
    for sql in &statements {
        let mut explain = connection
            .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
            .unwrap();
        // Placeholders stay unbound: the plan does not depend on their values.
        let mut rows = explain.raw_query();
        while let Some(row) = rows.next().unwrap() {
            let plan: String = row.get(3).unwrap();
            let walk = plan.starts_with("SCAN ")
                && !plan.contains("VIRTUAL TABLE")
                && !plan.starts_with("SCAN CONSTANT")
                && !plan.starts_with("SCAN used")
                && !plan.starts_with("SCAN kept")
                && !plan.starts_with("SCAN (subquery");
            let meant = MEANT
                .iter()
                .any(|(part, walk)| sql.contains(part) && plan.starts_with(walk));
            if walk && !meant {
                walks.push(format!("{plan}: {sql}"));
            }
        }
    }
    assert!(walks.is_empty(), "{}", walks.join("\n"));
}
