//! What the component exports: `connector` through the SDK, `licences` through our own bindings.

use forebay_sdk::{Error, with_connector};

use crate::Stockpile;
use crate::bindings::licences::{Guest, Licence};

struct Licences;

impl Guest for Licences {
    fn lookup(asset: String) -> Result<Option<Licence>, Error> {
        with_connector(|agency: &Stockpile| agency.lookup(&asset))
    }

    fn mark_used(order: String, purpose: String) -> Result<(), Error> {
        with_connector(|agency: &Stockpile| agency.mark_used(&order, &purpose))
    }
}

forebay_sdk::export_connector!(Stockpile);

#[cfg(target_arch = "wasm32")]
crate::bindings::export!(Licences with_types_in crate::bindings);
