//! What each kind of change is told as.

use forebay_sdk::connector::WebhookRequest;
use forebay_sdk::http::Method;
use forebay_sdk::testing::START;
use forebay_sdk::{Entity, EventSource, FieldsExt, Value, time};
use serde_json::json;

use super::*;

#[test]
fn a_deletion_is_one_event_from_index_queue_and_webhook() {
    let trashed = with(
        asset(),
        json!({"status": "DELETED",
        "date_modified": "2024-03-02T00:00:00+00:00", "date_deleted": "2024-03-02T00:00:00.5+00:00"}),
    );
    let polled = Recorded::new();
    polled
        .on(
            Method::Get,
            "/API/assets/v1/collections/c1/full/path/",
            403,
            json!({"errors": ["no"]}),
        )
        .on(
            Method::Post,
            SEARCH,
            200,
            json!({"objects": [with(trashed.clone(), json!({"_sort": [1]}))]}),
        )
        .on(Method::Post, SEARCH, 200, json!({"objects": []}))
        .on(Method::Get, QUEUE, 200, json!({"objects": [trashed]}));
    let (mut events, _) = scan(&iconik(&polled), None, Some(0));
    let hooked = bare();
    hooked.on(Method::Get, ASSET, 200, trashed.clone());
    events.extend(deliver(&iconik(&hooked), &delivery("entity", "delete")).unwrap());
    // Purged already: the delivery itself is all there is.
    let purged = bare();
    purged.on(
        Method::Get,
        ASSET,
        404,
        json!({"errors": ["Asset not found"]}),
    );
    let body = with(delivery("entity", "delete"), json!({"data": trashed}));
    events.extend(deliver(&iconik(&purged), &body).unwrap());
    let identity = (
        "asset.deleted".to_owned(),
        "a1".to_owned(),
        "2024-03-02T00:00:00.5Z".to_owned(),
    );
    assert_eq!(identities(&events), vec![identity; 4]);
}

#[test]
fn a_late_word_of_a_deletion_does_not_delete_what_was_restored() {
    let vendor = bare();
    vendor.on(Method::Get, ASSET, 200, changed());
    let events = deliver(&iconik(&vendor), &delivery("entity", "delete")).unwrap();
    let kinds: Vec<_> = events.iter().map(|e| e.kind.as_str()).collect();
    assert_eq!(kinds, ["asset.updated"]);
}

#[test]
fn an_unreadable_queue_does_not_stop_the_poll() {
    let denied = Recorded::new();
    denied
        .on(Method::Post, SEARCH, 200, json!({"objects": []}))
        .on(
            Method::Get,
            QUEUE,
            403,
            json!({"errors": ["can_read_delete_queue"]}),
        );
    assert!(scan(&iconik(&denied), None, Some(0)).0.is_empty());
}

#[test]
fn an_asset_that_is_not_readable_yet_is_tried_again() {
    let vendor = bare();
    vendor.on(
        Method::Get,
        ASSET,
        404,
        json!({"errors": ["Asset not found"]}),
    );
    let body = delivery("entity", "create");
    assert_eq!(
        deliver(&iconik(&vendor), &body).unwrap_err().case(),
        "unavailable"
    );
    let later = call(&vendor).now(START + time::HOUR).build();
    assert!(
        deliver(&Iconik::new(later).unwrap(), &body)
            .unwrap()
            .is_empty(),
        "later it is gone"
    );
}

#[test]
fn media_wakes_who_waits_for_it() {
    let data = json!({"id": "p1", "status": "CLOSED", "date_modified": "m1"});
    let body = with(delivery("proxies", "update"), json!({"data": data}));
    let events = deliver(&iconik(&vendor()), &body).unwrap();
    assert_eq!(events[0].kind, "iconik.media-changed");
    assert_eq!(events[0].entity, Entity::new("asset", "a1"));
    assert_eq!(events[0].change_token, "p1:CLOSED:m1");
}

#[test]
fn an_approval_is_told_by_how_it_stands() {
    let vote = json!({"user": "ann", "status": "APPROVED", "change_date": "2024-03-01T12:00:00Z"});
    let told = |votes: Json| {
        let vendor = bare();
        let approval = json!({"status": "REQUESTED", "approvals_by": votes});
        vendor
            .on(Method::Get, ASSET, 200, asset())
            .on(Method::Get, APPROVAL, 200, approval);
        let body = with(
            delivery("approvals", "update"),
            json!({"data": {"version_id": "v1"}}),
        );
        deliver(&iconik(&vendor), &body).unwrap().remove(0)
    };
    let (before, after) = (told(json!([])), told(json!([vote.clone()])));
    assert_eq!(after.kind, "approval.changed");
    assert_eq!(after.version.as_deref(), Some("v1"));
    assert_ne!(before.change_token, after.change_token);
    assert_eq!(
        after.change_token,
        told(json!([vote])).change_token,
        "told twice, it is one event"
    );
}

