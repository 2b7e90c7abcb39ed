//! Bindings of the third party's own interface.

wit_bindgen::generate!({
    path: "../wit",
    world: "agency",
    with: { "forebay:connector/types@0.1.0": forebay_sdk::types },
    additional_derives: [Clone, PartialEq],
});

/// The interface this connector exports.
pub(crate) use exports::acme::licensing::licences;
