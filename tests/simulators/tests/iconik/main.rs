//! The simulated iconik.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod assets;
mod calls;
mod files;
mod media;
mod metadata;
mod shapes;
mod support;
mod webhooks;
