//! Assets: the delete queue, versions, approvals, comments, collections.

use forebay_simulators::iconik::INTEGRATION_USER;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{ANN, BOB, world};

#[tokio::test]
async fn an_asset_goes_to_the_delete_queue_comes_back_and_is_purged() {
    let world = world().await;
    let id = world.clip();
    let path = format!("assets/v1/assets/{id}/");
    assert_eq!(world.delete(&path).await, 204);
    assert_eq!(world.get(&path).await["status"], "DELETED");
    assert_eq!(world.get("assets/v1/assets/").await["total"], 0);
    assert_eq!(
        world.get("assets/v1/delete_queue/assets/").await["total"],
        1
    );
    assert_eq!(
        world.put(&format!("{path}restore/"), Value::Null).await.0,
        204
    );
    assert_eq!(world.get(&path).await["status"], "ACTIVE");
    let early = world
        .send(Method::DELETE, &format!("{path}purge/"), Value::Null)
        .await;
    assert_eq!(early.0, 404, "only what is in the queue can be purged");
    world
        .post("assets/v1/delete_queue/assets/", json!({"ids": [id]}))
        .await;
    assert_eq!(
        world
            .post("assets/v1/delete_queue/assets/purge/", json!({"ids": [id]}))
            .await
            .0,
        204
    );
    assert_eq!(world.status_of(&path).await, 404);
}

#[tokio::test]
async fn versions_are_made_with_200_and_promoted() {
    let world = world().await;
    let id = world.clip();
    let path = format!("assets/v1/assets/{id}/versions/");
    let (status, made) = world.post(&path, json!({"copy_metadata": true})).await;
    assert_eq!(
        (status, made["versions"].as_array().unwrap().len()),
        (200, 2)
    );
    let first = made["versions"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        world
            .put(&format!("{path}{first}/promote/"), Value::Null)
            .await
            .0,
        204
    );
    assert_eq!(world.iconik.asset(&id).unwrap().current(), first);
    assert_eq!(
        world
            .put(&format!("{path}nope/promote/"), Value::Null)
            .await
            .0,
        404
    );
}

#[tokio::test]
async fn approvals_belong_to_versions_and_may_be_mixed() {
    let world = world().await;
    let id = world.clip();
    let path = format!("assets/v1/assets/{id}/approvals/");
    let status = async || world.get(&format!("{path}request/")).await["status"].clone();
    assert_eq!(status().await, "N/A");
    let body = json!({"users": [ANN], "externals": ["legal@example.test"], "min_number": 1});
    let (code, approval) = world.post(&format!("{path}request/"), body).await;
    assert_eq!((code, &approval["status"]), (201, &json!("REQUESTED")));
    assert_eq!(approval["requested_by"], INTEGRATION_USER);
    world.iconik.vote(&id, "legal@example.test", "APPROVED");
    assert_eq!(status().await, "APPROVED");
    let vote = world
        .call_as("token-ann", Method::PUT, &path)
        .json(&json!({"status": "NOT_APPROVED"}));
    assert_eq!(vote.send().await.unwrap().status(), StatusCode::OK);
    assert_eq!(status().await, "MIXED");
    let votes = world.get(&path).await;
    assert_eq!(votes["total"], 2);
    assert!(
        votes
            .to_string()
            .contains("\"external\":\"legal@example.test\"")
    );
    let first = world.iconik.asset(&id).unwrap().current().to_owned();
    world.iconik.add_version(&id, "better", ANN).unwrap();
    assert_eq!(status().await, "N/A", "a new version has no approval");
    let old = format!("assets/v1/assets/{id}/versions/{first}/approvals/request/");
    assert_eq!(world.get(&old).await["status"], "MIXED");
    assert_eq!(world.put(&path, json!({"status": "PERHAPS"})).await.0, 400);
    let bulk = json!({"object_ids": [id], "object_type": "assets", "status": "APPROVED"});
    assert_eq!(world.post("assets/v1/approvals/bulk/", bulk).await.0, 200);
    assert_eq!(status().await, "APPROVED");
}

