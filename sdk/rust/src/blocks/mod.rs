//! What several use cases need and none should write for itself: routing tables, working-time
//! spans, field mapping, path patterns, questions to people with their reminders and escalation,
//! guarded writing, copies of comments, batches, item lists, scans, holds.
//!
//! What lives here knows the business and no vendor. All configuration types bring their schema
//! and documentation along.

mod asset;
mod batch;
mod comments;
mod desk;
mod fields;
mod items;
mod pattern;
mod people;
mod preflight;
mod question;
mod routing;
mod scan;
mod span;
mod values;

pub use self::asset::{
    AssetGone, LegalHold, OnConflict, Written, end_of, field_update, fill, leave_collection, paths,
    present, shares_of, text_or_none, write, write_any_version,
};
pub use self::batch::{Batching, numbers};
pub use self::comments::{Direction, OF_DAM, OF_WORKFLOW, attributed, fingerprint, split_text};
pub use self::desk::{Alarm, Desk, DeskRules, Reading};
pub use self::fields::FieldMap;
pub use self::items::{CONTINUE, ITEMS_PER_ACTIVATION, Item, ItemState, Items, at_once};
pub use self::pattern::matches_path;
pub use self::people::{can_be_asked, enabled_user, usable_group, workflow_user};
pub use self::preflight::Preflight;
pub use self::question::{Answer, Asked, FormField, Question};
pub use self::routing::{Facts, Routing, Rule, Target, holds};
pub use self::scan::Scan;
pub use self::span::{Span, WorkCalendar};
pub use self::values::OneOrMany;
