//! Files: uploads, transcodes, placeholders.

use forebay_simulators::iconik::NewAsset;
use reqwest::Method;
use serde_json::json;

use crate::support::{ANN, MINUTE, world};

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
