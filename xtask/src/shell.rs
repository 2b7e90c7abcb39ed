//! Runs other programs: says which, where and how long, and what to do if one is missing.

use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::Value;

/// Where commands run.
pub(crate) struct Shell {
    /// The workspace's folder.
    pub(crate) root: PathBuf,
    /// Where Cargo puts what it builds.
    pub(crate) target: PathBuf,
}

impl Shell {
    /// Find the workspace and where Cargo builds it.
    pub(crate) fn open() -> anyhow::Result<Self> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = manifest
            .parent()
            .context("xtask lies in the workspace's folder")?
            .to_owned();
        let mut shell = Self {
            target: root.join("target"),
            root,
        };
        let told = shell.metadata()?["target_directory"]
            .as_str()
            .map(PathBuf::from);
        shell.target = told.context("cargo metadata names no target directory")?;
        Ok(shell)
    }

    /// A call of the Cargo that runs this program, in the workspace's folder.
    pub(crate) fn cargo<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(variable("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(arguments).current_dir(&self.root);
        if in_ci() {
            // Nothing is built twice there: what a next build could go on from only fills the disk.
            command.env("CARGO_INCREMENTAL", "0");
        }
        command
    }

    /// What Cargo knows about the members of the workspace.
    pub(crate) fn metadata(&self) -> anyhow::Result<Value> {
        let mut command = self.cargo(&["metadata", "--format-version", "1", "--no-deps"]);
        let text = output(&mut command)?;
        serde_json::from_str(&text).context("cargo metadata answered no JSON")
    }
}

/// A variable of the environment, if it is set to something.
pub(crate) fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// Does a build server run this, where nobody can be asked to install something?
pub(crate) fn in_ci() -> bool {
    variable("CI").is_some_and(|value| value != "false" && value != "0")
}

/// Run a program in view of the person.
///
/// # Errors
/// If it cannot be started, or does not end with success.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    println!("   $ {}", shown(command));
    let status = command
        .status()
        .map_err(|error| not_started(command, error))?;
    if !status.success() {
        bail!(
            "`{}` ended with {status}; what it said stands above",
            shown(command)
        );
    }
    Ok(())
}

/// What a program prints. Its complaints are shown.
///
/// # Errors
/// If it cannot be started, does not end with success, or prints no text.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<String> {
    command.stderr(Stdio::inherit());
    let output = command
        .output()
        .map_err(|error| not_started(command, error))?;
    if !output.status.success() {
        bail!(
            "`{}` ended with {}; what it said stands above",
            shown(command),
            output.status
        );
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{}`", shown(command)))
}

/// Does this call work? Says nothing either way.
pub(crate) fn works(command: &mut Command) -> bool {
    let quiet = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

fn not_started(command: &Command, error: std::io::Error) -> anyhow::Error {
    let program = command.get_program().to_string_lossy();
    let mend = match error.kind() {
        ErrorKind::NotFound => format!("`{program}` was not found; is it installed and in PATH?"),
        _ => format!("`{program}` could not be started"),
    };
    anyhow::Error::new(error).context(mend)
}

/// A command as a person would type it.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program())
        .file_name()
        .unwrap_or_default();
    let parts = std::iter::once(program).chain(command.get_args());
    parts
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Tell a person what went wrong, causes included.
#[expect(clippy::print_stderr, reason = "this is where errors of commands go")]
pub(crate) fn complain(error: &anyhow::Error) {
    eprintln!("error: {error:#}");
}

/// Something was left out. Loud, so that nobody takes it for done.
pub(crate) fn skip(what: &str, mend: &str) {
    println!("   SKIPPED: {what}");
    println!("            {mend}");
}

/// Measures how long something takes, for people.
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    /// Start measuring.
    #[expect(
        clippy::disallowed_methods,
        reason = "tells a person how long a command took"
    )]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// Time since the start.
    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Steps of a longer command, each with a heading and its time.
#[derive(Default)]
pub(crate) struct Steps {
    done: Vec<(String, Duration)>,
}

impl Steps {
    /// Take a step.
    pub(crate) fn take<T>(
        &mut self,
        name: &str,
        step: impl FnOnce() -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        println!("\n== {name}");
        let watch = Stopwatch::start();
        let result = step().with_context(|| format!("step `{name}` failed"))?;
        println!("   {:.1} s", watch.elapsed().as_secs_f32());
        self.done.push((name.to_owned(), watch.elapsed()));
        Ok(result)
    }

    /// Say how long each step took.
    pub(crate) fn tell(&self) {
        let widest = self
            .done
            .iter()
            .map(|(name, _)| name.len())
            .max()
            .unwrap_or_default();
        let total: Duration = self.done.iter().map(|(_, time)| *time).sum();
        println!("\n== times");
        for (name, time) in &self.done {
            println!("   {name:widest$} {:>7.1} s", time.as_secs_f32());
        }
        println!("   {:widest$} {:>7.1} s", "so far", total.as_secs_f32());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_fails_is_named_with_what_it_was_told() {
        let error = run(Command::new("/bin/sh").args(["-c", "exit 3"]))
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("`sh -c exit 3` ended with exit status: 3"),
            "{error}"
        );
    }

    #[test]
    fn a_missing_program_is_named_with_the_mend() {
        let error = run(&mut Command::new("no-such-program-here"))
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "`no-such-program-here` was not found; is it installed and in PATH?"
        );
        assert!(!works(&mut Command::new("no-such-program-here")));
    }

    #[test]
    fn output_is_what_the_program_prints() {
        assert_eq!(output(Command::new("printf").arg("a b")).unwrap(), "a b");
        assert!(output(Command::new("/bin/sh").args(["-c", "exit 1"])).is_err());
    }

    #[test]
    fn a_failed_step_is_named_and_not_counted() {
        let mut steps = Steps::default();
        steps.take("first", || Ok(())).unwrap();
        let error = steps
            .take("second", || -> anyhow::Result<()> { bail!("no") })
            .unwrap_err();
        assert_eq!(format!("{error:#}"), "step `second` failed: no");
        assert_eq!(steps.done.len(), 1);
    }
}
