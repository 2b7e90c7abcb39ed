//! What every request goes through: observed as a whole, then admitted to its endpoint.

mod admit;
mod observe;

pub(crate) use admit::{Caller, Guard, admit};
pub(crate) use observe::observe;
