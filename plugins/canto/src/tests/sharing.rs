//! Share links: made once, listed, ended.

use forebay_sdk::assets::{DownloadRight, ShareQuery, ShareRequest, Sharing};
use forebay_sdk::http::{Method, Response, TransportError};
use forebay_sdk::testing::{Recorded, START};
use forebay_sdk::{Connector, time};
use serde_json::{Value as Json, json};

use super::{call_with, vendor};
use crate::Canto;

const BATCH: &str = "/api/v1/share/batch";
const LIST: &str = "/api/v1/share/list";
const LINK: &str = "https://acme.canto.test/share/t1";

fn request() -> ShareRequest {
    ShareRequest {
        assets: vec!["image/abc".to_owned(), "video/x".to_owned()],
        collection: None,
        title: "Spring".to_owned(),
        message: None,
        recipients: Vec::new(),
        download: DownloadRight::Original,
        watermark: false,
        protected: false,
        expires_at: Some(START + 14 * time::DAY),
        external_id: "run-1".to_owned(),
    }
}

fn query() -> ShareQuery {
    ShareQuery {
        asset: None,
        collection: None,
        external_id: None,
        include_ended: false,
        page: None,
    }
}

/// Settings with which shares can be looked for and ended.
fn settings() -> Json {
    json!({"sharing": {
        "title_key": "title",
        "list": {"path": LIST},
        "revoke": {"method": "DELETE", "path": "/api/v1/share/{id}"},
    }})
}

fn canto(vendor: &Recorded, settings: Json) -> Canto {
    Canto::new(call_with(vendor, settings).build()).unwrap()
}

fn listed(status: &str) -> Json {
    json!({
        "id": "s1", "link": LINK, "title": "Spring [forebay:run-1]", "status": status,
        "contents": [{"scheme": "image", "id": "abc"}, {"scheme": "video", "id": "x"}],
        "created": "20251231000000000", "createdBy": "Forebay Integration",
        "expires": null, "allowDownloadOriginal": true,
    })
}

fn shares(shares: &[Json]) -> Json {
    json!({"results": shares, "found": shares.len()})
}

fn text(body: &str) -> Result<Response, TransportError> {
    Ok(Response {
        status: 200,
        headers: Vec::new(),
        body: body.as_bytes().to_vec(),
    })
}

fn puts(vendor: &Recorded) -> usize {
    let seen = vendor.seen();
    seen.iter().filter(|line| line.starts_with("PUT")).count()
}

#[test]
fn a_link_is_made_with_rights_end_and_our_id_in_the_title() {
    let vendor = vendor();
    vendor.on(Method::Get, LIST, 200, shares(&[]));
    vendor.on(Method::Get, LIST, 200, shares(&[listed("active")]));
    vendor.reply(Method::Put, BATCH, text(LINK));
    let share = canto(&vendor, settings()).create(&request()).unwrap();
    assert_eq!(
        (share.id.as_str(), share.link.as_deref()),
        ("s1", Some(LINK))
    );
    assert_eq!((share.title.as_str(), share.active), ("Spring", true));
    assert_eq!(share.external_id.as_deref(), Some("run-1"));
    let body = vendor.body(1);
    let detail = &body["shareDetail"];
    assert_eq!(detail["title"], "Spring [forebay:run-1]");
    assert_eq!(detail["allowDownloadOriginal"], true);
    let expires = crate::date::write(START + 14 * time::DAY);
    assert_eq!(detail["expires"], Json::from(expires));
    assert_eq!(body["contents"][1], json!({"scheme": "video", "id": "x"}));
}

#[test]
fn what_stands_in_the_list_is_not_made_again() {
    let vendor = vendor();
    vendor.on(Method::Get, LIST, 200, shares(&[listed("revoked")]));
    let share = canto(&vendor, settings()).create(&request()).unwrap();
    assert!(!share.active, "an ended one is the first share too");
    assert_eq!(puts(&vendor), 0);
}

#[test]
fn a_lost_answer_is_looked_into_where_that_can_be_done() {
    let vendor = vendor();
    vendor.on(Method::Get, LIST, 200, shares(&[]));
    vendor.on(Method::Get, LIST, 200, shares(&[listed("active")]));
    let lost = || Err(TransportError::Lost("cut".to_owned()));
    vendor.reply(Method::Put, BATCH, lost());
    let canto = canto(&vendor, settings());
    assert_eq!(canto.create(&request()).unwrap_err().case(), "unavailable");
    assert_eq!(canto.create(&request()).unwrap().id, "s1");
    assert_eq!(puts(&vendor), 1);
}

