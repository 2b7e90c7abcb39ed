//! Shares, the life of files, relations, placeholders, custom actions.

use forebay_sdk::connector::{Header, WebhookRequest};
use forebay_sdk::http::{Method, TransportError};
use forebay_sdk::{EventSource, FieldsExt, assets::*};
use serde_json::json;

use super::*;

const SHARES: &str = "/API/assets/v1/assets/a1/shares/";
const JOBS: &str = "/API/jobs/v1/jobs/";
const FORMATS: &str = "/API/files/v1/assets/a1/formats/";
const SETS: &str = "/API/files/v1/assets/a1/file_sets/";

fn share(title: &str) -> Json {
    json!({"id": "s1", "object_id": "a1", "object_type": "assets", "title": title,
        "url": "https://iconik.test/share/s1", "allow_download_proxy": true, "users": []})
}

fn request() -> ShareRequest {
    ShareRequest {
        assets: vec!["a1".to_owned()],
        collection: None,
        title: "Press".to_owned(),
        message: None,
        recipients: Vec::new(),
        download: DownloadRight::Proxy,
        watermark: false,
        protected: false,
        expires_at: None,
        external_id: "run-1:share".to_owned(),
    }
}

#[test]
fn a_share_carries_our_id_in_its_title_and_is_made_once() {
    let vendor = Recorded::new();
    let made = share("Press [fb:run-1:share]");
    vendor
        .on(Method::Get, SHARES, 200, json!({"objects": []}))
        .on(Method::Get, SHARES, 200, json!({"objects": [made.clone()]}))
        .on(
            Method::Post,
            "/API/assets/v1/assets/a1/shares/url/",
            200,
            made,
        );
    let first = Sharing::create(&iconik(&vendor), &request()).unwrap();
    assert_eq!(vendor.body(1)["title"], "Press [fb:run-1:share]");
    assert_eq!(
        (first.title.as_str(), first.id.as_str()),
        ("Press", "assets/a1/s1")
    );
    assert_eq!(first.external_id.as_deref(), Some("run-1:share"));
    let second = Sharing::create(&iconik(&vendor), &request()).unwrap();
    assert_eq!((second.id, effects(&vendor).len()), (first.id, 1));
}

#[test]
fn a_revoked_share_may_be_revoked_again() {
    let vendor = Recorded::new();
    let address = format!("{SHARES}s1/");
    vendor.on(Method::Delete, &address, 204, Json::Null).on(
        Method::Delete,
        &address,
        404,
        json!({"errors": ["gone"]}),
    );
    for _ in 0..2 {
        iconik(&vendor).revoke("assets/a1/s1").unwrap();
    }
    assert!(iconik(&vendor).revoke("s1").unwrap_err().is_not_found());
}

/// An asset whose original stands on `Main` and, where `archived`, in the archive.
fn stored(status: &str, jobs: &Json, archived: bool) -> Recorded {
    let vendor = Recorded::new();
    let mut sets =
        vec![json!({"id": "set-1", "format_id": "fo1", "storage_id": "st1", "status": "ACTIVE"})];
    if archived {
        sets.push(
            json!({"id": "set-2", "format_id": "fo1", "storage_id": "st2",
            "status": "ARCHIVED", "is_archive": true}),
        );
    }
    let file =
        json!({"id": "f1", "status": "CLOSED", "type": "FILE", "size": 7, "checksum": "abc"});
    let files = json!({"objects": [file]});
    let storages = json!({"objects": [
        {"id": "st1", "name": "Main", "purpose": "FILES", "status": "ACTIVE"},
        {"id": "st2", "name": "Vault", "purpose": "ARCHIVE", "status": "ACTIVE"}]});
    let format = json!({"id": "fo1", "name": "ORIGINAL", "status": "ACTIVE",
        "version_id": "v1", "archive_status": status});
    vendor
        .on(Method::Get, ASSET, 200, asset())
        .on(Method::Get, FORMATS, 200, json!({"objects": [format]}))
        .on(Method::Get, SETS, 200, json!({"objects": sets}))
        .on(Method::Get, "/API/files/v1/storages/", 200, storages)
        .on(
            Method::Get,
            "/API/files/v1/file_sets/set-1/files/",
            200,
            files.clone(),
        )
        .on(
            Method::Get,
            "/API/files/v1/file_sets/set-2/files/",
            200,
            files,
        )
        .on(Method::Get, JOBS, 200, json!({"objects": jobs}))
        .on(
            Method::Post,
            &format!("{FORMATS}fo1/archive/"),
            202,
            Json::Null,
        )
        .on(
            Method::Post,
            &format!("{FORMATS}fo1/restore/"),
            202,
            Json::Null,
        )
        .on(Method::Delete, &format!("{SETS}set-1/"), 204, Json::Null);
    vendor
}

#[test]
fn the_archive_state_is_told_by_the_format_and_by_jobs() {
    let job = |kind: &str, status: &str| json!([{"id": "j1", "type": kind, "status": status, "error_message": "no tape"}]);
    for (word, jobs, state) in [
        ("NOT_ARCHIVED", json!([]), ArchiveState::Online),
        (
            "NOT_ARCHIVED",
            job("ARCHIVE", "STARTED"),
            ArchiveState::Archiving,
        ),
        ("ARCHIVING", json!([]), ArchiveState::Archiving),
        (
            "ARCHIVED",
            job("ARCHIVE", "FINISHED"),
            ArchiveState::Archived,
        ),
        (
            "ARCHIVED",
            job("RESTORE", "STARTED"),
            ArchiveState::Restoring,
        ),
        ("ARCHIVED", job("RESTORE", "FAILED"), ArchiveState::Failed),
        (
            "FAILED_TO_ARCHIVE",
            job("ARCHIVE", "FAILED"),
            ArchiveState::Failed,
        ),
    ] {
        let found = iconik(&stored(word, &jobs, false)).state("a1").unwrap();
        assert_eq!(found.state, state, "{word} {jobs}");
        assert_eq!(found.failure.is_some(), state == ArchiveState::Failed);
    }
}

