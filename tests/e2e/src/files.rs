//! Built files that tests need.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

/// The profile's folder of the target directory this test or program was built into. Tests lie in
/// its folder `deps`.
fn profile_dir() -> anyhow::Result<PathBuf> {
    let test = std::env::current_exe().context("the path of this test")?;
    let folder = test.parent().context("the folder of this test")?;
    let profile = folder.parent().filter(|_| folder.ends_with("deps"));
    Ok(profile.unwrap_or(folder).to_owned())
}

pub(crate) fn target_dir() -> anyhow::Result<PathBuf> {
    let profile = profile_dir()?;
    Ok(profile.parent().unwrap_or(&profile).to_owned())
}

/// A program of this workspace.
///
/// # Errors
/// If it was not built.
pub fn built(program: &str) -> anyhow::Result<PathBuf> {
    let path = profile_dir()?.join(program);
    ensure!(
        path.is_file(),
        "{} is not built: run `cargo build --workspace`",
        path.display()
    );
    Ok(path)
}

/// The shipped plugins as components.
///
/// # Errors
/// If they were not built.
pub fn plugins_dir() -> anyhow::Result<PathBuf> {
    filled(&target_dir()?.join("plugins"), "cargo xtask plugins")
}

/// The third-party examples as components; none if they were not built.
///
/// # Errors
/// If they were not built.
pub fn examples_dir() -> anyhow::Result<PathBuf> {
    filled(&target_dir()?.join("examples"), "cargo xtask examples")
}

fn filled(dir: &Path, command: &str) -> anyhow::Result<PathBuf> {
    let there = dir
        .read_dir()
        .is_ok_and(|mut entries| entries.next().is_some());
    ensure!(there, "{} holds nothing: run `{command}`", dir.display());
    Ok(dir.to_owned())
}

/// A folder that all tests share for compiled components, so that each is compiled once.
pub(crate) fn shared_data_dir() -> anyhow::Result<PathBuf> {
    Ok(target_dir()?.join("e2e-data"))
}
