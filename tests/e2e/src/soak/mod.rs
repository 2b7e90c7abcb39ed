//! The soak: all fourteen flows in one world, thousands of runs, with faults, for weeks of virtual
//! time.
//!
//! [`crowd`] begins shows ([`crate::shows`]) in an order that a seed decides and lets their people
//! answer, [`weather`] is what goes wrong meanwhile, [`ledger`] counts. At the end nothing may have
//! happened twice, no trigger may have been lost, every run must have ended or wait for something,
//! and the store must hold no more than its retention lets it.

mod chance;
mod crowd;
mod ledger;
mod weather;

use std::collections::BTreeMap;
use std::time::Duration;

use self::chance::Chance;
use self::crowd::{Crowd, is_legitimate};
pub use self::ledger::Holding;
use self::ledger::{Ledger, all_runs, events, prune};
pub use self::weather::Weather;
use crate::shows::{self, ALL};
use crate::{DAY, HOUR, MINUTE, World};

/// How far the clock goes in a step.
const STEP: Duration = MINUTE.saturating_mul(15);
/// How far it goes in a step while the last shows come to their ends.
const LAST_STEP: Duration = HOUR.saturating_mul(3);
/// Longest time for that, longer than any show may take with all its patience.
const LAST: Duration = DAY.saturating_mul(24);
/// Shows that begin in a step, at most.
const BEGIN: u64 = 4;
/// Between two of them: vendors write no finer times.
const MOMENT: Duration = Duration::from_secs(1);
/// Steps after which runs are counted and shows looked after.
const LOOK: u32 = 4;
/// Steps after which books are closed and history is removed.
const CLOSE: u32 = 24;
/// Only a soak whose halves are longer than this shows whether history goes.
const HISTORY: Duration = HOUR.saturating_mul(12);
/// History is kept so shortly here that it goes while the soak goes on.
const KEPT: Duration = HOUR.saturating_mul(6);
/// The same for the host.
const RETENTION: &str = r#"
[retention]
ended_runs_for = "6h"
events_for = "6h"
"#;

/// What to soak.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Runs that must have ended before no more shows begin.
    pub runs: usize,
    /// What decides the order of triggers, faults and answers.
    pub seed: u64,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Report {
    /// Shows that began.
    pub begun: u32,
    /// Shows that came to their end as they should, by use case.
    pub shows: BTreeMap<&'static str, u32>,
    /// Runs that ended, by flow.
    pub flows: BTreeMap<String, u32>,
    /// Decisions of people.
    pub decisions: u64,
    /// Events that the host accepted.
    pub events: u64,
    /// Calls of the host to vendors.
    pub calls: u64,
    /// Effects of these.
    pub effects: u64,
    /// What went wrong on purpose.
    pub weather: Weather,
    /// Runs that were parked and tried again by an operator, by code.
    pub parked: BTreeMap<String, u32>,
    /// Time that passed on the virtual clock.
    pub took: Duration,
    /// What the store held after half of the runs.
    pub half: Holding,
    /// What it held when the last show had begun.
    pub full: Holding,
    /// What it held in the end.
    pub end: Holding,
    /// Live runs at the end: they wait for something.
    pub waiting: usize,
    /// What happened twice.
    pub duplicates: Vec<String>,
    /// What else is not as it should be.
    pub problems: Vec<String>,
}

impl Report {
    /// Is everything as it should be?
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.duplicates.is_empty() && self.problems.is_empty()
    }
}

/// Soak. `tell` hears how far it is, now and then: runs that ended, and virtual time.
///
/// # Errors
/// If a world cannot be started, the store fails, or a vendor does not take what a person does.
pub async fn soak(plan: Plan, tell: &mut dyn FnMut(usize, Duration)) -> anyhow::Result<Report> {
    let world = World::start(shows::setup(&ALL, RETENTION)?).await?;
    for show in ALL {
        show.furnish(&world);
    }
    world.lift_rates();
    world.settle().await?;
    let mut soak = Soak {
        began: world.clock_now(),
        world,
        chance: Chance::new(plan.seed),
        crowd: Crowd::default(),
        ledger: Ledger::default(),
        weather: Weather::default(),
        steps: 0,
        last_event: 0,
    };
    let mut half = None;
    while soak.ledger.ended() < plan.runs {
        for _ in 0..soak.chance.below(BEGIN) {
            soak.crowd.begin(&soak.world, &mut soak.chance).await?;
            soak.world.clock.advance(MOMENT);
        }
        soak.weather
            .strike(&mut soak.world, soak.steps, &mut soak.chance)
            .await?;
        soak.step(STEP, LOOK, tell).await?;
        if half.is_none() && soak.ledger.ended() * 2 >= plan.runs {
            half = Some(soak.holding().await?);
        }
    }
    let full = soak.holding().await?;
    Weather::clear(&soak.world);
    let end = soak.world.clock_now().plus(LAST);
    while soak.crowd.len() > 0 && soak.world.clock_now() < end {
        soak.step(LAST_STEP, 1, tell).await?;
    }
    soak.report(half.unwrap_or_default(), full).await
}

