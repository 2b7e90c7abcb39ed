//! Handler: may an asset be used as asked? Asks the agency, waits for an order to be confirmed, marks
//! the licence as used, and completes with the answer.
//!
//! It imports an interface that Forebay does not know, `acme:licensing/licences`, and none that it
//! knows. `agency` hides the import behind a trait, so that the logic is tested without a host.

mod agency;
mod check;

pub use check::{Config, LicenceCheck, Request, State};
