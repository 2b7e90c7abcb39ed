//! The frame itself, over real HTTP on loopback.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use axum::Router;
use axum::response::IntoResponse as _;
use axum::routing::{get, post};
use forebay_model::{Timestamp, VirtualClock};
use forebay_simulators::common::{
    CourierSwitches, Delivery, Fault, Frame, Rule, Running, control, effect, server,
};
use serde_json::json;

struct Sim {
    running: Running,
    frame: Frame,
    clock: VirtualClock,
    client: reqwest::Client,
}

async fn sim() -> Sim {
    let clock = VirtualClock::new(Timestamp(1_700_000_000_000));
    let frame = Frame::new("frame", clock.clone().into(), |status| {
        (status, "no").into_response()
    })
    .unwrap();
    let router = Router::new()
        .route(
            "/thing",
            frame
                .op("read-thing", get(async || "thing"))
                .merge(frame.rated(
                    "make-thing",
                    "slow",
                    post(async || {
                        effect("make-thing");
                        "made"
                    }),
                )),
        )
        .merge(control::router(&frame));
    let running = server::start(router, "127.0.0.1:0").await.unwrap();
    Sim {
        running,
        frame,
        clock,
        client: reqwest::Client::builder().build().unwrap(),
    }
}

impl Sim {
    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.running.base_url())
    }

    async fn make(&self) -> reqwest::Result<u16> {
        Ok(self
            .client
            .post(self.url("/thing"))
            .body("x")
            .send()
            .await?
            .status()
            .as_u16())
    }
}

#[tokio::test]
async fn a_reply_can_be_lost_after_the_effect_and_before_it() {
    let sim = sim().await;
    sim.frame
        .faults()
        .add(Rule::once("make-thing", Fault::CommitThenTimeout));
    sim.frame
        .faults()
        .add(Rule::once("make-thing", Fault::ConnectionLost).after(1));
    assert!(sim.make().await.is_err());
    assert_eq!(sim.frame.recorder().effects("make-thing"), 1);
    assert!(sim.make().await.is_err());
    assert_eq!(sim.frame.recorder().effects("make-thing"), 1);
    assert_eq!(sim.make().await.unwrap(), 200);
    let calls = sim.frame.recorder().calls_of("make-thing");
    assert_eq!(
        calls.iter().map(|call| call.status).collect::<Vec<_>>(),
        [None, None, Some(200)]
    );
    assert_eq!(calls[0].body.as_deref(), Some("x"));
    assert_eq!(calls[0].effects, ["make-thing"]);
    assert_eq!(calls[1].faults, ["connection-lost"]);
}

#[tokio::test]
async fn faults_calls_and_effects_can_be_had_over_http() {
    let sim = sim().await;
    let rule = json!({"operation": "make-thing", "times": 1,
                      "fault": {"status": {"code": 429, "retry-after": 120}}});
    let added = sim
        .client
        .post(sim.url("/_sim/faults"))
        .json(&rule)
        .send()
        .await
        .unwrap();
    assert_eq!(added.status(), 204);
    let refused = sim.client.post(sim.url("/thing")).send().await.unwrap();
    assert_eq!(
        (
            refused.status().as_u16(),
            refused.headers()["retry-after"].as_bytes()
        ),
        (429, &b"120"[..])
    );
    assert_eq!(sim.make().await.unwrap(), 200);
    let get = async |path: &str| -> serde_json::Value {
        sim.client
            .get(sim.url(path))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    };
    assert_eq!(get("/_sim/effects").await, json!({"make-thing": 1}));
    let calls = get("/_sim/calls?operation=make-thing").await;
    assert_eq!(calls[0]["faults"], json!(["status 429"]));
    assert_eq!(calls[1]["status"], 200);
}

#[tokio::test]
async fn an_outage_ends_by_the_clock_which_can_be_moved_over_http() {
    let sim = sim().await;
    let from = Timestamp(1_700_000_000_000);
    sim.frame
        .faults()
        .add(Rule::outage(from, from.plus(Duration::from_secs(7200))));
    assert_eq!(sim.make().await.unwrap(), 503);
    let moved = json!({"advance_ms": 7_200_000});
    sim.client
        .post(sim.url("/_sim/clock"))
        .json(&moved)
        .send()
        .await
        .unwrap();
    assert_eq!(sim.make().await.unwrap(), 200);
}

#[tokio::test]
async fn latency_is_virtual_time() {
    let sim = sim().await;
    sim.frame
        .faults()
        .add(Rule::once("read-thing", Fault::Latency { ms: 60_000 }));
    let url = sim.url("/thing");
    let reading = tokio::spawn(async move { reqwest::get(url).await.unwrap().status() });
    while sim.clock.next_deadline().is_none() {
        tokio::task::yield_now().await;
    }
    assert!(!reading.is_finished());
    sim.clock.advance(Duration::from_secs(60));
    assert_eq!(reading.await.unwrap(), 200);
}

#[tokio::test]
async fn rates_are_counted_per_class() {
    let sim = sim().await;
    sim.frame.rates().limit("slow", 1, Duration::from_secs(60));
    assert_eq!(sim.make().await.unwrap(), 200);
    assert_eq!(sim.make().await.unwrap(), 429);
    sim.clock.advance(Duration::from_secs(60));
    assert_eq!(sim.make().await.unwrap(), 200);
}

#[tokio::test]
async fn webhooks_are_doubled_reordered_and_lost_on_request() {
    let sim = sim().await;
    let courier = sim.frame.courier().clone();
    let target = sim.url("/thing");
    let send = |label: &str| courier.send(Delivery::new(label, &target, json!({"n": label})));
    courier.set(CourierSwitches {
        copies: 2,
        ..CourierSwitches::default()
    });
    send("a");
    courier.idle().await;
    courier.set(CourierSwitches {
        reverse: 2,
        ..CourierSwitches::default()
    });
    send("b");
    send("c");
    courier.idle().await;
    courier.set(CourierSwitches {
        dead: true,
        ..CourierSwitches::default()
    });
    send("d");
    courier.idle().await;
    let labels: Vec<_> = courier.sent().into_iter().map(|sent| sent.label).collect();
    assert_eq!(labels, ["a", "a", "c", "b"]);
    let bodies: Vec<_> = sim
        .frame
        .recorder()
        .calls_of("make-thing")
        .iter()
        .map(|call| call.json()["n"].clone())
        .collect();
    assert_eq!(bodies, ["a", "a", "c", "b"]);
}

#[tokio::test]
async fn a_stopped_simulator_does_not_answer() {
    let sim = sim().await;
    assert_eq!(sim.make().await.unwrap(), 200);
    let url = sim.url("/thing");
    sim.running.stop().await;
    assert!(reqwest::get(url).await.is_err());
}
