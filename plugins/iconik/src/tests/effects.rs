//! Versions, comments, collections and access: repeating changes nothing.

use forebay_sdk::assets::*;
use forebay_sdk::http::{Method, TransportError};
use serde_json::json;

use super::*;

const SEGMENTS: &str = "/API/assets/v1/assets/a1/segments/";
const ROOTS: &str = "/API/assets/v1/collections/";
const ACL: &str = "/API/acls/v1/acl/assets/a1/";

#[test]
fn a_version_comment_is_written_once_however_often_it_is_called() {
    let written =
        json!({"id": "s1", "segment_text": "done", "external_id": "key-1", "version_id": "v1"});
    let vendor = Recorded::new();
    vendor
        .on(Method::Get, SEGMENTS, 200, json!({"objects": []}))
        .on(Method::Get, SEGMENTS, 200, json!({"objects": [written]}))
        .reply(
            Method::Post,
            SEGMENTS,
            Err(TransportError::Lost("cut".to_owned())),
        );
    let error = iconik(&vendor).comment("a1", "v1", "done").unwrap_err();
    assert_eq!(error.case(), "unavailable", "the host calls again");
    let again = Iconik::new(call(&vendor).repeated(2).build()).unwrap();
    again.comment("a1", "v1", "done").unwrap();
    assert_eq!(effects(&vendor), [format!("POST {SEGMENTS}")]);
    let body = vendor.body(1);
    assert_eq!(body["external_id"], "key-1");
    assert_eq!(body.get("time_start_milliseconds"), None);
}

#[test]
fn comments_are_paged_and_decoded() {
    let first = json!({"id": "s1", "segment_text": "logo", "user_id": "ann", "version_id": "v1",
        "time_start_milliseconds": 12000, "time_end_milliseconds": 14000, "segment_checked": true,
        "date_created": "2024-03-01T10:00:00Z", "date_modified": "2024-03-01T10:05:00Z"});
    let gone = json!({"id": "s2", "status": "DELETED"});
    let external = json!({"id": "s3", "share_user_email": "legal@example.test"});
    let page = |number: u32| {
        format!(
            "{SEGMENTS}?segment_type=COMMENT&include_all_versions=true&sort=date_created&page={number}&per_page=100"
        )
    };
    let vendor = Recorded::new();
    vendor
        .on(
            Method::Get,
            &page(1),
            200,
            json!({"objects": [first, gone], "page": 1, "pages": 2}),
        )
        .on(
            Method::Get,
            &page(2),
            200,
            json!({"objects": [external], "page": 2, "pages": 2}),
        );
    let iconik = iconik(&vendor);
    let one = Comments::list(&iconik, "a1", None).unwrap();
    assert_eq!(one.comments.len(), 1);
    assert_eq!(
        one.comments[0].span.as_ref().map(|s| (s.start, s.end)),
        Some((12_000, 14_000))
    );
    assert!(one.comments[0].resolved);
    let two = Comments::list(&iconik, "a1", one.next.as_deref()).unwrap();
    assert_eq!(
        two.comments[0].author.as_deref(),
        Some("legal@example.test")
    );
    assert_eq!(two.next, None);
}

#[test]
fn a_comment_is_changed_only_where_it_differs() {
    let item = "/API/assets/v1/assets/a1/segments/s1/";
    let vendor = Recorded::new();
    vendor
        .on(
            Method::Get,
            item,
            200,
            json!({"id": "s1", "segment_text": "a", "segment_checked": true}),
        )
        .on(
            Method::Patch,
            item,
            200,
            json!({"id": "s1", "segment_text": "b"}),
        )
        .on(
            Method::Delete,
            item,
            404,
            json!({"errors": ["Segment not found"]}),
        );
    let iconik = iconik(&vendor);
    iconik.resolve("a1", "s1", true).unwrap();
    iconik.edit("a1", "s1", "a").unwrap();
    assert!(effects(&vendor).is_empty());
    assert_eq!(iconik.edit("a1", "s1", "b").unwrap().text, "b");
    Comments::remove(&iconik, "a1", "s1").unwrap();
}

