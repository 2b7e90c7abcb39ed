//! A flow that comes later is brought what happened before: counted, confirmed, at a rate, once.

use std::time::Duration;

use forebay_engine::backfill::BackfillStep;
use forebay_engine::{Error, Options};
use forebay_model::capability::Detail;
use forebay_model::step::{Admission, Start};
use forebay_model::{CapabilityError, DeliveryContent, FlowName, Timestamp};
use forebay_store::query::PageRequest;
use forebay_store::triggers::{Backfill, BackfillState, Counted};

use crate::support::{Crash, DAM, FLOW, World, completed, created, flow, page};

const CHILD: &str = "child";
const OLD: usize = 10;

fn ops() -> String {
    "operator:ann".to_owned()
}

/// Two flows that listen to the DAM; ten old assets there, three a page; every fifth is ignored.
async fn world() -> World {
    let options = Options {
        backfill_runs_per_minute: 3,
        ..Options::default()
    };
    let world = World::of(vec![flow(FLOW), flow(CHILD)], options).await;
    for name in [FLOW, CHILD] {
        world
            .script
            .handle(name, |_, _| async { completed("approved") });
    }
    world.script.admit(|delivery| {
        let DeliveryContent::Event(incoming) = delivery else {
            panic!("not an event");
        };
        let entity = incoming.event.entity.clone();
        if entity.id.ends_with('5') {
            return Ok(Admission::Ignore("not in the folder".into()));
        }
        Ok(Admission::Start(Start {
            business_key: entity.id.clone(),
            title: entity.id.clone(),
            subject: entity,
            labels: Vec::new(),
        }))
    });
    world.script.changes_by(|cursor, options| {
        let from = match (cursor, options.start_at) {
            (Some(cursor), _) => cursor.parse().unwrap(),
            (None, Some(_)) => 0,
            (None, None) => OLD,
        };
        let to = (from + (options.limit as usize).min(3)).min(OLD);
        let events = (from..to).map(|number| created(&format!("old-{number}"), "v1"));
        Ok(Ok(page(events.collect(), &to.to_string(), to < OLD)))
    });
    world.core().poll(&DAM.into()).await.unwrap();
    world
}

async fn step(world: &World, step: BackfillStep) -> Result<Backfill, Error> {
    let flow = FlowName::from(CHILD);
    world.core().step_backfill(&flow, step, ops()).await
}

async fn stored(world: &World) -> Backfill {
    let flow = FlowName::from(CHILD);
    let stored = world.core().store().backfill(&flow).await.unwrap();
    stored.unwrap()
}

/// Tend until nothing is live; returns how long that took.
async fn work(world: &World) -> Duration {
    let begun = world.now();
    for _ in 0..100 {
        let Some(next) = world.core().tend_backfills().await.unwrap() else {
            world.settle().await;
            return world.now().since(begun);
        };
        world.settle().await;
        world.clock.advance_to(next);
    }
    panic!("it never ends");
}

async fn counted(world: &World) -> Counted {
    step(world, BackfillStep::Count(None)).await.unwrap();
    work(world).await;
    let backfill = stored(world).await;
    assert_eq!(backfill.state, BackfillState::Counted);
    backfill.counted.unwrap()
}

async fn children(world: &World) -> usize {
    let runs = world.runs().await;
    let children = runs.iter().filter(|run| run.flow.as_str() == CHILD);
    children.count()
}

#[tokio::test]
async fn it_is_counted_without_effect_and_done_at_its_rate_once_confirmed() {
    let world = world().await;
    assert_eq!(
        counted(&world).await,
        Counted {
            would_start: 9,
            would_join: 0,
            ignored: 1
        }
    );
    assert_eq!(world.runs().await.len(), 0);
    let page = PageRequest::default();
    let events = world.core().store().events(Default::default(), page).await;
    assert_eq!(events.unwrap().items.len(), 0, "a count stores nothing");

    step(&world, BackfillStep::Confirm).await.unwrap();
    let took = work(&world).await;
    assert_eq!(children(&world).await, 9);
    assert_eq!(world.runs().await.len(), 9, "nobody else sees old events");
    assert!(took >= Duration::from_secs(3 * 60), "{took:?}");
    let done = stored(&world).await;
    assert_eq!(
        (done.state, done.handed_over),
        (BackfillState::Completed, 9)
    );

    let again = counted(&world).await;
    assert_eq!((again.would_start, again.ignored), (0, 10));
    step(&world, BackfillStep::Confirm).await.unwrap();
    work(&world).await;
    assert_eq!(world.runs().await.len(), 9);
}

