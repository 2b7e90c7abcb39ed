//! The command line.

mod runs;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub(crate) use runs::{Conditions, Many, RunList, Runs, Simple, Target};

/// Runs business flows between DAMs and workflow engines durably.
#[derive(Debug, Parser)]
#[command(name = "forebay", version, propagate_version = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) remote: Remote,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Where a running host is, for all commands that talk to one.
#[derive(Args, Debug)]
pub(crate) struct Remote {
    /// Address of the running host; `http://127.0.0.1:8484` if nothing else says it.
    #[arg(long, global = true, env = "FOREBAY_URL")]
    pub(crate) url: Option<String>,
    /// API key.
    #[arg(long, global = true, env = "FOREBAY_API_KEY", hide_env_values = true)]
    pub(crate) key: Option<String>,
    /// Print JSON instead of tables.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the host.
    Serve(Serve),
    /// Check a configuration and everything it names; all problems at once.
    Check(Check),
    /// Print the JSON Schema of the configuration, with every key, default and reason.
    Schema,
    /// Plugins of a running host.
    #[command(subcommand)]
    Plugins(Plugins),
    /// Flows of a running host.
    #[command(subcommand)]
    Flows(Flows),
    /// Connections of a running host.
    #[command(subcommand)]
    Connections(Connections),
    /// Runs of a running host.
    #[command(subcommand)]
    Runs(Runs),
    /// Events of a running host, newest first; or one of them.
    Events(Events),
    /// Start a run of a flow.
    Trigger(Trigger),
    /// Write a backup of a running host to a folder on its machine: its store, and the plugin files
    /// that live runs are pinned to.
    Backup(Backup),
    /// Make a host that is stopped what a backup holds: its store, and the plugin files of its runs.
    Restore(Restore),
    /// Seal the store of a host that is stopped with the first key of `store.key`.
    Rekey(Rekey),
    /// The audit of a running host.
    #[command(subcommand)]
    Audit(Audit),
}

/// Audit.
#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Records, oldest first.
    List {
        /// Of this run only.
        #[arg(long)]
        run: Option<String>,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: u32,
        /// Where to go on: `next` of the page before.
        #[arg(long)]
        cursor: Option<String>,
    },
    /// Check the chain of hashes; fails if a record does not fit.
    Verify,
}

/// Run the host.
#[derive(Args, Debug)]
pub(crate) struct Serve {
    /// Configuration file; `conf.d/*.toml` beside it is read too.
    #[arg(long, short, env = "FOREBAY_CONFIG", default_value = "forebay.toml")]
    pub(crate) config: PathBuf,
}

/// Write a backup.
#[derive(Args, Debug)]
pub(crate) struct Backup {
    /// Configuration file of the running host, to find its address; not needed with `--url`.
    #[arg(long, short, env = "FOREBAY_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Name of the folder to be made below that of backups, or an absolute path if the configuration
    /// allows it.
    pub(crate) target: String,
}

/// Put a backup back.
#[derive(Args, Debug)]
pub(crate) struct Restore {
    /// Configuration file; it says where the store is.
    #[arg(long, short, env = "FOREBAY_CONFIG", default_value = "forebay.toml")]
    pub(crate) config: PathBuf,
    /// Replace the store that is there; it is kept beside the new one. Refused if it is newer than the
    /// backup.
    #[arg(long)]
    pub(crate) replace: bool,
    /// Replace it also if it is newer: what was written to it since the backup is given up.
    #[arg(long, requires = "replace")]
    pub(crate) discard_newer: bool,
    /// Check everything and say what would be done; nothing is changed.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// The backup: its folder, or the single file that older hosts wrote. It stays as it is.
    pub(crate) source: PathBuf,
}

/// Seal the store.
#[derive(Args, Debug)]
pub(crate) struct Rekey {
    /// Configuration file; it says where the store and its keys are.
    #[arg(long, short, env = "FOREBAY_CONFIG", default_value = "forebay.toml")]
    pub(crate) config: PathBuf,
    /// Unseal it instead, with the keys that are configured.
    #[arg(long)]
    pub(crate) unseal: bool,
}

