//! The simulated iconik.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod calls;
mod media;
mod shapes;
