//! F4 to F7: calls that vendors refuse, lose or leave without an answer.

use std::collections::BTreeMap;
use std::time::Duration;

use forebay_e2e::{DAY, HOUR, MINUTE, World};
use forebay_model::run::RunState;
use forebay_simulators::common::{Fault, Rule};

use super::{Case, until_open};

/// What vendors answer with 429 tell to wait.
const RETRY_AFTER: u32 = 120;

/// F4: every write, and reads in between, are refused once with 429 and `Retry-After`.
pub(crate) async fn too_many_requests(case: &Case) {
    let world = case.world().await;
    let writes = case.writes(&world);
    for (frame, write) in &writes {
        frame
            .faults()
            .add(Rule::once(*write, Fault::too_many(RETRY_AFTER)));
    }
    let reads = [
        (case.frame(&world), case.read),
        (world.engine.frame(), "list-tasks"),
    ];
    for (frame, read) in reads {
        frame
            .faults()
            .add(Rule::once(read, Fault::too_many(RETRY_AFTER)).after(1));
    }
    let asset = case.begin(&world).await;
    case.go_on(&world, &asset, case.waits).await;
    // The refusal may have met a run beside the one that is followed.
    world.endure(5 * MINUTE, MINUTE).await.unwrap();

    for (frame, write) in &writes {
        let calls = frame.recorder().calls_of(write);
        let refused = calls.iter().position(|call| call.status == Some(429));
        let refused = refused.unwrap_or_else(|| panic!("{write} was never called"));
        // Others may call meanwhile: they were not told.
        let mut later = calls[refused + 1..].iter();
        let again = later.find(|call| call.path == calls[refused].path);
        let again = again.unwrap_or_else(|| panic!("{write} was not called again: {calls:#?}"));
        let pause = again.at.since(calls[refused].at);
        assert!(
            pause >= Duration::from_secs(RETRY_AFTER.into()),
            "{write} was called again after {pause:?}"
        );
    }
    case.assert_once(&world, &asset).await;
}

/// F5: all vendors answer 503 for two hours, when the run starts and when its last wait ends.
pub(crate) async fn outage(case: &Case) {
    let world = case.world().await;
    let down = |world: &World| {
        let now = world.clock_now();
        for frame in [case.frame(world), world.engine.frame()] {
            frame.faults().add(Rule::outage(now, now.plus(2 * HOUR)));
        }
    };
    down(&world);
    let asset = (case.start)(&world);
    world.settle().await.unwrap();
    world.endure(2 * HOUR - MINUTE, 5 * MINUTE).await.unwrap();
    assert_eq!(
        world.effects(),
        BTreeMap::new(),
        "nothing can have happened"
    );
    let (last, waits) = case.waits.split_last().unwrap();
    for wait in waits {
        until_open(&world, &asset, wait).await;
        wait.end(&world, &asset);
    }
    until_open(&world, &asset, last).await;

    let before = world.effects();
    down(&world);
    last.end(&world, &asset);
    world.endure(2 * HOUR - MINUTE, 5 * MINUTE).await.unwrap();
    assert!(!(case.released)(&world, &asset));
    assert_eq!(world.effects(), before);
    case.until(&world, RunState::Completed).await;
    case.assert_once(&world, &asset).await;
}

/// F6: answers to writes are lost after the vendor has committed: the first of each kind, and every
/// second one after that.
pub(crate) async fn answers_lost(case: &Case) {
    let world = case.world().await;
    for (frame, write) in case.writes(&world) {
        frame
            .faults()
            .add(Rule::once(write, Fault::CommitThenTimeout));
        frame.faults().add(
            Rule::always(write, Fault::CommitThenTimeout)
                .after(1)
                .every(2),
        );
    }
    let asset = case.begin(&world).await;
    case.go_on(&world, &asset, case.waits).await;
    case.assert_once(&world, &asset).await;
}

/// F7: credentials are revoked while the run waits, at either vendor, for longer than the budget of
/// retries, which is not spent on this.
pub(crate) async fn credentials_revoked(case: &Case) {
    revoked(case, |_| true).await;
}

/// F7 where several runs work together: one that knows the engine only goes on while the DAM refuses
/// the others. What happens at the DAM is looked at.
pub(crate) async fn credentials_revoked_of_the_dam_or_all(case: &Case) {
    revoked(case, |effect| !effect.starts_with("opentext")).await;
}

async fn revoked(case: &Case, is_measured: fn(&str) -> bool) {
    let measured = |world: &World| {
        let mut effects = world.effects();
        effects.retain(|effect, _| is_measured(effect));
        effects
    };
    for of_the_engine in [false, true] {
        let world = case.world().await;
        let last = case.waits.len() - 1;
        let asset = case.waiting_at(&world, last).await;
        let frame = if of_the_engine {
            world.engine.frame()
        } else {
            case.frame(&world)
        };
        frame.tokens().revoke_credentials(true);
        let before = measured(&world);
        case.waits[last].end(&world, &asset);
        world.endure(2 * DAY, HOUR).await.unwrap();
        let run = case.run(&world).await;
        assert!(
            matches!(run.state, RunState::Waiting | RunState::Retrying),
            "{run:#?}"
        );
        assert_eq!(measured(&world), before);
        assert!(!(case.released)(&world, &asset));

        frame.tokens().revoke_credentials(false);
        case.until(&world, RunState::Completed).await;
        case.assert_once(&world, &asset).await;
    }
}
