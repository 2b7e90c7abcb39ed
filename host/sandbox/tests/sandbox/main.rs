//! The sandbox through its public face, with components that are made for it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

mod bindings;
mod calls;
mod fixtures;
mod registry;
mod unused;
