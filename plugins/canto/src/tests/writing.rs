//! Reading and changing an asset, and comments on versions.

use forebay_sdk::assets::{
    AssetKind, AssetSource, AssetStatus, AssetUpdate, ExpiryChange, Versions,
};
use forebay_sdk::http::{Method, Response, TransportError};
use forebay_sdk::testing::{Recorded, START};
use forebay_sdk::{Connector, Error, FieldsExt, Value, time};
use serde_json::{Value as Json, json};

use super::{HERO, call, call_with, canto, changed, hero, vendor, version};
use crate::Canto;

const EDIT: &str = "/api/v1/batch/edit";
pub(super) const ID: &str = "image/abc";

/// Canto says `success` as plain text.
pub(super) fn success() -> Result<Response, TransportError> {
    Ok(Response {
        status: 200,
        headers: Vec::new(),
        body: b"success".to_vec(),
    })
}

fn approve() -> AssetUpdate {
    AssetUpdate::default()
        .status(AssetStatus::Approved)
        .expires_at(START)
        .field("review_state", "approved")
}

fn approved() -> Json {
    changed(json!({
        "time": "20260101120000001", "approvalStatus": "Approved",
        "expirationDate": "20260101120000000",
        "additional": {"review_state": "approved", "Markets": ["DE", "FR"]},
    }))
}

#[test]
fn an_asset_is_read_with_its_versions_albums_and_links() {
    let vendor = vendor();
    vendor.on(
        Method::Get,
        HERO,
        200,
        changed(json!({"expirationDate": "20270101"})),
    );
    let asset = canto(&vendor).get(ID).unwrap();
    assert_eq!(
        (asset.kind, asset.status),
        (AssetKind::Image, AssetStatus::Pending)
    );
    assert_eq!(
        (asset.version.as_str(), asset.change_token.as_str()),
        ("v1", "20251201100000000")
    );
    assert_eq!(
        asset.checksum.as_deref(),
        Some("md5:0cc175b9c0f1b6a831c399e269772661")
    );
    assert_eq!(asset.size, Some(2_976_538));
    assert_eq!(asset.created_by.as_deref(), Some("u1"));
    assert_eq!(
        asset.expires_at,
        time::parse_rfc3339("2027-01-01T00:00:00Z")
    );
    assert_eq!(asset.containers[0].entity.id, "album/A9");
    assert_eq!(
        asset.containers[0].path.as_deref(),
        Some("/Campaigns/Spring")
    );
    assert_eq!(
        asset.fields.value("Markets"),
        Some(&Value::texts(["DE", "FR"]))
    );
    assert_eq!(asset.fields.value("review_state"), Some(&Value::None));
    assert!(asset.readiness.preview);
    let links: Vec<_> = asset.links.iter().map(|link| link.href.as_str()).collect();
    assert_eq!(
        links,
        ["https://c.test/x", "https://c.test/direct/p"],
        "no way to the original"
    );
}

#[test]
fn absence_is_believed_with_a_good_token_only() {
    let gone = vendor();
    gone.on(Method::Get, HERO, 404, Json::Null);
    assert_eq!(canto(&gone).get(ID).unwrap_err().case(), "not-found");
    let blind = Recorded::new();
    blind
        .on(Method::Get, HERO, 404, Json::Null)
        .on(Method::Get, "/api/v1/", 404, Json::Null);
    assert_eq!(canto(&blind).get(ID).unwrap_err().case(), "denied");
}

#[test]
fn only_what_differs_is_written_and_read_back() {
    let vendor = vendor();
    vendor
        .on(Method::Get, HERO, 200, hero())
        .on(Method::Get, HERO, 200, approved());
    vendor.reply(Method::Put, EDIT, success());
    let update = approve().field("Markets", vec!["FR".to_owned(), "DE".to_owned()]);
    let updated = canto(&vendor)
        .update(ID, &update.guard("20251201100000000"))
        .unwrap();
    let body = vendor.body(1);
    assert_eq!(body["contents"], json!([{"scheme": "image", "id": "abc"}]));
    let property = |id: &str, value: &str, custom: bool| json!({"propertyId": id, "propertyValue": value, "action": "", "customField": custom});
    let expected = json!([
        property("approvalStatus", "Approved", false),
        property("expirationDate", "20260101120000000", false),
        property("review_state", "approved", true),
    ]);
    assert_eq!(
        body["properties"], expected,
        "the same markets in another order are no change"
    );
    assert_eq!(updated.asset.status, AssetStatus::Approved);
    let status = &updated.changes[0];
    assert_eq!(
        (
            status.subject.as_str(),
            status.before.as_str(),
            status.after.as_str()
        ),
        ("status", "Pending", "Approved")
    );
}

