//! Hostile components and what becomes of them.
//!
//! `guests/` holds the components, one file each, in a workspace of its own. This crate builds them
//! ([`guests`]), loads them next to a well-behaved neighbour ([`House`]), gives them a network to
//! attack ([`Vendor`], [`Names`]) and keeps what an operator would read ([`Log`]). The tests say for
//! each misdeed what stops it, what is said about it, and that the others go on.
//!
//! What must not live here: tests of what the rooms do for guests that mean well.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests: what cannot be set up fails the test"
)]

pub mod broker;
pub mod guests;
mod house;
mod log;
mod network;
mod place;

pub use house::{House, NEIGHBOUR, limits};
pub use log::Log;
pub use network::{Answer, Names, Vendor, answer};
pub use place::{Place, open_to_all};
