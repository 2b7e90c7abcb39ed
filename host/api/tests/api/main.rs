//! The API as clients meet it: real router, real engine, real SQLite store; guests are scripted.
//!
//! Every answer that a test looks at is held against the OpenAPI document by [`support::Host::send`].

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod access;
mod actions;
mod backup;
mod documented;
mod doubles;
mod hangups;
mod hooks;
mod problems;
mod resources;
mod runs;
mod serving;
mod store;
mod support;
mod triggers;
