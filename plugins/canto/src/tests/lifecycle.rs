//! Trash, deletion for good, cold storage, and relations kept in fields.

use forebay_sdk::Connector;
use forebay_sdk::assets::{ArchiveState, Lifecycle, Relations};
use forebay_sdk::http::Method;
use forebay_sdk::testing::Recorded;
use serde_json::{Value as Json, json};

use super::{HERO, call_with, canto, changed, hero, page, vendor};
use crate::Canto;

const DELETE: &str = "/api/v1/batch/content";
const TRASH: &str = "/api/v1/trash";

fn settings() -> Json {
    let body = r#"[{"scheme":"{scheme}","id":"{id}"}]"#;
    json!({"lifecycle": {
        "trash_path": TRASH,
        "purge": {"method": "DELETE", "path": TRASH, "body": body},
        "recover": {"method": "POST", "path": "/api/v1/trash/restore", "body": body},
        "archive": {"method": "PUT", "path": "/api/v1/freeze/{scheme}/{id}"},
        "restore": {"method": "DELETE", "path": "/api/v1/freeze/{scheme}/{id}"},
        "storage_class_key": "storageClass",
    }})
}

fn with_calls(vendor: &Recorded) -> Canto {
    Canto::new(call_with(vendor, settings()).build()).unwrap()
}

fn effects(vendor: &Recorded) -> Vec<String> {
    let seen = vendor.seen().into_iter();
    seen.filter(|line| !line.starts_with("GET")).collect()
}

/// The asset is not in the library, and the trash holds these.
fn out_of_the_library(trash: &[Json]) -> Recorded {
    let vendor = vendor();
    vendor.on(Method::Get, HERO, 404, Json::Null);
    vendor.on(Method::Get, TRASH, 200, page(trash));
    vendor
}

#[test]
fn an_asset_is_put_into_the_trash_once() {
    let vendor = vendor();
    vendor.on(Method::Get, HERO, 200, hero());
    vendor.on(Method::Get, HERO, 404, Json::Null);
    let done = json!({"status": "success", "deleteFail": [], "permissionFail": []});
    vendor.on(Method::Delete, DELETE, 200, done);
    canto(&vendor).trash("image/abc").unwrap();
    canto(&vendor).trash("image/abc").unwrap();
    assert_eq!(effects(&vendor), [format!("DELETE {DELETE}")]);
    assert_eq!(vendor.body(1), json!([{"scheme": "image", "id": "abc"}]));
}

#[test]
fn a_batch_that_failed_with_200_is_an_error() {
    for (reply, case) in [
        (json!({"permissionFail": [{"id": "abc"}]}), "denied"),
        (json!({"deleteFail": [{"id": "abc"}]}), "invalid"),
    ] {
        let vendor = vendor();
        vendor.on(Method::Get, HERO, 200, hero());
        vendor.on(Method::Delete, DELETE, 200, reply);
        assert_eq!(canto(&vendor).trash("image/abc").unwrap_err().case(), case);
    }
}

#[test]
fn the_state_tells_library_trash_and_gone_apart() {
    let online = vendor();
    online.on(Method::Get, HERO, 200, hero());
    let state = canto(&online).state("image/abc").unwrap();
    assert_eq!((state.state, state.trashed), (ArchiveState::Online, None));
    let copy = &state.copies[0];
    assert_eq!(copy.size, Some(2_976_538));
    assert!(
        copy.checksum
            .as_ref()
            .is_some_and(|sum| sum.starts_with("md5:"))
    );

    let state = with_calls(&out_of_the_library(&[hero()]))
        .state("image/abc")
        .unwrap();
    let trashed = state.trashed.unwrap();
    assert_eq!(trashed.by.as_deref(), Some("Ann Example"));

    let gone = with_calls(&out_of_the_library(&[])).state("image/abc");
    assert!(gone.unwrap_err().is_not_found());
}

