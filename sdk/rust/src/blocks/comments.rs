//! Comments that stand on both sides, the DAM and the workflow engine: what copies are called, and
//! what they say. Which comments are copied is each use case's to say.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::capability::workflow::ProcessComment;
use crate::digest;

/// Begins the external id of a copy of what was written in the DAM; the id there follows.
pub const OF_DAM: &str = "dam:";
/// Begins the external id of a copy of what was written in the workflow engine; the id there follows.
pub const OF_WORKFLOW: &str = "wf:";

/// Where comments are copied to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Both ways.
    #[default]
    Both,
    /// From the DAM to the workflow engine only.
    Workflow,
    /// From the workflow engine to the DAM only.
    Dam,
    /// Not at all.
    None,
}

/// What the copy in the DAM says: who wrote the comment, and what.
#[must_use]
pub fn attributed(comment: &ProcessComment) -> String {
    match &comment.author {
        Some(author) => format!("{author}: {}", comment.text),
        None => comment.text.clone(),
    }
}

/// Tells whether a text that was copied has changed, without keeping it.
#[must_use]
pub fn fingerprint(text: &str) -> String {
    digest::sha256_hex(text.as_bytes())[..16].to_owned()
}

/// Parts of at most this many characters, each but a single one with its number.
#[must_use]
pub fn split_text(text: &str, limit: u32) -> Vec<String> {
    let limit = limit.max(1) as usize;
    let letters: Vec<char> = text.chars().collect();
    if letters.len() <= limit {
        return vec![text.to_owned()];
    }
    let parts: Vec<String> = letters
        .chunks(limit)
        .map(|part| part.iter().collect())
        .collect();
    let count = parts.len();
    let numbered = parts.into_iter().enumerate();
    numbered
        .map(|(index, part)| format!("({}/{count}) {part}", index + 1))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_split_and_numbered() {
        assert_eq!(split_text("short", 10), ["short"]);
        assert_eq!(
            split_text("abcdefgh", 3),
            ["(1/3) abc", "(2/3) def", "(3/3) gh"]
        );
    }
}
