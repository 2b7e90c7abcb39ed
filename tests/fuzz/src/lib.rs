//! Fuzz targets: whatever bytes come, a target returns; it panics where the product would break a
//! promise.
//!
//! One function for each door through which strangers' bytes come in, listed in [`TARGETS`]. Two
//! drivers call them: `cargo fuzz run TARGET` (libFuzzer, needs a nightly compiler) by the one-liners
//! in `fuzz/fuzz_targets`, and `cargo xtask fuzz` by [`drive`], which knows nothing of coverage but
//! runs anywhere, is seeded, and repeats itself. Both use the corpus in `fuzz/corpus/TARGET`; what
//! either finds becomes a file there, which the tests replay for ever.

pub mod drive;
mod mutate;
mod targets;

pub use targets::{TARGETS, Target};

/// Run the target of this name. One that is not there does nothing.
pub fn named(name: &str, bytes: &[u8]) {
    for target in TARGETS.iter().filter(|target| target.name == name) {
        (target.run)(bytes);
    }
}
