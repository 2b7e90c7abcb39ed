//! Configuration: what is read, and what is said about what cannot be.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

mod configuration;
mod problems;
mod robust;
mod schedules;
mod upkeep;
