//! What operators do to runs.

use forebay_model::audit::AuditEntry;
use forebay_model::event::Signal;
use forebay_model::run::Run;
use forebay_model::{Digest, RunId, Timestamp};

use crate::runs::RequestKey;

/// An operator's action on a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// End it. Without force the handler gets the signal `cancel` with `{"reason": …}` ahead of
    /// everything else (what a parked activation was about is dropped) and cleans up; with force it
    /// ends at once.
    Cancel {
        /// Why.
        reason: String,
        /// Do not ask the handler.
        force: bool,
        /// `operator:NAME`.
        sender: String,
    },
    /// Try a parked or put-off activation again at once. A failed last call is made again; what
    /// was recorded before stays. A run that its handler parked gets
    /// [`RETRY_SIGNAL`](crate::runs::RETRY_SIGNAL) if nothing else waits for it.
    Retry,
    /// Hold it.
    Pause,
    /// Let it go on.
    Resume,
    /// Deliver a signal.
    Signal(Signal),
    /// End it as completed with this outcome, at once and without asking the handler.
    Complete {
        /// The outcome.
        outcome: String,
        /// Why.
        reason: String,
        /// `operator:NAME`.
        sender: String,
    },
    /// Begin it anew: see [`Redrive`].
    Redrive(Redrive),
    /// Move it to another handler and configuration: see [`Upgrade`].
    Upgrade(Box<Upgrade>),
}

/// A run that has ended or is parked begins anew: another run of the same flow, business key, subject
/// and labels starts with what the first one started with. A parked run ends as failed. The same run
/// is redriven once; the two are linked by labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redrive {
    /// Handler that the new run is pinned to.
    pub handler: Digest,
    /// Configuration that the new run is pinned to.
    pub config_hash: String,
    /// `operator:NAME`.
    pub sender: String,
}

/// Label of a redriven run: the run it was begun anew from.
pub const REDRIVE_OF: &str = "redrive-of";

/// Label of a run that was begun anew: the run that stands for it now.
pub const REDRIVEN_AS: &str = "redriven-as";

impl Redrive {
    /// Id of the run that a run is begun anew as.
    #[must_use]
    pub fn successor(run: &Run) -> RunId {
        RunId::derive(&run.flow, &run.business_key, &format!("redrive {}", run.id))
    }
}

/// A run between activations moves to another handler and configuration. It is refused if the run is
/// not as it was when its state was migrated, if an activation is under way, or if an open one has
/// recorded calls, which only the handler that made them can make again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upgrade {
    /// Handler the run must have.
    pub from_handler: Digest,
    /// Configuration the run must have.
    pub from_config: String,
    /// Number of finished activations the run must have.
    pub activations: u32,
    /// New handler.
    pub handler: Digest,
    /// New configuration.
    pub config_hash: String,
    /// State for the new handler, JSON text; absent if the run has none yet.
    pub state: Option<String>,
    /// Version of that state.
    pub state_version: u32,
}

/// An operator's action, as the store is asked for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Act {
    /// The run.
    pub run: RunId,
    /// What to do.
    pub control: Control,
    /// The record of it. The store adds `before` and `after` to its details, and writes it only if
    /// something changes.
    pub audit: AuditEntry,
    /// Key and fingerprint of the request, for repeated requests.
    pub request: Option<RequestKey>,
    /// Only tell whether it would change something.
    pub dry_run: bool,
    /// When.
    pub at: Timestamp,
}

/// What an operator's action did.
#[derive(Clone, Debug, PartialEq)]
pub struct Controlled {
    /// The run after it.
    pub run: Run,
    /// It changed something; in a dry run, it would.
    pub changed: bool,
    /// The same request was carried out before; nothing happened this time.
    pub repeated: bool,
    /// The run that stands for a redriven one.
    pub successor: Option<RunId>,
}
