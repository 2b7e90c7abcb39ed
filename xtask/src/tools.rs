//! Programs beside Cargo: which are there, and how the missing ones are installed.

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use crate::shell::{self, Shell};

/// Targets of components: the first for plain Cargo, the second for `cargo component`.
const TARGETS: [&str; 2] = ["wasm32-wasip2", "wasm32-wasip1"];

/// A subcommand of Cargo that is installed on its own.
#[derive(Clone, Copy)]
pub(crate) struct Tool {
    /// Name of the subcommand, `component`.
    subcommand: &'static str,
    /// Version that this workspace is known to work with.
    version: &'static str,
}

/// Makes components out of crates for `wasm32-wasip1`.
pub(crate) const COMPONENT: Tool = Tool {
    subcommand: "component",
    version: "0.21.1",
};

/// Runs tests side by side, each in a process of its own.
pub(crate) const NEXTEST: Tool = Tool {
    subcommand: "nextest",
    version: "0.9.143",
};

/// Judges licences, sources and duplicates of dependencies.
pub(crate) const DENY: Tool = Tool {
    subcommand: "deny",
    version: "0.20.2",
};

impl Tool {
    /// Is it installed?
    pub(crate) fn is_there(self, shell: &Shell) -> bool {
        shell::works(&mut shell.cargo(&[self.subcommand, "--version"]))
    }

    /// The command that installs it.
    pub(crate) fn install_command(self) -> String {
        format!("cargo {}", self.install_arguments().join(" "))
    }

    fn install_arguments(self) -> Vec<String> {
        let package = format!("cargo-{}", self.subcommand);
        let arguments = ["install", &package, "--version", self.version, "--locked"];
        arguments.map(str::to_owned).to_vec()
    }

    /// Install it, unless it is there.
    pub(crate) fn install(self, shell: &Shell) -> anyhow::Result<()> {
        if self.is_there(shell) {
            return Ok(());
        }
        shell::run(&mut shell.cargo(&self.install_arguments()))
    }
}

/// Install the targets of components where they are missing. With rustup they come with the toolchain
/// that `rust-toolchain.toml` names.
pub(crate) fn targets(shell: &Shell) -> anyhow::Result<()> {
    let sysroot = shell::output(
        Command::new("rustc")
            .args(["--print", "sysroot"])
            .current_dir(&shell.root),
    )?;
    let installed = Path::new(sysroot.trim()).join("lib/rustlib");
    let missing = TARGETS
        .into_iter()
        .filter(|target| !installed.join(target).join("lib").is_dir());
    for target in missing {
        shell::run(
            Command::new("rustup")
                .args(["target", "add", target])
                .current_dir(&shell.root),
        )
        .with_context(|| {
            format!(
                "the Rust target {target} is missing; install it with rustup, or with the \
                    package of your distribution"
            )
        })?;
    }
    Ok(())
}