/// Check a configuration.
#[derive(Args, Debug)]
pub(crate) struct Check {
    /// Configuration file; `conf.d/*.toml` beside it is read too.
    #[arg(long, short, env = "FOREBAY_CONFIG", default_value = "forebay.toml")]
    pub(crate) config: PathBuf,
    /// Ask the vendors too: credentials, rights, fields, groups, definitions.
    #[arg(long)]
    pub(crate) probe: bool,
}

/// Plugins.
#[derive(Debug, Subcommand)]
pub(crate) enum Plugins {
    /// All plugins, and files that are kept out with the reason.
    List,
    /// One plugin with all it says about itself.
    Show {
        /// Its name.
        name: String,
    },
}

/// Flows.
#[derive(Debug, Subcommand)]
pub(crate) enum Flows {
    /// All flows.
    List,
    /// One flow.
    Show {
        /// Its name.
        name: String,
    },
    /// Preflight of a flow.
    Check {
        /// Its name.
        name: String,
        /// Ask the vendors too.
        #[arg(long)]
        probe: bool,
    },
    /// Fire a schedule of a flow now.
    Fire {
        /// The flow.
        name: String,
        /// The schedule.
        schedule: String,
    },
    /// Bring a flow what happened before it was there: counts, and starts it only with `--yes`.
    Backfill(Backfill),
}

/// Bring back what happened.
#[derive(Args, Debug)]
pub(crate) struct Backfill {
    /// The flow.
    pub(crate) name: String,
    /// From when on, RFC 3339; from the beginning if absent.
    #[arg(long)]
    pub(crate) since: Option<String>,
    /// Start what was counted.
    #[arg(long)]
    pub(crate) yes: bool,
    /// Only show how far the latest one is.
    #[arg(long, conflicts_with_all = ["since", "yes", "cancel"])]
    pub(crate) status: bool,
    /// End the one that is under way.
    #[arg(long, conflicts_with_all = ["since", "yes"])]
    pub(crate) cancel: bool,
}

/// Connections.
#[derive(Debug, Subcommand)]
pub(crate) enum Connections {
    /// All connections with their health.
    List,
    /// One connection.
    Show {
        /// Its name.
        name: String,
    },
    /// Probe credentials, rights and account settings.
    Check {
        /// Its name.
        name: String,
    },
    /// Read what has changed now.
    Poll {
        /// Its name.
        name: String,
    },
    /// Where the next poll goes on.
    Cursor {
        /// Its name.
        name: String,
    },
    /// Move the cursor back to a time, and read on from there.
    Rewind {
        /// Its name.
        name: String,
        /// The time, RFC 3339.
        #[arg(long)]
        to: String,
    },
}

/// Which events.
#[derive(Args, Debug)]
pub(crate) struct Events {
    #[command(subcommand)]
    pub(crate) one: Option<OneEvent>,
    /// At this connection.
    #[arg(long)]
    pub(crate) connection: Option<String>,
    /// Of this kind.
    #[arg(long)]
    pub(crate) kind: Option<String>,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    pub(crate) limit: u32,
}

/// One event.
#[derive(Debug, Subcommand)]
pub(crate) enum OneEvent {
    /// An event with what became of it.
    Show {
        /// Its number.
        id: u64,
    },
    /// Have it routed anew: flows that ignored it are asked once more, nothing happens twice.
    Redeliver {
        /// Its number.
        id: u64,
        /// Why, for the audit.
        #[arg(long)]
        reason: Option<String>,
    },
}

/// Start a run.
#[derive(Args, Debug)]
pub(crate) struct Trigger {
    /// The flow.
    pub(crate) flow: String,
    /// Its input, JSON; `-` reads it from standard input.
    #[arg(default_value = "{}")]
    pub(crate) input: String,
    /// Idempotency key: repeating the command with it starts nothing twice.
    #[arg(long)]
    pub(crate) idempotency_key: Option<String>,
}
