//! iconik's peculiarities, over real HTTP on loopback.
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use forebay_model::{Timestamp, VirtualClock};
use forebay_simulators::common::{Fault, Frame, Rule, Running, server};
use forebay_simulators::iconik::{
    DEFAULT_APP_ID, DEFAULT_AUTH_TOKEN, INTEGRATION_USER, Iconik, IconikOptions, NewAsset,
};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

const START: Timestamp = Timestamp(1_709_287_200_000);
const MINUTE: Duration = Duration::from_secs(60);
const ANN: &str = "0b8c2a52-0000-11ef-8000-0000000000d1";
const BOB: &str = "0b8c2a52-0000-11ef-8000-0000000000d2";

struct World {
    iconik: Iconik,
    clock: VirtualClock,
    client: reqwest::Client,
}

async fn world() -> World {
    let clock = VirtualClock::new(START);
    let options = IconikOptions {
        clock: clock.clone().into(),
        ..IconikOptions::default()
    };
    let iconik = Iconik::start(options).await.unwrap();
    iconik.add_user(ANN, "Ann Example", "token-ann");
    iconik.add_user(BOB, "Bob Example", "token-bob");
    World {
        iconik,
        clock,
        client: reqwest::Client::builder().build().unwrap(),
    }
}

impl World {
    fn call_as(&self, token: &str, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/API/{path}", self.iconik.base_url());
        self.client
            .request(method, url)
            .header("App-ID", DEFAULT_APP_ID)
            .header("Auth-Token", token)
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let call = self.call_as(DEFAULT_AUTH_TOKEN, method.clone(), path);
        let call = if method == Method::GET {
            call
        } else {
            call.json(&body)
        };
        let reply = call.send().await.unwrap();
        let status = reply.status().as_u16();
        let text = reply.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or_default())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, reply) = self.send(Method::GET, path, Value::Null).await;
        assert_eq!(status, 200, "{path}: {reply}");
        reply
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.send(Method::POST, path, body).await
    }

    async fn put(&self, path: &str, body: Value) -> (u16, Value) {
        self.send(Method::PUT, path, body).await
    }

    fn clip(&self) -> String {
        self.iconik
            .add_asset(NewAsset::new("clip.mp4", "frames", ANN))
    }
}

/// A receiver of webhooks.
async fn receiver() -> (Running, Frame) {
    let frame = Frame::new("receiver", VirtualClock::new(START).into(), |status| {
        axum::response::IntoResponse::into_response(status)
    })
    .unwrap();
    let router = Router::new().route("/hook", frame.op("hook", post(async || "ok")));
    (server::start(router, "127.0.0.1:0").await.unwrap(), frame)
}

#[tokio::test]
async fn both_headers_are_wanted_and_errors_are_a_list_or_a_map() {
    let world = world().await;
    let url = format!("{}/API/assets/v1/assets/", world.iconik.base_url());
    let alone = world
        .client
        .get(&url)
        .header("Auth-Token", DEFAULT_AUTH_TOKEN);
    let reply = alone.send().await.unwrap();
    assert_eq!(reply.status(), 401);
    assert_eq!(
        reply.json::<Value>().await.unwrap(),
        json!({"errors": ["Unauthorized"]})
    );
    let bearer = world
        .client
        .get(&url)
        .bearer_auth(DEFAULT_AUTH_TOKEN)
        .send()
        .await
        .unwrap();
    assert_eq!(bearer.status(), 200);
    let missing = world
        .send(Method::GET, "assets/v1/assets/nope/", Value::Null)
        .await;
    assert_eq!(missing, (404, json!({"errors": ["Asset not found"]})));
    let untitled = world.post("assets/v1/assets/", json!({})).await;
    assert_eq!(
        untitled,
        (
            400,
            json!({"errors": {"title": "Missing data for required field."}})
        )
    );
    world.iconik.frame().tokens().revoke_credentials(true);
    assert_eq!(
        world
            .send(Method::GET, "assets/v1/assets/", Value::Null)
            .await
            .0,
        401
    );
}

#[tokio::test]
async fn paths_end_with_a_slash() {
    let world = world().await;
    assert_eq!(
        world
            .send(Method::GET, "assets/v1/assets", Value::Null)
            .await
            .0,
        404
    );
    assert_eq!(
        world
            .send(Method::GET, "assets/v1/assets/", Value::Null)
            .await
            .0,
        200
    );
}

