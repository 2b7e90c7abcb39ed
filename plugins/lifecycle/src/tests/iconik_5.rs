//! Lifecycle and retention with connected storages, scenario by scenario, and its branches.

use forebay_sdk::assets::{ArchiveState, MediaCopy, MediaState, Share};
use forebay_sdk::testing::START;
use forebay_sdk::testing::stage::{date, day};
use forebay_sdk::time::{DAY, HOUR, MINUTE};
use forebay_sdk::{Field, Timestamp};
use serde_json::{Value as Json, json};

use super::World;

const KEY: &str = "iconik-5:dam-main:project-close:Film";
const RAW: &str = "iconik-5:dam-main:raw-footage:Film";
const ANN: &str = "ann@example.com";
const BOB: &str = "bob@example.com";
const GIB: u64 = 1 << 30;

fn config() -> Json {
    json!({
        "key_prefix": "iconik-5",
        "group_field": "project",
        "policies": [
            {"name": "project-close", "when": {"project_state": "closed", "age": ">30d"},
             "action": "archive", "target": "glacier-eu", "keep": "proxy"},
            {"name": "raw-footage", "when": {"asset_type": "raw"}, "retain": "3y",
             "then": "delete", "approvals": 2},
            {"name": "rights-end", "when": {"rights_end": "past"}, "action": "expire"},
        ],
        "storages": {
            "glacier-eu": {"class": "archive", "region": "eu"},
            "edit-nas": {"class": "online"},
        },
        "window": {"zone": "UTC", "hours": "20:00-06:00"},
        "delete": {},
        "no_answer": "keep",
        "actions": {"archive": {"status": "unchanged", "album": ""},
                    "expire": {"acl_template": "no-access"}},
    })
}

fn copy(storage: &str, id: &str, size: u64) -> MediaCopy {
    MediaCopy {
        storage: storage.to_owned(),
        archive: storage.starts_with("glacier"),
        reachable: true,
        size: Some(size),
        checksum: Some(format!("md5:{id}")),
        complete: true,
    }
}

fn add(world: &World, id: &str, size: u64, fields: &[(&str, &str)], age: Timestamp) {
    world.dam.add(id, "", fields);
    world.dam.change(id, |asset| {
        asset.created_at = START - age;
        asset.size = Some(size);
    });
    let media = MediaState {
        asset: id.to_owned(),
        state: ArchiveState::Online,
        failure: None,
        copies: vec![copy("edit-nas", id, size)],
        trashed: None,
        job: None,
    };
    world.dam.media.borrow_mut().insert(id.to_owned(), media);
}

/// A closed project of so many files of this size.
fn project(config: &Json, count: usize, size: u64) -> World {
    let world = World::new(config);
    for number in 1..=count {
        let fields = [("project", "Film"), ("project_state", "closed")];
        add(&world, &format!("f{number:03}"), size, &fields, 60 * DAY);
    }
    scan(&world);
    world
}

fn scan(world: &World) {
    world.request(&json!({"scan": true})).unwrap();
    world.settle();
}

/// The vendor ends all moves that are under way; `tamper` may spoil the copy.
fn arrive(world: &World, tamper: impl Fn(&str, &mut MediaState)) -> usize {
    let mut arrived = 0;
    for (id, media) in world.dam.media.borrow_mut().iter_mut() {
        if media.state == ArchiveState::Archiving {
            media.state = ArchiveState::Archived;
            let size = media.copies[0].size.unwrap();
            media.copies.push(copy("glacier-eu", id, size));
            tamper(id, media);
            arrived += 1;
        }
    }
    arrived
}

fn moving(world: &World) -> usize {
    let media = world.dam.media.borrow();
    media
        .values()
        .filter(|media| media.state == ArchiveState::Archiving)
        .count()
}

fn storages(world: &World, id: &str) -> Vec<String> {
    let media = world.dam.media.borrow();
    media[id]
        .copies
        .iter()
        .map(|copy| copy.storage.clone())
        .collect()
}

fn answer(world: &World, question: &str, by: &str, outcome: &str) {
    world.people.answer(question, by, outcome, &[]);
    world.decided();
    world.settle();
}

