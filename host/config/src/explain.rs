//! Errors of schema validation in words a person can act on.

use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::{JsonType, ValidationError};
use serde_json::Value;

use crate::path::Path;
use crate::suggest;

/// Schema keyword with which a schema says what to write instead.
const MEND: &str = "x-mend";

/// An error in words.
#[derive(Debug)]
pub(crate) struct Explained {
    /// Where, from the validated value.
    pub(crate) path: Path,
    /// Is the key wrong, and not its value?
    pub(crate) at_key: bool,
    /// What is wrong; holds names and limits of the schema, never a value.
    pub(crate) message: String,
    /// What to do.
    pub(crate) mend: String,
}

/// The error, as one or more problems: a choice between alternatives is told by the alternative
/// that was most likely meant.
pub(crate) fn explain(
    error: &ValidationError<'_>,
    schema: &Value,
    value: &Value,
) -> Vec<Explained> {
    let path = Path::of_pointer(error.instance_path().as_str(), value);
    let rule = owner(error, schema);
    let mend = rule
        .and_then(|rule| rule.get(MEND))
        .and_then(Value::as_str)
        .unwrap_or_default();
    match error.kind() {
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            let known = rule.map(property_names).unwrap_or_default();
            let unknown = |name: &String| Explained {
                path: path.key(name),
                at_key: true,
                message: format!("unknown key `{name}`"),
                mend: suggest::mend(name, &known, "remove it"),
            };
            unexpected.iter().map(unknown).collect()
        }
        Kind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            vec![Explained {
                path: path.key(name),
                at_key: true,
                message: format!("`{name}` is missing"),
                mend: format!("add `{name} = …`{}", meaning(rule, name)),
            }]
        }
        Kind::PropertyNames { error } => {
            let name = error.instance().as_str().unwrap_or_default().to_owned();
            let rule = owner(error, schema);
            let mend = rule.and_then(|rule| rule.get(MEND)).and_then(Value::as_str);
            vec![Explained {
                path: path.key(&name),
                at_key: true,
                message: "this name is not allowed".to_owned(),
                mend: mend.unwrap_or_default().to_owned(),
            }]
        }
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } if mend.is_empty() => {
            alternatives(path, context, schema, value)
        }
        kind => {
            let (message, default_mend) = in_words(kind, error.instance());
            let mend = if mend.is_empty() {
                default_mend
            } else {
                mend.to_owned()
            };
            vec![Explained {
                path,
                at_key: false,
                message,
                mend,
            }]
        }
    }
}

/// What is wrong with one value, and a mend if the schema has none of its own.
fn in_words(kind: &Kind, found: &Value) -> (String, String) {
    let only = |message: String| (message, String::new());
    match kind {
        Kind::Type { kind } => only(format!(
            "expected {}, found {}",
            types(kind),
            word(type_of(found))
        )),
        Kind::Enum { options } => {
            let options: Vec<&str> = options
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            let mend = suggest::mend(found.as_str().unwrap_or_default(), &options, "");
            ("not one of the allowed values".to_owned(), mend)
        }
        Kind::Constant { expected_value } => (
            "not the allowed value".to_owned(),
            format!("write {expected_value}"),
        ),
        Kind::Pattern { pattern } => (
            "does not have the expected form".to_owned(),
            format!("it must match `{pattern}`"),
        ),
        Kind::Format { format } => only(format!("is not a valid {format}")),
        Kind::Minimum { limit } => only(format!("smaller than {limit}")),
        Kind::ExclusiveMinimum { limit } => only(format!("not greater than {limit}")),
        Kind::Maximum { limit } => only(format!("greater than {limit}")),
        Kind::ExclusiveMaximum { limit } => only(format!("not smaller than {limit}")),
        Kind::MinLength { limit: 1 } | Kind::MinItems { limit: 1 } => only("empty".to_owned()),
        Kind::MinLength { limit } => only(format!("shorter than {limit} characters")),
        Kind::MaxLength { limit } => only(format!("longer than {limit} characters")),
        Kind::MinItems { limit } => only(format!("fewer than {limit} entries")),
        Kind::MaxItems { limit } => only(format!("more than {limit} entries")),
        Kind::UniqueItems => only("holds an entry twice".to_owned()),
        Kind::FalseSchema => ("not allowed here".to_owned(), "remove it".to_owned()),
        Kind::AnyOf { .. } | Kind::OneOfNotValid { .. } => {
            only("has none of the allowed forms".to_owned())
        }
        Kind::OneOfMultipleValid { .. } => only("has several of the allowed forms".to_owned()),
        kind => only(format!(
            "does not satisfy `{}` of its schema",
            kind.keyword()
        )),
    }
}

