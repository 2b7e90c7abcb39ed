//! Seeded changes of inputs.

/// Pieces that formats are made of.
const WORDS: &[&str] = &[
    "null",
    "true",
    "\"\"",
    "{}",
    "[]",
    "[[[[[[[[",
    "{\"a\":",
    "-1",
    "0",
    "1e999",
    "18446744073709551616",
    "9223372036854775807",
    "0.1",
    "\\u0000",
    "\\ud800",
    "é",
    "\u{1F600}",
    "\0",
    "\n",
    "\u{202e}",
    "id",
    "items",
    "objects",
    "data",
    "next",
    "2026-02-30T25:61:61Z",
    "0001-01-01T00:00:00Z",
    "${",
    "{tenant}",
    "https://[::1]:0/",
    "..",
    "/",
    "%00",
    "[host]\n",
    "[[api.keys]]\n",
    "{ env = \"X\" }",
    "\x7fELF",
    "\0asm\x0d\0\x01\0",
];

/// Inputs are not let grow beyond this: what larger ones meet are limits, which have their own tests.
const LONGEST: usize = 64 << 10;

/// A generator of numbers that repeats itself (SplitMix64).
#[derive(Clone, Debug)]
pub(crate) struct Numbers(u64);

impl Numbers {
    /// The sequence of a seed.
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below this one; 0 below 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % end).unwrap_or_default()
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }
}

/// An input made from one of the corpus by a few changes.
pub(crate) fn mutated(numbers: &mut Numbers, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut input = pick(numbers, corpus);
    for _ in 0..=numbers.below(6) {
        change(numbers, &mut input, corpus);
    }
    input.truncate(LONGEST);
    input
}

fn pick(numbers: &mut Numbers, corpus: &[Vec<u8>]) -> Vec<u8> {
    let number = numbers.below(corpus.len());
    corpus.get(number).cloned().unwrap_or_default()
}

fn change(numbers: &mut Numbers, input: &mut Vec<u8>, corpus: &[Vec<u8>]) {
    let at = numbers.below(input.len() + 1);
    match numbers.below(7) {
        0 => {
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << numbers.below(8);
            }
        }
        1 => {
            if let Some(byte) = input.get_mut(at) {
                *byte = numbers.byte();
            }
        }
        2 => input.truncate(at),
        3 => {
            let end = (at + numbers.below(16)).min(input.len());
            input.drain(at..end);
        }
        4 => {
            let end = (at + numbers.below(64)).min(input.len());
            let piece = input[at..end].to_vec();
            input.splice(at..at, piece);
        }
        5 => {
            let word = WORDS[numbers.below(WORDS.len())];
            input.splice(at..at, word.bytes());
        }
        _ => {
            let other = pick(numbers, corpus);
            let from = numbers.below(other.len() + 1);
            let end = (from + numbers.below(256)).min(other.len());
            input.splice(at..at, other[from..end].iter().copied());
        }
    }
}
