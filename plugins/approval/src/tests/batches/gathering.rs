//! What is gathered, by what, for how long.

use forebay_sdk::handler::Incoming;
use forebay_sdk::testing::Stage;
use forebay_sdk::time::{MINUTE, SECOND};
use forebay_sdk::{Delivery, Entity, Event, Field};
use serde_json::{Value as Json, json};

use super::super::world::{World, simple};
use super::{BATCH, Batches, CARD, config, one_stage};

#[test]
fn without_the_option_every_asset_has_a_process_of_its_own() {
    let flow = Batches::new(&one_stage(json!({"batch": {}})));
    flow.upload(2);
    flow.close_window();
    assert_eq!(flow.started("assetApproval").len(), 2);
    assert_eq!(flow.started(BATCH).len(), 0);
}

#[test]
fn what_shares_uploader_place_and_route_is_one_process() {
    let flow = Batches::new(&config(json!({})));
    flow.upload(3);
    assert_eq!(flow.stage.people.processes(), [], "the window is open");
    flow.close_window();
    let processes = flow.started(BATCH);
    assert_eq!(processes.len(), 1);
    let process = &processes[0].id;
    let assets = flow.stage.people.variable(process, "assets");
    assert_eq!(assets, "1. clip-1.jpg\n2. clip-2.jpg\n3. clip-3.jpg");
    assert_eq!(flow.stage.people.variable(process, "place"), CARD);
    assert_eq!(
        flow.stage.people.open(),
        ["technical:media-ops:1: media-ops"]
    );
}

/// Two assets of which the second differs from the first.
fn differing(config: &Json, differ: impl Fn(&Batches, &str)) -> usize {
    let flow = Batches::new(config);
    for (name, other) in [("a", false), ("b", false), ("c", true), ("d", true)] {
        flow.stage.dam.add(name, if other { "" } else { CARD }, &[]);
        if other {
            differ(&flow, name);
        }
        flow.stage.dam_event("asset.created", name, &[]);
    }
    flow.close_window();
    flow.started(BATCH).len()
}

fn file(flow: &Batches, id: &str, path: &str) {
    flow.stage.dam.add(id, path, &[]);
}

#[test]
fn what_differs_in_one_of_them_is_another_process() {
    let routes = json!({"routing": [
        {"when": {"region": "EMEA"}, "to": {"group": "emea", "sla": "2d"}},
        {"to": {"group": "media-ops", "sla": "2d"}},
    ]});
    assert_eq!(
        differing(&config(json!({})), |flow, id| file(flow, id, CARD)),
        1
    );
    let elsewhere = |flow: &Batches, id: &str| file(flow, id, "/Ingest/Card 8");
    assert_eq!(differing(&config(json!({})), elsewhere), 2, "place");
    let uploader = |flow: &Batches, id: &str| {
        file(flow, id, CARD);
        let other = Some("other@example.com".to_owned());
        flow.stage.dam.change(id, |asset| asset.created_by = other);
    };
    assert_eq!(differing(&config(json!({})), uploader), 2, "uploader");
    let route = |flow: &Batches, id: &str| flow.stage.dam.add(id, CARD, &[("region", "EMEA")]);
    assert_eq!(differing(&config(routes), route), 2, "route");
}

#[test]
fn the_window_is_two_minutes_after_each() {
    let flow = Batches::new(&config(json!({})));
    flow.upload_one("a", CARD);
    flow.stage.wind(2 * MINUTE - SECOND);
    flow.upload_one("b", CARD);
    flow.stage.wind(2 * MINUTE - SECOND);
    assert_eq!(flow.started(BATCH).len(), 0);
    flow.stage.wind(SECOND);
    assert_eq!(flow.started(BATCH).len(), 1);

    flow.upload_one("c", CARD);
    flow.upload_one("d", CARD);
    flow.close_window();
    let batches = flow.started(BATCH);
    let assets = |index: usize| flow.stage.people.variable(&batches[index].id, "assets");
    assert_eq!(batches.len(), 2, "who comes later is not added to a review");
    assert_eq!(assets(0), "1. a.jpg\n2. b.jpg");
    assert_eq!(assets(1), "1. c.jpg\n2. d.jpg");
}

