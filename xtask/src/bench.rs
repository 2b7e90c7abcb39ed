//! `cargo xtask bench`: build everything the benchmarks need, as it would be shipped, and run them.
//!
//! The measurements themselves are the crate `forebay-bench`; docs/performance.md tells what they
//! mean and what was found.

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;

use crate::plugins::{self, PROFILE, TARGET};
use crate::shell::{self, Shell};

/// The profile of what is measured: a release but for the last optimisation over all crates together.
const MEASURED: &str = "measure";

/// Programs and libraries that are measured or measure.
const PROGRAMS: [&str; 4] = [
    "forebay",
    "forebay-baseline",
    "forebay-bench",
    "forebay-fsync-probe",
];

/// The benchmark's own plugins.
const PLUGINS: [&str; 2] = ["forebay-bench-connector", "forebay-bench-handler"];

#[derive(Args)]
pub(crate) struct Arguments {
    /// A few seconds per part: to see that it works, not to compare numbers.
    #[arg(long)]
    quick: bool,
    /// Only these parts, separated by commas: roundtrip, calls, start, history, reload, crash.
    #[arg(long)]
    only: Option<String>,
    /// Write the results as JSON, too. Parts that are not measured now keep what stands there.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Where databases are put while measuring; by default the folder for temporary files. It should
    /// lie on a real disk.
    #[arg(long)]
    scratch: Option<PathBuf>,
    /// Build with the release profile instead, which takes many minutes longer.
    #[arg(long)]
    release: bool,
}

/// Build and measure.
pub(crate) fn run(shell: &Shell, arguments: &Arguments) -> anyhow::Result<()> {
    plugins::build(shell, &plugins::Arguments::default())?;
    let mut command = shell.cargo(&["build", "--target", TARGET, "--profile", PROFILE]);
    name(&mut command, &PLUGINS);
    shell::run(&mut command)?;
    let profile = if arguments.release {
        "release"
    } else {
        MEASURED
    };
    let mut command = shell.cargo(&["build", "--profile", profile]);
    name(&mut command, &PROGRAMS);
    shell::run(&mut command)?;

    let built = shell.target.join(profile);
    let mut command = Command::new(built.join("forebay-bench"));
    let mut give = |option: &str, value: &Path| {
        command.arg(option).arg(value);
    };
    give("--host", &built.join("forebay"));
    give("--baseline", &built.join("forebay-baseline"));
    give("--probe", &built.join("libforebay_fsync_probe.so"));
    give("--plugins", &shell.target.join(TARGET).join(PROFILE));
    give("--shelf", &plugins::shelf(shell));
    for (option, value) in [
        ("--json", &arguments.json),
        ("--scratch", &arguments.scratch),
    ] {
        if let Some(value) = value {
            give(option, value);
        }
    }
    command.args(["--profile", profile]);
    if arguments.quick {
        command.arg("--quick");
    }
    if let Some(only) = &arguments.only {
        command.args(["--only", only]);
    }
    shell::run(&mut command)
}

fn name(command: &mut Command, packages: &[&str]) {
    for package in packages {
        command.args(["--package", package]);
    }
}
