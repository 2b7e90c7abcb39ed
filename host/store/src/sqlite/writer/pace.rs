//! Whether the writer waits a moment for company before it commits.
//!
//! A sync to disk costs the same for one write as for a hundred. Where many runs are under way, a
//! short wait lets their writes share one; where one run goes alone, its next write comes only after
//! this one is answered, and a wait would gain nothing. The writer cannot know which it is, but it
//! sees what waiting brought: after a wait in vain it goes without for a while, longer each time.

use std::time::Duration;

/// Writes that must join for a wait to have been worth it. One or two come by chance, from the two
/// sides of a single run.
const WORTH: usize = 3;

/// Most commits without a wait after one in vain: a burst is noticed within that many commits, and a
/// quiet host pays for one wait in so many.
const LONGEST_PAUSE: u32 = 64;

/// Remembers what waiting brought.
#[derive(Debug)]
pub(super) struct Pace {
    wait: Duration,
    /// Commits to go without a wait.
    without: u32,
    /// The pause after the next wait in vain.
    pause: u32,
}

impl Pace {
    /// Wait for so long where it pays; zero never waits.
    pub(super) fn new(wait: Duration) -> Self {
        Self {
            wait,
            without: 0,
            pause: 1,
        }
    }

    /// How long to wait before this commit.
    pub(super) fn wait(&mut self) -> Option<Duration> {
        if self.wait.is_zero() {
            return None;
        }
        if self.without > 0 {
            self.without -= 1;
            return None;
        }
        Some(self.wait)
    }

    /// So many writes joined during a wait.
    pub(super) fn joined(&mut self, writes: usize) {
        if writes >= WORTH {
            self.pause = 1;
        } else {
            self.without = self.pause;
            self.pause = self.pause.saturating_mul(2).min(LONGEST_PAUSE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::from_millis(2);

    /// Commits without a wait until the next one with.
    fn without(pace: &mut Pace) -> u32 {
        let mut commits = 0;
        while pace.wait().is_none() {
            commits += 1;
        }
        commits
    }

    #[test]
    fn waits_in_vain_become_rare_and_never_end() {
        let mut pace = Pace::new(WAIT);
        assert_eq!(pace.wait(), Some(WAIT));
        let mut pauses = Vec::new();
        for _ in 0..8 {
            pace.joined(1);
            pauses.push(without(&mut pace));
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 64]);
    }

    #[test]
    fn company_makes_every_commit_wait() {
        let mut pace = Pace::new(WAIT);
        pace.joined(0);
        assert_eq!(without(&mut pace), 1);
        for _ in 0..3 {
            pace.joined(WORTH);
            assert_eq!(pace.wait(), Some(WAIT));
        }
        pace.joined(0);
        assert_eq!(without(&mut pace), 1, "the pause begins short again");
    }

    #[test]
    fn zero_never_waits() {
        let mut pace = Pace::new(Duration::ZERO);
        assert!((0..100).all(|_| pace.wait().is_none()));
    }
}
