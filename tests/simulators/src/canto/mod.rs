//! A simulated Canto tenant: DAM API v1, OAuth, uploads, webhooks and a page for people.
//!
//! What lives here: [`library`], [`containers`] and [`sharing`] (what the tenant holds, without HTTP),
//! the API by subject (`auth`, `search`, `content`, `tree`, `edit`, `upload`, `trash`, `share_api`),
//! what its administrator sets up ([`hooks`]), the [`pages`], and what a test has `people` do. Peculiarities of the vendor are told where they are played:
//!
//! * a call without a token answers 404, one with a bad token 401 (`auth`);
//! * most numbers are strings, dates are `yyyyMMddHHmmssSSS`, lists are missing, null or empty (`render`);
//! * an edit answers the plain text `success` (`edit`);
//! * uploads go to another place with a signed form and become assets later (`upload`);
//! * expiry dates belong to approved assets, which expire by themselves ([`library`]);
//! * what was done with content is reported late (`sharing`), links answer 410 once they have ended
//!   (`share_api`), what is in the trash is gone from every search (`trash`);
//! * webhooks name neither their event nor sign it ([`hooks`]).
//!
//! Names of properties that no public document gives (`approvalStatus`, `expirationDate`, the
//! path of the editable-properties call, all calls but one about shares, trash and reports) are
//! [`CantoOptions`] or marked as inferred.

mod auth;
pub mod containers;
mod content;
mod edit;
mod fields;
pub mod hooks;
pub mod library;
mod pages;
mod people;
pub mod picture;
mod render;
mod routes;
mod search;
mod share_api;
pub mod sharing;
mod start;
mod trash;
mod tree;
pub mod types;
mod upload;
pub mod values;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use forebay_model::Timestamp;
use tokio::sync::Notify;

use crate::common::Shared;
use hooks::Hook;
use library::Library;

pub use fields::default_fields;
pub use sharing::{Activity, ShareLink};
pub use start::{Canto, NewAsset};

/// Life of an access token: Canto's month.
pub const TOKEN_LIFETIME: Duration = Duration::from_secs(2_592_000);

/// App id the simulator knows unless told otherwise.
pub const DEFAULT_APP_ID: &str = "canto-sim-app";

/// App secret that goes with it. A test value, known to everybody.
pub const DEFAULT_APP_SECRET: &str = "canto-sim-secret";

/// User id of the integration: who acts when a token names nobody else.
pub const INTEGRATION_USER: &str = "forebay-integration";

/// How a tenant is set up.
#[derive(Clone)]
pub struct CantoOptions {
    /// Where to listen; port 0 takes any.
    pub addr: String,
    /// The clock.
    pub clock: crate::common::SimClock,
    /// App id of the one API key.
    pub app_id: String,
    /// Its secret.
    pub app_secret: String,
    /// Life of an access token.
    pub token_lifetime: Duration,
    /// `propertyId` that sets the approval status in a batch edit; none where the tenant keeps the
    /// status in a custom field only. The vendor documents no name: inferred.
    pub approval_property: Option<String>,
    /// `propertyId` and key of the expiration date. The vendor documents no name: inferred.
    pub expiry_property: String,
    /// Sign uploads the way `canto.de` does.
    pub sigv4: bool,
}

impl Default for CantoOptions {
    fn default() -> Self {
        Self {
            addr: "127.0.0.1:0".to_owned(),
            clock: crate::common::SimClock::default(),
            app_id: DEFAULT_APP_ID.to_owned(),
            app_secret: DEFAULT_APP_SECRET.to_owned(),
            token_lifetime: TOKEN_LIFETIME,
            approval_property: Some("approvalStatus".to_owned()),
            expiry_property: "expirationDate".to_owned(),
            sigv4: false,
        }
    }
}

/// Everything behind the mutex.
pub struct Tenant {
    pub(crate) library: Library,
    pub(crate) options: CantoOptions,
    pub(crate) hooks: Vec<Hook>,
    /// Issued upload forms by their key, with the end of their life.
    pub(crate) forms: BTreeMap<String, Timestamp>,
    pub(crate) base_url: String,
    /// Wakes the timekeeper when something new is due.
    pub(crate) due_changed: Arc<Notify>,
}

/// What handlers take as state.
pub(crate) type Sim = Shared<Tenant>;

/// Look at or change the tenant as it is now; events that result are sent to the webhooks.
pub(crate) fn with<T>(sim: &Sim, act: impl FnOnce(&mut Tenant, Timestamp) -> T) -> T {
    let now = sim.frame.now();
    let (result, deliveries) = {
        let mut tenant = sim.lock();
        tenant.library.visibility_delay = sim.frame.faults().visibility_delay();
        tenant.library.settle(now);
        let result = act(&mut tenant, now);
        // What is due at once is done at once: an upload without ingest delay.
        tenant.library.settle(now);
        let events = tenant.library.take_events();
        tenant.due_changed.notify_one();
        (result, hooks::deliveries(&tenant.hooks, &events))
    };
    deliveries
        .into_iter()
        .for_each(|delivery| sim.frame.courier().send(delivery));
    result
}
