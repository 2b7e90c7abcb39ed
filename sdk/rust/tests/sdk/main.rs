//! The SDK as an author of a plugin uses it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod connector;
mod handler;
