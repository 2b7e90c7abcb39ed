//! Events: webhook and poll give the same identity, nothing old is told, nothing late is missed.

use forebay_sdk::connector::{ChangeOptions, ChangePage, WebhookRequest};
use forebay_sdk::http::Method;
use forebay_sdk::testing::START;
use forebay_sdk::{Entity, Error, Event, EventSource, FieldsExt, Value, time};
use serde_json::json;

use super::*;

const SEARCH: &str = "/API/search/v1/search/";
const QUEUE: &str = "/API/assets/v1/delete_queue/assets/";

fn deliver(iconik: &Iconik, body: &Json) -> Result<Vec<Event>, Error> {
    iconik.webhook(&WebhookRequest {
        endpoint: "events".to_owned(),
        method: "POST".to_owned(),
        path: "/hooks/test/events".to_owned(),
        headers: Vec::new(),
        body: body.to_string().into_bytes(),
        received_at: START,
    })
}

fn delivery(realm: &str, operation: &str) -> Json {
    json!({"event_type": "assets", "realm": realm, "operation": operation, "object_id": "a1",
        "user_id": "uma", "request_id": "r-1", "system_domain_id": "d1", "data": {}})
}

fn options(start_at: Option<i64>) -> ChangeOptions {
    ChangeOptions {
        start_at,
        overlap_seconds: 60,
        limit: 100,
    }
}

/// All pages of a scan.
fn scan(iconik: &Iconik, cursor: Option<&str>, start_at: Option<i64>) -> (Vec<Event>, String) {
    let mut events = Vec::new();
    let mut cursor = cursor.map(str::to_owned);
    loop {
        let page: ChangePage = iconik
            .changes(cursor.as_deref(), &options(start_at))
            .unwrap();
        assert_ne!(
            cursor.as_ref(),
            Some(&page.cursor).filter(|_| page.more),
            "more only when it moves"
        );
        events.extend(page.events);
        cursor = Some(page.cursor.clone());
        if !page.more {
            return (events, page.cursor);
        }
    }
}

fn identities(events: &[Event]) -> Vec<(String, String, String)> {
    let parts = |e: &Event| (e.kind.clone(), e.entity.id.clone(), e.change_token.clone());
    events.iter().map(parts).collect()
}

/// A vendor whose index holds these assets, on one page.
fn index(assets: &[Json]) -> Recorded {
    let vendor = vendor();
    let documents: Vec<Json> = assets
        .iter()
        .map(|a| with(a.clone(), json!({"_sort": [1, a["id"]]})))
        .collect();
    vendor
        .on(
            Method::Get,
            "/API/notifications/v1/webhooks/",
            200,
            json!({"objects": []}),
        )
        .on(Method::Post, SEARCH, 200, json!({"objects": documents}))
        .on(Method::Post, SEARCH, 200, json!({"objects": []}))
        .on(Method::Get, QUEUE, 200, json!({"objects": []}));
    vendor
}

fn changed() -> Json {
    with(
        asset(),
        json!({
            "date_modified": "2024-03-01T11:00:00.123456+00:00",
            "versions": [
                {"id": "v1", "version_number": 1, "date_created": "2024-03-01T10:00:00+00:00"},
                {"id": "v2", "version_number": 2, "date_created": "2024-03-01T10:30:00+00:00"},
            ],
        }),
    )
}

#[test]
fn the_first_poll_seeds_and_tells_nothing() {
    let vendor = Recorded::new();
    let page = iconik(&vendor).changes(None, &options(None)).unwrap();
    assert!(page.events.is_empty() && !page.more && vendor.seen().is_empty());
    let cursor: Json = serde_json::from_str(&page.cursor).unwrap();
    assert_eq!(cursor["v"], 1);
    assert_eq!(cursor["watermark"], START);
}

#[test]
fn webhook_and_poll_give_the_same_identities() {
    let (polled, _) = scan(&iconik(&index(&[changed()])), None, Some(0));
    let hooked = bare();
    hooked.on(Method::Get, ASSET, 200, changed());
    let iconik = iconik(&hooked);
    let mut told = deliver(&iconik, &delivery("entity", "create")).unwrap();
    told.extend(deliver(&iconik, &delivery("versions", "create")).unwrap());
    let mut told = identities(&told);
    told.sort();
    told.dedup();
    let mut polled_ids = identities(&polled);
    polled_ids.sort();
    assert_eq!(told, polled_ids);
    let expected = [
        (
            "asset.created".to_owned(),
            "a1".to_owned(),
            "2024-03-01T10:00:00Z".to_owned(),
        ),
        (
            "asset.updated".to_owned(),
            "a1".to_owned(),
            "2024-03-01T11:00:00.123Z".to_owned(),
        ),
        (
            "asset.version-current".to_owned(),
            "a1".to_owned(),
            "v2".to_owned(),
        ),
    ];
    assert_eq!(told, expected);
    let first = &polled[0];
    assert_eq!(first.version.as_deref(), Some("v2"));
    assert_eq!(
        first.data.value("paths"),
        Some(&Value::texts(["/Ingest/Cards"]))
    );
    assert_eq!(first.data.text("kind"), Some("video"));
    assert_eq!(first.data.text("uploader"), Some("uma"));
}

