//! `forebay restore`.

use std::process::ExitCode;

use anyhow::Context as _;
use forebay_store::sqlite;

use crate::arguments::Restore;
use crate::commands::say;
use crate::{check, host};

/// Make a backup the store of the configured host.
pub(crate) fn restore(arguments: &Restore) -> anyhow::Result<ExitCode> {
    let (_, bootstrap) = match host::read(&arguments.config) {
        Ok(read) => read,
        Err(problems) => return Ok(check::refuse(&problems)),
    };
    let target = &bootstrap.store.path;
    if let Some(folder) = target.parent() {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("the folder {} cannot be made", folder.display()))?;
    }
    if target.exists() && !arguments.replace {
        anyhow::bail!(
            "there is a store at {}; --replace puts the backup in its place and keeps it aside",
            target.display()
        );
    }
    let now = host::system_clock().now();
    let restored = sqlite::restore(&arguments.source, target, arguments.replace, now)?;
    say(&format!(
        "{}: {} bytes, {} audit records, whole",
        target.display(),
        restored.bytes,
        restored.audit_records
    ));
    if let Some(kept) = restored.kept {
        say(&format!(
            "the store before it is kept at {}",
            kept.display()
        ));
    }
    Ok(ExitCode::SUCCESS)
}