#[tokio::test]
async fn pages_link_relatively_and_end_with_404() {
    let world = world().await;
    assert_eq!(world.get("assets/v1/assets/").await["objects"], json!([]));
    for _ in 0..3 {
        world.clip();
    }
    let first = world.get("assets/v1/assets/?per_page=2").await;
    assert_eq!((&first["pages"], &first["total"]), (&json!(2), &json!(3)));
    assert_eq!(
        first["next_url"],
        "/API/assets/v1/assets/?page=2&per_page=2"
    );
    assert_eq!(first["prev_url"], Value::Null);
    let second = world.get("assets/v1/assets/?per_page=2&page=2").await;
    assert_eq!(second["objects"].as_array().unwrap().len(), 1);
    assert_eq!(second["next_url"], Value::Null);
    let past = world
        .send(
            Method::GET,
            "assets/v1/assets/?per_page=2&page=3",
            Value::Null,
        )
        .await;
    assert_eq!(past.0, 404);
    assert_eq!(
        world
            .send(Method::GET, "assets/v1/assets/?page=x", Value::Null)
            .await
            .0,
        400
    );
}

#[tokio::test]
async fn calls_left_are_told_and_then_refused() {
    let world = world().await;
    world
        .iconik
        .frame()
        .rates()
        .limit("api", 2, Duration::from_secs(20));
    let call = || {
        world
            .call_as(DEFAULT_AUTH_TOKEN, Method::GET, "assets/v1/assets/")
            .send()
    };
    assert_eq!(call().await.unwrap().headers()["ratelimit-remaining"], "1");
    assert_eq!(call().await.unwrap().headers()["ratelimit-remaining"], "0");
    assert_eq!(call().await.unwrap().status(), 429);
    world.clock.advance(Duration::from_secs(20));
    assert_eq!(call().await.unwrap().status(), 200);
}

