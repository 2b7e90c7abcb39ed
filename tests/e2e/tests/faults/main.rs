//! The fault matrix: whatever goes wrong between the host and its vendors, each flow comes to its end,
//! and each effect happens exactly once. What an undisturbed run does to the vendors is the measure.
//!
//! A [`Flow under test`](matrix::Case) says how it is set up and started, what it waits for and what
//! is true at the end; [`fault_matrix!`] makes a test of each fault out of that. The flows stand in
//! the modules beside the matrix.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[macro_use]
mod matrix;

mod approval;
mod approval_batch;
mod approval_canto;
mod approval_iconik;
mod asset_exception_canto;
mod asset_exception_iconik;
mod asset_request;
mod asset_request_canto;
mod asset_request_iconik;
mod case_management_iconik;
mod lifecycle_canto;
mod lifecycle_iconik;
mod localization_canto;
mod production_review_iconik;
mod rights_review_canto;
mod rights_review_iconik;
mod share_compliance;
