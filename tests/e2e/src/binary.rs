//! The real program, as a process of its own.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;

/// Longest wait for the program to be ready. Compiling plugins for the first time on a busy machine
/// takes most of it.
const READY_TIMEOUT: Duration = Duration::from_secs(180);
/// Key of the API in every configuration of these tests.
const API_KEY: &str = "key-of-the-end-to-end-tests";

/// A running host. Dropping it kills it.
pub struct Binary {
    child: Child,
    address: String,
    log: Log,
}

/// What a program has said on standard error, line by line; lines that are no JSON are `null`.
type Log = Arc<Mutex<Vec<Value>>>;

impl Binary {
    /// Start `forebay serve` and wait until it says that it is ready.
    ///
    /// # Errors
    /// If it ends before, with what it said.
    pub fn serve(config: &Path, environment: &[(&str, String)]) -> anyhow::Result<Self> {
        Self::start(
            command(environment)?
                .args(["serve", "--config"])
                .arg(config),
        )
    }

    /// As [`Binary::serve`], but no file may grow beyond so many blocks of 512 bytes: to the host it
    /// looks like a full disk.
    ///
    /// # Errors
    /// If it ends before it is ready, with what it said.
    pub fn serve_on_full_disk(
        config: &Path,
        environment: &[(&str, String)],
        blocks: u32,
    ) -> anyhow::Result<Self> {
        let program = crate::files::built("forebay")?;
        // The signal that comes with the limit would end the program; ignored, the write fails.
        let limited = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let mut shell = Command::new("sh");
        shell
            .arg("-c")
            .arg(limited)
            .arg(program)
            .args(["serve", "--config"])
            .arg(config);
        Self::start(with_environment(&mut shell, environment))
    }

    fn start(command: &mut Command) -> anyhow::Result<Self> {
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let stderr = child.stderr.take().context("no standard error")?;
        let (send, lines) = mpsc::channel();
        let log = Log::default();
        let written = Arc::clone(&log);
        // Reads on until the process ends, so that a full pipe never stops it.
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                written
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(serde_json::from_str(&line).unwrap_or_default());
                let _ = send.send(line);
            }
        });
        let mut said = String::new();
        loop {
            let Ok(line) = lines.recv_timeout(READY_TIMEOUT) else {
                let _ = child.kill();
                bail!("the host did not become ready; it said:\n{said}");
            };
            let parsed: Value = serde_json::from_str(&line).unwrap_or_default();
            if let Some(address) = parsed["address"].as_str() {
                return Ok(Self {
                    child,
                    address: format!("http://{address}"),
                    log,
                });
            }
            said.push_str(&line);
            said.push('\n');
        }
    }

    /// Run a command of the program to its end.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn run(arguments: &[&str], environment: &[(&str, String)]) -> anyhow::Result<Output> {
        Ok(command(environment)?.args(arguments).output()?)
    }

    /// Address of the API.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// `kill -9`.
    ///
    /// # Errors
    /// If it is gone already.
    pub fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Tell it to read its configuration again.
    ///
    /// # Errors
    /// If it is gone.
    pub fn reload(&self) -> anyhow::Result<()> {
        self.signal("HUP")
    }

    /// Let it stand still, as a machine that is suspended or starved does.
    ///
    /// # Errors
    /// If it is gone.
    pub fn freeze(&self) -> anyhow::Result<()> {
        self.signal("STOP")
    }

    /// Let it go on after [`Binary::freeze`].
    ///
    /// # Errors
    /// If it is gone.
    pub fn thaw(&self) -> anyhow::Result<()> {
        self.signal("CONT")
    }

    fn signal(&self, name: &str) -> anyhow::Result<()> {
        let status = Command::new("kill")
            .arg(format!("-{name}"))
            .arg(self.pid().to_string())
            .status()?;
        ensure!(status.success(), "the host cannot be sent {name}");
        Ok(())
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Lines of its log whose message contains these words.
    #[must_use]
    pub fn said(&self, words: &str) -> Vec<Value> {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let holds = |line: &&Value| line.to_string().contains(words);
        log.iter().filter(holds).cloned().collect()
    }

    /// Deliver a webhook, as a vendor does: without a key of the API.
    ///
    /// # Errors
    /// If nobody answers; any status is an answer.
    pub fn deliver(&self, path: &str, body: &str) -> anyhow::Result<(u16, Value)> {
        let request = agent().post(format!("{}{path}", self.address));
        answer(
            request
                .header("Content-Type", "application/json")
                .send(body),
        )
    }

    /// Read a resource.
    ///
    /// # Errors
    /// If nobody answers; any status is an answer.
    pub fn get(&self, path: &str) -> anyhow::Result<(u16, Value)> {
        let request = agent().get(format!("{}{path}", self.address));
        answer(
            request
                .header("Authorization", format!("Bearer {API_KEY}"))
                .call(),
        )
    }

    /// Send JSON, with the key of the API.
    ///
    /// # Errors
    /// If nobody answers; any status is an answer.
    pub fn post(&self, path: &str, body: &Value) -> anyhow::Result<(u16, Value)> {
        let request = agent().post(format!("{}{path}", self.address));
        answer(
            request
                .header("Authorization", format!("Bearer {API_KEY}"))
                .send_json(body),
        )
    }

    /// Ask again until `wanted` holds of the answer.
    ///
    /// # Errors
    /// If it does not within the time the program may take.
    pub fn until(
        &self,
        path: &str,
        what: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> anyhow::Result<Value> {
        // Another process runs on real time; each round is one request, so the loop is bounded by
        // what the host can answer.
        const ROUNDS: u32 = 600;
        let mut last = Value::Null;
        for _ in 0..ROUNDS {
            last = self.get(path)?.1;
            if wanted(&last) {
                return Ok(last);
            }
            std::thread::park_timeout(Duration::from_millis(100));
        }
        bail!("{what} did not come true; the last answer of {path} was {last:#}")
    }
}

impl Drop for Binary {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(environment: &[(&str, String)]) -> anyhow::Result<Command> {
    let program: PathBuf = crate::files::built("forebay")?;
    let mut command = Command::new(program);
    with_environment(&mut command, environment);
    Ok(command)
}

fn with_environment<'a>(
    command: &'a mut Command,
    environment: &[(&str, String)],
) -> &'a mut Command {
    command.env("FOREBAY_API_KEY", API_KEY);
    command.envs(environment.iter().map(|(name, value)| (*name, value)))
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into()
}

fn answer(
    answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
) -> anyhow::Result<(u16, Value)> {
    let mut response = answer?;
    let status = response.status().as_u16();
    let text = response.body_mut().read_to_string()?;
    Ok((
        status,
        serde_json::from_str(&text).unwrap_or(Value::String(text)),
    ))
}
