//! The benchmarks: what the host costs, measured from outside on the real program.
//!
//! [`vendor`] plays the vendor, [`load`] makes the load, [`program`] starts and watches the programs,
//! [`scene`] gives each its folder. One module per part: [`round_trip`] (a), [`calls`] (b), [`start`]
//! (c), [`history`] (d), [`reload`] (e), [`crash`] (f). [`report`] prints what was found, [`targets`]
//! says what it means. What must not live here: anything the host does differently because it is
//! measured.
//!
//! `cargo xtask bench` builds everything and calls this program.

#![expect(
    clippy::print_stdout,
    reason = "this program talks to a person at a terminal"
)]

mod calls;
mod crash;
mod history;
mod load;
mod program;
mod raw;
mod reload;
mod report;
mod round_trip;
mod scene;
mod start;
mod targets;
mod time;
mod vendor;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Parser, Subcommand, ValueEnum};
use tempfile::TempDir;

use crate::program::Programs;
use crate::report::Report;

/// What to measure, and with what.
#[derive(Parser)]
#[command(subcommand_negates_reqs = true)]
struct Arguments {
    #[command(subcommand)]
    helper: Option<Helper>,
    /// The host.
    #[arg(long, required = true)]
    host: Option<PathBuf>,
    /// The same work without plugins.
    #[arg(long, required = true)]
    baseline: Option<PathBuf>,
    /// The preload library that counts syncs.
    #[arg(long, required = true)]
    probe: Option<PathBuf>,
    /// The benchmark's own plugins.
    #[arg(long, required = true)]
    plugins: Option<PathBuf>,
    /// The shipped plugins.
    #[arg(long, required = true)]
    shelf: Option<PathBuf>,
    /// Where databases are put; by default the folder for temporary files.
    #[arg(long)]
    scratch: Option<PathBuf>,
    /// A few seconds per part.
    #[arg(long)]
    quick: bool,
    /// Only these parts.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Part>,
    /// Write the results as JSON, too. Parts that are not measured now keep what stands there.
    #[arg(long)]
    json: Option<PathBuf>,
    /// How the programs were built, for the report.
    #[arg(long, default_value = "unknown")]
    profile: String,
}

/// What this program does for itself, as a process of its own.
#[derive(Subcommand)]
enum Helper {
    /// Commit small transactions one after the other.
    RawCommits {
        /// The database.
        database: PathBuf,
        /// For how long.
        milliseconds: u64,
    },
}

/// The parts of the benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum Part {
    /// (a) Round trip.
    Roundtrip,
    /// (b) Calls.
    Calls,
    /// (c) Start and memory.
    Start,
    /// (d) Cost with history.
    History,
    /// (e) Hot reloads.
    Reload,
    /// (f) Killed under load.
    Crash,
}

/// How long and how much.
#[derive(Clone, Copy)]
struct Extent {
    /// Before anything counts.
    warm_up: Duration,
    /// What counts.
    measured: Duration,
    /// How often a round is taken; medians are reported.
    rounds: usize,
    /// Waiting runs of part (d).
    history: &'static [u64],
    /// Reloads of part (e).
    reloads: u32,
    /// Repetitions of one call in part (b).
    calls: u32,
    /// Starts in part (c), crashes in part (f).
    starts: u32,
}

const FULL: Extent = Extent {
    warm_up: Duration::from_secs(2),
    measured: Duration::from_secs(10),
    rounds: 3,
    history: &[0, 100_000, 1_000_000],
    reloads: 1_000,
    calls: 5_000,
    starts: 5,
};

const QUICK: Extent = Extent {
    warm_up: Duration::from_secs(1),
    measured: Duration::from_secs(3),
    rounds: 1,
    history: &[0, 20_000],
    reloads: 50,
    calls: 1_000,
    starts: 2,
};

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if let Some(Helper::RawCommits {
        database,
        milliseconds,
    }) = &arguments.helper
    {
        return raw::commit(database, Duration::from_millis(*milliseconds));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    // In a task, as the host's engine: what runs outside is handed to another thread with each task.
    runtime.block_on(async { tokio::spawn(measure(arguments)).await? })
}

async fn measure(arguments: Arguments) -> anyhow::Result<()> {
    let scratch = arguments.scratch.unwrap_or_else(std::env::temp_dir);
    std::fs::create_dir_all(&scratch)?;
    let programs = Programs {
        cache: TempDir::new_in(&scratch)?,
        host: arguments.host.context("--host")?,
        baseline: arguments.baseline.context("--baseline")?,
        probe: arguments.probe.context("--probe")?,
        plugins: arguments.plugins.context("--plugins")?,
        shelf: arguments.shelf.context("--shelf")?,
        scratch,
    };
    let extent = if arguments.quick { QUICK } else { FULL };
    let mut report = Report::open(
        arguments.json,
        &arguments.profile,
        arguments.quick,
        &programs,
    )?;
    let wanted = |part| arguments.only.is_empty() || arguments.only.contains(&part);
    if wanted(Part::Roundtrip) {
        report.add("roundtrip", round_trip::measure(&programs, &extent).await?)?;
    }
    if wanted(Part::Calls) {
        report.add("calls", calls::measure(&programs, &extent).await?)?;
    }
    if wanted(Part::Start) {
        report.add("start", start::measure(&programs, &extent).await?)?;
    }
    if wanted(Part::History) {
        report.add("history", history::measure(&programs, &extent).await?)?;
    }
    if wanted(Part::Reload) {
        report.add("reload", reload::measure(&programs, &extent).await?)?;
    }
    if wanted(Part::Crash) {
        report.add("crash", crash::measure(&programs, &extent).await?)?;
    }
    report.tell();
    Ok(())
}
