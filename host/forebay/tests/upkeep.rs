//! Backup and restore with the real program and real files, and pruning by a host on virtual time.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use forebay::host::{self, Host};
use forebay_config::{Environment, Sources};
use forebay_engine::Service;
use forebay_model::{RunId, SharedClock, VirtualClock};
use forebay_store::contract::fixtures::{
    at, cancel, completion, controlled, get, started, stepped, timer, wait, waiting,
};
use forebay_store::runs::After;
use forebay_store::{SqliteOptions, SqliteStore, Store};

const KEY: &str = "key-of-the-upkeep-tests";

/// Later than any clock of a machine that runs this.
const FAR: i64 = 3_000_000_000;

/// Folders and configuration of a host without plugins.
struct Site {
    folder: tempfile::TempDir,
}

impl Site {
    fn new(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("plugins")).unwrap();
        std::fs::create_dir_all(folder.path().join("data")).unwrap();
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let text = format!(
            "[host]\nlisten = \"127.0.0.1:{port}\"\n[api]\nkeys = [{{ name = \"ops\", scopes = \
             [\"read\", \"admin\"], key = {{ env = \"UPKEEP_KEY\" }} }}]\n{more}"
        );
        std::fs::write(folder.path().join("forebay.toml"), text).unwrap();
        Self { folder }
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("forebay.toml")
    }

    fn database(&self) -> PathBuf {
        self.folder.path().join("data/forebay.db")
    }

    fn open(&self) -> Arc<SqliteStore> {
        SqliteStore::open(SqliteOptions::new(self.database())).unwrap()
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_forebay"));
        command.args([name, "--config"]).arg(self.config());
        command.env("UPKEEP_KEY", KEY).env("FOREBAY_API_KEY", KEY);
        command
    }

    fn run(&self, name: &str, arguments: &[&str]) -> Output {
        self.command(name).args(arguments).output().unwrap()
    }

    fn serve(&self) -> Running {
        let mut child = self
            .command("serve")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let ready = lines.any(|line| line.is_ok_and(|line| line.contains("forebay is ready")));
        assert!(ready, "the host ended");
        // Read on, so that a full pipe never stops it.
        std::thread::spawn(move || lines.for_each(drop));
        Running(child)
    }
}

/// A host that is up, until dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[track_caller]
fn succeeds(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[track_caller]
fn fails(output: &Output, words: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && said.contains(words),
        "{words} not in {output:?}"
    );
}

/// A run that waits for a timer and an asset.
async fn waiting_run(store: &dyn Store, key: &str) -> RunId {
    let run = started(store, key, 0).await;
    stepped(store, waiting(vec![wait(key)], vec![timer("t", FAR)]), 1).await;
    run
}

/// What waited goes on: its timer fires and it ends.
async fn goes_on(store: &dyn Store, run: &RunId) {
    assert_eq!(store.waits(run).await.unwrap().len(), 1);
    assert_eq!(store.fire_timers(at(FAR), 9).await.unwrap(), 1);
    let activation = stepped(store, After::Completed(completion("done")), FAR).await;
    assert_eq!(
        (&activation.run.id, activation.delivery.label().as_str()),
        (run, "timer t")
    );
    assert!(!get(store, run).await.state.is_live());
}

#[tokio::test]
async fn a_backup_of_a_running_host_is_restored_and_its_runs_go_on() {
    let site = Site::new("");
    let run = waiting_run(&*site.open(), "a").await;
    let running = site.serve();
    let said = succeeds(&site.run("backup", &["monday"]));
    let backup = site.folder.path().join("data/backups/monday");
    assert!(
        said.starts_with(&format!("{}: ", backup.display())),
        "{said}"
    );
    let backup = backup.to_str().unwrap();
    fails(&site.run("backup", &["monday"]), "409");
    fails(&site.run("backup", &["../../monday"]), "422");
    fails(&site.run("restore", &["--replace", backup]), "in use");
    drop(running);

    // The store goes on, and is lost: not by accident.
    let late = waiting_run(&*site.open(), "late").await;
    fails(&site.run("restore", &[backup]), "--replace");
    let newer = site.run("restore", &["--replace", backup]);
    fails(&newer, "newer than the backup");
    fails(&newer, "--discard-newer");
    let meant = ["--replace", "--discard-newer", backup];
    let told = succeeds(&site.run("restore", &[&meant[..], &["--dry-run"]].concat()));
    assert!(
        told.contains("nothing was changed") && told.contains("1 live runs"),
        "{told}"
    );
    get(&*site.open(), &late).await;
    let said = succeeds(&site.run("restore", &meant));
    let kept = said
        .lines()
        .find_map(|line| line.split("is kept at ").nth(1))
        .unwrap();
    let kept = SqliteStore::open(SqliteOptions::new(kept)).unwrap();
    get(&*kept, &late).await;

    // A host starts over what was restored, and what waited goes on.
    drop(site.serve());
    let store = site.open();
    assert_eq!(store.run(&late).await.unwrap(), None);
    goes_on(&*store, &run).await;
    assert!(store.verify_audit().await.unwrap().is_ok());
}

