//! Replacing byte strings in a stream, whatever its chunks are.
//!
//! The same tool fills placeholders on the way out and takes secrets out on the way in.

use bytes::Bytes;

/// What is replaced by what.
#[derive(Clone, Default)]
pub(crate) struct Replacements {
    /// Longest first, so that of two that begin alike the longer one is found.
    pairs: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Replacements {
    /// Replace `from` by `to`; an empty `from` is ignored.
    pub(crate) fn add(&mut self, from: impl Into<Vec<u8>>, to: impl Into<Vec<u8>>) {
        let (from, to) = (from.into(), to.into());
        if from.is_empty() || self.pairs.iter().any(|(known, _)| *known == from) {
            return;
        }
        self.pairs.push((from, to));
        self.pairs
            .sort_by_key(|(from, _)| std::cmp::Reverse(from.len()));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Replace in a whole.
    pub(crate) fn apply(&self, whole: &[u8]) -> Vec<u8> {
        let mut replacer = self.replacer();
        let mut replaced = replacer.push(whole).to_vec();
        replaced.extend_from_slice(&replacer.finish());
        replaced
    }

    /// Replace in a text.
    pub(crate) fn apply_text(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.apply(text.as_bytes())).into_owned()
    }

    /// Replace in a stream.
    pub(crate) fn replacer(&self) -> Replacer {
        let mut first = [false; 256];
        for (from, _) in &self.pairs {
            if let Some(byte) = from.first() {
                first[usize::from(*byte)] = true;
            }
        }
        Replacer {
            longest: self.pairs.first().map_or(0, |(from, _)| from.len()),
            pairs: self.pairs.clone(),
            first,
            held: Vec::new(),
        }
    }
}

/// A replacement under way. What could still become a match is held back.
pub(crate) struct Replacer {
    pairs: Vec<(Vec<u8>, Vec<u8>)>,
    longest: usize,
    /// Bytes with which some pattern begins: most positions need no further look.
    first: [bool; 256],
    held: Vec<u8>,
}

impl Replacer {
    /// The next chunk of the source; returns what is settled.
    pub(crate) fn push(&mut self, chunk: &[u8]) -> Bytes {
        if self.longest == 0 {
            return Bytes::copy_from_slice(chunk);
        }
        self.held.extend_from_slice(chunk);
        // A match that begins below this position lies wholly in what we hold.
        let settled = (self.held.len() + 1).saturating_sub(self.longest);
        self.replace_until(settled)
    }

    /// The end of the source; returns the rest.
    pub(crate) fn finish(&mut self) -> Bytes {
        self.replace_until(self.held.len())
    }

    fn replace_until(&mut self, end: usize) -> Bytes {
        let mut replaced = Vec::with_capacity(end);
        let mut position = 0;
        while position < end {
            let rest = &self.held[position..];
            let found = self.first[usize::from(rest[0])]
                .then(|| self.pairs.iter().find(|(from, _)| rest.starts_with(from)))
                .flatten();
            if let Some((from, to)) = found {
                replaced.extend_from_slice(to);
                position += from.len();
            } else {
                replaced.push(rest[0]);
                position += 1;
            }
        }
        self.held.drain(..position);
        Bytes::from(replaced)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replacements() -> Replacements {
        let mut replacements = Replacements::default();
        replacements.add("secret", "S");
        replacements.add("secret-two", "T");
        replacements.add("", "never");
        replacements
    }

    #[test]
    fn every_way_to_cut_a_text_gives_the_same() {
        let text = b"a secret, secret-two, secretsecret-tw and sec";
        let expected = b"a S, T, SS-tw and sec".to_vec();
        assert_eq!(replacements().apply(text), expected);
        for first in 0..=text.len() {
            for second in first..=text.len() {
                let mut replacer = replacements().replacer();
                let mut replaced = Vec::new();
                for part in [&text[..first], &text[first..second], &text[second..]] {
                    replaced.extend_from_slice(&replacer.push(part));
                }
                replaced.extend_from_slice(&replacer.finish());
                assert_eq!(replaced, expected, "cut at {first} and {second}");
            }
        }
    }

    #[test]
    fn nothing_to_replace_holds_nothing_back() {
        assert_eq!(
            Replacements::default().replacer().push(b"abc"),
            Bytes::from("abc")
        );
    }
}
