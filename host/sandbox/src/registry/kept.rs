//! The host's own copy of every accepted component, named by digest, so that runs keep the plugin
//! they started with after its file was replaced or removed.
//!
//! `<digest>.wasm` is the component, `<digest>.json` what is known of it and who judged it, `files.json` which file of
//! the drop directory stood for which digest, `unused.json` since when which digest is not needed. Only
//! the host writes here.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use cap_std::fs::Dir;
use forebay_model::Digest;
use forebay_model::plugin::Plugin;
use serde::{Deserialize, Serialize};

use super::directory::open_own;
use super::unused::Unused;
use crate::error::Error;

/// The folder below `data_dir`.
const FOLDER: &str = "plugins";

/// Which file stands for which digest.
const FILES: &str = "files.json";

/// Since when which digest is not needed.
const UNUSED: &str = "unused.json";

/// The kept plugins of a host. A running host has them to itself; for others they are there to put
/// back what a backup holds.
pub struct Kept {
    dir: Dir,
}

/// What is known of a kept component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Verdict {
    #[serde(flatten)]
    pub(crate) plugin: Plugin,
    /// Who accepted it: another host or other limits may come to another verdict. Nobody, if it was
    /// accepted before this was written down.
    #[serde(default)]
    pub(crate) judge: String,
}

impl Kept {
    /// Those below this `data_dir`. Their folder is made if it is not there.
    ///
    /// # Errors
    /// It cannot be used, or everybody may write to it.
    pub fn below(data_dir: &Path) -> Result<Self, Error> {
        Self::open(&data_dir.join(FOLDER))
    }

    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        open_own(path).map(|dir| Self { dir })
    }

    /// Is this plugin kept, whole, and with its description?
    #[must_use]
    pub fn holds(&self, digest: &Digest) -> bool {
        self.read(digest).is_ok() && self.read_json::<Plugin>(&format!("{digest}.json")).is_ok()
    }

    /// Keep a component that another host has accepted; this one judges it when it is dropped. Once
    /// this returns, it survives a crash of the machine. A damaged copy is replaced.
    ///
    /// # Errors
    /// The bytes are not those of the plugin, or a file cannot be written.
    pub fn keep(&self, plugin: &Plugin, bytes: &[u8]) -> io::Result<()> {
        if Digest::of(bytes) != plugin.digest {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the bytes are not those of the plugin",
            ));
        }
        let verdict = Verdict {
            plugin: plugin.clone(),
            judge: String::new(),
        };
        self.keep_judged(&verdict, bytes)
    }

    /// Keep a component that was judged here. What is there already is left alone, so that a start
    /// writes nothing.
    pub(crate) fn keep_judged(&self, verdict: &Verdict, bytes: &[u8]) -> io::Result<()> {
        let component = component_name(&verdict.plugin.digest);
        if self.dir.read(&component).ok().as_deref() != Some(bytes) {
            self.write(&component, bytes)?;
        }
        // Last, because a component counts as kept once its description is there.
        let description = format!("{}.json", verdict.plugin.digest);
        if self.read_json::<Verdict>(&description).ok().as_ref() != Some(verdict) {
            self.write(&description, &serde_json::to_vec(verdict)?)?;
        }
        Ok(())
    }

    /// The bytes of a kept component, checked against its name.
    ///
    /// # Errors
    /// It is not there, cannot be read, or is damaged.
    pub fn read(&self, digest: &Digest) -> io::Result<Vec<u8>> {
        let bytes = self.dir.read(component_name(digest))?;
        if Digest::of(&bytes) == *digest {
            return Ok(bytes);
        }
        Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "the kept file is damaged",
        ))
    }

    /// Everything kept. A damaged description is left out and logged.
    pub(crate) fn verdicts(&self) -> Vec<Verdict> {
        let entries = match self.dir.entries() {
            Ok(entries) => entries,
            Err(error) => {
                tracing::error!(%error, "the kept plugins cannot be listed");
                return Vec::new();
            }
        };
        let mut verdicts = Vec::new();
        for entry in entries.flatten() {
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            if name == FILES || name == UNUSED || !name.ends_with(".json") {
                continue;
            }
            match self.read_json(&name) {
                Ok(verdict) => verdicts.push(verdict),
                Err(error) => tracing::error!(%error, name, "a kept plugin cannot be read"),
            }
        }
        verdicts
    }

    /// Remove a component. Its description goes first: without it the component does not count as
    /// kept, and what a crash leaves is found by its digest when it comes again.
    pub(crate) fn remove(&self, digest: &Digest) -> io::Result<()> {
        for name in [format!("{digest}.json"), component_name(digest)] {
            match self.dir.remove_file(name) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        self.dir.open(".")?.sync_all()
    }

    /// Which file stood for which digest.
    pub(crate) fn files(&self) -> BTreeMap<String, Digest> {
        self.list(FILES)
    }

    /// Since when which digest is not needed.
    pub(crate) fn unused(&self) -> Unused {
        self.list(UNUSED)
    }

    /// Remember since when which digest is not needed.
    pub(crate) fn note_unused(&self, unused: &Unused) -> io::Result<()> {
        self.write(UNUSED, &serde_json::to_vec(unused)?)
    }

    fn list<T: serde::de::DeserializeOwned + Default>(&self, name: &str) -> T {
        match self.read_json(name) {
            Ok(list) => list,
            Err(error) if error.kind() == io::ErrorKind::NotFound => T::default(),
            Err(error) => {
                tracing::error!(%error, name, "a list beside the kept plugins cannot be read");
                T::default()
            }
        }
    }

    /// Remember which file stands for which digest.
    pub(crate) fn remember(&self, files: &BTreeMap<String, Digest>) -> io::Result<()> {
        if self.files() == *files {
            return Ok(());
        }
        self.write(FILES, &serde_json::to_vec(files)?)
    }

    fn read_json<T: serde::de::DeserializeOwned>(&self, name: &str) -> io::Result<T> {
        Ok(serde_json::from_slice(&self.dir.read(name)?)?)
    }

    /// Write a file as a whole or not at all.
    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        // A name of its own: a check may look at the same folder while a host serves.
        static WRITES: AtomicU64 = AtomicU64::new(0);
        let number = WRITES.fetch_add(1, Ordering::Relaxed);
        let temporary = format!("{name}.{}-{number}.tmp", std::process::id());
        let mut file = self.dir.create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        drop(file);
        self.dir.rename(&temporary, &self.dir, name)?;
        // The rename itself has to reach the disk too.
        self.dir.open(".")?.sync_all()
    }
}

fn component_name(digest: &Digest) -> String {
    format!("{digest}.wasm")
}