#[test]
fn what_is_in_the_trash_is_deleted_for_good_or_recovered_once() {
    let trashed = out_of_the_library(&[hero()]);
    trashed.on(Method::Delete, TRASH, 200, json!("success"));
    with_calls(&trashed).purge("image/abc").unwrap();
    assert_eq!(effects(&trashed), [format!("DELETE {TRASH}")]);

    let gone = out_of_the_library(&[]);
    with_calls(&gone).purge("image/abc").unwrap();
    assert!(effects(&gone).is_empty(), "gone already");
    assert!(
        with_calls(&gone)
            .recover("image/abc")
            .unwrap_err()
            .is_not_found()
    );

    let back = vendor();
    back.on(Method::Get, HERO, 404, Json::Null);
    back.on(Method::Get, HERO, 200, hero());
    back.on(Method::Get, TRASH, 200, page(&[hero()]));
    back.on(
        Method::Post,
        "/api/v1/trash/restore",
        200,
        json!({"status": "success"}),
    );
    with_calls(&back).recover("image/abc").unwrap();
    with_calls(&back).recover("image/abc").unwrap();
    assert_eq!(effects(&back).len(), 1);
}

#[test]
fn an_asset_in_the_library_goes_through_the_trash() {
    let vendor = vendor();
    vendor.on(Method::Get, HERO, 200, hero());
    vendor.on(Method::Delete, DELETE, 200, json!("success"));
    vendor.on(Method::Delete, TRASH, 200, json!("success"));
    with_calls(&vendor).purge("image/abc").unwrap();
    assert_eq!(
        effects(&vendor),
        [format!("DELETE {DELETE}"), format!("DELETE {TRASH}")]
    );
}

#[test]
fn cold_storage_is_entered_and_left_once() {
    let vendor = vendor();
    vendor.on(Method::Get, HERO, 200, hero());
    vendor.on(Method::Get, HERO, 200, hero());
    vendor.on(
        Method::Get,
        HERO,
        200,
        changed(json!({"storageClass": "freeze"})),
    );
    vendor.on(
        Method::Put,
        "/api/v1/freeze/image/abc",
        200,
        json!("success"),
    );
    let canto = with_calls(&vendor);
    let moved = canto.archive("image/abc", None).unwrap();
    assert_eq!(moved.state, ArchiveState::Archiving, "it does not show yet");
    let stands = canto.archive("image/abc", Some("canto")).unwrap();
    assert_eq!(
        (stands.state, stands.copies[0].archive),
        (ArchiveState::Archived, true)
    );
    assert_eq!(effects(&vendor).len(), 1);
    let elsewhere = canto.archive("image/abc", Some("tape")).unwrap_err();
    assert_eq!(elsewhere.case(), "invalid");
}

#[test]
fn without_settings_all_but_the_trash_is_unsupported() {
    let canto = canto(&vendor());
    for result in [
        canto.purge("image/abc"),
        canto.recover("image/abc"),
        canto.archive("image/abc", None).map(|_| ()),
        canto.restore("image/abc").map(|_| ()),
        canto.remove_copy("image/abc", "canto").map(|_| ()),
        canto.link("localization", "image/abc", "image/x"),
        Relations::list(&canto, "image/abc", None).map(|_| ()),
    ] {
        assert!(result.unwrap_err().is_unsupported());
    }
}

/// A master and its localised asset, with a list field and a text field.
fn related() -> (Recorded, Canto) {
    let vendor = vendor();
    let fields = json!([
        {"id": "f1", "name": "localized_assets", "type": "multipleText", "values": []},
        {"id": "f2", "name": "master_asset", "type": "text", "values": []},
    ]);
    vendor.on(Method::Get, "/api/v1/custom/field", 200, fields);
    let settings = json!({"relation_fields": {"localization": {
        "origin_field": "localized_assets", "target_field": "master_asset"}}});
    let canto = Canto::new(call_with(&vendor, settings).build()).unwrap();
    (vendor, canto)
}

fn with_fields(fields: Json, time: &str) -> Json {
    changed(json!({"additional": fields, "time": time}))
}