#[tokio::test]
async fn an_asset_goes_to_the_delete_queue_comes_back_and_is_purged() {
    let world = world().await;
    let id = world.clip();
    let path = format!("assets/v1/assets/{id}/");
    assert_eq!(world.send(Method::DELETE, &path, Value::Null).await.0, 204);
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
    assert_eq!(world.send(Method::GET, &path, Value::Null).await.0, 404);
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
    assert_eq!(
        world
            .send(Method::DELETE, &format!("{path}{sid}/"), Value::Null)
            .await
            .0,
        204
    );
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

#[tokio::test]
async fn an_upload_goes_through_format_file_set_file_and_storage() {
    let world = world().await;
    world
        .iconik
        .domain(|domain, _| domain.proxy_delay = 20 * MINUTE);
    let (_, asset) = world
        .post("assets/v1/assets/", json!({"title": "Spot"}))
        .await;
    let base = format!("files/v1/assets/{}/", asset["id"].as_str().unwrap());
    let storage = world.get("files/v1/storages/").await["objects"][0]["id"].clone();
    let (_, format) = world
        .post(&format!("{base}formats/"), json!({"name": "ORIGINAL"}))
        .await;
    let set = json!({"name": "Spot", "base_dir": "", "component_ids": [], "format_id": format["id"], "storage_id": storage});
    let (_, set) = world.post(&format!("{base}file_sets/"), set).await;
    let file = json!({"original_name": "spot.mp4", "directory_path": "", "type": "FILE", "size": 6,
                      "file_set_id": set["id"], "format_id": format["id"], "storage_id": storage});
    let (status, file) = world.post(&format!("{base}files/"), file).await;
    assert_eq!((status, &file["status"]), (201, &json!("OPEN")));
    let path = format!("{base}files/{}/", file["id"].as_str().unwrap());
    assert_eq!(
        world
            .send(Method::PATCH, &path, json!({"status": "CLOSED"}))
            .await
            .0,
        400,
        "no bytes yet"
    );
    let target = file["upload_url"].as_str().unwrap();
    let carried = world
        .client
        .put(target)
        .header("Auth-Token", "x")
        .body("frames")
        .send()
        .await
        .unwrap();
    assert_eq!(carried.status(), 400);
    assert_eq!(
        world
            .client
            .put(target)
            .body("frames")
            .send()
            .await
            .unwrap()
            .status(),
        200
    );
    assert_eq!(
        world.post(&format!("{path}keyframes/"), json!({})).await.0,
        400,
        "not closed"
    );
    let (_, closed) = world
        .send(Method::PATCH, &path, json!({"status": "CLOSED"}))
        .await;
    assert_eq!(closed["checksum"].as_str().unwrap().len(), 32);
    let (_, started) = world.post(&format!("{path}keyframes/"), json!({})).await;
    let job = format!("jobs/v1/jobs/{}/", started["job_id"].as_str().unwrap());
    assert_eq!(world.get(&job).await["status"], "STARTED");
    let proxies = format!("{base}proxies/");
    let awaited = world.get(&proxies).await;
    assert_eq!(awaited["objects"][0]["status"], "AWAITED");
    assert!(awaited["objects"][0].get("url").is_none());
    assert_eq!(world.get(&format!("{base}keyframes/")).await["total"], 0);
    world.clock.advance(20 * MINUTE);
    let ready = world.get(&proxies).await;
    assert_eq!(ready["objects"][0]["status"], "CLOSED");
    let proxy = reqwest::get(ready["objects"][0]["url"].as_str().unwrap())
        .await
        .unwrap();
    assert_eq!(proxy.status(), 200);
    assert_eq!(world.get(&job).await["status"], "FINISHED");
    assert_eq!(
        world
            .get("jobs/v1/jobs/?status=FINISHED&type=TRANSCODE")
            .await["total"],
        1
    );
    let url = world.get(&format!("{path}download_url/")).await["url"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        reqwest::get(url).await.unwrap().text().await.unwrap(),
        "frames"
    );
}

#[tokio::test]
async fn files_grow_transcodes_fail_and_placeholders_have_no_media() {
    let world = world().await;
    let growing = world
        .iconik
        .add_asset(NewAsset::new("live.mxf", "fra", ANN).growing());
    let files = |id: &str| format!("files/v1/assets/{id}/files/");
    let proxies = |id: &str| format!("files/v1/assets/{id}/proxies/");
    assert_eq!(
        world.get(&files(&growing)).await["objects"][0]["status"],
        "GROWING"
    );
    assert_eq!(world.get(&proxies(&growing)).await["total"], 0);
    world.iconik.close_file(&growing, ANN);
    assert_eq!(
        world.get(&files(&growing)).await["objects"][0]["status"],
        "CLOSED"
    );
    assert_eq!(
        world.get(&proxies(&growing)).await["objects"][0]["status"],
        "CLOSED"
    );
    let placeholder = world
        .iconik
        .add_asset(NewAsset::placeholder("to come", ANN));
    assert_eq!(
        world.get(&format!("assets/v1/assets/{placeholder}/")).await["type"],
        "PLACEHOLDER"
    );
    assert_eq!(world.get(&files(&placeholder)).await["total"], 0);
    world
        .iconik
        .domain(|domain, _| domain.failing_transcodes.insert("bad.mov".to_owned()));
    let bad = world.iconik.add_asset(NewAsset::new("bad.mov", "x", ANN));
    assert_eq!(
        world.get(&proxies(&bad)).await["objects"][0]["status"],
        "FAILED"
    );
    assert_eq!(
        world.get(&format!("jobs/v1/jobs/?object_id={bad}")).await["objects"][0]["error_message"],
        "transcode failed"
    );
}

async fn hook(world: &World, url: &str, extra: Value) -> String {
    let mut body = json!({"url": url, "event_type": "assets", "status": "ENABLED",
                          "headers": {"X-Flow-Secret": "chosen"}});
    body.as_object_mut()
        .unwrap()
        .extend(extra.as_object().unwrap().clone());
    let (status, webhook) = world.post("notifications/v1/webhooks/", body).await;
    assert_eq!(status, 201);
    format!(
        "notifications/v1/webhooks/{}/",
        webhook["id"].as_str().unwrap()
    )
}

#[tokio::test]
async fn a_webhook_registers_itself_and_gets_what_it_asked_for() {
    let world = world().await;
    let (receiver, received) = receiver().await;
    let url = format!("{}/hook", receiver.base_url());
    hook(
        &world,
        &url,
        json!({"realm": "entity", "operation": "create"}),
    )
    .await;
    hook(
        &world,
        &url,
        json!({"realm": "files", "query": "data.status=\"CLOSED\""}),
    )
    .await;
    let id = world
        .iconik
        .add_asset(NewAsset::new("live.mxf", "x", ANN).growing());
    world.iconik.set_field(&id, "region", "EMEA", ANN);
    world.iconik.close_file(&id, ANN);
    world.iconik.frame().courier().idle().await;
    let calls = received.recorder().calls();
    let told: Vec<_> = calls
        .iter()
        .map(|c| (c.json()["realm"].clone(), c.json()["operation"].clone()))
        .collect();
    assert_eq!(
        told,
        [
            (json!("entity"), json!("create")),
            (json!("files"), json!("update"))
        ]
    );
    let body = calls[0].json();
    assert_eq!(
        (&body["object_id"], &body["user_id"], &body["data"]["title"]),
        (&json!(id), &json!(ANN), &json!("live.mxf"))
    );
    assert!(body["request_id"].is_string() && body["system_domain_id"].is_string());
    let refused = world
        .post(
            "notifications/v1/webhooks/",
            json!({"url": url, "status": "ENABLED"}),
        )
        .await;
    assert_eq!(refused.0, 400);
}

#[tokio::test]
async fn a_webhook_that_keeps_failing_is_switched_off_until_it_is_armed_again() {
    let world = world().await;
    let (receiver, received) = receiver().await;
    let path = hook(
        &world,
        &format!("{}/hook", receiver.base_url()),
        json!({"realm": "entity"}),
    )
    .await;
    let courier = world.iconik.frame().courier().clone();
    received
        .faults()
        .add(Rule::always("hook", Fault::status(500)));
    for _ in 0..5 {
        world.clip();
        courier.idle().await;
    }
    assert_eq!(
        received.recorder().calls().len(),
        3,
        "after three failures nothing is sent"
    );
    let (status, webhook) = world.send(Method::GET, &path, Value::Null).await;
    assert_eq!(
        (status, &webhook["status"]),
        (201, &json!("FAILING")),
        "201 is what the vendor documents"
    );
    assert_eq!(webhook["last_error"], "status 500");
    assert!(webhook["first_failed_at"].is_string());
    received.faults().clear();
    let mut armed = webhook.clone();
    armed["status"] = "ENABLED".into();
    assert_eq!(world.put(&path, armed).await.0, 200);
    world.clip();
    courier.idle().await;
    assert_eq!(received.recorder().calls().len(), 4);
    assert_eq!(world.send(Method::DELETE, &path, Value::Null).await.0, 204);
    assert_eq!(
        world.get("notifications/v1/webhooks/").await["objects"],
        json!([])
    );
}

#[tokio::test]
async fn a_proxy_gets_ready_and_reports_without_anybody_calling() {
    let world = world().await;
    let (receiver, received) = receiver().await;
    hook(
        &world,
        &format!("{}/hook", receiver.base_url()),
        json!({"realm": "proxies"}),
    )
    .await;
    world.iconik.domain(|domain, _| domain.proxy_delay = MINUTE);
    let id = world.clip();
    world.clock.advance(MINUTE);
    while received.recorder().calls().is_empty() {
        tokio::task::yield_now().await;
    }
    let body = received.recorder().calls()[0].json();
    assert_eq!(
        (&body["object_id"], &body["data"]["status"]),
        (&json!(id), &json!("CLOSED"))
    );
}

#[tokio::test]
async fn an_event_may_come_before_its_asset_can_be_read_or_found() {
    let world = world().await;
    world.iconik.frame().faults().set_visibility_delay(MINUTE);
    let id = world.clip();
    let path = format!("assets/v1/assets/{id}/");
    assert_eq!(world.send(Method::GET, &path, Value::Null).await.0, 404);
    assert_eq!(
        world.post("search/v1/search/", json!({})).await.1["total"],
        0
    );
    world.clock.advance(MINUTE);
    assert_eq!(world.get(&path).await["title"], "clip.mp4");
    assert_eq!(
        world
            .post("search/v1/search/", json!({"doc_types": ["assets"]}))
            .await
            .1["total"],
        1
    );
}

#[tokio::test]
async fn a_comment_may_be_written_though_its_reply_is_lost() {
    let world = world().await;
    let id = world.clip();
    world
        .iconik
        .frame()
        .faults()
        .add(Rule::once("create-segment", Fault::CommitThenTimeout));
    let path = format!("assets/v1/assets/{id}/segments/");
    let body = json!({"segment_type": "COMMENT", "external_id": "wf-1"});
    let call = world
        .call_as(DEFAULT_AUTH_TOKEN, Method::POST, &path)
        .json(&body);
    assert!(call.send().await.is_err());
    assert_eq!(world.get(&path).await["objects"][0]["external_id"], "wf-1");
    assert_eq!(world.iconik.frame().recorder().effects("create-segment"), 1);
}

#[tokio::test]
async fn a_person_uploads_and_approves_on_the_page() {
    let world = world().await;
    let base = world.iconik.base_url();
    let form = reqwest::multipart::Form::new()
        .part(
            "file",
            reqwest::multipart::Part::bytes(&b"frames"[..]).file_name("spot.mp4"),
        )
        .text("collection", "Ingest/Web")
        .text("region", "EMEA")
        .text("by", ANN);
    let sent = world
        .client
        .post(format!("{base}/upload"))
        .multipart(form)
        .send()
        .await
        .unwrap();
    let list = sent.text().await.unwrap();
    assert!(list.contains("spot.mp4") && list.contains("Ingest/Web") && list.contains("N/A"));
    let id = world
        .iconik
        .domain(|domain, _| domain.assets.keys().next().unwrap().clone());
    let act = [("act", "APPROVED"), ("by", ANN)];
    let page = world
        .client
        .post(format!("{base}/asset/{id}"))
        .form(&act)
        .send()
        .await
        .unwrap();
    let page = page.text().await.unwrap();
    assert!(
        page.contains("<span class=\"pill approved\">APPROVED</span>") && page.contains("EMEA")
    );
}
