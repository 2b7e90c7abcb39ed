//! The engine on a real embedded store, virtual time and scripted components: what is promised about
//! events, runs and effects, held against crashes, refusals and repetition.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::large_futures,
    reason = "tests"
)]

mod support;

mod backfills;
mod concurrency;
mod crashes;
mod cursors;
mod determinism;
mod families;
mod health;
mod intake;
mod many;
mod operators;
mod random;
mod retries;
mod routing;
mod schedules;
mod service;
mod spawns;
mod standing;
mod steps;
mod timers;
mod upgrades;
mod watchdog;