#[test]
fn a_relation_is_written_to_both_fields_and_read_from_both_ends() {
    let (vendor, canto) = related();
    let before = with_fields(
        json!({"localized_assets": ["image/fr"]}),
        "20251201100000000",
    );
    let after = json!({"localized_assets": ["image/fr", "image/de"]});
    let after = with_fields(after, "20251201100000001");
    // Looked at, read to extend, read to write, read back.
    for _ in 0..3 {
        vendor.on(Method::Get, HERO, 200, before.clone());
    }
    vendor.on(Method::Get, HERO, 200, after);
    let other = "/api/v1/image/de";
    for _ in 0..3 {
        vendor.on(
            Method::Get,
            other,
            200,
            with_fields(json!({"master_asset": null}), "2025120110"),
        );
    }
    let linked = with_fields(json!({"master_asset": "image/abc"}), "20251201110000000");
    vendor.on(Method::Get, other, 200, linked);
    vendor.on(Method::Put, "/api/v1/batch/edit", 200, json!("success"));
    canto.link("localization", "image/abc", "image/de").unwrap();
    let edits: Vec<Json> = (0..vendor.requests().len())
        .filter(|at| vendor.seen()[*at].starts_with("PUT"))
        .map(|at| vendor.body(at)["properties"][0]["propertyValue"].clone())
        .collect();
    assert_eq!(edits, [json!(["image/fr", "image/de"]), json!("image/abc")]);

    canto.link("localization", "image/abc", "image/de").unwrap();
    assert_eq!(effects(&vendor).len(), 2, "related already");
    let of_master = Relations::list(&canto, "image/abc", None)
        .unwrap()
        .relations;
    let others: Vec<_> = of_master
        .iter()
        .map(|r| (r.other.as_str(), r.outgoing))
        .collect();
    assert_eq!(others, [("image/fr", true), ("image/de", true)]);
    let of_other = Relations::list(&canto, "image/de", None).unwrap().relations;
    assert_eq!(
        (of_other[0].other.as_str(), of_other[0].outgoing),
        ("image/abc", false)
    );
}

#[test]
fn a_change_in_between_is_not_overwritten() {
    let (vendor, canto) = related();
    let empty = with_fields(json!({"localized_assets": null}), "20251201100000000");
    let theirs = with_fields(
        json!({"localized_assets": ["image/fr"]}),
        "20251201100000001",
    );
    let both = json!({"localized_assets": ["image/fr", "image/de"]});
    let both = with_fields(both, "20251201100000002");
    // Looked at and read; before the write somebody else has written; read again, written, read back.
    for reply in [&empty, &empty, &theirs, &theirs, &theirs, &both] {
        vendor.on(Method::Get, HERO, 200, reply.clone());
    }
    let linked = with_fields(json!({"master_asset": "image/abc"}), "20251201110000000");
    vendor.on(Method::Get, "/api/v1/image/de", 200, linked);
    vendor.on(Method::Put, "/api/v1/batch/edit", 200, json!("success"));
    canto.link("localization", "image/abc", "image/de").unwrap();
    let puts: Vec<_> = (0..vendor.requests().len())
        .filter(|at| vendor.seen()[*at].starts_with("PUT"))
        .collect();
    assert_eq!(puts.len(), 1);
    let written = &vendor.body(puts[0])["properties"][0]["propertyValue"];
    assert_eq!(*written, json!(["image/fr", "image/de"]));
}

#[test]
fn a_relation_to_what_is_gone_is_taken_away_where_it_stands() {
    let (vendor, canto) = related();
    let before = with_fields(
        json!({"localized_assets": ["image/de"]}),
        "20251201100000000",
    );
    let after = with_fields(json!({"localized_assets": []}), "20251201100000001");
    for reply in [&before, &before, &after] {
        vendor.on(Method::Get, HERO, 200, reply.clone());
    }
    vendor.on(Method::Get, "/api/v1/image/de", 404, Json::Null);
    vendor.on(Method::Put, "/api/v1/batch/edit", 200, json!("success"));
    canto
        .unlink("localization", "image/abc", "image/de")
        .unwrap();
    assert_eq!(effects(&vendor).len(), 1);
    let linked = canto.link("localization", "image/abc", "image/de");
    assert!(linked.unwrap_err().is_not_found());
}
