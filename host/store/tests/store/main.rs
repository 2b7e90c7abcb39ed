//! The store against its contract, with a real file.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

mod contract;
mod durability;
mod model;
mod upkeep;
