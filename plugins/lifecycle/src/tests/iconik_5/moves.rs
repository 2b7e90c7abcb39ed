//! Moves that fail or wait, files that stay, and assets that come back.

use forebay_sdk::assets::{ArchiveState, Share};
use forebay_sdk::handler::Next;
use forebay_sdk::testing::stage::{date, day};
use forebay_sdk::time::{DAY, HOUR};
use serde_json::json;

use super::{GIB, KEY, World, add, arrive, config, copy, moving, nights, project, scan, storages};

#[test]
fn a_move_that_fails_is_tried_in_three_windows_then_an_operator_must_look() {
    let world = project(&config(), 1, GIB);
    let fails = |world: &World| {
        let mut media = world.dam.media.borrow_mut();
        let media = media.get_mut("f001").unwrap();
        if media.state == ArchiveState::Archiving {
            media.state = ArchiveState::Failed;
            media.failure = Some("the tape is full".to_owned());
        }
    };
    while world.now() < day(4) && world.outcome(KEY) == "live" {
        world.wind(HOUR);
        fails(&world);
    }
    let outcome = world.outcome(KEY);
    assert!(
        outcome.contains("3 moves into the archive failed: the tape is full"),
        "{outcome}"
    );
    assert!(world.now() > day(2), "each in another night");
    assert_eq!(storages(&world, "f001"), ["edit-nas"]);
}

#[test]
fn signing_for_a_deletion_says_nothing_about_a_move() {
    let world = project(&config(), 1, GIB);
    world.wind_to(day(1) - HOUR);
    assert_eq!(moving(&world), 1);
    let signed = json!({"asset": "f001", "reason": "the tape was shredded"});
    world.signal(KEY, "sign", &signed);
    assert_eq!(world.outcome(KEY), "live");
    arrive(&world, |_, _| {});
    world.wind(HOUR);
    assert_eq!(world.outcome(KEY), "archived");
    let records = world.script.decisions();
    assert!(records.iter().all(|record| record.action != "deleted"));
}

#[test]
fn a_storage_out_of_reach_is_waited_for() {
    let world = project(&config(), 1, GIB);
    world.wind_to(day(1) - HOUR);
    assert_eq!(
        arrive(&world, |_, media| media.copies[1].reachable = false),
        1
    );
    world.wind(10 * DAY);
    assert_eq!(world.outcome(KEY), "live");
    assert_eq!(storages(&world, "f001"), ["edit-nas", "glacier-eu"]);
    world.dam.media.borrow_mut().get_mut("f001").unwrap().copies[1].reachable = true;
    world.wind(HOUR);
    assert_eq!(world.outcome(KEY), "archived");
    assert_eq!(storages(&world, "f001"), ["glacier-eu"]);
}

#[test]
fn a_job_without_news_is_looked_up_and_asked_for_once_more_if_it_is_lost() {
    let world = project(&config(), 1, GIB);
    let jobs = |world: &World| {
        let effects = world.dam.effects.borrow();
        effects
            .iter()
            .filter(|effect| effect.starts_with("archive "))
            .count()
    };
    world.wind_to(day(1));
    assert_eq!(jobs(&world), 1);
    world.wind(2 * DAY);
    assert_eq!(jobs(&world), 1, "it is under way");
    world.dam.media.borrow_mut().get_mut("f001").unwrap().state = ArchiveState::Online;
    world.wind(2 * DAY);
    assert_eq!(jobs(&world), 2);
}

#[test]
fn many_files_that_move_are_not_listened_to_one_by_one() {
    let world = project(&config(), 9, GIB);
    world.wind_to(day(1));
    assert_eq!(moving(&world), 5, "as many as may move at once");
    let run = world.runs().into_iter().find(|run| run.key == KEY).unwrap();
    let Some(Next::Waiting(waiting)) = run.next else {
        unreachable!("it waits for its files");
    };
    assert_eq!(waiting.subscriptions.len(), 0);
    assert!(!waiting.timers.is_empty(), "it looks at them by itself");
}

#[test]
fn a_file_that_another_asset_needs_stays_at_hand() {
    let world = project(&config(), 1, GIB);
    world.dam.add("trailer", "", &[]);
    let shared = (
        "shared-file".to_owned(),
        "f001".to_owned(),
        "trailer".to_owned(),
    );
    world.dam.relations.borrow_mut().push(shared);
    nights(&world, day(1), |_, _| {});
    assert_eq!(world.outcome(KEY), "archived");
    assert_eq!(storages(&world, "f001"), ["edit-nas", "glacier-eu"]);
}

#[test]
fn rights_that_ended_block_access_and_keep_files() {
    let world = World::new(&config());
    let end = date(-3);
    add(&world, "x1", GIB, &[("rights_end", &end)], 60 * DAY);
    world.dam.shares.borrow_mut().push(Share {
        id: "s1".to_owned(),
        link: None,
        title: String::new(),
        assets: vec!["x1".to_owned()],
        collection: None,
        recipients: Vec::new(),
        download: forebay_sdk::assets::DownloadRight::None,
        created_at: None,
        created_by: None,
        expires_at: None,
        active: true,
        external_id: None,
    });
    scan(&world);
    assert_eq!(world.outcome("iconik-5:dam-main:rights-end:x1"), "expired");
    assert_eq!(world.dam.access.borrow()["x1"], "no-access");
    assert!(!world.dam.shares.borrow()[0].active);
    assert_eq!(storages(&world, "x1"), ["edit-nas"]);
    scan(&world);
    assert_eq!(world.live(), [""; 0]);
}

#[test]
fn an_archived_asset_comes_back_on_request() {
    let world = project(&config(), 1, GIB);
    nights(&world, day(1), |_, _| {});
    world
        .request(&json!({"asset": "f001", "restore": true}))
        .unwrap();
    world.settle();
    let key = "iconik-5:dam-main:restore:f001";
    assert_eq!(world.outcome(key), "live");
    {
        let mut media = world.dam.media.borrow_mut();
        let media = media.get_mut("f001").unwrap();
        assert_eq!(media.state, ArchiveState::Restoring);
        media.state = ArchiveState::Online;
        media.copies.push(copy("edit-nas", "f001", GIB));
    }
    world.wind(HOUR);
    assert_eq!(world.outcome(key), "restored");
    assert_eq!(world.dam.field("f001", "lifecycle_state"), "active");
    scan(&world);
    assert_eq!(world.live(), [""; 0], "its time starts anew");
}

#[test]
fn a_change_or_a_custom_action_looks_at_an_asset() {
    let mut watching = config();
    watching["look_at_changes"] = json!(true);
    for (kind, config) in [("asset.updated", &watching), ("action.invoked", &config())] {
        let world = World::new(config);
        let fields = [("project", "Film"), ("project_state", "closed")];
        add(&world, "f001", GIB, &fields, 60 * DAY);
        world.dam_event(kind, "f001", &[]);
        world.settle();
        assert_eq!(world.live(), [KEY], "{kind}");
    }
    let world = World::new(&config());
    add(
        &world,
        "f001",
        GIB,
        &[("project_state", "closed")],
        60 * DAY,
    );
    world.dam_event("asset.updated", "f001", &[]);
    assert_eq!(world.runs().len(), 0);
}

#[test]
fn observing_a_project_moves_nothing_on_and_on() {
    let world = World::observing(&config());
    add(
        &world,
        "f001",
        GIB,
        &[("project", "Film"), ("project_state", "closed")],
        60 * DAY,
    );
    scan(&world);
    world.wind_to(day(1));
    assert_eq!(world.outcome(KEY), "observed");
}
