//! A file in the drop directory, up to where the compiler would get it.

use forebay_sandbox::{Limits, fuzzing};

/// A file passes the first look, or is refused in words.
pub(super) fn run(bytes: &[u8]) {
    if let Some((code, reason)) = fuzzing::first_look(bytes, &Limits::default()) {
        assert!(!code.is_empty() && !reason.is_empty(), "refused wordlessly");
    }
}
