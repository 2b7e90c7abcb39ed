//! The words every interface is written in: entities, field values, events and findings.
//!
//! These are the types of `forebay:connector/types`, written by hand so that they carry useful
//! constructors; the generated bindings use them and do not compile if they differ from the WIT.
//! The error lives in [`mod@crate::error`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::error::{
    ConflictDetail, Detail, Error, InvalidDetail, RateLimitedDetail, VendorReply,
};

/// A point in time: milliseconds since 1970-01-01T00:00:00Z. [`crate::time`] reads and writes it.
pub type Timestamp = i64;

/// Something at a vendor that events are about and runs subscribe to.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct Entity {
    /// `asset`, `collection`, `process`, `task`, `share`, `job`, or a third party's word.
    pub kind: String,
    /// The vendor's identifier, opaque to everybody but the connector that made it.
    pub id: String,
}

impl Entity {
    /// An entity of this kind and id.
    #[must_use]
    pub fn new(kind: impl Into<String>, id: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            id: id.into(),
        }
    }
}

/// The typed value of a field or a process variable.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Value {
    /// No value stands there.
    #[default]
    None,
    /// Text of any length.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Number(f64),
    /// Yes or no.
    Boolean(bool),
    /// A point in time.
    Timestamp(Timestamp),
    /// A calendar date without a time, `YYYY-MM-DD`.
    Date(String),
    /// Several texts, in the vendor's order.
    Texts(Vec<String>),
    /// A structured value as JSON text.
    Json(String),
}

impl Value {
    /// A text value.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Several texts.
    #[must_use]
    pub fn texts<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::Texts(texts.into_iter().map(Into::into).collect())
    }

    /// The text of a `text`, `date` or `json` value.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Date(text) | Self::Json(text) => Some(text),
            _ => None,
        }
    }

    /// The value as a list of texts: none, one or several.
    #[must_use]
    pub fn to_texts(&self) -> Vec<String> {
        match self {
            Self::Texts(texts) => texts.clone(),
            value if value.is_empty() => Vec::new(),
            value => vec![value.to_plain()],
        }
    }

    /// Does nothing stand there: no value, an empty text, an empty list?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::None => true,
            Self::Text(text) => text.is_empty(),
            Self::Texts(texts) => texts.is_empty(),
            _ => false,
        }
    }

    /// The value as people write it: lists joined by `, `, points in time as RFC 3339.
    #[must_use]
    pub fn to_plain(&self) -> String {
        match self {
            Self::None => String::new(),
            Self::Text(text) | Self::Date(text) | Self::Json(text) => text.clone(),
            Self::Integer(number) => number.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Boolean(yes) => yes.to_string(),
            Self::Timestamp(at) => crate::time::to_rfc3339(*at),
            Self::Texts(texts) => texts.join(", "),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<bool> for Value {
    fn from(yes: bool) -> Self {
        Self::Boolean(yes)
    }
}

impl From<Vec<String>> for Value {
    fn from(texts: Vec<String>) -> Self {
        Self::Texts(texts)
    }
}

/// A named value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Field {
    /// The vendor's name of the field, as `fields.list` gives it.
    pub name: String,
    /// Its value.
    pub value: Value,
}

impl Field {
    /// A field of this name and value.
    #[must_use]
    pub fn new(name: impl Into<String>, value: impl Into<Value>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
        }
    }
}

/// Looking up fields by name.
pub trait FieldsExt {
    /// The value of the field of this name; `None` where there is no such field.
    fn value(&self, name: &str) -> Option<&Value>;

    /// The text of the field of this name, where it has one.
    fn text(&self, name: &str) -> Option<&str> {
        self.value(name).and_then(Value::as_text)
    }
}

impl FieldsExt for [Field] {
    fn value(&self, name: &str) -> Option<&Value> {
        self.iter()
            .find(|field| field.name == name)
            .map(|field| &field.value)
    }
}

