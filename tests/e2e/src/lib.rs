//! End-to-end tests: real components through the real sandbox, engine, SQLite and HTTP; only the
//! vendors are simulated.
//!
//! [`World`] puts the rooms of the host together in this process over a virtual clock, so that weeks
//! pass in a moment and nothing waits. [`Binary`] runs the real program, for what only a process can
//! show: kill -9, plugin files that come and go, exit codes. [`shows`] are the fourteen use cases as
//! short plays: the demonstration plays each once, [`soak`] thousands together.

mod agency;
mod binary;
mod files;
mod guests;
mod keeper;
mod scene;
pub mod shows;
mod site;
pub mod soak;
mod world;

pub use agency::{Agency, LICENCES};
pub use binary::Binary;
pub use files::{built, examples_dir, plugins_dir};
pub use guests::{looping_describe, other_contract, precompiled, unknown_import, variant};
pub use keeper::keeper;
pub use scene::Scene;
pub use site::{Site, example, shipped};
pub use world::{
    ANN, Asset, CANTO, CARA, DAY, DIRK, Dam, ENGINE, Flow, HOUR, ICONIK, MINUTE, RemovedField,
    SECRETS, Setup, WEBHOOK_TOKEN, World,
};
