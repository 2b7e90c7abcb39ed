//! Thousands of runs of all use cases in one world, with faults; `cargo xtask soak` builds and runs
//! it. Options: `--runs N`, `--seed N`; `RUST_LOG` says what of the log is shown.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it talks to a person at a terminal"
)]

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use forebay_e2e::soak::{Holding, Plan, Report, soak};
use tracing_subscriber::EnvFilter;

/// Runs unless told otherwise.
const RUNS: usize = 10_000;
/// Seed unless told otherwise: the same each time, so that results compare.
const SEED: u64 = 1;
/// What of the log is shown where `RUST_LOG` does not say it.
const QUIET: &str = "off,forebay=error";

#[tokio::main]
async fn main() -> ExitCode {
    let _ = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(
            EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(QUIET)),
        )
        .try_init();
    match run().await {
        Ok(report) if report.is_clean() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> anyhow::Result<Report> {
    let plan = plan(std::env::args().skip(1))?;
    println!("{} runs, seed {}", plan.runs, plan.seed);
    let mut tell = |ended: usize, passed: Duration| {
        println!("   {ended:>6} runs ended, day {}", days(passed));
    };
    let report = soak(plan, &mut tell).await?;
    show(&report);
    Ok(report)
}

fn plan(mut words: impl Iterator<Item = String>) -> anyhow::Result<Plan> {
    let mut plan = Plan {
        runs: RUNS,
        seed: SEED,
    };
    while let Some(option) = words.next() {
        let value = words.next();
        let value = value.with_context(|| format!("{option} needs a number"))?;
        match option.as_str() {
            "--runs" => plan.runs = value.parse()?,
            "--seed" => plan.seed = value.parse()?,
            _ => bail!("{option} is no option"),
        }
    }
    Ok(plan)
}

fn show(report: &Report) {
    let runs: u32 = report.flows.values().sum();
    println!("\n{runs} runs ended in {} virtual days", days(report.took));
    for (flow, count) in &report.flows {
        println!("   {count:>6} {flow}");
    }
    let ended: u32 = report.shows.values().sum();
    println!("{ended} of {} shows ended as they should", report.begun);
    println!("{} decisions of people", report.decisions);
    println!("{} events accepted", report.events);
    println!(
        "{} calls to vendors, {} effects",
        report.calls, report.effects
    );
    let weather = report.weather;
    println!(
        "{} faults, {} times of unreliable webhooks, {} deaths of the host",
        weather.faults, weather.unreliable, weather.deaths
    );
    println!("parked and tried again: {:?}", report.parked);
    println!("{} live runs wait", report.waiting);
    hold("store after half", report.half);
    hold("store after all", report.full);
    hold("store in the end", report.end);
    println!("{} duplicates", report.duplicates.len());
    for what in report.duplicates.iter().chain(&report.problems) {
        eprintln!("error: {what}");
    }
}

fn hold(when: &str, holding: Holding) {
    println!(
        "{when} (day {}, {} runs ended): {} runs ({} live) and {} events kept, {} of them too long; \
         {} audit records, {} KiB",
        days(holding.passed),
        holding.ended,
        holding.runs,
        holding.live,
        holding.events,
        holding.outlived,
        holding.audit,
        holding.bytes / 1024
    );
}

fn days(time: Duration) -> u64 {
    time.as_secs() / (24 * 60 * 60)
}
