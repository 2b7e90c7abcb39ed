//! What is known: which plugins were ever accepted, which are loaded, which are current, and which
//! files are kept out.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use forebay_model::plugin::{Plugin, Quarantined};
use forebay_model::{Digest, Timestamp};
use tokio::sync::OnceCell;

use super::kept::{Kept, Verdict};
use crate::error::Refusal;
use crate::loaded::Loaded;

/// A component that is loaded once, however many calls ask for it meanwhile.
pub(crate) type Loading = Arc<OnceCell<Arc<Loaded>>>;

#[derive(Default)]
pub(crate) struct Catalog {
    /// Every plugin ever accepted and kept.
    known: HashMap<Digest, Arc<Plugin>>,
    /// Those that this very host, with these very limits, would accept again.
    judged: HashSet<Digest>,
    /// Those ready to be called, or getting ready: whatever was called since the last change.
    loaded: HashMap<Digest, Loading>,
    /// Digest that each file of the directory stands for: its content, or what it held before it
    /// was overwritten with something bad.
    files: BTreeMap<String, Digest>,
    /// File that provides each name.
    owners: BTreeMap<String, String>,
    /// Files that are kept out.
    refused: BTreeMap<String, Quarantined>,
}

impl Catalog {
    /// What stood when the host last ran. Names of files that are gone disappear with the first scan.
    pub(crate) fn restore(kept: &Kept, judge: &str) -> Self {
        let mut catalog = Self::default();
        for Verdict { plugin, judge: by } in kept.verdicts() {
            if by == judge {
                catalog.judged.insert(plugin.digest.clone());
            }
            catalog
                .known
                .insert(plugin.digest.clone(), Arc::new(plugin));
        }
        for (file, digest) in kept.files() {
            if let Some(plugin) = catalog.known.get(&digest) {
                catalog
                    .owners
                    .insert(plugin.name().to_owned(), file.clone());
                catalog.files.insert(file, digest);
            }
        }
        catalog
    }

    /// The current plugin of a name.
    pub(crate) fn current(&self, name: &str) -> Option<Arc<Plugin>> {
        self.known(self.files.get(self.owners.get(name)?)?)
    }

    pub(crate) fn current_plugins(&self) -> Vec<Arc<Plugin>> {
        self.owners
            .keys()
            .filter_map(|name| self.current(name))
            .collect()
    }

    pub(crate) fn known(&self, digest: &Digest) -> Option<Arc<Plugin>> {
        self.known.get(digest).cloned()
    }

    /// A plugin that need not be judged again.
    pub(crate) fn judged(&self, digest: &Digest) -> Option<Arc<Plugin>> {
        self.known(digest).filter(|_| self.judged.contains(digest))
    }

    /// Plugins that no file of the directory stands for, by digest.
    pub(crate) fn superseded(&self) -> Vec<Arc<Plugin>> {
        let current: BTreeSet<&Digest> = self.files.values().collect();
        let mut superseded: Vec<_> = self
            .known
            .values()
            .filter(|plugin| !current.contains(&plugin.digest))
            .cloned()
            .collect();
        superseded.sort_by(|one, other| one.digest.cmp(&other.digest));
        superseded
    }

    /// Forget a plugin whose kept file is gone. A call into it that is under way goes on.
    pub(crate) fn forget(&mut self, digest: &Digest) {
        self.known.remove(digest);
        self.judged.remove(digest);
        self.loaded.remove(digest);
    }

    /// A component if it was loaded before.
    pub(crate) fn loaded(&self, digest: &Digest) -> Option<Arc<Loaded>> {
        self.loaded.get(digest)?.get().cloned()
    }

    /// The place of a component that is to be loaded.
    pub(crate) fn loading(&mut self, digest: &Digest) -> Loading {
        Arc::clone(self.loaded.entry(digest.clone()).or_default())
    }

    pub(crate) fn quarantined(&self) -> Vec<Quarantined> {
        self.refused.values().cloned().collect()
    }

    /// Files with the digests they stand for.
    pub(crate) fn files(&self) -> &BTreeMap<String, Digest> {
        &self.files
    }

    /// The file that provides a name, if it is another than `file`.
    pub(crate) fn other_owner(&self, name: &str, file: &str) -> Option<&str> {
        self.owners
            .get(name)
            .map(String::as_str)
            .filter(|owner| *owner != file)
    }

    /// A file is accepted: from now on it provides the plugin's name.
    pub(crate) fn accept(&mut self, file: &str, plugin: Arc<Plugin>) {
        self.remove_names_of(file);
        self.refused.remove(file);
        self.owners
            .insert(plugin.name().to_owned(), file.to_owned());
        self.files.insert(file.to_owned(), plugin.digest.clone());
        self.judged.insert(plugin.digest.clone());
        self.known.insert(plugin.digest.clone(), plugin);
        self.let_go_of_replaced();
    }

    /// A file is kept out. What it held before goes on.
    pub(crate) fn refuse(&mut self, file: &str, refusal: &Refusal, at: Timestamp) {
        let entry = Quarantined {
            file: file.to_owned(),
            code: refusal.code.as_str().to_owned(),
            reason: refusal.reason.clone(),
            at,
        };
        self.refused.insert(file.to_owned(), entry);
    }

    /// A file is gone. Runs that started with its plugin keep it. Was anything known of the file?
    pub(crate) fn remove(&mut self, file: &str) -> bool {
        self.remove_names_of(file);
        let was_refused = self.refused.remove(file).is_some();
        let was_known = self.files.remove(file).is_some();
        self.let_go_of_replaced();
        was_known || was_refused
    }

    /// Code that no file stands for any more is let go of, or a host would grow with every reload.
    /// Calls under way keep theirs; a run that still needs it gets it again from the kept files.
    fn let_go_of_replaced(&mut self) {
        let files = &self.files;
        self.loaded
            .retain(|digest, _| files.values().any(|current| current == digest));
    }

    fn remove_names_of(&mut self, file: &str) {
        self.owners.retain(|_, owner| owner != file);
    }
}
