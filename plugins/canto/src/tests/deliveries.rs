//! Webhooks: payloads are hints, identities come from what is read.

use forebay_sdk::connector::WebhookRequest;
use forebay_sdk::http::Method;
use forebay_sdk::testing::START;
use forebay_sdk::{Connector, Entity, Error, Event, EventSource, FieldsExt, Value, time};
use serde_json::{Value as Json, json};

use super::{HERO, call, canto, changed, hero, vendor, version};
use crate::Canto;

fn delivery(endpoint: &str, body: &Json) -> WebhookRequest {
    WebhookRequest {
        endpoint: endpoint.to_owned(),
        method: "POST".to_owned(),
        path: format!("/hooks/test/{endpoint}"),
        headers: Vec::new(),
        body: body.to_string().into_bytes(),
        received_at: START,
    }
}

fn hint() -> Json {
    json!({"secure_token": "forebay-secret:webhook_token", "scheme": "image", "id": "abc",
           "album": "A9", "displayname": "hero.jpg"})
}

fn events(endpoint: &str, asset: Json) -> Result<Vec<Event>, Error> {
    let vendor = vendor();
    vendor.on(Method::Get, HERO, 200, asset);
    canto(&vendor).webhook(&delivery(endpoint, &hint()))
}

#[test]
fn an_upload_is_a_creation_known_by_its_first_version() {
    let events = events("upload", hero()).unwrap();
    let [event] = events.as_slice() else {
        panic!("{events:?}")
    };
    assert_eq!(event.kind, "asset.created");
    assert_eq!(event.entity, Entity::new("asset", "image/abc"));
    assert_eq!(
        (event.change_token.as_str(), event.version.as_deref()),
        ("v1", Some("v1"))
    );
    assert_eq!(event.actor.as_deref(), Some("u1"));
    assert_eq!(event.data.text("kind"), Some("image"));
    assert_eq!(event.data.text("uploader"), Some("u1"));
    assert_eq!(
        event.data.value("paths"),
        Some(&Value::texts(["/Campaigns/Spring"]))
    );
    assert!(event.raw_digest.is_some());
}

#[test]
fn an_upload_to_an_old_asset_is_a_version_and_no_creation() {
    let versions = [
        version(1, "v1", false, "20251201100000000"),
        version(2, "v2", true, "20260101115900000"),
    ];
    let events = events("upload", changed(json!({"versionHistory": versions}))).unwrap();
    let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["asset.version-current"]);
    assert_eq!(events[0].change_token, "v2");
}

#[test]
fn an_older_version_made_current_again_is_another_happening() {
    let versions = [
        version(1, "v1", true, "20251201100000000"),
        version(2, "v2", false, "20251202100000000"),
    ];
    let events = events("new-version", changed(json!({"versionHistory": versions}))).unwrap();
    assert_eq!(events[0].version.as_deref(), Some("v1"));
    assert_eq!(events[0].change_token, "v1@2");
}

#[test]
fn an_update_by_the_integration_with_a_marker_carries_its_run() {
    let marked = |by: &str, run: Json| {
        let asset = changed(json!({
            "time": "20260101115959123",
            "default": {"Modified by": by}, "additional": {"review_run": run},
        }));
        events("update-metadata", asset).unwrap().remove(0)
    };
    let own = marked("Forebay Integration", json!("run-7"));
    assert_eq!(own.origin.as_deref(), Some("run-7"));
    assert_eq!(own.change_token, "20260101115959123");
    assert_eq!(marked("Ann Example", json!("run-7")).origin, None);
    assert_eq!(marked("Forebay Integration", Json::Null).origin, None);
}

#[test]
fn an_assignment_is_also_about_the_album() {
    let events = events("assign-to-album", hero()).unwrap();
    assert_eq!(events[0].kind, "collection.added");
    assert_eq!(events[0].related, [Entity::new("collection", "album/A9")]);
}

