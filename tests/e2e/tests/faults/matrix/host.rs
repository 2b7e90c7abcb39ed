//! F1, F11 and F12: the host dies, is configured anew, or finds the time far ahead.

use forebay_e2e::{HOUR, MINUTE};
use forebay_model::run::RunState;
use forebay_simulators::common::{Fault, Rule};

use super::{Case, PATIENCE, until_open};

/// Rounds of time and restarts after each wait of a host that dies whenever answers are lost.
const DEATHS: u32 = 4;

/// F1: the host dies each time a vendor has seen one more effect, before or after it learns of it.
pub(crate) async fn dies_at_each_effect(case: &Case) {
    let mut world = case.world().await;
    let asset = (case.start)(&world);
    let (mut crashes, mut rounds, mut pass) = (0, 0, 0);
    let mut waits = case.waits.iter().peekable();
    loop {
        let before = case.measured(&world);
        let done = world.crash_at_effect(pass).await.unwrap();
        crashes += u32::from(!done);
        // An effect that may be had again is had again after each crash: the next time it passes.
        let stood_still = !done && case.measured(&world) == before;
        pass = u64::from(stood_still);
        rounds += u32::from(done);
        let goes_on = crashes < 100 && rounds < PATIENCE;
        assert!(goes_on, "no progress: {:#?}", world.effects());
        world.restart().await.unwrap();
        world.poll_all().await.unwrap();
        if !done {
            continue;
        }
        if case.is_in(&world, RunState::Completed).await {
            break;
        }
        if let Some(wait) = waits.next_if(|wait| wait.is_open(&world, &asset)) {
            wait.end(&world, &asset);
        }
        world.clock.advance(MINUTE);
        world.poll_all().await.unwrap();
    }
    let kinds = case.writes.len() + case.engine_writes.len();
    assert!(crashes as usize >= kinds, "only {crashes} crashes");
    case.assert_once(&world, &asset).await;
}

/// F1: the host dies after each lost answer, and only then.
pub(crate) async fn dies_with_answers_lost(case: &Case) {
    let mut world = case.world().await;
    for write in case.writes {
        case.frame(&world)
            .faults()
            .add(Rule::once(*write, Fault::CommitThenTimeout));
    }
    for write in case.engine_writes {
        let lost = Rule::always(*write, Fault::CommitThenTimeout).every(2);
        world.engine.frame().faults().add(lost);
    }
    let asset = (case.start)(&world);
    for wait in case.waits {
        for _ in 0..DEATHS {
            world.settle().await.unwrap();
            world.restart().await.unwrap();
            world.poll_all().await.unwrap();
        }
        until_open(&world, &asset, wait).await;
        wait.end(&world, &asset);
        world.poll_all().await.unwrap();
    }
    for _ in 0..DEATHS {
        world.settle().await.unwrap();
        world.restart().await.unwrap();
    }
    case.until(&world, RunState::Completed).await;
    case.assert_once(&world, &asset).await;
}

/// F11: another configuration is taken up at each wait, with and without a restart of the host. The
/// run goes on as it started.
pub(crate) async fn configuration_changed(case: &Case) {
    for restarted in [false, true] {
        let mut world = case.world().await;
        let asset = case.begin(&world).await;
        let mut setups = [case.changed, case.setup].into_iter().cycle();
        for wait in case.waits {
            let setup = setups.next().unwrap();
            world.reconfigure(setup()).await.unwrap();
            if restarted {
                world.restart().await.unwrap();
            }
            until_open(&world, &asset, wait).await;
            wait.end(&world, &asset);
        }
        world.reconfigure((case.changed)()).await.unwrap();
        case.until(&world, RunState::Completed).await;
        case.assert_once(&world, &asset).await;
    }
}

/// F12: the clock jumps across timers of the first wait.
pub(crate) async fn clock_jumps(case: &Case) {
    jumps(case, false).await;
}

/// F12: timers of the first wait were due while the host was down.
pub(crate) async fn clock_jumps_while_down(case: &Case) {
    jumps(case, true).await;
}

async fn jumps(case: &Case, is_down: bool) {
    let mut world = case.world().await;
    let asset = case.begin(&world).await;
    if is_down {
        world.crash().await.unwrap();
        world.clock.advance(case.jump.by);
        world.boot().await.unwrap();
    } else {
        world.clock.advance(case.jump.by);
    }
    world.settle().await.unwrap();
    world.endure(3 * HOUR, HOUR).await.unwrap();
    let run = case.run(&world).await;
    assert_eq!(run.state, RunState::Waiting, "{run:#?}");
    (case.jump.check)(&world, &world.audit(&run).await.unwrap());
    assert!(!(case.released)(&world, &asset), "never by silence");

    if let Some(further) = case.jump.until_parked {
        world.clock.advance(further);
        world.settle().await.unwrap();
        case.assert_parked(&world, &asset, "").await;
    }
    assert_eq!(world.processes_of(case.definition).len(), 1);
}
