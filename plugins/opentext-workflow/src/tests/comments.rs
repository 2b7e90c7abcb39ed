//! Comments on processes.

use forebay_sdk::http::Method;
use forebay_sdk::testing::Recorded;
use forebay_sdk::workflow::ProcessComments as _;
use serde_json::json;

use super::{NOON, PAST_PROCESSES, PROCESSES, hal, plain};

fn path() -> String {
    format!("{PROCESSES}/p1/comments")
}

#[test]
fn a_comment_of_ours_is_known_by_its_mark_and_written_once() {
    let vendor = Recorded::new();
    let theirs = json!({"id": "1", "author": "ann@example.com", "message": "hello", "time": NOON});
    let ours = json!({"id": "2", "author": "svc", "message": "copy\n[fb:dam:s1]", "time": NOON});
    vendor.on(Method::Get, &path(), 200, hal("comments", &[theirs, ours]));
    let page = plain(&vendor).list("p1", None).unwrap();
    assert_eq!(page.comments[0].text, "hello");
    assert_eq!(page.comments[0].external_id, None);
    assert_eq!(page.comments[1].text, "copy");
    assert_eq!(page.comments[1].external_id.as_deref(), Some("dam:s1"));
    let again = plain(&vendor).add("p1", "copy", "dam:s1").unwrap();
    assert_eq!(again.id, "2");
    assert!(!vendor.seen().iter().any(|call| call.starts_with("POST")));
}

#[test]
fn a_new_one_carries_the_mark() {
    let vendor = Recorded::new();
    vendor.on(Method::Get, &path(), 200, hal("comments", &[]));
    let answer = json!({"id": "3", "author": "svc", "message": "x", "time": NOON});
    vendor.on(Method::Post, &path(), 201, answer);
    let written = plain(&vendor).add("p1", "copy", "dam:s1").unwrap();
    assert_eq!((written.id.as_str(), written.text.as_str()), ("3", "copy"));
    assert_eq!(vendor.body(1), json!({"message": "copy\n[fb:dam:s1]"}));
}

#[test]
fn a_changed_one_is_written_anew_before_the_old_one_goes() {
    let vendor = Recorded::new();
    let old = json!({"id": "2", "author": "svc", "message": "copy\n[fb:dam:s1]", "time": NOON});
    vendor.on(Method::Get, &path(), 200, hal("comments", &[old]));
    let answer = json!({"id": "4", "author": "svc", "message": "y", "time": NOON});
    vendor.on(Method::Post, &path(), 201, answer);
    vendor.on(Method::Delete, &format!("{}/2", path()), 204, json!(null));
    let edited = plain(&vendor).edit("p1", "2", "better").unwrap();
    assert_eq!(edited.id, "4");
    let calls: Vec<_> = vendor
        .seen()
        .iter()
        .map(|call| call.split(' ').next().unwrap_or("").to_owned())
        .collect();
    assert_eq!(calls, ["GET", "POST", "DELETE"]);
}

#[test]
fn an_ended_process_shows_them_from_the_history() {
    let vendor = Recorded::new();
    vendor.on(Method::Get, &path(), 404, json!({"message": "gone"}));
    let past = json!({
        "id": "p1", "businessKey": "k", "startTime": NOON, "endTime": NOON,
        "comments": [{"id": "1", "author": "ann@example.com", "message": "bye", "time": NOON}],
    });
    vendor.on(Method::Get, &format!("{PAST_PROCESSES}/p1"), 200, past);
    let page = plain(&vendor).list("p1", None).unwrap();
    assert_eq!(page.comments[0].text, "bye");
}
