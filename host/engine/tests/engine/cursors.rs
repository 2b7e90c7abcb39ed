//! Cursors are moved by operators without losing or repeating anything.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use forebay_engine::Error;
use forebay_engine::intake::poll_trigger;
use forebay_model::Timestamp;
use forebay_store::query::PageRequest;

use crate::support::{Crash, DAM, World, created, page};

/// Changes by the hour they happened in; a cursor is the next hour.
fn hourly(world: &World) -> Arc<Mutex<Vec<Option<Timestamp>>>> {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    let begin = world.now();
    world.script.changes_by(move |cursor, options| {
        log.lock().unwrap().push(options.start_at);
        let hour = match (cursor, options.start_at) {
            (Some(cursor), _) => cursor.parse().unwrap(),
            (None, Some(start)) => start.since(begin).as_secs() / 3600,
            (None, None) => 5,
        };
        let events = match hour {
            0..5 => vec![created(&format!("a{hour}"), "v1")],
            _ => Vec::new(),
        };
        let next = (hour + 1).min(5).to_string();
        Ok(Ok(page(events, &next, hour < 4)))
    });
    asked
}

async fn cursor(world: &World) -> String {
    let trigger = poll_trigger(&DAM.into());
    let stored = world.core().store().cursor(&trigger).await.unwrap();
    stored.map(|cursor| cursor.value).unwrap_or_default()
}

#[tokio::test]
async fn a_rewound_cursor_reads_again_and_starts_only_what_is_new() {
    let world = World::new().await;
    let begin = world.now();
    let asked = hourly(&world);
    world.core().poll(&DAM.into()).await.unwrap();
    assert_eq!(cursor(&world).await, "5");
    world.clock.advance(Duration::from_secs(24 * 3600));
    world.arrives(DAM, created("a3", "v1")).await;
    world.settle().await;
    assert_eq!(world.runs().await.len(), 1);

    let to = begin.plus(Duration::from_secs(2 * 3600));
    let actor = || "operator:ann".to_owned();
    let rewound = world.core().rewind(&DAM.into(), to, actor()).await.unwrap();
    assert_eq!((rewound.recorded.new, rewound.recorded.known), (2, 1));
    world.settle().await;
    assert_eq!(world.runs().await.len(), 3);
    assert_eq!(cursor(&world).await, "5");
    assert_eq!(asked.lock().unwrap()[1..], [Some(to), None, None]);

    let page = PageRequest::default();
    let audit = world
        .core()
        .store()
        .audit_records(None, page)
        .await
        .unwrap();
    let mut audit = audit.items.into_iter().map(|record| record.entry);
    let entry = audit
        .find(|entry| entry.action == "operator.rewind")
        .unwrap();
    assert_eq!(entry.actor, "operator:ann");
    assert_eq!(entry.details["from"], "5");
    assert_eq!(entry.details["time"], to.to_string());

    let future = world.now().plus(Duration::from_secs(1));
    let refused = world.core().rewind(&DAM.into(), future, actor()).await;
    assert!(matches!(refused.unwrap_err(), Error::Refused(_)));
}

#[tokio::test]
async fn a_rewind_that_dies_has_moved_nothing_or_stored_everything() {
    for write in 0..2 {
        for crash in [Crash::Before(write), Crash::After(write)] {
            let mut world = World::new().await;
            let begin = world.now();
            hourly(&world);
            world.core().poll(&DAM.into()).await.unwrap();
            world.clock.advance(Duration::from_secs(24 * 3600));
            let so_far = world.faults.writes().len();
            world.faults.crash(match crash {
                Crash::Before(write) => Crash::Before(so_far + write),
                Crash::After(write) => Crash::After(so_far + write),
            });
            let actor = "operator:ann".to_owned();
            let rewound = world.core().rewind(&DAM.into(), begin, actor).await;
            rewound.unwrap_err();
            world.restart().await;
            world.core().poll(&DAM.into()).await.unwrap();
            world.settle().await;
            let moved = crash == Crash::After(1);
            let expected = match (moved, crash) {
                (true, _) => 5,
                (false, Crash::Before(0)) => 0,
                (false, _) => 1,
            };
            assert_eq!(world.runs().await.len(), expected, "{crash:?}");
        }
    }
}

#[tokio::test]
async fn a_cursor_that_is_set_is_not_overwritten_by_a_poll_under_way() {
    let world = World::new().await;
    hourly(&world);
    let dam = DAM.into();
    let (poll, set) = tokio::join!(
        world.core().poll(&dam),
        world
            .core()
            .set_cursor(&dam, "2".into(), "operator:ann".into())
    );
    poll.unwrap();
    set.unwrap();
    assert_eq!(cursor(&world).await, "2");
    world.core().poll(&dam).await.unwrap();
    world.settle().await;
    assert_eq!(world.runs().await.len(), 3);
}
