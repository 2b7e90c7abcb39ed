//! The handler `keeper` in its versions, built when it is first wanted.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

/// What it is compiled for.
const TARGET: &str = "wasm32-wasip2";

/// The handler in this version. Where nothing has changed since it was built, Cargo sees that at once.
///
/// # Errors
/// If it does not build.
pub fn keeper(version: u32) -> anyhow::Result<Vec<u8>> {
    let folder = build()?;
    let file = folder.join(format!("keeper_{version}.wasm"));
    std::fs::read(&file).with_context(|| file.display().to_string())
}

fn build() -> anyhow::Result<PathBuf> {
    let target = crate::files::target_dir()?.join("e2e-guests");
    let output = Command::new("cargo")
        .args(["build", "--locked", "--quiet", "--examples"])
        .args(["--target", TARGET])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("guests"))
        .env("CARGO_TARGET_DIR", &target)
        // Flags for this machine, such as those of a coverage tool, mean nothing to guests.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("CARGO_BUILD_TARGET")
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the guests do not build:\n{said}");
    Ok(target.join(TARGET).join("debug/examples"))
}
