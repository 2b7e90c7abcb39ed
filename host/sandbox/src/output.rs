//! What a component writes: standard output, standard error and the `log` interface, on one way to
//! the host's log, escaped, cut, counted and tagged.
//!
//! A guest is never stopped for what it writes; beyond its budget it writes into nothing.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use forebay_model::{SharedClock, Timestamp};
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use crate::limits::Limits;

/// How much of the end of the output an error message quotes: a panic message and its place.
const TAIL_BYTES: usize = 1_000;

/// What a writer may hand over at once; the stream is always ready for this much.
const CHUNK_BYTES: usize = 64 << 10;

/// Severity of a line, as `log.level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

/// The rate at which a plugin may write, over all its calls: a bucket of lines.
pub(crate) struct LineBudget {
    clock: SharedClock,
    per_second: u32,
    burst: u32,
    bucket: Mutex<(f64, Timestamp)>,
}

impl LineBudget {
    pub(crate) fn new(clock: SharedClock, limits: &Limits) -> Self {
        let now = clock.now();
        Self {
            clock,
            per_second: limits.log_lines_per_second,
            burst: limits.log_burst_lines,
            bucket: Mutex::new((f64::from(limits.log_burst_lines), now)),
        }
    }

    /// May one more line be written now?
    fn take(&self) -> bool {
        let now = self.clock.now();
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let (lines, since) = *bucket;
        let gained = now.since(since).as_secs_f64() * f64::from(self.per_second);
        let lines = (lines + gained).min(f64::from(self.burst));
        let taken = lines >= 1.0;
        *bucket = (if taken { lines - 1.0 } else { lines }, now);
        taken
    }
}

/// Who writes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tags {
    pub(crate) plugin: String,
    pub(crate) connection: String,
    pub(crate) run: String,
}

/// The output of one call.
pub(crate) struct Output {
    tags: Tags,
    budget: Arc<LineBudget>,
    line_bytes: usize,
    written: Mutex<Written>,
}

struct Written {
    /// Bytes this call may still write.
    left: u64,
    /// Lines that were dropped.
    dropped: u64,
    /// The line begun on standard output and standard error.
    partial: Vec<u8>,
    /// The end of what was written.
    tail: String,
}

impl Output {
    pub(crate) fn new(tags: Tags, budget: Arc<LineBudget>, limits: &Limits) -> Self {
        Self {
            tags,
            budget,
            line_bytes: Limits::size(limits.log_line_bytes),
            written: Mutex::new(Written {
                left: limits.log_bytes_per_call,
                dropped: 0,
                partial: Vec::new(),
                tail: String::new(),
            }),
        }
    }

    /// A line of the `log` interface.
    pub(crate) fn line(&self, level: Level, text: &str) {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        self.write_line(&mut written, level, text.as_bytes());
    }

    /// Bytes of standard output or standard error; lines are written as they end.
    fn bytes(&self, bytes: &[u8]) {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = self.line_bytes.saturating_sub(written.partial.len());
            let text = piece.strip_suffix(b"\n").unwrap_or(piece);
            written
                .partial
                .extend_from_slice(&text[..text.len().min(room)]);
            if piece.ends_with(b"\n") {
                self.end_line(&mut written);
            }
        }
    }

    fn end_line(&self, written: &mut Written) {
        let line = std::mem::take(&mut written.partial);
        if !line.is_empty() {
            self.write_line(written, Level::Info, &line);
        }
    }

    fn write_line(&self, written: &mut Written, level: Level, line: &[u8]) {
        let text = escape(line, self.line_bytes);
        remember(&mut written.tail, &text);
        let size = text.len() as u64;
        if size > written.left || !self.budget.take() {
            written.dropped += 1;
            return;
        }
        written.left -= size;
        let Tags {
            plugin,
            connection,
            run,
        } = &self.tags;
        match level {
            Level::Debug => tracing::debug!(target: "plugin", plugin, connection, run, "{text}"),
            Level::Info => tracing::info!(target: "plugin", plugin, connection, run, "{text}"),
            Level::Warn => tracing::warn!(target: "plugin", plugin, connection, run, "{text}"),
            Level::Error => tracing::error!(target: "plugin", plugin, connection, run, "{text}"),
        }
    }

    /// The end of what was written, for the message of a trap.
    pub(crate) fn tail(&self) -> String {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        self.end_line(&mut written);
        written.tail.clone()
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        let mut written = std::mem::replace(
            self.written
                .get_mut()
                .unwrap_or_else(PoisonError::into_inner),
            Written {
                left: 0,
                dropped: 0,
                partial: Vec::new(),
                tail: String::new(),
            },
        );
        self.end_line(&mut written);
        if written.dropped > 0 {
            let Tags {
                plugin,
                connection,
                run,
            } = &self.tags;
            metrics::counter!("forebay_plugin_log_dropped_total", "plugin" => plugin.clone())
                .increment(written.dropped);
            tracing::warn!(
                plugin,
                connection,
                run,
                dropped = written.dropped,
                "log lines of the plugin were dropped (limits.log_bytes_per_call, limits.log_lines_per_second)"
            );
        }
    }
}

