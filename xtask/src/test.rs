//! `cargo xtask test`: every check and every test, in the order in which they find most soonest.

use std::process::Command;

use anyhow::ensure;
use clap::Args;

use crate::shell::{self, Shell, Steps};
use crate::tools::{self, COMPONENT, DENY, NEXTEST};
use crate::{coverage, examples, plugins, rooms};

#[derive(Args)]
pub(crate) struct Arguments {
    /// Leave out what rarely breaks while writing code: documentation, dependencies, examples.
    #[arg(long)]
    quick: bool,
}

/// Free space below which nothing is begun, in GiB: a linker that finds none ends with a bus error, which
/// tells nobody anything. What a build from nothing takes, and a little more.
const FREE_GIB: u64 = 16;

/// What `df` and `du` count in, to a GiB.
const KIB_PER_GIB: u64 = 1 << 20;

/// Run them. The test runner comes last, so that its summary is what stands at the end.
pub(crate) fn run(shell: &Shell, arguments: &Arguments) -> anyhow::Result<()> {
    let thorough = !arguments.quick;
    let mut steps = Steps::default();
    steps.take("disk", || disk(shell))?;
    let mut cargo =
        |name: &str, command: &[&str]| steps.take(name, || shell::run(&mut shell.cargo(command)));
    cargo("format", &["fmt", "--all", "--check"])?;
    let lint = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ];
    cargo("lint", &lint)?;

    steps.take("rooms", || rooms::check(shell))?;
    if thorough {
        steps.take("dependencies", || dependencies(shell))?;
    }
    steps.take("targets and tools", || set_up(shell, thorough))?;
    steps.take("plugins", || {
        plugins::build(shell, &plugins::Arguments::default())
    })?;
    if thorough {
        let arguments = examples::Arguments::default();
        steps.take("examples", || examples::build(shell, &arguments).map(drop))?;
        steps.take("tests of examples", || examples::test(shell))?;
        steps.take("documentation", || documentation(shell))?;
    }
    // Tests and programs together, so that every dependency is built with one set of features.
    let build = ["build", "--workspace", "--bins", "--tests", "--examples"];
    steps.take("programs and tests", || {
        shell::run(&mut shell.cargo(&build))
    })?;
    if thorough {
        let examples = ["test", "--workspace", "--doc", "--quiet"];
        steps.take("examples in documentation", || {
            shell::run(&mut shell.cargo(&examples))
        })?;
    }
    steps.tell();
    tests(shell)
}

/// Is there room for what will be built? What was built before is counted as room.
fn disk(shell: &Shell) -> anyhow::Result<()> {
    let kib = |program: &str, options: &[&str], column: usize| {
        let mut command = Command::new(program);
        let told = shell::output(command.args(options).arg(&shell.target)).unwrap_or_default();
        let line = told.lines().last().unwrap_or_default();
        let number = line.split_whitespace().nth(column);
        number.and_then(|number| number.parse::<u64>().ok())
    };
    std::fs::create_dir_all(&shell.target)?;
    let Some(free) = kib("df", &["-Pk"], 3) else {
        return Ok(());
    };
    // Going through what was built takes a while, and is only of interest where room is short.
    let built = match free / KIB_PER_GIB < FREE_GIB {
        true => kib("du", &["-sk"], 0).unwrap_or_default(),
        false => 0,
    };
    let room = (free + built) / KIB_PER_GIB;
    ensure!(
        room >= FREE_GIB,
        "{} has room for {room} GiB, the tests need {FREE_GIB} GiB; make some, or set \
         CARGO_TARGET_DIR to a larger disk",
        shell.target.display()
    );
    Ok(())
}

/// What later steps need and can be installed.
fn set_up(shell: &Shell, thorough: bool) -> anyhow::Result<()> {
    tools::targets(shell)?;
    if thorough && shell::in_ci() {
        COMPONENT.install(shell)?;
    }
    Ok(())
}

fn dependencies(shell: &Shell) -> anyhow::Result<()> {
    if !DENY.is_there(shell) {
        let mend = format!("install it with `{}`", DENY.install_command());
        shell::skip(
            "licences and sources of dependencies, which needs `cargo deny`",
            &mend,
        );
        return Ok(());
    }
    shell::run(&mut shell.cargo(&["deny", "check", "licenses", "bans", "sources"]))
}

/// The documentation of contributors, private items included: module pages are tables of contents and
/// link to what is private.
fn documentation(shell: &Shell) -> anyhow::Result<()> {
    let arguments = [
        "doc",
        "--workspace",
        "--no-deps",
        "--document-private-items",
        "--quiet",
    ];
    let flags = "-D warnings -A rustdoc::private-intra-doc-links";
    shell::run(shell.cargo(&arguments).env("RUSTDOCFLAGS", flags))
}

fn tests(shell: &Shell) -> anyhow::Result<()> {
    println!("\n== tests");
    if NEXTEST.is_there(shell) {
        let all = ["nextest", "run", "--workspace", "--no-fail-fast"];
        let outcome = shell::run(&mut shell.cargo(&all));
        // Without a word: the runner's summary is what stands at the end.
        return outcome.and(coverage::write(shell));
    }
    println!(
        "   one after the other; `{}` makes this faster",
        NEXTEST.install_command()
    );
    shell::run(&mut shell.cargo(&["test", "--workspace", "--tests"]))
}