#[test]
fn promoting_the_current_version_does_nothing() {
    let two = |last: &str, first: &str| {
        with(
            asset(),
            json!({"versions": [{"id": first, "version_number": 1}, {"id": last, "version_number": 2}]}),
        )
    };
    let vendor = Recorded::new();
    vendor
        .on(Method::Get, ASSET, 200, two("v1", "v2"))
        .on(Method::Get, ASSET, 200, two("v2", "v1"))
        .on(
            Method::Put,
            "/API/assets/v1/assets/a1/versions/v2/promote/",
            204,
            Json::Null,
        );
    iconik(&vendor).promote("a1", "v2").unwrap();
    iconik(&vendor).promote("a1", "v2").unwrap();
    assert_eq!(effects(&vendor).len(), 1);
}

#[test]
fn a_collection_is_found_by_its_titles_and_the_first_of_twins_is_meant() {
    let child = |id: &str, title: &str, made: &str, status: &str| json!({"id": id, "title": title, "object_type": "collections", "status": status, "date_created": made});
    let below = json!({"objects": [
        child("late", "Spring", "2024-03-02", "ACTIVE"), child("early", "Spring", "2024-03-01", "ACTIVE"),
        child("gone", "Spring", "2024-01-01", "DELETED"), {"id": "a9", "title": "Spring", "object_type": "assets"},
    ], "page": 1, "pages": 1});
    let vendor = Recorded::new();
    vendor
        .on(Method::Get, ROOTS, 200, json!({"objects": [
            child("nested", "Released", "2023-01-01", "ACTIVE"), child("root", "Released", "2024-01-01", "ACTIVE")]}))
        .on(Method::Get, "/API/assets/v1/collections/nested/contents/", 200, json!({"objects": []}))
        .on(Method::Get, "/API/assets/v1/collections/root/contents/", 200, below);
    assert!(
        iconik(&vendor).find("Released/Spring").unwrap().is_none(),
        "the older root is empty"
    );
    assert!(iconik(&vendor).find(" / ").is_err());
}

#[test]
fn what_is_missing_of_a_path_is_made_below_what_is_there() {
    let vendor = Recorded::new();
    let root = json!({"id": "root", "title": "Released", "status": "ACTIVE"});
    vendor
        .on(Method::Get, ROOTS, 200, json!({"objects": [root]}))
        .on(
            Method::Get,
            "/API/assets/v1/collections/root/contents/",
            200,
            json!({"objects": []}),
        )
        .on(
            Method::Post,
            ROOTS,
            201,
            json!({"id": "new", "title": "Spring"}),
        );
    let made = Collections::create(&iconik(&vendor), "/Released/Spring/").unwrap();
    assert_eq!(
        (made.id.as_str(), made.path.as_str()),
        ("new", "/Released/Spring")
    );
    assert_eq!(
        vendor.body(2),
        json!({"title": "Spring", "parent_id": "root"})
    );
}

const BELOW: &str = "/API/assets/v1/collections/root/contents/";
const OWN: &str = "/API/assets/v1/collections/own/";
const INSIDE_OWN: &str = "/API/assets/v1/collections/own/contents/";

fn spring(id: &str, made: &str) -> Json {
    json!({"id": id, "title": "Spring", "status": "ACTIVE", "date_created": made})
}

/// `Released` without `Spring`, which this call and somebody else make at the same moment. The twins
/// stand below it afterwards.
fn raced(twins: &[Json]) -> Recorded {
    let vendor = Recorded::new();
    let root = json!({"id": "root", "title": "Released", "status": "ACTIVE"});
    vendor
        .on(Method::Get, ROOTS, 200, json!({"objects": [root]}))
        .on(Method::Get, BELOW, 200, json!({"objects": []}))
        .on(Method::Get, BELOW, 200, json!({"objects": twins}))
        .on(
            Method::Post,
            ROOTS,
            201,
            spring("own", "2024-03-01T10:00:01Z"),
        );
    vendor
}

#[test]
fn of_two_that_make_a_collection_the_later_one_removes_its_own() {
    let vendor = raced(&[
        spring("own", "2024-03-01T10:00:01Z"),
        spring("other", "2024-03-01T10:00:00Z"),
    ]);
    vendor
        .on(Method::Get, INSIDE_OWN, 200, json!({"objects": []}))
        .on(Method::Delete, OWN, 202, Json::Null);
    let made = Collections::create(&iconik(&vendor), "Released/Spring").unwrap();
    assert_eq!(made.id, "other");
    assert_eq!(
        effects(&vendor),
        [format!("POST {ROOTS}"), format!("DELETE {OWN}")]
    );
}

