//! Canto's peculiarities, over real HTTP on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod albums;
mod editing;
mod files;
mod rates;
mod reading;
mod sharing;
mod support;
mod tokens;
mod trash;
