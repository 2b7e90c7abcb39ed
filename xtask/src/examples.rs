//! `cargo xtask examples`: the plugins of the third-party example, each built another way.

use std::path::PathBuf;
use std::process::Command;

use clap::Args;

use crate::plugins::{PROFILE, TARGET, put};
use crate::shell::{self, Shell};
use crate::tools::{self, COMPONENT};

/// Built by plain Cargo.
const CONNECTOR: &str = "stock-licences";

/// Built by `cargo component`.
const HANDLER: &str = "licence-check";

/// What `cargo component` compiles for before it makes a component.
const COMPONENT_TARGET: &str = "wasm32-wasip1";

#[derive(Args, Default)]
pub(crate) struct Arguments {
    /// Install `cargo component` where it is missing. Build servers always do.
    #[arg(long)]
    pub(crate) install_tools: bool,
}

/// Build what can be built; tells whether that was everything.
pub(crate) fn build(shell: &Shell, arguments: &Arguments) -> anyhow::Result<bool> {
    tools::targets(shell)?;
    if arguments.install_tools || shell::in_ci() {
        COMPONENT.install(shell)?;
    }
    let build = [
        "build",
        "--target",
        TARGET,
        "--profile",
        PROFILE,
        "--package",
        CONNECTOR,
    ];
    shell::run(&mut cargo(shell, &build))?;
    put(&built(shell, TARGET, CONNECTOR), &shelved(shell, CONNECTOR))?;

    if !COMPONENT.is_there(shell) {
        let mend = format!("install it with `{}`", COMPONENT.install_command());
        shell::skip(
            &format!("the example {HANDLER}, which needs `cargo component`"),
            &mend,
        );
        return Ok(false);
    }
    let build = [
        "component",
        "build",
        "--profile",
        PROFILE,
        "--package",
        HANDLER,
    ];
    shell::run(&mut cargo(shell, &build))?;
    put(
        &built(shell, COMPONENT_TARGET, HANDLER),
        &shelved(shell, HANDLER),
    )?;
    Ok(true)
}

/// Run the example's own tests.
pub(crate) fn test(shell: &Shell) -> anyhow::Result<()> {
    shell::run(&mut cargo(shell, &["test", "--workspace", "--quiet"]))
}

/// Cargo in the example's workspace. What it builds goes below the target folder of this workspace,
/// so that the checkout stays clean.
fn cargo(shell: &Shell, arguments: &[&str]) -> Command {
    let mut command = shell.cargo(arguments);
    command.current_dir(shell.root.join("examples/third-party"));
    command.env("CARGO_TARGET_DIR", target(shell));
    command
}

fn target(shell: &Shell) -> PathBuf {
    shell.target.join("third-party")
}

fn built(shell: &Shell, target_name: &str, package: &str) -> PathBuf {
    let file = format!("{}.wasm", package.replace('-', "_"));
    target(shell).join(target_name).join(PROFILE).join(file)
}

fn shelved(shell: &Shell, package: &str) -> PathBuf {
    shell
        .target
        .join("examples")
        .join(format!("{package}.wasm"))
}
