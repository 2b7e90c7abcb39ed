//! Canto's peculiarities, over real HTTP on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::time::Duration;

use axum::Router;
use axum::routing::post;
use forebay_model::{Timestamp, VirtualClock};
use forebay_simulators::canto::values::{ContentId, date};
use forebay_simulators::canto::{
    Canto, CantoOptions, DEFAULT_APP_ID, DEFAULT_APP_SECRET, NewAsset,
};
use forebay_simulators::common::{CourierSwitches, Fault, Frame, Rule, Running, server};
use reqwest::{Method, RequestBuilder, Response, StatusCode, multipart};
use serde_json::{Value, json};

const START: Timestamp = Timestamp(1_706_694_312_007);
const MINUTE: Duration = Duration::from_secs(60);

struct World {
    canto: Canto,
    clock: VirtualClock,
    client: reqwest::Client,
    token: String,
}

async fn world() -> World {
    world_with(CantoOptions::default()).await
}

async fn world_with(options: CantoOptions) -> World {
    let clock = VirtualClock::new(START);
    let options = CantoOptions {
        clock: clock.clone().into(),
        ..options
    };
    let canto = Canto::start(options).await.unwrap();
    let redirects = reqwest::redirect::Policy::none();
    let client = reqwest::Client::builder()
        .redirect(redirects)
        .build()
        .unwrap();
    let mut world = World {
        canto,
        clock,
        client,
        token: String::new(),
    };
    world.token = world.issue(&[]).await;
    world
}

impl World {
    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.canto.base_url())
    }

    async fn token_reply(&self, extra: &[(&str, &str)]) -> Response {
        let mut form = vec![
            ("grant_type", "client_credentials"),
            ("app_id", DEFAULT_APP_ID),
            ("app_secret", DEFAULT_APP_SECRET),
        ];
        form.extend(extra);
        self.client
            .post(self.url("/oauth/api/oauth2/token"))
            .form(&form)
            .send()
            .await
            .unwrap()
    }

    async fn issue(&self, extra: &[(&str, &str)]) -> String {
        let reply: Value = self.token_reply(extra).await.json().await.unwrap();
        reply["accessToken"].as_str().unwrap().to_owned()
    }

    fn call(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, self.url(path))
            .bearer_auth(&self.token)
    }

    async fn get(&self, path: &str) -> Value {
        let reply = self.call(Method::GET, path).send().await.unwrap();
        assert_eq!(reply.status(), StatusCode::OK, "{path}");
        reply.json().await.unwrap()
    }

    async fn status_of(&self, path: &str) -> StatusCode {
        self.call(Method::GET, path).send().await.unwrap().status()
    }

    async fn edit(&self, id: &ContentId, properties: Value) -> (StatusCode, String) {
        let body = json!({"contents": [{"scheme": id.scheme.word(), "id": id.id}],
                          "properties": properties});
        let call = self.call(Method::PUT, "/api/v1/batch/edit").json(&body);
        let reply = call.send().await.unwrap();
        (reply.status(), reply.text().await.unwrap())
    }

    async fn set(&self, id: &ContentId, property: &str, value: &str) -> (StatusCode, String) {
        self.edit(
            id,
            json!([{"propertyId": property, "propertyValue": value,
                              "action": "", "customField": false}]),
        )
        .await
    }

    fn hero(&self) -> ContentId {
        self.canto
            .add_asset(NewAsset::new("hero.jpg", "pixels", "ann"))
            .unwrap()
    }

    async fn detail(&self, id: &ContentId) -> Value {
        self.get(&format!("/api/v1/{id}")).await
    }
}

/// A receiver of webhooks that keeps their bodies.
async fn receiver() -> (Running, Frame) {
    let clock = VirtualClock::new(START);
    let frame = Frame::new("receiver", clock.into(), |status| {
        axum::response::IntoResponse::into_response(status)
    })
    .unwrap();
    let route = frame.op("hook", post(async || "ok"));
    let router = Router::new().route("/{event}", route);
    (server::start(router, "127.0.0.1:0").await.unwrap(), frame)
}

