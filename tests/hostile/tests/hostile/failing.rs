//! Guests that fail, and what is left of them.

use std::time::Duration;

use forebay_hostile::broker::Obliging;
use forebay_hostile::{Answer, House, Names, Vendor, answer, limits};
use forebay_model::ports::GuestError;
use forebay_sandbox::Limits;

fn trap<T: std::fmt::Debug>(outcome: Result<T, GuestError>) -> String {
    match outcome {
        Err(GuestError::Trap(message)) => message,
        other => panic!("no trap: {other:?}"),
    }
}

#[tokio::test]
async fn every_way_to_fail_is_told_and_stays_alone() {
    let house = House::with(&["failing"]).await;
    for (how, words) in [
        ("panic", "at the disco"),
        ("long panic", "yyyy"),
        ("unreachable", "unreachable"),
        ("exit", "exit"),
        ("out of bounds", "out of bounds"),
        ("half a line", "it wrote: last words"),
    ] {
        let message = trap(house.beside(house.act("failing", how)).await);
        assert!(message.contains(words), "{how}: {message}");
        assert!(message.len() < 3_000, "{how}: {} bytes", message.len());
        // Such a message stands in logs, answers of the API and terminals.
        assert!(!message.contains('\u{1b}'), "{how}: {message:?}");
    }
    house.log.assert_unforged();
    assert_eq!(house.act("failing", "").await.as_deref(), Ok(""));
}

#[tokio::test]
async fn what_one_instance_leaves_the_next_cannot_read() {
    let short = Limits {
        cpu_call: Duration::from_millis(200),
        ..limits()
    };
    let house = House::limited(short, &["scribbler"]).await;
    for how in ["fill", "fill and trap", "fill and loop", "fill"] {
        // As often as there are places for instances to land in.
        for _ in 0..10 {
            let filled = house.act("scribbler", how).await;
            assert!(
                filled.as_deref() == Ok("0") || filled.is_err(),
                "{filled:?}"
            );
            if how == "fill and loop" {
                break;
            }
        }
        for _ in 0..10 {
            let seen = house.beside(house.act("scribbler", "look")).await;
            assert_eq!(seen.as_deref(), Ok("0"), "after {how}");
        }
    }
}

#[tokio::test]
async fn a_request_ends_with_the_guest_that_made_it() {
    let begun = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegun".to_vec();
    let short = Limits {
        cpu_call: Duration::from_millis(200),
        ..limits()
    };
    let house = House::limited(short, &["holding"]).await;
    for how in ["call", "body", "loop"] {
        let vendor = Vendor::start(Answer::Silence(begun.clone())).await;
        house.connect("holding", &vendor.origin(), Names::default());
        let outcome = house
            .beside(house.act("holding", &format!("{how} {}", vendor.url("/"))))
            .await;
        let error = outcome.unwrap_err();
        match how {
            "loop" => assert!(matches!(
                error,
                GuestError::Limit {
                    limit: "limits.cpu_call",
                    ..
                }
            )),
            _ => assert!(matches!(error, GuestError::Trap(_)), "{error}"),
        }
        vendor.deserted().await;
        let connection = house.egress.get(&"holding".into()).unwrap();
        assert_eq!(connection.health().in_flight, 0, "{how}");
    }
}

#[tokio::test]
async fn a_handler_that_fails_after_a_call_has_made_it_once() {
    let house = House::with(&["uncertain_end"]).await;
    for (how, limit) in [("trap", None), ("loop", Some("limits.cpu_handle"))] {
        let broker = Obliging::new();
        let outcome = house
            .beside(house.activate("uncertain-end", how, broker.clone()))
            .await;
        match (outcome, limit) {
            (Err(GuestError::Trap(_)), None) => {}
            (Err(GuestError::Limit { limit, .. }), Some(wanted)) => assert_eq!(limit, wanted),
            (other, _) => panic!("{other:?}"),
        }
        assert_eq!(broker.calls(), ["test:hostile/deed.act"], "{how}");
    }
    let broker = Obliging::new();
    let outcome = house.activate("uncertain-end", "", broker).await;
    assert_eq!(outcome.as_deref(), Ok("done"));
}

#[tokio::test]
async fn an_answer_to_a_guest_that_is_gone_harms_nobody() {
    let vendor = Vendor::start(answer("200 OK", &[], b"too late")).await;
    let house = House::with(&["holding", "prowler"]).await;
    house.connect("holding", &vendor.origin(), Names::default());
    let message = trap(
        house
            .beside(house.act("holding", &format!("call {}", vendor.url("/"))))
            .await,
    );
    assert!(message.contains("in the middle of a call"), "{message}");
    house.connect("prowler", &vendor.origin(), Names::default());
    let got = house.act("prowler", &vendor.url("/")).await;
    assert_eq!(got.as_deref(), Ok("200 too late"));
}
