//! `forebay restore`: everything is checked before anything is touched.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use forebay_config::Bootstrap;
use forebay_engine::backup::Set;
use forebay_model::Digest;
use forebay_sandbox::Kept;
use forebay_store::copy::Contents;
use forebay_store::sqlite::{Loss, Restored, Restoring};

use crate::arguments::Restore;
use crate::commands::{complain, say};
use crate::{check, host};

/// Make a backup the store of the configured host, and put the plugin files of its runs back.
pub(crate) fn restore(arguments: &Restore) -> anyhow::Result<ExitCode> {
    let (_, bootstrap) = match host::read(&arguments.config) {
        Ok(read) => read,
        Err(problems) => return Ok(check::refuse(&problems)),
    };
    let target = &bootstrap.store.path;
    if target.exists() && !arguments.replace {
        bail!(
            "there is a store at {}; --replace puts the backup in its place and keeps it aside",
            target.display()
        );
    }
    let backup = Backup::open(&arguments.source)?;
    if let Some(folder) = target.parent() {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("the folder {} cannot be made", folder.display()))?;
    }
    let restoring = Restoring::prepare(&backup.store(), target, arguments.replace)?;
    backup.check(restoring.contents())?;
    let place = target.display();
    match restoring.loss() {
        Loss::Nothing => {}
        Loss::Newer(found) if arguments.discard_newer => {
            complain(&format!(
                "the store at {place} is newer than the backup: {found}"
            ));
        }
        Loss::Newer(found) => bail!(
            "the store at {place} is newer than the backup: {found}. Nothing was changed; \
             --discard-newer gives that up, and keeps the store aside"
        ),
        Loss::Unknown(why) => complain(&format!(
            "nobody can say what is lost with the store at {place}, it cannot be read: {why}"
        )),
    }
    if arguments.dry_run {
        say("the backup is whole; nothing was changed");
        tell_contents(restoring.contents(), &backup);
        return Ok(ExitCode::SUCCESS);
    }
    // Files first: should this break off, they are in nobody's way, and the store is as it was.
    backup.put_plugins(&bootstrap)?;
    let restored = restoring.put(host::system_clock().now())?;
    tell(&restored, &backup, &bootstrap)?;
    Ok(ExitCode::SUCCESS)
}

/// What is restored from.
enum Backup {
    /// A folder with a manifest.
    Set(Box<Set>),
    /// A copy of the store alone, as older hosts wrote it.
    File(PathBuf),
}

impl Backup {
    fn open(source: &Path) -> anyhow::Result<Self> {
        if source.is_dir() {
            return Ok(Self::Set(Box::new(Set::open(source)?)));
        }
        if let Some(folder) = Set::around(source) {
            bail!(
                "{} is a part of the backup {}; restore that, it holds the plugin files too",
                source.display(),
                folder.display()
            );
        }
        Ok(Self::File(source.to_owned()))
    }

    fn store(&self) -> PathBuf {
        match self {
            Self::Set(set) => set.store(),
            Self::File(file) => file.clone(),
        }
    }

    /// Does the store hold what the manifest says, and has every file that its runs need a place in it?
    fn check(&self, contents: &Contents) -> anyhow::Result<()> {
        let Self::Set(set) = self else { return Ok(()) };
        let manifest = set.manifest();
        let told = (manifest.store.audit_records, &manifest.store.audit_hash);
        if told != (contents.audit_records, &contents.audit_hash) {
            bail!("the store in the backup is not the one its manifest describes");
        }
        let named = manifest.plugins.iter().map(|entry| &entry.digest);
        let named: Vec<_> = named
            .chain(manifest.lacking.iter().map(|entry| &entry.digest))
            .collect();
        if let Some(digest) = contents.handlers.iter().find(|one| !named.contains(one)) {
            bail!(
                "the manifest does not name the handler {digest}, which runs in it are pinned to"
            );
        }
        Ok(())
    }

    fn put_plugins(&self, bootstrap: &Bootstrap) -> anyhow::Result<()> {
        let Self::Set(set) = self else { return Ok(()) };
        let kept = Kept::below(&bootstrap.host.data_dir)?;
        for entry in &set.manifest().plugins {
            let (plugin, bytes) = set.plugin(&entry.digest)?;
            kept.keep(&plugin, &bytes)
                .with_context(|| format!("the file of the handler {}", entry.digest))?;
        }
        Ok(())
    }
}

fn tell(restored: &Restored, backup: &Backup, bootstrap: &Bootstrap) -> anyhow::Result<()> {
    say(&format!(
        "restored {}: {} bytes, whole",
        bootstrap.store.path.display(),
        restored.bytes
    ));
    let contents = &restored.contents;
    tell_contents(contents, backup);
    if let Some(kept) = &restored.kept {
        say(&format!(
            "the store before it is kept at {}",
            kept.display()
        ));
    }
    let kept = Kept::below(&bootstrap.host.data_dir)?;
    let absent = contents
        .handlers
        .iter()
        .filter(|digest| !kept.holds(digest));
    tell_absent(&absent.collect::<Vec<_>>());
    tell_key(contents, bootstrap)
}

/// What a backup holds.
fn tell_contents(contents: &Contents, backup: &Backup) {
    let until = contents
        .newest
        .map_or("nothing yet".to_owned(), |newest| newest.to_string());
    say(&format!(
        "it holds what happened until {until}: {} live runs, {} audit records",
        contents.live_runs, contents.audit_records
    ));
    let Backup::Set(set) = backup else { return };
    let manifest = set.manifest();
    say(&format!(
        "the backup was made at {} by forebay {}",
        manifest.made, manifest.host
    ));
    for plugin in &manifest.plugins {
        let (name, version) = (&plugin.name, &plugin.version);
        let digest = plugin.digest.short();
        say(&format!(
            "with the file of the handler {name} {version} ({digest})"
        ));
    }
    for lacking in &manifest.lacking {
        let (digest, reason) = (&lacking.digest, &lacking.reason);
        complain(&format!("without that of the handler {digest}: {reason}"));
    }
}

fn tell_absent(absent: &[&Digest]) {
    if absent.is_empty() {
        return;
    }
    complain(
        "live runs are pinned to handlers whose files are not here; put them back into \
         data_dir/plugins, or those runs are parked as `unavailable`:",
    );
    for digest in absent {
        complain(&format!("  {digest}"));
    }
}

/// A host with another key would not start: better to know it now.
fn tell_key(contents: &Contents, bootstrap: &Bootstrap) -> anyhow::Result<()> {
    let keys = host::store_keys(&bootstrap.store)?;
    let given = keys.first().map(forebay_store::sqlite::StoreKey::id);
    match (contents.sealed_with.as_deref(), given) {
        (Some(wanted), given) if given != Some(wanted) => complain(&format!(
            "the store is sealed with the key {wanted}: the host does not start until store.key is \
             that one"
        )),
        (None, Some(_)) => complain(
            "the store is not sealed, and store.key is set: seal it with `forebay rekey`, or the \
             host does not start",
        ),
        _ => {}
    }
    Ok(())
}
