//! The handler's side: what a use case says about itself, when a run starts, and what one
//! activation does.
//!
//! An activation is straight-line code over recorded calls: given the same state, delivery and
//! answers it must do the same again, so take the time from [`Cx::now`], ids from
//! [`Cx::random_id`], and keep nothing between activations but the state.

mod cx;
mod intake;
mod step;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use self::cx::Cx;
pub use self::intake::Declined;
pub use self::step::{RunEnded, Step, Wait};
pub use crate::bindings::imports::forebay::flow::runtime::{Calendar, DecisionRecord, EffectMode};
pub use crate::bindings::imports::forebay::flow::use_case_handler::{
    Admission, Completion, Delivery, Fired, HandlerInfo, Incoming, Next, Role, RunContext, Signal,
    Start, Subscription, Timer, Waiting, WaitingOn,
};
use crate::types::{Entity, Error, Finding};

/// A use case's logic.
pub trait Handler {
    /// The flow's configuration. Doc comments and defaults become its schema; put
    /// `#[serde(deny_unknown_fields)]` on it.
    type Config: DeserializeOwned + JsonSchema;
    /// What a run keeps between activations. Operators read it.
    type State: Serialize + DeserializeOwned + JsonSchema;
    /// Number of the state's form; raise it when older state needs [`migrate`](Self::migrate).
    const STATE_VERSION: u32;

    /// Who this handler is and what it needs. The schemas are added by the SDK.
    fn describe() -> HandlerDescription;

    /// Preflight of a configuration, in plain words. With `probe` it may call read capabilities;
    /// without, it is pure.
    fn check(cx: &Cx, config: &Self::Config, probe: bool) -> Vec<Finding>;

    /// Does this delivery start a run? Pure and quick; gets requests and events only.
    fn admit(config: &Self::Config, connections: &Connections, delivery: &Delivery) -> Admission;

    /// One activation. No state means the run's first.
    ///
    /// # Errors
    /// What this handler cannot decide about: it parks the run with the error's message.
    fn handle(
        cx: &Cx,
        config: &Self::Config,
        state: Option<Self::State>,
        delivery: Delivery,
    ) -> Result<Step<Self::State>, Error>;

    /// Take over state of an older version. By default none can be.
    ///
    /// # Errors
    /// Why it is impossible, in plain words.
    fn migrate(state: serde_json::Value, from_version: u32) -> Result<Self::State, String> {
        let _ = state;
        Err(format!(
            "state of version {from_version} cannot be taken over"
        ))
    }
}

/// A handler's description of itself, without the schemas.
#[derive(Clone, Debug, PartialEq)]
pub struct HandlerDescription {
    /// Name: lowercase letters, digits and dashes. Flows refer to it.
    pub name: String,
    /// Version (semver).
    pub version: String,
    /// One sentence for operators.
    pub summary: String,
    /// What it must be connected to.
    pub roles: Vec<Role>,
    /// Outcomes a run can complete with.
    pub outcomes: Vec<String>,
}

impl HandlerDescription {
    /// A description without roles and outcomes.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        version: impl Into<String>,
        summary: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            version: version.into(),
            summary: summary.into(),
            roles: Vec::new(),
            outcomes: Vec::new(),
        }
    }

    /// Add a role.
    #[must_use]
    pub fn role(mut self, role: Role) -> Self {
        self.roles.push(role);
        self
    }

    /// Add outcomes.
    #[must_use]
    pub fn outcomes(mut self, outcomes: &[&str]) -> Self {
        self.outcomes
            .extend(outcomes.iter().map(|outcome| (*outcome).to_owned()));
        self
    }

    /// The full description that the host gets for a handler.
    #[must_use]
    pub fn into_info<H: Handler + ?Sized>(self) -> HandlerInfo {
        HandlerInfo {
            name: self.name,
            version: self.version,
            summary: self.summary,
            config_schema: crate::schema::of::<H::Config>(),
            state_schema: crate::schema::of::<H::State>(),
            state_version: H::STATE_VERSION,
            roles: self.roles,
            outcomes: self.outcomes,
        }
    }
}

