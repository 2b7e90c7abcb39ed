//! F2, F3 and F14: what vendors tell comes many times, in the wrong order, or not at all.

use forebay_e2e::MINUTE;
use forebay_model::run::RunState;
use forebay_simulators::common::CourierSwitches;

use super::{Case, until_open};

/// How often each event is told.
const COPIES: u32 = 100;
/// How many events are gathered to be told in reverse order. More than a wait brings, so that all of
/// a wait are reversed.
const GATHERED: usize = 100;

/// F2: each event that starts or concerns the run is delivered a hundred times, and polls find it,
/// too.
pub(crate) async fn duplicates(case: &Case) {
    let world = case.world().await;
    let copies = |copies| CourierSwitches {
        copies,
        ..CourierSwitches::default()
    };
    case.frame(&world).courier().set(copies(COPIES));
    let asset = case.begin(&world).await;
    for wait in case.waits {
        until_open(&world, &asset, wait).await;
        wait.end(&world, &asset);
        asset
            .set_field(&world, case.idle_field, wait.name())
            .unwrap();
    }
    case.until(&world, RunState::Completed).await;
    let sent = case.frame(&world).courier().sent();
    let refused: Vec<_> = sent
        .iter()
        .filter(|sent| sent.status != Some(200))
        .collect();
    assert!(refused.is_empty(), "each copy is accepted: {refused:#?}");
    assert!(
        sent.len() >= COPIES as usize * (1 + case.waits.len()),
        "only {} were sent",
        sent.len()
    );
    case.run(&world).await;
    case.assert_once(&world, &asset).await;
}

/// F3: events are told in reverse order: changes of the asset before its arrival, and later ones
/// before earlier ones at each wait.
pub(crate) async fn out_of_order(case: &Case) {
    let world = case.world().await;
    let courier = case.frame(&world).courier();
    let reversed = CourierSwitches {
        reverse: GATHERED,
        ..CourierSwitches::default()
    };
    courier.set(reversed);
    let asset = (case.start)(&world);
    for value in ["one", "two", "three"] {
        world.clock.advance(MINUTE);
        asset.set_field(&world, case.idle_field, value).unwrap();
    }
    courier.release();
    world.settle().await.unwrap();
    let told: Vec<_> = courier.sent().into_iter().map(|sent| sent.label).collect();
    assert!(told.len() >= 4, "{told:?}");
    for wait in case.waits {
        until_open(&world, &asset, wait).await;
        for value in ["four", "five"] {
            asset.set_field(&world, case.idle_field, value).unwrap();
            world.clock.advance(MINUTE);
        }
        wait.end(&world, &asset);
        courier.release();
        world.settle().await.unwrap();
    }
    courier.set(CourierSwitches::default());
    case.until(&world, RunState::Completed).await;
    case.run(&world).await;
    case.assert_once(&world, &asset).await;
}

/// F14: the webhook channel is dead, only polls find out.
pub(crate) async fn poll_only(case: &Case) {
    let world = case.world_of((case.setup)().poll_only()).await;
    let asset = (case.start)(&world);
    world.settle().await.unwrap();
    assert_eq!(world.runs().await.unwrap().len(), 0, "nobody told the host");
    case.go_on(&world, &asset, case.waits).await;
    case.assert_once(&world, &asset).await;
}
