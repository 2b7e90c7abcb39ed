//! The acceptance scenarios, and what nobody needs to answer for.

use forebay_sdk::Field;
use forebay_sdk::testing::stage::day;
use forebay_sdk::time::{DAY, HOUR, MINUTE};
use serde_json::json;

use super::{
    ANN, BOB, GIB, KEY, RAW, World, add, answer, arrive, config, moving, nights, project, scan,
    storages,
};

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
