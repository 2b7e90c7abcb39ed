//! Logical fields: names that use cases speak, mapped to the fields of a DAM.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::types::{Field, FieldsExt, Value};

/// Logical field → field of the DAM. A logical field that is not listed has the same name there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct FieldMap(pub BTreeMap<String, String>);

impl FieldMap {
    /// The DAM's name of a logical field.
    #[must_use]
    pub fn name<'a>(&'a self, logical: &'a str) -> &'a str {
        self.0.get(logical).map_or(logical, String::as_str)
    }

    /// A logical field's value among the fields of an asset, where it is filled.
    #[must_use]
    pub fn value<'a>(&self, fields: &'a [Field], logical: &str) -> Option<&'a Value> {
        fields
            .value(self.name(logical))
            .filter(|value| !value.is_empty())
    }

    /// A logical field's values as texts: none, one or several.
    #[must_use]
    pub fn texts(&self, fields: &[Field], logical: &str) -> Vec<String> {
        self.value(fields, logical)
            .map(Value::to_texts)
            .unwrap_or_default()
    }
}
