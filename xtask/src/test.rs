//! `cargo xtask test`: every check and every test, in the order in which they find most soonest.

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

/// Run them. The test runner comes last, so that its summary is what stands at the end.
pub(crate) fn run(shell: &Shell, arguments: &Arguments) -> anyhow::Result<()> {
    let thorough = !arguments.quick;
    let mut steps = Steps::default();
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
