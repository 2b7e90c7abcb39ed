//! What a backup says of itself, and whether that holds.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use forebay_model::plugin::Plugin;
use forebay_model::{Digest, Timestamp};
use forebay_store::copy::Contents;
use serde::{Deserialize, Serialize};
use sha2::Digest as _;

use crate::{Error, Result};

/// Name of the manifest in the folder of a backup.
pub(super) const MANIFEST: &str = "manifest.json";

/// Name of the store's copy in it.
pub(super) const STORE: &str = "forebay.db";

/// The folder of plugin files in it.
pub(super) const PLUGINS: &str = "plugins";

/// Version of the layout. It is raised when an older host could not restore what a newer one writes.
const FORMAT: u32 = 1;

/// Bytes read at once.
const CHUNK: usize = 1 << 16;

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Manifest {
    /// Version of the layout.
    pub format: u32,
    /// When it was made, in words for people.
    pub made: String,
    /// Version of the host that made it.
    pub host: String,
    /// What the store held.
    pub store: StoreEntry,
    /// Handlers that live runs are pinned to.
    pub plugins: Vec<PluginEntry>,
    /// Those of them that could not be saved.
    pub lacking: Vec<Lacking>,
    /// Every other file, by its path in the folder.
    pub files: BTreeMap<String, FileProof>,
}

/// What the store held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct StoreEntry {
    /// Version of its schema.
    pub schema: u32,
    /// Records of its audit.
    pub audit_records: u64,
    /// Hash of the newest of them.
    pub audit_hash: String,
    /// Runs that had not ended.
    pub live_runs: u64,
    /// Name of the key it is sealed with, if it is.
    pub sealed_with: Option<String>,
}

/// A plugin whose file is in the backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginEntry {
    /// SHA-256 of its component.
    pub digest: Digest,
    /// The name it gives itself.
    pub name: String,
    /// The version it gives itself.
    pub version: String,
}

/// A plugin whose file could not be saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lacking {
    /// SHA-256 of its component.
    pub digest: Digest,
    /// Why.
    pub reason: String,
}

/// What proves a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileProof {
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of what is in it, in hexadecimal.
    pub sha256: String,
}

impl Manifest {
    pub(super) fn new(made_at: Timestamp, contents: &Contents) -> Self {
        Self {
            format: FORMAT,
            made: made_at.to_string(),
            host: env!("CARGO_PKG_VERSION").to_owned(),
            store: StoreEntry {
                schema: contents.schema,
                audit_records: contents.audit_records,
                audit_hash: contents.audit_hash.clone(),
                live_runs: contents.live_runs,
                sealed_with: contents.sealed_with.clone(),
            },
            plugins: Vec::new(),
            lacking: Vec::new(),
            files: BTreeMap::new(),
        }
    }
}

impl PluginEntry {
    pub(super) fn of(plugin: &Plugin) -> Self {
        Self {
            digest: plugin.digest.clone(),
            name: plugin.name().to_owned(),
            version: plugin.version().to_owned(),
        }
    }
}

impl FileProof {
    /// Read a file to its end.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let (mut hash, mut bytes) = (sha2::Sha256::new(), 0);
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = file.read(&mut chunk)?;
            let Some(part) = chunk.get(..read).filter(|part| !part.is_empty()) else {
                break;
            };
            hash.update(part);
            bytes += part.len() as u64;
        }
        Ok(Self {
            bytes,
            sha256: hex::encode(hash.finalize()),
        })
    }
}

/// A backup on disk, every file of which is what its manifest says.
#[derive(Clone, Debug)]
pub struct Set {
    folder: PathBuf,
    manifest: Manifest,
}

impl Set {
    /// Read the manifest and check every file against it. Blocks while all is read once.
    ///
    /// # Errors
    /// [`Error::Refused`] with all that is wrong: it is no backup, one of a later version, or files
    /// are missing, changed, or not what they should be.
    pub fn open(folder: &Path) -> Result<Self> {
        let refused = |why: String| Error::Refused(format!("{}: {why}", folder.display()));
        let text = fs::read(folder.join(MANIFEST))
            .map_err(|error| refused(format!("it is no backup, {MANIFEST}: {error}")))?;
        let unreadable = |error| refused(format!("{MANIFEST} cannot be read: {error}"));
        let format: Format = serde_json::from_slice(&text).map_err(unreadable)?;
        if format.format > FORMAT {
            return Err(refused(format!(
                "it was made by a later version of the host (its format is {}, this host knows \
                 {FORMAT}); restore it with that version",
                format.format
            )));
        }
        let set = Self {
            folder: folder.to_owned(),
            manifest: serde_json::from_slice(&text).map_err(unreadable)?,
        };
        let wrong = set.wrong();
        match wrong.is_empty() {
            true => Ok(set),
            false => Err(refused(wrong.join("; "))),
        }
    }

