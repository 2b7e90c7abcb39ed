//! The real program as a process: its commands, its configuration, its files, and what it survives.

#![allow(clippy::unwrap_used, reason = "tests")]

mod backups;
mod cli;
mod config;
mod crash;
mod fencing;
mod kills;
mod plugins;
mod third_party;
mod upgrades;
mod webhooks;
