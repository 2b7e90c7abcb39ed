//! What sources name, by a plain search: no parsing, so that it stays quick and says where it found
//! what. Comments do not count.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::{Crate, HOMES, may_name, measures};

/// The room of SQL, and how statements begin that are found anywhere else.
const SQL_HOME: &str = "forebay-store";
const SQL: [&str; 5] = [
    "SELECT ",
    "INSERT INTO ",
    "DELETE FROM ",
    "CREATE TABLE ",
    "PRAGMA ",
];

/// Folders of a crate that hold no sources of its own.
const NOT_SOURCES: [&str; 1] = ["target"];

/// The rules name what they forbid.
const RULES: &str = "xtask/src/rooms";

/// What the sources of `member` name and must not.
pub(super) fn check(root: &Path, member: &Crate) -> anyhow::Result<Vec<String>> {
    let mut files = Vec::new();
    collect(&root.join(&member.folder), &mut files)?;
    files.sort();
    let mut found = Vec::new();
    for file in files {
        let shown = file.strip_prefix(root).unwrap_or(&file);
        if shown.starts_with(RULES) || shown == Path::new(RULES).with_extension("rs") {
            continue;
        }
        let text =
            fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let complaints = complaints(member, &text);
        found.extend(complaints.map(|(line, what)| format!("{}:{line}: {what}", shown.display())));
    }
    Ok(found)
}

pub(super) fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let told = || format!("cannot read the folder {}", folder.display());
    for entry in fs::read_dir(folder).with_context(told)? {
        let path = entry.with_context(told)?.path();
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() && !NOT_SOURCES.iter().any(|skipped| name == *skipped) {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

/// Lines that name something with a home elsewhere, with what to say about each.
fn complaints(member: &Crate, text: &str) -> impl Iterator<Item = (usize, String)> {
    text.lines().enumerate().filter_map(|(index, line)| {
        let code = line.split("//").next().unwrap_or_default();
        let home = HOMES
            .iter()
            .find(|home| !may_name(member, home) && names(code, home.library));
        let home = home.map(|home| (home.library, home.package));
        let at_home = member.name == SQL_HOME || measures(member);
        let sql = || (!at_home && holds_sql(code)).then_some(("SQL", SQL_HOME));
        let (what, only) = home.or_else(sql)?;
        Some((
            index + 1,
            format!("{} must not name {what}: only {only} may", member.name),
        ))
    })
}

/// Does a path in this code begin with the library or one that belongs to it?
fn names(code: &str, library: &str) -> bool {
    let imports = code.contains("use ");
    code.match_indices(library).any(|(at, _)| {
        let goes_on = |c: char| c.is_alphanumeric() || c == '_';
        let before = code[..at].chars().next_back();
        let begins = !before.is_some_and(|c| goes_on(c) || matches!(c, '"' | '-' | ':'));
        let (ending, after) = match code[at + library.len()..].split_once(|c| !goes_on(c)) {
            Some((ending, _)) => (ending, &code[at + library.len() + ending.len()..]),
            None => (&code[at + library.len()..], ""),
        };
        let belongs = ending.is_empty() || ending.starts_with('_');
        begins && belongs && (imports || after.starts_with("::"))
    })
}

fn holds_sql(code: &str) -> bool {
    SQL.iter().any(|word| code.contains(&format!("\"{word}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, text: &str) -> Vec<(usize, String)> {
        let folder = PathBuf::from("host/x");
        let member = Crate {
            name: name.to_owned(),
            folder,
            dependencies: Vec::new(),
        };
        complaints(&member, text).collect()
    }

    #[test]
    fn the_offender_is_told_with_its_line() {
        let text = "//! wasmtime::Engine is elsewhere\nuse wasmtime::component::Val;\n";
        assert_eq!(
            found("forebay-engine", text),
            [(
                2,
                "forebay-engine must not name wasmtime: only forebay-sandbox may".to_owned()
            )]
        );
        assert!(found("forebay-sandbox", text).is_empty());
    }

    #[test]
    fn libraries_that_belong_together_are_found_and_others_are_not() {
        for (line, refused) in [
            ("let view = wasmtime_wasi::p2::add();", true),
            ("pub use axum;", true),
            ("use reqwest as http;", true),
            ("fn f(c: &reqwest::Client) {}", true),
            ("let axumatic::Thing = x;", false),
            ("let text = \"axum::Router\";", false),
            ("my_axum::router();", false),
            ("let a = 1; // axum::Router", false),
        ] {
            assert_eq!(!found("forebay-model", line).is_empty(), refused, "{line}");
        }
    }

    #[test]
    fn statements_of_sql_stay_in_the_store() {
        let line = "let rows = query(\"SELECT id FROM runs\");";
        assert_eq!(found("forebay-engine", line).len(), 1);
        assert!(found("forebay-store", line).is_empty());
        assert!(found("forebay-engine", "says(\"Select one\")").is_empty());
    }
}
