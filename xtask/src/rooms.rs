//! `cargo xtask rooms`: the direction of dependence, checked.
//!
//! Each crate of the host is a room. What a room may depend on stands in [`ROOMS`]; which library has
//! one home only stands in [`HOMES`]. Both are held against the manifests, and against the sources,
//! because a library may also be reached through another crate's re-export. And a handler has its
//! story in one place.

mod flows;
mod sources;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::shell::Shell;

/// Rooms, and the rooms each may name. A new crate must be entered here.
const ROOMS: &[(&str, &[&str])] = &[
    ("forebay-model", &[]),
    ("forebay-config", &["forebay-model"]),
    ("forebay-store", &["forebay-model"]),
    ("forebay-egress", &["forebay-model"]),
    ("forebay-sandbox", &["forebay-model", "forebay-egress"]),
    ("forebay-engine", &["forebay-model", "forebay-store"]),
    (
        "forebay-api",
        &["forebay-model", "forebay-engine", "forebay-store"],
    ),
    (
        "forebay",
        &[
            "forebay-model",
            "forebay-config",
            "forebay-store",
            "forebay-egress",
            "forebay-sandbox",
            "forebay-engine",
            "forebay-api",
        ],
    ),
    // Guests and people of the outside know the contract, never the host.
    ("forebay-sdk", &[]),
    ("forebay-simulators", &["forebay-model"]),
    ("xtask", &[]),
    // What measures knows the sandbox, to compare it with bare calls; all else it sees from outside.
    (
        "forebay-bench",
        &["forebay-model", "forebay-egress", "forebay-sandbox"],
    ),
    ("forebay-baseline", &[]),
    ("forebay-fsync-probe", &[]),
];

/// What crates in these folders may name, unless [`ROOMS`] says more.
const FOLDERS: &[(&str, &[&str])] = &[
    ("plugins", &["forebay-sdk"]),
    ("benches/plugins", &["forebay-sdk"]),
];

/// Crates that may name everything, because they test everything together.
const EVERYTHING: &[&str] = &["forebay-e2e", "forebay-fuzz", "forebay-hostile"];

/// Libraries that have one home. `tests` are the crates under `tests/`, which play the outside.
const HOMES: &[Home] = &[
    Home {
        library: "wasmtime",
        package: "forebay-sandbox",
        tests: false,
    },
    Home {
        library: "axum",
        package: "forebay-api",
        tests: true,
    },
    Home {
        library: "rusqlite",
        package: "forebay-store",
        tests: false,
    },
    Home {
        library: "reqwest",
        package: "forebay-egress",
        tests: true,
    },
];

/// Folder of what measures the host against the bare libraries, and so may name them all.
const MEASURES: &str = "benches";

/// A library, with the one crate that names it.
struct Home {
    /// Name of the library; those whose name goes on after a dash belong to it.
    library: &'static str,
    package: &'static str,
    /// May crates under `tests/` name it too?
    tests: bool,
}

/// A crate of the workspace.
struct Crate {
    name: String,
    /// Its folder, from the workspace's.
    folder: PathBuf,
    /// What its manifest names, whatever for.
    dependencies: Vec<String>,
}

/// Check all crates of the workspace.
pub(crate) fn check(shell: &Shell) -> anyhow::Result<()> {
    let crates = read(&shell.metadata()?, &shell.root)?;
    let mut found = Vec::new();
    for member in &crates {
        found.extend(check_manifest(member, &crates));
        found.extend(sources::check(&shell.root, member)?);
        found.extend(flows::check(&shell.root, member)?);
    }
    if found.is_empty() {
        println!(
            "   {} crates name only what they may name, and every handler tells its flow in one place",
            crates.len()
        );
        return Ok(());
    }
    let list = found.join("\n  ");
    bail!(
        "{} found that must not be:\n  {list}\nxtask/src/rooms.rs says why",
        found.len()
    )
}

fn read(metadata: &Value, root: &Path) -> anyhow::Result<Vec<Crate>> {
    let packages = metadata["packages"]
        .as_array()
        .context("cargo metadata lists no packages")?;
    packages
        .iter()
        .map(|package| read_crate(package, root))
        .collect()
}

fn read_crate(package: &Value, root: &Path) -> anyhow::Result<Crate> {
    let name = package["name"]
        .as_str()
        .context("a package without a name")?;
    let manifest = Path::new(package["manifest_path"].as_str().unwrap_or_default());
    let folder = manifest
        .parent()
        .and_then(|folder| folder.strip_prefix(root).ok());
    let listed = package["dependencies"].as_array().into_iter().flatten();
    let names = listed.filter_map(|dependency| dependency["name"].as_str());
    Ok(Crate {
        name: name.to_owned(),
        folder: folder
            .with_context(|| format!("{name} lies outside"))?
            .to_owned(),
        dependencies: names.map(str::to_owned).collect(),
    })
}

/// What the manifest of `member` names and must not.
fn check_manifest(member: &Crate, crates: &[Crate]) -> Vec<String> {
    let manifest = member.folder.join("Cargo.toml");
    let mut found = Vec::new();
    let rooms = match allowed_rooms(member) {
        Some(rooms) => rooms,
        None => {
            found.push(format!(
                "{}: nobody has said which rooms {} may name",
                manifest.display(),
                member.name
            ));
            return found;
        }
    };
    for dependency in &member.dependencies {
        let is_room = crates.iter().any(|known| known.name == *dependency);
        let itself = *dependency == member.name;
        if is_room && !itself && !rooms.contains(&dependency.as_str()) && !names_all(member) {
            found.push(format!(
                "{}: {} must not depend on {dependency}",
                manifest.display(),
                member.name
            ));
        }
        if let Some(home) = home_elsewhere(member, dependency) {
            found.push(format!(
                "{}: {} must not depend on {dependency}: only {} may",
                manifest.display(),
                member.name,
                home.package
            ));
        }
    }
    found
}

fn names_all(member: &Crate) -> bool {
    EVERYTHING.contains(&member.name.as_str())
}

fn allowed_rooms(member: &Crate) -> Option<&'static [&'static str]> {
    let listed = ROOMS.iter().find(|(name, _)| *name == member.name);
    let by_folder = FOLDERS
        .iter()
        .find(|(folder, _)| member.folder.starts_with(folder));
    match listed.or(by_folder) {
        Some((_, rooms)) => Some(rooms),
        None if names_all(member) => Some(&[]),
        None => None,
    }
}

/// The library's home, if it has one and `member` is not it.
fn home_elsewhere(member: &Crate, library: &str) -> Option<&'static Home> {
    HOMES.iter().find(|home| {
        let belongs = library == home.library
            || library
                .strip_prefix(home.library)
                .is_some_and(|rest| rest.starts_with(['-', '_']));
        belongs && !may_name(member, home)
    })
}

fn may_name(member: &Crate, home: &Home) -> bool {
    member.name == home.package
        || (home.tests && member.folder.starts_with("tests"))
        || measures(member)
}

fn measures(member: &Crate) -> bool {
    member.folder.starts_with(MEASURES)
}

#[cfg(test)]
mod tests;
