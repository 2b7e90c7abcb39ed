//! What the connector says about itself, and what its check finds.

use forebay_sdk::connector::{AuthScheme, Connector as _, EventSource as _, WebhookAuth};
use forebay_sdk::http::Method;
use forebay_sdk::testing::Recorded;
use forebay_sdk::{Finding, Severity};
use serde_json::{Value as Json, json};

use super::{MODELS, PAST_PROCESSES, call, engine, error_of, hal, opentext};
use crate::Engine;

#[test]
fn each_dialect_has_its_credentials() {
    let info = Engine::describe();
    let [flowable, custom, tenant] = info.auth.as_slice() else {
        panic!("{:?}", info.auth)
    };
    assert_eq!(
        (
            flowable.when[0].setting.as_str(),
            flowable.when[0].equals.as_str()
        ),
        ("dialect", "flowable")
    );
    assert!(matches!(&flowable.scheme, AuthScheme::Basic(basic) if basic.password == "password"));
    assert_eq!(custom.when[0].equals, "custom");
    let AuthScheme::ClientCredentials(token) = &tenant.scheme else {
        panic!("{tenant:?}")
    };
    assert!(tenant.when.is_empty());
    assert_eq!(token.token_url, "{base_url}/tenants/{tenant}/oauth2/token");
    assert!(
        matches!(&info.webhooks[0].auth, WebhookAuth::Header(name) if name == "X-Forebay-Secret")
    );
    assert_eq!(info.webhooks[0].secret, "callback_secret");
    for read in [
        "workflow-sink.find",
        "workflow-sink.get",
        "tasks.list",
        "directory.lookup",
    ] {
        assert!(
            info.reads.contains(&format!("forebay:workflow/{read}")),
            "{read}"
        );
    }
    assert!(!info.reads.iter().any(|read| read.ends_with(".start")));
}

#[test]
fn the_settings_schema_has_every_default_and_forbids_the_rest() {
    let schema: Json = serde_json::from_str(&Engine::describe().settings_schema).unwrap();
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(
        schema["properties"]["outcome_variable"]["default"],
        "outcome"
    );
    assert_eq!(schema["properties"]["dialect"]["default"], "opentext");
    assert_eq!(schema["properties"]["token_endpoint"]["default"], "tenant");
    let described = schema["properties"].as_object().unwrap();
    for (name, property) in described {
        assert!(
            property["description"].is_string(),
            "{name} is not described"
        );
    }
    assert!(described.contains_key("scope") && described.contains_key("requests_per_minute"));
}

#[test]
fn settings_that_lack_something_are_refused() {
    for (settings, field) in [
        (json!({"base_url": "https://wf.test"}), "tenant"),
        (
            opentext(json!({"token_endpoint": "custom"})),
            "oauth_base_url",
        ),
        (opentext(json!({"basse_url": "x"})), "basse_url"),
    ] {
        let refused = Engine::new(call(&Recorded::new(), &settings).build());
        let error = error_of(refused.map(|_| ()));
        assert!(error.to_string().contains(field), "{error}");
    }
}

fn models(keys: &[&str]) -> Json {
    let row =
        |key: &&str| json!({"id": format!("{key}:1:x"), "key": key, "name": key, "version": 1});
    hal("models", &keys.iter().map(row).collect::<Vec<_>>())
}

fn findings(vendor: &Recorded) -> Vec<Finding> {
    let settings = opentext(json!({
        "definitions": ["assetApproval", "assetRework"],
        "user_path": "/u/{id}", "group_path": "/g/{id}",
    }));
    engine(call(vendor, &settings)).check().unwrap()
}

#[test]
fn missing_definitions_are_found() {
    let vendor = Recorded::new();
    vendor.on(Method::Get, MODELS, 200, models(&["assetApproval"]));
    vendor.on(Method::Get, PAST_PROCESSES, 200, hal("x", &[]));
    let [finding] = findings(&vendor).try_into().unwrap();
    assert_eq!(
        (finding.severity, finding.path.as_str()),
        (Severity::Error, "definitions[1]")
    );
    assert!(finding.message.contains("assetRework"));
}

#[test]
fn refused_credentials_and_wrong_addresses_are_found() {
    for (status, words) in [
        (401, "refuses the credentials"),
        (404, "no such workflow engine"),
    ] {
        let vendor = Recorded::new();
        vendor.on(
            Method::Get,
            MODELS,
            status,
            json!({"fault": {"faultstring": "Invalid ApiKey"}}),
        );
        let [finding] = findings(&vendor).try_into().unwrap();
        assert!(finding.message.contains(words), "{finding:?}");
        assert!(finding.message.contains("Invalid ApiKey"), "{finding:?}");
        assert!(!finding.mend.is_empty());
    }
}

#[test]
fn a_history_out_of_reach_is_found_and_an_outage_is_an_error() {
    let vendor = Recorded::new();
    vendor.on(
        Method::Get,
        MODELS,
        200,
        models(&["assetApproval", "assetRework"]),
    );
    vendor.on(Method::Get, PAST_PROCESSES, 403, json!({}));
    assert_eq!(findings(&vendor)[0].path, "history_path");
    let vendor = Recorded::new();
    vendor.on(Method::Get, MODELS, 503, json!({}));
    let settings = opentext(json!({}));
    assert_eq!(
        error_of(engine(call(&vendor, &settings)).check()).case(),
        "unavailable"
    );
}

#[test]
fn a_person_is_told_where_a_model_may_call_back() {
    let settings = opentext(json!({}));
    let findings = engine(call(&Recorded::new(), &settings))
        .arm("https://forebay.test/")
        .unwrap();
    assert_eq!(findings[0].severity, Severity::Info);
    assert!(
        findings[0]
            .message
            .contains("POST https://forebay.test/hooks/test/callback")
    );
}
