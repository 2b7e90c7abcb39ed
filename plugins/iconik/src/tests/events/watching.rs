//! Watched collections: who has come in, told by the poll alone.

use forebay_sdk::http::Method;
use forebay_sdk::testing::START;
use forebay_sdk::{Connector, EventSource, FieldsExt, Value, time};
use serde_json::json;

use super::*;

const ROOTS: &str = "/API/assets/v1/collections/";
const INBOX: &str = "/API/assets/v1/collections/inbox/contents/";

/// A vendor where nothing else happens, with the collection `Inbox`.
fn quiet(made: &str) -> Recorded {
    let vendor = bare();
    let none = || json!({"objects": []});
    vendor
        .on(Method::Get, "/API/notifications/v1/webhooks/", 200, none())
        .on(Method::Post, SEARCH, 200, none())
        .on(Method::Get, QUEUE, 200, none())
        .on(Method::Get, ROOTS, 200, json!({"objects": [inbox(made)]}));
    vendor
}

fn inbox(made: &str) -> Json {
    json!({"id": "inbox", "title": "Inbox", "status": "ACTIVE", "date_created": made})
}

/// The members that the next poll finds; the last ones stay.
fn holding(vendor: &Recorded, members: &[&str]) {
    let object = |id: &&str| json!({"id": id, "object_type": "assets", "status": "ACTIVE"});
    let objects: Vec<Json> = members.iter().map(object).collect();
    let body = json!({"objects": objects, "total": members.len()});
    vendor.on(Method::Get, INBOX, 200, body);
}

/// A poll so many minutes after the start.
fn watching(vendor: &Recorded, minute: i64, settings: Json) -> Iconik {
    let settings = with(
        json!({"base_url": "https://iconik.test", "watched_collections": ["Inbox"]}),
        settings,
    );
    let call = testing::call(&settings).transport(vendor.clone().into_transport());
    Iconik::new(call.now(START + minute * time::MINUTE).build()).unwrap()
}

/// Who has come in by each of some polls, a minute apart.
fn polled(vendor: &Recorded, polls: usize) -> Vec<Vec<String>> {
    let mut cursor: Option<String> = None;
    let mut came = Vec::new();
    for minute in 0..polls {
        let iconik = watching(vendor, i64::try_from(minute).unwrap(), json!({}));
        let (events, next) = scan(&iconik, cursor.as_deref(), None);
        let asset = |event: &Event| event.related[0].id.clone();
        came.push(events.iter().map(asset).collect());
        cursor = Some(next);
    }
    came
}

const OLD: &str = "2020-03-01T10:00:00Z";
const LATER: &str = "2100-03-01T10:00:00Z";

#[test]
fn who_was_in_before_is_known_and_who_comes_in_is_told_once() {
    let vendor = quiet(OLD);
    holding(&vendor, &["a1"]);
    holding(&vendor, &["a1", "a2"]);
    let first = scan(&watching(&vendor, 0, json!({})), None, None);
    assert!(first.0.is_empty());
    let second = watching(&vendor, 1, json!({}));
    let (events, cursor) = scan(&second, Some(&first.1), None);
    let at = START + time::MINUTE;
    assert_eq!(
        identities(&events),
        [(
            "collection.added".to_owned(),
            "inbox".to_owned(),
            format!("a2:{}", time::to_rfc3339(at))
        )]
    );
    assert_eq!(events[0].related[0].id, "a2");
    assert_eq!(events[0].data.text("asset"), Some("a2"));
    let paths = Value::Texts(vec!["/Inbox".to_owned()]);
    assert_eq!(events[0].data.value("paths"), Some(&paths));

    let third = watching(&vendor, 2, json!({}));
    let page = third.changes(Some(&cursor), &options(None)).unwrap();
    assert_eq!(page.next_poll_seconds, Some(60));
    assert!(scan(&third, Some(&page.cursor), None).0.is_empty());
}

#[test]
fn who_was_out_for_two_polls_has_come_in_again_and_who_was_overlooked_once_has_not() {
    let vendor = quiet(OLD);
    for members in [
        ["a1", "a2"].as_slice(),
        &["a1"],
        &["a1", "a2"],
        &["a1"],
        &["a1"],
        &["a1", "a2"],
    ] {
        holding(&vendor, members);
    }
    let came = polled(&vendor, 6);
    assert_eq!(came[..5].concat(), [""; 0]);
    assert_eq!(came[5], ["a2"]);
}

