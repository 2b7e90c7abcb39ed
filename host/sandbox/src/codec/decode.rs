//! JSON → component value.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use wasmtime::component::types::{Case, Record, ResultType, Variant};
use wasmtime::component::{Type, Val};

use super::path::Path;
use super::{Mismatch, type_name};

/// The value of this type that the JSON stands for. `name` starts the path in messages.
///
/// A record's field that is absent is read as `none` if it is an option; a field the type does not
/// have is an error, so that nothing gets lost unseen.
///
/// # Errors
/// The JSON does not fit the type, or the type has no JSON form.
pub(crate) fn to_val(name: &str, json: &Value, ty: &Type) -> Result<Val, Mismatch> {
    decode(Path::Root(name), json, ty)
}

fn decode(path: Path<'_>, json: &Value, ty: &Type) -> Result<Val, Mismatch> {
    match ty {
        Type::Bool => json
            .as_bool()
            .map(Val::Bool)
            .ok_or_else(|| wanted(path, ty, json)),
        Type::S8 => signed(path, ty, json).map(Val::S8),
        Type::U8 => unsigned(path, ty, json).map(Val::U8),
        Type::S16 => signed(path, ty, json).map(Val::S16),
        Type::U16 => unsigned(path, ty, json).map(Val::U16),
        Type::S32 => signed(path, ty, json).map(Val::S32),
        Type::U32 => unsigned(path, ty, json).map(Val::U32),
        Type::S64 => signed(path, ty, json).map(Val::S64),
        Type::U64 => unsigned(path, ty, json).map(Val::U64),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "f32 is what the type asks for"
        )]
        Type::Float32 => float(path, ty, json).map(|number| Val::Float32(number as f32)),
        Type::Float64 => float(path, ty, json).map(Val::Float64),
        Type::Char => character(json)
            .map(Val::Char)
            .ok_or_else(|| wanted(path, ty, json)),
        Type::String => text(path, ty, json).map(|text| Val::String(text.to_owned())),
        Type::List(list) => match (list.ty(), json) {
            (Type::U8, Value::String(text)) => bytes(path, text),
            (element, _) => {
                let items = array(path, ty, json)?;
                decode_each(path, items, std::iter::repeat(element)).map(Val::List)
            }
        },
        Type::Tuple(tuple) => {
            let items = array(path, ty, json)?;
            if items.len() != tuple.types().len() {
                let (has, wants) = (items.len(), tuple.types().len());
                return Err(path.mismatch(format!("a tuple of {wants}, but {has} are given")));
            }
            decode_each(path, items, tuple.types()).map(Val::Tuple)
        }
        Type::Record(record) => decode_record(path, ty, record, json),
        Type::Variant(variant) => decode_variant(path, ty, variant, json),
        Type::Enum(cases) => {
            let name = text(path, ty, json)?;
            match cases.names().any(|case| case == name) {
                true => Ok(Val::Enum(name.to_owned())),
                false => Err(unknown_case(path, name, cases.names())),
            }
        }
        Type::Option(_) if json.is_null() => Ok(Val::Option(None)),
        Type::Option(option) => Ok(Val::Option(Some(Box::new(decode(
            path,
            json,
            &option.ty(),
        )?)))),
        Type::Result(result) => decode_result(path, ty, result, json),
        Type::Flags(flags) => {
            let items = array(path, ty, json)?;
            let mut names = Vec::with_capacity(items.len());
            for (index, item) in items.iter().enumerate() {
                let path = Path::Index(&path, index);
                let name = text(path, ty, item)?;
                if !flags.names().any(|flag| flag == name) {
                    return Err(unknown_case(path, name, flags.names()));
                }
                names.push(name.to_owned());
            }
            Ok(Val::Flags(names))
        }
        Type::Map(_)
        | Type::Own(_)
        | Type::Borrow(_)
        | Type::Future(_)
        | Type::Stream(_)
        | Type::ErrorContext
        | Type::FixedLengthList(_) => {
            Err(path.mismatch(format!("a {} has no JSON form", type_name(ty))))
        }
    }
}

fn decode_each(
    path: Path<'_>,
    items: &[Value],
    types: impl Iterator<Item = Type>,
) -> Result<Vec<Val>, Mismatch> {
    items
        .iter()
        .zip(types)
        .enumerate()
        .map(|(index, (item, ty))| decode(Path::Index(&path, index), item, &ty))
        .collect()
}

fn decode_record(
    path: Path<'_>,
    ty: &Type,
    record: &Record,
    json: &Value,
) -> Result<Val, Mismatch> {
    let object = json.as_object().ok_or_else(|| wanted(path, ty, json))?;
    let mut fields = Vec::with_capacity(object.len());
    let mut given = 0;
    for field in record.fields() {
        let place = Path::Name(&path, field.name);
        let value = match object.get(field.name) {
            Some(value) => {
                given += 1;
                decode(place, value, &field.ty)?
            }
            None if matches!(field.ty, Type::Option(_)) => Val::Option(None),
            None => return Err(place.mismatch("is missing")),
        };
        fields.push((field.name.to_owned(), value));
    }
    if given < object.len() {
        let stranger = object
            .keys()
            .find(|key| !fields.iter().any(|(name, _)| name == *key));
        let stranger = stranger.map_or("", String::as_str);
        return Err(Path::Name(&path, stranger).mismatch("the record has no such field"));
    }
    Ok(Val::Record(fields))
}