#[test]
fn a_fresh_asset_is_only_created() {
    let (events, _) = scan(&iconik(&index(&[asset()])), None, Some(0));
    assert_eq!(identities(&events).len(), 1, "{events:?}");
    assert_eq!(events[0].kind, "asset.created");
}

#[test]
fn what_is_older_than_the_start_is_not_new() {
    let start = time::parse_rfc3339("2024-03-01T10:59:00Z");
    let (events, cursor) = scan(&iconik(&index(&[changed()])), None, start);
    let kinds: Vec<_> = events.iter().map(|e| e.kind.as_str()).collect();
    assert_eq!(kinds, ["asset.updated"]);
    let cursor: Json = serde_json::from_str(&cursor).unwrap();
    assert_eq!(
        cursor["watermark"],
        json!(time::parse_rfc3339("2024-03-01T11:00:00.123Z"))
    );
}

#[test]
fn the_next_scan_reads_back_by_the_overlap_and_pages_by_the_last_place() {
    let vendor = index(&[changed()]);
    let cursor = json!({"v": 1, "start": 0, "watermark": 3_600_000});
    let (_, next) = scan(&iconik(&vendor), Some(&cursor.to_string()), None);
    let bodies: Vec<Json> = (0..vendor.requests().len())
        .map(|at| vendor.body(at))
        .collect();
    let searches: Vec<&Json> = bodies
        .iter()
        .filter(|body| body.get("doc_types").is_some())
        .collect();
    assert_eq!(
        searches[0]["filter"]["terms"][0]["range"]["min"],
        "1970-01-01T00:59:00Z"
    );
    assert_eq!(searches[0].get("search_after"), None);
    assert_eq!(searches[1]["search_after"], json!([1, "a1"]));
    let next: Json = serde_json::from_str(&next).unwrap();
    assert_eq!(next["scan"], Json::Null);
}

#[test]
fn a_date_in_the_future_hides_nothing() {
    let future = with(
        asset(),
        json!({"date_modified": "2099-01-01T00:00:00+00:00"}),
    );
    let (_, cursor) = scan(&iconik(&index(&[future])), None, Some(0));
    let cursor: Json = serde_json::from_str(&cursor).unwrap();
    assert_eq!(cursor["watermark"], START);
}

#[test]
fn a_strange_cursor_is_refused() {
    for cursor in ["", "{}", r#"{"v":2,"start":0,"watermark":0}"#] {
        let error = iconik(&Recorded::new())
            .changes(Some(cursor), &options(None))
            .unwrap_err();
        assert_eq!(error.case(), "invalid", "{cursor}");
    }
}

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
fn an_own_change_names_its_run() {
    let own = with(changed(), json!({"updated_by_user": OWN_USER}));
    let vendor = bare();
    vendor.on(Method::Get, ASSET, 200, own.clone()).on(
        Method::Get,
        METADATA,
        200,
        metadata(json!({"run": values(&["run-7"])})),
    );
    let hooked = deliver(&iconik(&vendor), &delivery("metadata", "update")).unwrap();
    assert_eq!(hooked[0].origin.as_deref(), Some("run-7"));
    let indexed = with(own, json!({"metadata": {"run": ["run-7"]}}));
    let (polled, _) = scan(&iconik(&index(&[indexed])), None, Some(0));
    let updated = polled.iter().find(|e| e.kind == "asset.updated").unwrap();
    assert_eq!(updated.origin.as_deref(), Some("run-7"));
    assert_eq!(updated.actor.as_deref(), Some(OWN_USER));

    let by_hand = with(changed(), json!({"metadata": {"run": ["run-7"]}}));
    let (polled, _) = scan(&iconik(&index(&[by_hand])), None, Some(0));
    assert!(
        polled.iter().all(|e| e.origin.is_none()),
        "somebody else's change is nobody's echo"
    );
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
