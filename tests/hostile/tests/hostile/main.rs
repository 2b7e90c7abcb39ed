//! Guests that mean harm: what stops each of them, and that everything else goes on.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod failing;
mod files;
mod identity;
mod network;
mod resources;
