//! `cargo xtask demo --all`: every use case once, with the clock wound forward.
//!
//! The plays are the crate `forebay-e2e`'s; here they are built and begun.

use std::process::Command;

use crate::plugins;
use crate::shell::{self, Shell};

/// The program that plays them.
const PLAYER: &str = "fourteen";

/// Build the plugins and the player, and play.
pub(super) fn run(shell: &Shell, built: bool) -> anyhow::Result<()> {
    if !built {
        println!("== building; the first time takes some minutes");
        let player = ["build", "--package", "forebay-e2e", "--bin", PLAYER];
        shell::run(&mut shell.cargo(&player))?;
        plugins::build(shell, &plugins::Arguments::default())?;
    }
    shell::run(&mut Command::new(shell.target.join("debug").join(PLAYER)))
}
