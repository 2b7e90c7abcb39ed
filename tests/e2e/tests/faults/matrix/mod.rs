//! What a flow says about itself, and how it is taken from its start to its end.
//!
//! [`host`] holds the faults of the host itself (F1, F11, F12), [`events`] those of what vendors tell
//! (F2, F3, F14), [`vendors`] those of calls (F4 to F7), [`subject`] what happens to asset, process
//! and fields meanwhile (F8, F9, F10, F13).

pub(crate) mod events;
pub(crate) mod host;
pub(crate) mod subject;
pub(crate) mod vendors;

use std::collections::BTreeMap;
use std::time::Duration;

use forebay_e2e::{Asset, Dam, MINUTE, Setup, World};
use forebay_model::audit::AuditEntry;
use forebay_model::run::{Run, RunState};
use forebay_simulators::common::Frame;
use forebay_simulators::opentext::Process;

/// Minutes within which a wait must open and a run must end once nothing holds it up. Back-off is
/// five minutes at most, so this is many rounds.
const PATIENCE: u32 = 240;

/// Effects of asking again in a process what it was asked already: it knows each question by its id,
/// and makes no second task of it.
pub(crate) const ASKED_AGAIN: &[&str] = &["opentext: message", "opentext: set-variables"];

/// A flow under test.
pub(crate) struct Case {
    /// The flow and its connections.
    pub(crate) setup: fn() -> Setup,
    /// People, templates and whatever else the vendors need.
    pub(crate) furnish: fn(&World),
    /// Its DAM.
    pub(crate) dam: Dam,
    /// What starts its run; returns the asset it is about.
    pub(crate) start: fn(&World) -> Asset,
    /// Is this the run whose course is followed? A flow may have others that find or help it.
    pub(crate) is_tried: fn(&Run) -> bool,
    /// What the run waits for, in order.
    pub(crate) waits: &'static [Wait],
    /// The outcome when all waits are over.
    pub(crate) outcome: &'static str,
    /// Has the effect taken place that must not come early? Asked all along, and at the end.
    pub(crate) released: fn(&World, &Asset) -> bool,
    /// What else is true at the end of an undisturbed run, of its effects above all: it proves that
    /// the measure of all other runs is right.
    pub(crate) calm: fn(&World, &Asset, &BTreeMap<String, u64>),
    /// Operations of the DAM that change something.
    pub(crate) writes: &'static [&'static str],
    /// Operations of the workflow engine that change something.
    pub(crate) engine_writes: &'static [&'static str],
    /// An operation of the DAM that each activation reads with.
    pub(crate) read: &'static str,
    /// Effects that may be had again without showing anywhere: they set something to what it is.
    pub(crate) repeatable: &'static [&'static str],
    /// The process definition of its work; one of its processes is ended in F9.
    pub(crate) definition: &'static str,
    /// Signal that makes a run go on after its process was ended (F9).
    pub(crate) restart_signal: &'static str,
    /// Outcome of a run whose asset is deleted for good (F8); empty where it does not end.
    pub(crate) gone: &'static str,
    /// What a vendor's refusal of the last write leads to (F13).
    pub(crate) refused: Refused,
    /// What a new version does to a run that waits (F10).
    pub(crate) new_version: NewVersion,
    /// A changed configuration (F11): the run that is under way does not heed it.
    pub(crate) changed: fn() -> Setup,
    /// A field of the DAM that the flow writes at its end (F13).
    pub(crate) written_field: &'static str,
    /// A field of the DAM that people may set without any meaning to the flow (F3).
    pub(crate) idle_field: &'static str,
    /// A jump of the clock across timers of the first wait (F12) and what it leads to.
    pub(crate) jump: Jump,
}

/// What a run waits for.
pub(crate) enum Wait {
    /// Somebody decides the open task of this name.
    Task {
        /// Name of the task.
        name: &'static str,
        /// Who decides.
        person: &'static str,
        /// What is decided.
        outcome: &'static str,
        /// What else is filled in, beside a comment.
        form: &'static [(&'static str, &'static str)],
    },
    /// Somebody does something elsewhere.
    Deed {
        /// What is done.
        name: &'static str,
        /// Is it time to?
        is_due: fn(&World, &Asset) -> bool,
        /// Do it. To do it again changes nothing.
        act: fn(&World, &Asset),
    },
}

/// What a new version does to a run that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NewVersion {
    /// The process is ended and the run waits for everything anew.
    Restarts,
    /// In the same process the run waits for everything anew.
    AsksAgain,
    /// Nothing: what is decided is decided about the asset, whatever its version.
    GoesOn,
}

