//! The engine as a service: each kind of work in a loop, until it is told to drain.

mod polling;
mod triggers;

use std::sync::Arc;
use std::time::Duration;

use forebay_model::Timestamp;
use forebay_store::retention::Pruned;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::core::Core;
use crate::dispatch::isolated;
use crate::{Error, Result};

/// Pause after a failure of the store, so that a full disk is not hammered.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// Pause before looking again for something that was due and not done: it waits for room, which
/// nobody may announce.
const BLOCKED_PAUSE: Duration = Duration::from_secs(1);

/// The running engine.
pub struct Service {
    core: Arc<Core>,
    stop: watch::Sender<bool>,
    loops: JoinSet<()>,
}

impl Service {
    /// Start all loops.
    #[must_use]
    pub fn start(core: Arc<Core>) -> Self {
        let stop = watch::Sender::new(false);
        let mut loops = JoinSet::new();
        loops.spawn(keep_up(
            "dispatch",
            dispatch,
            Arc::clone(&core),
            stop.subscribe(),
        ));
        loops.spawn(keep_up(
            "routing",
            route,
            Arc::clone(&core),
            stop.subscribe(),
        ));
        loops.spawn(keep_up(
            "normalising",
            normalise,
            Arc::clone(&core),
            stop.subscribe(),
        ));
        loops.spawn(keep_up(
            "polling",
            polling::poll,
            Arc::clone(&core),
            stop.subscribe(),
        ));
        loops.spawn(keep_up(
            "renewing leases",
            renew,
            Arc::clone(&core),
            stop.subscribe(),
        ));
        loops.spawn(keep_up(
            "checking",
            check,
            Arc::clone(&core),
            stop.subscribe(),
        ));
        loops.spawn(keep_up(
            "schedules",
            triggers::schedules,
            Arc::clone(&core),
            stop.subscribe(),
        ));
        loops.spawn(keep_up(
            "backfills",
            triggers::backfills,
            Arc::clone(&core),
            stop.subscribe(),
        ));
        loops.spawn(keep_up("arming", arm, Arc::clone(&core), stop.subscribe()));
        loops.spawn(keep_up(
            "watching",
            watch,
            Arc::clone(&core),
            stop.subscribe(),
        ));
        loops.spawn(keep_up(
            "pruning",
            prune,
            Arc::clone(&core),
            stop.subscribe(),
        ));
        Self { core, stop, loops }
    }

    /// Stop claiming and wait for what is under way, at most `timeout`. What is not finished by
    /// then runs again after the next start.
    pub async fn drain(mut self, timeout: Duration) {
        self.stop.send_replace(true);
        let deadline = self.core.clock.now().plus(timeout);
        let all = async { while self.loops.join_next().await.is_some() {} };
        tokio::select! {
            biased;
            () = all => {}
            () = self.core.clock.sleep_until(deadline) => {
                tracing::warn!("drain timed out; unfinished activations run again after the next start");
            }
        }
        self.loops.abort_all();
    }
}

