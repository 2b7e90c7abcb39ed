//! Dispatch: fire timers, claim what is runnable, run it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use forebay_model::{FlowName, Timestamp};
use forebay_store::runs::{Claim, ClaimRequest, Claimed};
use tokio::task::JoinSet;

use crate::core::Core;
use crate::{Error, Result};

/// Timers fired in one transaction: enough to keep up, few enough to keep it short.
const TIMER_BATCH: u32 = 500;

/// Activations under way on this host.
#[derive(Debug, Default)]
pub(crate) struct Active {
    inner: Mutex<ActiveInner>,
}

#[derive(Debug, Default)]
struct ActiveInner {
    claims: BTreeSet<(String, u64)>,
    /// When they were renewed last.
    renewed_at: Option<Timestamp>,
    by_flow: BTreeMap<FlowName, u32>,
}

impl Active {
    fn enter(&self, claimed: &Claimed) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner
            .claims
            .insert((claimed.claim.run.to_string(), claimed.claim.epoch));
        *inner.by_flow.entry(claimed.run.flow.clone()).or_default() += 1;
    }

    fn leave(&self, claim: &Claim, flow: &FlowName) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.claims.remove(&(claim.run.to_string(), claim.epoch));
        if let Some(count) = inner.by_flow.get_mut(flow) {
            *count = count.saturating_sub(1);
        }
    }

    /// All claims held.
    pub(crate) fn claims(&self) -> Vec<Claim> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let claims = inner.claims.iter();
        claims
            .map(|(run, epoch)| Claim {
                run: run.clone().into(),
                epoch: *epoch,
            })
            .collect()
    }

    /// Claims are held that were not renewed for this long.
    fn wants_renewal(&self, now: Timestamp, age: Duration) -> bool {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let renewed_at = inner.renewed_at.unwrap_or_default();
        !inner.claims.is_empty() && now.since(renewed_at) >= age
    }

    fn note_renewal(&self, at: Timestamp) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.renewed_at = inner.renewed_at.max(Some(at));
    }

    fn count(&self) -> u32 {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        u32::try_from(inner.claims.len()).unwrap_or(u32::MAX)
    }

    fn of_flow(&self, flow: &FlowName) -> u32 {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.by_flow.get(flow).copied().unwrap_or_default()
    }
}

/// Do this in a task of its own: a panic ends that task alone and gives `None`; if nobody waits
/// any more, it ends, too.
pub(crate) async fn isolated<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Option<T> {
    let mut task = JoinSet::new();
    task.spawn(work);
    task.join_next().await?.ok()
}

impl Core {
    /// Fire timers that are due.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn fire_timers(&self) -> Result<u32> {
        let mut fired = 0;
        loop {
            let batch = self
                .store
                .fire_timers(self.clock.now(), TIMER_BATCH)
                .await?;
            fired += batch;
            if batch < TIMER_BATCH {
                return Ok(fired);
            }
        }
    }

    /// As [`Core::claim`], but renew the claims held first if that is overdue. A host that stood
    /// still, suspended or starved, finds them run out; without this it would take its own runs for
    /// those of a dead host, and make calls again beside those that are under way.
    pub(crate) async fn hold_and_claim(&self) -> Result<Vec<Claimed>> {
        // The same moment for both: standing still in between cannot make the claims run out.
        let now = self.clock.now();
        if self.active.wants_renewal(now, self.options.lease / 2) {
            self.renew_leases_at(now).await?;
        }
        self.claim_at(now).await
    }

    /// Claim runnable activations for which there is room. There may be more: whoever gets some asks
    /// again. Timers that are due are fired first, room or none.
    pub(crate) async fn claim(&self) -> Result<Vec<Claimed>> {
        self.claim_at(self.clock.now()).await
    }

    async fn claim_at(&self, now: Timestamp) -> Result<Vec<Claimed>> {
        let limit = self
            .options
            .max_activations
            .saturating_sub(self.active.count());
        let topology = self.topology();
        let flows = topology.flows.values().map(|flow| {
            let name = flow.spec.name.clone();
            let left = flow
                .spec
                .max_active
                .saturating_sub(self.active.of_flow(&name));
            (name, left)
        });
        let request = ClaimRequest {
            owner: self.owner.clone(),
            now,
            lease: self.options.lease,
            timers: TIMER_BATCH,
            limit,
            room: flows.filter(|(_, left)| *left < limit).collect(),
        };
        let claimed = self.store.claim(request).await?;
        for claim in &claimed {
            self.active.enter(claim);
        }
        Ok(claimed)
    }

    /// Give back claims that were made while the host was told to stop: nothing new is taken up.
    pub(crate) async fn give_back(&self, claimed: Vec<Claimed>) {
        for claim in claimed {
            if let Err(error) = self.store.release(&claim.claim, self.clock.now()).await {
                tracing::warn!(run = %claim.claim.run, %error,
                    "a claim could not be given back; its lease ends it");
            }
            self.active.leave(&claim.claim, &claim.run.flow);
        }
    }

    /// Run one claimed activation and make room again.
    pub(crate) async fn run_claimed(self: Arc<Self>, claimed: Claimed) {
        let (claim, flow) = (claimed.claim.clone(), claimed.run.flow.clone());
        // A panic anywhere in it fails this activation only, and the lease brings it back.
        let core = Arc::clone(&self);
        if isolated(async move { core.activate(claimed).await })
            .await
            .is_none()
        {
            tracing::error!(run = %claim.run, "an activation ended abnormally");
        }
        self.active.leave(&claim, &flow);
        self.runs_wake.notify_one();
    }

    /// Run everything that is runnable now, and what that makes runnable; returns how many
    /// activations there were.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn run_activations(self: &Arc<Self>) -> Result<u32> {
        let mut count = 0;
        loop {
            self.fire_timers().await?;
            let claimed = self.claim().await?;
            if claimed.is_empty() {
                return Ok(count);
            }
            let mut tasks = JoinSet::new();
            for claim in claimed {
                count += 1;
                tasks.spawn(Arc::clone(self).run_claimed(claim));
            }
            while tasks.join_next().await.is_some() {}
        }
    }

    /// Extend the leases of all claims held.
    pub(crate) async fn renew_leases(&self) -> Result<()> {
        self.renew_leases_at(self.clock.now()).await
    }

    async fn renew_leases_at(&self, now: Timestamp) -> Result<()> {
        let claims = self.active.claims();
        if claims.is_empty() {
            return Ok(());
        }
        let until = now.plus(self.options.lease);
        for lost in self.store.renew(&claims, until).await? {
            tracing::warn!(run = %lost.run, epoch = lost.epoch, host = self.owner,
                "lost a claim to a later one; its writes will be refused");
        }
        self.active.note_renewal(now);
        Ok(())
    }

    /// When there is something to do without anything new coming in.
    pub(crate) async fn next_due(&self) -> Result<Option<Timestamp>> {
        self.store.next_due().await.map_err(Error::from)
    }
}