/// What the refusal of a write leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// An operator has to look; nothing has happened.
    Parks,
    /// An operator has to look; what went before the write stands and does not happen again.
    ParksMidway,
    /// The run tries again by itself, for a while.
    TriesAgain,
}

/// A jump of the clock.
pub(crate) struct Jump {
    /// How far, from the first wait on.
    pub(crate) by: Duration,
    /// What is true after it.
    pub(crate) check: fn(&World, &[AuditEntry]),
    /// How much further until an operator has to look, where one ever has to; nothing is released by
    /// silence.
    pub(crate) until_parked: Option<Duration>,
}

/// Makes a test of each fault of the matrix for a [`Case`].
macro_rules! fault_matrix {
    ($case:expr) => {
        fault_matrix! { $case;
            f1_the_host_dies_at_each_effect: host::dies_at_each_effect,
            f1_the_host_dies_with_answers_lost: host::dies_with_answers_lost,
            f2_a_hundred_copies_of_each_event: events::duplicates,
            f3_events_come_out_of_order: events::out_of_order,
            f4_waits_as_long_as_it_is_told: vendors::too_many_requests,
            f5_outlasts_an_outage: vendors::outage,
            f6_looks_before_it_repeats: vendors::answers_lost,
            f7_waits_for_its_credentials: vendors::credentials_revoked,
            f8_ends_when_its_asset_is_deleted: subject::deleted,
            f8_goes_on_when_its_asset_comes_back: subject::deleted_and_restored,
            f9_parks_when_its_process_is_terminated: subject::terminated,
            f10_a_new_version_comes: subject::new_version,
            f11_keeps_the_configuration_it_started_with: host::configuration_changed,
            f12_timers_fire_once_after_a_jump: host::clock_jumps,
            f12_timers_due_while_down_fire_once: host::clock_jumps_while_down,
            f13_parks_when_a_mapped_field_is_gone: subject::field_removed,
            f14_polls_alone_do: events::poll_only,
        }
    };
    ($case:expr; $($name:ident: $room:ident::$fault:ident,)+) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                $crate::matrix::$room::$fault(&$case).await;
            }
        )+
    };
}

impl Wait {
    /// Is it open?
    pub(crate) fn is_open(&self, world: &World, asset: &Asset) -> bool {
        match self {
            Self::Task { name, .. } => world.open_stages().iter().any(|open| open == name),
            Self::Deed { is_due, .. } => is_due(world, asset),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Task { name, .. } | Self::Deed { name, .. } => name,
        }
    }

    /// Give the run what it waits for.
    pub(crate) fn end(&self, world: &World, asset: &Asset) {
        match self {
            Self::Task {
                name,
                person,
                outcome,
                form,
            } => {
                let form = [&[("comment", "fine")], *form].concat();
                world.decide(name, person, outcome, &form).unwrap();
            }
            Self::Deed { act, .. } => act(world, asset),
        }
    }
}

impl Case {
    pub(crate) async fn world(&self) -> World {
        self.world_of((self.setup)()).await
    }

    async fn world_of(&self, setup: Setup) -> World {
        let world = World::start(setup).await.unwrap();
        (self.furnish)(&world);
        world
    }

