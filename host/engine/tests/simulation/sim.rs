//! What all parts of a history share: its chance, its time, its trace, and the first thing that went
//! wrong.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use forebay_model::Timestamp;

use crate::chance::{Chance, Profile};
use crate::checker::Checker;
use crate::time::SimClock;
use crate::vendor::Vendor;

/// When every history begins: 2026-11-22T00:00:00Z.
const START: Timestamp = Timestamp(1_795_305_600_000);

/// Lines of the trace that a failure shows.
const SHOWN: usize = 120;

/// Turns in which nothing happened, after which nothing will before time passes. A woken task may
/// hand on to others a few times before it comes to something that is traced.
const QUIET_TURNS: u32 = 12;

/// What must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Invariant {
    /// An accepted event is handled once.
    HandledOnce,
    /// An accepted event is handled, or ignored with a reason.
    NothingLost,
    /// An event that came before the wait for it was stored comes to its run.
    EarlyEvents,
    /// At most one live run per business key.
    OneLiveRun,
    /// A call has its effect at most once.
    EffectsOnce,
    /// A timer that was set fires.
    NoTimerSkipped,
    /// The audit chain is whole.
    AuditWhole,
    /// Every effect is audited once.
    EffectsAudited,
    /// Whoever lost a claim writes nothing under it.
    Fenced,
    /// Once all is calm every run ends well.
    Ends,
}

/// Something that must not be.
#[derive(Clone, Debug)]
pub(crate) struct Violation {
    pub(crate) invariant: Invariant,
    message: String,
    trace: Vec<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:?}: {}", self.invariant, self.message)?;
        writeln!(f, "the last that happened:")?;
        for line in &self.trace {
            writeln!(f, "  {line}")?;
        }
        Ok(())
    }
}

/// The shared part of a history.
pub(crate) struct Sim {
    pub(crate) clock: SimClock,
    pub(crate) profile: Profile,
    pub(crate) vendor: Vendor,
    pub(crate) checker: Checker,
    pub(crate) breakage: Option<Breakage>,
    calm: AtomicBool,
    activity: AtomicU64,
    inner: Mutex<Inner>,
}

/// Something that is broken on purpose, to see that the checks notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Breakage {
    /// The store takes a repeated event for a new one.
    RepeatedEventsAreNew,
    /// The store forgets an event that it acknowledged.
    EventsAreForgotten,
    /// The store does not look for events that came before a wait.
    EarlyEventsAreMissed,
    /// The store starts a second run beside a live one.
    KeysAreNotUnique,
    /// The vendor repeats an effect for the same key.
    KeysAreIgnored,
    /// The store does not keep timers.
    TimersAreForgotten,
    /// Somebody edits the audit.
    AuditIsEdited,
    /// The store does not keep the audit of effects.
    AuditIsForgotten,
    /// The store takes writes of lost claims.
    FenceIsOpen,
    /// The store loses a retry.
    RetriesAreForgotten,
}

struct Inner {
    chance: Chance,
    digest: u64,
    lines: VecDeque<String>,
    violation: Option<Violation>,
}

impl Sim {
    pub(crate) fn new(seed: u64, breakage: Option<Breakage>) -> Arc<Self> {
        let mut chance = Chance::new(seed);
        let profile = Profile::draw(&mut chance);
        Arc::new(Self {
            clock: SimClock::new(START),
            profile,
            vendor: Vendor::default(),
            checker: Checker::default(),
            breakage,
            calm: AtomicBool::new(false),
            activity: AtomicU64::new(0),
            inner: Mutex::new(Inner {
                chance,
                digest: 0xCBF2_9CE4_8422_2325,
                lines: VecDeque::new(),
                violation: None,
            }),
        })
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A number below `limit`.
    pub(crate) fn below(&self, limit: u64) -> u64 {
        self.inner().chance.below(limit)
    }

    /// A duration of at most so many seconds.
    pub(crate) fn seconds(&self, most: u64) -> Duration {
        Duration::from_millis(self.below(most * 1_000 + 1))
    }

    /// Does something of this frequency go wrong now? Never once all is calm.
    pub(crate) fn strikes(&self, one_in: u64) -> bool {
        one_in > 0 && !self.calm.load(Ordering::Relaxed) && self.below(one_in) == 0
    }

    /// From now on nothing goes wrong any more.
    pub(crate) fn calm_down(&self) {
        self.calm.store(true, Ordering::Relaxed);
        self.trace(format_args!("calm"));
    }

    /// Is this broken on purpose?
    pub(crate) fn broken(&self, breakage: Breakage) -> bool {
        self.breakage == Some(breakage)
    }

    /// Write down that something happened.
    pub(crate) fn trace(&self, what: fmt::Arguments<'_>) {
        self.stir();
        let line = format!("{:>9} {what}", self.now().0 - START.0);
        let mut inner = self.inner();
        for byte in line.bytes() {
            inner.digest = (inner.digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
        }
        if inner.lines.len() == SHOWN {
            inner.lines.pop_front();
        }
        inner.lines.push_back(line);
    }

    /// What happened so far, as a number.
    pub(crate) fn digest(&self) -> u64 {
        self.inner().digest
    }

    /// Note that something must not be. The first counts.
    pub(crate) fn violated(&self, invariant: Invariant, message: String) {
        let mut inner = self.inner();
        if inner.violation.is_none() {
            let trace = inner.lines.iter().cloned().collect();
            inner.violation = Some(Violation {
                invariant,
                message,
                trace,
            });
        }
    }

    /// What went wrong, if anything did.
    pub(crate) fn violation(&self) -> Option<Violation> {
        self.inner().violation.clone()
    }

    /// Note that somebody does something.
    pub(crate) fn stir(&self) {
        self.activity.fetch_add(1, Ordering::Relaxed);
    }

    /// Grows whenever somebody does something.
    pub(crate) fn activity(&self) -> u64 {
        self.activity.load(Ordering::Relaxed)
    }

    /// Let all others work until nothing more happens without time passing.
    pub(crate) async fn others_work(&self) {
        let mut quiet = 0;
        while quiet < QUIET_TURNS {
            let before = self.activity();
            tokio::task::yield_now().await;
            quiet = if self.activity() == before {
                quiet + 1
            } else {
                0
            };
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }
}
