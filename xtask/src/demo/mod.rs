//! `cargo xtask demo`: the main job end to end, with the real programs and simulated vendors.
//!
//! [`stage`] starts them, [`story`] takes an asset from upload to write-back and says what happens,
//! [`canto`], [`iconik`], [`inbox`] and [`host`] are the places a person would look at. [`all`] plays
//! every use case instead, in one process.

mod all;
mod canto;
mod dam;
mod host;
mod http;
mod iconik;
mod inbox;
mod media;
mod programs;
mod report;
mod stage;
mod story;
mod watch;

use clap::Args;

use self::inbox::Decision;
use self::stage::Stage;
use self::story::{Ending, Plan};
use self::watch::Watch;
use crate::plugins;
use crate::shell::{self, Shell};

#[derive(Args)]
pub(crate) struct Arguments {
    /// Leave everything running and say where to look, until Ctrl-C.
    #[arg(long)]
    keep: bool,
    /// Play with what was built before.
    #[arg(long)]
    built: bool,
    /// All fourteen use cases, one after the other, in minutes: their days pass on a virtual clock.
    #[arg(long, conflicts_with = "keep")]
    all: bool,
}

/// A picture in Canto that is approved.
const PICTURE: Plan = Plan {
    what: "a picture",
    flow: "canto-1-approval",
    decision: Decision {
        person: "ann@example.test",
        outcome: "approved",
        reason: "",
        comment: "Matches the campaign.",
    },
    outcome: "approved",
    pending: "Pending",
    decided: "Approved",
};

/// A clip in iconik that is not.
const CLIP: Plan = Plan {
    what: "a clip",
    flow: "iconik-1-intake",
    decision: Decision {
        person: "eva@example.test",
        outcome: "rejected",
        reason: "QUALITY",
        comment: "No sound.",
    },
    outcome: "rejected",
    pending: "REQUESTED",
    decided: "NOT_APPROVED",
};

/// Build, start, play, tell.
pub(crate) fn run(shell: &Shell, arguments: &Arguments) -> anyhow::Result<()> {
    if arguments.all {
        return all::run(shell, arguments.built);
    }
    if !arguments.built {
        build(shell)?;
    }
    println!("\n== demonstration");
    let stage = match Stage::set(shell, Watch::start()?) {
        Ok(stage) => stage,
        Err((watch, error)) => return Err(explained(&watch, error)),
    };
    let played = play(&stage).map_err(|error| {
        println!("\n-- runs\n{}", stage.host.situation().unwrap_or_default());
        explained(&stage.watch, error)
    });
    let endings = played.as_deref().unwrap_or_default();
    if !endings.is_empty() {
        println!("\n{}", report::table(endings));
    }
    if arguments.keep {
        if let Err(error) = &played {
            shell::complain(error);
        }
        println!("\n{}", report::places(&stage, endings));
        stage.watch.until_interrupted()?;
    }
    println!("\nending all programs");
    played.map(drop)
}

fn build(shell: &Shell) -> anyhow::Result<()> {
    println!("== building; the first time takes some minutes");
    let programs = [
        "build",
        "--package",
        "forebay",
        "--package",
        "forebay-simulators",
        "--bins",
    ];
    shell::run(&mut shell.cargo(&programs))?;
    plugins::build(shell, &plugins::Arguments::default())
}

fn play(stage: &Stage) -> anyhow::Result<Vec<Ending>> {
    let picture = story::play(stage, &stage.canto, &PICTURE)?;
    let clip = story::play(stage, &stage.iconik, &CLIP)?;
    Ok(vec![picture, clip])
}

/// The error, after what the programs said last.
fn explained(watch: &Watch, error: anyhow::Error) -> anyhow::Error {
    println!("\n{}", watch.last_words());
    error.context("the demonstration did not come to its end")
}