#[tokio::test]
async fn tokens_are_camel_case_and_their_life_is_text() {
    let world = world().await;
    let reply: Value = world.token_reply(&[]).await.json().await.unwrap();
    assert_eq!(reply["expiresIn"], "2592000");
    assert_eq!(reply["tokenType"], "bearer");
    assert_eq!(reply["refreshToken"], Value::Null);
    let query = format!(
        "/oauth/api/oauth2/compatible/token?grant_type=client_credentials&app_id={DEFAULT_APP_ID}&app_secret={DEFAULT_APP_SECRET}"
    );
    let twin: Value = world
        .client
        .post(world.url(&query))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(twin["expires_in"], 2_592_000);
    let wrong = world.client.post(world.url("/oauth/api/oauth2/token"));
    let wrong = wrong.form(&[("grant_type", "client_credentials"), ("app_id", "x")]);
    let wrong = wrong.send().await.unwrap();
    assert_eq!(wrong.status(), 401);
    assert_eq!(
        wrong.json::<Value>().await.unwrap()["error"],
        "invalid_client"
    );
}

#[tokio::test]
async fn no_token_is_404_and_a_bad_or_old_one_401() {
    let world = world().await;
    let id = world.hero();
    let url = world.url(&format!("/api/v1/{id}"));
    assert_eq!(world.client.get(&url).send().await.unwrap().status(), 404);
    let bad = world
        .client
        .get(&url)
        .bearer_auth("x")
        .send()
        .await
        .unwrap();
    assert_eq!(bad.status(), 401);
    assert_eq!(world.status_of(&format!("/api/v1/{id}")).await, 200);
    world.clock.advance(Duration::from_secs(2_592_000));
    assert_eq!(world.status_of(&format!("/api/v1/{id}")).await, 401);
}

#[tokio::test]
async fn revoked_credentials_give_no_token_until_restored() {
    let world = world().await;
    world.canto.frame().tokens().revoke_credentials(true);
    assert_eq!(world.token_reply(&[]).await.status(), 401);
    assert_eq!(world.status_of("/api/v1/user").await, 401);
    world.canto.frame().tokens().revoke_credentials(false);
    assert_eq!(world.token_reply(&[]).await.status(), 200);
    assert_eq!(
        world.get("/api/v1/user").await["userId"],
        "forebay-integration"
    );
}

#[tokio::test]
async fn a_token_may_act_as_a_user_and_a_consumer_may_not_write() {
    let mut world = world().await;
    world.canto.add_user("ann", "Ann Example");
    let id = world.hero();
    world.token = world
        .issue(&[("scope", "consumer"), ("user_id", "ann")])
        .await;
    assert_eq!(world.get("/api/v1/user").await["userName"], "Ann Example");
    assert_eq!(world.set(&id, "Author", "x").await.0, 403);
    let call = world
        .canto
        .frame()
        .recorder()
        .calls_of("edit")
        .pop()
        .unwrap();
    assert_eq!(call.actor.as_deref(), Some("ann"));
}

#[tokio::test]
async fn an_asset_has_numbers_as_text_and_dates_of_seventeen_digits() {
    let world = world().await;
    world.canto.add_user("ann", "Ann Example");
    let asset = NewAsset::new("hero.jpg", "pixels", "ann").in_album("/Incoming/Web");
    let id = world
        .canto
        .add_asset(asset.with("market", vec!["DE", "FR"]))
        .unwrap();
    let asset = world.detail(&id).await;
    assert_eq!(asset["size"], "6");
    assert_eq!(asset["time"], "20240131094512007");
    assert_eq!(asset["ownerName"], "Ann Example");
    assert_eq!(asset["approvalStatus"], "Pending");
    assert_eq!(asset["additional"]["market"], json!(["DE", "FR"]));
    assert_eq!(asset["additional"]["campaign"], Value::Null);
    assert_eq!(asset["relatedAlbums"][0]["namePath"], "Incoming/Web");
    assert_eq!(asset["relatedAlbums"][0]["size"], "1");
    assert_eq!(asset["tag"], json!([]), "empty");
    assert_eq!(asset["keyword"], Value::Null, "null");
    let alone = world.hero();
    assert!(
        world.detail(&alone).await.get("relatedAlbums").is_none(),
        "missing"
    );
    let version = &asset["versionHistory"][0];
    assert_eq!(
        (&version["no"], &version["currentVersion"]),
        (&json!("1"), &json!(true))
    );
}

