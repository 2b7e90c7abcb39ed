//! The JSON Schema of the configuration, and checking values against schemas.

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use crate::defaults::{self, Endless};
use crate::document::Document;
use crate::explain;
use crate::path::Path;
use crate::problem::{Problem, Severity};
use crate::raw::Root;

/// JSON Schemas of the sections that other rooms own. Their references must be local (`#/…`).
#[derive(Clone, Debug)]
pub struct SchemaSet {
    /// Schema of `[limits]`.
    pub limits: Value,
    /// Schema of `[egress]`.
    pub egress: Value,
    /// Schema of `[engine]`.
    pub engine: Value,
    /// Schema of `[http]`.
    pub http: Value,
}

impl Default for SchemaSet {
    /// Accepts anything in these sections.
    fn default() -> Self {
        Self {
            limits: Value::Bool(true),
            egress: Value::Bool(true),
            engine: Value::Bool(true),
            http: Value::Bool(true),
        }
    }
}

impl SchemaSet {
    /// The sections by name.
    pub(crate) fn sections(&self) -> [(&'static str, &Value); 4] {
        [
            ("limits", &self.limits),
            ("egress", &self.egress),
            ("engine", &self.engine),
            ("http", &self.http),
        ]
    }
}

/// The JSON Schema (draft 2020-12) of the whole configuration, for editors and for checks. What
/// plugins demand of `settings` and `config` is not in it.
#[must_use]
pub fn schema(set: &SchemaSet) -> Value {
    let mut root = own_schema();
    for (section, given) in set.sections() {
        let home = format!("section-{section}");
        let mut given = given.clone();
        move_references(&mut given, &format!("#/$defs/{home}"));
        root["$defs"][&home] = given;
        let description = root["properties"][section]["description"].clone();
        root["properties"][section] = json!({ "description": description, "type": "object", "$ref": format!("#/$defs/{home}") });
    }
    root
}

/// The schema of what this room owns.
pub(crate) fn own_schema() -> Value {
    SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<Root>()
        .to_value()
}

/// Make the references of a schema that now stands at `home` lead there.
fn move_references(schema: &mut Value, home: &str) {
    match schema {
        Value::Object(entries) => {
            for (key, value) in entries {
                match value {
                    Value::String(target) if key == "$ref" && target.starts_with('#') => {
                        *target = format!("{home}{}", &target[1..]);
                    }
                    _ => move_references(value, home),
                }
            }
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| move_references(item, home)),
        _ => {}
    }
}

/// Fill in the schema's defaults, then check. `owner` says in words whose schema it is.
pub(crate) fn complete(
    document: &Document,
    root: &Path,
    value: &mut Value,
    schema: &str,
    owner: &str,
) -> Vec<Problem> {
    let Ok(schema) = serde_json::from_str(schema) else {
        return vec![unusable(document, root, owner, "not JSON")];
    };
    match defaults::fill(&schema, value) {
        Ok(()) => check(document, root, value, &schema, owner),
        Err(Endless) => vec![unusable(document, root, owner, ENDLESS)],
    }
}

/// The reason to give for [`Endless`].
pub(crate) const ENDLESS: &str = "its defaults have no end";

/// All that is wrong with `value`, which stands at `root`, by this schema. `owner` says in words
/// whose schema it is.
pub(crate) fn check(
    document: &Document,
    root: &Path,
    value: &Value,
    schema: &Value,
    owner: &str,
) -> Vec<Problem> {
    let validator = match jsonschema::validator_for(schema) {
        Ok(validator) => validator,
        Err(error) => return vec![unusable(document, root, owner, &error.to_string())],
    };
    validator
        .iter_errors(value)
        .flat_map(|error| explain::explain(&error, schema, value))
        .map(|explained| {
            let path = root.join(&explained.path);
            if explained.at_key {
                document.at_key(&path, Severity::Error, explained.message, explained.mend)
            } else {
                document.at_value(&path, explained.message, explained.mend)
            }
        })
        .collect()
}

/// Does the value fit the schema?
pub(crate) fn accepts(schema: &Value, value: &Value) -> bool {
    jsonschema::validator_for(schema).is_ok_and(|validator| validator.is_valid(value))
}

/// A schema that nothing can be checked against.
pub(crate) fn unusable(document: &Document, path: &Path, owner: &str, reason: &str) -> Problem {
    let message = format!("{owner} is not a usable JSON Schema: {reason}");
    let mend = "ask its author for a corrected version";
    document.at_key(path, Severity::Error, message, mend)
}
