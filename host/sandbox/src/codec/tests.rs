//! Round trips of values through types taken from a real component.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Component, Type};
use wasmtime::{Config, Engine};

use super::{blank, is_capability_error, portable, to_json, to_val};

/// Functions whose parameters have the types under test.
const TYPES: &str = r#"(component (import "acme:types/all" (instance
    (type $kind (enum "image" "video")) (export "kind" (type $k (eq $kind)))
    (type $rights (flags "read" "write")) (export "rights" (type $f (eq $rights)))
    (type $value (variant (case "none") (case "text" string) (case "number" f64)
        (case "many" (list string)) (case "big" u64)))
    (export "value" (type $v (eq $value)))
    (type $asset (record (field "id" string) (field "kind" $k) (field "rights" $f)
        (field "size" s64) (field "value" $v) (field "note" (option string))
        (field "pair" (tuple u8 bool)) (field "raw" (list u8)) (field "letter" char)
        (field "done" (result s32 (error string))) (field "bare" (result))))
    (export "asset" (type $a (eq $asset)))
    (export "take" (func (param "asset" $a) (result (result (list $a) (error string)))))
    (export "nested" (func (param "x" (option (option u8)))))
)))"#;

const ERROR: &str = r#"(component (import "acme:types/all" (instance
    (type $reply (record (field "status" (option u16)) (field "code" (option string))
        (field "message" string) (field "request-id" (option string))))
    (export "reply" (type $r (eq $reply)))
    (type $detail (record (field "message" string) (field "vendor" (option $r))))
    (export "detail" (type $d (eq $detail)))
    (type $conflict (record (field "detail" $d) (field "current" (option string))))
    (export "conflict" (type $c (eq $conflict)))
    (type $invalid (record (field "detail" $d) (field "field" (option string))))
    (export "invalid" (type $i (eq $invalid)))
    (type $limited (record (field "detail" $d) (field "retry-after-seconds" (option u32))))
    (export "limited" (type $l (eq $limited)))
    (type $error (variant (case "not-found" $d) (case "conflict" $c) (case "invalid" $i)
        (case "denied" $d) (case "rate-limited" $l) (case "unavailable" $d)
        (case "uncertain" $d) (case "LAST" $d)))
    (export "error" (type $e (eq $error)))
    (export "f" (func (param "x" $e)))
)))"#;

fn function(text: &str, name: &str) -> ComponentFunc {
    let engine = Engine::new(&Config::new()).unwrap();
    let component = Component::from_binary(&engine, &wat::parse_str(text).unwrap()).unwrap();
    let ty = component.component_type();
    let Some((_, import)) = ty.imports(&engine).next() else {
        panic!("no import")
    };
    let ComponentItem::ComponentInstance(instance) = import.ty else {
        panic!("no instance")
    };
    match instance.get_export(&engine, name).unwrap().ty {
        ComponentItem::ComponentFunc(function) => function,
        other => panic!("{name} is {other:?}"),
    }
}

fn parameter(text: &str, name: &str) -> Type {
    function(text, name).params().next().unwrap().1
}

fn asset() -> Value {
    json!({
        "id": "image/abc", "kind": "video", "rights": ["read"], "size": i64::MIN,
        "value": {"many": ["a", "b"]}, "note": null, "pair": [255, true], "raw": "AAH/",
        "letter": "ä", "done": {"err": "no"}, "bare": {"ok": null},
    })
}

#[test]
fn every_kind_of_type_goes_there_and_back() {
    let ty = parameter(TYPES, "take");
    let value = to_val("asset", &asset(), &ty).unwrap();
    assert_eq!(to_json("asset", &value, &ty).unwrap(), asset());
}

#[test]
fn lenient_forms_are_read_and_written_in_the_one_form() {
    let ty = parameter(TYPES, "take");
    let mut lenient = asset();
    lenient["raw"] = json!([0, 1, 255]);
    lenient.as_object_mut().unwrap().remove("note");
    lenient["value"] = json!({"none": null});
    let value = to_val("asset", &lenient, &ty).unwrap();
    let mut strict = asset();
    strict["value"] = json!("none");
    assert_eq!(to_json("asset", &value, &ty).unwrap(), strict);
}

#[test]
fn numbers_json_does_not_have_are_texts() {
    let ty = parameter(TYPES, "take");
    for text in ["NaN", "Infinity", "-Infinity"] {
        let mut odd = asset();
        odd["value"] = json!({"number": text});
        let value = to_val("asset", &odd, &ty).unwrap();
        assert_eq!(to_json("asset", &value, &ty).unwrap(), odd);
    }
}

#[test]
fn mismatches_name_the_place() {
    let ty = parameter(TYPES, "take");
    let cases = [
        ("id", json!(7), "asset.id: a string is wanted, 7 is given"),
        (
            "kind",
            json!("audio"),
            "asset.kind: \"audio\" is none of image, video",
        ),
        (
            "pair",
            json!([1]),
            "asset.pair: a tuple of 2, but 1 are given",
        ),
        (
            "pair",
            json!([256, true]),
            "asset.pair[0]: a u8 is wanted, 256 is given",
        ),
        (
            "value",
            json!("text"),
            "asset.value.text: the case needs a payload",
        ),
        (
            "value",
            json!({"none": 1}),
            "asset.value.none: the case has no payload",
        ),
        (
            "value",
            json!({"many": ["a", null]}),
            "asset.value.many[1]: a string is wanted, null is given",
        ),
        (
            "rights",
            json!(["fly"]),
            "asset.rights[0]: \"fly\" is none of read, write",
        ),
        (
            "letter",
            json!("ab"),
            "asset.letter: a char is wanted, a text is given",
        ),
        (
            "extra",
            json!(1),
            "asset.extra: the record has no such field",
        ),
    ];
    for (field, value, message) in cases {
        let mut wrong = asset();
        wrong[field] = value;
        assert_eq!(
            to_val("asset", &wrong, &ty).unwrap_err().to_string(),
            message
        );
    }
    let mut wrong = asset();
    wrong.as_object_mut().unwrap().remove("id");
    let error = to_val("asset", &wrong, &ty).unwrap_err();
    assert_eq!(error.to_string(), "asset.id: is missing");
}

