//! Typed values of the contract and variables of the engines.

use forebay_sdk::{Field, Value, time};
use serde_json::{Value as Json, json};

use crate::settings::Documents;
use crate::wire::{VariableRow, moment};

/// Variables as the engine sent them.
pub(crate) fn read(rows: &[VariableRow]) -> Vec<Field> {
    rows.iter()
        .map(|row| Field::new(row.name.as_str(), value(row)))
        .collect()
}

/// A task's own variables; those of its process are told apart by their scope.
pub(crate) fn read_local(rows: &[VariableRow]) -> Vec<Field> {
    let local = rows.iter().filter(|row| row.scope != "global");
    local
        .map(|row| Field::new(row.name.as_str(), value(row)))
        .collect()
}

fn value(row: &VariableRow) -> Value {
    match &row.value {
        Json::Null => Value::None,
        Json::Bool(yes) => Value::Boolean(*yes),
        Json::Number(number) => match number.as_i64() {
            Some(whole) if row.kind != "double" => Value::Integer(whole),
            _ => number.as_f64().map_or(Value::None, Value::Number),
        },
        Json::String(text) => match row.kind.as_str() {
            "date" | "instant" | "localDateTime" => {
                moment(Some(text)).map_or_else(|| Value::text(text), Value::Timestamp)
            }
            "localDate" => Value::Date(text.clone()),
            "json" => Value::Json(text.clone()),
            _ => Value::text(text),
        },
        Json::Array(items) if !items.is_empty() && items.iter().all(Json::is_string) => {
            Value::texts(items.iter().filter_map(Json::as_str))
        }
        other => Value::Json(other.to_string()),
    }
}

/// Variables as a request carries them.
pub(crate) fn write(fields: &[Field], documents: Documents) -> Vec<Json> {
    fields
        .iter()
        .map(|field| write_one(field, documents))
        .collect()
}

fn write_one(field: &Field, documents: Documents) -> Json {
    let (kind, value) = match &field.value {
        Value::None => return json!({"name": field.name, "value": null}),
        Value::Text(text) | Value::Date(text) => ("string", json!(text)),
        Value::Integer(number) => (
            if i32::try_from(*number).is_ok() {
                "integer"
            } else {
                "long"
            },
            json!(number),
        ),
        Value::Number(number) => ("double", json!(number)),
        Value::Boolean(yes) => ("boolean", json!(yes)),
        Value::Timestamp(at) => ("date", json!(time::to_rfc3339(*at))),
        Value::Texts(texts) => document(json!(texts), documents),
        Value::Json(text) => match documents {
            Documents::String => ("string", json!(text)),
            Documents::Json => match serde_json::from_str(text) {
                Ok(value) => ("json", value),
                Err(_) => ("string", json!(text)),
            },
        },
    };
    json!({"name": field.name, "value": value, "type": kind})
}

fn document(value: Json, documents: Documents) -> (&'static str, Json) {
    match documents {
        Documents::String => ("string", json!(value.to_string())),
        Documents::Json => ("json", value),
    }
}

/// Does the engine hold this field already? Times are compared as times, all else as sent.
pub(crate) fn holds(rows: &[VariableRow], field: &Field, documents: Documents) -> bool {
    let Some(row) = rows.iter().find(|row| row.name == field.name) else {
        return false;
    };
    match (&field.value, &row.value) {
        (Value::Timestamp(at), Json::String(text)) => moment(Some(text)) == Some(*at),
        _ => row.value == write_one(field, documents)["value"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_comes_back_as_it_went_out() {
        let fields = [
            Field::new("a", "text"),
            Field::new("b", 5),
            Field::new("c", 1_706_694_312_007),
            Field::new("d", Value::Number(1.5)),
            Field::new("e", true),
            Field::new("f", Value::Timestamp(1_706_694_312_007)),
            Field::new("g", Value::texts(["x", "y"])),
            Field::new("h", Value::Json("{\"k\":1}".to_owned())),
            Field::new("i", Value::None),
        ];
        let rows: Vec<VariableRow> =
            serde_json::from_value(write(&fields, Documents::Json).into()).unwrap();
        assert_eq!(read(&rows), fields);
        assert!(
            fields
                .iter()
                .all(|field| holds(&rows, field, Documents::Json))
        );
        assert!(!holds(&rows, &Field::new("a", "other"), Documents::Json));
        assert!(!holds(&rows, &Field::new("z", "text"), Documents::Json));
    }

    #[test]
    fn structured_values_are_texts_unless_set_otherwise() {
        let stages = Field::new("stages", Value::Json("[{\"name\":\"legal\"}]".to_owned()));
        let users = Field::new("excludedUsers", Value::texts(["ann@example.test"]));
        let written = write(&[stages, users], Documents::String);
        assert_eq!(
            written,
            [
                json!({"name": "stages", "value": "[{\"name\":\"legal\"}]", "type": "string"}),
                json!({"name": "excludedUsers", "value": "[\"ann@example.test\"]", "type": "string"}),
            ]
        );
    }

    #[test]
    fn types_decide_where_texts_are_ambiguous() {
        let rows: Vec<VariableRow> = serde_json::from_value(json!([
            {"name": "due", "type": "date", "value": "2024-04-17T10:17:43.902+0000"},
            {"name": "day", "type": "localDate", "value": "2024-04-17"},
            {"name": "n", "type": "double", "value": 2},
            {"name": "plain", "value": "2024-04-17"},
        ]))
        .unwrap();
        let values: Vec<_> = read(&rows).into_iter().map(|field| field.value).collect();
        assert_eq!(
            values,
            [
                Value::Timestamp(1_713_349_063_902),
                Value::Date("2024-04-17".to_owned()),
                Value::Number(2.0),
                Value::text("2024-04-17"),
            ]
        );
    }
}
