//! The programs that are measured: started, watched through `/proc`, ended whatever happens.

use std::fs;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::time::now;

/// Longest wait for a program to be ready: a million runs are checked for damage at a start.
const READY: Duration = Duration::from_secs(600);

/// Ticks per second in `/proc`. Fixed on all architectures Linux runs on today.
const TICKS: u64 = 100;

/// Where everything lies.
pub(crate) struct Programs {
    pub(crate) host: PathBuf,
    pub(crate) baseline: PathBuf,
    pub(crate) probe: PathBuf,
    pub(crate) plugins: PathBuf,
    pub(crate) shelf: PathBuf,
    pub(crate) scratch: PathBuf,
    /// Compiled code of the benchmark's plugins.
    pub(crate) cache: TempDir,
}

impl Programs {
    /// A command under the probe, with each sync slowed by so much.
    pub(crate) fn probed(
        &self,
        program: &Path,
        slow: Duration,
        folder: &Path,
    ) -> anyhow::Result<Command> {
        let count = folder.join("fsyncs");
        fs::write(&count, [0; size_of::<u64>()])?;
        let mut command = Command::new(program);
        command
            .env("LD_PRELOAD", &self.probe)
            .env("FSYNC_PROBE_FILE", &count)
            .env("FSYNC_PROBE_DELAY_US", slow.as_micros().to_string());
        Ok(command)
    }
}

/// A running program. Dropping it kills it.
pub(crate) struct Program {
    child: Child,
    count: PathBuf,
    /// Where it listens.
    pub(crate) address: String,
    /// From its start to its word that it is ready.
    pub(crate) ready_after: Duration,
}

/// What a program has used so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    pub(crate) cpu: Duration,
    pub(crate) fsyncs: u64,
}

impl Program {
    /// Start a program that says on either output at which address it is ready.
    pub(crate) fn start(command: &mut Command, folder: &Path) -> anyhow::Result<Self> {
        let begun = now();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        let (send, lines) = mpsc::channel();
        forward(child.stdout.take(), send.clone());
        forward(child.stderr.take(), send);
        let mut said = String::new();
        loop {
            let Ok((at, line)) = lines.recv_timeout(READY) else {
                let _ = child.kill();
                bail!("the program did not become ready; it said:\n{said}");
            };
            let told: Value = serde_json::from_str(&line).unwrap_or_default();
            if let Some(address) = told["address"].as_str() {
                return Ok(Self {
                    child,
                    count: folder.join("fsyncs"),
                    address: format!("http://{address}"),
                    ready_after: at.duration_since(begun),
                });
            }
            said.push_str(&line);
            said.push('\n');
        }
    }

    /// What it has used so far.
    pub(crate) fn usage(&self) -> anyhow::Result<Usage> {
        let bytes = fs::read(&self.count)?;
        let bytes = bytes
            .try_into()
            .ok()
            .context("the count of syncs is damaged")?;
        Ok(Usage {
            cpu: cpu_of(&self.child.id().to_string())?,
            fsyncs: u64::from_ne_bytes(bytes),
        })
    }

    /// Resident memory in bytes: all of it, and what is not backed by files.
    pub(crate) fn memory(&self) -> anyhow::Result<(u64, u64)> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let field = |name: &str| -> anyhow::Result<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|rest| rest.split_whitespace().next());
            let kib: u64 = number
                .with_context(|| format!("no {name} in /proc"))?
                .parse()?;
            Ok(kib * 1024)
        };
        Ok((field("VmRSS:")?, field("RssAnon:")?))
    }

    /// Tell it to end, and wait until it has.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        let told = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status()?;
        ensure!(told.success(), "the program cannot be told to end");
        self.child.wait()?;
        Ok(())
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Usage {
    /// What this program itself has used; it counts no syncs.
    pub(crate) fn of_self() -> anyhow::Result<Self> {
        Ok(Self {
            cpu: cpu_of("self")?,
            fsyncs: 0,
        })
    }
}

/// User and system time, with ended threads.
fn cpu_of(process: &str) -> anyhow::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name of the program, in parentheses, may hold anything.
    let (_, fields) = stat
        .rsplit_once(')')
        .context("/proc/PID/stat has another form")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = |index: usize| -> anyhow::Result<u64> {
        Ok(fields
            .get(index)
            .context("/proc/PID/stat is short")?
            .parse()?)
    };
    Ok(Duration::from_millis(
        (ticks(11)? + ticks(12)?) * 1_000 / TICKS,
    ))
}

/// Read on until the program ends, so that a full pipe never stops it.
fn forward(
    from: Option<impl Read + Send + 'static>,
    to: mpsc::Sender<(std::time::Instant, String)>,
) {
    let Some(from) = from else { return };
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            let _ = to.send((now(), line));
        }
    });
}
