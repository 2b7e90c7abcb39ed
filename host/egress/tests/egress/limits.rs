//! Limits: sizes, times, rates, the breaker.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::common::{
    Answer, Names, START, Seen, Vendor, answer, info, ok, policy, request, rig, to,
};
use forebay_egress::{BreakerState, Error, Options, Phase};
use forebay_model::Timestamp;
use forebay_model::manifest::{AuthScheme, RateClass};
use http_body_util::BodyExt as _;

fn with(vendor: &Vendor, options: Options) -> crate::common::Rig {
    let origin = vendor.url("");
    rig(
        policy(info(&[&origin], AuthScheme::None), &[&origin]),
        options,
        Names::default(),
    )
}

#[tokio::test]
async fn an_oversize_response_is_cut_off() {
    let vendor = Vendor::start(|seen: &Seen| {
        if seen.line().contains("/said") {
            return ok(&"a".repeat(101));
        }
        let mut pieces = vec![b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec()];
        pieces.extend((0..11).map(|_| b"a\r\n0123456789\r\n".to_vec()));
        pieces.push(b"0\r\n\r\n".to_vec());
        Answer::Pieces(pieces)
    })
    .await;
    let rig = with(
        &vendor,
        Options {
            max_response_bytes: 100,
            ..Options::default()
        },
    );
    let error = rig.get(&vendor.url("/said")).await.err().unwrap();
    assert_eq!(
        error.to_string(),
        "the response is larger than 100 bytes (option max_response_bytes)"
    );
    let body = rig.get(&vendor.url("/unsaid")).await.unwrap().body;
    assert!(body.unwrap_err().contains("larger than 100 bytes"));
    assert_eq!(
        rig.connection.health().in_flight,
        0,
        "nothing is left under way"
    );
}

