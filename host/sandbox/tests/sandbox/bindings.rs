//! Whether handlers fit connectors, told when configuration loads.

use std::collections::BTreeMap;

use crate::support::Place;
use crate::support::guest::Guest;
use forebay_model::ports::Guests as _;

/// Problems of binding a handler to a connector that speaks this greeting.
async fn problems(version: &str, parameter: &str) -> Vec<String> {
    let place = Place::new();
    let connector = Guest::connector("greeter", "hi").greeting(version, parameter);
    let connector = match parameter {
        "string" => connector,
        // One flat parameter instead of two.
        _ => connector.flat_greet("(param i32) (result i32)"),
    };
    place.drop_file("greeter.wasm", &connector.build());
    place.drop_file("welcome.wasm", &Guest::handler("welcome").build());
    let registry = place.open().await;
    let (handler, connector) = (
        registry.current("welcome").unwrap(),
        registry.current("greeter").unwrap(),
    );
    let bound = BTreeMap::from([("greeter".to_owned(), connector)]);
    registry.binding_problems(&handler, &bound).await
}

#[tokio::test]
async fn what_fits_has_no_problems() {
    assert_eq!(problems("0.3.0", "string").await, Vec::<String>::new());
    assert_eq!(problems("0.3.7", "string").await, Vec::<String>::new());
}

#[tokio::test]
async fn another_version_is_told_with_both_sides() {
    assert_eq!(
        problems("0.4.0", "string").await,
        [
            "role \"greeter\": versions do not fit: acme:greeting/greeter@0.3.0 is wanted by \
             welcome 1.0.0 (welcome.wasm), acme:greeting/greeter@0.4.0 is offered by \
             greeter 1.0.0 (greeter.wasm)"
        ]
    );
}

#[tokio::test]
async fn another_type_is_told_with_the_parameter() {
    let problems = problems("0.3.1", "u32").await;
    assert_eq!(problems.len(), 1);
    let words = "greet has another type (parameter name is a string here, name a u32 there)";
    assert!(problems[0].contains(words), "{problems:?}");
}

#[tokio::test]
async fn roles_must_be_bound_to_connectors_that_export_what_is_required() {
    let place = Place::new();
    place.drop_file("welcome.wasm", &Guest::handler("welcome").build());
    let registry = place.open().await;
    let handler = registry.current("welcome").unwrap();
    let unbound = registry.binding_problems(&handler, &BTreeMap::new()).await;
    assert_eq!(
        unbound,
        ["no connection is bound to the role \"greeter\" (Who greets.)"]
    );
    let wrong = BTreeMap::from([
        ("greeter".to_owned(), handler.clone()),
        ("stranger".to_owned(), handler.clone()),
    ]);
    assert_eq!(
        registry.binding_problems(&handler, &wrong).await,
        [
            "welcome has no role \"stranger\"",
            "welcome is a handler, the role \"greeter\" needs a connector",
        ]
    );
}
