//! Putting files together: tables of the first level are joined, their keys must be unique.

use std::collections::BTreeMap;

use serde_json::Value;

use super::tree::Tree;
use crate::document::{Document, Spot};
use crate::path::Path;
use crate::problem::{Problem, Severity};

/// Add a file to the document. What is defined twice keeps its first definition and is reported
/// with both files.
pub(super) fn into(document: &mut Document, tree: Tree) {
    let Tree {
        content,
        spots,
        problems,
    } = tree;
    document.problems.extend(problems);
    let mut added = Vec::new();
    let mut doubled = Vec::new();
    for (section, value) in content {
        let path = Path::of(&[&section]);
        match (document.value.get_mut(&section), value) {
            (None, value) => {
                document.value.insert(section, value);
                added.push(path);
            }
            (Some(Value::Object(standing)), Value::Object(entries)) => {
                for (name, value) in entries {
                    let path = path.key(&name);
                    if standing.contains_key(&name) {
                        doubled.push(path);
                    } else {
                        standing.insert(name, value);
                        added.push(path);
                    }
                }
            }
            (Some(_), _) => doubled.push(path),
        }
    }
    for path in &added {
        document.spots.extend(below(&spots, path));
    }
    for path in &doubled {
        let problem = double(document, path, &spots);
        document.problems.extend(problem);
    }
}

/// The spots of a path and all below it: they stand together in the order of paths.
fn below<'a>(
    spots: &'a BTreeMap<Path, Spot>,
    path: &'a Path,
) -> impl Iterator<Item = (Path, Spot)> + 'a {
    spots
        .range(path.clone()..)
        .take_while(|(found, _)| found.segments().starts_with(path.segments()))
        .map(|(found, spot)| (found.clone(), spot.clone()))
}

fn double(document: &Document, path: &Path, spots: &BTreeMap<Path, Spot>) -> Option<Problem> {
    let here = &spots.get(path)?.key;
    let first = &document.spots.get(path)?.key;
    Some(Problem {
        place: here.clone(),
        path: path.to_string(),
        message: format!(
            "defined in {} and already in {}:{}",
            here.file, first.file, first.line
        ),
        mend: "keep one of the two".to_owned(),
        severity: Severity::Error,
    })
}