#[test]
fn of_a_collection_that_was_made_since_everything_has_come_in() {
    let vendor = quiet(LATER);
    holding(&vendor, &["a1", "a2"]);
    assert_eq!(polled(&vendor, 2), [vec!["a1", "a2"], vec![]]);
}

#[test]
fn many_are_told_page_by_page() {
    let vendor = quiet(OLD);
    holding(&vendor, &["a0"]);
    let (_, cursor) = scan(&watching(&vendor, 0, json!({})), None, None);
    let vendor = quiet(OLD);
    holding(&vendor, &["a0", "a1", "a2", "a3"]);
    let iconik = watching(
        &vendor,
        1,
        json!({"poll_delete_queue": false, "poll_comments": false}),
    );
    let few = ChangeOptions {
        limit: 2,
        ..options(None)
    };
    let mut pages = Vec::new();
    let mut cursor = cursor;
    loop {
        let page = iconik.changes(Some(&cursor), &few).unwrap();
        pages.push(page.events.len());
        cursor = page.cursor;
        if !page.more {
            break;
        }
    }
    assert_eq!(pages, [0, 2, 1], "the modified, then the entries");
}

#[test]
fn too_many_members_are_a_finding_and_told_once_there_is_room() {
    let vendor = quiet(OLD);
    vendor
        .on(
            Method::Get,
            "/API/assets/v1/assets/",
            200,
            json!({"objects": []}),
        )
        .on(
            Method::Get,
            "/API/acls/v1/acl/templates/",
            200,
            json!({"objects": []}),
        )
        .on(
            Method::Get,
            "/API/assets/v1/custom_actions/",
            200,
            json!({"objects": []}),
        );
    holding(&vendor, &["a1", "a2"]);
    holding(&vendor, &["a1", "a2", "a3"]);
    let two = json!({"watched_members": 2});
    let (_, cursor) = scan(&watching(&vendor, 0, two.clone()), None, None);
    let (events, cursor) = scan(&watching(&vendor, 1, two.clone()), Some(&cursor), None);
    assert!(events.is_empty());
    let findings = watching(&vendor, 1, two).check().unwrap();
    let found = findings
        .iter()
        .find(|finding| finding.path == "watched_collections");
    assert!(
        found
            .unwrap()
            .message
            .contains("hold 3 assets, more than 2")
    );
    let (events, _) = scan(&watching(&vendor, 2, json!({})), Some(&cursor), None);
    assert_eq!(events[0].related[0].id, "a3");
}

#[test]
fn the_webhook_tells_the_other_collections() {
    let vendor = quiet(OLD);
    for (id, path) in [("inbox", "Inbox"), ("twin", "Inbox"), ("other", "Other")] {
        let url = format!("/API/assets/v1/collections/{id}/full/path/");
        vendor.on(Method::Get, &url, 200, json!(path));
    }
    let told = |collection: &str, operation: &str| {
        let body = with(
            delivery("contents", operation),
            json!({"event_type": "collections", "object_id": collection,
                "data": {"object_id": "a1", "object_type": "assets"}}),
        );
        let events = deliver(&watching(&vendor, 0, json!({})), &body).unwrap();
        events.len()
    };
    assert_eq!(told("inbox", "create"), 0, "the poll does");
    assert_eq!(told("inbox", "delete"), 1);
    assert_eq!(
        told("twin", "create"),
        1,
        "it is not the one that is watched"
    );
    assert_eq!(told("other", "create"), 1);
}

#[test]
fn what_is_no_longer_watched_is_forgotten() {
    let vendor = quiet(OLD);
    holding(&vendor, &["a1"]);
    let (_, cursor) = scan(&watching(&vendor, 0, json!({})), None, None);
    assert!(cursor.contains("watches"));
    let none = json!({"watched_collections": []});
    let (_, cursor) = scan(&watching(&vendor, 1, none), Some(&cursor), None);
    assert!(!cursor.contains("watches"));
}

#[test]
fn settings_that_cannot_be_watched_are_refused() {
    for wrong in [
        json!({"watched_collections": ["/"]}),
        json!({"watched_collections": ["A", "/A/"]}),
        json!({"watched_members": 0}),
        json!({"watched_members": 10_001}),
        json!({"watched_every_seconds": 0}),
    ] {
        let call = testing::call(&wrong).transport(Recorded::new().into_transport());
        let refused = Iconik::new(call.build()).err().unwrap();
        assert_eq!(refused.case(), "invalid", "{wrong}");
    }
}
