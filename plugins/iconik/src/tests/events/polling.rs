//! The scan: where it begins, what it reads again, what it leaves out.

use forebay_sdk::http::Method;
use forebay_sdk::testing::START;
use forebay_sdk::{EventSource, FieldsExt, Value, time};
use serde_json::json;

use super::*;

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
