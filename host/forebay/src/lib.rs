//! The host as a program: command line and wiring.
//!
//! What lives here: how the rooms are put together ([`host`]), and one file per command. What must
//! not: anything another room could do. It is a library so that tests put the same rooms together
//! over a virtual clock.

mod arguments;
mod check;
mod client;
mod commands;
pub mod gate;
pub mod host;
mod logging;
pub mod metrics;
pub mod plugins;
mod rekey;
mod reload;
mod restore;
mod serve;
mod validate;
mod ways;

use std::process::ExitCode;

use clap::Parser as _;

use crate::arguments::{Arguments, Command};

/// Carry out the command line.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match arguments.command {
        Command::Serve(serve) => run_async(serve::serve(&serve)),
        Command::Check(check) => run_async(check::check(&check)),
        Command::Restore(restore) => restore::restore(&restore),
        Command::Rekey(rekey) => rekey::rekey(&rekey),
        command => commands::run(&arguments.remote, command),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            commands::complain(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run_async(work: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(work)
}
