//! One action on many runs, and runs that begin anew.

use forebay_engine::Error;
use forebay_engine::operate::{Action, Order, Report, Selection};
use forebay_model::event::Signal;
use forebay_model::run::RunState;
use forebay_model::{FlowName, RunId};
use forebay_store::query::{PageRequest, RunFilter};
use forebay_store::runs::{Control, RequestKey};

use crate::support::{FLOW, World, completed, parked};

fn of_flow() -> Selection {
    let filter = RunFilter {
        flow: Some(FlowName::from(FLOW)),
        ..RunFilter::default()
    };
    Selection::Matching(filter, PageRequest::default())
}

fn order(key: Option<&str>) -> Order {
    Order {
        request: key.map(|key| RequestKey {
            key: key.into(),
            fingerprint: "what".into(),
        }),
        ..Order::by("operator:ann")
    }
}

async fn act(world: &World, selection: Selection, action: &Action, order: &Order) -> Report {
    world
        .core()
        .act_on_many(selection, action, order)
        .await
        .unwrap()
}

fn changed(report: &Report) -> Vec<&RunId> {
    let items = report.items.iter();
    let changed =
        items.filter(|(_, acted)| acted.as_ref().is_ok_and(|acted| acted.controlled.changed));
    changed.map(|(run, _)| run).collect()
}

fn go() -> Action {
    let signal = Signal {
        name: "go".into(),
        data: "{}".into(),
        sender: "operator:ann".into(),
    };
    Control::Signal(signal).into()
}

#[tokio::test]
async fn only_runs_that_an_action_is_meant_for_match() {
    let world = World::new().await;
    let (one, two, three) = (
        world.reviewed("1").await,
        world.reviewed("2").await,
        world.reviewed("3").await,
    );
    world.control(&two, Control::Pause).await;
    let report = act(&world, of_flow(), &Control::Resume.into(), &order(None)).await;
    assert_eq!(changed(&report), [&two]);
    let told = Order {
        dry_run: true,
        ..order(None)
    };
    let report = act(&world, of_flow(), &Control::Pause.into(), &told).await;
    assert_eq!(changed(&report), [&three, &two, &one]);
    world.assert_state(&one, RunState::Waiting).await;
    let report = act(&world, of_flow(), &Control::Pause.into(), &order(None)).await;
    assert_eq!(changed(&report).len(), 3);
    for run in [&one, &two, &three] {
        world.assert_state(run, RunState::Paused).await;
        let records = world.audited(run, "operator.pause").await;
        let last = &records.last().unwrap().entry;
        assert_eq!(last.details["before"]["state"], "waiting");
        assert_eq!(last.details["after"]["state"], "paused");
    }
}

#[tokio::test]
async fn a_repeated_request_acts_on_the_same_runs_once() {
    let world = World::new().await;
    let one = world.reviewed("1").await;
    act(&world, of_flow(), &go(), &order(Some("k"))).await;
    let later = world.reviewed("2").await;
    let report = act(&world, of_flow(), &go(), &order(Some("k"))).await;
    assert_eq!(report.items.len(), 1, "not about what matches now");
    assert!(report.items[0].1.as_ref().unwrap().controlled.repeated);
    assert_eq!(world.audited(&one, "operator.signal").await.len(), 1);
    assert_eq!(world.audited(&later, "operator.signal").await.len(), 0);
}

#[tokio::test]
async fn a_request_that_broke_off_goes_on_when_it_is_repeated() {
    let mut world = World::new().await;
    let runs = [world.reviewed("1").await, world.reviewed("2").await];
    world.faults.refuse("act");
    let report = act(&world, of_flow(), &go(), &order(Some("k"))).await;
    let failed = report.items.iter().filter(|(_, acted)| acted.is_err());
    assert_eq!(failed.count(), 1);
    world.restart().await;
    let report = act(&world, of_flow(), &go(), &order(Some("k"))).await;
    assert_eq!(changed(&report).len(), 1);
    for run in &runs {
        assert_eq!(world.audited(run, "operator.signal").await.len(), 1);
    }
}

#[tokio::test]
async fn what_does_not_fit_one_run_stops_no_other() {
    let world = World::new().await;
    let (one, two) = (world.reviewed("1").await, world.reviewed("2").await);
    let missing = RunId::from("r-none");
    let these = Selection::These(vec![one.clone(), missing, two.clone()]);
    let report = act(&world, these, &Control::Pause.into(), &order(None)).await;
    assert_eq!(changed(&report), [&one, &two]);
    assert!(report.items[1].1.is_err());
}

#[tokio::test]
async fn a_forced_outcome_is_one_that_the_handler_knows() {
    let world = World::new().await;
    let run = world.reviewed("a").await;
    let complete = |outcome: &str, reason: &str| {
        Action::from(Control::Complete {
            outcome: outcome.into(),
            reason: reason.into(),
            sender: "operator:ann".into(),
        })
    };
    for action in [complete("approved", "  "), complete("granted", "the board")] {
        let refused = world.core().act(&run, &action, &order(None)).await;
        assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
    }
    let action = complete("approved", "the board");
    world.core().act(&run, &action, &order(None)).await.unwrap();
    world.settle().await;
    let ended = world.run(&run).await;
    assert_eq!(
        (ended.state, ended.outcome.as_deref()),
        (RunState::Completed, Some("approved"))
    );
    let record = &world.audited(&run, "operator.complete").await[0].entry;
    assert_eq!(record.details["reason"], "the board");
}

#[tokio::test]
async fn a_parked_run_is_begun_anew_by_the_newest_handler() {
    let world = World::new().await;
    world
        .script
        .handle(FLOW, |_, _| async { parked("no such group") });
    let run = world.start("a").await;
    world.settle().await;
    world.assert_state(&run, RunState::Parked).await;
    world.script.replace(FLOW, |_| {});
    world
        .script
        .handle(FLOW, |_, _| async { completed("approved") });
    let report = act(&world, of_flow(), &Action::Redrive, &order(None)).await;
    let acted = report.items[0].1.as_ref().unwrap();
    let successor = acted.controlled.successor.clone().unwrap();
    world.settle().await;
    world.assert_state(&run, RunState::Failed).await;
    let ended = world.run(&successor).await;
    assert_eq!(ended.state, RunState::Completed);
    assert_ne!(ended.handler, world.run(&run).await.handler);
    let again = act(&world, of_flow(), &Action::Redrive, &order(None)).await;
    assert!(changed(&again).is_empty(), "a run is redriven once");
    assert_eq!(world.runs().await.len(), 2);
}

#[tokio::test]
async fn nothing_is_begun_anew_in_a_flow_that_is_off() {
    let mut world = World::new().await;
    world
        .script
        .handle(FLOW, |_, _| async { parked("no such group") });
    let run = world.start("a").await;
    world.settle().await;
    world.flows[0].enabled = false;
    world.configure().await;
    let refused = world.core().act(&run, &Action::Redrive, &order(None)).await;
    assert!(matches!(refused, Err(Error::SwitchedOff(_))), "{refused:?}");
    world.assert_state(&run, RunState::Parked).await;
}
