//! Configuration: TOML files and the environment in, validated configuration out.
//!
//! What lives here: reading and merging files with the place of every key, the schema of the
//! configuration, validation against the schemas of plugins, defaults, secrets. What must not: any
//! use of what is configured. This is the only room that reads the environment.
//!
//! The way through: [`Sources`] reads files into a [`Document`]; [`Document::validate`] looks
//! plugins up in a [`Catalog`] and gives a [`Configuration`] or all [`Problems`] at once, each with
//! file, line, dotted path, what is wrong and the mend. Findings of a plugin's own check become
//! problems at their place through [`Document::finding`].
//!
//! No message shows a configured value, names of plugins, connections and roles apart: a secret may
//! stand where none belongs.

mod bootstrap;
mod configuration;
mod connection;
mod defaults;
mod document;
mod duration;
mod environment;
mod explain;
mod flow;
mod path;
mod problem;
mod raw;
mod schedule;
mod schema;
mod secret;
mod settings;
mod source;
mod suggest;
mod upkeep;
mod validate;

pub use bootstrap::Bootstrap;
pub use configuration::{
    ApiKey, Configuration, ConfiguredConnection, GroupCommitSettings, HostSettings, LogFormat,
    LogSettings, STORE_KEY, Scope, Sections, StoreSettings,
};
pub use document::Document;
pub use environment::Environment;
pub use problem::{Place, Problem, Problems, Severity};
pub use schema::{SchemaSet, schema};
pub use source::Sources;
pub use upkeep::BackupSettings;
pub use validate::Catalog;
