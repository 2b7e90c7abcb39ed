//! Recognises `forebay:connector/types.error` by its structure, whatever package a component took
//! it from.

use wasmtime::component::Type;

/// The structure of a type, as far as the error needs it.
enum Shape {
    Text,
    U16,
    U32,
    Maybe(&'static Shape),
    Record(&'static [(&'static str, Shape)]),
}

const OPTIONAL_TEXT: Shape = Shape::Maybe(&Shape::Text);

const VENDOR_REPLY: Shape = Shape::Record(&[
    ("status", Shape::Maybe(&Shape::U16)),
    ("code", OPTIONAL_TEXT),
    ("message", Shape::Text),
    ("request-id", OPTIONAL_TEXT),
]);

const DETAIL: Shape = Shape::Record(&[
    ("message", Shape::Text),
    ("vendor", Shape::Maybe(&VENDOR_REPLY)),
]);

const CONFLICT: Shape = Shape::Record(&[("detail", DETAIL), ("current", OPTIONAL_TEXT)]);

const INVALID: Shape = Shape::Record(&[("detail", DETAIL), ("field", OPTIONAL_TEXT)]);

const RATE_LIMITED: Shape = Shape::Record(&[
    ("detail", DETAIL),
    ("retry-after-seconds", Shape::Maybe(&Shape::U32)),
]);

const CASES: [(&str, Shape); 8] = [
    ("not-found", DETAIL),
    ("conflict", CONFLICT),
    ("invalid", INVALID),
    ("denied", DETAIL),
    ("rate-limited", RATE_LIMITED),
    ("unavailable", DETAIL),
    ("uncertain", DETAIL),
    ("unsupported", DETAIL),
];

/// Is this the error that all capabilities share?
pub(crate) fn is_capability_error(ty: &Type) -> bool {
    let Type::Variant(variant) = ty else {
        return false;
    };
    variant.cases().len() == CASES.len()
        && variant.cases().zip(&CASES).all(|(case, (name, shape))| {
            case.name == *name && case.ty.is_some_and(|ty| has_shape(&ty, shape))
        })
}

fn has_shape(ty: &Type, shape: &Shape) -> bool {
    match (ty, shape) {
        (Type::String, Shape::Text) | (Type::U16, Shape::U16) | (Type::U32, Shape::U32) => true,
        (Type::Option(option), Shape::Maybe(inner)) => has_shape(&option.ty(), inner),
        (Type::Record(record), Shape::Record(fields)) => {
            record.fields().len() == fields.len()
                && record.fields().zip(*fields).all(|(field, (name, shape))| {
                    field.name == *name && has_shape(&field.ty, shape)
                })
        }
        _ => false,
    }
}
