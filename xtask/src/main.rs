//! `cargo xtask`: what a person or a build server does with this workspace, as commands.
//!
//! What lives here: building plugins and examples, the checks and tests in their order, the rule of
//! which room may name what, the start of the benchmarks and of the soak, and the demonstration. What must not: anything the product needs to run.
//! No crate of the workspace is a dependency of this one, so that it builds in seconds.
//!
//! Start at [`Command`], then at the module of the command's name.

#![expect(
    clippy::print_stdout,
    reason = "these commands talk to a person at a terminal"
)]

mod bench;
mod coverage;
mod demo;
mod examples;
mod fixtures;
mod fuzz;
mod plugins;
mod rooms;
mod shell;
mod soak;
mod test;
mod tools;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use shell::Shell;

/// Developer commands of the Forebay workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show the main job end to end: uploads, reviews, decisions, write-backs.
    Demo(demo::Arguments),
    /// Build all plugins into `target/plugins`.
    Plugins(plugins::Arguments),
    /// Build the plugins of the third-party example into `target/examples`.
    Examples(examples::Arguments),
    /// Build the components that are kept to show that the frozen contract goes on being spoken.
    Fixtures,
    /// Search for inputs that break what strangers' bytes go through.
    Fuzz(fuzz::Arguments),
    /// Set up what is missing, then run every check and every test.
    Test(test::Arguments),
    /// Measure what the host costs, beside the same work without it.
    Bench(bench::Arguments),
    /// Let all use cases run together by the thousand, with faults, and check that nothing is lost or
    /// happens twice.
    Soak(soak::Arguments),
    /// Write docs/coverage.md from the last run of the tests
    Coverage,
    /// Check that each crate names only what it may name.
    Rooms,
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            shell::complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    let shell = Shell::open()?;
    match command {
        Command::Demo(arguments) => demo::run(&shell, &arguments),
        Command::Plugins(arguments) => plugins::build(&shell, &arguments),
        Command::Examples(arguments) => examples::build(&shell, &arguments).map(drop),
        Command::Fixtures => fixtures::build(&shell),
        Command::Fuzz(arguments) => fuzz::run(&shell, &arguments),
        Command::Test(arguments) => test::run(&shell, &arguments),
        Command::Bench(arguments) => bench::run(&shell, &arguments),
        Command::Soak(arguments) => soak::run(&shell, &arguments),
        Command::Coverage => coverage::write(&shell),
        Command::Rooms => rooms::check(&shell),
    }
}