#[tokio::test]
async fn the_same_id_may_stand_for_two_assets() {
    let world = world().await;
    for name in ["hero.jpg", "hero.mp4"] {
        let asset = NewAsset {
            id: Some("same".to_owned()),
            ..NewAsset::new(name, "x", "ann")
        };
        world.canto.add_asset(asset).unwrap();
    }
    assert_eq!(world.get("/api/v1/image/same").await["name"], "hero.jpg");
    assert_eq!(world.get("/api/v1/video/same").await["name"], "hero.mp4");
    assert_eq!(world.status_of("/api/v1/audio/same").await, 404);
}

#[tokio::test]
async fn search_pages_by_offset_and_filters_dates_in_seconds() {
    let world = world().await;
    for name in ["a.jpg", "b.jpg", "c.mp4"] {
        world
            .canto
            .add_asset(NewAsset::new(name, "x", "ann"))
            .unwrap();
        world.clock.advance(MINUTE);
    }
    let page = world
        .get("/api/v1/search?sortBy=time&sortDirection=ascending&limit=2")
        .await;
    assert_eq!((&page["found"], &page["limit"]), (&json!(3), &json!(2)));
    assert_eq!(page["results"][1]["name"], "b.jpg");
    let rest = world
        .get("/api/v1/search?sortBy=time&sortDirection=ascending&limit=2&start=2")
        .await;
    assert_eq!(rest["results"].as_array().unwrap().len(), 1);
    let since = START.0 / 1000 + 60;
    let recent = world
        .get(&format!(
            "/api/v1/search?lastModified={since}..{}",
            since + 600
        ))
        .await;
    assert_eq!(recent["found"], 2);
    assert_eq!(
        world.get("/api/v1/search?scheme=video%7Caudio").await["found"],
        1
    );
    assert_eq!(world.get("/api/v1/search?keyword=A.J").await["found"], 1);
    assert_eq!(world.get("/api/v1/video").await["found"], 1);
    assert_eq!(
        world.get("/api/v1/search?approval=approved").await["found"],
        0
    );
    assert_eq!(
        world
            .status_of("/api/v1/search?lastModified=yesterday")
            .await,
        400
    );
}

#[tokio::test]
async fn custom_fields_can_be_searched_by_value_and_by_absence() {
    let world = world().await;
    world
        .canto
        .add_asset(NewAsset::new("a.jpg", "x", "ann").with("asset_type", "video"))
        .unwrap();
    world
        .canto
        .add_asset(NewAsset::new("b.jpg", "x", "ann"))
        .unwrap();
    let found = world
        .get("/api/v1/search?cf_asset_type.keyword=%22video%22")
        .await;
    assert_eq!(found["results"][0]["name"], "a.jpg");
    let absent = world
        .get("/api/v1/search?asset_type.keyword=%22__null__%22")
        .await;
    assert_eq!(absent["results"][0]["name"], "b.jpg");
}

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