#[tokio::test]
async fn an_oversize_request_is_not_sent() {
    let vendor = Vendor::start(|_: &Seen| ok("{}")).await;
    let rig = with(
        &vendor,
        Options {
            max_request_bytes: 100,
            ..Options::default()
        },
    );
    let sent = request("POST", &vendor.url("/"), &[], &"a".repeat(101));
    let error = rig.fetch(sent).await.err().unwrap();
    assert!(
        matches!(
            error,
            Error::TooLarge {
                option: "max_request_bytes",
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(vendor.seen().len(), 0);
}

#[tokio::test]
async fn a_silent_vendor_times_out() {
    let vendor = Vendor::start(|_: &Seen| Answer::Stall(vec![])).await;
    let rig = Arc::new(to(&vendor, AuthScheme::None));
    let (sender, url) = (rig.clone(), vendor.url("/"));
    let sent = tokio::spawn(async move { sender.get(&url).await.err().unwrap() });
    while vendor.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    rig.pass_time().await;
    let error = sent.await.unwrap();
    assert!(
        matches!(
            error,
            Error::Timeout {
                phase: Phase::FirstByte,
                ..
            }
        ),
        "{error}"
    );
    assert!(!error.surely_not_sent());
}

#[tokio::test]
async fn a_body_that_stops_midway_times_out() {
    let vendor = Vendor::start(|_: &Seen| {
        Answer::Stall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf ".to_vec())
    })
    .await;
    let rig = to(&vendor, AuthScheme::None);
    let response = rig
        .send(request("GET", &vendor.url("/"), &[], ""))
        .await
        .unwrap();
    assert_eq!(rig.connection.health().in_flight, 1);
    let reading = tokio::spawn(response.into_body().collect());
    let mut passed = Duration::ZERO;
    while !reading.is_finished() {
        if rig.clock.next_deadline().is_some() {
            passed += rig.pass_time().await;
        }
        tokio::task::yield_now().await;
    }
    let error = reading.await.unwrap().err().unwrap().to_string();
    assert!(error.contains("paused for more than 30000 ms"), "{error}");
    assert!(passed >= Duration::from_secs(30));
    assert_eq!(rig.connection.health().in_flight, 0);
}

#[tokio::test]
async fn a_vendor_that_hangs_up_may_have_acted() {
    let vendor = Vendor::start(|_: &Seen| Answer::Close).await;
    let rig = to(&vendor, AuthScheme::None);
    let error = rig
        .fetch(request("POST", &vendor.url("/"), &[], "x"))
        .await
        .err()
        .unwrap();
    assert!(
        matches!(error, Error::Io { .. }) && !error.surely_not_sent(),
        "{error}"
    );
}

#[tokio::test]
async fn a_closed_port_is_told_from_a_lost_answer() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let rig = rig(
        policy(info(&[&origin], AuthScheme::None), &[&origin]),
        Options::default(),
        Names::default(),
    );
    let error = rig.get(&origin).await.err().unwrap();
    assert!(
        matches!(error, Error::Connect { .. }) && error.surely_not_sent(),
        "{error}"
    );
    let failure = rig.connection.health().last_failure.unwrap();
    assert_eq!((failure.at, failure.code), (START, "connect"));
}

#[tokio::test]
async fn ten_failures_open_the_breaker_for_60s_and_one_probe_closes_it() {
    let works = Arc::new(AtomicBool::new(false));
    let switch = works.clone();
    let vendor = Vendor::start(move |_: &Seen| {
        if switch.load(Ordering::SeqCst) {
            ok("{}")
        } else {
            answer("500 Broken", &[], "")
        }
    })
    .await;
    let rig = with(&vendor, Options::default());
    for _ in 0..10 {
        assert_eq!(rig.get(&vendor.url("/")).await.unwrap().status, 500);
    }
    let until = START.plus(Duration::from_secs(60));
    let error = rig.get(&vendor.url("/")).await.err().unwrap();
    assert_eq!(error, Error::Breaker { until });
    assert_eq!(
        rig.connection.health().breaker,
        BreakerState::Open { until }
    );
    rig.clock.advance_to(Timestamp(until.0 - 1));
    assert!(rig.get(&vendor.url("/")).await.is_err());
    assert_eq!(vendor.seen().len(), 10);

    rig.clock.advance_to(until);
    works.store(true, Ordering::SeqCst);
    assert_eq!(rig.get(&vendor.url("/")).await.unwrap().status, 200);
    assert_eq!(
        rig.connection.health().breaker,
        BreakerState::Closed { failures: 0 }
    );
}

#[tokio::test]
async fn a_used_up_budget_waits_a_little_and_answers_for_the_vendor() {
    let vendor = Vendor::start(|_: &Seen| ok("{}")).await;
    let origin = vendor.url("");
    let mut info = info(&[&origin], AuthScheme::None);
    info.rate_classes = vec![RateClass {
        name: "level-4".into(),
        per_minute: "{rate}".into(),
        path_prefixes: vec!["/api/".into()],
    }];
    let mut policy = policy(info, &[&origin]);
    policy.settings = serde_json::json!({"rate": 2});
    let rig = Arc::new(rig(policy, Options::default(), Names::default()));
    for _ in 0..2 {
        assert_eq!(rig.get(&vendor.url("/api/a")).await.unwrap().status, 200);
    }
    let got = rig.get(&vendor.url("/api/b")).await.unwrap();
    assert_eq!(
        (got.status, got.headers["retry-after"].to_str().unwrap()),
        (429, "60")
    );
    assert_eq!(rig.get(&vendor.url("/free")).await.unwrap().status, 200);
    assert_eq!(vendor.seen().len(), 3, "the vendor is spared");

    rig.clock.advance(Duration::from_secs(59));
    let (sender, url) = (rig.clone(), vendor.url("/api/c"));
    let waiting = tokio::spawn(async move { sender.get(&url).await.unwrap().status });
    while rig.clock.next_deadline().is_none() {
        tokio::task::yield_now().await;
    }
    assert_eq!(vendor.seen().len(), 3);
    rig.clock.advance(Duration::from_secs(1));
    assert_eq!(waiting.await.unwrap(), 200);
}

#[tokio::test]
async fn only_so_many_requests_are_under_way() {
    let vendor = Vendor::start(|_: &Seen| ok("{}")).await;
    let rig = Arc::new(with(
        &vendor,
        Options {
            max_concurrency: 1,
            ..Options::default()
        },
    ));
    let held = rig
        .send(request("GET", &vendor.url("/"), &[], ""))
        .await
        .unwrap();
    let (sender, url) = (rig.clone(), vendor.url("/"));
    let waiting = tokio::spawn(async move { sender.get(&url).await.err() });
    rig.pass_time().await;
    assert_eq!(waiting.await.unwrap(), Some(Error::Busy { limit: 1 }));
    drop(held);
    assert_eq!(rig.get(&vendor.url("/")).await.unwrap().status, 200);
}
