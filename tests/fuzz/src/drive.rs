//! The driver without coverage: replays a corpus, then runs seeded changes of it.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use crate::Target;
use crate::mutate::{Numbers, mutated};

/// An input on which a target panicked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Name of the target.
    pub target: &'static str,
    /// The input.
    pub input: Vec<u8>,
}

impl Finding {
    /// Write it where it is kept; returns the file.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn keep(&self, folder: &Path) -> io::Result<PathBuf> {
        let folder = folder.join(self.target);
        std::fs::create_dir_all(&folder)?;
        let digest = forebay_model::Digest::of(&self.input);
        let file = folder.join(format!("found-{}", &digest.as_str()[..16]));
        std::fs::write(&file, &self.input)?;
        Ok(file)
    }
}

/// Where the corpora are.
#[must_use]
pub fn corpora() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus")
}

/// The corpus of a target, in the order of its files' names.
///
/// # Errors
/// If it cannot be read.
pub fn corpus(target: &Target) -> io::Result<Vec<Vec<u8>>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(corpora().join(target.name))? {
        files.push(entry?.path());
    }
    files.sort();
    files.iter().map(std::fs::read).collect()
}

/// Run an input.
///
/// # Errors
/// The finding, if the target panics.
pub fn run(target: &Target, input: &[u8]) -> Result<(), Finding> {
    catch_unwind(AssertUnwindSafe(|| (target.run)(input))).map_err(|_| Finding {
        target: target.name,
        input: input.to_vec(),
    })
}

/// Run changed inputs as long as told to go on; returns how many.
///
/// # Errors
/// The first finding.
pub fn search(
    target: &Target,
    corpus: &[Vec<u8>],
    seed: u64,
    mut go_on: impl FnMut(u64) -> bool,
) -> Result<u64, Finding> {
    let mut numbers = Numbers::seeded(seed);
    let mut done = 0;
    while go_on(done) {
        run(target, &mutated(&mut numbers, corpus))?;
        done += 1;
    }
    Ok(done)
}
