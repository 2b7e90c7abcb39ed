//! Letting go of plugins that nobody needs any more.
//!
//! A kept file goes some time after it was first seen that it is neither current nor needed by a run.
//! The time is not only patience: a run may be about to start with a plugin that is just being
//! replaced, and a backup taken before needs the files of its runs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use forebay_model::plugin::Plugin;
use forebay_model::{Digest, Timestamp};

use super::Inner;

/// Since when each plugin is not needed.
pub(crate) type Unused = BTreeMap<Digest, Timestamp>;

impl Inner {
    /// Let go of what was not needed for so long. What is not needed now is remembered on disk, so
    /// that a restart does not begin to count anew.
    pub(crate) async fn let_go(&self, needed: &[Digest], unused_for: Duration) -> Vec<Arc<Plugin>> {
        // No file is taken in meanwhile: one that comes back may hold what is just let go.
        let _progress = self.progress.lock().await;
        let now = self.caller.clock.now();
        let before = self.kept.unused();
        let mut unused = Unused::new();
        let mut gone = Vec::new();
        for plugin in self.catalog().superseded() {
            if needed.contains(&plugin.digest) {
                continue;
            }
            match before.get(&plugin.digest) {
                // Found so twice at least, whatever the time: a run may be starting with it.
                Some(since) if now.since(*since) >= unused_for => gone.push(plugin),
                since => {
                    let since = since.copied().unwrap_or(now);
                    unused.insert(plugin.digest.clone(), since);
                }
            }
        }
        gone.retain(|plugin| match self.kept.remove(&plugin.digest) {
            Ok(()) => true,
            Err(error) => {
                let (name, digest) = (plugin.name(), &plugin.digest);
                tracing::error!(name, %digest, %error, "an old plugin file cannot be removed");
                // Tried again in the next round.
                let since = before.get(&plugin.digest).copied();
                unused.insert(plugin.digest.clone(), since.unwrap_or(now));
                false
            }
        });
        for plugin in &gone {
            self.catalog_mut().forget(&plugin.digest);
        }
        if unused != before
            && let Err(error) = self.kept.note_unused(&unused)
        {
            tracing::error!(%error, "the list of plugins not needed cannot be written");
        }
        gone
    }
}