/// Keep the end of the output.
fn remember(tail: &mut String, line: &str) {
    if !tail.is_empty() {
        tail.push('\n');
    }
    tail.push_str(line);
    let surplus = tail.len().saturating_sub(TAIL_BYTES);
    if surplus > 0 {
        let cut = (surplus..tail.len()).find(|at| tail.is_char_boundary(*at));
        tail.drain(..cut.unwrap_or(tail.len()));
    }
}

/// Text with control characters written out, so that nobody can forge log lines or steer a terminal,
/// cut to about `most` bytes.
pub(crate) fn escape(bytes: &[u8], most: usize) -> String {
    let mut text = String::with_capacity(bytes.len().min(most));
    for character in String::from_utf8_lossy(bytes).chars() {
        if text.len() >= most {
            text.push('…');
            break;
        }
        match character {
            '\t' => text.push('\t'),
            // Besides controls, the characters that change the direction or end of a line.
            control if control.is_control() || is_line_steering(control) => {
                text.extend(control.escape_unicode());
            }
            plain => text.push(plain),
        }
    }
    text
}

/// A message that may quote a guest, on one line, safe for logs and terminals, cut to about `most`
/// bytes.
pub(crate) fn one_line(message: &str, most: usize) -> String {
    escape(message.trim_end().replace('\n', " | ").as_bytes(), most)
}

fn is_line_steering(character: char) -> bool {
    matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}')
}

/// Standard output and standard error of a guest.
#[derive(Clone)]
pub(crate) struct Stream(pub(crate) Arc<Output>);

impl IsTerminal for Stream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Stream {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.bytes(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[async_trait::async_trait]
impl Pollable for Stream {
    async fn ready(&mut self) {}
}

impl OutputStream for Stream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.0.bytes(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(CHUNK_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use forebay_model::VirtualClock;
    use std::time::Duration;

    #[test]
    fn control_characters_are_written_out() {
        assert_eq!(escape(b"a\x1b[31m\nb\tc", 100), "a\\u{1b}[31m\\u{a}b\tc");
        assert_eq!(escape("x\u{202e}y".as_bytes(), 100), "x\\u{202e}y");
        assert_eq!(escape(&[0xff, b'a'], 100), "\u{fffd}a");
        assert_eq!(escape(b"abcdef", 3), "abc…");
    }

    #[test]
    fn the_tail_keeps_the_end_on_a_character_boundary() {
        let mut tail = String::new();
        remember(&mut tail, &"ä".repeat(TAIL_BYTES));
        remember(&mut tail, "end");
        assert!(tail.len() <= TAIL_BYTES && tail.ends_with("ä\nend"));
    }

    #[test]
    fn lines_come_back_with_time() {
        let clock = VirtualClock::new(Timestamp(0));
        let limits = Limits {
            log_burst_lines: 2,
            log_lines_per_second: 1,
            ..Limits::default()
        };
        let budget = LineBudget::new(Arc::new(clock.clone()), &limits);
        assert!(budget.take() && budget.take() && !budget.take());
        clock.advance(Duration::from_secs(1));
        assert!(budget.take() && !budget.take());
    }

    #[test]
    fn a_call_beyond_its_budget_writes_into_nothing() {
        let limits = Limits {
            log_bytes_per_call: 10,
            ..Limits::default()
        };
        let clock = Arc::new(VirtualClock::new(Timestamp(0)));
        let budget = Arc::new(LineBudget::new(clock, &limits));
        let output = Output::new(Tags::default(), budget, &limits);
        output.bytes(b"12345\n6789");
        output.bytes(b"0\nlost\n");
        let written = output.written.lock().unwrap();
        assert_eq!((written.left, written.dropped), (0, 1));
    }
}