/// Wind on and let moves arrive, each half hour; returns the bytes that began in each night.
fn nights(world: &World, until: Timestamp, tamper: impl Fn(&str, &mut MediaState) + Copy) {
    while world.now() < until {
        world.wind(30 * MINUTE);
        arrive(world, tamper);
    }
}

#[test]
fn scenario_1_a_project_is_archived_over_three_nights_within_limits() {
    // 500 files of 10 GiB: 2,000 GiB a night are 200 files.
    let mut config = config();
    config["limits"] = json!({"concurrent_jobs": 20, "gib_per_night": 2000});
    let world = project(&config, 500, 10 * GIB);
    assert_eq!(moving(&world), 0, "it is not night yet");
    let mut begun = Vec::new();
    let started = |world: &World| {
        let effects = world.dam.effects.borrow();
        effects
            .iter()
            .filter(|effect| effect.starts_with("archive "))
            .count()
    };
    for night in 0..4 {
        let before = started(&world);
        while world.now() < day(night + 1) {
            world.wind(30 * MINUTE);
            assert!(moving(&world) <= 20);
            arrive(&world, |_, _| {});
        }
        begun.push(started(&world) - before);
    }
    assert_eq!(begun, [200, 200, 100, 0]);
    assert_eq!(world.outcome(KEY), "archived");
    let effects = world.dam.effects.borrow();
    assert_eq!(
        effects
            .iter()
            .filter(|e| e.starts_with("remove-copy"))
            .count(),
        500
    );
    for number in [1, 250, 500] {
        let id = format!("f{number:03}");
        assert_eq!(storages(&world, &id), ["glacier-eu"]);
        assert_eq!(world.dam.field(&id, "archive_location"), "glacier-eu");
        assert_eq!(
            world.dam.field(&id, "archive_checksum"),
            format!("md5:{id}")
        );
    }
}

#[test]
fn scenario_2_a_copy_that_differs_keeps_its_original_and_waits_for_an_operator() {
    for broken in ["checksum", "size", "unknown"] {
        let world = project(&config(), 12, GIB);
        nights(&world, day(2), |id, media| {
            if id == "f007" {
                let copy = &mut media.copies[1];
                match broken {
                    "checksum" => copy.checksum = Some("md5:other".to_owned()),
                    "size" => copy.size = Some(3),
                    _ => copy.checksum = None,
                }
            }
        });
        let outcome = world.outcome(KEY);
        assert!(
            outcome.starts_with("parked: 1 of 12 assets") && outcome.contains("f007"),
            "{outcome}"
        );
        assert_eq!(storages(&world, "f007"), ["edit-nas", "glacier-eu"]);
        assert_ne!(world.dam.field("f007", "lifecycle_state"), "archived");
        assert_eq!(storages(&world, "f012"), ["glacier-eu"]);
        assert!(world.audit().contains(&"bad-copy".to_owned()));
    }
}

/// Raw footage past its retention is in the delete queue.
fn queued() -> World {
    let world = World::new(&config());
    for id in ["r1", "r2"] {
        let fields = [
            ("project", "Film"),
            ("asset_type", "raw"),
            ("project_owner", "owners"),
        ];
        add(&world, id, GIB, &fields, 4 * 365 * DAY);
    }
    scan(&world);
    assert_eq!(world.people.open(), ["decide:1: owners"]);
    answer(&world, "decide:1", ANN, "delete");
    let assets = world.dam.assets.borrow();
    assert!(assets.values().all(|asset| asset.trashed));
    drop(assets);
    world
}

#[test]
fn scenario_3_a_hold_in_the_delete_queue_prevents_the_purge() {
    for told in [true, false] {
        let world = queued();
        world.wind_to(day(10));
        world.dam.change("r1", |asset| {
            asset.fields.push(Field::new("legal_hold", "yes"))
        });
        if told {
            world.dam_event("asset.updated", "r1", &[]);
        }
        world.wind_to(day(31));
        answer(&world, "delete:2", BOB, "approve");
        let assets = world.dam.assets.borrow();
        assert!(
            !assets["r1"].trashed,
            "it is out of the queue, so that nobody else empties it"
        );
        assert!(!assets.contains_key("r2"));
        drop(assets);
        assert_eq!(world.dam.field("r1", "lifecycle_state"), "held");
    }
}