#[tokio::test]
async fn a_backup_is_restored_on_another_machine() {
    let (here, there) = (
        Site::new("[backup]\nallow_absolute = true\n"),
        Site::new(""),
    );
    let run = waiting_run(&*here.open(), "a").await;
    let carried = there.folder.path().join("carried");
    {
        let _running = here.serve();
        succeeds(&here.run("backup", &[carried.to_str().unwrap()]));
    }
    fails(&there.run("restore", &["/no/such/backup"]), "no backup");
    std::fs::write(there.folder.path().join("junk.db"), "junk").unwrap();
    let junk = there.folder.path().join("junk.db");
    fails(&there.run("restore", &[junk.to_str().unwrap()]), "no store");
    assert!(!Path::new(&there.database()).exists());
    succeeds(&there.run("restore", &[carried.to_str().unwrap()]));
    goes_on(&*there.open(), &run).await;
}

#[tokio::test]
async fn a_backup_that_was_changed_is_refused_before_anything_is_touched() {
    let site = Site::new("");
    waiting_run(&*site.open(), "a").await;
    {
        let _running = site.serve();
        succeeds(&site.run("backup", &["monday"]));
    }
    let backup = site.folder.path().join("data/backups/monday");
    let restore = || {
        site.run(
            "restore",
            &["--replace", "--discard-newer", backup.to_str().unwrap()],
        )
    };
    let before = std::fs::read(site.database()).unwrap();
    let spoil = |name: &str, how: &dyn Fn(&mut Vec<u8>), words: &str| {
        let path = backup.join(name);
        let whole = std::fs::read(&path).unwrap();
        let mut bytes = whole.clone();
        how(&mut bytes);
        std::fs::write(&path, bytes).unwrap();
        fails(&restore(), words);
        std::fs::write(&path, whole).unwrap();
    };
    spoil(
        "forebay.db",
        &|bytes| bytes[5000] ^= 1,
        "its SHA-256 differs",
    );
    spoil(
        "forebay.db",
        &|bytes| bytes.truncate(4096),
        "has 4096 bytes instead",
    );
    spoil(
        "manifest.json",
        &|bytes| bytes.truncate(9),
        "manifest.json cannot be read",
    );
    let later = |bytes: &mut Vec<u8>| {
        let text = String::from_utf8(bytes.clone()).unwrap();
        *bytes = text.replace("\"format\": 1", "\"format\": 2").into();
    };
    spoil("manifest.json", &later, "later version of the host");
    let upwards = |bytes: &mut Vec<u8>| {
        let text = String::from_utf8(bytes.clone()).unwrap();
        *bytes = text.replace("\"forebay.db\":", "\"../forebay.db\":").into();
    };
    spoil(
        "manifest.json",
        &upwards,
        "is no name of a file in a backup",
    );
    let part = backup.join("forebay.db");
    let part = site.run("restore", &["--replace", part.to_str().unwrap()]);
    fails(&part, "is a part of the backup");
    assert_eq!(std::fs::read(site.database()).unwrap(), before);
    succeeds(&restore());
}

#[tokio::test]
async fn a_single_file_of_an_older_host_is_restored_and_says_what_it_lacks() {
    let (here, there) = (Site::new(""), Site::new(""));
    let file = there.folder.path().join("older.db");
    let store = here.open();
    let run = waiting_run(&*store, "a").await;
    store.backup(&file).await.unwrap();
    let output = there.run("restore", &[file.to_str().unwrap()]);
    succeeds(&output);
    let told = String::from_utf8(output.stderr).unwrap();
    let handler = get(&*store, &run).await.handler.to_string();
    assert!(
        told.contains("whose files are not here") && told.contains(&handler),
        "{told}"
    );
    goes_on(&*there.open(), &run).await;
}

/// Let time pass in small steps until this holds.
async fn in_time(clock: &VirtualClock, mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..1_000 {
        for _ in 0..20 {
            if holds().await {
                return;
            }
            tokio::task::yield_now().await;
        }
        clock.advance(Duration::from_secs(60));
    }
    panic!("it never came true");
}

#[tokio::test]
async fn a_host_removes_old_history_in_rounds() {
    let site = Site::new("[retention]\nended_runs_for = \"1h\"\ninterval = \"5m\"\nbatch = 2\n");
    let virtual_clock = VirtualClock::new(at(0));
    let clock: SharedClock = Arc::new(virtual_clock.clone());
    let sources = Sources::with(Environment::fixed([("UPKEEP_KEY", KEY)]));
    let (document, bootstrap) = host::read_from(&sources, &site.config()).unwrap();
    let egress = Arc::default();
    let registry = host::open_registry(&bootstrap, &egress, &clock)
        .await
        .unwrap();
    let configuration = host::validate(&document, &registry, &clock).await.unwrap();
    let host = Host::assemble(&configuration, registry, egress, clock)
        .await
        .unwrap();
    host.apply(&configuration).await.unwrap();
    let store = Arc::clone(host.core.store());
    let live = waiting_run(&*store, "live").await;
    let mut ended = Vec::new();
    for key in ["a", "b", "c", "d", "e"] {
        let run = started(&*store, key, 2).await;
        controlled(&*store, &run, cancel(true), 2).await;
        ended.push(run);
    }
    let service = Service::start(Arc::clone(&host.core));
    let left = async || {
        let mut left = 0;
        for run in &ended {
            left += usize::from(store.run(run).await.unwrap().is_some());
        }
        left
    };
    in_time(&virtual_clock, async || left().await == 0).await;
    assert!(host.core.now() >= at(2 + 3600), "none before its time");
    assert!(get(&*store, &live).await.state.is_live());
    service.drain(Duration::from_secs(1)).await;
}
