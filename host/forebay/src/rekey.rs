//! `forebay rekey`.

use std::process::ExitCode;

use forebay_store::sqlite;

use crate::arguments::Rekey;
use crate::commands::say;
use crate::{check, host};

/// Seal the store of the configured host with the first of its keys, or unseal it.
pub(crate) fn rekey(arguments: &Rekey) -> anyhow::Result<ExitCode> {
    let (_, bootstrap) = match host::read(&arguments.config) {
        Ok(read) => read,
        Err(problems) => return Ok(check::refuse(&problems)),
    };
    let keys = host::store_keys(&bootstrap.store)?;
    let new = match (keys.first(), arguments.unseal) {
        (None, _) => anyhow::bail!(
            "store.key is not set: name the new key there, and after it the one that is in use"
        ),
        (Some(_), true) => None,
        (Some(key), false) => Some(key),
    };
    let path = &bootstrap.store.path;
    let changed = sqlite::rekey(path, &keys, new)?;
    let done = match new {
        Some(key) => format!("sealed with the key {}", key.id()),
        None => "no longer sealed; take store.key out of the configuration".to_owned(),
    };
    say(&format!("{}: {changed} values {done}", path.display()));
    Ok(ExitCode::SUCCESS)
}
