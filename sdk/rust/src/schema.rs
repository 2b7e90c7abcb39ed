//! JSON Schemas of settings, configuration and state.

use schemars::JsonSchema;

/// The JSON Schema (2020-12) of a type, as text.
///
/// Descriptions come from doc comments and defaults from `#[serde(default)]`. Put
/// `#[serde(deny_unknown_fields)]` on the type, so that the schema forbids unknown keys and the host
/// can name a misspelt one.
#[must_use]
pub fn of<T: JsonSchema>() -> String {
    schemars::schema_for!(T).to_value().to_string()
}