#[test]
fn leaving_an_album_is_believed_only_when_the_asset_is_out_of_it() {
    let out = changed(json!({"relatedAlbums": []}));
    let events = |asset| events("remove-from-album", asset);
    let told = events(out).unwrap();
    assert_eq!(told[0].kind, "collection.removed");
    assert_eq!(told[0].related, [Entity::new("collection", "album/A9")]);
    assert_eq!(events(hero()).unwrap_err().case(), "unavailable");
}

#[test]
fn what_the_api_does_not_show_yet_is_asked_for_again_until_it_should() {
    let vendor = vendor();
    vendor.on(Method::Get, HERO, 404, Json::Null);
    let at = |now| Canto::new(call(&vendor).now(now).build()).unwrap();
    let upload = delivery("upload", &hint());
    let error = at(START).webhook(&upload).unwrap_err();
    assert_eq!(error.case(), "unavailable");
    assert_eq!(at(START + 11 * time::MINUTE).webhook(&upload).unwrap(), []);

    let alone = events("assign-to-album", changed(json!({"relatedAlbums": null})));
    assert_eq!(alone.unwrap_err().case(), "unavailable");
    assert_eq!(
        events("new-version", hero()).unwrap_err().case(),
        "unavailable"
    );
}

#[test]
fn a_deletion_is_believed_only_when_the_asset_is_gone() {
    let gone = vendor();
    gone.on(Method::Get, HERO, 404, Json::Null);
    let first = canto(&gone).webhook(&delivery("delete", &hint())).unwrap();
    assert_eq!(first[0].kind, "asset.deleted");
    assert_eq!(first[0].data.text("name"), Some("hero.jpg"));

    let again = |at| {
        let request = WebhookRequest {
            received_at: at,
            ..delivery("delete", &hint())
        };
        canto(&gone)
            .webhook(&request)
            .unwrap()
            .remove(0)
            .change_token
    };
    assert_eq!(
        again(START + time::MINUTE),
        first[0].change_token,
        "a repeated delivery"
    );
    assert_ne!(
        again(START + time::HOUR),
        first[0].change_token,
        "deleted again after a restore"
    );

    assert_eq!(events("delete", hero()).unwrap_err().case(), "unavailable");
}

#[test]
fn a_404_without_a_good_token_is_no_deletion() {
    let blind = forebay_sdk::testing::Recorded::new();
    blind
        .on(Method::Get, HERO, 404, Json::Null)
        .on(Method::Get, "/api/v1/", 404, Json::Null);
    let error = canto(&blind)
        .webhook(&delivery("delete", &hint()))
        .unwrap_err();
    assert_eq!(error.case(), "denied");
}

#[test]
fn folders_are_ignored_and_nonsense_is_refused() {
    let vendor = vendor();
    let folder = json!({"scheme": "folder", "id": "F1"});
    assert_eq!(
        canto(&vendor)
            .webhook(&delivery("upload", &folder))
            .unwrap(),
        []
    );
    for wrong in [json!({}), json!("text"), json!({"scheme": "image"})] {
        let error = canto(&vendor)
            .webhook(&delivery("upload", &wrong))
            .unwrap_err();
        assert_eq!(error.case(), "invalid", "{wrong}");
    }
    let unknown = canto(&vendor).webhook(&delivery("other", &hint()));
    assert_eq!(unknown.unwrap_err().case(), "invalid");
}

#[test]
fn a_person_is_told_which_address_belongs_to_which_event() {
    let findings = canto(&vendor()).arm("https://forebay.test/").unwrap();
    let told = |event: &str, url: &str| {
        findings
            .iter()
            .any(|f| f.message.contains(event) && f.message.contains(url))
    };
    assert!(
        told("\"Upload\"", "https://forebay.test/hooks/test/upload"),
        "{findings:?}"
    );
    assert!(told(
        "\"Delete Asset\"",
        "https://forebay.test/hooks/test/delete"
    ));
    assert_eq!(findings.len(), 6);
}
