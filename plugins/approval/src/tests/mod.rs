//! The handler against a small DAM and a small workflow engine in memory.

mod admission;
mod batches;
mod checking;
mod decisions;
mod entering;
mod examples;
mod fake_dam;
mod fake_engine;
mod hand_edits;
mod panel;
mod people;
mod rework;
mod trouble;
mod versions;
mod watching;
mod world;