#[test]
fn a_lost_answer_is_uncertain_where_nobody_can_look() {
    let vendor = vendor();
    vendor.reply(
        Method::Put,
        BATCH,
        Err(TransportError::Lost("cut".to_owned())),
    );
    let first = canto(&vendor, json!({}));
    assert_eq!(first.create(&request()).unwrap_err().case(), "uncertain");
    let again = Canto::new(call_with(&vendor, json!({})).repeated(2).build()).unwrap();
    let error = again.create(&request()).unwrap_err();
    assert_eq!(error.case(), "uncertain");
    assert!(error.message().contains("sharing.list"), "{error}");
    assert_eq!(puts(&vendor), 1, "the second attempt does not send");
}

#[test]
fn without_a_list_the_link_is_the_id() {
    let vendor = vendor();
    vendor.reply(Method::Put, BATCH, text(&format!("\"{LINK}\"")));
    let share = canto(&vendor, json!({})).create(&request()).unwrap();
    assert_eq!(
        (share.id.as_str(), share.link.as_deref()),
        (LINK, Some(LINK))
    );
    let odd = super::vendor();
    odd.reply(Method::Put, BATCH, text("thanks"));
    let odd = canto(&odd, json!({})).create(&request()).unwrap_err();
    assert_eq!(
        odd.case(),
        "uncertain",
        "a share without its link may stand there"
    );
}

#[test]
fn what_canto_cannot_do_is_refused_before_anything_happens() {
    let vendor = vendor();
    let canto = canto(&vendor, settings());
    let mailed = ShareRequest {
        recipients: vec!["a@b.example".to_owned()],
        ..request()
    };
    let protected = ShareRequest {
        protected: true,
        ..request()
    };
    let marked = ShareRequest {
        watermark: true,
        ..request()
    };
    let album = ShareRequest {
        collection: Some("album/A9".to_owned()),
        ..request()
    };
    for (request, name) in [
        (mailed, "recipients"),
        (protected, "protected"),
        (marked, "watermark"),
        (album, "collection"),
    ] {
        let error = canto.create(&request).unwrap_err();
        assert!(
            error.is_unsupported() && error.message().starts_with(name),
            "{error}"
        );
    }
    let empty = ShareRequest {
        assets: Vec::new(),
        ..request()
    };
    assert_eq!(canto.create(&empty).unwrap_err().case(), "invalid");
    assert!(vendor.seen().is_empty());
}

#[test]
fn a_share_is_ended_once_by_id_or_link() {
    let vendor = vendor();
    vendor.on(Method::Get, LIST, 200, shares(&[listed("active")]));
    vendor.on(Method::Get, LIST, 200, shares(&[listed("revoked")]));
    vendor.on(Method::Delete, "/api/v1/share/s1", 200, json!("success"));
    let canto = canto(&vendor, settings());
    canto.revoke(LINK).unwrap();
    canto.revoke("s1").unwrap();
    let deletes = vendor
        .seen()
        .iter()
        .filter(|l| l.starts_with("DELETE"))
        .count();
    assert_eq!(deletes, 1, "ended already: nothing to do");
    assert!(canto.revoke("other").unwrap_err().is_not_found());
}

#[test]
fn an_end_that_does_not_show_is_not_believed() {
    let vendor = vendor();
    vendor.on(Method::Get, LIST, 200, shares(&[listed("active")]));
    vendor.on(Method::Delete, "/api/v1/share/s1", 200, json!("success"));
    let error = canto(&vendor, settings()).revoke("s1").unwrap_err();
    assert_eq!(error.case(), "unavailable");
}

#[test]
fn without_settings_listing_and_ending_are_unsupported() {
    let canto = canto(&vendor(), json!({}));
    assert!(canto.list(&query()).unwrap_err().is_unsupported());
    assert!(canto.revoke(LINK).unwrap_err().is_unsupported());
    assert!(canto.activity(START, None).unwrap_err().is_unsupported());
}

#[test]
fn shares_are_listed_by_asset_id_and_state_page_by_page() {
    let vendor = vendor();
    let mut ended = listed("active");
    ended["id"] = "s2".into();
    ended["expires"] = crate::date::write(START - 1).into();
    ended["title"] = "By hand [final]".into();
    let first = json!({"results": [listed("active")], "found": 2});
    vendor.on(Method::Get, LIST, 200, first);
    vendor.on(
        Method::Get,
        LIST,
        200,
        json!({"results": [ended], "found": 2}),
    );
    let canto = canto(&vendor, settings());
    let asked = ShareQuery {
        asset: Some("video/x".to_owned()),
        include_ended: true,
        ..query()
    };
    let page = canto.list(&asked).unwrap();
    assert_eq!(page.shares[0].download, DownloadRight::Original);
    let rest = ShareQuery {
        page: page.next,
        ..asked.clone()
    };
    let rest = canto.list(&rest).unwrap();
    let by_hand = &rest.shares[0];
    assert_eq!(
        (by_hand.title.as_str(), by_hand.active),
        ("By hand [final]", false)
    );
    assert_eq!((&by_hand.external_id, rest.next), (&None, None));
    let live = canto.list(&query()).unwrap();
    assert!(live.shares.is_empty(), "ended ones only where asked for");
}
