//! A value with nothing in it: what observe mode answers in place of an effect's result.

use serde_json::{Map, Value};
use wasmtime::component::Type;

/// The emptiest value of a type, in JSON form: zero, the empty text or list, `none`, the first case,
/// `ok`. `null` where the type has no JSON form.
pub(crate) fn blank(ty: &Type) -> Value {
    match ty {
        Type::Bool => Value::Bool(false),
        Type::S8
        | Type::U8
        | Type::S16
        | Type::U16
        | Type::S32
        | Type::U32
        | Type::S64
        | Type::U64 => Value::from(0),
        Type::Float32 | Type::Float64 => Value::from(0.0),
        Type::Char => Value::from(" "),
        Type::String => Value::from(""),
        Type::List(list) if matches!(list.ty(), Type::U8) => Value::from(""),
        Type::List(_) | Type::Flags(_) => Value::Array(Vec::new()),
        Type::Tuple(tuple) => Value::Array(tuple.types().map(|ty| blank(&ty)).collect()),
        Type::Record(record) => Value::Object(
            record
                .fields()
                .map(|field| (field.name.to_owned(), blank(&field.ty)))
                .collect(),
        ),
        Type::Variant(variant) => match variant.cases().next() {
            Some(case) => case.ty.map_or_else(
                || Value::from(case.name),
                |payload| single(case.name, blank(&payload)),
            ),
            None => Value::Null,
        },
        Type::Enum(cases) => cases.names().next().map_or(Value::Null, Value::from),
        Type::Result(result) => single(
            "ok",
            result.ok().map_or(Value::Null, |payload| blank(&payload)),
        ),
        Type::Option(_)
        | Type::Map(_)
        | Type::Own(_)
        | Type::Borrow(_)
        | Type::Future(_)
        | Type::Stream(_)
        | Type::ErrorContext
        | Type::FixedLengthList(_) => Value::Null,
    }
}

fn single(case: &str, payload: Value) -> Value {
    Value::Object(Map::from_iter([(case.to_owned(), payload)]))
}
