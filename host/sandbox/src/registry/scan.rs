//! A look at the drop directory: what is new is taken in, what is gone is taken out.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use forebay_model::Digest;
use forebay_model::plugin::Plugin;
use tokio::time::Instant;

use super::Inner;
use super::directory::{Entry, Stamp};
use super::kept::Verdict;
use crate::error::{Code, Refusal};
use crate::loaded::Loaded;

/// Whether to wait for files that were just written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Take in everything now.
    None,
    /// Leave files alone until they have not changed for the settle time.
    Settle,
}

/// What earlier scans saw.
#[derive(Default)]
pub(crate) struct Progress {
    /// Files that were judged, as they were then.
    judged: HashMap<String, Stamp>,
    /// Files that are being written, and since when they look like this.
    settling: HashMap<String, (Stamp, Instant)>,
    /// Files that were refused only because another has their name.
    name_taken: HashSet<String>,
}

impl Inner {
    /// Look at the directory. Returns whether some file has to be looked at again soon.
    pub(crate) async fn scan(&self, patience: Patience) -> bool {
        let mut progress = self.progress.lock().await;
        let entries = match self.directory.list() {
            Ok(entries) => entries,
            Err(error) => {
                tracing::error!(%error, "the plugin directory cannot be listed");
                return false;
            }
        };
        let mut changed = self.take_out(&mut progress, &entries);
        let mut unsettled = false;
        for entry in &entries {
            if progress.judged.get(&entry.file) == Some(&entry.stamp) {
                continue;
            }
            if patience == Patience::Settle && !self.settled(&mut progress, entry) {
                unsettled = true;
                continue;
            }
            progress.settling.remove(&entry.file);
            changed |= self.take_in(&mut progress, entry).await;
            if self.directory.stamp(&entry.file).as_ref() == Some(&entry.stamp) {
                progress
                    .judged
                    .insert(entry.file.clone(), entry.stamp.clone());
            }
        }
        unsettled |= entries
            .iter()
            .any(|entry| !progress.judged.contains_key(&entry.file));
        if changed {
            if let Err(error) = self.kept.remember(self.catalog().files()) {
                tracing::error!(%error, "the list of plugin files cannot be written");
            }
            self.changes.send_modify(|count| *count += 1);
        }
        unsettled
    }

    /// Forget files that are gone. What they held stays available to the runs that use it.
    fn take_out(&self, progress: &mut Progress, entries: &[Entry]) -> bool {
        let there: HashSet<&str> = entries.iter().map(|entry| entry.file.as_str()).collect();
        let mut gone: HashSet<String> = self.catalog().files().keys().cloned().collect();
        gone.extend(progress.judged.keys().cloned());
        gone.retain(|file| !there.contains(file.as_str()));
        progress
            .settling
            .retain(|file, _| there.contains(file.as_str()));
        let mut changed = false;
        for file in gone {
            tracing::info!(file, "plugin file removed");
            progress.judged.remove(&file);
            progress.name_taken.remove(&file);
            changed |= self.catalog_mut().remove(&file);
        }
        if changed {
            retry_name_taken(progress);
        }
        changed
    }

    fn settled(&self, progress: &mut Progress, entry: &Entry) -> bool {
        let now = Instant::now();
        let (stamp, since) = progress
            .settling
            .entry(entry.file.clone())
            .or_insert_with(|| (entry.stamp.clone(), now));
        if *stamp != entry.stamp {
            (*stamp, *since) = (entry.stamp.clone(), now);
        }
        now.duration_since(*since) >= self.caller.limits.settle_time
    }

    /// Judge a file and list it, or say why not. Returns whether the catalog changed.
    async fn take_in(&self, progress: &mut Progress, entry: &Entry) -> bool {
        let file = entry.file.as_str();
        match self.judge(entry).await {
            Ok(name) => {
                tracing::info!(file, name, "plugin accepted");
                // The file may have had another name before, which is free now.
                progress.name_taken.remove(file);
                retry_name_taken(progress);
            }
            Err(refusal) => {
                let code = refusal.code.as_str();
                tracing::warn!(file, code, reason = %refusal, "plugin file refused");
                metrics::counter!("forebay_plugins_refused_total", "code" => code).increment(1);
                if refusal.code == Code::NameTaken {
                    progress.name_taken.insert(file.to_owned());
                }
                self.catalog_mut()
                    .refuse(file, &refusal, self.caller.clock.now());
            }
        }
        true
    }

    /// Returns the accepted plugin's name.
    async fn judge(&self, entry: &Entry) -> Result<String, Refusal> {
        let file = entry.file.as_str();
        let bytes = self.directory.read(entry, &self.caller.limits)?;
        let digest = Digest::of(&bytes);
        let judged = self.catalog().judged(&digest);
        let (plugin, loaded) = match judged {
            // What it is stands; its code is loaded when it is called.
            Some(plugin) if plugin.file == file => (plugin, None),
            Some(plugin) => {
                let file = file.to_owned();
                let plugin = Plugin {
                    file,
                    ..Plugin::clone(&plugin)
                };
                (Arc::new(plugin), None)
            }
            None => {
                let (plugin, loaded) = self.judge_anew(file, &digest, &bytes).await?;
                (Arc::new(plugin), Some(loaded))
            }
        };
        let name = plugin.name().to_owned();
        self.check_owner(&name, file, &digest)?;
        let verdict = Verdict {
            plugin: Plugin::clone(&plugin),
            judge: self.judge.clone(),
        };
        self.kept.keep_judged(&verdict, &bytes).map_err(|error| {
            Refusal::new(
                Code::Unreadable,
                format!("its copy cannot be kept: {error}"),
            )
        })?;
        let mut catalog = self.catalog_mut();
        catalog.accept(file, plugin);
        if let Some(loaded) = loaded {
            // Somebody who loaded it meanwhile was as right.
            let _ = catalog.loading(&digest).set(loaded);
        }
        Ok(name)
    }

    async fn judge_anew(
        &self,
        file: &str,
        digest: &Digest,
        bytes: &[u8],
    ) -> Result<(Plugin, Arc<Loaded>), Refusal> {
        let judged = self.load(file, digest.clone(), bytes.to_vec()).await;
        // If it is refused now there is no older content to go on with: this very content was
        // accepted by an earlier version of the host and is not any more.
        if judged.is_err() && self.catalog().files().get(file) == Some(digest) {
            self.catalog_mut().remove(file);
        }
        judged
    }

    fn check_owner(&self, name: &str, file: &str, digest: &Digest) -> Result<(), Refusal> {
        let catalog = self.catalog();
        let Some(owner) = catalog.other_owner(name, file) else {
            return Ok(());
        };
        let same = catalog.files().get(owner) == Some(digest);
        let relation = if same {
            "with the same content"
        } else {
            "with another content"
        };
        Err(Refusal::new(
            Code::NameTaken,
            format!(
                "{file} and {owner} both call themselves \"{name}\" ({relation}); {owner} was there \
                 first and stays; remove one of them, or overwrite {owner} to replace it"
            ),
        ))
    }
}

/// Let the next look judge again who was refused only for its name.
fn retry_name_taken(progress: &mut Progress) {
    for file in progress.name_taken.drain() {
        progress.judged.remove(&file);
    }
}