/// Run a loop, and start it again should it die: a host that polls but no longer routes would be
/// worse than one that is down.
async fn keep_up<F, Fut>(name: &'static str, run: F, core: Arc<Core>, stop: watch::Receiver<bool>)
where
    F: Fn(Arc<Core>, watch::Receiver<bool>) -> Fut,
    Fut: Future<Output = ()> + Send + 'static,
{
    while isolated(run(Arc::clone(&core), stop.clone()))
        .await
        .is_none()
    {
        tracing::error!(
            part = name,
            "a part of the engine died; it is started again"
        );
        if !pause(&core, &mut stop.clone(), STORE_PAUSE).await {
            break;
        }
    }
}

/// Until when to wait in a loop whose round began at `began`, if this is what is due next.
fn next_round(core: &Core, began: Timestamp, due: Option<Timestamp>) -> Option<Timestamp> {
    due.map(|due| {
        if due > began {
            due
        } else {
            core.clock.now().plus(BLOCKED_PAUSE)
        }
    })
}

/// Resolves when the service is told to stop.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that the service itself is gone, which is a stop as well.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Wait for a wake-up or a time; `false` means stop.
async fn wait(
    core: &Core,
    stop: &mut watch::Receiver<bool>,
    wake: &Notify,
    until: Option<Timestamp>,
) -> bool {
    let idle = core.clock.now().plus(core.options.idle);
    let until = until.map_or(idle, |until| until.min(idle));
    // In this order, so that a simulation goes the same way each time.
    tokio::select! {
        biased;
        () = stopped(stop) => false,
        () = wake.notified() => true,
        () = core.clock.sleep_until(until) => true,
    }
}

/// Wait for a time; `false` means stop.
async fn pause(core: &Core, stop: &mut watch::Receiver<bool>, length: Duration) -> bool {
    let until = core.clock.now().plus(length);
    // In this order, so that a simulation goes the same way each time.
    tokio::select! {
        biased;
        () = stopped(stop) => false,
        () = core.clock.sleep_until(until) => true,
    }
}

async fn dispatch(core: Arc<Core>, mut stop: watch::Receiver<bool>) {
    let mut tasks = JoinSet::new();
    loop {
        while tasks.try_join_next().is_some() {}
        let began = core.clock.now();
        let go_on = match core.hold_and_claim().await {
            Ok(claimed) if claimed.is_empty() => {
                let due = core.next_due().await.unwrap_or_default();
                let due = next_round(&core, began, due);
                wait(&core, &mut stop, &core.runs_wake, due).await
            }
            Ok(claimed) if *stop.borrow() => {
                core.give_back(claimed).await;
                false
            }
            Ok(claimed) => {
                for claim in claimed {
                    tasks.spawn(Arc::clone(&core).run_claimed(claim));
                }
                true
            }
            Err(error) => {
                tracing::error!(%error, "runs cannot be claimed");
                pause(&core, &mut stop, STORE_PAUSE).await
            }
        };
        if !go_on {
            break;
        }
    }
    // What is under way keeps its claims until it ends.
    let third = core.options.lease / 3;
    loop {
        tokio::select! {
            biased;
            ended = tasks.join_next() => if ended.is_none() { break },
            () = core.clock.sleep_until(core.clock.now().plus(third)) => renew_leases(&core).await,
        }
    }
}

async fn route(core: Arc<Core>, mut stop: watch::Receiver<bool>) {
    loop {
        let began = core.clock.now();
        let go_on = match core.route_events().await {
            Ok(0) => {
                let stalled = next_round(&core, began, core.next_stalled());
                wait(&core, &mut stop, &core.events_wake, stalled).await
            }
            Ok(_) => !*stop.borrow(),
            Err(error) => {
                tracing::error!(%error, "events cannot be routed");
                // Some may have been, and nobody heard of it.
                core.runs_wake.notify_one();
                pause(&core, &mut stop, STORE_PAUSE).await
            }
        };
        if !go_on {
            break;
        }
    }
}

async fn normalise(core: Arc<Core>, mut stop: watch::Receiver<bool>) {
    loop {
        let began = core.clock.now();
        let go_on = match core.normalise_webhooks().await {
            Ok(_) => {
                let due = core.next_due().await.unwrap_or_default();
                let due = next_round(&core, began, due);
                wait(&core, &mut stop, &core.webhooks_wake, due).await
            }
            Err(error) => {
                tracing::error!(%error, "webhooks cannot be normalised");
                pause(&core, &mut stop, STORE_PAUSE).await
            }
        };
        if !go_on {
            break;
        }
    }
}

async fn renew(core: Arc<Core>, mut stop: watch::Receiver<bool>) {
    let third = core.options.lease / 3;
    while pause(&core, &mut stop, third).await {
        renew_leases(&core).await;
    }
}

async fn renew_leases(core: &Core) {
    if let Err(error) = core.renew_leases().await {
        tracing::error!(%error, "leases cannot be renewed");
    }
}

async fn check(core: Arc<Core>, mut stop: watch::Receiver<bool>) {
    let interval = core.options.health_interval;
    while pause(&core, &mut stop, interval).await {
        core.check_refused().await;
    }
}

/// Looks in a tenth of the time after which a run counts as stalled; for stalled runs not before this
/// host had that time to do what was due when it started.
async fn watch(core: Arc<Core>, mut stop: watch::Receiver<bool>) {
    let after = core.options.stalled_after;
    let round = (after / 10).max(STORE_PAUSE);
    let begin = core.clock.now().plus(after);
    let mut go_on = true;
    while go_on {
        if let Err(error) = core.tell_standing().await {
            tracing::error!(%error, "monitoring cannot be told how many runs there are");
        }
        let looked = match core.clock.now() < begin {
            true => Ok(Vec::new()),
            false => core.watch_progress().await,
        };
        if let Err(error) = looked {
            tracing::error!(%error, "it cannot be told whether runs are stalled");
        }
        go_on = pause(&core, &mut stop, round).await;
    }
}

/// Old history goes in rounds of small parts, between which the store serves others.
async fn prune(core: Arc<Core>, mut stop: watch::Receiver<bool>) {
    let interval = core.options.retention.interval;
    loop {
        match prune_round(&core, &stop).await {
            Ok(()) => {}
            Err(Error::Store(forebay_store::Error::Refused(reason))) => {
                tracing::info!(reason, "the store is not pruned");
                stopped(&mut stop).await;
                break;
            }
            Err(error) => tracing::error!(%error, "old history cannot be removed"),
        }
        if !pause(&core, &mut stop, interval).await {
            break;
        }
    }
}

async fn prune_round(core: &Core, stop: &watch::Receiver<bool>) -> Result<()> {
    let mut removed = Pruned {
        more: true,
        ..Pruned::default()
    };
    while removed.more && !*stop.borrow() {
        removed = removed.and(core.prune().await?);
    }
    if removed.rows() > 0 {
        tracing::info!(
            runs = removed.runs,
            events = removed.events,
            bytes = removed.bytes,
            "old history removed"
        );
    }
    core.let_go_of_plugins().await?;
    core.measure_store().await
}

/// Checks and arming of all connections, at the start and in rounds.
async fn arm(core: Arc<Core>, mut stop: watch::Receiver<bool>) {
    let interval = core.options.arm_interval;
    loop {
        core.check_connections().await;
        core.arm_webhooks().await;
        if !pause(&core, &mut stop, interval).await {
            break;
        }
    }
}