#[tokio::test]
async fn albums_are_made_filled_and_emptied_by_id_path() {
    let world = world().await;
    let id = world.hero();
    let make = async |path: &str| -> Value {
        let reply = world.call(Method::POST, path).send().await.unwrap();
        assert_eq!(reply.status(), 200);
        reply.json().await.unwrap()
    };
    let folder = make("/api/v1/folder/Campaigns").await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let album = make(&format!("/api/v1/album/{folder}/Spring")).await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let again = world
        .call(Method::POST, "/api/v1/folder/Campaigns")
        .send()
        .await
        .unwrap();
    assert_eq!(again.status(), 400);
    let change = async |method: Method, path: String| {
        let body = json!({"albumPath": path, "contents":
            [{"scheme": "image", "id": id.id, "displayName": "hero.jpg"}]});
        world
            .call(method, "/api/v1/batch/album")
            .json(&body)
            .send()
            .await
            .unwrap()
            .status()
    };
    assert_eq!(
        change(Method::POST, album.clone()).await,
        404,
        "a path, not an id"
    );
    for _ in 0..2 {
        assert_eq!(change(Method::POST, format!("{folder}/{album}")).await, 200);
    }
    assert_eq!(world.canto.frame().recorder().effects("add-to-album"), 1);
    assert_eq!(
        world.get(&format!("/api/v1/album/{album}")).await["found"],
        1
    );
    assert_eq!(
        world.get(&format!("/api/v1/folder/{folder}")).await["found"],
        1
    );
    let tree = world.get("/api/v1/tree?layer=-1").await;
    assert_eq!(
        tree["results"][0]["children"][0]["idPath"],
        format!("{folder}/{album}")
    );
    assert_eq!(tree["results"][0]["size"], "1");
    assert!(
        world.get("/api/v1/tree?layer=1").await["results"][0]
            .get("children")
            .is_none()
    );
    assert_eq!(
        world.get(&format!("/api/v1/info/album/{album}")).await["namePath"],
        "Campaigns/Spring"
    );
    assert_eq!(
        change(Method::DELETE, format!("{folder}/{album}")).await,
        200
    );
    assert_eq!(
        world.get(&format!("/api/v1/album/{album}")).await["found"],
        0
    );
}

async fn upload(world: &World, extra: &[(&str, &str)], file: &'static str) -> StatusCode {
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

#[tokio::test]
async fn rate_levels_are_counted_per_minute() {
    let world = world().await;
    world.canto.frame().rates().limit("level-1", 1, MINUTE);
    assert_eq!(world.status_of("/api/v1/search").await, 200);
    assert_eq!(
        world.status_of("/api/v1/tree").await,
        429,
        "the class is shared"
    );
    assert_eq!(world.status_of("/api/v1/user").await, 200, "another class");
    world.clock.advance(MINUTE);
    assert_eq!(world.status_of("/api/v1/tree").await, 200);
}

#[tokio::test]
async fn webhooks_carry_a_token_and_not_the_name_of_their_event() {
    let world = world().await;
    let (receiver, received) = receiver().await;
    for event in [
        "upload",
        "update-metadata",
        "new-version",
        "delete-asset",
        "assign-album",
    ] {
        world.canto.add_hook(
            event,
            &format!("{}/{event}", receiver.base_url()),
            "s3cret-token",
        );
    }
    let asset = NewAsset::new("hero.jpg", "x", "ann").in_album("/Incoming/Web");
    let id = world.canto.add_asset(asset).unwrap();
    world.canto.set_field(&id, "market", "DE", "ann").unwrap();
    world.canto.upload_version(&id, "y", "ann");
    let first = world.canto.asset(&id).unwrap().versions[0].id.clone();
    world.canto.make_current(&id, &first, "ann").unwrap();
    world.canto.delete(&id, "ann").unwrap();
    world.canto.frame().courier().idle().await;
    let calls = received.recorder().calls();
    let paths: Vec<_> = calls.iter().map(|call| call.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "/upload",
            "/assign-album",
            "/update-metadata",
            "/new-version",
            "/new-version",
            "/delete-asset"
        ]
    );
    let album = calls[1].json()["album"].clone();
    assert_eq!(
        calls[1].json(),
        json!({"secure_token": "s3cret-token", "scheme": "image",
        "id": id.id, "album": album, "displayname": "hero.jpg"})
    );
    assert!(album.as_str().unwrap().starts_with('A'));
}

#[tokio::test]
async fn webhooks_can_be_set_up_over_http_and_come_twice() {
    let world = world().await;
    let (receiver, received) = receiver().await;
    let hook = json!({"event": "upload", "url": format!("{}/u", receiver.base_url()), "secure-token": "t"});
    let added = world
        .client
        .post(world.url("/_sim/webhooks"))
        .json(&hook)
        .send()
        .await
        .unwrap();
    assert_eq!(added.status(), 204);
    world.canto.frame().courier().set(CourierSwitches {
        copies: 2,
        ..CourierSwitches::default()
    });
    world.hero();
    world.canto.frame().courier().idle().await;
    assert_eq!(received.recorder().calls().len(), 2);
    let odd = json!({"event": "explode", "url": "http://127.0.0.1:1/", "secure-token": "t"});
    let refused = world
        .client
        .post(world.url("/_sim/webhooks"))
        .json(&odd)
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), 400);
}

