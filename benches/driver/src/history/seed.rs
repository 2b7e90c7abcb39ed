//! Copies of a waiting run, straight into the database.

use std::path::Path;

use anyhow::Context as _;
use rusqlite::{Connection, OptionalExtension as _, params};

/// Runs copied in one transaction.
const CHUNK: u64 = 20_000;

/// How a column of a copied row comes about.
enum Column {
    /// A number the database gives.
    Given,
    /// A text in which the ids of the run and its asset are replaced.
    Text(String),
    /// As it is.
    Same(String),
}

/// Copy the run about the asset `model` so many times, as runs about the assets with the numbers
/// after `from`.
///
/// # Errors
/// The database is not as the host leaves it.
pub(super) fn copy(database: &Path, model: &str, from: u64, count: u64) -> anyhow::Result<()> {
    let connection = Connection::open(database)?;
    // What is lost in a crash here is only the benchmark's own.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    connection.pragma_update(None, "cache_size", -1_000_000)?;
    connection.pragma_update(None, "foreign_keys", false)?;
    let run: String = connection
        .query_row(
            "SELECT id FROM runs WHERE business_key = ?1",
            [model],
            |row| row.get(0),
        )
        .optional()?
        .context("there is no run to copy")?;
    let statements = statements(&connection)?;
    connection.execute_batch(
        "CREATE TEMP TABLE copies (number INTEGER PRIMARY KEY, asset TEXT NOT NULL, run TEXT NOT NULL)",
    )?;
    let stem = model.trim_end_matches(|sign: char| sign.is_ascii_digit());
    let length = i64::try_from(run.len())?;
    let mut done = 0;
    while done < count {
        let many = CHUNK.min(count - done);
        let first = i64::try_from(from + done + 1)?;
        let last = i64::try_from(from + done + many)?;
        connection.execute_batch("BEGIN IMMEDIATE; DELETE FROM copies")?;
        connection.execute(
            "WITH RECURSIVE n (i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2) \
             INSERT INTO copies SELECT i, ?3 || printf('%09d', i), \
                 substr(lower(hex(randomblob(32))), 1, ?4) FROM n",
            params![first, last, stem, length],
        )?;
        for statement in &statements {
            connection.execute(statement, params![run, model])?;
        }
        connection.execute_batch("COMMIT")?;
        done += many;
    }
    connection.pragma_update_and_check(None, "wal_checkpoint", "TRUNCATE", |_| Ok(()))?;
    Ok(())
}

/// One statement per table that has rows of the run: it copies them for all rows of `copies`.
fn statements(connection: &Connection) -> anyhow::Result<Vec<String>> {
    let mut statement = connection.prepare(
        "SELECT m.name FROM sqlite_schema AS m WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' \
         AND EXISTS (SELECT 1 FROM pragma_table_xinfo(m.name) WHERE name = 'run') ORDER BY m.name",
    )?;
    let tables = statement.query_map([], |row| row.get(0))?;
    let mut tables: Vec<String> = tables.collect::<Result<_, _>>()?;
    tables.insert(0, "runs".to_owned());
    tables
        .iter()
        .map(|table| copying(connection, table))
        .collect()
}

fn copying(connection: &Connection, table: &str) -> anyhow::Result<String> {
    let columns = columns(connection, table)?;
    let mut names = Vec::new();
    let mut values = Vec::new();
    for (name, column) in columns {
        match column {
            Column::Given => continue,
            Column::Text(column) => values.push(format!(
                "replace(replace(model.{column}, ?1, copies.run), ?2, copies.asset)"
            )),
            Column::Same(column) => values.push(format!("model.{column}")),
        }
        names.push(name);
    }
    let (names, values) = (names.join(", "), values.join(", "));
    let whose = if table == "runs" { "id" } else { "run" };
    // Rows go in one run after the other, as they would have come.
    Ok(format!(
        "INSERT INTO {table} ({names}) SELECT {values} FROM copies JOIN {table} AS model \
         WHERE model.{whose} = ?1 AND ?2 <> '' ORDER BY copies.number"
    ))
}

fn columns(connection: &Connection, table: &str) -> anyhow::Result<Vec<(String, Column)>> {
    let mut statement = connection.prepare(
        "SELECT name, type, pk > 0 AND sum(pk > 0) OVER () = 1, hidden \
         FROM pragma_table_xinfo(?1) ORDER BY cid",
    )?;
    let rows = statement.query_map([table], |row| {
        let name: String = row.get(0)?;
        let (kind, alone, hidden): (String, bool, u32) = (row.get(1)?, row.get(2)?, row.get(3)?);
        let column = match kind.as_str() {
            _ if hidden != 0 => Column::Given,
            "INTEGER" if alone => Column::Given,
            "TEXT" => Column::Text(name.clone()),
            _ => Column::Same(name.clone()),
        };
        Ok((name, column))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
