//! Waiting for something to happen: never for ever, and not longer than the programs live.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, bail};
use signal_hook::consts::{SIGINT, SIGTERM};

use super::programs::Program;
use crate::shell::Stopwatch;

/// Pause between two looks: short for a person, long for the programs.
const LOOK: Duration = Duration::from_millis(200);

/// Looks after the programs while the demonstration waits.
pub(super) struct Watch {
    programs: RefCell<Vec<Program>>,
    interrupted: Arc<AtomicBool>,
    since: Stopwatch,
}

impl Watch {
    /// Start watching. From now on Ctrl-C ends the demonstration at its next wait, so that its
    /// programs are ended too.
    pub(super) fn start() -> anyhow::Result<Self> {
        let interrupted = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            signal_hook::flag::register(signal, Arc::clone(&interrupted))
                .context("cannot watch for signals")?;
        }
        Ok(Self {
            programs: RefCell::default(),
            interrupted,
            since: Stopwatch::start(),
        })
    }

    /// Look after a program. It ends with the watch; the last one first.
    pub(super) fn add(&self, program: Program) {
        self.programs.borrow_mut().insert(0, program);
    }

    /// Wait until `look` finds something.
    ///
    /// # Errors
    /// If it does not within `limit`, if looking fails, if a program ends or a person interrupts.
    pub(super) fn until<T>(
        &self,
        what: &str,
        limit: Duration,
        mut look: impl FnMut() -> anyhow::Result<Option<T>>,
    ) -> anyhow::Result<T> {
        let watch = Stopwatch::start();
        loop {
            self.check()?;
            if let Some(found) = look().with_context(|| format!("while waiting for {what}"))? {
                return Ok(found);
            }
            if watch.elapsed() > limit {
                bail!("waited {} s for {what}, in vain", limit.as_secs());
            }
            thread::sleep(LOOK);
        }
    }

    /// Wait until a person interrupts.
    pub(super) fn until_interrupted(&self) -> anyhow::Result<()> {
        while !self.interrupted.load(Ordering::Relaxed) {
            self.check()?;
            thread::sleep(LOOK);
        }
        Ok(())
    }

    /// Say what has happened, and when.
    pub(super) fn tell(&self, what: &str, detail: &str) {
        println!(
            "{:7.1} s  {what:<18} {detail}",
            self.since.elapsed().as_secs_f32()
        );
    }

    /// What the programs said last.
    pub(super) fn last_words(&self) -> String {
        self.programs
            .borrow()
            .iter()
            .map(Program::last_words)
            .collect()
    }

    fn check(&self) -> anyhow::Result<()> {
        if self.interrupted.load(Ordering::Relaxed) {
            bail!("interrupted");
        }
        self.programs
            .borrow_mut()
            .iter_mut()
            .try_for_each(Program::check)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_is_given_and_what_is_not_is_told() {
        let watch = Watch::start().unwrap();
        let mut looks = 0;
        let found = watch.until("the third look", Duration::from_secs(60), || {
            looks += 1;
            Ok((looks == 3).then_some("here"))
        });
        assert_eq!(found.unwrap(), "here");
        let error = watch
            .until("nothing", Duration::ZERO, || Ok(None::<()>))
            .unwrap_err();
        assert_eq!(error.to_string(), "waited 0 s for nothing, in vain");
    }

    #[test]
    fn an_interruption_ends_the_wait() {
        let watch = Watch::start().unwrap();
        watch.interrupted.store(true, Ordering::Relaxed);
        let error = watch
            .until("ever", Duration::from_secs(60), || Ok(None::<()>))
            .unwrap_err();
        assert_eq!(error.to_string(), "interrupted");
        watch.until_interrupted().unwrap();
    }
}
