//! Events: webhook and poll give the same identity, nothing old is told, nothing late is missed.

mod polling;
mod telling;
mod watching;

use forebay_sdk::connector::{ChangeOptions, ChangePage, WebhookRequest};
use forebay_sdk::http::Method;
use forebay_sdk::testing::START;
use forebay_sdk::{Error, Event, EventSource};
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
