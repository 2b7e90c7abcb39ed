//! Backups: a folder with a copy of the store, the plugin files that its live runs are pinned to, and
//! a manifest that names and proves every file.
//!
//! [`Core::backup`] makes one while the host serves, [`Set::open`] reads and checks one. `target` says
//! where one may go.

mod folder;
mod manifest;
mod target;

pub use manifest::{FileProof, Lacking, Manifest, PluginEntry, Set, StoreEntry};
pub use target::BackupOptions;

use std::path::{Path, PathBuf};

use forebay_model::Digest;
use forebay_model::audit::AuditEntry;
use forebay_model::plugin::Plugin;
use serde_json::json;

use self::folder::Folder;
use crate::core::Core;
use crate::{Error, Result};

/// A backup that is complete and on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackedUp {
    /// The folder.
    pub path: PathBuf,
    /// Bytes of all its files.
    pub bytes: u64,
    /// What is in it.
    pub manifest: Manifest,
}

impl Core {
    /// Where a backup under this name goes; its folder is there afterwards.
    ///
    /// # Errors
    /// [`Error::Refused`] if it may not go there.
    pub async fn backup_target(&self, name: &str) -> Result<PathBuf> {
        let options = self
            .options
            .backups
            .clone()
            .ok_or_else(|| Error::Refused("this host has no folder for backups".to_owned()))?;
        let name = PathBuf::from(name);
        blocking(move || target::target(&options, &name)).await
    }

    /// Write a backup to a path that [`Core::backup_target`] gave. Audited.
    ///
    /// A plugin file that is lost or damaged does not keep the rest from being saved: the manifest
    /// says what is lacking.
    ///
    /// # Errors
    /// If something is there already, or the store or the disk fails. Nothing is left there then.
    pub async fn backup(&self, path: &Path, actor: String) -> Result<BackedUp> {
        // No plugin file goes while one that the copy needs may not be saved yet.
        let _stays = self.plugin_files.lock().await;
        let made_at = self.clock.now();
        let target = path.to_owned();
        let folder = blocking(move || Folder::beside(&target)).await?;
        let copied = self.store.backup(&folder.store()).await?;
        let mut manifest = Manifest::new(made_at, &copied.contents);
        for digest in copied.contents.handlers {
            match self.file_of(&digest).await {
                Ok((plugin, bytes)) => {
                    manifest.plugins.push(PluginEntry::of(&plugin));
                    let folder = folder.clone();
                    blocking(move || folder.add_plugin(&plugin, &bytes)).await?;
                }
                Err(reason) => {
                    tracing::error!(%digest, reason, "a plugin file that runs need is not in the backup");
                    manifest.lacking.push(Lacking { digest, reason });
                }
            }
        }
        let manifest = blocking(move || folder.finish(manifest)).await?;
        let backed_up = BackedUp {
            path: path.to_owned(),
            bytes: manifest.files.values().map(|file| file.bytes).sum(),
            manifest,
        };
        self.tell_of_backup(&backed_up, actor).await?;
        Ok(backed_up)
    }

    async fn file_of(&self, digest: &Digest) -> std::result::Result<(Plugin, Vec<u8>), String> {
        let plugin = self.guests.plugin(digest);
        let plugin = plugin.ok_or("it is not known to this host")?;
        let bytes = self.guests.component(digest).await;
        let bytes = bytes.map_err(|error| error.to_string())?;
        Ok((Plugin::clone(&plugin), bytes))
    }

    async fn tell_of_backup(&self, backup: &BackedUp, actor: String) -> Result<()> {
        let digests = |digest: &Digest| digest.clone();
        let plugins = backup.manifest.plugins.iter().map(|file| &file.digest);
        let lacking = backup.manifest.lacking.iter().map(|file| &file.digest);
        let details = json!({
            "path": backup.path,
            "bytes": backup.bytes,
            "plugins": plugins.map(digests).collect::<Vec<_>>(),
            "lacking": lacking.map(digests).collect::<Vec<_>>(),
        });
        let entry = AuditEntry {
            at: self.clock.now(),
            run: None,
            flow: None,
            actor,
            action: "operator.backup".to_owned(),
            details,
        };
        self.store.audit(vec![entry]).await?;
        tracing::info!(path = %backup.path.display(), bytes = backup.bytes, "backup written");
        Ok(())
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let ended = tokio::task::spawn_blocking(work).await;
    ended.unwrap_or_else(|error| Err(Error::Refused(error.to_string())))
}