    /// Is this a file within a backup that should be restored as a whole?
    #[must_use]
    pub fn around(file: &Path) -> Option<&Path> {
        let folder = file.parent()?;
        folder.join(MANIFEST).is_file().then_some(folder)
    }

    /// What it says of itself.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The copy of the store.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.folder.join(STORE)
    }

    /// A plugin of it, with its component.
    ///
    /// # Errors
    /// If it cannot be read, or is another one.
    pub fn plugin(&self, digest: &Digest) -> Result<(Plugin, Vec<u8>)> {
        let read = |path: String| {
            fs::read(self.folder.join(&path)).map_err(|error| format!("{path}: {error}"))
        };
        let both = read(component_path(digest)).and_then(|bytes| {
            let described = read(description_path(digest))?;
            let plugin: Plugin = serde_json::from_slice(&described)
                .map_err(|error| format!("{}: {error}", description_path(digest)))?;
            match plugin.digest == *digest && Digest::of(&bytes) == *digest {
                true => Ok((plugin, bytes)),
                false => Err(format!("{} is another plugin", component_path(digest))),
            }
        });
        both.map_err(Error::Refused)
    }

    fn wrong(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        if !self.manifest.files.contains_key(STORE) {
            wrong.push(format!("{STORE} is not among its files"));
        }
        for (path, proof) in &self.manifest.files {
            if let Err(why) = self.check(path, proof) {
                wrong.push(format!("{path} {why}"));
            }
        }
        if wrong.is_empty() {
            let plugins = self.manifest.plugins.iter();
            let broken = plugins.filter_map(|entry| self.plugin(&entry.digest).err());
            wrong.extend(broken.map(|error| error.to_string()));
        }
        wrong
    }

    fn check(&self, path: &str, proof: &FileProof) -> std::result::Result<(), String> {
        if !is_ours(path) {
            return Err("is no name of a file in a backup".to_owned());
        }
        let file = self.folder.join(path);
        let found = fs::symlink_metadata(&file).map_err(|error| format!("is missing: {error}"))?;
        if !found.is_file() {
            return Err("is no file".to_owned());
        }
        if found.len() != proof.bytes {
            return Err(format!(
                "has {} bytes instead of {}",
                found.len(),
                proof.bytes
            ));
        }
        let found = FileProof::of(&file).map_err(|error| format!("cannot be read: {error}"))?;
        match found == *proof {
            true => Ok(()),
            false => Err("is not what was written: its SHA-256 differs".to_owned()),
        }
    }
}

/// As much of a manifest as every version has.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

/// Paths come from a file that somebody may have changed: only names that a backup has are followed.
fn is_ours(path: &str) -> bool {
    let plugin = path
        .strip_prefix(PLUGINS)
        .and_then(|rest| rest.strip_prefix('/'));
    path == STORE
        || plugin.is_some_and(|name| {
            !name.starts_with('.') && !name.contains(['/', '\\', '\0']) && name.contains('.')
        })
}

/// Where a component stands in a backup.
pub(super) fn component_path(digest: &Digest) -> String {
    format!("{PLUGINS}/{digest}.wasm")
}

/// Where what is known of it stands.
pub(super) fn description_path(digest: &Digest) -> String {
    format!("{PLUGINS}/{digest}.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_a_backup_has_are_followed() {
        assert!(is_ours("forebay.db") && is_ours("plugins/ab12.wasm"));
        for path in [
            "",
            "/etc/passwd",
            "../forebay.db",
            "plugins",
            "plugins/",
            "plugins/..",
            "plugins/../forebay.db",
            "plugins/a/b.wasm",
            "manifest.json",
            "plugins/.hidden.wasm",
        ] {
            assert!(!is_ours(path), "{path}");
        }
    }
}
