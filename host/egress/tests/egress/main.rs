//! Calls that leave the host, against a server on loopback.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

mod credentials;
mod limits;
mod reach;
