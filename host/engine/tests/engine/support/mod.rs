//! A world to drive an engine in by hand: a real store, virtual time, scripted components.

mod desk;
mod flows;
mod guests;
mod store;
mod vendor;
mod world;

pub(crate) use desk::{Answer, Desk, cancelled, completed, parked, waiting, waiting_for};
pub(crate) use flows::{DAM, ENGINE, FLOW, approval, created, finished, flow, process};
pub(crate) use guests::{OpenGate, page};
pub(crate) use store::Crash;
pub(crate) use vendor::{Fault, denied, rate_limited, unavailable, uncertain};
pub(crate) use world::{World, eventually};
