//! `docs/coverage.md`: which acceptance scenarios have a test, and whether it passed.
//!
//! Written by `cargo xtask test` from the list in `tests/e2e/scenarios.toml` and the report of the
//! test runner.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;

use crate::shell::Shell;

/// The scenarios.
const LIST: &str = "tests/e2e/scenarios.toml";
/// The page.
const PAGE: &str = "docs/coverage.md";
/// Where the test runner reports, below the target directory.
const REPORT: &str = "nextest/default/junit.xml";

#[derive(Deserialize)]
struct List {
    use_case: Vec<UseCase>,
}

#[derive(Deserialize)]
struct UseCase {
    id: String,
    handler: String,
    scenarios: Vec<String>,
}

/// What became of the tests of a scenario.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Passed,
    Failed,
    Absent,
}

impl Fate {
    fn mark(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "**failed**",
            Self::Absent => "no test yet",
        }
    }
}

/// Write the page from the last report of the test runner.
pub(crate) fn write(shell: &Shell) -> anyhow::Result<()> {
    let list = fs::read_to_string(shell.root.join(LIST)).context(LIST)?;
    let list: List = toml::from_str(&list).context(LIST)?;
    let tests = report(&shell.target.join(REPORT))?;
    fs::write(shell.root.join(PAGE), page(&list, &tests)).context(PAGE)
}

/// Names of tests, and whether each passed.
fn report(path: &Path) -> anyhow::Result<BTreeMap<String, bool>> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let document = roxmltree::Document::parse(&text)?;
    let cases = document
        .descendants()
        .filter(|node| node.has_tag_name("testcase"));
    let fates = cases.filter_map(|case| {
        let name = case.attribute("name")?;
        let bad = |node: roxmltree::Node<'_, '_>| {
            node.has_tag_name("failure") || node.has_tag_name("error")
        };
        let name = name.rsplit("::").next().unwrap_or(name);
        Some((name.to_owned(), !case.children().any(bad)))
    });
    Ok(fates.collect())
}

fn page(list: &List, tests: &BTreeMap<String, bool>) -> String {
    let mut rows = String::new();
    let mut details = String::new();
    let (mut all, mut passed) = (0, 0);
    for use_case in &list.use_case {
        let fates: Vec<_> = (1..=use_case.scenarios.len())
            .map(|number| fate(&use_case.id, number, tests))
            .collect();
        let good = fates.iter().filter(|fate| **fate == Fate::Passed).count();
        all += fates.len();
        passed += good;
        let (id, handler) = (&use_case.id, &use_case.handler);
        let _ = writeln!(
            rows,
            "| [{id}](#{id}) | `{handler}` | {good} of {} |",
            fates.len()
        );
        let _ = writeln!(details, "\n## {id}\n\n| | Scenario | |\n|---|---|---|");
        for (index, (scenario, fate)) in use_case.scenarios.iter().zip(&fates).enumerate() {
            let _ = writeln!(details, "| {} | {scenario} | {} |", index + 1, fate.mark());
        }
    }
    format!(
        "# Coverage\n\n\
         The acceptance scenarios of the fourteen use cases, end to end: real host, real components, a real\n\
         store, the simulated vendors over HTTP, virtual time. `cargo xtask test` writes this page.\n\n\
         **{passed} of {all} scenarios passed.**\n\n\
         | Use case | Handler | Passed |\n|---|---|---|\n{rows}{details}"
    )
}

/// Every test whose name begins with use case and number belongs to the scenario; all must pass.
fn fate(id: &str, number: usize, tests: &BTreeMap<String, bool>) -> Fate {
    let prefix = format!("{}_{number}_", id.replace('-', "_"));
    let mut found = tests
        .iter()
        .filter(|(name, _)| name.starts_with(&prefix))
        .peekable();
    if found.peek().is_none() {
        return Fate::Absent;
    }
    if found.all(|(_, passed)| *passed) {
        Fate::Passed
    } else {
        Fate::Failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_passes_with_all_its_tests() {
        let tests = BTreeMap::from([
            ("canto_2_rights_expiry_1_a".to_owned(), true),
            ("canto_2_rights_expiry_2_b".to_owned(), true),
            ("canto_2_rights_expiry_2_c".to_owned(), false),
            ("canto_2_rights_expiry_10_d".to_owned(), false),
        ]);
        let of = |number| fate("canto-2-rights-expiry", number, &tests);
        assert!(of(1) == Fate::Passed && of(2) == Fate::Failed && of(3) == Fate::Absent);
    }

    #[test]
    fn the_list_names_fourteen_use_cases() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let text = fs::read_to_string(root.join(LIST)).unwrap();
        let list: List = toml::from_str(&text).unwrap();
        assert_eq!(list.use_case.len(), 14);
        assert!(
            list.use_case
                .iter()
                .all(|use_case| use_case.scenarios.len() >= 5)
        );
    }
}
