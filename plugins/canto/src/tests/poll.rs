//! The poll: seeding, overlap, pages, and the same identities as webhooks.

use forebay_sdk::connector::{ChangeOptions, ChangePage};
use forebay_sdk::http::Method;
use forebay_sdk::testing::{Recorded, START};
use forebay_sdk::{Connector, EventSource, Timestamp, time};
use serde_json::{Value as Json, json};

use super::{HERO, call, call_with, changed, hero, page, vendor, version};
use crate::{Canto, date};

const SEARCH: &str = "/api/v1/search";

fn options(start_at: Option<Timestamp>) -> ChangeOptions {
    ChangeOptions {
        start_at,
        overlap_seconds: 1_800,
        limit: 100,
    }
}

fn poll(vendor: &Recorded, now: Timestamp, cursor: Option<&str>) -> ChangePage {
    let canto = Canto::new(call(vendor).now(now).build()).unwrap();
    canto.changes(cursor, &options(None)).unwrap()
}

fn told(page: &ChangePage) -> Vec<(String, String)> {
    let pair = |event: &forebay_sdk::Event| (event.kind.clone(), event.change_token.clone());
    page.events.iter().map(pair).collect()
}

/// What the search asked for.
fn asked(vendor: &Recorded, parameter: &str) -> Vec<String> {
    let value = |line: String| {
        let (_, query) = line.split_once('?')?;
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs
            .find(|(name, _)| *name == parameter)
            .map(|(_, value)| value.to_owned())
    };
    vendor.seen().into_iter().filter_map(value).collect()
}

fn second(at: Timestamp) -> i64 {
    at / time::SECOND
}

#[test]
fn the_first_call_seeds_and_asks_nothing() {
    let vendor = vendor();
    let first = poll(&vendor, START, None);
    assert_eq!((first.events.len(), first.more), (0, false));
    assert!(vendor.seen().is_empty());
    assert!(
        first.cursor.contains("2026-01-01T12:00:00Z"),
        "an operator reads it: {}",
        first.cursor
    );
}

#[test]
fn the_overlap_never_reaches_before_the_beginning() {
    let vendor = vendor();
    vendor.on(Method::Get, SEARCH, 200, page(&[]));
    let seeded = poll(&vendor, START, None);
    let next = poll(&vendor, START + 10 * time::MINUTE, Some(&seeded.cursor));
    poll(&vendor, START + 50 * time::MINUTE, Some(&next.cursor));
    let from: Vec<_> = asked(&vendor, "lastModified")
        .iter()
        .map(|range| range.split("..").next().unwrap().parse::<i64>().unwrap())
        .collect();
    assert_eq!(from[0], second(START), "the seed");
    assert_eq!(
        from[1],
        second(START),
        "ten minutes less thirty is before the seed"
    );
}

#[test]
fn a_new_asset_is_created_and_told_again_with_the_same_identity() {
    let vendor = vendor();
    let at = date::write(START + time::MINUTE);
    let fresh = changed(json!({
        "created": at, "time": at, "versionHistory": [version(1, "v1", true, &at)],
    }));
    vendor.on(Method::Get, SEARCH, 200, page(&[fresh]));
    let seeded = poll(&vendor, START, None);
    let next = poll(&vendor, START + 5 * time::MINUTE, Some(&seeded.cursor));
    let created = [("asset.created".to_owned(), "v1".to_owned())];
    assert_eq!(told(&next), created);
    assert!(!next.more);
    let overlapping = poll(&vendor, START + 10 * time::MINUTE, Some(&next.cursor));
    assert_eq!(told(&overlapping), created);
}

#[test]
fn an_old_asset_that_changes_is_updated_and_not_created() {
    let vendor = vendor();
    let at = date::write(START + time::MINUTE);
    vendor.on(
        Method::Get,
        SEARCH,
        200,
        page(&[changed(json!({"time": at}))]),
    );
    let seeded = poll(&vendor, START, None);
    let next = poll(&vendor, START + 5 * time::MINUTE, Some(&seeded.cursor));
    assert_eq!(told(&next), [("asset.updated".to_owned(), at)]);
}

#[test]
fn a_new_version_has_the_identity_a_webhook_gives_it() {
    let vendor = vendor();
    let at = date::write(START + time::MINUTE);
    let versions = [
        version(1, "v1", false, "20251201100000000"),
        version(2, "v2", true, &at),
    ];
    let asset = changed(json!({"time": at, "versionHistory": versions}));
    vendor.on(Method::Get, SEARCH, 200, page(std::slice::from_ref(&asset)));
    vendor.on(Method::Get, HERO, 200, asset);
    let seeded = poll(&vendor, START, None);
    let next = poll(&vendor, START + 5 * time::MINUTE, Some(&seeded.cursor));
    let by_poll = next
        .events
        .iter()
        .find(|e| e.kind == "asset.version-current")
        .unwrap();

    let body = json!({"scheme": "image", "id": "abc"})
        .to_string()
        .into_bytes();
    let request = forebay_sdk::connector::WebhookRequest {
        endpoint: "new-version".to_owned(),
        method: "POST".to_owned(),
        path: String::new(),
        headers: Vec::new(),
        body,
        received_at: START,
    };
    let by_webhook = Canto::new(call(&vendor).build())
        .unwrap()
        .webhook(&request)
        .unwrap();
    assert_eq!(by_webhook[0].change_token, by_poll.change_token);
    assert_eq!(by_webhook[0].entity, by_poll.entity);
    assert_eq!(by_webhook[0].occurred_at, by_poll.occurred_at);
}

