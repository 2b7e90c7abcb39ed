//! Uploads, versions, downloads and the trash.

use crate::support::*;

pub(crate) async fn upload(
    world: &World,
    extra: &[(&str, &str)],
    file: &'static str,
) -> StatusCode {
    let setting = world.get("/api/v1/upload/setting").await;
    store(world, &setting, extra, file).await
}

async fn store(
    world: &World,
    setting: &Value,
    extra: &[(&str, &str)],
    file: &'static str,
) -> StatusCode {
    let mut form = multipart::Form::new();
    for (name, value) in setting
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| *name != "url")
    {
        let chosen = extra
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| *value);
        form = form.text(name.clone(), chosen.or(value.as_str()).unwrap().to_owned());
    }
    let file = multipart::Part::bytes(file.as_bytes()).file_name("new.jpg");
    let url = setting["url"].as_str().unwrap();
    world
        .client
        .post(url)
        .multipart(form.part("file", file))
        .send()
        .await
        .unwrap()
        .status()
}

#[tokio::test]
async fn an_upload_becomes_an_asset_after_ingest_and_gets_its_preview_later() {
    let world = world().await;
    world.canto.set_processing(10 * MINUTE, 20 * MINUTE);
    assert_eq!(
        upload(&world, &[("x-amz-meta-tag", "spring")], "bytes").await,
        204
    );
    assert_eq!(world.get("/api/v1/search").await["found"], 0);
    let status = world.get("/api/v1/upload/status?hours=1").await;
    assert_eq!(
        (&status["found"], &status["results"][0]["status"]),
        (&json!(1), &json!("Initial"))
    );
    world.clock.advance(10 * MINUTE);
    let asset = world.get("/api/v1/search").await["results"][0].clone();
    assert_eq!(
        (&asset["name"], &asset["tag"]),
        (&json!("new.jpg"), &json!(["spring"]))
    );
    assert_eq!(asset["owner"], "forebay-integration");
    assert!(asset["url"].get("preview").is_none());
    let status = world.get("/api/v1/upload/status").await;
    assert_eq!(
        (&status["results"][0]["status"], &status["results"][0]["id"]),
        (&json!("Done"), &asset["id"])
    );
    world.clock.advance(20 * MINUTE);
    let asset = world.get("/api/v1/search").await["results"][0].clone();
    assert!(asset["url"]["preview"].is_string());
}

#[tokio::test]
async fn an_upload_naming_an_asset_becomes_its_new_version() {
    let world = world().await;
    let id = world.hero();
    let extra = [
        ("x-amz-meta-scheme", "image"),
        ("x-amz-meta-id", id.id.as_str()),
    ];
    assert_eq!(upload(&world, &extra, "better pixels").await, 204);
    let asset = world.detail(&id).await;
    let versions = asset["versionHistory"].as_array().unwrap();
    let current: Vec<_> = versions
        .iter()
        .map(|v| v["currentVersion"].as_bool().unwrap())
        .collect();
    assert_eq!(current, [false, true]);
    assert_eq!(asset["size"], "13");
    let comment = json!({"scheme": "image", "id": id.id, "versionId": versions[1]["versionId"], "comment": "ok"});
    let call = world
        .call(Method::POST, "/api/v1/version/comment")
        .json(&comment);
    assert_eq!(call.send().await.unwrap().status(), 200);
    assert_eq!(
        world.detail(&id).await["versionHistory"][1]["comment"],
        "ok"
    );
}

#[tokio::test]
async fn an_upload_form_is_signed_and_lives_five_hours() {
    for sigv4 in [false, true] {
        let world = world_with(CantoOptions {
            sigv4,
            ..CantoOptions::default()
        })
        .await;
        let setting = world.get("/api/v1/upload/setting?refer=true").await;
        assert_eq!(setting.get("x-amz-Signature").is_some(), sigv4);
        assert!(setting["x-amz-meta-refer_id"].is_string());
        assert_eq!(store(&world, &setting, &[("Policy", "00")], "x").await, 403);
        assert_eq!(store(&world, &setting, &[], "x").await, 204);
        world.clock.advance(5 * 60 * MINUTE);
        assert_eq!(store(&world, &setting, &[], "x").await, 403);
    }
}

#[tokio::test]
async fn storage_refuses_a_bearer_token() {
    let world = world().await;
    let form = multipart::Form::new().text("key", "x");
    let call = world.call(Method::POST, "/_s3/").multipart(form);
    assert_eq!(call.send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn a_download_is_a_redirect_to_a_place_without_a_token() {
    let world = world().await;
    let id = world.hero();
    let reply = world
        .call(Method::GET, &format!("/api_binary/v1/{id}"))
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), 302);
    let target = reply.headers()["location"].to_str().unwrap().to_owned();
    let carried = world
        .client
        .get(&target)
        .bearer_auth(&world.token)
        .send()
        .await
        .unwrap();
    assert_eq!(carried.status(), 400);
    assert_eq!(
        world
            .client
            .get(&target)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap(),
        "pixels"
    );
    let uri = world
        .call(Method::GET, &format!("/api_binary/v1/{id}/directuri"))
        .send()
        .await
        .unwrap();
    let direct = reqwest::get(uri.text().await.unwrap()).await.unwrap();
    assert_eq!(direct.text().await.unwrap(), "pixels");
}

#[tokio::test]
async fn deleted_content_is_in_the_trash_and_can_come_back() {
    let world = world().await;
    let id = world.hero();
    let body = json!([{"scheme": "image", "id": id.id}]);
    let call = world
        .call(Method::DELETE, "/api/v1/batch/content")
        .json(&body);
    assert_eq!(
        call.send().await.unwrap().json::<Value>().await.unwrap()["status"],
        "success"
    );
    assert_eq!(world.status_of(&format!("/api/v1/{id}")).await, 404);
    assert_eq!(world.canto.frame().recorder().effects("delete-content"), 1);
    world.canto.restore(&id, "ann").unwrap();
    assert_eq!(world.status_of(&format!("/api/v1/{id}")).await, 200);
}
