//! Editing assets: status, expiry, fields, tags.

use crate::support::*;

#[tokio::test]
async fn an_edit_answers_plain_text_and_changes_status_fields_and_time() {
    let world = world().await;
    let id = world.hero();
    world.clock.advance(MINUTE);
    let properties = json!([
        {"propertyId": "approvalStatus", "propertyValue": "Approved", "action": "", "customField": false},
        {"propertyId": "review_state", "propertyValue": "approved", "action": "", "customField": true}]);
    assert_eq!(
        world.edit(&id, properties).await,
        (StatusCode::OK, "success".to_owned())
    );
    let asset = world.detail(&id).await;
    assert_eq!(asset["approvalStatus"], "Approved");
    assert_eq!(asset["additional"]["review_state"], "approved");
    assert_eq!(asset["time"], date(START.plus(MINUTE)));
    assert_eq!(asset["default"]["Modified by"], "Forebay Integration");
    let recorder = world.canto.frame().recorder();
    assert_eq!(
        (
            recorder.effects("set-status"),
            recorder.effects("set-field")
        ),
        (1, 1)
    );
}

#[tokio::test]
async fn an_edit_with_an_unknown_property_or_field_changes_nothing() {
    let world = world().await;
    let id = world.hero();
    world.canto.remove_field("review_state");
    let properties = json!([
        {"propertyId": "Author", "propertyValue": "x"},
        {"propertyId": "review_state", "propertyValue": "x", "customField": true}]);
    let (status, why) = world.edit(&id, properties).await;
    assert_eq!(
        (status, why.as_str()),
        (
            StatusCode::BAD_REQUEST,
            "unknown custom field \"review_state\""
        )
    );
    assert_eq!(world.detail(&id).await["default"]["Author"], Value::Null);
    assert_eq!(world.set(&id, "Nonsense", "x").await.0, 400);
    assert_eq!(world.canto.frame().recorder().effects("set-field"), 0);
}

#[tokio::test]
async fn the_status_property_has_another_name_or_none_where_set_up_so() {
    let named = CantoOptions {
        approval_property: Some("Approval".to_owned()),
        ..CantoOptions::default()
    };
    let world = world_with(named).await;
    let id = world.hero();
    assert_eq!(world.set(&id, "approvalStatus", "Approved").await.0, 400);
    assert_eq!(world.set(&id, "Approval", "Approved").await.0, 200);
    let none = CantoOptions {
        approval_property: None,
        ..CantoOptions::default()
    };
    let world = world_with(none).await;
    let id = world.hero();
    assert_eq!(world.set(&id, "approvalStatus", "Approved").await.0, 400);
    let field =
        json!([{"propertyId": "review_state", "propertyValue": "Approved", "customField": true}]);
    assert_eq!(world.edit(&id, field).await.0, 200);
}

#[tokio::test]
async fn expiry_belongs_to_approved_assets_which_expire_by_themselves() {
    let world = world().await;
    let id = world.hero();
    let in_an_hour = date(START.plus(60 * MINUTE));
    let (status, why) = world.set(&id, "expirationDate", &in_an_hour).await;
    assert_eq!(status, 400);
    assert_eq!(why, "an expiration date can be set on approved assets only");
    let both = json!([{"propertyId": "expirationDate", "propertyValue": in_an_hour},
                      {"propertyId": "approvalStatus", "propertyValue": "Approved"}]);
    assert_eq!(world.edit(&id, both).await.0, 200);
    assert_eq!(world.detail(&id).await["expirationDate"], json!(in_an_hour));
    world.clock.advance(59 * MINUTE);
    assert_eq!(world.detail(&id).await["approvalStatus"], "Approved");
    world.clock.advance(MINUTE);
    let expired = world.detail(&id).await;
    assert_eq!(
        (&expired["approvalStatus"], &expired["time"]),
        (&json!("Expired"), &json!(in_an_hour))
    );
    assert_eq!(world.set(&id, "approvalStatus", "Approved").await.0, 200);
    world.set(&id, "approvalStatus", "Restricted").await;
    assert!(world.detail(&id).await.get("expirationDate").is_none());
}

#[tokio::test]
async fn with_approvals_off_everything_is_approved_and_no_status_can_be_set() {
    let world = world().await;
    let id = world.hero();
    let offers = async || {
        world
            .get("/api/v1/batch/edit")
            .await
            .to_string()
            .contains("approvalStatus")
    };
    assert!(offers().await);
    world.canto.set_approvals(false);
    assert!(!offers().await);
    assert_eq!(world.detail(&id).await["approvalStatus"], "Approved");
    let (status, why) = world.set(&id, "approvalStatus", "Pending").await;
    assert_eq!(
        (status, why.as_str()),
        (
            StatusCode::BAD_REQUEST,
            "approval management is switched off"
        )
    );
}

#[tokio::test]
async fn bulk_detail_names_what_it_did_not_find() {
    let world = world().await;
    let id = world.hero();
    let wanted = json!([{"scheme": "image", "id": id.id}, {"scheme": "video", "id": id.id}]);
    let reply = world
        .call(Method::POST, "/api/v1/batch/content")
        .json(&wanted)
        .send()
        .await
        .unwrap();
    let reply: Value = reply.json().await.unwrap();
    assert_eq!(reply["docResult"][0]["name"], "hero.jpg");
    assert_eq!(reply["failed"], json!([{"scheme": "video", "id": id.id}]));
}

#[tokio::test]
async fn tags_attach_once_and_detach() {
    let world = world().await;
    let id = world.hero();
    let path = format!("/api/v1/{id}/tag/spring");
    for _ in 0..2 {
        assert_eq!(
            world
                .call(Method::PUT, &path)
                .send()
                .await
                .unwrap()
                .status(),
            200
        );
    }
    assert_eq!(world.detail(&id).await["tag"], json!(["spring"]));
    assert_eq!(
        world.get("/api/v1/search?tags=%2Bspring%2Bsea").await["found"],
        0
    );
    assert_eq!(
        world.get("/api/v1/search?tags=%7Cspring%7Csea").await["found"],
        1
    );
    world.call(Method::DELETE, &path).send().await.unwrap();
    assert_eq!(world.detail(&id).await["tag"], json!([]));
    let keyword = format!("/api/v1/{id}/keyword/beach");
    world.call(Method::PUT, &keyword).send().await.unwrap();
    assert_eq!(world.detail(&id).await["keyword"], json!(["beach"]));
    let renamed = world
        .call(Method::PUT, &format!("/api/v1/{id}/rename"))
        .json(&json!({"name": "h.jpg"}));
    assert_eq!(renamed.send().await.unwrap().status(), 200);
    assert_eq!(world.detail(&id).await["name"], "h.jpg");
}
