//! Bulk coalescing (rule C-08): what arrives together is worked on together.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Span;
use crate::digest;

/// Whether and how assets that arrive together become one batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Batching {
    /// Gather assets that arrive together.
    pub enabled: bool,
    /// How long after another of them.
    pub window: Span,
    /// Most assets of one batch; with the last of them it begins at once.
    pub max_items: usize,
}

impl Default for Batching {
    fn default() -> Self {
        Self {
            enabled: false,
            // A card offload or a folder dragged into a library arrives within it.
            window: Span::Minutes(2),
            // More than a person decides about in one sitting.
            max_items: 500,
        }
    }
}

impl Batching {
    /// The part of a business key that is the same for all that share these properties.
    #[must_use]
    pub fn key(shared: &[&str]) -> String {
        format!("batch:{}", digest::of_parts(shared))
    }
}

/// Numbers as people list them: `1, 4-6` is 1, 4, 5 and 6. Each once, in order.
///
/// # Errors
/// The part that is no number, no range, or beyond `most`.
pub fn numbers(text: &str, most: usize) -> Result<Vec<usize>, String> {
    let mut found = Vec::new();
    let parts = text.split([',', ';', ' ', '\n']).map(str::trim);
    for part in parts.filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let range = (first.trim().parse::<usize>(), last.trim().parse::<usize>());
        match range {
            (Ok(first), Ok(last)) if (1..=last).contains(&first) && last <= most => {
                found.extend(first..=last);
            }
            _ => return Err(format!("`{part}` is not a number from 1 to {most}")),
        }
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_rule() {
        let defaults = serde_json::to_value(Batching::default()).unwrap();
        let wanted = serde_json::json!({"enabled": false, "window": "2m", "max_items": 500});
        assert_eq!(defaults, wanted);
    }

    #[test]
    fn only_what_shares_everything_shares_the_key() {
        assert_eq!(Batching::key(&["ann", "/A"]), Batching::key(&["ann", "/A"]));
        assert_ne!(Batching::key(&["ann", "/A"]), Batching::key(&["ann/", "A"]));
    }

    #[test]
    fn numbers_are_read_as_people_write_them() {
        assert_eq!(numbers("3, 1\n4-6 5", 6), Ok(vec![1, 3, 4, 5, 6]));
        assert_eq!(numbers(" ", 6), Ok(Vec::new()));
        for wrong in ["0", "7", "4-7", "6-4", "x", "1-", "-1"] {
            assert!(numbers(wrong, 6).is_err(), "{wrong}");
        }
    }
}
