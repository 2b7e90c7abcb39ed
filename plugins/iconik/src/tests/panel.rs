//! Updates and the approval panel: look first, write what differs, never decide on another version.

use forebay_sdk::assets::*;
use forebay_sdk::http::{Method, TransportError};
use forebay_sdk::{Error, Value};
use serde_json::json;

use super::*;

fn approval(word: &str, votes: Json) -> Json {
    json!({"status": word, "users": ["ann"], "request_date": "2024-03-01T10:00:00Z", "approvals_by": votes})
}

fn own(word: &str) -> Json {
    json!({"user": OWN_USER, "status": word})
}

#[test]
fn only_what_differs_is_written_and_it_is_read_back() {
    let vendor = bare();
    let before = json!({"campaign": values(&["Spring"]), "run": values(&["old"])});
    let after = json!({"campaign": values(&["Spring"]), "run": values(&["run-7"]),
        "reviewed_at": values(&["2026-01-01T10:00:00+00:00"])});
    vendor
        .on(Method::Get, ASSET, 200, asset())
        .on(Method::Get, APPROVAL, 200, json!({"status": "N/A"}))
        .on(Method::Get, METADATA, 200, metadata(before))
        .on(Method::Get, METADATA, 200, metadata(after))
        .on(Method::Put, METADATA, 200, json!({}));
    let update = AssetUpdate::default()
        .field("campaign", "Spring")
        .field("run", "run-7")
        .field("reviewed_at", "2026-01-01T10:00:00Z")
        .guard("2024-03-01T10:00:00Z");
    let done = iconik(&vendor).update("a1", &update).unwrap();
    let told: Vec<_> = done
        .changes
        .iter()
        .map(|c| (c.subject.as_str(), c.before.as_str()))
        .collect();
    assert_eq!(told, [("field:run", "old"), ("field:reviewed_at", "")]);
    let sent = vendor
        .requests()
        .iter()
        .position(|r| r.method == Method::Put)
        .unwrap();
    assert_eq!(
        vendor.body(sent)["metadata_values"],
        json!({
            "run": {"field_values": [{"value": "run-7"}], "mode": "overwrite"},
            "reviewed_at": {"field_values": [{"value": "2026-01-01T10:00:00Z"}], "mode": "overwrite"},
        })
    );
    // The same once more: everything stands, so even a stale guard does not matter.
    let again = iconik(&vendor)
        .update("a1", &update.guard("stale"))
        .unwrap();
    assert!(again.changes.is_empty());
    assert_eq!(effects(&vendor).len(), 1);
}

#[test]
fn a_field_that_cannot_be_written_is_refused_before_anything_happens() {
    let vendor = vendor();
    let cases = [
        (AssetUpdate::default().field("nowhere", "x"), "invalid"),
        (AssetUpdate::default().field("locked", "x"), "invalid"),
        (AssetUpdate::default().field("takes", "many"), "invalid"),
        (
            AssetUpdate::default().field("campaign", Value::texts(["a", "b"])),
            "invalid",
        ),
        (AssetUpdate::default().add_tag("x"), "unsupported"),
    ];
    for (update, case) in cases {
        assert_eq!(
            iconik(&vendor).update("a1", &update).unwrap_err().case(),
            case,
            "{update:?}"
        );
    }
    assert!(effects(&vendor).is_empty());
}

#[test]
fn a_stale_guard_is_a_conflict_that_says_what_stands() {
    let vendor = vendor();
    let update = AssetUpdate::default().field("run", "x").guard("stale");
    match iconik(&vendor).update("a1", &update).unwrap_err() {
        Error::Conflict(why) => assert_eq!(why.current.as_deref(), Some("2024-03-01T10:00:00Z")),
        other => panic!("{other}"),
    }
    assert!(effects(&vendor).is_empty());
}

#[test]
fn an_own_earlier_attempt_does_not_stand_in_the_way() {
    let ours = with(asset(), json!({"updated_by_user": OWN_USER}));
    let script = || {
        let vendor = bare();
        vendor
            .on(Method::Get, ASSET, 200, ours.clone())
            .on(Method::Get, APPROVAL, 200, json!({"status": "N/A"}))
            .on(Method::Get, METADATA, 200, metadata(json!({})))
            .on(
                Method::Get,
                METADATA,
                200,
                metadata(json!({"run": values(&["x"])})),
            )
            .on(Method::Put, METADATA, 200, json!({}));
        vendor
    };
    let update = AssetUpdate::default()
        .field("run", "x")
        .guard("before-our-attempt");
    let again = Iconik::new(call(&script()).repeated(2).build()).unwrap();
    assert_eq!(again.update("a1", &update).unwrap().changes.len(), 1);
    assert!(
        iconik(&script())
            .update("a1", &update)
            .unwrap_err()
            .is_conflict(),
        "the first attempt"
    );
}

#[test]
fn a_lost_answer_is_called_again_and_what_is_trashed_is_not_written() {
    let lost = vendor();
    lost.reply(
        Method::Put,
        METADATA,
        Err(TransportError::Lost("cut".to_owned())),
    );
    let update = AssetUpdate::default().field("run", "x");
    assert_eq!(
        iconik(&lost).update("a1", &update).unwrap_err().case(),
        "unavailable"
    );

    let trashed = bare();
    trashed
        .on(
            Method::Get,
            ASSET,
            200,
            with(asset(), json!({"status": "DELETED"})),
        )
        .on(
            Method::Get,
            METADATA,
            404,
            json!({"errors": ["Object not found"]}),
        )
        .on(
            Method::Get,
            APPROVAL,
            404,
            json!({"errors": ["Object not found"]}),
        );
    assert!(
        iconik(&trashed)
            .update("a1", &update)
            .unwrap_err()
            .is_conflict()
    );
    assert!(effects(&trashed).is_empty());
}

