//! A backup while it is written: under a name that says that it is not finished, removed if it never
//! is.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use forebay_model::plugin::Plugin;

use super::manifest::{
    FileProof, MANIFEST, Manifest, PLUGINS, STORE, component_path, description_path,
};
use crate::Result;

/// The folder of an unfinished backup. Dropping the last handle removes it.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    partial: Arc<Partial>,
    target: PathBuf,
}

#[derive(Debug)]
struct Partial(PathBuf);

impl Drop for Partial {
    fn drop(&mut self) {
        // Finished, it has another name.
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Folder {
    /// Begin a backup that is to have this name. What an earlier attempt left goes.
    pub(super) fn beside(target: &Path) -> Result<Self> {
        if fs::symlink_metadata(target).is_ok() {
            let there = format!("{} is there already", target.display());
            return Err(forebay_store::Error::Refused(there).into());
        }
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let partial = target.with_file_name(format!(".{name}.partial"));
        let made = match fs::remove_dir_all(&partial) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => fs::create_dir(&partial),
        };
        made.map_err(|error| unwritable(&partial, &error))?;
        let folder = Self {
            partial: Arc::new(Partial(partial)),
            target: target.to_owned(),
        };
        let plugins = folder.path(PLUGINS);
        fs::create_dir(&plugins).map_err(|error| unwritable(&plugins, &error))?;
        Ok(folder)
    }

    /// Where the copy of the store goes.
    pub(super) fn store(&self) -> PathBuf {
        self.path(STORE)
    }

    /// Save a plugin: its component, and what is known of it.
    pub(super) fn add_plugin(&self, plugin: &Plugin, bytes: &[u8]) -> Result<()> {
        let description = serde_json::to_vec(plugin).map_err(io::Error::from);
        let path = self.path(&description_path(&plugin.digest));
        let description = description.map_err(|error| unwritable(&path, &error))?;
        self.write(&description_path(&plugin.digest), &description)?;
        self.write(&component_path(&plugin.digest), bytes)
    }

    /// Write the manifest, bring all to the disk and give it its name.
    pub(super) fn finish(self, mut manifest: Manifest) -> Result<Manifest> {
        let mut paths = vec![STORE.to_owned()];
        for plugin in &manifest.plugins {
            paths.push(component_path(&plugin.digest));
            paths.push(description_path(&plugin.digest));
        }
        for path in paths {
            let file = self.path(&path);
            let proof = FileProof::of(&file).map_err(|error| unwritable(&file, &error))?;
            manifest.files.insert(path, proof);
        }
        let target = &self.target;
        let text = serde_json::to_vec_pretty(&manifest).map_err(io::Error::from);
        let text = text.map_err(|error| unwritable(target, &error))?;
        self.write(MANIFEST, &text)?;
        let named = || {
            sync(&self.path(PLUGINS))?;
            sync(&self.partial.0)?;
            fs::rename(&self.partial.0, target)?;
            sync(target.parent().unwrap_or(target))
        };
        named().map_err(|error| unwritable(target, &error))?;
        Ok(manifest)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.partial.0.join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.path(name);
        let written = || {
            let mut file = File::create_new(&path)?;
            file.write_all(bytes)?;
            file.sync_all()
        };
        written().map_err(|error| unwritable(&path, &error))
    }
}

/// A name is on disk only after its folder is.
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn unwritable(path: &Path, error: &io::Error) -> crate::Error {
    let message = format!("cannot write {}: {error}", path.display());
    forebay_store::Error::Unwritable(message).into()
}