#[test]
fn a_steady_trickle_does_not_wait_for_ever() {
    let flow = Batches::new(&config(json!({})));
    for number in 0..30 {
        flow.upload_one(&format!("clip-{number}"), CARD);
        assert_eq!(flow.started(BATCH).len(), 0, "{number}");
        flow.stage.wind(MINUTE);
    }
    let process = &flow.started(BATCH)[0].id;
    let assets = flow.stage.people.variable(process, "assets");
    assert_eq!(assets.lines().count(), 30, "half an hour");
}

#[test]
fn a_full_batch_does_not_wait() {
    let batch = json!({"enabled": true, "window": "1h", "max_items": 3});
    let flow = Batches::new(&config(json!({"batch": batch})));
    flow.upload(7);
    let lists = flow.started(BATCH);
    let count = |id: &str| flow.stage.people.variable(id, "assets").lines().count();
    assert_eq!(
        lists.iter().map(|p| count(&p.id)).collect::<Vec<_>>(),
        [3, 3]
    );
    flow.stage.wind(60 * MINUTE);
    assert_eq!(flow.started("assetApproval").len(), 1, "the last is alone");
}

#[test]
fn one_asset_alone_is_reviewed_as_ever() {
    let flow = Batches::new(&config(json!({})));
    flow.upload(1);
    flow.close_window();
    assert_eq!(flow.started(BATCH).len(), 0);
    let alone = flow.started("assetApproval");
    assert_eq!(alone.len(), 1);
    assert_eq!(
        flow.stage.people.variable(&alone[0].id, "assetId"),
        "clip-1"
    );
    assert_eq!(flow.batches(), [""; 0]);
    assert_eq!(flow.ends(), ["gathered: 1 assets go into one review"]);
}

#[test]
fn only_what_can_be_reviewed_is_gathered() {
    let flow = Batches::new(&config(json!({"required_before_review": ["market"]})));
    flow.upload(3);
    for id in ["clip-1", "clip-2"] {
        flow.stage
            .dam
            .change(id, |asset| asset.fields.push(Field::new("market", "DE")));
        flow.stage.dam_event("asset.updated", id, &[]);
    }
    flow.close_window();
    let process = &flow.started(BATCH)[0].id;
    let assets = flow.stage.people.variable(process, "assets");
    assert_eq!(assets, "1. clip-1.jpg\n2. clip-2.jpg");
}

#[test]
fn observed_flows_tell_of_one_process() {
    let flow = Batches {
        stage: Stage::observing(&config(json!({}))),
    };
    flow.upload(3);
    flow.close_window();
    assert_eq!(flow.outcomes(3), ["observed"; 3]);
    let ends = flow.ends();
    assert_eq!(
        ends[1],
        "observed: 3 assets would have been reviewed in one process"
    );
}

#[test]
fn an_operator_may_end_the_gathering() {
    let flow = Batches::new(&config(json!({})));
    flow.upload(2);
    let gathering = flow.batches().remove(0);
    flow.stage.signal(&gathering, "cancel", &json!({}));
    assert!(
        flow.outcome("clip-1")
            .starts_with("parked: the batch ended without")
    );
    flow.close_window();
    assert_eq!(flow.stage.people.processes(), []);
}

/// The window closes before the wish is read: the run that gathers ends without it.
#[test]
fn a_wish_that_was_not_read_is_made_again() {
    let world = World::new(simple(json!({"batch": {"enabled": true}})));
    world.upload();
    let mut event = Event::new("run.completed", Entity::new("run", "spawned-1"), "end", 0);
    event.data = vec![Field::new("outcome", "gathered")];
    let ended = Delivery::Event(Incoming {
        connection: "runs".into(),
        role: "run".into(),
        event,
    });
    world.activate(ended).unwrap();
    let spawned = world.script.spawned();
    assert_eq!(spawned.len(), 2);
    assert_eq!(spawned[0].business_key, spawned[1].business_key);
    assert_ne!(spawned[0].input, spawned[1].input, "another ticket");
}

#[test]
fn a_batch_needs_room_and_its_definition() {
    let wrong = json!({"batch": {"enabled": true, "max_items": 1}});
    let world = World::new(simple(wrong));
    let cx = forebay_sdk::Cx::scripted(world.script.clone());
    let findings = <crate::Approval as forebay_sdk::Handler>::check(&cx, &world.config, true);
    let paths: Vec<_> = findings
        .iter()
        .map(|finding| finding.path.as_str())
        .collect();
    assert!(paths.contains(&"batch.max_items"), "{paths:?}");
    assert!(paths.contains(&"process.batch_definition"), "{paths:?}");
}
