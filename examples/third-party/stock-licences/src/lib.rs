//! Connector for Stockpile, a stock agency: looks up licences and marks them as used.
//!
//! It exports an interface of its own, `acme:licensing/licences`, that neither Forebay nor its SDK
//! knows. Three things make that work: bindings generated here that take their shared words from the
//! SDK (`bindings`), [`forebay_sdk::with_connector`] to make the connector for a call (`exports`), and
//! the reads listed in `describe` by name.

mod bindings;
mod exports;
mod stockpile;

pub use stockpile::Stockpile;
