//! What comes in is kept once, whichever way and however often it comes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use forebay_engine::intake::{Accepted, poll_trigger};
use forebay_model::CapabilityError;
use forebay_model::capability::{Detail, InvalidDetail};
use forebay_model::ports::GuestError;
use forebay_model::run::RunState;
use forebay_store::query::{EventFilter, PageRequest};

use crate::support::{Crash, DAM, World, created, page};

async fn cursor(world: &World) -> Option<String> {
    let stored = world
        .core()
        .store()
        .cursor(&poll_trigger(&DAM.into()))
        .await
        .unwrap();
    stored.map(|cursor| cursor.value)
}

async fn event_count(world: &World) -> usize {
    let page = PageRequest {
        cursor: None,
        limit: 500,
    };
    world
        .core()
        .store()
        .events(EventFilter::default(), page)
        .await
        .unwrap()
        .items
        .len()
}

#[tokio::test]
async fn a_hundred_webhooks_and_a_poll_make_one_run() {
    let world = World::new().await;
    world
        .script
        .changes(|_| Ok(Ok(page(vec![created("a", "v1")], "1", false))));
    for delivery in 0..100 {
        world.webhook(&[created("a", "v1")]).await;
        if delivery % 40 == 0 {
            world.settle().await;
        }
    }
    world.core().poll(&DAM.into()).await.unwrap();
    world.settle().await;

    let runs = world.runs().await;
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0].state, RunState::Waiting);
    assert_eq!(runs[0].activations, 1);
    world.script.vendor.assert_once(&["start a"]);
    let page = PageRequest::default();
    let events = world
        .core()
        .store()
        .events(EventFilter::default(), page)
        .await
        .unwrap()
        .items;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].seen, 101);
}

#[tokio::test]
async fn a_forged_delivery_is_turned_away_and_not_kept() {
    let world = World::new().await;
    let accepted = world
        .core()
        .accept_webhook(world.delivery(b"forged".to_vec()))
        .await
        .unwrap();
    assert!(matches!(accepted, Accepted::Refused(_)));
    let open = world
        .core()
        .store()
        .open_webhooks(world.now(), 9)
        .await
        .unwrap();
    assert_eq!(open, []);
}

#[tokio::test]
async fn a_delivery_waits_for_its_connector_and_is_never_given_up() {
    let mut world = World::new().await;
    let plugin = world.script.remove(DAM);
    world.webhook(&[created("a", "v1")]).await;
    for _ in 0..20 {
        world.settle().await;
        assert_eq!(world.runs().await, []);
        world.pass(Duration::from_secs(300)).await;
    }
    world.restart().await;
    world.script.put_back(plugin);
    world.pass(Duration::from_secs(300)).await;
    assert_eq!(world.runs().await.len(), 1);
}

#[tokio::test]
async fn a_delivery_that_makes_no_sense_is_rejected_once() {
    let world = World::new().await;
    let asked = Arc::new(AtomicU32::new(0));
    world.script.webhook({
        let asked = Arc::clone(&asked);
        move |_| {
            asked.fetch_add(1, Ordering::SeqCst);
            let detail = Detail::new("no id in it");
            Ok(Err(CapabilityError::Invalid(InvalidDetail {
                detail,
                field: None,
            })))
        }
    });
    world.webhook(&[]).await;
    world.settle().await;
    world.pass(Duration::from_secs(3600)).await;
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert_eq!(event_count(&world).await, 0);
}

#[tokio::test]
async fn events_and_cursor_of_a_poll_are_stored_together_or_not_at_all() {
    for (after, events) in [(false, 0), (true, 1)] {
        let mut world = World::new().await;
        world.script.changes(|cursor| {
            assert_eq!(cursor, None, "what was not stored is asked for again");
            Ok(Ok(page(vec![created("a", "v1")], "1", false)))
        });
        let next = world.faults.writes().len();
        world.faults.crash(if after {
            Crash::After(next)
        } else {
            Crash::Before(next)
        });
        world.core().poll(&DAM.into()).await.unwrap_err();
        assert!(world.faults.dead());
        world.restart().await;
        assert_eq!(event_count(&world).await, events);
        assert_eq!(cursor(&world).await.is_some(), after);
        if !after {
            world.core().poll(&DAM.into()).await.unwrap();
            assert_eq!(event_count(&world).await, 1);
        }
    }
}

#[tokio::test]
async fn a_poll_reads_page_after_page_and_goes_on_after_a_restart() {
    let mut world = World::new().await;
    world.script.changes(|cursor| {
        let number: u32 = cursor.map_or(0, |cursor| cursor.parse().unwrap());
        let events = if number < 7 {
            vec![created(&format!("a{number}"), "v1")]
        } else {
            vec![]
        };
        Ok(Ok(page(
            events,
            &(number + 1).min(7).to_string(),
            number < 6,
        )))
    });
    let polled = world.core().poll(&DAM.into()).await.unwrap();
    assert_eq!((polled.recorded.new, polled.more), (7, false));
    world.restart().await;
    let polled = world.core().poll(&DAM.into()).await.unwrap();
    assert_eq!((polled.recorded.new, polled.recorded.known), (0, 0));
    assert_eq!(cursor(&world).await.as_deref(), Some("7"));
}

#[tokio::test]
async fn pages_before_a_failing_one_stay() {
    let world = World::new().await;
    world.script.changes(|cursor| match cursor {
        None => Ok(Ok(page(vec![created("a", "v1")], "1", true))),
        Some(_) => Err(GuestError::Trap("scripted".into())),
    });
    world.core().poll(&DAM.into()).await.unwrap_err();
    assert_eq!(event_count(&world).await, 1);
    assert_eq!(cursor(&world).await.as_deref(), Some("1"));
    let health = world.core().health().of(&DAM.into());
    assert!(health.poll_error.unwrap().contains("scripted"));
    world.settle().await;
    assert_eq!(world.runs().await.len(), 1);
}

#[tokio::test]
async fn a_page_that_claims_more_without_moving_on_is_read_once() {
    let world = World::new().await;
    let asked = Arc::new(AtomicU32::new(0));
    world.script.changes({
        let asked = Arc::clone(&asked);
        move |_| {
            asked.fetch_add(1, Ordering::SeqCst);
            Ok(Ok(page(vec![created("a", "v1")], "same", true)))
        }
    });
    // The first page moves the cursor from nothing to `same`, the second does not move it.
    let polled = world.core().poll(&DAM.into()).await.unwrap();
    assert_eq!((asked.load(Ordering::SeqCst), polled.more), (2, false));
    assert_eq!((polled.recorded.new, polled.recorded.known), (1, 1));
}