fn decode_variant(
    path: Path<'_>,
    ty: &Type,
    variant: &Variant,
    json: &Value,
) -> Result<Val, Mismatch> {
    let (name, payload) = case_of(path, ty, json)?;
    let Some(Case { ty, .. }) = variant.cases().find(|case| case.name == name) else {
        return Err(unknown_case(
            path,
            name,
            variant.cases().map(|case| case.name),
        ));
    };
    let place = Path::Name(&path, name);
    let payload = match (ty, payload) {
        (Some(ty), Some(payload)) => Some(Box::new(decode(place, payload, &ty)?)),
        (None, None | Some(Value::Null)) => None,
        (Some(_), None) => return Err(place.mismatch("the case needs a payload")),
        (None, Some(_)) => return Err(place.mismatch("the case has no payload")),
    };
    Ok(Val::Variant(name.to_owned(), payload))
}

fn decode_result(
    path: Path<'_>,
    ty: &Type,
    result: &ResultType,
    json: &Value,
) -> Result<Val, Mismatch> {
    let (name, payload) = case_of(path, ty, json)?;
    let declared = match name {
        "ok" => result.ok(),
        "err" => result.err(),
        _ => return Err(unknown_case(path, name, ["ok", "err"].into_iter())),
    };
    let place = Path::Name(&path, name);
    let payload = match declared {
        Some(ty) => Some(Box::new(decode(
            place,
            payload.unwrap_or(&Value::Null),
            &ty,
        )?)),
        None => None,
    };
    Ok(Val::Result(if name == "ok" {
        Ok(payload)
    } else {
        Err(payload)
    }))
}

/// `"case"` or `{"case": payload}`.
fn case_of<'a>(
    path: Path<'_>,
    ty: &Type,
    json: &'a Value,
) -> Result<(&'a str, Option<&'a Value>), Mismatch> {
    match json {
        Value::String(name) => Ok((name, None)),
        Value::Object(object) if object.len() == 1 => match object.iter().next() {
            Some((name, payload)) => Ok((name, Some(payload))),
            None => Err(wanted(path, ty, json)),
        },
        _ => Err(wanted(path, ty, json)),
    }
}

fn signed<N: TryFrom<i64>>(path: Path<'_>, ty: &Type, json: &Value) -> Result<N, Mismatch> {
    json.as_i64()
        .and_then(|number| N::try_from(number).ok())
        .ok_or_else(|| wanted(path, ty, json))
}

fn unsigned<N: TryFrom<u64>>(path: Path<'_>, ty: &Type, json: &Value) -> Result<N, Mismatch> {
    json.as_u64()
        .and_then(|number| N::try_from(number).ok())
        .ok_or_else(|| wanted(path, ty, json))
}

fn float(path: Path<'_>, ty: &Type, json: &Value) -> Result<f64, Mismatch> {
    match json.as_str() {
        Some("NaN") => Ok(f64::NAN),
        Some("Infinity") => Ok(f64::INFINITY),
        Some("-Infinity") => Ok(f64::NEG_INFINITY),
        _ => json.as_f64().ok_or_else(|| wanted(path, ty, json)),
    }
}

fn character(json: &Value) -> Option<char> {
    let mut characters = json.as_str()?.chars();
    let first = characters.next()?;
    characters.next().is_none().then_some(first)
}

fn text<'a>(path: Path<'_>, ty: &Type, json: &'a Value) -> Result<&'a str, Mismatch> {
    json.as_str().ok_or_else(|| wanted(path, ty, json))
}

fn array<'a>(path: Path<'_>, ty: &Type, json: &'a Value) -> Result<&'a [Value], Mismatch> {
    json.as_array()
        .map(Vec::as_slice)
        .ok_or_else(|| wanted(path, ty, json))
}

fn bytes(path: Path<'_>, text: &str) -> Result<Val, Mismatch> {
    let bytes = STANDARD
        .decode(text)
        .map_err(|error| path.mismatch(format!("bytes must be base64: {error}")))?;
    Ok(Val::List(bytes.into_iter().map(Val::U8).collect()))
}

fn wanted(path: Path<'_>, ty: &Type, json: &Value) -> Mismatch {
    let found = match json {
        Value::Null => "null".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(_) => "a text".to_owned(),
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    };
    path.mismatch(format!("a {} is wanted, {found} is given", type_name(ty)))
}

fn unknown_case<'a>(path: Path<'_>, name: &str, known: impl Iterator<Item = &'a str>) -> Mismatch {
    let known = known.collect::<Vec<_>>().join(", ");
    path.mismatch(format!("\"{name}\" is none of {known}"))
}