#[test]
fn of_two_that_make_a_collection_the_earlier_one_keeps_its_own() {
    let vendor = raced(&[
        spring("own", "2024-03-01T10:00:01Z"),
        spring("z-other", "2024-03-01T10:00:01Z"),
        spring("late", "2024-03-01T10:00:02Z"),
    ]);
    let made = Collections::create(&iconik(&vendor), "Released/Spring").unwrap();
    assert_eq!(made.id, "own");
    assert_eq!(effects(&vendor), [format!("POST {ROOTS}")]);
}

#[test]
fn a_twin_that_is_in_use_or_cannot_be_removed_stays() {
    let twins = [
        spring("own", "2024-03-01T10:00:01Z"),
        spring("other", "2024-03-01T10:00:00Z"),
    ];
    let vendor = raced(&twins);
    let clip = json!({"id": "a9", "object_type": "assets"});
    vendor.on(Method::Get, INSIDE_OWN, 200, json!({"objects": [clip]}));
    let made = Collections::create(&iconik(&vendor), "Released/Spring").unwrap();
    assert_eq!(made.id, "other");
    assert_eq!(effects(&vendor), [format!("POST {ROOTS}")]);

    let vendor = raced(&twins);
    vendor
        .on(Method::Get, INSIDE_OWN, 200, json!({"objects": []}))
        .on(Method::Delete, OWN, 403, json!({"errors": ["no role"]}));
    let made = Collections::create(&iconik(&vendor), "Released/Spring").unwrap();
    assert_eq!(made.id, "other");
}

#[test]
fn an_asset_that_is_in_or_out_already_is_left_alone() {
    let vendor = vendor();
    Collections::add(&iconik(&vendor), "c1", "a1").unwrap();
    Collections::remove(&iconik(&vendor), "c2", "a1").unwrap();
    assert!(effects(&vendor).is_empty());
    vendor.on(
        Method::Post,
        "/API/assets/v1/collections/c2/contents/",
        409,
        json!({"errors": ["there"]}),
    );
    Collections::add(&iconik(&vendor), "c2", "a1").unwrap();
}

fn acl(users: Json, groups: Json) -> Json {
    json!({"users_acl": users, "groups_acl": groups, "inherited_groups_acl": [{"group_id": "above"}]})
}

#[test]
fn access_is_put_back_exactly_and_holder_by_holder() {
    let before = acl(
        json!([]),
        json!([{"group_id": "g1", "permissions": ["read", "write"]}]),
    );
    let held = acl(
        json!([{"user_id": "u1", "permissions": ["read"]}]),
        json!([{"group_id": "g1", "permissions": ["read"]}]),
    );
    let vendor = Recorded::new();
    let user = "/API/acls/v1/users/u1/acl/assets/a1/";
    let group = "/API/acls/v1/groups/g1/acl/assets/a1/";
    vendor
        .on(Method::Get, ACL, 200, before.clone())
        .on(Method::Get, ACL, 200, held)
        .on(Method::Get, ACL, 200, before)
        .on(Method::Delete, user, 204, Json::Null)
        .on(Method::Put, group, 200, json!({}));
    let snapshot = iconik(&vendor).snapshot("a1").unwrap();
    assert_eq!(snapshot.summary, "1 entries");
    Access::restore(&iconik(&vendor), &snapshot).unwrap();
    Access::restore(&iconik(&vendor), &snapshot).unwrap();
    assert_eq!(
        effects(&vendor),
        [format!("DELETE {user}"), format!("PUT {group}")]
    );
    let strange = AccessSnapshot {
        content: "x".to_owned(),
        ..snapshot
    };
    assert_eq!(
        Access::restore(&iconik(&vendor), &strange)
            .unwrap_err()
            .case(),
        "invalid"
    );
}

#[test]
fn a_template_is_found_by_name_and_a_missing_one_is_named() {
    let vendor = Recorded::new();
    let templates = json!({"objects": [{"id": "t1", "name": "in-review"}]});
    vendor
        .on(Method::Get, "/API/acls/v1/acl/templates/", 200, templates)
        .on(
            Method::Post,
            "/API/acls/v1/acl/templates/t1/assets/a1/",
            200,
            Json::Null,
        );
    iconik(&vendor).apply("a1", "in-review").unwrap();
    let error = iconik(&vendor).apply("a1", "released").unwrap_err();
    assert_eq!(
        error.to_string(),
        "not-found: there is no access template named released"
    );
}
