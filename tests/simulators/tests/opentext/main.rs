//! The simulator of OpenText Workflow Service, over real HTTP: every peculiarity once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod approval;
mod bpmn;
mod callback;
mod faults;
mod flowable;
mod history;
mod jobs;
mod page;
mod people;
mod processes;
mod support;
mod tasks;
mod tokens;
