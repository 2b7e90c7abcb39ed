//! A tenant on loopback, under virtual time, with a client that has a token.

pub(crate) use std::time::Duration;

pub(crate) use axum::Router;
pub(crate) use axum::routing::post;
pub(crate) use forebay_model::{Timestamp, VirtualClock};
pub(crate) use forebay_simulators::canto::values::{ContentId, date};
pub(crate) use forebay_simulators::canto::{
    Canto, CantoOptions, DEFAULT_APP_ID, DEFAULT_APP_SECRET, NewAsset,
};
pub(crate) use forebay_simulators::common::{CourierSwitches, Fault, Frame, Rule, Running, server};
pub(crate) use reqwest::{Method, RequestBuilder, Response, StatusCode, multipart};
pub(crate) use serde_json::{Value, json};

pub(crate) const START: Timestamp = Timestamp(1_706_694_312_007);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);

pub(crate) struct World {
    pub(crate) canto: Canto,
    pub(crate) clock: VirtualClock,
    pub(crate) client: reqwest::Client,
    pub(crate) token: String,
}

pub(crate) async fn world() -> World {
    world_with(CantoOptions::default()).await
}

pub(crate) async fn world_with(options: CantoOptions) -> World {
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
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.canto.base_url())
    }

    pub(crate) async fn token_reply(&self, extra: &[(&str, &str)]) -> Response {
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

    pub(crate) async fn issue(&self, extra: &[(&str, &str)]) -> String {
        let reply: Value = self.token_reply(extra).await.json().await.unwrap();
        reply["accessToken"].as_str().unwrap().to_owned()
    }

    pub(crate) fn call(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, self.url(path))
            .bearer_auth(&self.token)
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let reply = self.call(Method::GET, path).send().await.unwrap();
        assert_eq!(reply.status(), StatusCode::OK, "{path}");
        reply.json().await.unwrap()
    }

    pub(crate) async fn status_of(&self, path: &str) -> StatusCode {
        self.call(Method::GET, path).send().await.unwrap().status()
    }

    pub(crate) async fn edit(&self, id: &ContentId, properties: Value) -> (StatusCode, String) {
        let body = json!({"contents": [{"scheme": id.scheme.word(), "id": id.id}],
                          "properties": properties});
        let call = self.call(Method::PUT, "/api/v1/batch/edit").json(&body);
        let reply = call.send().await.unwrap();
        (reply.status(), reply.text().await.unwrap())
    }

    pub(crate) async fn set(
        &self,
        id: &ContentId,
        property: &str,
        value: &str,
    ) -> (StatusCode, String) {
        self.edit(
            id,
            json!([{"propertyId": property, "propertyValue": value,
                              "action": "", "customField": false}]),
        )
        .await
    }

    pub(crate) fn hero(&self) -> ContentId {
        self.canto
            .add_asset(NewAsset::new("hero.jpg", "pixels", "ann"))
            .unwrap()
    }

    pub(crate) async fn detail(&self, id: &ContentId) -> Value {
        self.get(&format!("/api/v1/{id}")).await
    }
}

/// A receiver of webhooks that keeps their bodies.
pub(crate) async fn receiver() -> (Running, Frame) {
    let clock = VirtualClock::new(START);
    let frame = Frame::new("receiver", clock.into(), |status| {
        axum::response::IntoResponse::into_response(status)
    })
    .unwrap();
    let route = frame.op("hook", post(async || "ok"));
    let router = Router::new().route("/{event}", route);
    (server::start(router, "127.0.0.1:0").await.unwrap(), frame)
}
