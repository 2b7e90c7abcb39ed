//! `cargo xtask fuzz`: search for inputs that break a target, without a nightly compiler.

use clap::Args;

use crate::shell::{self, Shell};

/// A minute for all targets together: as long as a person waits for.
const DEFAULT_SECONDS: u64 = 60;

#[derive(Args)]
pub(crate) struct Arguments {
    /// Time for all targets together.
    #[arg(long, default_value_t = DEFAULT_SECONDS)]
    seconds: u64,
    /// Repeat the search of this seed; by default each begins with another.
    #[arg(long)]
    seed: Option<u64>,
}

/// Build the driver and run it. What it finds is put into the corpus.
pub(crate) fn run(shell: &Shell, arguments: &Arguments) -> anyhow::Result<()> {
    let seconds = arguments.seconds.to_string();
    let seed = arguments.seed.map(|seed| seed.to_string());
    let mut command = vec!["run", "--package", "forebay-fuzz", "--", &seconds];
    command.extend(seed.as_deref());
    shell::run(&mut shell.cargo(&command))
}
