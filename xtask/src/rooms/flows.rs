//! Handlers are for people who know the business: what each event leads to stands in the module
//! `flow`, short enough to be read in one go; how a step is done stands beside it.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

use super::Crate;
use super::sources::collect;

/// Lines that the module `flow` of a handler may have, all its files together.
const FLOW_LINES: usize = 600;

/// Where the handlers of the product are.
const HANDLERS: &str = "plugins";

/// How a crate says that it is a handler.
const EXPORT: &str = "export_handler!";

/// What is wrong with the flow of `member`, if it is a handler.
pub(super) fn check(root: &Path, member: &Crate) -> anyhow::Result<Vec<String>> {
    let sources = member.folder.join("src");
    let start = root.join(&sources).join("lib.rs");
    if !member.folder.starts_with(HANDLERS) || !read(&start)?.contains(EXPORT) {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    let single = root.join(&sources).join("flow.rs");
    if single.is_file() {
        files.push(single);
    }
    let folder = root.join(&sources).join("flow");
    if folder.is_dir() {
        collect(&folder, &mut files)?;
    }
    let lengths = files.iter().map(|file| Ok(read(file)?.lines().count()));
    let lengths: Vec<usize> = lengths.collect::<anyhow::Result<_>>()?;
    Ok(complaint(&sources, &lengths).into_iter().collect())
}

fn read(file: &Path) -> anyhow::Result<String> {
    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

pub(super) fn complaint(sources: &Path, lengths: &[usize]) -> Option<String> {
    let shown = sources.join("flow");
    let shown = shown.display();
    if lengths.is_empty() {
        return Some(format!(
            "{shown}: a handler says there what each event leads to; how, it says in `steps`"
        ));
    }
    let lines: usize = lengths.iter().sum();
    (lines > FLOW_LINES).then(|| {
        format!(
            "{shown}: {lines} lines, at most {FLOW_LINES}; move how a step is done into `steps`"
        )
    })
}