#[test]
fn repeating_an_update_writes_nothing_even_under_the_old_guard() {
    let vendor = vendor();
    vendor.on(Method::Get, HERO, 200, approved());
    let canto = Canto::new(call(&vendor).repeated(2).build()).unwrap();
    let updated = canto
        .update(ID, &approve().guard("20251201100000000"))
        .unwrap();
    assert!(updated.changes.is_empty());
    assert_eq!(vendor.seen(), [format!("GET {HERO}")]);
}

#[test]
fn a_guard_that_does_not_hold_says_what_stands_there() {
    let vendor = vendor();
    vendor.on(Method::Get, HERO, 200, hero());
    match canto(&vendor)
        .update(ID, &approve().guard("older"))
        .unwrap_err()
    {
        Error::Conflict(conflict) => {
            assert_eq!(conflict.current.as_deref(), Some("20251201100000000"));
        }
        other => panic!("{other}"),
    }
}

#[test]
fn a_lost_answer_is_repeated_by_the_host() {
    let vendor = vendor();
    vendor.on(Method::Get, HERO, 200, hero());
    vendor.reply(
        Method::Put,
        EDIT,
        Err(TransportError::Lost("cut".to_owned())),
    );
    assert_eq!(
        canto(&vendor).update(ID, &approve()).unwrap_err().case(),
        "unavailable"
    );
}

#[test]
fn what_is_not_visible_yet_and_what_was_not_taken_are_told_apart() {
    let lagging = vendor();
    lagging.on(Method::Get, HERO, 200, hero());
    lagging.reply(Method::Put, EDIT, success());
    assert_eq!(
        canto(&lagging).update(ID, &approve()).unwrap_err().case(),
        "unavailable"
    );

    let stubborn = vendor();
    stubborn.on(Method::Get, HERO, 200, hero());
    stubborn.on(
        Method::Get,
        HERO,
        200,
        changed(json!({"time": "20260101120000001"})),
    );
    stubborn.reply(Method::Put, EDIT, success());
    match canto(&stubborn).update(ID, &approve()).unwrap_err() {
        Error::Invalid(invalid) => assert_eq!(invalid.field.as_deref(), Some("status")),
        other => panic!("{other}"),
    }
}

#[test]
fn the_vendors_refusal_is_passed_on() {
    let vendor = vendor();
    vendor.on(Method::Get, HERO, 200, hero());
    let refusal = b"approval management is switched off".to_vec();
    let refused = Ok(Response {
        status: 400,
        headers: Vec::new(),
        body: refusal,
    });
    vendor.reply(Method::Put, EDIT, refused);
    let error = canto(&vendor).update(ID, &approve()).unwrap_err();
    let said = error.detail().vendor.as_ref().unwrap();
    assert_eq!((error.case(), said.status), ("invalid", Some(400)));
    assert_eq!(said.message, "approval management is switched off");
}

#[test]
fn tags_are_attached_and_detached_one_by_one() {
    let vendor = vendor();
    vendor.on(Method::Get, HERO, 200, hero());
    let after = changed(json!({"tag": ["a/b"], "time": "20260101120000001"}));
    vendor.on(Method::Get, HERO, 200, after);
    vendor.reply(Method::Put, "/api/v1/image/abc/tag/a%2Fb", success());
    vendor.reply(Method::Delete, "/api/v1/image/abc/tag/spring", success());
    let update = AssetUpdate::default()
        .add_tag("a/b")
        .remove_tag("spring")
        .remove_tag("absent");
    let updated = canto(&vendor).update(ID, &update).unwrap();
    assert_eq!(updated.changes.len(), 1);
    assert_eq!(
        (
            updated.changes[0].before.as_str(),
            updated.changes[0].after.as_str()
        ),
        ("spring", "a/b")
    );
}

#[test]
fn a_tenant_may_keep_status_and_expiry_in_custom_fields() {
    let vendor = vendor();
    let asset = |status: &str, until: &str, time: &str| {
        changed(json!({"time": time, "additional": {"Release": status, "Until": until}}))
    };
    vendor.on(Method::Get, HERO, 200, asset("Review", "2025-12-31", "1"));
    vendor.on(Method::Get, HERO, 200, asset("Free", "2026-01-01", "2"));
    vendor.reply(Method::Put, EDIT, success());
    let settings = json!({
        "approval": {"property": "Release", "custom_field": true},
        "expiry": {"property": "Until", "custom_field": true}, "expiry_form": "iso",
        "statuses": {"pending": ["Review"], "approved": ["Free"]},
    });
    let canto = Canto::new(call_with(&vendor, settings).build()).unwrap();
    let update = AssetUpdate::default()
        .status(AssetStatus::Approved)
        .expires_at(START);
    let updated = canto.update(ID, &update).unwrap();
    assert_eq!(
        updated.asset.expires_at,
        time::end_of_date("2026-01-01"),
        "a date ends with its day"
    );
    assert_eq!(vendor.body(1)["properties"][0]["customField"], json!(true));
    assert_eq!(
        vendor.body(1)["properties"][1]["propertyValue"],
        "2026-01-01"
    );
    assert_eq!(updated.asset.vendor_status, "Free");
}