#[tokio::test]
async fn an_approval_without_a_number_needs_all_that_were_asked() {
    let world = world().await;
    let id = world.clip();
    let body = json!({"users": [ANN, BOB]});
    let path = format!("assets/v1/assets/{id}/approvals/request/");
    world.post(&path, body).await;
    assert_eq!(world.post(&path, json!({"min_number": 0})).await.0, 400);
    world.iconik.vote(&id, ANN, "APPROVED");
    assert_eq!(world.get(&path).await["status"], "REQUESTED");
    world.iconik.vote(&id, BOB, "APPROVED");
    assert_eq!(world.get(&path).await["status"], "APPROVED");
    assert_eq!(
        world.send(Method::DELETE, &path, Value::Null).await.1["status"],
        "N/A"
    );
}

#[tokio::test]
async fn comments_are_segments_with_time_codes_threads_and_an_external_id() {
    let world = world().await;
    let id = world.clip();
    let path = format!("assets/v1/assets/{id}/segments/");
    assert_eq!(world.post(&path, json!({"segment_text": "x"})).await.0, 400);
    let body = json!({"segment_type": "COMMENT", "segment_text": "Logo too small", "external_id": "wf-42",
                      "time_start_milliseconds": 12000, "time_end_milliseconds": 14000});
    let (status, comment) = world.post(&path, body).await;
    assert_eq!((status, &comment["external_id"]), (201, &json!("wf-42")));
    let sid = comment["id"].as_str().unwrap();
    let reply = json!({"segment_type": "COMMENT", "segment_text": "Done", "parent_id": sid});
    assert_eq!(world.post(&path, reply).await.0, 201);
    let resolved = world
        .send(
            Method::PATCH,
            &format!("{path}{sid}/"),
            json!({"segment_checked": true}),
        )
        .await;
    assert_eq!(resolved.1["segment_checked"], true);
    assert_eq!(resolved.1["segment_text"], "Logo too small");
    assert_eq!(
        world.get(&format!("{path}?segment_type=COMMENT")).await["total"],
        2
    );
    assert_eq!(world.delete(&format!("{path}{sid}/")).await, 204);
    assert_eq!(world.get(&path).await["total"], 1);
    world.iconik.add_version(&id, "better", ANN).unwrap();
    assert_eq!(
        world.get(&path).await["total"],
        0,
        "comments belong to a version"
    );
    assert_eq!(
        world
            .get(&format!("{path}?include_all_versions=true"))
            .await["total"],
        1
    );
}

#[tokio::test]
async fn collections_hold_each_asset_once() {
    let world = world().await;
    let id = world.clip();
    let (_, parent) = world
        .post("assets/v1/collections/", json!({"title": "Released"}))
        .await;
    let body = json!({"title": "Spring", "parent_id": parent["id"]});
    let (status, child) = world.post("assets/v1/collections/", body).await;
    assert_eq!((status, &child["is_root"]), (201, &json!(false)));
    let path = format!("assets/v1/collections/{}/", child["id"].as_str().unwrap());
    let put = json!({"object_id": id, "object_type": "assets"});
    for _ in 0..2 {
        assert_eq!(
            world.post(&format!("{path}contents/"), put.clone()).await.0,
            201
        );
    }
    assert_eq!(
        world.iconik.frame().recorder().effects("add-to-collection"),
        1
    );
    assert_eq!(
        world
            .get(&format!("{path}contents/?object_types=assets"))
            .await["total"],
        1
    );
    assert_eq!(
        world.get(&format!("{path}full/path/")).await,
        "Released/Spring"
    );
    assert_eq!(
        world.get(&format!("assets/v1/assets/{id}/")).await["in_collections"],
        json!([child["id"]])
    );
    let inside = world
        .get(&format!(
            "assets/v1/collections/{}/contents/",
            parent["id"].as_str().unwrap()
        ))
        .await;
    assert_eq!(inside["objects"][0]["object_type"], "collections");
    let out = world
        .send(
            Method::DELETE,
            &format!("{path}contents/assets/{id}/"),
            Value::Null,
        )
        .await;
    assert_eq!(out.0, 204);
    assert_eq!(world.get(&format!("{path}contents/")).await["total"], 0);
}
