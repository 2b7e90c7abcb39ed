//! Component values as JSON and back.
//!
//! What lives here: the JSON form of every value that crosses the broker, and the checks that a type
//! has such a form at all. The form is that of the model's types: records are objects, variants are
//! `"case"` or `{"case": payload}`, enums are `"case"`, options are `null` or the value, results are
//! `{"ok": …}` or `{"err": …}`, lists and tuples are arrays, `list<u8>` is base64 text (an array of
//! numbers is taken too), flags are an array of names. Numbers without a JSON form are the texts
//! `"NaN"`, `"Infinity"` and `"-Infinity"`. What must not live here: anything about calls.

mod blank;
mod decode;
mod encode;
mod error_type;
mod path;
mod portable;

#[cfg(test)]
mod tests;

pub(crate) use blank::blank;
pub(crate) use decode::to_val;
pub(crate) use encode::to_json;
pub(crate) use error_type::is_capability_error;
pub(crate) use portable::portable;

use wasmtime::component::Type;

/// Why a value does not fit its type: where, and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
pub(crate) struct Mismatch {
    /// Where, as `arguments[0].fields[2].value`.
    pub(crate) path: String,
    /// What is wrong.
    pub(crate) problem: String,
}

/// The type's name as WIT writes it, for messages.
pub(crate) fn type_name(ty: &Type) -> &'static str {
    match ty {
        Type::Bool => "bool",
        Type::S8 => "s8",
        Type::U8 => "u8",
        Type::S16 => "s16",
        Type::U16 => "u16",
        Type::S32 => "s32",
        Type::U32 => "u32",
        Type::S64 => "s64",
        Type::U64 => "u64",
        Type::Float32 => "f32",
        Type::Float64 => "f64",
        Type::Char => "char",
        Type::String => "string",
        Type::List(_) => "list",
        Type::Map(_) => "map",
        Type::Record(_) => "record",
        Type::Tuple(_) => "tuple",
        Type::Variant(_) => "variant",
        Type::Enum(_) => "enum",
        Type::Option(_) => "option",
        Type::Result(_) => "result",
        Type::Flags(_) => "flags",
        Type::Own(_) | Type::Borrow(_) => "resource",
        Type::Future(_) => "future",
        Type::Stream(_) => "stream",
        Type::ErrorContext => "error-context",
        Type::FixedLengthList(_) => "list of fixed length",
    }
}
