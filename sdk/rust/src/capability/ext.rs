//! Short ways to write the contract's records.

use super::assets::{
    AssetKind, AssetStatus, AssetUpdate, Comparison, ExpiryChange, Filter, Query, SortBy, TagChange,
};
use super::workflow::{StartRequest, TaskQuery};
use crate::types::{Field, Timestamp, Value};

/// Results per page where a query names none: what every vendor so far serves in one response.
pub const DEFAULT_PAGE: u32 = 100;

impl Default for Query {
    /// All assets, most recently changed first.
    fn default() -> Self {
        Self {
            text: None,
            filters: Vec::new(),
            sort: SortBy::ModifiedDescending,
            limit: DEFAULT_PAGE,
            page: None,
        }
    }
}

impl AssetKind {
    /// The contract's word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Document => "document",
            Self::Presentation => "presentation",
            Self::Other => "other",
        }
    }
}

impl Query {
    /// Add a condition on a subject: `status`, `kind`, `container`, `created`, `modified`,
    /// `expires`, `tag`, or `field:NAME`.
    #[must_use]
    pub fn filter(mut self, subject: impl Into<String>, comparison: Comparison) -> Self {
        self.filters.push(Filter {
            subject: subject.into(),
            comparison,
        });
        self
    }
}

impl Default for AssetUpdate {
    /// Changes nothing.
    fn default() -> Self {
        Self {
            fields: Vec::new(),
            status: None,
            tags: TagChange::default(),
            expiry: ExpiryChange::Keep,
            guard: None,
        }
    }
}

impl AssetUpdate {
    /// Write a field; [`Value::None`] clears it.
    #[must_use]
    pub fn field(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.fields.push(Field::new(name, value));
        self
    }

    /// Set the release status.
    #[must_use]
    pub fn status(mut self, status: AssetStatus) -> Self {
        self.status = Some(status);
        self
    }

    /// Attach a tag.
    #[must_use]
    pub fn add_tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.add.push(tag.into());
        self
    }

    /// Detach a tag.
    #[must_use]
    pub fn remove_tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.remove.push(tag.into());
        self
    }

    /// Set the end of rights.
    #[must_use]
    pub fn expires_at(mut self, at: Timestamp) -> Self {
        self.expiry = ExpiryChange::Set(at);
        self
    }

    /// Refuse with `conflict` if the asset's change token differs from this one.
    #[must_use]
    pub fn guard(mut self, change_token: impl Into<String>) -> Self {
        self.guard = Some(change_token.into());
        self
    }
}

impl StartRequest {
    /// A process of this definition, business key and title, without variables.
    #[must_use]
    pub fn new(
        definition: impl Into<String>,
        business_key: impl Into<String>,
        title: impl Into<String>,
    ) -> Self {
        Self {
            definition: definition.into(),
            business_key: business_key.into(),
            title: title.into(),
            variables: Vec::new(),
            comment: None,
        }
    }

    /// Add a variable.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.variables.push(Field::new(name, value));
        self
    }
}

impl Default for TaskQuery {
    /// All open tasks.
    fn default() -> Self {
        Self {
            process: None,
            business_key: None,
            candidate_group: None,
            include_completed: false,
            page: None,
        }
    }
}
