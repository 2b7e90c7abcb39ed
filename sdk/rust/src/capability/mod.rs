//! What connectors can do for handlers, one trait per interface.
//!
//! The same traits stand on both sides: a connector implements them, a handler calls them as
//! `&dyn AssetSource` and the like. So a handler can be tested against a double or against a real
//! connector with recorded HTTP, without a host.

pub mod assets;
pub mod ext;
pub mod media;
pub mod reads;
pub mod workflow;
