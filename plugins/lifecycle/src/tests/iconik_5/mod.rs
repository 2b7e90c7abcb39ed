//! Lifecycle and retention with connected storages, scenario by scenario, and its branches.

mod moves;
mod scenarios;

use forebay_sdk::Timestamp;
use forebay_sdk::assets::{ArchiveState, MediaCopy, MediaState};
use forebay_sdk::testing::START;
use forebay_sdk::time::{DAY, MINUTE};
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
