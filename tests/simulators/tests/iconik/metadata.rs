//! Metadata, search and access.

use forebay_simulators::iconik::NewAsset;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{ANN, MINUTE, world};

#[tokio::test]
async fn metadata_is_read_and_written_through_a_view() {
    let world = world().await;
    let id = world.clip();
    let view = world.iconik.workflow_view();
    let path = format!("metadata/v1/assets/{id}/views/{view}/");
    let value = |field: &str, value: &str, mode: &str| json!({"metadata_values": {field: {"field_values": [{"value": value}], "mode": mode}}});
    assert_eq!(
        world
            .put(&path, value("territories", "DE", "overwrite"))
            .await
            .0,
        200
    );
    let (_, told) = world.put(&path, value("territories", "FR", "append")).await;
    let both = json!({"field_values": [{"value": "DE"}, {"value": "FR"}]});
    assert_eq!(
        told["metadata_values"]["territories"], both,
        "mode is not told"
    );
    let (_, told) = world.put(&path, value("territories", "DE", "delete")).await;
    assert_eq!(
        told["metadata_values"]["territories"]["field_values"],
        json!([{"value": "FR"}])
    );
    assert_eq!(
        world
            .put(&path, value("nonsense", "x", "overwrite"))
            .await
            .0,
        400
    );
    let two =
        json!({"metadata_values": {"region": {"field_values": [{"value": "a"}, {"value": "b"}]}}});
    assert_eq!(world.put(&path, two).await.0, 400);
    assert_eq!(world.get(&path).await["object_id"], json!(id));
    assert_eq!(
        world.get(&format!("metadata/v1/assets/{id}/")).await["metadata_values"]["territories"]["field_values"]
            [0]["value"],
        "FR"
    );
    assert_eq!(
        world.get("metadata/v1/views/").await["objects"][0]["name"],
        "Workflow"
    );
    let after = world
        .get("metadata/v1/fields/?last_field_name=title&per_page=100")
        .await;
    assert_eq!(after["objects"][0]["name"], "usage_rights");
    let first = world.iconik.asset(&id).unwrap();
    world
        .post(&format!("assets/v1/assets/{id}/versions/"), json!({}))
        .await;
    assert_eq!(
        world.get(&path).await["metadata_values"],
        json!({}),
        "a new version starts empty"
    );
    assert_ne!(world.iconik.asset(&id).unwrap().modified, first.modified);
}

#[tokio::test]
async fn search_filters_sorts_and_goes_on_after_the_last() {
    let world = world().await;
    for (title, state) in [("a", "Pending"), ("b", "Expired"), ("c", "Pending")] {
        world
            .iconik
            .add_asset(NewAsset::new(title, "x", ANN).with("review_state", state));
        world.clock.advance(MINUTE);
    }
    let search = async |extra: Value| {
        let mut body =
            json!({"doc_types": ["assets"], "sort": [{"name": "date_modified", "order": "asc"}]});
        body.as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        world.post("search/v1/search/?per_page=2", body).await.1
    };
    let titles = |page: &Value| -> Vec<String> {
        page["objects"]
            .as_array()
            .unwrap()
            .iter()
            .map(|o| o["title"].as_str().unwrap().to_owned())
            .collect()
    };
    let page = search(json!({})).await;
    assert_eq!(
        (titles(&page), &page["total"]),
        (vec!["a".to_owned(), "b".to_owned()], &json!(3))
    );
    let next = search(json!({"search_after": page["objects"][1]["_sort"]})).await;
    assert_eq!(titles(&next), ["c"]);
    let pending = search(json!({"filter": {"operator": "AND", "terms": [
        {"name": "status", "value": "ACTIVE"}, {"name": "metadata.review_state", "value_in": ["Pending"]}]}})).await;
    assert_eq!(titles(&pending), ["a", "c"]);
    let recent = search(json!({"filter": {"operator": "AND", "terms": [
        {"name": "date_modified", "range": {"min": "2024-03-01T10:01:00Z"}}]}}))
    .await;
    assert_eq!(titles(&recent), ["b", "c"]);
    let either = search(json!({"filter": {"operator": "OR", "terms": [
        {"name": "title", "value": "b"}, {"name": "metadata.run", "exists": true}]}}))
    .await;
    assert_eq!(titles(&either), ["b"]);
    let absent = search(json!({"filter": {"terms": [{"name": "metadata.run", "missing": true}]}, "include_fields": ["id"]})).await;
    assert!(absent["objects"][0].get("title").is_none());
    assert_eq!(search(json!({"query": "C"})).await["total"], 1);
}

#[tokio::test]
async fn templates_replace_access_which_can_be_put_back() {
    let world = world().await;
    let id = world.clip();
    let template = world.iconik.add_template(
        "in-review",
        &[("g1", &["read"]), ("g2", &["read", "write"])],
    );
    assert_eq!(
        world.get("acls/v1/acl/templates/").await["objects"][0]["name"],
        "in-review"
    );
    let standing = format!("acls/v1/acl/assets/{id}/");
    let grant =
        json!({"object_keys": [id], "permissions": ["read"], "user_ids": [ANN], "mode": "APPEND"});
    world.put("acls/v1/acl/assets/", grant).await;
    let before = world.get(&standing).await;
    assert_eq!(
        before["users_acl"],
        json!([{"user_id": ANN, "permissions": ["read"]}])
    );
    assert_eq!(
        world
            .post(
                &format!("acls/v1/acl/templates/{template}/assets/{id}/"),
                json!({})
            )
            .await
            .0,
        200
    );
    let held = world.get(&standing).await;
    assert_eq!(
        (&held["users_acl"], &held["groups_acl"][1]["permissions"]),
        (&json!([]), &json!(["read", "write"]))
    );
    let back = json!({"object_keys": [id], "permissions": ["read"], "user_ids": [ANN], "mode": "OVERWRITE"});
    world.put("acls/v1/acl/assets/", back).await;
    assert_eq!(world.get(&standing).await, before);
    world
        .put(
            &format!("acls/v1/groups/g9/acl/assets/{id}/"),
            json!({"permissions": ["read"]}),
        )
        .await;
    assert_eq!(
        world.get(&standing).await["groups_acl"][0]["group_id"],
        "g9"
    );
    let gone = world
        .send(
            Method::DELETE,
            &format!("acls/v1/groups/g9/acl/assets/{id}/"),
            Value::Null,
        )
        .await;
    assert_eq!(gone.0, 204);
    assert_eq!(
        world
            .post(
                &format!("acls/v1/acl/templates/nope/assets/{id}/"),
                json!({})
            )
            .await
            .0,
        404
    );
}