#[tokio::test]
async fn it_goes_on_wherever_the_host_dies() {
    for write in 0..16 {
        let mut world = world().await;
        counted(&world).await;
        step(&world, BackfillStep::Confirm).await.unwrap();
        let so_far = world.faults.writes().len();
        world.faults.crash(Crash::After(so_far + write));
        for _ in 0..20 {
            let _ = world.core().tend_backfills().await;
            let _ = world.drive().await;
            world.clock.advance(Duration::from_secs(60));
        }
        assert!(world.faults.dead(), "write {write}");
        world.restart().await;
        work(&world).await;
        world.pass(Duration::from_secs(3600)).await;
        assert_eq!(children(&world).await, 9, "write {write}");
        assert_eq!(stored(&world).await.state, BackfillState::Completed);
    }
}

#[tokio::test]
async fn a_count_begins_anew_after_a_restart() {
    let mut world = world().await;
    step(&world, BackfillStep::Count(Some(Timestamp(1))))
        .await
        .unwrap();
    world.core().tend_backfills().await.unwrap();
    world.core().tend_backfills().await.unwrap();
    assert_eq!(stored(&world).await.seen, 6);
    world.restart().await;
    work(&world).await;
    let backfill = stored(&world).await;
    assert_eq!(backfill.counted.unwrap().would_start, 9);
    assert_eq!(backfill.since, Timestamp(1));
}

#[tokio::test]
async fn it_is_cancelled_and_refuses_what_does_not_fit() {
    let world = world().await;
    let refused = |result: Result<Backfill, Error>| {
        assert!(matches!(result.unwrap_err(), Error::Refused(_)));
    };
    refused(step(&world, BackfillStep::Confirm).await);
    refused(step(&world, BackfillStep::Cancel).await);
    counted(&world).await;
    step(&world, BackfillStep::Confirm).await.unwrap();
    refused(step(&world, BackfillStep::Count(None)).await);
    world.core().tend_backfills().await.unwrap();
    world.settle().await;
    step(&world, BackfillStep::Cancel).await.unwrap();
    work(&world).await;
    assert_eq!(children(&world).await, 3, "what was handed over stays");
    assert_eq!(stored(&world).await.state, BackfillState::Cancelled);
}

#[tokio::test]
async fn it_waits_out_a_failing_vendor() {
    let world = world().await;
    world.script.changes_by(|_, _| {
        let down = Detail::new("down");
        Ok(Err(CapabilityError::Unavailable(down)))
    });
    step(&world, BackfillStep::Count(None)).await.unwrap();
    let next = world.core().tend_backfills().await.unwrap().unwrap();
    assert!(next > world.now());
    let backfill = stored(&world).await;
    assert_eq!(
        (backfill.state, backfill.failures),
        (BackfillState::Counting, 1)
    );
    assert!(backfill.error.unwrap().contains("down"));
}

#[tokio::test]
async fn an_event_that_a_poll_reports_later_goes_to_everybody() {
    let world = world().await;
    counted(&world).await;
    step(&world, BackfillStep::Confirm).await.unwrap();
    work(&world).await;
    assert_eq!(world.runs().await.len(), 9);
    world.arrives(DAM, created("old-3", "v1")).await;
    world.settle().await;
    let runs = world.runs().await;
    assert_eq!(runs.len(), 10);
    let last = runs.last().unwrap();
    assert_eq!((last.flow.as_str(), &*last.business_key), (FLOW, "old-3"));
}

#[tokio::test]
async fn an_event_that_waits_to_be_routed_is_not_lost_to_others() {
    let world = world().await;
    counted(&world).await;
    step(&world, BackfillStep::Confirm).await.unwrap();
    world.arrives(DAM, created("old-1", "v1")).await;
    world.core().tend_backfills().await.unwrap();
    world.settle().await;
    work(&world).await;
    let runs = world.runs().await;
    let of_old_1 = runs.iter().filter(|run| run.business_key == "old-1");
    let mut flows: Vec<_> = of_old_1.map(|run| run.flow.as_str()).collect();
    flows.sort_unstable();
    assert_eq!(flows, [FLOW, CHILD]);
    assert_eq!(children(&world).await, 9);
}