#[tokio::test]
async fn an_ingest_ends_and_reports_without_anybody_calling() {
    let world = world().await;
    let (receiver, received) = receiver().await;
    world
        .canto
        .add_hook("upload", &format!("{}/upload", receiver.base_url()), "t");
    world.canto.set_processing(MINUTE, Duration::ZERO);
    upload(&world, &[], "x").await;
    world.clock.advance(MINUTE);
    while received.recorder().calls().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(
        received.recorder().calls()[0].json()["displayname"],
        "new.jpg"
    );
}

#[tokio::test]
async fn an_event_may_come_before_its_change_can_be_read() {
    let world = world().await;
    let old = world.hero();
    world.canto.frame().faults().set_visibility_delay(MINUTE);
    let new = world.hero();
    world.canto.set_status(&old, "Approved", "ann").unwrap();
    assert_eq!(world.status_of(&format!("/api/v1/{new}")).await, 404);
    assert_eq!(world.detail(&old).await["approvalStatus"], "Pending");
    world.clock.advance(MINUTE);
    assert_eq!(world.status_of(&format!("/api/v1/{new}")).await, 200);
    assert_eq!(world.detail(&old).await["approvalStatus"], "Approved");
}

#[tokio::test]
async fn an_edit_may_be_done_though_its_reply_is_lost() {
    let world = world().await;
    let id = world.hero();
    world
        .canto
        .frame()
        .faults()
        .add(Rule::once("edit", Fault::CommitThenTimeout));
    let body = json!({"contents": [{"scheme": "image", "id": id.id}],
        "properties": [{"propertyId": "approvalStatus", "propertyValue": "Approved"}]});
    let call = world.call(Method::PUT, "/api/v1/batch/edit").json(&body);
    assert!(call.send().await.is_err());
    assert_eq!(world.canto.asset(&id).unwrap().status, "Approved");
    world
        .canto
        .frame()
        .faults()
        .add(Rule::once("read-asset", Fault::too_many(120)));
    let reply = world
        .call(Method::GET, &format!("/api/v1/{id}"))
        .send()
        .await
        .unwrap();
    assert_eq!(
        (
            reply.status().as_u16(),
            reply.headers()["retry-after"].as_bytes()
        ),
        (429, &b"120"[..])
    );
}

#[tokio::test]
async fn a_person_uploads_and_sets_a_status_on_the_page() {
    let world = world().await;
    world.canto.add_user("ann", "Ann Example");
    let form = multipart::Form::new()
        .part(
            "file",
            multipart::Part::bytes(&b"pixels"[..]).file_name("hero.jpg"),
        )
        .text("album", "/Incoming/Web")
        .text("market", "DE, AT")
        .text("asset_type", "image")
        .text("by", "ann");
    let sent = world
        .client
        .post(world.url("/upload"))
        .multipart(form)
        .send()
        .await
        .unwrap();
    assert_eq!(sent.status(), 303);
    let list = reqwest::get(world.url("/"))
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(
        list.contains("hero.jpg") && list.contains("/Incoming/Web") && list.contains("Pending")
    );
    let id = world
        .canto
        .library(|library, _| library.assets.keys().next().unwrap().clone());
    assert_eq!(
        world.detail(&id).await["additional"]["market"],
        json!(["DE", "AT"])
    );
    let act = [("act", "status"), ("by", "ann"), ("status", "Approved")];
    let acted = world
        .client
        .post(world.url(&format!("/library/{id}")))
        .form(&act)
        .send()
        .await
        .unwrap();
    assert_eq!(acted.status(), 303);
    let page = reqwest::get(world.url(&format!("/library/{id}")))
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(
        page.contains("<span class=\"pill approved\">Approved</span>") && page.contains("DE, AT")
    );
}
