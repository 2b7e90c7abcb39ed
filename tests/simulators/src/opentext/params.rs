//! Query parameters, as both dialects read them.

use forebay_model::Timestamp;
use serde_json::Value;

use super::date;
use super::engine::{Error, Result};

/// The parameters of a request. Unknown ones are ignored, as the vendor does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    /// From a query string.
    pub(crate) fn from_query(query: &str) -> Self {
        Self(
            url::form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    /// From the JSON body of Flowable's `POST /query/…`, which uses the same names.
    pub(crate) fn from_body(body: &Value) -> Self {
        let text = |value: &Value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
            Value::Array(items) => Some(
                items
                    .iter()
                    .filter_map(Value::as_str)
                    .collect::<Vec<_>>()
                    .join(","),
            ),
            Value::Null | Value::Object(_) => None,
        };
        let members = body.as_object().into_iter().flatten();
        Self(
            members
                .filter_map(|(name, value)| Some((name.clone(), text(value)?)))
                .collect(),
        )
    }

    /// These parameters, and where one is missing that of `others`.
    pub(crate) fn or(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Is the parameter `true`?
    pub(crate) fn is(&self, name: &str) -> bool {
        self.get(name) == Some("true")
    }

    /// A parameter that may be `true` or `false`.
    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        self.get(name).map(|value| value == "true")
    }

    pub(crate) fn date(&self, name: &str) -> Result<Option<Timestamp>> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        let wrong = || Error::Invalid(format!("Failed to parse date '{text}' of '{name}'."));
        date::parse(text).map(Some).ok_or_else(wrong)
    }

    pub(crate) fn number(&self, name: &str) -> Result<Option<i64>> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        let wrong = |_| Error::Invalid(format!("For input string: '{text}' of '{name}'."));
        text.parse().map(Some).map_err(wrong)
    }

    /// Position of the first item and number of items of a page.
    pub(crate) fn page(&self, first: &str, count: &str, default: usize) -> Result<(usize, usize)> {
        let number = |name, default: usize| -> Result<usize> {
            let given = self.number(name)?.map_or(Ok(default), usize::try_from);
            given.map_err(|_| Error::Invalid(format!("'{name}' must not be negative.")))
        };
        Ok((number(first, 0)?, number(count, default)?))
    }
}