#[test]
fn an_archive_is_asked_for_once_and_keeps_the_copy_at_hand() {
    let vendor = stored("NOT_ARCHIVED", &json!([]), false);
    iconik(&vendor).archive("a1", Some("Vault")).unwrap();
    let bodies: Vec<Json> = (0..vendor.requests().len())
        .filter(|place| vendor.seen()[*place].starts_with("POST"))
        .map(|place| vendor.body(place))
        .collect();
    let wanted = json!({"delete_original": false, "destination_storage_id": "st2"});
    assert_eq!(bodies, [wanted]);
    for word in ["ARCHIVING", "ARCHIVED"] {
        let vendor = stored(word, &json!([]), true);
        iconik(&vendor).archive("a1", None).unwrap();
        assert!(effects(&vendor).is_empty());
    }
    let unknown = iconik(&vendor).archive("a1", Some("Attic")).unwrap_err();
    assert_eq!(unknown.case(), "invalid");
}

#[test]
fn the_only_complete_copy_is_not_removed() {
    let vendor = stored("NOT_ARCHIVED", &json!([]), false);
    assert!(
        iconik(&vendor)
            .remove_copy("a1", "Main")
            .unwrap_err()
            .is_conflict()
    );
    let vendor = stored("ARCHIVED", &json!([]), true);
    iconik(&vendor).remove_copy("a1", "Main").unwrap();
    assert_eq!(effects(&vendor).len(), 1);
    iconik(&vendor).remove_copy("a1", "Elsewhere").unwrap();
    assert_eq!(effects(&vendor).len(), 1);
}

#[test]
fn only_what_is_in_the_delete_queue_is_purged() {
    let vendor = vendor();
    assert!(iconik(&vendor).purge("a1").unwrap_err().is_conflict());
    let gone = Recorded::new();
    gone.on(
        Method::Get,
        ASSET,
        404,
        json!({"errors": ["Asset not found"]}),
    );
    iconik(&gone).purge("a1").unwrap();
    assert!(effects(&vendor).is_empty() && effects(&gone).is_empty());
}

#[test]
fn a_relation_makes_its_type_once() {
    let vendor = Recorded::new();
    let relations = "/API/assets/v1/assets/a1/relations/";
    let types = "/API/assets/v1/assets/relation_types/";
    let related = json!({"objects": [{"id": "b1", "relations": [
        {"relation_type": "derived", "related_from_asset_id": "a1", "related_to_asset_id": "b1"}]}]});
    vendor
        .on(Method::Get, relations, 200, json!({"objects": []}))
        .on(Method::Get, relations, 200, related)
        .on(Method::Get, types, 200, json!({"objects": []}))
        .on(Method::Post, types, 201, json!({}))
        .on(Method::Post, relations, 201, json!({}));
    let iconik = iconik(&vendor);
    iconik.link("derived", "a1", "b1").unwrap();
    iconik.link("derived", "a1", "b1").unwrap();
    assert_eq!(effects(&vendor).len(), 2);
    let listed = Relations::list(&iconik, "a1", None).unwrap().relations;
    assert_eq!((listed[0].other.as_str(), listed[0].outgoing), ("b1", true));
}

#[test]
fn a_placeholder_whose_reply_was_lost_is_found_or_left_to_a_person() {
    let vendor = Recorded::new();
    let search = "/API/search/v1/search/";
    vendor
        .on(Method::Post, search, 200, json!({"objects": []}))
        .reply(
            Method::Post,
            "/API/assets/v1/assets/",
            Err(TransportError::Lost("cut".into())),
        );
    let request = PlaceholderRequest {
        title: "16:9".to_owned(),
        collection: None,
        fields: Vec::new(),
        external_id: "line-1".to_owned(),
    };
    let lost = Placeholders::create(&iconik(&vendor), &request).unwrap_err();
    assert_eq!(lost.case(), "unavailable");
    let again = Iconik::new(call(&vendor).repeated(2).build()).unwrap();
    let open = Placeholders::create(&again, &request).unwrap_err();
    assert_eq!(open.case(), "uncertain");
}

#[test]
fn an_invocation_names_all_that_was_selected() {
    let body = json!({"user_id": "uma", "context": "BULK", "action_id": "act-1",
        "asset_ids": ["a1", "a2"], "collection_ids": ["c1"],
        "metadata_values": {"territory": {"field_values": [{"value": "US"}, {"value": "DE"}]}},
        "date_created": "2024-03-01T10:00:00Z"});
    let name = Header {
        name: "x-forebay-action".to_owned(),
        value: "Clear".to_owned(),
    };
    let delivery = WebhookRequest {
        endpoint: "actions".to_owned(),
        method: "POST".to_owned(),
        path: "/".to_owned(),
        headers: vec![name],
        body: body.to_string().into_bytes(),
        received_at: 0,
    };
    let events = iconik(&Recorded::new()).webhook(&delivery).unwrap();
    assert_eq!(events.len(), 2);
    let related: Vec<&str> = events[1]
        .related
        .iter()
        .map(|other| other.id.as_str())
        .collect();
    assert_eq!(
        (events[1].entity.id.as_str(), related),
        ("a2", vec!["a1", "c1"])
    );
    let data = &events[0].data;
    assert_eq!(data.text("action-name"), Some("Clear"));
    assert_eq!(data.text("invocation"), events[1].data.text("invocation"));
    assert_eq!(events[0].actor.as_deref(), Some("uma"));
}