#[test]
fn a_field_that_details_leave_out_is_looked_up_and_an_unknown_one_refused() {
    let vendor = vendor();
    vendor.on(Method::Get, HERO, 200, hero());
    let fields = json!([{"id": "f1", "name": "Other", "type": "text", "values": []}]);
    vendor.on(Method::Get, "/api/v1/custom/field", 200, fields);
    vendor.reply(Method::Put, EDIT, success());
    let known = AssetUpdate::default().field("Other", "x");
    assert_eq!(
        canto(&vendor).update(ID, &known).unwrap_err().case(),
        "unavailable"
    );
    assert_eq!(vendor.body(2)["properties"][0]["customField"], json!(true));
    let unknown = AssetUpdate::default().field("Nowhere", "x");
    assert_eq!(
        canto(&vendor).update(ID, &unknown).unwrap_err().case(),
        "invalid"
    );
}

#[test]
fn versions_are_listed_newest_first_and_cannot_be_promoted() {
    let vendor = vendor();
    let versions = [
        version(1, "v1", true, "20251201100000000"),
        version(10, "v10", false, "20251203100000000"),
    ];
    vendor.on(
        Method::Get,
        HERO,
        200,
        changed(json!({"versionHistory": versions})),
    );
    let canto = canto(&vendor);
    let listed = Versions::list(&canto, ID, None).unwrap().versions;
    let seen: Vec<_> = listed.iter().map(|v| (v.number, v.current)).collect();
    assert_eq!(seen, [(10, false), (1, true)]);
    assert!(canto.promote(ID, "v10").unwrap_err().is_unsupported());
}

#[test]
fn a_version_comment_keeps_what_stands_there_and_is_written_once() {
    let commented = |text: &str| {
        let vendor = vendor();
        let mut asset = hero();
        asset["versionHistory"][0]["comment"] = text.into();
        vendor.on(Method::Get, HERO, 200, asset);
        vendor.reply(Method::Post, "/api/v1/version/comment", success());
        canto(&vendor).comment(ID, "v1", "approved").unwrap();
        vendor
    };
    let expected = |comment: &str| json!({"scheme": "image", "id": "abc", "versionId": "v1", "comment": comment});
    assert_eq!(commented("").body(1), expected("approved"));
    assert_eq!(commented("first").body(1), expected("first\n\napproved"));
    assert_eq!(
        commented("not approved").body(1),
        expected("not approved\n\napproved")
    );
    assert_eq!(commented("first\n\napproved").seen().len(), 1);
    assert_eq!(commented("approved\n\nlast").seen().len(), 1);
    let vendor = vendor();
    vendor.on(Method::Get, HERO, 200, hero());
    assert!(
        canto(&vendor)
            .comment(ID, "v9", "x")
            .unwrap_err()
            .is_not_found()
    );
}

#[test]
fn an_end_of_rights_belongs_to_approved_assets() {
    let vendor = vendor();
    vendor.on(Method::Get, HERO, 200, hero());
    let date = AssetUpdate::default().expires_at(START);
    let restricted = date.clone().status(AssetStatus::Restricted);
    for update in [date.clone(), restricted] {
        let error = canto(&vendor).update(ID, &update).unwrap_err();
        assert_eq!(error.case(), "invalid");
        assert!(error.message().contains("approved"), "{error}");
    }
    let edits = vendor
        .seen()
        .iter()
        .filter(|l| l.starts_with("PUT"))
        .count();
    assert_eq!(edits, 0, "nothing is written");

    let vendor = super::vendor();
    vendor.on(Method::Get, HERO, 200, hero());
    vendor.on(
        Method::Get,
        HERO,
        200,
        changed(json!({"expirationDate": "20260101120000000"})),
    );
    vendor.reply(Method::Put, EDIT, success());
    let lenient = call_with(&vendor, json!({"expiry_on_approved_only": false})).build();
    let updated = Canto::new(lenient).unwrap().update(ID, &date).unwrap();
    assert_eq!(updated.asset.expires_at, Some(START));
}

#[test]
fn an_end_of_rights_is_taken_away_once() {
    let vendor = vendor();
    vendor.on(Method::Get, HERO, 200, approved());
    let without = changed(json!({"approvalStatus": "Approved", "time": "20260101120000002"}));
    vendor.on(Method::Get, HERO, 200, without);
    vendor.reply(Method::Put, EDIT, success());
    let clear = AssetUpdate {
        expiry: ExpiryChange::Clear,
        ..AssetUpdate::default()
    };
    let updated = canto(&vendor).update(ID, &clear).unwrap();
    assert_eq!((updated.changes.len(), updated.asset.expires_at), (1, None));
    assert!(
        canto(&vendor)
            .update(ID, &clear)
            .unwrap()
            .changes
            .is_empty()
    );
    assert_eq!(vendor.body(1)["properties"][0]["propertyValue"], "");
}
