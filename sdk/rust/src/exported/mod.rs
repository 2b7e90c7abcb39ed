//! From the host's calls to a plugin's traits, and the macros that export a plugin.

mod capabilities;
mod connector;
mod handler;
mod macros;

#[doc(hidden)]
pub use self::macros::implemented;

use std::marker::PhantomData;

use crate::connector::{Call, Connector};
use crate::types::Error;

/// A plugin as the host sees it: the generated interfaces, answered by the traits of `P`. The
/// export macros use it; plugin code does not need to.
#[derive(Debug)]
pub struct Exported<P>(PhantomData<P>);

/// Make the connector for the call being served and use it. For connectors that export an interface
/// of their own: their generated `Guest` functions call this, see the author guide.
///
/// # Errors
/// Those of `Connector::new` and of `use_it`.
pub fn with_connector<C: Connector, T>(
    use_it: impl FnOnce(&C) -> Result<T, Error>,
) -> Result<T, Error> {
    use_it(&C::new(current_call())?)
}

/// The call being served, with the host as the way out.
#[cfg(target_arch = "wasm32")]
fn current_call() -> Call {
    let context = crate::bindings::imports::forebay::connector::call::context();
    Call::new(context, std::rc::Rc::new(crate::http::HostTransport))
}

/// Outside the host there is no call; this is the one of `testing::call`.
#[cfg(not(target_arch = "wasm32"))]
fn current_call() -> Call {
    crate::testing::call(&serde_json::json!({})).build()
}