/// Something that happened at a connection, normalised.
///
/// The host builds the event's identity from connection, entity, kind and change token; two
/// reports with the same parts are one event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Event {
    /// `asset.created`, `process.completed`, …; third parties may add their own with a prefix.
    pub kind: String,
    /// What it happened to.
    pub entity: Entity,
    /// The version it concerns, where the vendor has versions.
    pub version: Option<String>,
    /// What makes this happening distinct from the next of the same kind. A webhook and a poll that
    /// report the same happening must give the same token.
    pub change_token: String,
    /// When it happened, by the vendor's clock.
    pub occurred_at: Timestamp,
    /// Who did it, in the vendor's notation.
    pub actor: Option<String>,
    /// The run that caused the change, where the change carries Forebay's marker.
    pub origin: Option<String>,
    /// Further entities this event should be delivered for.
    pub related: Vec<Entity>,
    /// What the vendor said about it, as far as a handler may need it without a read.
    pub data: Vec<Field>,
    /// SHA-256 of the raw payload in hexadecimal, where there was one.
    pub raw_digest: Option<String>,
}

impl Event {
    /// An event with nothing but its identity and time; set the other fields with struct update.
    #[must_use]
    pub fn new(
        kind: impl Into<String>,
        entity: Entity,
        change_token: impl Into<String>,
        occurred_at: Timestamp,
    ) -> Self {
        Self {
            kind: kind.into(),
            entity,
            version: None,
            change_token: change_token.into(),
            occurred_at,
            actor: None,
            origin: None,
            related: Vec::new(),
            data: Vec::new(),
            raw_digest: None,
        }
    }

    /// Everything of this kind that the event is about: its own entity first, then the related ones.
    pub fn entities<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Entity> {
        let all = std::iter::once(&self.entity).chain(&self.related);
        all.filter(move |entity| entity.kind == kind)
    }

    /// The id of the asset that the event is about, by itself or related.
    ///
    /// # Errors
    /// In words, where it names none.
    pub fn asset(&self) -> Result<&str, String> {
        let asset = self.entities("asset").next();
        let none = || format!("the event {} names no asset", self.kind);
        asset.map(|asset| asset.id.as_str()).ok_or_else(none)
    }
}

/// How serious a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// It cannot work like this.
    Error,
    /// It works, but not as somebody may expect.
    Warning,
    /// Worth knowing.
    Info,
}

impl Severity {
    /// Called by the generated bindings: the case of this number. The component model guarantees
    /// that there is no other.
    #[doc(hidden)]
    #[must_use]
    pub fn _lift(case: u8) -> Self {
        match case {
            0 => Self::Error,
            1 => Self::Warning,
            _ => Self::Info,
        }
    }
}

/// One finding of a check, in plain words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// How serious it is.
    pub severity: Severity,
    /// Where in the settings or configuration, as a dotted path; empty for the whole.
    pub path: String,
    /// What was found.
    pub message: String,
    /// What a person should do about it; empty for an `info`.
    pub mend: String,
}

impl Finding {
    /// It cannot work like this, and what to do about it.
    #[must_use]
    pub fn error(
        path: impl Into<String>,
        message: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self {
            severity: Severity::Error,
            path: path.into(),
            message: message.into(),
            mend: mend.into(),
        }
    }

    /// It works, but not as somebody may expect.
    #[must_use]
    pub fn warning(
        path: impl Into<String>,
        message: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(path, message, mend)
        }
    }

    /// Worth knowing.
    #[must_use]
    pub fn info(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Info,
            ..Self::error(path, message, "")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_names_its_own_entity_before_related_ones() {
        let event = Event {
            related: ["b", "c"].map(|id| Entity::new("asset", id)).to_vec(),
            ..Event::new("action.invoked", Entity::new("asset", "a"), "1", 0)
        };
        let ids: Vec<_> = event.entities("asset").map(|entity| &entity.id).collect();
        assert_eq!(ids, ["a", "b", "c"]);
        assert_eq!(event.entities("collection").count(), 0);
        assert_eq!(event.asset(), Ok("a"));
    }

    #[test]
    fn an_event_says_when_it_names_no_asset() {
        let event = Event::new("process.started", Entity::new("process", "p"), "1", 0);
        let why = "the event process.started names no asset";
        assert_eq!(event.asset(), Err(why.to_owned()));
    }
}
