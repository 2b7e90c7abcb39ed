//! The programs of the demonstration: started with their output in a file, ended whatever happens.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::shell::{self, Stopwatch};

/// How long a program may take to end by itself. The host lets what is under way finish.
const PATIENCE: Duration = Duration::from_secs(10);

/// Pause between two looks at a program that ends.
const LOOK: Duration = Duration::from_millis(50);

/// Lines of a log that are shown when something goes wrong.
const SHOWN_LINES: usize = 25;

/// A running program. Dropping it ends it.
pub(super) struct Program {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Program {
    /// Start a program. What it complains about goes to `log`; what it prints too, unless `printed`
    /// names another file.
    pub(super) fn start(
        name: &'static str,
        command: &mut Command,
        log: &Path,
        printed: Option<&Path>,
    ) -> anyhow::Result<Self> {
        let told = || format!("cannot start {name}");
        let file = File::create(log).with_context(told)?;
        let out = match printed {
            Some(printed) => File::create(printed).with_context(told)?,
            None => file.try_clone().with_context(told)?,
        };
        let child = command
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(file)
            .spawn();
        Ok(Self {
            name,
            child: child.with_context(told)?,
            log: log.to_owned(),
        })
    }

    /// Fails if it has ended.
    pub(super) fn check(&mut self) -> anyhow::Result<()> {
        match self
            .child
            .try_wait()
            .with_context(|| format!("cannot look after {}", self.name))?
        {
            Some(status) => bail!("{} ended with {status}", self.name),
            None => Ok(()),
        }
    }

    /// The end of its log, for a person who wants to know what went wrong.
    pub(super) fn last_words(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let shown = &lines[lines.len().saturating_sub(SHOWN_LINES)..];
        format!(
            "-- last lines of {}\n{}\n",
            self.log.display(),
            shown.join("\n")
        )
    }

    fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if self.has_ended() {
            return;
        }
        let id = self.child.id().to_string();
        if shell::works(Command::new("kill").args(["-TERM", &id])) {
            let watch = Stopwatch::start();
            while watch.elapsed() < PATIENCE && !self.has_ended() {
                thread::sleep(LOOK);
            }
        }
        if !self.has_ended() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell_program(script: &str, folder: &Path) -> Program {
        let mut command = Command::new("/bin/sh");
        Program::start(
            "a script",
            command.args(["-c", script]),
            &folder.join("log"),
            None,
        )
        .unwrap()
    }

    #[test]
    fn a_program_that_has_ended_is_told_with_its_last_words() {
        let folder = tempfile::tempdir().unwrap();
        let mut program = shell_program("echo first; echo why >&2; exit 7", folder.path());
        program.child.wait().unwrap();
        let error = program.check().unwrap_err().to_string();
        assert_eq!(error, "a script ended with exit status: 7");
        assert!(
            program.last_words().ends_with("first\nwhy\n"),
            "{}",
            program.last_words()
        );
    }

    #[test]
    fn dropping_ends_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut program = shell_program("exec sleep 600", folder.path());
        program.check().unwrap();
        let id = program.child.id().to_string();
        drop(program);
        assert!(!shell::works(Command::new("kill").args(["-0", &id])));
    }
}
