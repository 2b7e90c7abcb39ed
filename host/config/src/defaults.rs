//! Filling in the defaults of a JSON Schema, so that guests never have to know them twice.

use serde_json::{Map, Value};

/// Deeper structures get no defaults: a schema may refer to itself without end.
const DEEPEST: usize = 64;

/// Most schemas visited for one value. A schema that refers to itself twice would grow beyond all
/// bounds within [`DEEPEST`]; honest configurations visit some hundred.
const MOST_VISITS: usize = 20_000;

/// Visits an alternative counts for: it takes compiling it to know whether it is the chosen one.
const ALTERNATIVE_VISITS: usize = 20;

/// Put the schema's defaults in wherever a property with a default is absent, all the way down,
/// also inside defaults. What the value holds is never changed. A schema without end is followed
/// up to a bound.
pub(crate) fn fill(schema: &Value, value: &mut Value) {
    Filler {
        root: schema,
        visits_left: MOST_VISITS,
    }
    .fill(schema, value, 0);
}

struct Filler<'a> {
    root: &'a Value,
    visits_left: usize,
}

impl<'a> Filler<'a> {
    fn fill(&mut self, schema: &'a Value, value: &mut Value, depth: usize) {
        if depth > DEEPEST || !self.take(1) {
            return;
        }
        let below = depth + 1;
        if let Some(target) = local_reference(self.root, schema) {
            self.fill(target, value, below);
        }
        for part in list(schema, "allOf") {
            self.fill(part, value, below);
        }
        for keyword in ["anyOf", "oneOf"] {
            if let Some(part) = self.chosen(list(schema, keyword), value) {
                self.fill(part, value, below);
            }
        }
        match value {
            Value::Object(entries) => self.fill_table(schema, entries, below),
            Value::Array(items) => {
                let fixed = list(schema, "prefixItems");
                for (index, item) in items.iter_mut().enumerate() {
                    if let Some(schema) = fixed.get(index).or(schema.get("items")) {
                        self.fill(schema, item, below);
                    }
                }
            }
            _ => {}
        }
    }

    fn fill_table(&mut self, schema: &'a Value, entries: &mut Map<String, Value>, depth: usize) {
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            if !entries.contains_key(name)
                && let Some(default) = default_of(self.root, property)
            {
                entries.insert(name.clone(), default.clone());
            }
            if let Some(value) = entries.get_mut(name) {
                self.fill(property, value, depth);
            }
        }
        if let Some(others @ Value::Object(_)) = schema.get("additionalProperties") {
            for (name, value) in entries.iter_mut() {
                if properties.is_none_or(|known| !known.contains_key(name)) {
                    self.fill(others, value, depth);
                }
            }
        }
    }

    /// The first alternative that the value satisfies.
    fn chosen(&mut self, alternatives: &'a [Value], value: &Value) -> Option<&'a Value> {
        alternatives.iter().find(|alternative| {
            let mut alone = (*alternative).clone();
            if let (Value::Object(alone), Some(root)) = (&mut alone, self.root.as_object()) {
                for home in ["$defs", "definitions"] {
                    if let Some(definitions) = root.get(home) {
                        alone.insert(home.to_owned(), definitions.clone());
                    }
                }
            }
            self.take(ALTERNATIVE_VISITS)
                && jsonschema::validator_for(&alone).is_ok_and(|schema| schema.is_valid(value))
        })
    }

    /// Count visits; `false` once there were too many.
    fn take(&mut self, visits: usize) -> bool {
        let left = self.visits_left.checked_sub(visits);
        self.visits_left = left.unwrap_or_default();
        left.is_some()
    }
}

/// The default of a property, its own or that of the schema it refers to.
fn default_of<'a>(root: &'a Value, property: &'a Value) -> Option<&'a Value> {
    std::iter::successors(Some(property), |schema| local_reference(root, schema))
        .take(DEEPEST)
        .find_map(|schema| schema.get("default"))
}

fn local_reference<'a>(root: &'a Value, schema: &Value) -> Option<&'a Value> {
    root.pointer(schema.get("$ref")?.as_str()?.strip_prefix('#')?)
}

fn list<'a>(schema: &'a Value, keyword: &str) -> &'a [Value] {
    schema
        .get(keyword)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn defaults_go_in_at_every_depth() {
        let schema = json!({
            "properties": {
                "zone": {"default": "UTC"},
                "grace": {"$ref": "#/$defs/grace", "default": {}},
                "rules": {"items": {"$ref": "#/$defs/rule"}},
                "named": {"additionalProperties": {"$ref": "#/$defs/rule"}},
                "one": {"anyOf": [{"type": "null"}, {"type": "object", "$ref": "#/$defs/rule"}]},
            },
            "$defs": {
                "grace": {"properties": {"period": {"default": "15m"}}},
                "rule": {"properties": {"sla": {"default": "3bd"}}},
            },
        });
        let mut value = json!({"rules": [{"sla": "1bd"}, {}], "named": {"a": {}}, "one": {}});
        fill(&schema, &mut value);
        assert_eq!(
            value,
            json!({
                "zone": "UTC",
                "grace": {"period": "15m"},
                "rules": [{"sla": "1bd"}, {"sla": "3bd"}],
                "named": {"a": {"sla": "3bd"}},
                "one": {"sla": "3bd"},
            })
        );
    }

    #[test]
    fn a_schema_without_end_comes_to_one() {
        let schema = json!({"properties": {"next": {"$ref": "#", "default": {}}}});
        let mut value = json!({});
        fill(&schema, &mut value);
        assert!(value["next"]["next"].is_object());
        fill(&json!({"$ref": "#"}), &mut value);
        let twice = json!({"$ref": "#", "default": {}});
        let schema = json!({"properties": {"a": twice, "b": twice}, "allOf": [{"$ref": "#"}]});
        fill(&schema, &mut json!({}));
    }
}
