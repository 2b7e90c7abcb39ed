//! Log set-up.

use std::io::IsTerminal as _;

use anyhow::Context as _;
use forebay_config::{LogFormat, LogSettings};
use tracing_subscriber::EnvFilter;

/// Write log lines to standard error, as configured.
pub(crate) fn start(settings: &LogSettings) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&settings.level)
        .with_context(|| format!("log.level `{}` cannot be used", settings.level))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match settings.format {
        LogFormat::Json => builder.json().flatten_event(true).init(),
        LogFormat::Text => builder.with_ansi(std::io::stderr().is_terminal()).init(),
    }
    Ok(())
}
