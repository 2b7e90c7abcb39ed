//! Webhooks at iconik.

use forebay_sdk::connector::ChangeOptions;
use forebay_sdk::http::Method;
use forebay_sdk::{EventSource, Severity};
use serde_json::json;

use super::*;

const HOOKS: &str = "/API/notifications/v1/webhooks/";

fn hook(status: &str) -> Json {
    json!({"id": "w1", "name": "forebay test assets/entity", "status": status,
        "url": "https://host.test/hooks/test/events", "event_type": "assets", "realm": "entity",
        "headers": {"X-Forebay-Secret": "forebay-secret:webhook_secret"}})
}

fn arm(vendor: &Recorded) -> Vec<forebay_sdk::Finding> {
    with_settings(vendor, json!({"hooks": ["assets/entity"]}))
        .arm("https://host.test/")
        .unwrap()
}

#[test]
fn a_missing_webhook_is_registered_without_the_secret_being_known() {
    let vendor = Recorded::new();
    vendor
        .on(Method::Get, HOOKS, 200, json!({"objects": []}))
        .on(Method::Post, HOOKS, 201, hook("ENABLED"));
    assert_eq!(arm(&vendor)[0].severity, Severity::Info);
    let body = vendor.body(1);
    assert_eq!(body["url"], "https://host.test/hooks/test/events");
    assert_eq!(
        body["headers"],
        json!({"X-Forebay-Secret": "forebay-secret:webhook_secret"})
    );
    assert_eq!(
        (&body["realm"], body.get("operation")),
        (&json!("entity"), None)
    );
}

#[test]
fn arming_again_changes_nothing_and_mends_what_is_failing() {
    let item = "/API/notifications/v1/webhooks/w1/";
    let moved = with(
        hook("ENABLED"),
        json!({"url": "https://old.test/hooks/test/events"}),
    );
    let hidden = with(hook("ENABLED"), json!({"headers": null}));
    for (standing, puts) in [
        (hook("ENABLED"), 0),
        (hidden, 0),
        (hook("FAILING"), 1),
        (moved, 1),
    ] {
        let vendor = Recorded::new();
        vendor
            .on(Method::Get, HOOKS, 200, json!({"objects": [standing]}))
            .on(Method::Put, item, 200, json!({}));
        arm(&vendor);
        assert_eq!(effects(&vendor).len(), puts, "{standing}");
        if puts > 0 {
            assert_eq!(vendor.body(1)["status"], "ENABLED");
        }
    }
}

#[test]
fn what_a_person_has_disabled_stays_so() {
    let vendor = Recorded::new();
    vendor.on(
        Method::Get,
        HOOKS,
        200,
        json!({"objects": [hook("DISABLED")]}),
    );
    assert_eq!(arm(&vendor)[0].severity, Severity::Warning);
    assert!(effects(&vendor).is_empty());
}

#[test]
fn a_realm_that_iconik_refuses_does_not_stop_the_others() {
    let vendor = Recorded::new();
    vendor
        .on(Method::Get, HOOKS, 200, json!({"objects": []}))
        .on(
            Method::Post,
            HOOKS,
            400,
            json!({"errors": {"realm": "Not a valid choice."}}),
        )
        .on(Method::Post, HOOKS, 201, json!({}));
    let iconik = with_settings(&vendor, json!({"hooks": ["assets/odd", "assets/entity"]}));
    let findings = iconik.arm("https://host.test").unwrap();
    assert_eq!(findings.len(), 2);
    assert!(
        findings[0].message.contains("realm: Not a valid choice."),
        "{findings:?}"
    );
}

#[test]
fn a_poll_switches_failing_webhooks_on_again() {
    let vendor = Recorded::new();
    let foreign = with(hook("FAILING"), json!({"id": "w2", "name": "flow 12"}));
    vendor
        .on(
            Method::Get,
            HOOKS,
            200,
            json!({"objects": [hook("FAILING"), foreign]}),
        )
        .on(
            Method::Put,
            "/API/notifications/v1/webhooks/w1/",
            200,
            json!({}),
        )
        .on(
            Method::Post,
            "/API/search/v1/search/",
            200,
            json!({"objects": []}),
        );
    let options = ChangeOptions {
        start_at: Some(0),
        overlap_seconds: 0,
        limit: 10,
    };
    iconik(&vendor).changes(None, &options).unwrap();
    assert_eq!(
        effects(&vendor),
        ["PUT /API/notifications/v1/webhooks/w1/"],
        "others' are left alone"
    );
    assert_eq!(
        vendor.body(1)["headers"]["X-Forebay-Secret"],
        "forebay-secret:webhook_secret"
    );
}
