//! Polls: each connection in its own time.

use std::collections::BTreeMap;
use std::sync::Arc;

use forebay_model::{ConnectionName, Timestamp};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::wait;
use crate::core::Core;
use crate::dispatch::isolated;
use crate::intake::Polled;
use crate::{Error, Result};

/// When a connection is polled next.
#[derive(Clone, Copy)]
struct Schedule {
    due: Timestamp,
    /// Polls that failed in a row.
    failures: u32,
    under_way: bool,
}

/// Polls run side by side: a slow vendor delays nobody else.
pub(super) async fn poll(core: Arc<Core>, mut stop: watch::Receiver<bool>) {
    let mut schedules: BTreeMap<ConnectionName, Schedule> = BTreeMap::new();
    let mut polls = JoinSet::new();
    loop {
        let now = core.clock.now();
        let known = core.pollable();
        schedules.retain(|name, schedule| schedule.under_way || known.contains(name));
        for name in known {
            let fresh = Schedule {
                due: now,
                failures: 0,
                under_way: false,
            };
            let schedule = schedules.entry(name.clone()).or_insert(fresh);
            if schedule.due <= now && !schedule.under_way {
                schedule.under_way = true;
                let core = Arc::clone(&core);
                polls.spawn(poll_once(core, name));
            }
        }
        let idle = schedules.values().filter(|schedule| !schedule.under_way);
        let next = idle.map(|schedule| schedule.due).min();
        tokio::select! {
            biased;
            go_on = wait(&core, &mut stop, &core.polls_wake, next) => if !go_on { break },
            Some(Ok((result, name))) = polls.join_next() => {
                if let Some(schedule) = schedules.get_mut(&name) {
                    schedule.under_way = false;
                    schedule.failures = if result.is_err() { schedule.failures + 1 } else { 0 };
                    schedule.due = core.next_poll(&name, &result, schedule.failures);
                }
            }
        }
    }
}

/// A poll that dies counts as one that failed.
async fn poll_once(core: Arc<Core>, name: ConnectionName) -> (Result<Polled>, ConnectionName) {
    let connection = name.clone();
    let polled = isolated(async move { core.poll(&connection).await }).await;
    let died = || {
        Err(Error::Refused(format!(
            "the poll of {name} ended abnormally"
        )))
    };
    (polled.unwrap_or_else(died), name)
}
