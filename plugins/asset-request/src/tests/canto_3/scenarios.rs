//! The acceptance scenarios.

use forebay_sdk::assets::{AssetStatus, DownloadRight};
use forebay_sdk::testing::stage::day;
use forebay_sdk::time::MINUTE;
use serde_json::json;

use super::{RITA, answer, begin, config, library, links, open, select, stage};

#[test]
fn scenario_1_the_requester_gets_one_link_and_the_process_the_asset() {
    let world = stage(&config());
    library(&world);
    let (process, key) = begin(&world);
    assert_eq!(
        world.people.open(),
        ["yours:1: rita@example.com", "select:0:2: product-photo"]
    );
    let text = world.people.text("select:0:2");
    assert!(
        ["a1", "a2", "a3"]
            .iter()
            .all(|id| text.contains(&format!("{id}: "))),
        "{text}"
    );
    select(&world, "a1");
    let shares = world.dam.shares.borrow().clone();
    assert_eq!(shares.len(), 1);
    assert_eq!(shares[0].assets, ["a1"]);
    assert_eq!(shares[0].expires_at, Some(day(30)));
    assert_eq!(shares[0].download, DownloadRight::Proxy);
    assert_eq!(world.people.variable(&process, "assetIds"), "a1");
    assert_eq!(world.people.variable(&process, "assetVersions"), "a1-v1");
    assert_eq!(
        Some(world.people.variable(&process, "link")),
        shares[0].link
    );
    assert!(
        world
            .dam
            .filed("a1")
            .contains(&format!("/Requests/{process}"))
    );
    assert_eq!(world.dam.field("a1", "request_id"), process);
    assert_eq!(world.dam.field("a1", "requested_by"), RITA);
    assert_eq!(world.people.open(), ["accept:3: rita@example.com"]);
    answer(&world, "accept", RITA, "accept", &[]);
    assert_eq!(world.outcome(&key), "fulfilled");
    assert_eq!(
        world.people.processes()[0].outcome.as_deref(),
        Some("fulfilled")
    );
    for action in [
        "candidates-offered",
        "chosen",
        "rights-checked",
        "delivered",
        "link-made",
    ] {
        assert!(world.audit().contains(&action.to_owned()), "{action}");
    }
}

#[test]
fn scenario_2_a_choice_without_rights_returns_with_the_missing_territory() {
    let world = stage(&config());
    library(&world);
    begin(&world);
    select(&world, "a2");
    assert_eq!(links(&world), 0);
    assert_eq!(world.dam.filed("a2"), ["/Library"]);
    let text = world.people.text(&open(&world, "select"));
    assert!(text.contains("territory DE is missing"), "{text}");
}

#[test]
fn scenario_3_what_is_made_and_approved_is_delivered_by_itself() {
    let world = stage(&config());
    let (process, key) = begin(&world);
    assert_eq!(world.people.open()[1], "create:0:2: product-photo");
    assert!(world.people.text("create:0:2").contains(&process));
    let fields = [("territories", "DE"), ("request_id", process.as_str())];
    world.dam.add("new", "/Incoming", &fields);
    world
        .dam
        .change("new", |asset| asset.status = AssetStatus::Pending);
    world.wind(10 * MINUTE);
    assert_eq!(links(&world), 0, "not before it is approved");
    assert_eq!(
        world.people.open(),
        ["yours:1: rita@example.com"],
        "nobody is asked any more"
    );
    world
        .dam
        .change("new", |asset| asset.status = AssetStatus::Approved);
    world.dam_event("asset.updated", "new", &[]);
    assert_eq!(world.people.variable(&process, "assetIds"), "new");
    answer(&world, "accept", RITA, "accept", &[]);
    assert_eq!(world.outcome(&key), "fulfilled");
}

#[test]
fn scenario_3_an_approval_flow_decides_where_one_is_named() {
    for (outcome, delivered) in [("approved", 1), ("rejected", 0)] {
        let mut config = config();
        config["approval_flow"] = json!("approvals");
        let world = stage(&config);
        let (process, key) = begin(&world);
        world.dam.add(
            "new",
            "",
            &[("territories", "DE"), ("request_id", &process)],
        );
        world
            .dam
            .change("new", |asset| asset.status = AssetStatus::Pending);
        world.wind(10 * MINUTE);
        let spawned = world.script.spawned();
        assert_eq!(spawned.len(), 1);
        assert_eq!(spawned[0].input, r#"{"asset":"new"}"#);
        world.other_run_ended("approvals", &format!("{key}:approval:new:new-v1"), outcome);
        assert_eq!(links(&world), delivered, "{outcome}");
        if outcome == "rejected" {
            let text = world.people.text(&open(&world, "create"));
            assert!(text.contains("not approved"), "{text}");
            world.wind(10 * MINUTE);
            assert_eq!(
                world.script.spawned().len(),
                1,
                "the refused version is left alone"
            );
        }
    }
}

#[test]
fn scenario_4_a_link_that_was_made_already_is_delivered() {
    let world = stage(&config());
    library(&world);
    begin(&world);
    // The link is made, what comes after fails; the activation is repeated.
    let state = world.runs()[0].state.clone();
    select(&world, "a1");
    let link = world.dam.shares.borrow()[0].clone();
    let before: crate::State = serde_json::from_value(state).unwrap();
    let script = world
        .script
        .clone()
        .business_key(&world.runs()[0].key)
        .run("run-1");
    let cx = forebay_sdk::Cx::scripted(script);
    let config: crate::Config = serde_json::from_value(self::config()).unwrap();
    let event = forebay_sdk::Delivery::Timer(forebay_sdk::handler::Fired {
        name: "look".to_owned(),
        due_at: 0,
    });
    let step =
        <crate::AssetRequest as forebay_sdk::Handler>::handle(&cx, &config, Some(before), event)
            .unwrap();
    assert_eq!(world.dam.shares.borrow().len(), 1);
    assert_eq!(step.state.share.unwrap().id, link.id);
}

#[test]
fn scenario_5_after_a_withdrawal_no_link_works_and_nothing_is_open() {
    let world = stage(&config());
    library(&world);
    let (_, key) = begin(&world);
    select(&world, "a1");
    assert_eq!(links(&world), 1);
    answer(&world, "accept", RITA, "withdraw", &[]);
    assert_eq!(world.outcome(&key), "withdrawn");
    assert_eq!(links(&world), 0);
    assert_eq!(world.people.open(), [""; 0]);
}
