//! Loops of what begins by itself: schedules and backfills.

use std::sync::Arc;

use tokio::sync::watch;

use super::{STORE_PAUSE, next_round, pause, wait};
use crate::core::Core;

/// Fire schedules when they are due.
pub(super) async fn schedules(core: Arc<Core>, mut stop: watch::Receiver<bool>) {
    loop {
        let began = core.clock.now();
        let go_on = match core.fire_schedules().await {
            Ok(tended) => {
                let next = next_round(&core, began, tended.next);
                wait(&core, &mut stop, &core.schedules_wake, next).await
            }
            Err(error) => {
                tracing::error!(%error, "schedules cannot be fired");
                pause(&core, &mut stop, STORE_PAUSE).await
            }
        };
        if !go_on {
            break;
        }
    }
}

/// Read backfills page by page, at their rate.
pub(super) async fn backfills(core: Arc<Core>, mut stop: watch::Receiver<bool>) {
    loop {
        let go_on = match core.tend_backfills().await {
            // A page that is due at once follows at once.
            Ok(Some(next)) if next <= core.clock.now() => !*stop.borrow(),
            Ok(next) => wait(&core, &mut stop, &core.backfills_wake, next).await,
            Err(error) => {
                tracing::error!(%error, "backfills cannot go on");
                pause(&core, &mut stop, STORE_PAUSE).await
            }
        };
        if !go_on {
            break;
        }
    }
}