#[test]
fn an_approval_is_voted_once_and_closes_what_waits_for_others() {
    let vendor = vendor_with_approvals(&[
        approval("REQUESTED", json!([])),
        approval("REQUESTED", json!([])),
        approval("REQUESTED", json!([own("APPROVED")])),
        with(
            approval("APPROVED", json!([own("APPROVED")])),
            json!({"min_number": 1}),
        ),
    ]);
    vendor
        .on(Method::Put, VOTES, 200, json!({}))
        .on(Method::Patch, REQUEST, 200, json!({}));
    let update = AssetUpdate::default().status(AssetStatus::Approved);
    let done = iconik(&vendor).update("a1", &update).unwrap();
    assert_eq!(done.asset.status, AssetStatus::Approved);
    assert_eq!(done.changes[0].before, "REQUESTED");
    assert_eq!(
        effects(&vendor),
        [format!("PUT {VOTES}"), format!("PATCH {REQUEST}")]
    );
    assert!(
        iconik(&vendor)
            .update("a1", &update)
            .unwrap()
            .changes
            .is_empty()
    );
}

#[test]
fn a_vote_against_ours_is_a_conflict() {
    let votes =
        json!([own("APPROVED"), {"external": "legal@example.test", "status": "NOT_APPROVED"}]);
    let vendor = vendor_with_approvals(&[
        approval("NOT_APPROVED", json!([])),
        approval("NOT_APPROVED", json!([])),
        approval("MIXED", votes),
    ]);
    vendor.on(Method::Put, VOTES, 200, json!({}));
    let update = AssetUpdate::default().status(AssetStatus::Approved);
    match iconik(&vendor).update("a1", &update).unwrap_err() {
        Error::Conflict(why) => assert_eq!(why.current.as_deref(), Some("MIXED")),
        other => panic!("{other}"),
    }
}

fn vendor_with_approvals(approvals: &[Json]) -> Recorded {
    let vendor = bare();
    vendor
        .on(Method::Get, ASSET, 200, asset())
        .on(Method::Get, METADATA, 200, metadata(json!({})));
    for approval in approvals {
        vendor.on(Method::Get, APPROVAL, 200, approval.clone());
    }
    vendor
}

#[test]
fn nothing_is_decided_or_asked_on_a_version_that_is_not_current() {
    let vendor = vendor();
    let iconik = iconik(&vendor);
    let request = ApprovalRequest {
        users: vec!["ann".to_owned()],
        groups: Vec::new(),
        quorum: 0,
    };
    for error in [
        iconik
            .decide("a1", "v0", ApprovalStatus::Approved)
            .unwrap_err(),
        iconik.request("a1", "v0", &request).unwrap_err(),
    ] {
        assert!(matches!(error, Error::Conflict(why) if why.current.as_deref() == Some("v1")));
    }
    assert!(effects(&vendor).is_empty());
}

#[test]
fn a_request_is_made_once_with_people_by_what_they_are() {
    let asked = json!({"status": "REQUESTED", "users": ["ann"], "externals": ["legal@example.test"],
        "groups": [], "request_date": "2024-03-01T10:00:00Z"});
    let vendor = vendor_with_approvals(&[json!({"status": "N/A"}), asked]);
    vendor.on(Method::Post, REQUEST, 201, json!({}));
    let users = vec!["ann".to_owned(), "legal@example.test".to_owned()];
    let request = ApprovalRequest {
        users,
        groups: Vec::new(),
        quorum: 0,
    };
    let made = iconik(&vendor).request("a1", "v1", &request).unwrap();
    assert_eq!((made.status, made.quorum), (ApprovalStatus::Requested, 0));
    assert_eq!(made.reviewers, ["ann", "legal@example.test"]);
    iconik(&vendor).request("a1", "v1", &request).unwrap();
    assert_eq!(effects(&vendor), [format!("POST {REQUEST}")]);
    let sent = vendor
        .requests()
        .iter()
        .position(|r| r.method == Method::Post)
        .unwrap();
    assert_eq!(
        vendor.body(sent).get("min_number"),
        None,
        "all are needed: the vendor's least is 1"
    );
}

#[test]
fn a_request_made_by_a_job_is_waited_for() {
    let vendor = vendor_with_approvals(&[json!({"status": "N/A"})]);
    vendor.on(Method::Post, REQUEST, 202, json!({"job_id": "j"}));
    let request = ApprovalRequest {
        users: Vec::new(),
        groups: vec!["g".to_owned()],
        quorum: 1,
    };
    assert_eq!(
        iconik(&vendor)
            .request("a1", "v1", &request)
            .unwrap_err()
            .case(),
        "unavailable"
    );
}

#[test]
fn what_is_put_back_to_pending_loses_our_vote_and_is_asked_for() {
    let vendor = vendor_with_approvals(&[
        json!({"status": "APPROVED", "approvals_by": [own("APPROVED")]}),
        json!({"status": "APPROVED", "approvals_by": [own("APPROVED")]}),
        approval("REQUESTED", json!([])),
    ]);
    vendor
        .on(Method::Delete, VOTES, 204, Json::Null)
        .on(Method::Post, REQUEST, 201, json!({}));
    let update = AssetUpdate::default().status(AssetStatus::Pending);
    let done = iconik(&vendor).update("a1", &update).unwrap();
    assert_eq!(done.asset.status, AssetStatus::Pending);
    assert_eq!(
        effects(&vendor),
        [format!("DELETE {VOTES}"), format!("POST {REQUEST}")]
    );
    let sent = vendor
        .requests()
        .iter()
        .position(|r| r.method == Method::Post)
        .unwrap();
    assert_eq!(vendor.body(sent)["users"], json!([OWN_USER]));
}
