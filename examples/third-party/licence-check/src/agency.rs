//! The agency as this handler sees it: imported inside the host, a double in tests.

use forebay_sdk::Error;

mod bindings {
    wit_bindgen::generate!({
        path: "../wit",
        world: "checker",
        with: {
            "forebay:connector/types@0.1.0": forebay_sdk::types,
            "acme:licensing/licences@1.0.0": generate,
        },
        additional_derives: [Clone, PartialEq],
    });
}

pub(crate) use bindings::acme::licensing::licences::{Licence, LicenceState};

/// Licences bought at an agency.
pub(crate) trait Agency {
    /// The licence bought for an asset; absent where none was bought.
    fn lookup(&self, asset: &str) -> Result<Option<Licence>, Error>;

    /// Mark a licence as used for a purpose.
    fn mark_used(&self, order: &str, purpose: &str) -> Result<(), Error>;
}

/// The connection bound to the role `agency`.
pub(crate) struct Imported;

impl Agency for Imported {
    fn lookup(&self, asset: &str) -> Result<Option<Licence>, Error> {
        bindings::acme::licensing::licences::lookup(asset)
    }

    fn mark_used(&self, order: &str, purpose: &str) -> Result<(), Error> {
        bindings::acme::licensing::licences::mark_used(order, purpose)
    }
}
