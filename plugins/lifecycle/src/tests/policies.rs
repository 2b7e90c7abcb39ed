use serde_json::json;

use super::*;

fn policy(json: serde_json::Value) -> Policy {
    serde_json::from_value(json).unwrap()
}

#[test]
fn nobody_deletes_without_a_review() {
    let config = Config::default();
    let when = json!({"asset_type": "raw"});
    let reviewed = |rest: serde_json::Value| {
        let mut text = rest;
        text["name"] = json!("p");
        text["when"] = when.clone();
        policy(text).is_reviewed(&config)
    };
    assert!(reviewed(json!({"retain": "3y", "then": "delete"})));
    assert!(reviewed(json!({"retain": "10y", "action": "delete"})));
    assert!(reviewed(json!({"default_action": "archive"})));
    assert!(reviewed(json!({"action": "archive", "review": true})));
    assert!(!reviewed(json!({"action": "archive"})));
    assert!(!reviewed(json!({"action": "expire"})));
    let mut bold = Config::default();
    bold.review.before.clear();
    let delete = policy(json!({"name": "p", "when": when, "action": "delete"}));
    assert!(delete.is_reviewed(&bold));
}

#[test]
fn its_text_has_a_version() {
    let one = policy(json!({"name": "p", "when": {"a": "b"}, "action": "archive"}));
    let two = policy(json!({"name": "p", "when": {"a": "c"}, "action": "archive"}));
    assert_eq!(one.fingerprint(), one.clone().fingerprint());
    assert_ne!(one.fingerprint(), two.fingerprint());
}