#[test]
fn a_blank_has_the_type_it_stands_for() {
    let function = function(TYPES, "take");
    let result = function.results().next().unwrap();
    assert_eq!(blank(&result), json!({"ok": []}));
    let ty = parameter(TYPES, "take");
    let blank = blank(&ty);
    let value = to_val("blank", &blank, &ty).unwrap();
    assert_eq!(to_json("blank", &value, &ty).unwrap(), blank);
}

#[test]
fn an_option_of_an_option_cannot_be_brokered() {
    assert_eq!(portable(&function(TYPES, "take")), Ok(()));
    let problem = portable(&function(TYPES, "nested")).unwrap_err();
    assert_eq!(problem, "its parameter x holds an option of an option");
}

#[test]
fn the_shared_error_is_known_by_its_structure() {
    let right = ERROR.replace("LAST", "unsupported");
    assert!(is_capability_error(&parameter(&right, "f")));
    assert!(!is_capability_error(&parameter(
        &ERROR.replace("LAST", "other"),
        "f"
    )));
    let lacking = right.replace("(option u32)", "(option u16)");
    assert!(!is_capability_error(&parameter(&lacking, "f")));
}

/// JSON in the form the codec writes, for any value of the type.
fn form(ty: &Type) -> BoxedStrategy<Value> {
    match ty {
        Type::Bool => any::<bool>().prop_map(Value::from).boxed(),
        Type::U8 => any::<u8>().prop_map(Value::from).boxed(),
        Type::S32 => any::<i32>().prop_map(Value::from).boxed(),
        Type::S64 => any::<i64>().prop_map(Value::from).boxed(),
        Type::U64 => any::<u64>().prop_map(Value::from).boxed(),
        Type::Float64 => any::<f64>().prop_map(Value::from).boxed(),
        Type::Char => any::<char>()
            .prop_map(|c| Value::from(c.to_string()))
            .boxed(),
        Type::String => any::<String>().prop_map(Value::from).boxed(),
        Type::List(list) if list.ty() == Type::U8 => any::<Vec<u8>>()
            .prop_map(|bytes| STANDARD.encode(bytes).into())
            .boxed(),
        Type::List(list) => prop::collection::vec(form(&list.ty()), 0..4)
            .prop_map(Value::from)
            .boxed(),
        Type::Tuple(tuple) => tuple
            .types()
            .map(|ty| form(&ty))
            .collect::<Vec<_>>()
            .prop_map(Value::from)
            .boxed(),
        Type::Record(record) => {
            let names: Vec<String> = record.fields().map(|field| field.name.to_owned()).collect();
            let values: Vec<_> = record.fields().map(|field| form(&field.ty)).collect();
            values
                .prop_map(move |values| {
                    Value::Object(names.iter().cloned().zip(values).collect::<Map<_, _>>())
                })
                .boxed()
        }
        Type::Variant(variant) => {
            let cases = variant
                .cases()
                .map(|case| named(case.name, case.ty))
                .collect::<Vec<_>>();
            prop::strategy::Union::new(cases).boxed()
        }
        Type::Enum(cases) => {
            let names: Vec<Value> = cases.names().map(Value::from).collect();
            prop::sample::select(names).boxed()
        }
        Type::Option(option) => prop_oneof![Just(Value::Null), form(&option.ty())].boxed(),
        Type::Result(result) => {
            let side = |name: &'static str, ty: Option<Type>| {
                let payload = ty.map_or_else(|| Just(Value::Null).boxed(), |ty| form(&ty));
                payload
                    .prop_map(move |payload| json!({ name: payload }))
                    .boxed()
            };
            prop_oneof![side("ok", result.ok()), side("err", result.err())].boxed()
        }
        Type::Flags(flags) => {
            let names: Vec<Value> = flags.names().map(Value::from).collect();
            let count = names.len();
            prop::sample::subsequence(names, 0..=count)
                .prop_map(Value::from)
                .boxed()
        }
        other => panic!("no strategy for {other:?}"),
    }
}

fn named(name: &str, payload: Option<Type>) -> BoxedStrategy<Value> {
    let name = name.to_owned();
    match payload {
        Some(ty) => form(&ty)
            .prop_map(move |payload| json!({ name.as_str(): payload }))
            .boxed(),
        None => Just(Value::from(name)).boxed(),
    }
}

#[test]
fn any_value_goes_there_and_back() {
    let ty = parameter(TYPES, "take");
    proptest!(|(json in form(&ty))| {
        let value = to_val("x", &json, &ty).unwrap();
        prop_assert_eq!(to_json("x", &value, &ty).unwrap(), json);
    });
}

/// Any JSON at all, of small depth.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

#[test]
fn no_json_makes_the_codec_fail_otherwise_than_with_a_message() {
    let ty = parameter(TYPES, "take");
    proptest!(|(value in anything(), field in 0_usize..11)| {
        let _ = to_val("x", &value, &ty);
        let mut asset = asset();
        let key = asset.as_object().unwrap().keys().nth(field).unwrap().clone();
        asset[key] = value;
        if let Ok(read) = to_val("x", &asset, &ty) {
            prop_assert!(to_json("x", &read, &ty).is_ok());
        }
    });
}
