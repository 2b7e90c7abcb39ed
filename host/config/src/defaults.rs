//! Filling in the defaults of a JSON Schema, so that guests never have to know them twice.

use serde_json::{Map, Value};

/// Deeper structures are refused: a schema may refer to itself without end.
const DEEPEST: usize = 64;

/// Most schemas visited for one value. A schema that refers to itself twice would grow beyond all
/// bounds within [`DEEPEST`]; honest configurations visit some hundred, with long lists some thousand.
const MOST_VISITS: usize = 50_000;

/// Visits an alternative counts for: it takes compiling it to know whether it is the chosen one.
const ALTERNATIVE_VISITS: usize = 20;

/// A default counts for a visit more with every so many bytes, so that large ones that are put in
/// over and over cannot fill memory: all defaults together stay below 5 MB.
const BYTES_PER_VISIT: usize = 100;

/// The defaults of the schema have no end, or none within the bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Endless;

/// Put the schema's defaults in wherever a property with a default is absent, all the way down,
/// also inside defaults. What the value holds is never changed.
pub(crate) fn fill(schema: &Value, value: &mut Value) -> Result<(), Endless> {
    Filler {
        root: schema,
        visits_left: MOST_VISITS,
    }
    .fill(schema, value, 0)
}

struct Filler<'a> {
    root: &'a Value,
    visits_left: usize,
}

impl<'a> Filler<'a> {
    fn fill(&mut self, schema: &'a Value, value: &mut Value, depth: usize) -> Result<(), Endless> {
        if depth > DEEPEST {
            return Err(Endless);
        }
        self.take(1)?;
        let below = depth + 1;
        if let Some(target) = local_reference(self.root, schema) {
            self.fill(target, value, below)?;
        }
        for part in list(schema, "allOf") {
            self.fill(part, value, below)?;
        }
        for keyword in ["anyOf", "oneOf"] {
            if let Some(part) = self.chosen(list(schema, keyword), value)? {
                self.fill(part, value, below)?;
            }
        }
        match value {
            Value::Object(entries) => self.fill_table(schema, entries, below)?,
            Value::Array(items) => {
                let fixed = list(schema, "prefixItems");
                for (index, item) in items.iter_mut().enumerate() {
                    if let Some(schema) = fixed.get(index).or(schema.get("items")) {
                        self.fill(schema, item, below)?;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn fill_table(
        &mut self,
        schema: &'a Value,
        entries: &mut Map<String, Value>,
        depth: usize,
    ) -> Result<(), Endless> {
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            if !entries.contains_key(name)
                && let Some(default) = default_of(self.root, property)
            {
                self.take(default.to_string().len() / BYTES_PER_VISIT)?;
                entries.insert(name.clone(), default.clone());
            }
            if let Some(value) = entries.get_mut(name) {
                self.fill(property, value, depth)?;
            }
        }
        if let Some(others @ Value::Object(_)) = schema.get("additionalProperties") {
            for (name, value) in entries.iter_mut() {
                if properties.is_none_or(|known| !known.contains_key(name)) {
                    self.fill(others, value, depth)?;
                }
            }
        }
        Ok(())
    }

    /// The first alternative that the value satisfies.
    fn chosen(
        &mut self,
        alternatives: &'a [Value],
        value: &Value,
    ) -> Result<Option<&'a Value>, Endless> {
        for alternative in alternatives {
            self.take(ALTERNATIVE_VISITS)?;
            let mut alone = alternative.clone();
            if let (Value::Object(alone), Some(root)) = (&mut alone, self.root.as_object()) {
                for home in ["$defs", "definitions"] {
                    if let Some(definitions) = root.get(home) {
                        alone.insert(home.to_owned(), definitions.clone());
                    }
                }
            }
            if jsonschema::validator_for(&alone).is_ok_and(|schema| schema.is_valid(value)) {
                return Ok(Some(alternative));
            }
        }
        Ok(None)
    }

    /// Count visits.
    fn take(&mut self, visits: usize) -> Result<(), Endless> {
        self.visits_left = self.visits_left.checked_sub(visits).ok_or(Endless)?;
        Ok(())
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
        assert_eq!(fill(&schema, &mut value), Ok(()));
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
    fn a_schema_without_end_is_refused() {
        let again = json!({"$ref": "#", "default": {}});
        let large = json!({"default": "x".repeat(1_000_000)});
        let endless = [
            json!({"$ref": "#"}),
            json!({"allOf": [{"$ref": "#"}, {"$ref": "#"}]}),
            json!({"properties": {"next": again}}),
            json!({"properties": {"a": again, "b": again}}),
            json!({"properties": {"large": large, "next": again}}),
        ];
        for schema in endless {
            assert_eq!(fill(&schema, &mut json!({})), Err(Endless));
        }
    }

    #[test]
    fn a_schema_that_only_refers_to_itself_where_there_is_data_has_an_end() {
        let schema = json!({"properties": {"of": {"items": {"$ref": "#"}}, "n": {"default": 1}}});
        let mut value = json!({"of": [{"of": [{}]}]});
        assert_eq!(fill(&schema, &mut value), Ok(()));
        assert_eq!(value, json!({"of": [{"of": [{"n": 1}], "n": 1}], "n": 1}));
    }
}
