//! The fourteen use cases end to end, one module each, and what holds for all of them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod canto_1_approval;
mod canto_2_rights_expiry;
mod canto_3_asset_request;
mod canto_4_localization;
mod canto_5_share_compliance;
mod canto_6_lifecycle;
mod canto_7_asset_exception;
mod iconik_1_batches;
mod iconik_1_collections;
mod iconik_1_intake_review;
mod iconik_2_rights_clearance;
mod iconik_3_campaign_request;
mod iconik_4_production_review;
mod iconik_5_lifecycle_retention;
mod iconik_6_metadata_exception;
mod iconik_7_case_management;
mod secrets;
mod shows;
mod soak;
