//! What requests for assets have in common in the fault matrix: who asks, what the team and the
//! requester decide, and when a request is closed.

use forebay_e2e::{ANN, World};

use crate::matrix::Wait;

/// Who asks.
pub(crate) const RITA: &str = "uploader@example.test";

/// The team's task: it names the asset.
pub(crate) const SELECT: Wait = Wait::Deed {
    name: "select",
    is_due: |world, _| world.open_stages() == ["select"],
    act: |world, asset| {
        let id = asset.id();
        let form = [("assets", id.as_str())];
        world.decide("select", ANN, "select", &form).unwrap();
    },
};

pub(crate) const ACCEPT: Wait = Wait::Task {
    name: "accept",
    person: RITA,
    outcome: "accept",
    form: &[],
};

/// Has the request been closed, not ended by somebody?
pub(crate) fn is_closed(world: &World, definition: &str) -> bool {
    let processes = world.processes_of(definition);
    let mut outcomes = processes.iter().flat_map(|process| &process.variables);
    outcomes.any(|variable| variable.name == "outcome" && variable.value == "fulfilled")
}
