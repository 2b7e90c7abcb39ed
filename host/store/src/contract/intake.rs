//! Webhooks, events, cursors.

use forebay_model::ports::HeaderField;

use super::fixtures::{at, batch, dam, event};
use crate::Store;
use crate::intake::{CursorWrite, NewWebhook, Recorded, WebhookSettlement};
use crate::query::PageRequest;

pub async fn an_event_is_stored_once(store: &dyn Store) {
    let first = store
        .record_events(batch(vec![event("a", "1"), event("a", "2")]))
        .await
        .unwrap();
    assert_eq!(first, Recorded { new: 2, known: 0 });
    let mut told_otherwise = event("a", "1");
    told_otherwise.actor = Some("ann".into());
    let again = store
        .record_events(batch(vec![told_otherwise, event("a", "3")]))
        .await
        .unwrap();
    assert_eq!(again, Recorded { new: 1, known: 1 });

    let unrouted = store.unrouted_events(10).await.unwrap();
    let tokens: Vec<_> = unrouted
        .iter()
        .map(|stored| &*stored.event.change_token)
        .collect();
    assert_eq!(tokens, ["1", "2", "3"]);
    assert_eq!(unrouted[0].seen, 2);
    assert_eq!(unrouted[0].event.actor, None, "the first report stands");
    assert!(unrouted[0].id < unrouted[1].id);
}

pub async fn a_cursor_moves_with_its_events(store: &dyn Store) {
    assert_eq!(store.cursor("poll:dam").await.unwrap(), None);
    let write = |value: &str, second| CursorWrite {
        trigger: "poll:dam".into(),
        value: value.into(),
        at: at(second),
    };
    let mut polled = batch(vec![event("a", "1")]);
    polled.cursor = Some(write("page-2", 5));
    store.record_events(polled).await.unwrap();
    let cursor = store.cursor("poll:dam").await.unwrap().unwrap();
    assert_eq!((&*cursor.value, cursor.updated_at), ("page-2", at(5)));

    let audit = super::fixtures::entry("cursor.set", &"none".into());
    store.set_cursor(write("page-1", 6), audit).await.unwrap();
    assert_eq!(
        store.cursor("poll:dam").await.unwrap().unwrap().value,
        "page-1"
    );
    let records = store
        .audit_records(None, PageRequest::default())
        .await
        .unwrap();
    assert_eq!(records.items[0].entry.action, "cursor.set");
}

fn webhook(second: i64) -> NewWebhook {
    NewWebhook {
        connection: dam(),
        endpoint: "changes".into(),
        method: "POST".into(),
        path: "/hooks/dam/changes?x=1".into(),
        headers: vec![HeaderField {
            name: "a".into(),
            value: "b".into(),
        }],
        body: vec![0, 159, 146, 150],
        received_at: at(second),
    }
}

pub async fn a_webhook_is_normalised_once(store: &dyn Store) {
    let first = store.accept_webhook(webhook(1)).await.unwrap();
    let second = store.accept_webhook(webhook(2)).await.unwrap();
    let open = store.open_webhooks(at(9), 10).await.unwrap();
    assert_eq!(
        open.iter().map(|delivery| delivery.id).collect::<Vec<_>>(),
        [first, second]
    );
    assert_eq!(open[0].webhook, webhook(1));

    let settled = || WebhookSettlement::Events {
        events: vec![event("a", "1")],
        at: at(3),
    };
    assert_eq!(store.settle_webhook(first, settled()).await.unwrap().new, 1);
    assert_eq!(
        store.settle_webhook(first, settled()).await.unwrap(),
        Recorded::default()
    );
    assert_eq!(store.open_webhooks(at(9), 10).await.unwrap()[0].id, second);
    let stored = &store.unrouted_events(10).await.unwrap()[0];
    assert_eq!(
        (&stored.connection, &*stored.source, stored.seen),
        (&dam(), "webhook", 1)
    );
}

pub async fn a_put_off_webhook_waits_for_its_time(store: &dyn Store) {
    let id = store.accept_webhook(webhook(1)).await.unwrap();
    assert_eq!(
        store.next_due().await.unwrap(),
        None,
        "a fresh one is not put off"
    );
    let put_off = WebhookSettlement::PutOff {
        retry_at: at(60),
        error: "trap".into(),
    };
    store.settle_webhook(id, put_off).await.unwrap();
    assert_eq!(store.open_webhooks(at(59), 10).await.unwrap(), []);
    assert_eq!(store.next_due().await.unwrap(), Some(at(60)));
    assert_eq!(
        store.open_webhooks(at(60), 10).await.unwrap()[0].attempts,
        1
    );
}

pub async fn a_rejected_webhook_is_open_no_longer(store: &dyn Store) {
    let id = store.accept_webhook(webhook(1)).await.unwrap();
    let rejected = WebhookSettlement::Rejected {
        error: "not JSON".into(),
        at: at(2),
    };
    store.settle_webhook(id, rejected).await.unwrap();
    assert_eq!(store.open_webhooks(at(99), 10).await.unwrap(), []);
}
