//! What an operator reads: the host's log as text, one event per line.

use std::io;
use std::sync::{Arc, Mutex};

use tracing::Level;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

/// The log of this thread, from now on until it is dropped.
pub struct Log {
    written: Written,
    _guard: DefaultGuard,
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Default for Log {
    fn default() -> Self {
        let written = Written::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(Level::INFO)
            .without_time()
            .with_ansi(false)
            .with_writer(written.clone())
            .finish();
        Self {
            written,
            _guard: tracing::subscriber::set_default(subscriber),
        }
    }
}

impl Log {
    /// All of it.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8(self.written.0.lock().unwrap().clone()).unwrap()
    }

    /// Lines that hold these words.
    #[must_use]
    pub fn with(&self, words: &str) -> Vec<String> {
        let text = self.text();
        let lines = text.lines().filter(|line| line.contains(words));
        lines.map(str::to_owned).collect()
    }

    /// Lines that a plugin wrote.
    #[must_use]
    pub fn of_plugin(&self, plugin: &str) -> Vec<String> {
        let tag = format!("plugin=\"{plugin}\"");
        let mut lines = self.with(" plugin: ");
        lines.retain(|line| line.contains(&tag));
        lines
    }

    /// Fail unless every line begins as the host begins its lines and holds nothing that steers a
    /// terminal.
    pub fn assert_unforged(&self) {
        for line in self.text().lines() {
            let level = line.split_whitespace().next().unwrap_or_default();
            assert!(
                ["ERROR", "WARN", "INFO"].contains(&level),
                "not a line of the host: {line:?}"
            );
            let steering = |c: char| c.is_control() && c != '\t' || c == '\u{202e}';
            assert!(!line.contains(steering), "{line:?}");
        }
    }
}

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Written {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
