//! F8, F9, F10 and F13: what happens meanwhile to the asset, its process and its fields.

use forebay_e2e::{Asset, MINUTE, World};
use forebay_model::run::RunState;
use serde_json::json;

use super::{Case, NewVersion, Refused};

/// F8: the asset is deleted at each wait and does not come back.
pub(crate) async fn deleted(case: &Case) {
    for number in 0..case.waits.len() {
        let world = case.world().await;
        let asset = case.waiting_at(&world, number).await;
        let before = world.effects();
        asset.delete(&world).unwrap();
        case.until(&world, RunState::Cancelled).await;
        let run = case.run(&world).await;
        assert_eq!(run.outcome.as_deref(), Some(case.gone), "{run:#?}");
        assert_eq!(
            world.open_stages(),
            Vec::<String>::new(),
            "no task stays in an inbox"
        );
        assert!(!(case.released)(&world, &asset));
        // Nothing but the end of its processes has happened.
        let mut after = world.effects();
        after.retain(|effect, count| before.get(effect) != Some(count));
        let ended: Vec<_> = after.keys().map(String::as_str).collect();
        assert_eq!(ended, ["opentext: terminate-process"]);
    }
}

/// F8: the asset is deleted at each wait and restored within the grace; its wait ends meanwhile.
pub(crate) async fn deleted_and_restored(case: &Case) {
    for number in 0..case.waits.len() {
        let world = case.world().await;
        let asset = case.waiting_at(&world, number).await;
        asset.delete(&world).unwrap();
        world.endure(5 * MINUTE, MINUTE).await.unwrap();
        let run = case.run(&world).await;
        assert_eq!(run.state, RunState::Waiting, "it may come back: {run:#?}");
        case.waits[number].end(&world, &asset);
        world.endure(5 * MINUTE, MINUTE).await.unwrap();
        assert!(!(case.released)(&world, &asset));
        asset.restore(&world).unwrap();
        case.go_on(&world, &asset, &case.waits[number + 1..]).await;
        case.assert_once(&world, &asset).await;
    }
}

/// F9: an administrator ends the process in the workflow engine.
pub(crate) async fn terminated(case: &Case) {
    const WHY: &str = "ended by an administrator";
    let world = case.world().await;
    let asset = case.begin(&world).await;
    let process = world.processes_of(case.definition).remove(0);
    world.engine.terminate(&process.id, WHY).unwrap();
    world.endure(5 * MINUTE, MINUTE).await.unwrap();
    let run = case.assert_parked(&world, &asset, WHY).await;

    // A retry alone finds the same and changes nothing.
    world.retry(&run).await.unwrap();
    case.assert_parked(&world, &asset, WHY).await;
    assert_eq!(world.processes_of(case.definition).len(), 1);

    // What the reason says to do starts the work anew.
    world
        .signal(&run, case.restart_signal, &json!({}))
        .await
        .unwrap();
    world.retry(&run).await.unwrap();
    assert_eq!(world.processes_of(case.definition).len(), 2);
    case.go_on(&world, &asset, case.waits).await;
    case.assert_done(&world, &asset).await;
    assert_eq!(world.processes_of(case.definition).len(), 2);
}

/// F10: a new version comes at each wait, which ends before the host learns of the version.
pub(crate) async fn new_version(case: &Case) {
    for number in 0..case.waits.len() {
        let world = case.world().await;
        let asset = case.waiting_at(&world, number).await;
        let old = asset.version(&world);
        asset.add_version(&world).unwrap();
        assert_ne!(asset.version(&world), old);
        case.waits[number].end(&world, &asset);
        if case.new_version == NewVersion::GoesOn {
            case.go_on(&world, &asset, &case.waits[number + 1..]).await;
        } else {
            begins_anew(case, &world, &asset).await;
            case.go_on(&world, &asset, case.waits).await;
        }
        case.assert_done(&world, &asset).await;
        let processes = match case.new_version {
            NewVersion::Restarts => 2,
            NewVersion::AsksAgain | NewVersion::GoesOn => 1,
        };
        assert_eq!(world.processes_of(case.definition).len(), processes);
        case.run(&world).await;
    }
}

/// What ended was about another version: its result is not applied, and it is asked for again.
async fn begins_anew(case: &Case, world: &World, asset: &Asset) {
    world.endure(5 * MINUTE, MINUTE).await.unwrap();
    assert!(
        !(case.released)(world, asset),
        "a decision holds for the version it was made about"
    );
    if case.new_version == NewVersion::Restarts {
        let processes = world.processes_of(case.definition);
        assert_eq!(processes.len(), 2, "{:#?}", world.runs().await.unwrap());
        assert_ne!(processes[0].business_key, processes[1].business_key);
        assert!(world.engine.open_tasks(&processes[0].id).is_empty());
    }
}

/// F13: a field that the flow writes at its end is taken away from the DAM while the run waits.
pub(crate) async fn field_removed(case: &Case) {
    let world = case.world().await;
    let last = case.waits.len() - 1;
    let asset = case.waiting_at(&world, last).await;
    let removed = case.dam.remove_field(&world, case.written_field).unwrap();
    let before = world.effects();
    case.waits[last].end(&world, &asset);
    world.endure(10 * MINUTE, MINUTE).await.unwrap();
    if case.refused != Refused::ParksMidway {
        assert_eq!(world.effects(), before, "nothing is written by half");
        assert!(!(case.released)(&world, &asset));
    }
    match case.refused {
        Refused::Parks | Refused::ParksMidway => {
            let run = case.parked(&world, case.written_field).await;
            removed.put_back(&world);
            world.retry(&run).await.unwrap();
        }
        Refused::TriesAgain => {
            let run = case.run(&world).await;
            assert_eq!(run.state, RunState::Waiting, "{run:#?}");
            removed.put_back(&world);
        }
    }
    case.until(&world, RunState::Completed).await;
    case.assert_once(&world, &asset).await;
}