    fn frame<'a>(&self, world: &'a World) -> &'a Frame {
        self.dam.frame(world)
    }

    /// Operations that change something, with who offers them.
    fn writes<'a>(&self, world: &'a World) -> Vec<(&'a Frame, &'static str)> {
        let dam = self.writes.iter().map(|write| (self.frame(world), *write));
        let engine = self.engine_writes.iter();
        dam.chain(engine.map(|write| (world.engine.frame(), *write)))
            .collect()
    }

    /// The runs whose course is followed; there should be one.
    async fn runs(&self, world: &World) -> Vec<Run> {
        let mut runs = world.runs().await.unwrap();
        runs.retain(self.is_tried);
        runs
    }

    pub(crate) async fn run(&self, world: &World) -> Run {
        let mut runs = self.runs(world).await;
        assert_eq!(runs.len(), 1, "{:#?}", world.runs().await.unwrap());
        runs.remove(0)
    }

    /// Is the run in this state? It is in none before it was started.
    async fn is_in(&self, world: &World, state: RunState) -> bool {
        let runs = self.runs(world).await;
        runs.iter().any(|run| run.state == state)
    }

    /// A world after a run that nothing disturbed.
    async fn calm_world(&self) -> World {
        let world = self.world().await;
        let asset = self.begin(&world).await;
        self.go_on(&world, &asset, self.waits).await;
        self.assert_done(&world, &asset).await;
        (self.calm)(&world, &asset, &world.effects());
        world
    }

    /// Started, and the first wait is open.
    async fn begin(&self, world: &World) -> Asset {
        let asset = (self.start)(world);
        world.settle().await.unwrap();
        until_open(world, &asset, &self.waits[0]).await;
        asset
    }

    /// Started, and waiting for the wait of this number; nothing is under way.
    pub(crate) async fn waiting_at(&self, world: &World, number: usize) -> Asset {
        let asset = self.begin(world).await;
        for wait in &self.waits[..number] {
            until_open(world, &asset, wait).await;
            wait.end(world, &asset);
        }
        until_open(world, &asset, &self.waits[number]).await;
        world.endure(5 * MINUTE, MINUTE).await.unwrap();
        asset
    }

    /// End these waits, each as soon as it is open, and wait for the end of the run.
    async fn go_on(&self, world: &World, asset: &Asset, waits: &[Wait]) {
        for wait in waits {
            until_open(world, asset, wait).await;
            wait.end(world, asset);
        }
        self.until(world, RunState::Completed).await;
    }

    /// The run has come to its good end.
    async fn assert_done(&self, world: &World, asset: &Asset) {
        let run = self.run(world).await;
        assert_eq!(
            (run.state, run.outcome.as_deref()),
            (RunState::Completed, Some(self.outcome)),
            "{run:#?}"
        );
        assert!((self.released)(world, asset));
        let processes = world.processes_of(self.definition);
        let open = |process: &Process| !world.engine.open_tasks(&process.id).is_empty();
        assert!(
            !processes.iter().any(open),
            "no task is left: {processes:#?}"
        );
    }

    /// Everything took place, and once.
    pub(crate) async fn assert_once(&self, world: &World, asset: &Asset) {
        self.assert_done(world, asset).await;
        let calm = self.calm_world().await;
        assert_eq!(
            self.measured(world),
            self.measured(&calm),
            "compared with an undisturbed run"
        );
    }

    /// Effects without those that may be repeated, and how often people were asked.
    fn measured(&self, world: &World) -> BTreeMap<String, u64> {
        let mut effects = world.effects();
        effects.retain(|effect, _| !self.repeatable.contains(&effect.as_str()));
        let processes = world.engine.all_processes();
        let tasks = processes
            .iter()
            .map(|process| world.engine.tasks(&process.id).len() as u64);
        effects.insert("tasks".to_owned(), tasks.sum());
        effects
    }

    pub(crate) async fn until(&self, world: &World, state: RunState) {
        for _ in 0..PATIENCE {
            world.endure(MINUTE, MINUTE).await.unwrap();
            if self.is_in(world, state).await {
                return;
            }
        }
        let runs = world.runs().await.unwrap();
        panic!("the run never became {state:?}: {runs:#?}");
    }

    async fn assert_parked(&self, world: &World, asset: &Asset, needle: &str) -> Run {
        assert!(!(self.released)(world, asset), "nothing is released");
        self.parked(world, needle).await
    }

    /// The run that is parked: the one that is tried, or another that works for it.
    async fn parked(&self, world: &World, needle: &str) -> Run {
        let mut runs = world.runs().await.unwrap();
        runs.retain(|run| run.state == RunState::Parked);
        assert_eq!(runs.len(), 1, "{:#?}", world.runs().await.unwrap());
        let run = runs.remove(0);
        let reason = run.park_reason.clone().unwrap();
        assert!(reason.message.contains(needle), "{reason:#?}");
        run
    }
}

async fn until_open(world: &World, asset: &Asset, wait: &Wait) {
    for _ in 0..PATIENCE {
        if wait.is_open(world, asset) {
            return;
        }
        world.endure(MINUTE, MINUTE).await.unwrap();
    }
    let runs = world.runs().await.unwrap();
    panic!("{} never opened: {runs:#?}", wait.name());
}

/// A question was escalated once: reminders came at most once each, and its task went to those who
/// lead.
pub(crate) fn assert_escalated_once(world: &World, audit: &[AuditEntry], definition: &str) {
    let escalated = audit.iter().filter(|entry| entry.action == "escalated");
    assert_eq!(escalated.count(), 1, "once");
    let process = world.processes_of(definition).remove(0);
    let mut reminders = world.engine.comments(&process.id);
    reminders.retain(|comment| comment.message.starts_with("Reminder"));
    assert!(
        reminders.len() <= 2,
        "each reminder at most once: {reminders:#?}"
    );
    let tasks = world.engine.open_tasks(&process.id);
    let mut groups = tasks.iter().flat_map(|task| task.candidate_groups());
    assert!(groups.any(|group| group == "dam-leads"), "{tasks:#?}");
}
