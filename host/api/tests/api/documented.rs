//! The OpenAPI document: complete, consistent, and the file in `docs/` is up to date.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::Host;

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json")
}

fn text() -> String {
    let mut text = serde_json::to_string_pretty(&forebay_api::document()).unwrap();
    text.push('\n');
    text
}

/// Writes the file: `cargo test -p forebay-api -- --ignored write_the_document`.
#[test]
#[ignore = "writes docs/openapi.json"]
fn write_the_document() {
    std::fs::write(file(), text()).unwrap();
}

#[test]
fn the_file_is_up_to_date() {
    let kept = std::fs::read_to_string(file()).unwrap_or_default();
    assert!(
        kept == text(),
        "docs/openapi.json is stale: cargo test -p forebay-api -- --ignored write_the_document"
    );
}

/// The parts of the 3.1 specification that generators stumble over.
#[test]
fn it_has_the_form_of_openapi_3_1() {
    let document = forebay_api::document();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        let mut schema = schema.clone();
        schema["components"] = document["components"].clone();
        let compiled = jsonschema::draft202012::new(&schema);
        assert!(compiled.is_ok(), "{name}: {:?}", compiled.err());
        assert!(schema["nullable"].is_null(), "{name} has a keyword of 3.0");
    }
    for (path, method, operation) in operations(&document) {
        assert!(path.starts_with('/'), "{path}");
        assert!(matches!(method, "get" | "put" | "post"), "{method} {path}");
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert!(
                parameter["schema"].is_object(),
                "{method} {path}: {parameter}"
            );
            assert!(
                parameter["in"] != "path" || parameter["required"] == true,
                "{path}: {parameter}"
            );
        }
        for (status, answer) in operation["responses"].as_object().unwrap() {
            assert!(
                status == "default" || status.parse::<u16>().is_ok(),
                "{method} {path}: {status}"
            );
            assert!(
                answer["description"].is_string(),
                "{method} {path}: {status}"
            );
        }
        for requirement in operation["security"].as_array().unwrap() {
            for scheme in requirement.as_object().unwrap().keys() {
                assert!(
                    document["components"]["securitySchemes"][scheme].is_object(),
                    "{scheme}"
                );
            }
        }
    }
}

fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let items = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().iter();
        methods.map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    });
    items.collect()
}

#[test]
fn operations_are_named_once_described_and_name_their_path_parameters() {
    let document = forebay_api::document();
    let mut ids = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        let id = operation["operationId"].as_str().unwrap();
        assert!(ids.insert(id), "{id} twice");
        assert!(
            operation["summary"]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{method} {path}"
        );
        assert!(
            operation["responses"]["default"].is_object(),
            "{method} {path}"
        );
        let named: BTreeSet<_> = path
            .split(['{', '}'])
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect();
        let parameters = operation["parameters"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let documented: BTreeSet<_> = parameters
            .iter()
            .filter(|parameter| parameter["in"] == "path")
            .map(|parameter| parameter["name"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(named, documented, "{method} {path}");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
        match value {
            Value::Object(entries) => {
                if let Some(Value::String(reference)) = entries.get("$ref") {
                    found.insert(reference);
                }
                entries.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let document = forebay_api::document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 20, "{found:?}");
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

/// Documented operations exist: whatever they answer, it is not that there is nothing at the path.
#[tokio::test]
async fn every_documented_operation_is_served() {
    let host = Host::new().await;
    let document = forebay_api::document();
    for (path, method, _) in operations(&document) {
        let concrete = path.replace(['{', '}'], "");
        let answer = host.call(&method.to_uppercase(), &concrete, None).await;
        assert_ne!(answer.status, 405, "{method} {path}");
        assert_ne!(
            answer.detail(),
            "there is nothing at this path",
            "{method} {path}"
        );
    }
}

/// Documented query parameters are taken, others are refused by name.
#[tokio::test]
async fn every_documented_query_parameter_is_taken() {
    let host = Host::new().await;
    let document = forebay_api::document();
    for (path, method, operation) in operations(&document) {
        if !path.starts_with("/v1/") || method != "get" {
            continue;
        }
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            if parameter["in"] != "query" {
                continue;
            }
            let name = parameter["name"].as_str().unwrap();
            let path = format!("{}?{name}=", path.replace(['{', '}'], ""));
            let answer = host.get(&path).await;
            assert!(
                !answer.detail().contains("unknown field"),
                "{path}: {}",
                answer.detail()
            );
        }
    }
}

#[tokio::test]
async fn it_is_served() {
    let host = Host::new().await;
    assert_eq!(
        host.get("/openapi.json").await.body,
        forebay_api::document()
    );
}
