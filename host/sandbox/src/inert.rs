//! The world a handler sees: time stands still, chance is repeatable.
//!
//! Language runtimes draw random seeds and read clocks whether the author asks for it or not, so
//! these must give the same answers when an activation runs again after a crash.

use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use forebay_model::{SharedClock, Timestamp};
use rand_core::TryRng;
use sha2::{Digest as _, Sha256};
use wasmtime_wasi::{HostMonotonicClock, HostWallClock};

/// A wall clock that shows the activation's time.
pub(crate) struct StoppedClock(pub(crate) Timestamp);

impl HostWallClock for StoppedClock {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        since_epoch(self.0)
    }
}

/// A wall clock that shows the host's time, for connectors.
pub(crate) struct HostClock(pub(crate) SharedClock);

impl HostWallClock for HostClock {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        since_epoch(self.0.now())
    }
}

fn since_epoch(time: Timestamp) -> Duration {
    time.since(Timestamp(0))
}

/// A monotonic clock that moves a millisecond each time it is read: repeatable, and a loop that
/// waits for time to pass comes to its end.
#[derive(Default)]
pub(crate) struct CountingClock(AtomicU64);

/// One reading of the counting clock, in nanoseconds.
const READING: u64 = 1_000_000;

impl HostMonotonicClock for CountingClock {
    fn resolution(&self) -> u64 {
        READING
    }

    fn now(&self) -> u64 {
        self.0.fetch_add(READING, Ordering::Relaxed)
    }
}

/// Random numbers that follow from a seed and a purpose: SHA-256 in counter mode, so that no
/// library's next version changes them under a recorded activation.
pub(crate) struct SeededRandom {
    key: [u8; 32],
    counter: u64,
    block: [u8; 32],
    used: usize,
}

impl SeededRandom {
    pub(crate) fn new(seed: u64, purpose: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(seed.to_be_bytes());
        hash.update(purpose.as_bytes());
        Self {
            key: hash.finalize().into(),
            counter: 0,
            block: [0; 32],
            used: 32,
        }
    }

    fn fill(&mut self, target: &mut [u8]) {
        for byte in target {
            if self.used == self.block.len() {
                let mut hash = Sha256::new();
                hash.update(self.key);
                hash.update(self.counter.to_be_bytes());
                self.block = hash.finalize().into();
                self.counter = self.counter.wrapping_add(1);
                self.used = 0;
            }
            *byte = self.block[self.used];
            self.used += 1;
        }
    }
}

impl TryRng for SeededRandom {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.fill(&mut bytes);
        Ok(u32::from_be_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        Ok(u64::from_be_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, target: &mut [u8]) -> Result<(), Infallible> {
        self.fill(target);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(seed: u64, purpose: &str) -> [u8; 100] {
        let mut bytes = [0; 100];
        SeededRandom::new(seed, purpose).fill(&mut bytes);
        bytes
    }

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        assert_eq!(draw(7, "secure"), draw(7, "secure"));
        assert_ne!(draw(7, "secure"), draw(8, "secure"));
        assert_ne!(draw(7, "secure"), draw(7, "insecure"));
    }

    #[test]
    fn numbers_drawn_so_far_never_change() {
        assert_eq!(
            SeededRandom::new(1, "secure").try_next_u64(),
            Ok(0x17d965e281f8890b)
        );
    }

    #[test]
    fn waiting_for_time_ends() {
        let clock = CountingClock::default();
        assert_eq!((clock.now(), clock.now()), (0, READING));
    }
}