/// A value that fits no alternative: the one that comes nearest is explained.
fn alternatives(
    path: Path,
    branches: &[Vec<ValidationError<'static>>],
    schema: &Value,
    value: &Value,
) -> Vec<Explained> {
    let depth = path.segments().len();
    let below = |error: &ValidationError<'_>| {
        Path::of_pointer(error.instance_path().as_str(), value)
            .segments()
            .len()
            - depth
    };
    let wrong_type = |error: &ValidationError<'_>| {
        matches!(error.kind(), Kind::Type { .. }) && below(error) == 0
    };
    let wrong_tag = |error: &ValidationError<'_>| {
        matches!(error.kind(), Kind::Constant { .. } | Kind::Enum { .. }) && below(error) <= 1
    };
    let meant = || {
        branches
            .iter()
            .filter(|branch| !branch.iter().any(wrong_type))
    };
    let best = meant()
        .filter(|branch| !branch.iter().any(wrong_tag))
        .min_by_key(|branch| {
            (
                branch.len(),
                std::cmp::Reverse(branch.iter().map(below).max()),
            )
        });
    if let Some(branch) = best {
        return branch
            .iter()
            .flat_map(|error| explain(error, schema, value))
            .collect();
    }
    let tags: Vec<&ValidationError<'_>> = meant()
        .filter_map(|branch| branch.iter().find(|error| wrong_tag(error)))
        .collect();
    if let Some(first) = tags.first() {
        let allowed: Vec<&str> = tags.iter().flat_map(|error| tag_values(error)).collect();
        let path = Path::of_pointer(first.instance_path().as_str(), value);
        let written = first.instance().as_str().unwrap_or_default();
        let message = "not one of the allowed values".to_owned();
        return vec![Explained {
            path,
            at_key: false,
            message,
            mend: suggest::mend(written, &allowed, ""),
        }];
    }
    let mut expected: Vec<String> = branches
        .iter()
        .flatten()
        .filter(|error| wrong_type(error))
        .filter_map(|error| match error.kind() {
            Kind::Type {
                kind: TypeKind::Single(JsonType::Null),
            } => None,
            Kind::Type { kind } => Some(types(kind)),
            _ => None,
        })
        .collect();
    expected.dedup();
    let message = if expected.is_empty() {
        "has none of the allowed forms".to_owned()
    } else {
        format!("expected {}", expected.join(" or "))
    };
    vec![Explained {
        path,
        at_key: false,
        message,
        mend: String::new(),
    }]
}

/// Texts that a `const` or `enum` allows.
fn tag_values<'a>(error: &'a ValidationError<'_>) -> Vec<&'a str> {
    match error.kind() {
        Kind::Constant { expected_value } => expected_value.as_str().into_iter().collect(),
        Kind::Enum { options } => options
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect(),
        _ => Vec::new(),
    }
}

/// The schema object whose keyword was not satisfied.
fn owner<'a>(error: &ValidationError<'_>, schema: &'a Value) -> Option<&'a Value> {
    let (owner, _) = error.schema_path().as_str().rsplit_once('/')?;
    schema.pointer(owner)
}

fn property_names(rule: &Value) -> Vec<&str> {
    let properties = rule.get("properties").and_then(Value::as_object);
    properties
        .into_iter()
        .flatten()
        .map(|(name, _)| name.as_str())
        .collect()
}

/// What a property means, from its description.
fn meaning(rule: Option<&Value>, property: &str) -> String {
    let description = rule
        .and_then(|rule| {
            rule.get("properties")?
                .get(property)?
                .get("description")?
                .as_str()
        })
        .unwrap_or_default();
    let sentence = description
        .split(". ")
        .next()
        .unwrap_or_default()
        .trim_end_matches('.');
    if sentence.is_empty() {
        String::new()
    } else {
        format!(" ({sentence})")
    }
}

fn types(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(single) => word(*single).to_owned(),
        TypeKind::Multiple(several) => several
            .iter()
            .filter(|single| *single != JsonType::Null)
            .map(word)
            .collect::<Vec<_>>()
            .join(" or "),
    }
}

/// The type of a value, whole numbers told from others.
fn type_of(value: &Value) -> JsonType {
    if value.is_i64() || value.is_u64() {
        JsonType::Integer
    } else {
        JsonType::from(value)
    }
}

/// A JSON type as a writer of TOML knows it.
fn word(json: JsonType) -> &'static str {
    match json {
        JsonType::Array => "an array",
        JsonType::Boolean => "true or false",
        JsonType::Integer => "a whole number",
        JsonType::Null => "nothing",
        JsonType::Number => "a number",
        JsonType::Object => "a table",
        JsonType::String => "a text",
    }
}
