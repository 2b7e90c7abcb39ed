//! The engine whole, under a seeded simulation: virtual time, vendors that fail, delay, repeat and
//! reorder, hosts that stand still and die at any write, two hosts on one store. What is promised is
//! checked after every step, and broken stores and vendors show that the checks notice.
//!
//! A seed that fails is told with its last steps. `FOREBAY_SIM_SEED=N` lives through that history
//! again, step by step the same; `FOREBAY_SIM_SEEDS=N` makes it so many histories.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::large_futures,
    reason = "tests"
)]

mod broken;
mod chance;
mod checker;
mod components;
mod ending;
mod handlers;
mod history;
mod host;
mod outside;
mod setup;
mod sim;
mod store;
mod time;
mod triggers;
mod vendor;

use history::{Medium, tell};
use sim::{Breakage, Invariant};

/// Histories of one run of the tests.
const SEEDS: u64 = 2_000;

/// Tests that live through a share of them each, so that they run side by side.
const SHARES: u64 = 4;

/// Those of them that lie on a disk.
const ON_DISK: u64 = 20;

/// Histories among which a breakage must be noticed.
const PATIENCE: u64 = 60;

#[expect(
    clippy::disallowed_methods,
    reason = "the one thing a test is told from outside"
)]
fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|error| panic!("{variable}={text}: {error}")),
    )
}

/// Live through these histories, up to the first that fails.
fn all(seeds: impl Iterator<Item = u64>, medium: Medium) {
    for seed in seeds {
        if let Some(violation) = tell(seed, medium, None).violation {
            panic!(
                "seed {seed}: {violation}to see it again: FOREBAY_SIM_SEED={seed} \
                 cargo nextest run -p forebay-engine --test simulation histories_hold"
            );
        }
    }
}

/// The histories of a share.
fn share(number_of_share: u64) {
    let seeds = match number("FOREBAY_SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("FOREBAY_SIM_SEEDS").unwrap_or(SEEDS),
    };
    let own = seeds.filter(|seed| seed % SHARES == number_of_share);
    all(own, Medium::Memory);
}

#[test]
fn histories_hold_what_is_promised_first_share() {
    share(0);
}

#[test]
fn histories_hold_what_is_promised_second_share() {
    share(1);
}

#[test]
fn histories_hold_what_is_promised_third_share() {
    share(2);
}

#[test]
fn histories_hold_what_is_promised_fourth_share() {
    share(3);
}

#[test]
fn histories_on_a_disk_hold_it_too() {
    all(1_000_000..1_000_000 + ON_DISK, Medium::Disk);
}

#[test]
fn a_seed_tells_the_same_history_each_time() {
    for seed in 0..20 {
        let first = tell(seed, Medium::Memory, None).digest;
        let second = tell(seed, Medium::Disk, None).digest;
        assert_eq!(first, second, "seed {seed}");
    }
    assert_ne!(
        tell(0, Medium::Memory, None).digest,
        tell(1, Medium::Memory, None).digest
    );
}

/// A breakage is noticed, as what it is.
fn noticed(breakage: Breakage, as_one_of: &[Invariant]) {
    let found = (0..PATIENCE).find_map(|seed| tell(seed, Medium::Memory, Some(breakage)).violation);
    let found = found.unwrap_or_else(|| panic!("{breakage:?} goes unnoticed"));
    assert!(
        as_one_of.contains(&found.invariant),
        "{breakage:?}: {found}"
    );
}

macro_rules! breakages {
    ($($name:ident: $breakage:ident is $($invariant:ident)or+;)+) => {
        $(#[test]
        fn $name() {
            noticed(Breakage::$breakage, &[$(Invariant::$invariant),+]);
        })+
    };
}

breakages! {
    an_event_handled_twice_is_noticed: RepeatedEventsAreNew is HandledOnce or EffectsOnce;
    a_lost_event_is_noticed: EventsAreForgotten is NothingLost;
    a_missed_early_event_is_noticed: EarlyEventsAreMissed is EarlyEvents;
    a_second_live_run_is_noticed: KeysAreNotUnique is OneLiveRun;
    a_repeated_effect_is_noticed: KeysAreIgnored is EffectsOnce;
    a_skipped_timer_is_noticed: TimersAreForgotten is NoTimerSkipped;
    an_edited_audit_is_noticed: AuditIsEdited is AuditWhole;
    an_effect_without_audit_is_noticed: AuditIsForgotten is EffectsAudited;
    a_write_of_a_lost_claim_is_noticed: FenceIsOpen is Fenced;
    a_run_that_never_ends_is_noticed: RetriesAreForgotten is Ends;
}