impl Role {
    /// A role of this name, and what is meant by it.
    #[must_use]
    pub fn new(name: impl Into<String>, summary: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            summary: summary.into(),
            required: Vec::new(),
            optional: Vec::new(),
            events: Vec::new(),
        }
    }

    /// Interfaces the bound connection must export, `package:name/interface` without version.
    #[must_use]
    pub fn requires(mut self, interfaces: &[&str]) -> Self {
        self.required
            .extend(interfaces.iter().map(|name| (*name).to_owned()));
        self
    }

    /// Interfaces used where the bound connection exports them; else calls answer `unsupported`.
    #[must_use]
    pub fn uses(mut self, interfaces: &[&str]) -> Self {
        self.optional
            .extend(interfaces.iter().map(|name| (*name).to_owned()));
        self
    }

    /// Kinds of the connection's events that `admit` wants to see.
    #[must_use]
    pub fn events(mut self, kinds: &[&str]) -> Self {
        self.events
            .extend(kinds.iter().map(|kind| (*kind).to_owned()));
        self
    }
}

/// Names of the contract's interfaces, as roles list them.
pub mod interfaces {
    /// Read, find and update assets.
    pub const ASSET_SOURCE: &str = "forebay:assets/asset-source";
    /// Field definitions.
    pub const FIELDS: &str = "forebay:assets/fields";
    /// Versions of an asset.
    pub const VERSIONS: &str = "forebay:assets/versions";
    /// The DAM's own approval panel.
    pub const APPROVALS: &str = "forebay:assets/approvals";
    /// Who may see and use an asset.
    pub const ACCESS: &str = "forebay:assets/access";
    /// Folders, albums and collections.
    pub const COLLECTIONS: &str = "forebay:assets/collections";
    /// Comments on an asset.
    pub const COMMENTS: &str = "forebay:assets/comments";
    /// Start processes, look at them, end them.
    pub const WORKFLOW_SINK: &str = "forebay:workflow/workflow-sink";
    /// Human work items.
    pub const TASKS: &str = "forebay:workflow/tasks";
    /// Users and groups of the workflow engine.
    pub const DIRECTORY: &str = "forebay:workflow/directory";
    /// Links by which people outside the DAM reach assets.
    pub const SHARING: &str = "forebay:assets/sharing";
    /// Where an asset's files are, and what becomes of them.
    pub const LIFECYCLE: &str = "forebay:assets/lifecycle";
    /// How assets belong together.
    pub const RELATIONS: &str = "forebay:assets/relations";
    /// How an asset was used.
    pub const USAGE: &str = "forebay:assets/usage";
    /// Assets without media yet.
    pub const PLACEHOLDERS: &str = "forebay:assets/placeholders";
    /// What people write on a process.
    pub const PROCESS_COMMENTS: &str = "forebay:workflow/process-comments";
}

/// The connection bound to each role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connections(Vec<(String, String)>);

impl Connections {
    /// From pairs of role and connection name.
    #[must_use]
    pub fn new(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// The connection bound to this role.
    #[must_use]
    pub fn of(&self, role: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(name, _)| name == role)
            .map(|(_, connection)| connection.as_str())
    }
}

impl Delivery {
    /// The input of a request.
    ///
    /// # Errors
    /// `invalid` where this is no request or its JSON does not fit.
    pub fn request<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let Self::Request(input) = self else {
            return Err(Error::invalid("this delivery is no request"));
        };
        serde_json::from_str(input)
            .map_err(|error| Error::invalid(format!("the request cannot be used: {error}")))
    }
}

impl Signal {
    /// The signal's data.
    ///
    /// # Errors
    /// `invalid` where its JSON does not fit.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_str(&self.data).map_err(|error| {
            Error::invalid(format!(
                "the data of signal {} cannot be used: {error}",
                self.name
            ))
        })
    }
}

impl Admission {
    /// Not for this flow; the reason is counted and shown.
    #[must_use]
    pub fn ignore(reason: impl Into<String>) -> Self {
        Self::Ignore(reason.into())
    }

    /// The request itself is wrong: which field, and why.
    #[must_use]
    pub fn refuse(reason: impl Into<String>) -> Self {
        Self::Refuse(reason.into())
    }

    /// Start a run, or signal the live one of this business key.
    #[must_use]
    pub fn start(
        business_key: impl Into<String>,
        subject: Entity,
        title: impl Into<String>,
    ) -> Self {
        Self::Start(Start {
            business_key: business_key.into(),
            subject,
            title: title.into(),
            labels: Vec::new(),
        })
    }

    /// Add a label to search by. Changes only a start.
    #[must_use]
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        if let Self::Start(start) = &mut self {
            start.labels.push((name.into(), value.into()));
        }
        self
    }
}

impl DecisionRecord {
    /// A record of this action by this actor, `system` for the handler itself.
    #[must_use]
    pub fn new(action: impl Into<String>, actor: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            actor: actor.into(),
            asset: None,
            version: None,
            checksum: None,
            decision: None,
            comment: None,
            reason_code: None,
            rule: None,
            process: None,
            task: None,
            details: Vec::new(),
        }
    }
}
