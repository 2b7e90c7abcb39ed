//! What the check finds, and what it finds in the examples: nothing.

use std::fs;

use forebay_sdk::Handler as _;
use forebay_sdk::testing::Script;
use forebay_sdk::{Cx, Severity};
use serde_json::{Value as Json, json};

use crate::{Config, LifecycleHandler};

fn found(config: &Json) -> Vec<String> {
    let config: Config = serde_json::from_value(config.clone()).unwrap();
    let cx = Cx::scripted(Script::new());
    let findings = LifecycleHandler::check(&cx, &config, false);
    let errors = findings.into_iter();
    errors
        .filter(|finding| finding.severity == Severity::Error)
        .map(|finding| finding.path)
        .collect()
}

#[test]
fn the_examples_and_the_defaults_have_no_mistakes() {
    assert_eq!(found(&json!({})), [""; 0]);
    let folder = format!("{}/../../examples", env!("CARGO_MANIFEST_DIR"));
    for (example, flow) in [
        ("canto-lifecycle", "canto-6-lifecycle"),
        ("iconik-lifecycle", "iconik-5-lifecycle-retention"),
    ] {
        let text = fs::read_to_string(format!("{folder}/{example}/forebay.toml")).unwrap();
        let example: toml::Value = toml::from_str(&text).unwrap();
        let config = serde_json::to_value(&example["flows"][flow]["config"]).unwrap();
        assert_eq!(found(&config), [""; 0]);
    }
}

#[test]
fn mistakes_are_named() {
    let policy = |rest: Json| {
        let mut policy = json!({"name": "p", "when": {"a": "b"}});
        policy
            .as_object_mut()
            .unwrap()
            .extend(rest.as_object().unwrap().clone());
        json!({"policies": [policy]})
    };
    for (config, path) in [
        (json!({"routing": []}), "routing"),
        (json!({"reminders": [100]}), "reminders[0]"),
        (json!({"policies": []}), "policies"),
        (json!({"window": {"hours": "8-6"}}), "window.hours"),
        (
            json!({"limits": {"concurrent_jobs": 0}}),
            "limits.concurrent_jobs",
        ),
        (json!({"legal_hold": {"blocks": []}}), "legal_hold.blocks"),
        (
            json!({"actions": {"delete": {"approvals": 3}}}),
            "actions.delete.approvals",
        ),
        (policy(json!({})), "policies[0].action"),
        (policy(json!({"then": "delete"})), "policies[0].retain"),
        (
            policy(json!({"action": "archive", "then": "delete"})),
            "policies[0].action",
        ),
        (
            policy(json!({"action": "archive", "when": {}})),
            "policies[0].when",
        ),
        (
            policy(json!({"action": "archive", "when": {"age": ">soon"}})),
            "policies[0].when",
        ),
        (
            policy(json!({"action": "archive", "when": {"a": []}})),
            "policies[0].when",
        ),
        (
            policy(json!({"action": "archive", "target": "moon"})),
            "policies[0].target",
        ),
        (
            policy(json!({"action": "expire", "review": true})),
            "policies[0].review",
        ),
        (
            policy(json!({"action": "delete", "approvals": 0})),
            "policies[0].approvals",
        ),
    ] {
        assert_eq!(found(&config), [path], "{config}");
    }
    let twice = json!({"name": "p", "when": {"a": "b"}, "action": "archive"});
    assert_eq!(
        found(&json!({"policies": [twice, twice]})),
        ["policies[1].name"]
    );
    for unknown in [
        json!({"colour": 1}),
        json!({"no_answer": "delete"}),
        json!({"actions": {"extend": {"max": "12 months"}}}),
    ] {
        assert!(
            serde_json::from_value::<Config>(unknown.clone()).is_err(),
            "{unknown}"
        );
    }
}