struct Soak {
    world: World,
    began: forebay_model::Timestamp,
    chance: Chance,
    crowd: Crowd,
    ledger: Ledger,
    weather: Weather,
    steps: u32,
    last_event: u64,
}

impl Soak {
    /// Time passes, people answer, and now and then everything is looked at.
    async fn step(
        &mut self,
        step: Duration,
        look: u32,
        tell: &mut dyn FnMut(usize, Duration),
    ) -> anyhow::Result<()> {
        self.world.endure(step, step).await?;
        self.crowd.answer(&self.world, &mut self.chance)?;
        self.steps += 1;
        if self.steps.is_multiple_of(look) {
            let runs = self.ledger.count_runs(&self.world).await?;
            self.crowd.look(&self.world, &runs);
        }
        if self.steps.is_multiple_of(CLOSE) {
            self.close().await?;
            tell(
                self.ledger.ended(),
                self.world.clock_now().since(self.began),
            );
        }
        Ok(())
    }

    async fn holding(&self) -> anyhow::Result<Holding> {
        let passed = self.world.clock_now().since(self.began);
        self.ledger.holding(&self.world, passed).await
    }

    async fn close(&mut self) -> anyhow::Result<()> {
        // iconik switches webhooks off that failed while the host was down.
        self.world.core().arm_webhooks().await;
        self.ledger.close_books(&self.world);
        let held = events(&self.world, false).await?;
        let newest = held.iter().map(|event| event.id).max();
        self.last_event = self.last_event.max(newest.unwrap_or_default());
        prune(&self.world).await
    }

    async fn report(mut self, half: Holding, full: Holding) -> anyhow::Result<Report> {
        self.world.settle().await?;
        self.close().await?;
        let mut problems = std::mem::take(&mut self.crowd.problems);
        if self.crowd.len() > 0 {
            problems.push(format!("{} shows have not ended", self.crowd.len()));
        }
        problems.extend(unbounded(&half, &full));
        let end = self.holding().await?;
        if end.outlived > 0 {
            problems.push(format!("the store keeps what it should not: {end:?}"));
        }
        let unrouted = events(&self.world, true).await?.len();
        if unrouted > 0 {
            problems.push(format!("{unrouted} events were not routed"));
        }
        let runs = all_runs(&self.world).await?;
        for run in runs.iter().filter(|run| !is_legitimate(run)) {
            let (key, state) = (&run.business_key, run.state.as_str());
            problems.push(format!("{key} is {state}: {:?}", run.park_reason));
        }
        Ok(Report {
            begun: self.crowd.begun(),
            decisions: self.crowd.decisions,
            events: self.last_event,
            calls: self.ledger.calls,
            effects: self.ledger.effects,
            weather: self.weather,
            took: self.world.clock_now().since(self.began),
            half,
            full,
            end,
            waiting: runs.iter().filter(|run| run.state.is_live()).count(),
            duplicates: self.ledger.duplicates(&self.world),
            problems,
            shows: self.crowd.ended,
            flows: self.ledger.by_flow,
            parked: self.ledger.parked,
        })
    }
}

/// Does the store grow as runs end?
fn unbounded(half: &Holding, full: &Holding) -> Option<String> {
    if full.passed.saturating_sub(half.passed) < HISTORY || half.passed < HISTORY {
        return None;
    }
    // Only the audit does, and live runs are kept whatever their number.
    let per_run = full.bytes * half.ended as u64 >= half.bytes * full.ended as u64;
    per_run.then(|| format!("the store grows: {half:?}, then {full:?}"))
}
