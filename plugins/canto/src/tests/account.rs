//! The check of an account.

use forebay_sdk::http::Method;
use forebay_sdk::testing::Recorded;
use forebay_sdk::{Connector, Finding, Severity};
use serde_json::{Value as Json, json};

use super::{INTEGRATION, call_with, canto, vendor};
use crate::Canto;

/// An account in which everything is as it should be.
fn account(user: Json, fields: Json, editable: &[&str]) -> Recorded {
    let vendor = vendor();
    vendor.on(Method::Get, "/api/v1/user", 200, user);
    vendor.on(Method::Get, "/api/v1/custom/field", 200, fields);
    let properties: Vec<_> = editable
        .iter()
        .map(|id| json!({"propertyId": id, "customField": false}))
        .collect();
    vendor.on(
        Method::Get,
        "/api/v1/batch/edit",
        200,
        json!({"properties": properties}),
    );
    vendor
}

fn user() -> Json {
    json!({"userId": "forebay", "userName": INTEGRATION, "role": "admin"})
}

fn marker() -> Json {
    json!([{"id": "f1", "name": "review_run", "type": "text"}])
}

const EDITABLE: [&str; 2] = ["approvalStatus", "expirationDate"];

fn at<'a>(findings: &'a [Finding], path: &str) -> &'a Finding {
    findings
        .iter()
        .find(|finding| finding.path == path)
        .unwrap()
}

#[test]
fn a_good_account_has_only_hints_at_what_is_not_set() {
    let findings = canto(&account(user(), marker(), &EDITABLE))
        .check()
        .unwrap();
    let hints = findings.iter().all(|it| it.severity == Severity::Info);
    assert!(hints, "{findings:?}");
    for setting in ["sharing.list", "usage", "lifecycle.purge", "webhooks"] {
        at(&findings, setting);
    }
}

#[test]
fn calls_and_fields_that_are_named_must_be_there() {
    let vendor = account(user(), marker(), &EDITABLE);
    vendor.on(Method::Get, "/api/v1/shares", 404, Json::Null);
    vendor.on(Method::Get, "/api/v1/trash", 200, json!({"results": []}));
    let settings = json!({
        "sharing": {"list": {"path": "/api/v1/shares"}, "title_key": "title"},
        "lifecycle": {"trash_path": "/api/v1/trash"},
        "relation_fields": {"localization": {"origin_field": "f1", "target_field": "master"},
                            "replacement": {}},
    });
    let canto = Canto::new(call_with(&vendor, settings).build()).unwrap();
    let findings = canto.check().unwrap();
    let errors: Vec<_> = findings
        .iter()
        .filter(|it| it.severity == Severity::Error)
        .map(|it| it.path.as_str())
        .collect();
    let localization = "relation_fields.localization";
    let expected = [
        localization,
        localization,
        "relation_fields.replacement",
        "sharing.list",
    ];
    assert_eq!(errors, expected, "{findings:?}");
    assert!(
        at(&findings, localization).mend.contains("\"review_run\""),
        "an id is no name"
    );
}

#[test]
fn approvals_that_are_switched_off_are_an_error_in_plain_words() {
    let findings = canto(&account(user(), marker(), &["Name"]))
        .check()
        .unwrap();
    let approval = at(&findings, "approval");
    assert_eq!(approval.severity, Severity::Error);
    assert!(
        approval.message.contains("everything counts as approved"),
        "{approval:?}"
    );
    assert_eq!(at(&findings, "expiry").severity, Severity::Warning);
}

#[test]
fn refused_credentials_are_a_finding_and_an_outage_is_an_error() {
    let refused = Recorded::new();
    refused.on(
        Method::Get,
        "/api/v1/",
        401,
        json!({"error": "invalid_token"}),
    );
    let findings = canto(&refused).check().unwrap();
    assert_eq!(findings.len(), 1);
    assert!(findings[0].mend.contains("app_id"), "{findings:?}");
    let down = Recorded::new();
    down.on(Method::Get, "/api/v1/", 503, Json::Null);
    assert_eq!(canto(&down).check().unwrap_err().case(), "unavailable");
}

#[test]
fn the_integration_user_and_its_rights_are_looked_at() {
    let reader = json!({"userName": "Robot", "role": "consumer"});
    let findings = canto(&account(reader, marker(), &EDITABLE))
        .check()
        .unwrap();
    assert_eq!(at(&findings, "oauth_scope").severity, Severity::Error);
    assert!(at(&findings, "integration_user").mend.contains("\"Robot\""));
}

#[test]
fn custom_fields_that_are_named_must_be_there_with_their_choices() {
    let vendor = account(
        user(),
        json!([{"id": "f1", "name": "Release", "type": "singleChoice", "values": ["Pending"]}]),
        &EDITABLE,
    );
    let settings = json!({
        "approval": {"property": "Release", "custom_field": true},
        "expiry": {"property": "Until", "custom_field": true},
    });
    let findings = Canto::new(call_with(&vendor, settings).build())
        .unwrap()
        .check()
        .unwrap();
    assert_eq!(at(&findings, "expiry").severity, Severity::Error);
    assert_eq!(at(&findings, "marker_field").severity, Severity::Warning);
    let words: Vec<_> = findings.iter().filter(|f| f.path == "statuses").collect();
    assert_eq!(
        words.len(),
        3,
        "approved, restricted and expired are no choices: {words:?}"
    );
}

#[test]
fn an_account_that_does_not_tell_what_may_be_edited_is_a_warning() {
    let vendor = vendor();
    vendor.on(Method::Get, "/api/v1/user", 404, Json::Null);
    vendor.on(Method::Get, "/api/v1/custom/field", 200, marker());
    vendor.on(Method::Get, "/api/v1/batch/edit", 404, Json::Null);
    let findings = canto(&vendor).check().unwrap();
    assert_eq!(at(&findings, "editable_path").severity, Severity::Warning);
    let worse = findings.iter().filter(|it| it.severity != Severity::Info);
    assert_eq!(worse.count(), 1);
}
