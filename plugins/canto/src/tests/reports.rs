//! Reports of activities: use, shares, and the shares the poll tells.

use forebay_sdk::assets::{Sharing, Usage};
use forebay_sdk::connector::{ChangeOptions, EventSource};
use forebay_sdk::http::Method;
use forebay_sdk::testing::{Recorded, START};
use forebay_sdk::{Connector, time};
use serde_json::{Value as Json, json};

use super::{INTEGRATION, call_with, canto, page, vendor};
use crate::Canto;
use crate::date;

const REPORT: &str = "/api/v1/report";

fn line(action: &str, minutes: i64, who: &str, id: &str, share: Option<&str>) -> Json {
    json!({"action": action, "time": date::write(START + minutes * time::MINUTE), "userName": who,
           "scheme": "image", "id": id, "share": share})
}

fn with_reports(vendor: &Recorded) -> Canto {
    let settings = json!({
        "usage": {"path": "/api/v1/report?scheme={scheme}&id={id}&since={since}", "delay_hours": 6},
        "sharing": {"activity": {"path": "/api/v1/report?since={since}"}},
        "page_size": 2,
    });
    Canto::new(call_with(vendor, settings).build()).unwrap()
}

#[test]
fn the_use_of_an_asset_is_counted_over_all_pages() {
    let vendor = vendor();
    let pages = [
        [
            line("view", -90, "Ann", "abc", None),
            line("view", 1, "Ann", "abc", None),
        ],
        [
            line("Download", 2, "Bob", "abc", None),
            line("rename", 3, "Bob", "abc", None),
        ],
        [
            line("share", 4, "Bob", "abc", Some("s1")),
            line("view", 9, "Bob", "other", None),
        ],
    ];
    for lines in pages {
        vendor.on(
            Method::Get,
            REPORT,
            200,
            json!({"results": lines, "found": 6}),
        );
    }
    let used = with_reports(&vendor).report("image/abc", START).unwrap();
    assert_eq!((used.views, used.downloads, used.shares), (1, 1, 1));
    assert_eq!(used.last_used_at, Some(START + 4 * time::MINUTE));
    assert_eq!(used.complete_until, Some(START - 6 * time::HOUR));
    let asked = &vendor.seen()[0];
    let since = START / time::SECOND;
    assert!(
        asked.contains(&format!("scheme=image&id=abc&since={since}&start=0")),
        "{asked}"
    );
}

#[test]
fn without_a_report_use_is_unsupported() {
    let none = canto(&vendor()).report("image/abc", START);
    assert!(none.unwrap_err().is_unsupported());
}

#[test]
fn share_activity_has_the_contracts_words() {
    let vendor = vendor();
    let lines = [
        line("download", 3, "", "abc", Some("s1")),
        line("share", 2, "Ann", "abc", Some("s1")),
        line("view", 1, "Ann", "abc", None),
    ];
    vendor.on(
        Method::Get,
        REPORT,
        200,
        json!({"results": lines, "found": 3}),
    );
    let activity = with_reports(&vendor).activity(START, None).unwrap();
    let words: Vec<_> = activity
        .activities
        .iter()
        .map(|a| a.action.as_str())
        .collect();
    assert_eq!(
        words,
        ["created", "downloaded"],
        "oldest first, without a share none"
    );
    assert_eq!(activity.activities[1].actor, None);
}

fn polled(canto: &Canto, cursor: Option<&str>) -> forebay_sdk::connector::ChangePage {
    let options = ChangeOptions {
        start_at: Some(START - time::HOUR),
        overlap_seconds: 1800,
        limit: 100,
    };
    canto.changes(cursor, &options).unwrap()
}

#[test]
fn the_poll_tells_each_share_once_with_all_its_assets() {
    let vendor = vendor();
    vendor.on(Method::Get, "/api/v1/search", 200, page(&[]));
    let lines = json!({"results": [
        line("share", -10, "Ann", "abc", Some("s1")),
        line("share", -10, "Ann", "x", Some("s1")),
        line("share", -9, INTEGRATION, "abc", Some("s2")),
        line("view", -8, "", "abc", Some("s1")),
        line("share", -90, "Ann", "abc", Some("s0")),
    ], "found": 5});
    vendor.on(Method::Get, REPORT, 200, lines);
    let canto = with_reports(&vendor);
    let first = polled(&canto, None);
    let told: Vec<_> = first
        .events
        .iter()
        .map(|event| event.entity.id.as_str())
        .collect();
    assert_eq!(told, ["s1", "s2"], "not what was before the beginning");
    let event = &first.events[0];
    assert_eq!(
        (event.kind.as_str(), event.related.len()),
        ("share.created", 2)
    );
    let own: Vec<_> = first
        .events
        .iter()
        .map(|event| event.data[0].value.to_plain())
        .collect();
    assert_eq!(own, ["false", "true"]);
    let again = polled(&canto, Some(&first.cursor));
    let tokens = |page: &forebay_sdk::connector::ChangePage| {
        let tokens = page.events.iter().map(|event| event.change_token.clone());
        tokens.collect::<Vec<_>>()
    };
    assert_eq!(
        tokens(&again),
        tokens(&first),
        "the same identities in the overlap"
    );
}

#[test]
fn a_report_that_fails_does_not_hold_up_assets_and_is_read_from_where_it_stood() {
    let vendor = vendor();
    vendor.on(Method::Get, "/api/v1/search", 200, page(&[]));
    vendor.on(Method::Get, REPORT, 503, Json::Null);
    vendor.on(Method::Get, REPORT, 200, json!({"results": [], "found": 0}));
    let canto = with_reports(&vendor);
    let first = polled(&canto, None);
    assert!(!first.cursor.contains("shares_until"), "{}", first.cursor);
    let second = polled(&canto, Some(&first.cursor));
    assert!(second.cursor.contains("shares_until"), "{}", second.cursor);
}