#[test]
fn search_results_without_versions_are_read_in_detail() {
    let vendor = vendor();
    let at = date::write(START + time::MINUTE);
    let detail = changed(json!({
        "created": at, "time": at, "versionHistory": [version(1, "v1", true, &at)],
    }));
    let mut thin = detail.clone();
    thin["versionHistory"] = Json::Null;
    vendor.on(Method::Get, SEARCH, 200, page(&[thin]));
    vendor.on(Method::Get, HERO, 200, detail);
    let seeded = poll(&vendor, START, None);
    let next = poll(&vendor, START + 5 * time::MINUTE, Some(&seeded.cursor));
    assert_eq!(told(&next), [("asset.created".to_owned(), "v1".to_owned())]);
}

/// A scan with two results a page, from [`START`], over assets modified at these seconds after it.
fn scan(seconds: &[i64], found: usize) -> (Recorded, ChangePage) {
    let vendor = vendor();
    let asset = |(index, after): (usize, &i64)| {
        let at = date::write(START + after * time::SECOND);
        let id = format!("a{index}");
        changed(json!({"id": id, "time": at}))
    };
    let results: Vec<_> = seconds.iter().enumerate().map(asset).collect();
    vendor.on(
        Method::Get,
        SEARCH,
        200,
        json!({"results": results, "found": found}),
    );
    let call = call_with(&vendor, json!({"page_size": 2}))
        .now(START + time::HOUR)
        .build();
    let page = Canto::new(call)
        .unwrap()
        .changes(None, &options(Some(START)))
        .unwrap();
    (vendor, page)
}

fn go_on(vendor: &Recorded, page: &ChangePage) -> ChangePage {
    let call = call_with(vendor, json!({"page_size": 2}))
        .now(START + 2 * time::HOUR)
        .build();
    Canto::new(call)
        .unwrap()
        .changes(Some(&page.cursor), &options(None))
        .unwrap()
}

#[test]
fn a_long_scan_goes_on_at_the_last_second_it_saw() {
    let (vendor, page) = scan(&[10, 20], 5);
    assert!(page.more);
    go_on(&vendor, &page);
    let ranges = asked(&vendor, "lastModified");
    assert!(
        ranges[0].starts_with(&format!("{}..", second(START))),
        "{ranges:?}"
    );
    assert!(
        ranges[1].starts_with(&format!("{}..", second(START) + 20)),
        "{ranges:?}"
    );
    assert_eq!(asked(&vendor, "start"), ["0", "0"]);
}

#[test]
fn a_page_of_one_second_or_of_another_order_is_counted_through() {
    for seconds in [[0, 0], [20, 10]] {
        let (vendor, page) = scan(&seconds, 5);
        assert!(page.more);
        go_on(&vendor, &page);
        assert_eq!(asked(&vendor, "start"), ["0", "2"], "{seconds:?}");
    }
}

#[test]
fn a_scan_ends_at_the_time_it_began() {
    let (vendor, page) = scan(&[10, 20], 2);
    assert!(!page.more);
    let cursor: Json = serde_json::from_str(&page.cursor).unwrap();
    assert_eq!(cursor["watermark"], "2026-01-01T13:00:00Z");
    let (_, long) = scan(&[10, 20], 5);
    vendor.on(Method::Get, SEARCH, 200, json!({"results": [], "found": 5}));
    go_on(&vendor, &long);
    let ended = go_on(&vendor, &long);
    assert!(
        !ended.more,
        "an empty page ends it, whatever the count says"
    );
    let cursor: Json = serde_json::from_str(&ended.cursor).unwrap();
    assert_eq!(
        cursor["watermark"], "2026-01-01T13:00:00Z",
        "not the time of the last page"
    );
}

#[test]
fn a_start_time_tells_what_is_older_than_the_first_call() {
    let vendor = vendor();
    vendor.on(Method::Get, SEARCH, 200, page(&[hero()]));
    let canto = Canto::new(call(&vendor).build()).unwrap();
    let from = date::parse("20251130000000000").unwrap();
    let first = canto.changes(None, &options(Some(from))).unwrap();
    assert_eq!(
        told(&first),
        [("asset.created".to_owned(), "v1".to_owned())]
    );
}

#[test]
fn a_strange_cursor_is_refused() {
    let canto = Canto::new(call(&vendor()).build()).unwrap();
    for cursor in [
        "",
        "{}",
        r#"{"version":9,"watermark":"2026-01-01T12:00:00Z","began":"2026-01-01T12:00:00Z"}"#,
    ] {
        let error = canto.changes(Some(cursor), &options(None)).unwrap_err();
        assert_eq!(error.case(), "invalid", "{cursor}");
    }
}
