//! Schedules and backfills of the stores: histories have none, so all of it passes through.

use async_trait::async_trait;
use forebay_model::audit::AuditEntry;
use forebay_model::{FlowName, Timestamp};
use forebay_store::Result;
use forebay_store::triggers::{Backfill, BackfillPage, Fate, Firing, ScheduleState, TriggerStore};

use crate::broken::BrokenStore;
use crate::store::HostStore;

macro_rules! passes_through {
    ($store:ty, $through:ident: $($name:ident($($argument:ident: $type:ty),*) -> $result:ty;)+) => {
        #[async_trait]
        impl TriggerStore for $store {
            $(async fn $name(&self, $($argument: $type),*) -> Result<$result> {
                passes_through!(@ $through, self, self.inner.$name($($argument),*))
            })+
        }
    };
    (@ host, $self:ident, $work:expr) => { $self.read($work).await };
    (@ plain, $self:ident, $work:expr) => { $work.await };
    ($($store:ty: $through:ident),+) => {
        $(passes_through! {
            $store, $through:
            schedule(flow: &FlowName, name: &str) -> Option<ScheduleState>;
            open_schedule(flow: &FlowName, name: &str, rhythm: &str, now: Timestamp) -> ScheduleState;
            fire(firing: Firing) -> Option<Fate>;
            backfill(flow: &FlowName) -> Option<Backfill>;
            live_backfills() -> Vec<Backfill>;
            save_backfill(backfill: Backfill, page: Option<BackfillPage>, audit: Vec<AuditEntry>) -> bool;
        })+
    };
}

passes_through!(HostStore: host, BrokenStore: plain);
