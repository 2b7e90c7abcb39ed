//! Simulators of Canto, iconik and OpenText Workflow Service.
//!
//! Each simulator answers a vendor's HTTP interface over a state in memory, records every call,
//! counts every effect and can be told to fail. They serve tests (in this process, on virtual time)
//! and demonstrations (the binary, on real time, with a page for people).
//!
//! Start at [`common`] for what they share.

pub mod canto;
pub mod common;
pub mod iconik;
pub mod opentext;
