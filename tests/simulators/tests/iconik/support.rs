//! A tenant on loopback, under virtual time, with a client that may do everything.

use std::time::Duration;

use axum::Router;
use axum::routing::post;
use forebay_model::{Timestamp, VirtualClock};
use forebay_simulators::common::{Frame, Running, server};
use forebay_simulators::iconik::{
    DEFAULT_APP_ID, DEFAULT_AUTH_TOKEN, Iconik, IconikOptions, NewAsset,
};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

pub(crate) const START: Timestamp = Timestamp(1_709_287_200_000);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const HOUR: Duration = Duration::from_secs(3600);
pub(crate) const ANN: &str = "0b8c2a52-0000-11ef-8000-0000000000d1";
pub(crate) const BOB: &str = "0b8c2a52-0000-11ef-8000-0000000000d2";

pub(crate) struct World {
    pub(crate) iconik: Iconik,
    pub(crate) clock: VirtualClock,
    pub(crate) client: reqwest::Client,
}

pub(crate) async fn world() -> World {
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
    pub(crate) fn call_as(&self, token: &str, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/API/{path}", self.iconik.base_url());
        self.client
            .request(method, url)
            .header("App-ID", DEFAULT_APP_ID)
            .header("Auth-Token", token)
    }

    /// Make a call, with this body unless it is null; returns status and reply.
    pub(crate) async fn send(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let mut call = self.call_as(DEFAULT_AUTH_TOKEN, method, path);
        if !body.is_null() {
            call = call.json(&body);
        }
        let reply = call.send().await.unwrap();
        let status = reply.status().as_u16();
        let text = reply.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or_default())
    }

    /// What is read there; it must be readable.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, reply) = self.send(Method::GET, path, Value::Null).await;
        assert_eq!(status, 200, "{path}: {reply}");
        reply
    }

    pub(crate) async fn status_of(&self, path: &str) -> u16 {
        self.send(Method::GET, path, Value::Null).await.0
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.send(Method::POST, path, body).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> (u16, Value) {
        self.send(Method::PUT, path, body).await
    }

    pub(crate) async fn delete(&self, path: &str) -> u16 {
        self.send(Method::DELETE, path, Value::Null).await.0
    }

    pub(crate) fn clip(&self) -> String {
        self.iconik
            .add_asset(NewAsset::new("clip.mp4", "frames", ANN))
    }
}

/// A receiver of webhooks.
pub(crate) async fn receiver() -> (Running, Frame) {
    let frame = Frame::new("receiver", VirtualClock::new(START).into(), |status| {
        axum::response::IntoResponse::into_response(status)
    })
    .unwrap();
    let router = Router::new().route("/hook", frame.op("hook", post(async || "ok")));
    (server::start(router, "127.0.0.1:0").await.unwrap(), frame)
}
