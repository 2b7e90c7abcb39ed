//! Typed variables as Flowable and OpenText write them.

use forebay_model::Timestamp;
use serde_json::{Map, Value, json};

use super::error::{Error, Result};
use crate::opentext::date;

/// A variable of a process or a task.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Value,
    /// `string`, `integer`, `long`, `double`, `boolean`, `date`, `json`, …
    pub kind: String,
}

impl Variable {
    /// A variable whose type follows from its value, as the engine infers it.
    #[must_use]
    pub fn new(name: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        Self {
            name: name.to_owned(),
            kind: inferred(&value).to_owned(),
            value,
        }
    }

    /// Read one variable of a request.
    pub(crate) fn parse(value: &Value) -> Result<Self> {
        let name = value
            .get("name")
            .and_then(Value::as_str)
            .filter(|name| !name.is_empty())
            .ok_or_else(|| Error::Invalid("Variable name is required.".to_owned()))?;
        let content = value.get("value").cloned().unwrap_or(Value::Null);
        let Some(kind) = value.get("type").and_then(Value::as_str) else {
            return Ok(Self::new(name, content));
        };
        if !fits(kind, &content) {
            return Err(Error::Invalid(format!(
                "Converter can only convert {kind}s: '{name}'."
            )));
        }
        Ok(Self {
            name: name.to_owned(),
            value: content,
            kind: kind.to_owned(),
        })
    }

    /// Read a list of variables, split into global and local ones (`"scope":"local"`).
    pub(crate) fn parse_list(list: Option<&Value>) -> Result<(Vec<Self>, Vec<Self>)> {
        let (mut global, mut local) = (Vec::new(), Vec::new());
        let Some(list) = list.filter(|list| !list.is_null()) else {
            return Ok((global, local));
        };
        let items = list
            .as_array()
            .ok_or_else(|| Error::Invalid("variables must be an array.".to_owned()))?;
        for item in items {
            let is_local = item.get("scope").and_then(Value::as_str) == Some("local");
            let target = if is_local { &mut local } else { &mut global };
            set(target, Self::parse(item)?);
        }
        Ok((global, local))
    }

    pub(crate) fn render(&self, scope: &str) -> Value {
        json!({"name": self.name, "type": self.kind, "value": self.value, "scope": scope})
    }

    /// The value as a point in time: epoch milliseconds, or a date text.
    pub(crate) fn time(&self) -> Option<Timestamp> {
        match &self.value {
            Value::Number(number) => number.as_i64().map(Timestamp),
            Value::String(text) => text
                .parse::<i64>()
                .map(Timestamp)
                .ok()
                .or_else(|| date::parse(text)),
            _ => None,
        }
    }
}

/// Put a variable into a list, replacing the one of its name.
pub(crate) fn set(list: &mut Vec<Variable>, variable: Variable) {
    match list.iter_mut().find(|old| old.name == variable.name) {
        Some(old) => *old = variable,
        None => list.push(variable),
    }
}

/// The variable of this name.
pub(crate) fn get<'a>(list: &'a [Variable], name: &str) -> Option<&'a Variable> {
    list.iter().find(|variable| variable.name == name)
}

/// The text of the variable of this name.
pub(crate) fn text<'a>(list: &'a [Variable], name: &str) -> Option<&'a str> {
    get(list, name)?
        .value
        .as_str()
        .filter(|text| !text.is_empty())
}

/// A list of texts: a JSON array, a JSON array in a text, or a text with commas.
pub(crate) fn texts(list: &[Variable], name: &str) -> Vec<String> {
    let Some(variable) = get(list, name) else {
        return Vec::new();
    };
    let parsed = match &variable.value {
        Value::String(text) => serde_json::from_str::<Value>(text)
            .ok()
            .filter(Value::is_array)
            .unwrap_or_else(|| text.split(',').map(str::trim).collect::<Vec<_>>().into()),
        other => other.clone(),
    };
    let items = parsed.as_array().cloned().unwrap_or_default();
    items
        .iter()
        .filter_map(Value::as_str)
        .filter(|s| !s.is_empty())
        .map(str::to_owned)
        .collect()
}

/// A JSON object of variables, for requests of the in-process API.
pub(crate) fn from_object(object: &Map<String, Value>) -> Vec<Variable> {
    object
        .iter()
        .map(|(name, value)| Variable::new(name, value.clone()))
        .collect()
}

fn inferred(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "double",
        Value::Number(number) if number.as_i64().is_some_and(|n| i32::try_from(n).is_err()) => {
            "long"
        }
        Value::Number(_) => "integer",
        Value::Array(_) | Value::Object(_) => "json",
        Value::String(_) => "string",
        Value::Null => "null",
    }
}

fn fits(kind: &str, value: &Value) -> bool {
    match kind {
        _ if value.is_null() => true,
        "string" => value.is_string(),
        "integer" | "short" | "long" => value.is_i64(),
        "double" => value.is_number(),
        "boolean" => value.is_boolean(),
        "date" | "instant" => value.as_str().and_then(date::parse).is_some(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_follow_from_values_and_are_checked_where_given() {
        assert_eq!(Variable::new("due", 1_706_694_312_007_i64).kind, "long");
        assert_eq!(Variable::new("n", 5).kind, "integer");
        let wrong = json!({"name": "n", "value": "five", "type": "integer"});
        assert!(matches!(Variable::parse(&wrong), Err(Error::Invalid(_))));
        let date = json!({"name": "d", "value": "2024-04-17T10:17:43.902+0000", "type": "date"});
        assert_eq!(
            Variable::parse(&date).unwrap().time(),
            Some(Timestamp(1_713_349_063_902))
        );
    }

    #[test]
    fn lists_of_texts_come_in_three_forms() {
        for value in [json!(["a", "b"]), json!("[\"a\",\"b\"]"), json!("a, b")] {
            assert_eq!(texts(&[Variable::new("x", value)], "x"), ["a", "b"]);
        }
    }
}
