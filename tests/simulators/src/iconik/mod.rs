//! A simulated iconik system domain: its REST services, webhooks and a page for people.
//!
//! What lives here: [`domain`] (what the domain holds, without HTTP), the services by subject
//! (`assets`, `approvals`, `segments`, `collections`, `metadata`, `search`, `acls`, `files`, `copies`,
//! `moves`, `shares`, `relations`, `actions`, `history`, `jobs`, `webhooks`), the `pages`, and what a
//! test does to it (`helpers`). Peculiarities of the vendor are told where they are played:
//!
//! * every path ends with a slash, next pages are named by relative addresses, and a page past the
//!   end is 404 (`http`);
//! * errors are a list or a map by field (`http`);
//! * approvals belong to versions and may be mixed (`approvals`);
//! * media gets ready later: files grow, proxies are awaited, placeholders have none (`files`,
//!   `renditions`);
//! * archiving takes hours and may fail; purging waits for storages (`moves`, `copies`);
//! * a webhook that keeps failing is switched off until somebody switches it on (`webhooks`).
//!
//! Records that the simulator only keeps and tells (segments, files, jobs, webhooks, definitions)
//! are JSON objects in the vendor's own shape.

mod acls;
mod actions;
mod approvals;
mod assets;
mod collections;
mod copies;
pub mod domain;
mod files;
mod helpers;
mod history;
mod http;
mod jobs;
mod metadata;
mod moves;
mod new_asset;
mod pages;
mod relations;
mod renditions;
mod routes;
mod search;
mod segments;
mod shares;
mod start;
mod trash;
pub mod types;
mod uploads;
mod versions;
mod visits;
mod webhooks;

use std::sync::Arc;

use forebay_model::Timestamp;
use tokio::sync::Notify;

use crate::common::Shared;
use domain::Domain;

pub use actions::Choice;
pub use new_asset::NewAsset;
pub use start::Iconik;

/// App id the simulator knows unless told otherwise.
pub const DEFAULT_APP_ID: &str = "0b8c2a52-0000-11ef-8000-00000000aaaa";

/// Auth token that goes with it. A test value, known to everybody.
pub const DEFAULT_AUTH_TOKEN: &str = "iconik-sim-token";

/// The integration's user: who acts with the default token.
pub const INTEGRATION_USER: &str = "0b8c2a52-0000-11ef-8000-0000000000d9";

/// Deliveries in a row that must fail before a webhook is switched to `FAILING`. The vendor
/// publishes no number: inferred.
pub const FAILURES_UNTIL_FAILING: u32 = 3;

/// How a domain is set up.
#[derive(Clone)]
pub struct IconikOptions {
    /// Where to listen; port 0 takes any.
    pub addr: String,
    /// The clock.
    pub clock: crate::common::SimClock,
    /// The integration's app id.
    pub app_id: String,
    /// Its token.
    pub auth_token: String,
    /// Deliveries in a row that must fail before a webhook is switched to `FAILING`.
    pub failures_until_failing: u32,
}

impl Default for IconikOptions {
    fn default() -> Self {
        Self {
            addr: "127.0.0.1:0".to_owned(),
            clock: crate::common::SimClock::default(),
            app_id: DEFAULT_APP_ID.to_owned(),
            auth_token: DEFAULT_AUTH_TOKEN.to_owned(),
            failures_until_failing: FAILURES_UNTIL_FAILING,
        }
    }
}

/// Everything behind the mutex.
pub struct World {
    pub(crate) domain: Domain,
    pub(crate) options: IconikOptions,
    /// Wakes the timekeeper when something new is due.
    pub(crate) due_changed: Arc<Notify>,
}

/// What handlers take as state.
pub(crate) type Sim = Shared<World>;

/// Look at or change the domain as it is now; events that result are sent to the webhooks.
pub(crate) fn with<T>(sim: &Sim, act: impl FnOnce(&mut World, Timestamp) -> T) -> T {
    let now = sim.frame.now();
    let (result, deliveries) = {
        let mut world = sim.lock();
        world.domain.visibility_delay = sim.frame.faults().visibility_delay();
        world.domain.settle(now);
        let result = act(&mut world, now);
        world.domain.settle(now);
        let events = world.domain.take_events();
        world.due_changed.notify_one();
        (result, webhooks::deliveries(sim, &world, &events))
    };
    deliveries
        .into_iter()
        .for_each(|delivery| sim.frame.courier().send(delivery));
    result
}