#[test]
fn a_comment_is_one_event_from_webhook_and_poll() {
    let segment = json!({"id": "s1", "asset_id": "a1", "segment_type": "COMMENT",
        "date_created": "2024-03-01T10:00:00Z", "date_modified": "2024-03-01T10:00:00Z"});
    let edited = with(
        segment.clone(),
        json!({"date_modified": "2024-03-01T10:00:05Z"}),
    );
    let hooked = iconik(&vendor());
    let mut told = Vec::new();
    for (operation, data) in [("create", &segment), ("update", &edited)] {
        let body = with(delivery("segments", operation), json!({"data": data}));
        told.extend(identities(&deliver(&hooked, &body).unwrap()));
    }
    let polled = Recorded::new();
    let listed = with(edited, json!({"_sort": [1]}));
    polled
        .on(Method::Post, SEARCH, 200, json!({"objects": []}))
        .on(Method::Post, SEARCH, 200, json!({"objects": [listed]}))
        .on(Method::Post, SEARCH, 200, json!({"objects": []}))
        .on(Method::Get, QUEUE, 200, json!({"objects": []}));
    let (events, _) = scan(&iconik(&polled), None, Some(0));
    assert_eq!(identities(&events), told);
}

#[test]
fn collections_comments_jobs_and_purges_are_told() {
    let iconik = iconik(&vendor());
    let one = |body: &Json| deliver(&iconik, body).unwrap().remove(0);
    let added = json!({"event_type": "collections", "realm": "contents", "operation": "create",
        "object_id": "c1", "request_id": "r-1", "data": {"object_id": "a1", "object_type": "assets"}});
    let added = one(&added);
    assert_eq!(
        (added.kind.as_str(), added.entity),
        ("collection.added", Entity::new("collection", "c1"))
    );
    assert_eq!(added.related, [Entity::new("asset", "a1")]);
    let paths = Value::texts(["/Ingest/Cards"]);
    assert_eq!(added.data.value("paths"), Some(&paths));

    let segment = json!({"id": "s1", "segment_type": "COMMENT", "segment_checked": true,
        "date_created": "2024-03-01T10:00:00Z", "date_modified": "2024-03-01T10:00:05Z"});
    let comment = one(&with(
        delivery("segments", "update"),
        json!({"data": segment}),
    ));
    assert_eq!(
        (comment.kind.as_str(), comment.change_token.as_str()),
        ("comment.resolved", "s1:2024-03-01T10:00:05Z")
    );
    let marker = with(
        delivery("segments", "create"),
        json!({"data": {"id": "s", "segment_type": "MARKER"}}),
    );
    assert!(
        deliver(&iconik, &marker).unwrap().is_empty(),
        "a marker is no comment"
    );

    let job = json!({"event_type": "jobs", "realm": "entity", "operation": "update", "object_id": "j1",
        "data": {"status": "FAILED", "object_type": "assets", "object_id": "a1"}});
    let job = one(&job);
    assert_eq!(
        (job.kind.as_str(), job.related),
        ("job.finished", vec![Entity::new("asset", "a1")])
    );

    assert_eq!(one(&delivery("entity", "purge")).kind, "asset.purged");
}

#[test]
fn an_action_is_told_for_each_asset_and_its_token_goes_nowhere() {
    let body = json!({"user_id": "uma", "context": "BULK", "action_id": "act", "asset_ids": ["a1", "a2"],
        "date_created": "2024-03-01T10:00:00Z", "auth_token": "short-lived",
        "metadata_values": {"use": {"field_values": [{"value": "tv"}]}}});
    let request = WebhookRequest {
        endpoint: "actions".to_owned(),
        method: "POST".to_owned(),
        path: String::new(),
        headers: Vec::new(),
        body: body.to_string().into_bytes(),
        received_at: START,
    };
    let events = iconik(&Recorded::new()).webhook(&request).unwrap();
    assert_eq!(events.len(), 2);
    assert_eq!(events[1].entity, Entity::new("asset", "a2"));
    assert_eq!(events[1].data.text("form.use"), Some("tv"));
    assert!(!format!("{events:?}").contains("short-lived"));
}

#[test]
fn a_delivery_of_another_domain_or_without_sense_is_refused() {
    let strict = with_settings(&vendor(), json!({"system_domain_id": "ours"}));
    assert_eq!(
        deliver(&strict, &delivery("entity", "update"))
            .unwrap_err()
            .case(),
        "invalid"
    );
    let iconik = iconik(&vendor());
    assert_eq!(deliver(&iconik, &json!([1])).unwrap_err().case(), "invalid");
    assert_eq!(
        deliver(&iconik, &json!({"event_type": "assets"}))
            .unwrap_err()
            .case(),
        "invalid"
    );
    let unknown = json!({"event_type": "storages", "realm": "entity", "object_id": "s"});
    assert!(deliver(&iconik, &unknown).unwrap().is_empty());
}
