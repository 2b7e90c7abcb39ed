//! Values on their way between components: JSON to the component's form and back.

use std::sync::LazyLock;

use forebay_sandbox::fuzzing::Types;

/// Types of the contract, as a connector exports them.
static TYPES: LazyLock<Types> = LazyLock::new(|| {
    Types::of(include_bytes!(
        "../../../fixtures/contract/0.1.0/connector.wasm"
    ))
});

/// The first byte chooses a type, the rest is JSON. What is accepted comes back the same.
pub(super) fn run(bytes: &[u8]) {
    assert!(TYPES.count() > 5, "the fixture has lost its types");
    let Some((choice, json)) = bytes.split_first() else {
        return;
    };
    let number = usize::from(*choice) % TYPES.count();
    let Ok(json) = serde_json::from_slice(json) else {
        return;
    };
    if let Some((once, twice)) = TYPES.there_and_back(number, &json) {
        assert_eq!(once, twice, "a value changes on its way");
    }
}
