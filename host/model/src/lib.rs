//! The words of Forebay as types.
//!
//! What lives here: the vocabulary every other room speaks (events, runs, steps, calls, plugin
//! descriptions, configuration as the host uses it), the clock, and the ports through which rooms
//! meet without knowing each other. What must not: input or output of any kind, SQL, HTTP, wasm.
//!
//! Types that cross the component boundary ([`event`], [`capability`], [`manifest`], [`step`]) have
//! a serde form that is the JSON form of their WIT counterpart: kebab-case names, variants as
//! `{"case": payload}` or `"case"`, options as `null` or the value. The sandbox relies on it.
//!
//! Start at [`run`] for the durable model, at [`ports`] for who calls whom.

pub mod audit;
pub mod capability;
pub mod clock;
pub mod event;
pub mod flow;
pub mod journal;
pub mod manifest;
pub mod name;
pub mod plugin;
pub mod ports;
pub mod retention;
pub mod run;
pub mod schedule;
pub mod secret;
pub mod step;
pub mod template;
pub mod time;
pub mod workday;

pub use capability::{CapabilityError, Finding, Severity};
pub use clock::{Clock, SharedClock, SystemClock, VirtualClock};
pub use event::{DeliveryContent, Entity, Event, EventIdentity, Field, FieldValue};
pub use name::{ConnectionName, Digest, FlowName, FunctionName, InterfaceName, RunId};
pub use retention::RetentionPolicy;
pub use schedule::ScheduleSpec;
pub use secret::SecretSet;
pub use time::Timestamp;
