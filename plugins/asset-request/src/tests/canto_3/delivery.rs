//! What is found, made and delivered.

use forebay_sdk::assets::AssetStatus;
use forebay_sdk::testing::stage::day;
use forebay_sdk::time::DAY;
use serde_json::{Value as Json, json};

use super::{
    ANN, RITA, World, answer, asks, begin, config, form, library, links, open, select, stage,
};

#[test]
fn a_team_that_finds_nothing_suitable_makes_it() {
    let world = stage(&config());
    library(&world);
    begin(&world);
    answer(&world, "select", ANN, "create", &[]);
    assert!(
        world
            .people
            .open()
            .contains(&"create:0:3: product-photo".to_owned())
    );
}

#[test]
fn an_equal_request_is_offered_what_was_delivered_before() {
    let world = stage(&config());
    library(&world);
    let (_, first) = begin(&world);
    select(&world, "a1");
    answer(&world, "accept", RITA, "accept", &[]);
    assert_eq!(world.outcome(&first), "fulfilled");
    world.wind(10 * DAY);
    let (process, second) = begin(&world);
    assert!(world.people.text(&open(&world, "duplicate")).contains("a1"));
    answer(&world, "duplicate", RITA, "use_earlier", &[]);
    assert_eq!(world.people.variable(&process, "assetIds"), "a1");
    answer(&world, "accept", RITA, "accept", &[]);
    assert_eq!(world.outcome(&second), "fulfilled");
    world.wind(15 * DAY);
    begin(&world);
    assert!(
        world
            .people
            .open()
            .iter()
            .all(|question| !question.starts_with("duplicate"))
    );
}

#[test]
fn what_exists_is_delivered_while_the_rest_stays_open() {
    let mut config = config();
    config["form_map"] =
        json!({"type": "asset_type", "market": "market", "due": "due_date", "wanted": "items"});
    config["duplicates"] = json!({"on": ["type"]});
    let world = stage(&config);
    library(&world);
    let mut form = form();
    form.push(("wanted", "front, back"));
    let (process, key) = asks(&world, "assetRequest", "canto-3", &form);
    answer(&world, "select:0", ANN, "select", &[("assets", "a1")]);
    assert_eq!(
        world.people.variable(&process, "lines"),
        "front: delivered\nback: open"
    );
    assert_eq!(links(&world), 1);
    answer(&world, "select:1", ANN, "select", &[("assets", "a3")]);
    assert_eq!(links(&world), 1, "the new link replaces the old one");
    assert_eq!(
        world.dam.shares.borrow().last().unwrap().assets,
        ["a1", "a3"]
    );
    answer(&world, "accept", RITA, "accept", &[]);
    assert_eq!(world.outcome(&key), "fulfilled");
}

#[test]
fn assets_that_get_lost_go_back_to_selection() {
    for lost in ["deleted", "restricted"] {
        let world = stage(&config());
        library(&world);
        begin(&world);
        let change = |asset: &mut forebay_sdk::assets::Asset| match lost {
            "deleted" => asset.trashed = true,
            _ => asset.status = AssetStatus::Restricted,
        };
        world
            .people
            .answer("select:0:2", ANN, "select", &[("assets", "a1")]);
        world.dam.change("a1", change);
        world.decided();
        assert_eq!(links(&world), 0);
        assert!(world.people.text(&open(&world, "select")).contains(lost));
        // After the delivery as well.
        select(&world, "a3");
        world.dam.change("a3", change);
        world.dam_event("asset.updated", "a3", &[]);
        assert!(world.people.text(&open(&world, "select")).contains(lost));
    }
}

#[test]
fn rights_are_reviewed_on_demand() {
    for (outcome, delivered) in [("cleared", 1), ("not_cleared", 0)] {
        let mut config = config();
        config["rights_flow"] = json!("rights");
        let world = stage(&config);
        library(&world);
        let (_, key) = begin(&world);
        answer(&world, "select", ANN, "review_rights", &[("assets", "a2")]);
        let input: Json = serde_json::from_str(&world.script.spawned()[0].input).unwrap();
        assert_eq!(input["use"]["territories"], json!(["DE"]));
        world.other_run_ended("rights", &format!("{key}:rights:a2:a2-v1"), outcome);
        assert_eq!(links(&world), delivered, "{outcome}");
    }
}

#[test]
fn a_request_over_rest_opens_a_process_of_its_own() {
    let world = stage(&config());
    library(&world);
    let request = json!({"id": "R-7", "requester": RITA, "form": {"type": "product-image", "market": ["DE"]}});
    world.request(&request).unwrap();
    assert_eq!(world.live(), ["canto-3:dam-main:R-7"]);
    assert_eq!(world.people.processes().len(), 1);
    let data = [
        ("definition", "assetRequest"),
        ("business-key", "canto-3:dam-main:R-7"),
    ];
    world.entity_event("workflow", "process.started", "process", "process-9", &data);
    assert_eq!(world.runs().len(), 1, "its own process is no request");
    world.request(&request).unwrap();
    assert_eq!(world.people.processes().len(), 1);
}

#[test]
fn rights_that_end_before_the_link_end_it() {
    let world = stage(&config());
    library(&world);
    world
        .dam
        .change("a1", |asset| asset.expires_at = Some(day(9)));
    begin(&world);
    select(&world, "a1");
    assert_eq!(world.dam.shares.borrow()[0].expires_at, Some(day(9)));
}

#[test]
fn observing_runs_to_its_end() {
    let world = World::observing(&config());
    library(&world);
    let (_, key) = begin(&world);
    assert_eq!(world.outcome(&key), "observed");
    assert_eq!(world.dam.effects.borrow().len(), 0);
}
