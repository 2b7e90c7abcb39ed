//! Fetching secrets from where the configuration says they are. Values go into the returned list
//! and nowhere else: no message holds one.

use std::io::Read as _;
use std::path::Path as FilePath;

use forebay_model::Severity;
use serde_json::Value;

use crate::document::Document;
use crate::environment::Missing;
use crate::path::Path;
use crate::problem::Problem;
use crate::raw::SecretSource;

/// Larger files are no secrets: certificates with their chains stay well below.
const LARGEST_SECRET: u64 = 64 << 10;

/// The live values of the secret that is written at `path`, the one to send first. What cannot be
/// fetched is reported; what has not the form of a source is left to the schema's report.
pub(crate) fn fetch(
    document: &Document,
    path: &Path,
    written: &Value,
    problems: &mut Vec<Problem>,
) -> Vec<String> {
    let sources: Vec<(Path, &Value)> = match written {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, item)| (path.index(index), item))
            .collect(),
        single => vec![(path.clone(), single)],
    };
    let mut values = Vec::new();
    for (path, source) in sources {
        let found = match serde_json::from_value(source.clone()) {
            Ok(SecretSource::Env(name)) => from_environment(document, &path, &name),
            Ok(SecretSource::File(file)) => from_file(document, &path, &file, problems),
            Err(_) => continue,
        };
        match found {
            Ok(value) => values.push(value),
            Err(problem) => problems.push(problem),
        }
    }
    values
}

/// The variable is named in the message only if it looks like one: somebody may have written the
/// secret itself in its place.
fn from_environment(document: &Document, path: &Path, name: &str) -> Result<String, Problem> {
    document.environment.get(name).map_err(|missing| {
        let (message, mend) = match missing {
            Missing::Unset => ("is not set", "set it, or name another one"),
            Missing::NotText => ("does not hold UTF-8", "store the secret as text"),
        };
        let conventional = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        let shown = if name.chars().all(conventional) {
            format!(" `{name}`")
        } else {
            String::new()
        };
        document.at_value(
            path,
            format!("the environment variable{shown} {message}"),
            mend,
        )
    })
}

fn from_file(
    document: &Document,
    path: &Path,
    file: &str,
    problems: &mut Vec<Problem>,
) -> Result<String, Problem> {
    let full = document.directory.join(file);
    let failed = |message: String, mend: &str| document.at_value(path, message, mend);
    // The path is not shown: somebody may have written the secret itself in its place.
    let unreadable = |error: std::io::Error| {
        let start = document.directory.display();
        let mend = format!(
            "check the path, which starts at `{start}` if it is relative, and that the host's user \
             may read the file"
        );
        failed(format!("the secret file cannot be read: {error}"), &mend)
    };
    let opened = std::fs::File::open(&full).map_err(unreadable)?;
    if opened
        .metadata()
        .is_ok_and(|metadata| readable_by_everybody(&metadata))
    {
        problems.push(document.at_key(
            path,
            Severity::Warning,
            format!(
                "every user of this machine may read the secret file `{}`",
                full.display()
            ),
            format!("chmod 600 {}", full.display()),
        ));
    }
    read_trimmed(opened, &full, failed, unreadable)
}

fn read_trimmed(
    file: std::fs::File,
    full: &FilePath,
    failed: impl Fn(String, &str) -> Problem,
    unreadable: impl Fn(std::io::Error) -> Problem,
) -> Result<String, Problem> {
    let mut bytes = Vec::new();
    file.take(LARGEST_SECRET + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    let shown = full.display();
    if bytes.len() as u64 > LARGEST_SECRET {
        let message = format!("the secret file `{shown}` is larger than {LARGEST_SECRET} bytes");
        return Err(failed(message, "name a file that holds the secret only"));
    }
    let mut value = String::from_utf8(bytes).map_err(|_| {
        failed(
            format!("the secret file `{shown}` is not UTF-8"),
            "store the secret as text",
        )
    })?;
    // Editors and `echo` end a file with a line break that is no part of the secret.
    let trimmed = value.trim_end_matches(['\r', '\n']).len();
    value.truncate(trimmed);
    if value.is_empty() {
        return Err(failed(
            format!("the secret file `{shown}` is empty"),
            "write the secret into it",
        ));
    }
    Ok(value)
}

#[cfg(unix)]
fn readable_by_everybody(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    /// The permission bit of "others may read".
    const OTHERS_READ: u32 = 0o004;
    metadata.permissions().mode() & OTHERS_READ != 0
}

#[cfg(not(unix))]
fn readable_by_everybody(_: &std::fs::Metadata) -> bool {
    false
}
