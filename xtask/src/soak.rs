//! `cargo xtask soak`: thousands of runs of all use cases in one world, with faults.
//!
//! What it does and asserts is the crate `forebay-e2e`'s, module `soak`; here it is built and begun.

use std::process::Command;

use clap::Args;

use crate::plugins;
use crate::shell::{self, Shell};

/// The program that does it.
const PROGRAM: &str = "soak";

#[derive(Args)]
pub(crate) struct Arguments {
    /// Runs that must have ended before no more are begun.
    #[arg(long, default_value_t = 10_000)]
    runs: u32,
    /// What decides the order of triggers, faults and answers.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Build the plugins and the program, and soak.
pub(crate) fn run(shell: &Shell, arguments: &Arguments) -> anyhow::Result<()> {
    let program = ["build", "--package", "forebay-e2e", "--bin", PROGRAM];
    shell::run(&mut shell.cargo(&program))?;
    plugins::build(shell, &plugins::Arguments::default())?;
    let mut command = Command::new(shell.target.join("debug").join(PROGRAM));
    command.args(["--runs", &arguments.runs.to_string()]);
    command.args(["--seed", &arguments.seed.to_string()]);
    shell::run(&mut command)
}
