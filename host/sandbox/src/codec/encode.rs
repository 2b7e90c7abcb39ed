//! Component value → JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Number, Value};
use wasmtime::component::{Type, Val};

use super::path::Path;
use super::{Mismatch, type_name};

/// The JSON form of a value of this type. `name` starts the path in messages.
///
/// # Errors
/// The value is not of the type, or the type has no JSON form.
pub(crate) fn to_json(name: &str, value: &Val, ty: &Type) -> Result<Value, Mismatch> {
    encode(Path::Root(name), value, ty)
}

fn encode(path: Path<'_>, value: &Val, ty: &Type) -> Result<Value, Mismatch> {
    Ok(match (value, ty) {
        (Val::Bool(truth), Type::Bool) => Value::Bool(*truth),
        (Val::S8(number), Type::S8) => Value::from(*number),
        (Val::U8(number), Type::U8) => Value::from(*number),
        (Val::S16(number), Type::S16) => Value::from(*number),
        (Val::U16(number), Type::U16) => Value::from(*number),
        (Val::S32(number), Type::S32) => Value::from(*number),
        (Val::U32(number), Type::U32) => Value::from(*number),
        (Val::S64(number), Type::S64) => Value::from(*number),
        (Val::U64(number), Type::U64) => Value::from(*number),
        (Val::Float32(number), Type::Float32) => float(f64::from(*number)),
        (Val::Float64(number), Type::Float64) => float(*number),
        (Val::Char(character), Type::Char) => Value::String(character.to_string()),
        (Val::String(text), Type::String) => Value::String(text.clone()),
        (Val::List(items), Type::List(list)) => match list.ty() {
            Type::U8 => bytes(path, items)?,
            element => elements(path, items, std::iter::repeat(element))?,
        },
        (Val::Tuple(items), Type::Tuple(tuple)) => elements(path, items, tuple.types())?,
        (Val::Record(fields), Type::Record(record)) => {
            let mut object = Map::with_capacity(fields.len());
            for ((name, value), field) in fields.iter().zip(record.fields()) {
                let value = encode(Path::Name(&path, name), value, &field.ty)?;
                object.insert(name.clone(), value);
            }
            Value::Object(object)
        }
        (Val::Variant(case, payload), Type::Variant(variant)) => {
            let declared = variant.cases().find(|declared| declared.name == case);
            match (declared.and_then(|declared| declared.ty), payload) {
                (Some(ty), Some(payload)) => {
                    single(case, encode(Path::Name(&path, case), payload, &ty)?)
                }
                (None, None) => Value::String(case.clone()),
                _ => return Err(path.mismatch(format!("case {case} is not as declared"))),
            }
        }
        (Val::Enum(case), Type::Enum(_)) => Value::String(case.clone()),
        (Val::Option(None), Type::Option(_)) => Value::Null,
        (Val::Option(Some(value)), Type::Option(option)) => encode(path, value, &option.ty())?,
        (Val::Result(result), Type::Result(declared)) => {
            let (case, payload, ty) = match result {
                Ok(payload) => ("ok", payload, declared.ok()),
                Err(payload) => ("err", payload, declared.err()),
            };
            let payload = match (payload, ty) {
                (Some(payload), Some(ty)) => encode(Path::Name(&path, case), payload, &ty)?,
                _ => Value::Null,
            };
            single(case, payload)
        }
        (Val::Flags(names), Type::Flags(_)) => {
            Value::Array(names.iter().cloned().map(Value::String).collect())
        }
        (_, ty) => return Err(path.mismatch(format!("not a {} with a JSON form", type_name(ty)))),
    })
}

fn single(case: &str, payload: Value) -> Value {
    let mut object = Map::with_capacity(1);
    object.insert(case.to_owned(), payload);
    Value::Object(object)
}

fn float(number: f64) -> Value {
    match Number::from_f64(number) {
        Some(number) => Value::Number(number),
        None if number.is_nan() => Value::from("NaN"),
        None if number > 0.0 => Value::from("Infinity"),
        None => Value::from("-Infinity"),
    }
}

fn elements(
    path: Path<'_>,
    items: &[Val],
    types: impl Iterator<Item = Type>,
) -> Result<Value, Mismatch> {
    items
        .iter()
        .zip(types)
        .enumerate()
        .map(|(index, (item, ty))| encode(Path::Index(&path, index), item, &ty))
        .collect::<Result<_, _>>()
        .map(Value::Array)
}

fn bytes(path: Path<'_>, items: &[Val]) -> Result<Value, Mismatch> {
    let bytes = items
        .iter()
        .map(|item| match item {
            Val::U8(byte) => Ok(*byte),
            _ => Err(path.mismatch("not a list of bytes")),
        })
        .collect::<Result<Vec<u8>, _>>()?;
    Ok(Value::String(STANDARD.encode(bytes)))
}
