//! Requests with forms, scenario by scenario.

use forebay_sdk::assets::{AssetStatus, DownloadRight};
use forebay_sdk::testing::stage::{date, day};
use forebay_sdk::time::{DAY, MINUTE};
use forebay_sdk::workflow::ProcessState;
use serde_json::{Value as Json, json};

use super::{World, answer, asks, open, stage};

const RITA: &str = "rita@example.com";
const ANN: &str = "ann@example.com";

fn config() -> Json {
    json!({
        "key_prefix": "canto-3",
        "routing": [
            {"when": {"asset_type": "product-image"}, "to": {"group": "product-photo", "sla": "2bd"}},
            {"when": {}, "to": {"group": "marketing-ops", "sla": "3bd"}},
        ],
    })
}

fn form() -> Vec<(&'static str, &'static str)> {
    vec![
        ("type", "product-image"),
        ("market", "DE"),
        ("campaign", "Spring"),
        ("requester", RITA),
    ]
}

fn begin(world: &World) -> (String, String) {
    asks(world, "assetRequest", "canto-3", &form())
}

fn library(world: &World) {
    for (id, territories) in [("a1", "DE"), ("a2", "FR"), ("a3", "DE")] {
        let fields = [
            ("asset_type", "product-image"),
            ("market", "DE"),
            ("campaign", "Spring"),
            ("territories", territories),
        ];
        world.dam.add(id, "/Library", &fields);
    }
}

fn select(world: &World, assets: &str) {
    answer(world, "select", ANN, "select", &[("assets", assets)]);
}

fn links(world: &World) -> usize {
    world
        .dam
        .shares
        .borrow()
        .iter()
        .filter(|share| share.active)
        .count()
}

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

#[test]
fn a_request_is_withdrawn_at_any_time_in_three_ways() {
    for way in 0..3 {
        let world = stage(&config());
        library(&world);
        let (process, key) = begin(&world);
        match way {
            0 => answer(&world, "yours", RITA, "withdraw", &[]),
            1 => world.signal(&key, "withdraw", &json!({})),
            _ => {
                let reason = Some("withdrawn by the requester");
                world
                    .people
                    .set_state(&process, ProcessState::Terminated, reason);
                world.decided();
            }
        }
        assert_eq!(world.outcome(&key), "withdrawn", "{way}");
    }
}

#[test]
fn a_process_ended_by_somebody_parks_the_run() {
    let world = stage(&config());
    library(&world);
    let (process, key) = begin(&world);
    world
        .people
        .set_state(&process, ProcessState::Terminated, Some("cleanup"));
    world.decided();
    assert!(
        world
            .outcome(&key)
            .contains("was ended in the workflow engine: cleanup")
    );
}

#[test]
fn a_declined_request_ends_with_the_reason() {
    let world = stage(&config());
    library(&world);
    let (_, key) = begin(&world);
    answer(
        &world,
        "select",
        ANN,
        "decline",
        &[("comment", "no budget")],
    );
    assert_eq!(world.outcome(&key), "declined");
    let end = world.runs()[0].end().unwrap().summary.clone();
    assert_eq!(end, "no budget");
}

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
fn rejection_goes_back_with_the_comment_and_at_last_to_the_coordinator() {
    let world = stage(&config());
    library(&world);
    begin(&world);
    for round in 1..=3 {
        select(&world, "a1");
        let comment = format!("wrong angle {round}");
        answer(&world, "accept", RITA, "reject", &[("comment", &comment)]);
    }
    let open: Vec<_> = world.people.open();
    let asked = open
        .iter()
        .find(|question| question.starts_with("select"))
        .unwrap();
    assert!(asked.ends_with(": dam-leads"), "{asked}");
    let text = world.people.text(&super::open(&world, "select"));
    assert!(
        (1..=3).all(|round| text.contains(&format!("wrong angle {round}"))),
        "{text}"
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
fn a_late_request_is_escalated_and_goes_on() {
    let mut config = config();
    config["routing"] = json!([{"to": {"group": "marketing-ops", "sla": "9bd"}}]);
    let world = stage(&config);
    library(&world);
    let due = date(1);
    let mut form = form();
    form.push(("due", &due));
    let (process, key) = asks(&world, "assetRequest", "canto-3", &form);
    world.wind(2 * DAY);
    assert_eq!(world.people.variable(&process, "late"), "true");
    assert!(
        world
            .people
            .open()
            .iter()
            .any(|question| question.contains("dam-leads"))
    );
    assert_eq!(world.outcome(&key), "live");
    select(&world, "a1");
    assert_eq!(links(&world), 1);
}

#[test]
fn a_requester_who_left_is_replaced_by_the_manager_or_a_group() {
    for (manager, asked) in [("max@example.com", "max@example.com"), ("", "dam-admins")] {
        let world = stage(&config());
        world.people.disabled.borrow_mut().push(RITA.to_owned());
        let mut form = form();
        form.push(("manager", manager));
        asks(&world, "assetRequest", "canto-3", &form);
        assert_eq!(world.people.open()[0], format!("yours:1: {asked}"));
    }
}

#[test]
fn nobody_accepting_closes_the_request_and_approves_nothing() {
    let world = stage(&config());
    library(&world);
    let (_, key) = begin(&world);
    select(&world, "a1");
    let effects = world.dam.effects.borrow().len();
    world.wind(8 * DAY);
    assert_eq!(world.outcome(&key), "fulfilled");
    assert_eq!(world.dam.effects.borrow().len(), effects);
    assert!(world.audit().contains(&"closed-unanswered".to_owned()));
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
fn an_operator_cancels_and_nothing_is_left() {
    let world = stage(&config());
    library(&world);
    let (_, key) = begin(&world);
    select(&world, "a1");
    world.signal(&key, "cancel", &json!({}));
    assert_eq!(world.outcome(&key), "cancelled");
    assert_eq!((links(&world), world.people.open().len()), (0, 0));
}

#[test]
fn observing_runs_to_its_end() {
    let world = World::observing(&config());
    library(&world);
    let (_, key) = begin(&world);
    assert_eq!(world.outcome(&key), "observed");
    assert_eq!(world.dam.effects.borrow().len(), 0);
}
