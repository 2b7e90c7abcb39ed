//! Which types can pass between components.

use wasmtime::component::Type;
use wasmtime::component::types::ComponentFunc;

use super::type_name;

/// Can calls of this function be brokered?
///
/// # Errors
/// The part of its type that has no faithful JSON form, in words.
pub(crate) fn portable(function: &ComponentFunc) -> Result<(), String> {
    if function.async_() {
        return Err("it is an async function".to_owned());
    }
    for (name, ty) in function.params() {
        portable_type(&ty).map_err(|problem| format!("its parameter {name} {problem}"))?;
    }
    for ty in function.results() {
        portable_type(&ty).map_err(|problem| format!("its result {problem}"))?;
    }
    Ok(())
}

fn portable_type(ty: &Type) -> Result<(), String> {
    match ty {
        Type::Bool
        | Type::S8
        | Type::U8
        | Type::S16
        | Type::U16
        | Type::S32
        | Type::U32
        | Type::S64
        | Type::U64
        | Type::Float32
        | Type::Float64
        | Type::Char
        | Type::String
        | Type::Enum(_)
        | Type::Flags(_) => Ok(()),
        Type::List(list) => portable_type(&list.ty()),
        Type::Option(option) => match option.ty() {
            // `some(none)` and `none` would both be null.
            Type::Option(_) => Err("holds an option of an option".to_owned()),
            inner => portable_type(&inner),
        },
        Type::Tuple(tuple) => tuple.types().try_for_each(|ty| portable_type(&ty)),
        Type::Record(record) => record
            .fields()
            .try_for_each(|field| portable_type(&field.ty)),
        Type::Variant(variant) => variant
            .cases()
            .filter_map(|case| case.ty)
            .try_for_each(|ty| portable_type(&ty)),
        Type::Result(result) => [result.ok(), result.err()]
            .iter()
            .flatten()
            .try_for_each(portable_type),
        Type::Map(_)
        | Type::Own(_)
        | Type::Borrow(_)
        | Type::Future(_)
        | Type::Stream(_)
        | Type::ErrorContext
        | Type::FixedLengthList(_) => Err(format!("holds a {}", type_name(ty))),
    }
}
