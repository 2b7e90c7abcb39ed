//! Metadata values: between the vendor's JSON and typed values, by a field's definition.

use forebay_sdk::assets::fields::FieldType;
use forebay_sdk::{Error, Value, time};
use serde_json::{Map, Value as Json, json};

use crate::wire::RawField;

/// What a field holds. The vendor's documents do not list the words, so several spellings are known.
pub(crate) fn type_of(field: &RawField) -> FieldType {
    let word = field.field_type.to_lowercase().replace(['-', ' '], "_");
    match word.as_str() {
        "date" => FieldType::Date,
        "datetime" | "date_time" | "timestamp" => FieldType::Timestamp,
        "integer" | "long" => FieldType::Integer,
        "float" | "double" | "number" => FieldType::Number,
        "boolean" | "bool" | "yes_no" => FieldType::Boolean,
        "tag_cloud" => FieldType::Choices,
        "drop_down" | "dropdown" if field.multi => FieldType::Choices,
        "drop_down" | "dropdown" => FieldType::Choice,
        _ if !field.options.is_empty() && field.multi => FieldType::Choices,
        _ if !field.options.is_empty() => FieldType::Choice,
        _ if field.multi => FieldType::Choices,
        _ => FieldType::Text,
    }
}

/// The values of a field in a reply's `metadata_values`.
pub(crate) fn standing<'a>(values: &'a Map<String, Json>, name: &str) -> Vec<&'a Json> {
    let entries = values.get(name).map(|entry| &entry["field_values"]);
    let entries = entries.and_then(Json::as_array).into_iter().flatten();
    entries
        .map(|entry| &entry["value"])
        .filter(|value| !value.is_null() && *value != "")
        .collect()
}

/// Typed value from the vendor's.
pub(crate) fn decode(field: &RawField, values: &[&Json]) -> Value {
    let kind = type_of(field);
    let Some(first) = values.first() else {
        return Value::None;
    };
    if kind == FieldType::Choices || values.len() > 1 {
        return Value::Texts(values.iter().map(|value| plain(value)).collect());
    }
    let text = plain(first);
    match kind {
        FieldType::Date => match time::parse_lenient(&text).and_then(time::to_date) {
            Some(date) => Value::Date(date),
            None => Value::Text(text),
        },
        FieldType::Timestamp => match time::parse_lenient(&text) {
            Some(at) => Value::Timestamp(at),
            None => Value::Text(text),
        },
        FieldType::Integer => text.parse().map_or(Value::Text(text), Value::Integer),
        FieldType::Number => text.parse().map_or(Value::Text(text), Value::Number),
        FieldType::Boolean => text.parse().map_or(Value::Text(text), Value::Boolean),
        _ => Value::Text(text),
    }
}

/// Text of a JSON value without quotes.
pub(crate) fn plain(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

/// The vendor's values from a typed one; an empty list clears the field.
pub(crate) fn encode(field: &RawField, value: &Value) -> Result<Vec<Json>, Error> {
    if value.is_empty() {
        return Ok(Vec::new());
    }
    let kind = type_of(field);
    let refused = |what: &str| {
        let message = format!("`{}` is not {what}", value.to_plain());
        Err(Error::invalid(message).with_field(&field.name))
    };
    if let Value::Texts(texts) = value {
        if texts.len() > 1 && kind != FieldType::Choices {
            return refused("a single value");
        }
        return Ok(texts.iter().map(|text| json!(text)).collect());
    }
    let text = value.to_plain();
    let single = match (kind, value) {
        (FieldType::Date, _) => match time::parse_lenient(&text).and_then(time::to_date) {
            Some(date) => json!(date),
            None => return refused("a date"),
        },
        (FieldType::Timestamp, _) => match time::parse_lenient(&text) {
            Some(at) => json!(time::to_rfc3339(at)),
            None => return refused("a point in time"),
        },
        (FieldType::Integer, _) => match text.parse::<i64>() {
            Ok(number) => json!(number),
            Err(_) => return refused("a whole number"),
        },
        (FieldType::Number, _) => match text.parse::<f64>() {
            Ok(number) => json!(number),
            Err(_) => return refused("a number"),
        },
        (FieldType::Boolean, _) => match text.parse::<bool>() {
            Ok(yes) => json!(yes),
            Err(_) => return refused("true or false"),
        },
        _ => json!(text),
    };
    Ok(vec![single])
}

/// A notation in which two values are equal if iconik would store the same: for comparing what
/// stands with what is wanted.
pub(crate) fn canonical(field: &RawField, value: &Value) -> Vec<String> {
    let Ok(values) = encode(field, value) else {
        return vec![value.to_plain()];
    };
    values.iter().map(plain).collect()
}
