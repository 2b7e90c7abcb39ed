//! Overrides: `FOREBAY_HOST__LISTEN` stands for `listen` in `[host]`.

use serde_json::{Map, Value};

use crate::document::{Document, Spot};
use crate::path::Path;
use crate::problem::{Place, Problem, Severity};
use crate::schema::own_schema;
use crate::suggest;

/// Sections whose single values may come from the environment: what differs from machine to
/// machine. Connections and flows mean the same everywhere and stay in files.
const SECTIONS: [&str; 5] = ["host", "log", "store", "retention", "backup"];

/// Put the environment's values in place of those in files.
pub(super) fn apply(document: &mut Document) {
    let schema = own_schema();
    for section in SECTIONS {
        let prefix = format!("FOREBAY_{}__", section.to_uppercase());
        for variable in document.environment.names(&prefix) {
            let Ok(text) = document.environment.get(&variable) else {
                continue;
            };
            let keys = variable["FOREBAY_".len()..].to_lowercase();
            let keys: Vec<&str> = keys.split("__").collect();
            if let Err(problem) = set(document, &schema, &variable, &keys, &text) {
                document.problems.push(problem);
            }
        }
    }
}

fn set(
    document: &mut Document,
    schema: &Value,
    variable: &str,
    keys: &[&str],
    text: &str,
) -> Result<(), Problem> {
    let path = Path::of(keys);
    let place = Place {
        file: format!("environment {variable}"),
        line: 0,
        column: 0,
    };
    let problem = |message: &str, mend: String| Problem {
        place: place.clone(),
        path: path.to_string(),
        message: message.to_owned(),
        mend,
        severity: Severity::Error,
    };
    let mut wanted = schema;
    for key in keys {
        let properties = resolve(schema, wanted)
            .get("properties")
            .and_then(Value::as_object);
        let Some(properties) = properties else {
            return Err(problem(
                "unknown variable: the path goes on below a value",
                String::new(),
            ));
        };
        wanted = properties.get(*key).ok_or_else(|| {
            let known: Vec<&str> = properties.keys().map(String::as_str).collect();
            problem("unknown variable", suggest::mend(key, &known, ""))
        })?;
    }
    let wanted = resolve(schema, wanted);
    if wanted.get("properties").is_some() {
        return Err(problem(
            "names a table",
            "name one of its keys after `__`".to_owned(),
        ));
    }
    let value = if wanted["type"] == "integer" {
        let number: i64 = text
            .parse()
            .map_err(|_| problem("not a whole number", "write digits only".to_owned()))?;
        Value::from(number)
    } else {
        Value::from(text)
    };
    insert(&mut document.value, keys, value);
    document.spots.insert(
        path.clone(),
        Spot {
            key: place.clone(),
            value: place.clone(),
        },
    );
    Ok(())
}

/// The schema itself, or what its reference leads to.
fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let target = schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|it| it.strip_prefix('#'));
    target
        .and_then(|pointer| root.pointer(pointer))
        .unwrap_or(schema)
}

/// Put a value in, making the tables on the way. A value that stands where a table is needed stays:
/// the schema reports it.
fn insert(table: &mut Map<String, Value>, keys: &[&str], value: Value) {
    match keys {
        [] => {}
        [key] => {
            table.insert((*key).to_owned(), value);
        }
        [key, rest @ ..] => {
            let below = table
                .entry(*key)
                .or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(below) = below {
                insert(below, rest, value);
            }
        }
    }
}
