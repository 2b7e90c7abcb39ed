//! Databases of every schema there ever was, taken over by this version.
//!
//! `tests/schemas/NNNN.sql` is a database at schema NNNN, filled by [`scenario::fill`]. A published
//! dump is never edited. After adding a migration, write its dump with
//! `cargo test -p forebay-store --test trust -- --ignored write_missing_dumps`.

use std::path::{Path, PathBuf};

use forebay_store::{Error, SqliteStore};
use rusqlite::Connection;
use rusqlite::types::Value;

use super::{digests, file, open, open_error, options, scenario};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Names of the SQL files in a folder of this crate, in order.
fn sql_files(name: &str) -> Vec<String> {
    let entries = std::fs::read_dir(folder(name)).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".sql"))
        .collect();
    names.sort();
    names
}

fn restored(dump: &str, folder: &Path) {
    let text = std::fs::read_to_string(self::folder("tests/schemas").join(dump)).unwrap();
    let raw = Connection::open(file(folder)).unwrap();
    raw.execute_batch(&text).unwrap();
}

#[test]
fn every_schema_has_a_dump() {
    let numbers = |names: Vec<String>| -> Vec<String> {
        names.iter().map(|name| name[..4].to_owned()).collect()
    };
    assert_eq!(
        numbers(sql_files("tests/schemas")),
        numbers(sql_files("migrations")),
        "see the head of this file for how to write a dump"
    );
}

#[tokio::test]
async fn every_schema_is_taken_over_with_all_it_holds() {
    let dumps = sql_files("tests/schemas");
    for dump in &dumps {
        let folder = tempfile::tempdir().unwrap();
        restored(dump, folder.path());
        let store = open(folder.path());
        println!("{dump}");
        scenario::read_back(&store).await;
        scenario::go_on(&store).await;
        drop(store);
        let raw = Connection::open(file(folder.path())).unwrap();
        let version: usize = raw
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap();
        assert_eq!(version, dumps.len());
    }
}

#[tokio::test]
async fn a_migration_that_breaks_off_leaves_the_old_state() {
    let folder = tempfile::tempdir().unwrap();
    restored("0001.sql", folder.path());
    let raw = Connection::open(file(folder.path())).unwrap();
    // In the way of the last statement of 0002.
    raw.execute_batch("CREATE TABLE prune_marks (x)").unwrap();
    let schema = |raw: &Connection| -> (i64, Vec<String>) {
        let version = raw
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap();
        let mut statement = raw
            .prepare("SELECT coalesce(sql, name) FROM sqlite_master ORDER BY name")
            .unwrap();
        let lines = statement.query_map([], |row| row.get(0)).unwrap();
        (version, lines.map(Result::unwrap).collect())
    };
    let before = schema(&raw);
    assert_eq!(before.0, 1);
    let error = open_error(options(folder.path()));
    assert!(matches!(&error, Error::Unusable(_)), "{error}");
    assert_eq!(schema(&raw), before);
    raw.execute_batch("DROP TABLE prune_marks").unwrap();
    drop(raw);
    scenario::read_back(&open(folder.path())).await;
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    restored(sql_files("tests/schemas").last().unwrap(), folder.path());
    let raw = Connection::open(file(folder.path())).unwrap();
    raw.pragma_update(None, "user_version", 9999).unwrap();
    drop(raw);
    let before = digests(folder.path());
    let error = open_error(options(folder.path()));
    assert!(
        matches!(&error, Error::Unusable(why) if why.contains("later version")
            && why.contains("restore the backup")),
        "{error}"
    );
    assert_eq!(digests(folder.path()), before);
}

/// Not a test: writes the dumps that are missing.
#[tokio::test]
#[ignore = "writes into the source tree"]
async fn write_missing_dumps() {
    let folder = tempfile::tempdir().unwrap();
    let store: std::sync::Arc<SqliteStore> = open(folder.path());
    scenario::fill(&store).await;
    drop(store);
    let full = Connection::open(file(folder.path())).unwrap();
    let migrations = sql_files("migrations");
    for number in 1..=migrations.len() {
        let target = self::folder("tests/schemas").join(format!("{number:04}.sql"));
        if target.exists() {
            continue;
        }
        let empty = Connection::open_in_memory().unwrap();
        for migration in &migrations[..number] {
            let path = self::folder("migrations").join(migration);
            empty
                .execute_batch(&std::fs::read_to_string(path).unwrap())
                .unwrap();
        }
        std::fs::write(target, dump(&empty, &full, number)).unwrap();
    }
}

/// A database with the schema of one and the rows of the other, as SQL.
fn dump(schema: &Connection, rows: &Connection, number: usize) -> String {
    let mut text = format!(
        "-- A store at schema {number}. Never edit it: it stands for the stores of those who have it.\n\
         PRAGMA auto_vacuum = INCREMENTAL;\nPRAGMA foreign_keys = OFF;\nBEGIN;\n"
    );
    let listed = |kinds: &str| -> Vec<(String, String)> {
        let sql = format!(
            "SELECT name, sql FROM sqlite_master WHERE {kinds} AND sql IS NOT NULL \
             AND name NOT LIKE 'sqlite_%' ORDER BY rowid"
        );
        let mut statement = schema.prepare(&sql).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.unwrap().map(Result::unwrap).collect()
    };
    let tables = listed("type = 'table'");
    for (_, sql) in &tables {
        text += &format!("{sql};\n");
    }
    for name in tables.iter().map(|(name, _)| name.as_str()) {
        text += &inserts(schema, rows, name);
    }
    text += "DELETE FROM sqlite_sequence;\n";
    text += &inserts(schema, rows, "sqlite_sequence");
    for (_, sql) in listed("type <> 'table'") {
        text += &format!("{sql};\n");
    }
    text += &format!("PRAGMA user_version = {number};\nCOMMIT;\n");
    text
}

fn inserts(schema: &Connection, rows: &Connection, table: &str) -> String {
    let names = |sql: String| -> Vec<String> {
        let mut statement = schema.prepare(&sql).unwrap();
        let names = statement.query_map([], |row| row.get(0)).unwrap();
        names.map(Result::unwrap).collect()
    };
    // Generated columns are not among them.
    let columns = names(format!("SELECT name FROM pragma_table_info('{table}')")).join(", ");
    let sql = format!("SELECT {columns} FROM {table}");
    let mut statement = rows.prepare(&sql).unwrap();
    let width = statement.column_count();
    let mut rows = statement.query([]).unwrap();
    let mut text = String::new();
    while let Some(row) = rows.next().unwrap() {
        let values: Vec<String> = (0..width)
            .map(|column| match row.get::<_, Value>(column).unwrap() {
                Value::Null => "NULL".to_owned(),
                Value::Integer(number) => number.to_string(),
                Value::Real(number) => number.to_string(),
                Value::Text(text) => format!("'{}'", text.replace('\'', "''")),
                Value::Blob(bytes) => {
                    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                    format!("x'{digits}'")
                }
            })
            .collect();
        text += &format!(
            "INSERT INTO {table} ({columns}) VALUES ({});\n",
            values.join(", ")
        );
    }
    text
}