#[test]
fn scenario_5_a_purge_is_complete_when_the_last_storage_confirms_it() {
    let world = World::new(&config());
    add(&world, "r1", GIB, &[("asset_type", "raw")], 4 * 365 * DAY);
    scan(&world);
    answer(&world, "decide:1", ANN, "delete");
    world.wind_to(day(31));
    // The double purges at once; here it keeps knowing the asset.
    let asset = world.dam.assets.borrow()["r1"].clone();
    world.people.answer("delete:2", BOB, "approve", &[]);
    *world.dam.stubborn.borrow_mut() = vec!["r1".to_owned()];
    world.decided();
    world.settle();
    assert!(world.dam.effects.borrow().contains(&"purge r1".to_owned()));
    let key = "iconik-5:dam-main:raw-footage:r1";
    world.wind(3 * DAY);
    assert_eq!(world.outcome(key), "live");
    assert!(!world.audit().contains(&"deleted".to_owned()));
    world.dam.stubborn.borrow_mut().clear();
    world.dam.assets.borrow_mut().remove("r1");
    world.wind(HOUR);
    assert_eq!(world.outcome(key), "deleted");
    let records = world.script.decisions();
    let deleted = records
        .iter()
        .find(|record| record.action == "deleted")
        .unwrap();
    assert_eq!(deleted.checksum, asset.checksum);
    let purges = world.dam.effects.borrow();
    assert_eq!(
        purges.iter().filter(|effect| *effect == "purge r1").count(),
        1
    );
}

#[test]
fn scenario_5_or_an_operator_signs_the_rest() {
    let world = World::new(&config());
    add(&world, "r1", GIB, &[("asset_type", "raw")], 4 * 365 * DAY);
    scan(&world);
    answer(&world, "decide:1", ANN, "delete");
    world.wind_to(day(31));
    *world.dam.stubborn.borrow_mut() = vec!["r1".to_owned()];
    answer(&world, "delete:2", BOB, "approve");
    let key = "iconik-5:dam-main:raw-footage:r1";
    world.signal(
        key,
        "sign",
        &json!({"asset": "r1", "reason": "the tape was shredded"}),
    );
    assert_eq!(world.outcome(key), "deleted");
    let records = world.script.decisions();
    let deleted = records
        .iter()
        .find(|record| record.action == "deleted")
        .unwrap();
    assert!(
        deleted
            .comment
            .as_ref()
            .unwrap()
            .contains("the tape was shredded")
    );
}

#[test]
fn scenario_6_without_an_answer_nothing_is_deleted() {
    let world = World::new(&config());
    add(
        &world,
        "r1",
        GIB,
        &[("project", "Film"), ("asset_type", "raw")],
        4 * 365 * DAY,
    );
    scan(&world);
    world.wind_to(day(40));
    assert_eq!(world.outcome(RAW), "kept");
    assert!(!world.dam.assets.borrow()["r1"].trashed);
    // It is asked again later, not in the next night.
    scan(&world);
    assert_eq!(world.live(), [""; 0]);
    world.wind_to(day(160));
    scan(&world);
    assert_eq!(world.live(), [RAW]);
}

#[test]
fn without_a_second_approval_the_queue_gives_the_assets_back() {
    for silent in [true, false] {
        let world = queued();
        world.wind_to(day(31));
        if silent {
            world.wind_to(day(70));
        } else {
            answer(&world, "delete:2", BOB, "reject");
        }
        let assets = world.dam.assets.borrow();
        assert!(assets.len() == 2 && assets.values().all(|asset| !asset.trashed));
        drop(assets);
        assert_eq!(world.dam.field("r1", "lifecycle_state"), "active");
        assert_eq!(world.outcome(RAW), "kept");
    }
}

#[test]
fn an_asset_somebody_takes_out_of_the_queue_is_left_alone() {
    let world = queued();
    world.wind_to(day(10));
    world.dam.change("r1", |asset| asset.trashed = false);
    world.wind_to(day(31));
    answer(&world, "delete:2", BOB, "approve");
    assert!(world.dam.assets.borrow().contains_key("r1"));
    assert!(!world.dam.assets.borrow().contains_key("r2"));
}

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
