//! What several use cases need and none should write for itself: routing tables, working-time
//! spans, field mapping, path patterns.
//!
//! What lives here knows the business and no vendor. All configuration types bring their schema
//! and documentation along.

mod fields;
mod pattern;
mod routing;
mod span;
mod values;

pub use self::fields::FieldMap;
pub use self::pattern::matches_path;
pub use self::routing::{Facts, Routing, Rule, Target, holds};
pub use self::span::{Span, WorkCalendar};
pub use self::values::OneOrMany;
