//! Requests with a line for each format, scenario by scenario.

use forebay_sdk::Field;
use forebay_sdk::assets::{ArchiveState, MediaCopy, MediaState};
use forebay_sdk::testing::stage::{date, day};
use forebay_sdk::time::{DAY, HOUR, MINUTE};
use serde_json::{Value as Json, json};

use super::{World, answer, asks, open, stage};

const RITA: &str = "rita@example.com";
const EVA: &str = "eva@example.com";
const FORMATS: &str = "16:9 30s, 9:16 15s, 1:1 15s";

fn config() -> Json {
    json!({
        "key_prefix": "iconik-3",
        "request_definition": "mediaRequest",
        "form_map": {"campaign": "campaign", "kind": "asset_type", "duration": "duration", "formats": "formats",
                     "due": "due_date", "region": "region"},
        "routing": [
            {"when": {"kind": ["edit", "cutdown"]}, "to": {"group": "post-production", "sla": "5bd"}},
            {"when": {}, "to": {"group": "media-library", "sla": "2bd"}},
        ],
        "search": {"must_match": [], "rights_must_cover": ["region", "due_date"]},
        "rights": {"ends": ["rights_end"]},
        "duplicates": {"action": "ignore", "on": []},
        "delivery": {"kind": "collection", "album": "/REQ-{id} {campaign}"},
        "deliverables": {"per_format": true},
        "placeholder": true,
        "approval_flow": "reviews",
    })
}

fn world() -> World {
    let world = stage(&config());
    for id in ["m1", "m2"] {
        world.dam.add(
            id,
            "/Library",
            &[("campaign", "Spring"), ("territories", "EMEA")],
        );
    }
    world
}

fn begin(world: &World, formats: &str) -> (String, String) {
    let due = date(5);
    let form = [
        ("campaign", "Spring"),
        ("kind", "cutdown"),
        ("formats", formats),
        ("region", "EMEA"),
        ("due", due.as_str()),
        ("requester", RITA),
    ];
    asks(world, "mediaRequest", "iconik-3", &form)
}

fn placeholder(world: &World, index: usize) -> String {
    let assets = world.dam.assets.borrow();
    let suffix = format!("-{index}");
    let found = assets
        .keys()
        .find(|id| id.starts_with("placeholder-") && id.ends_with(&suffix));
    found.unwrap().clone()
}

/// Media arrives in a placeholder, or a new version of it.
fn fill(world: &World, id: &str, version: &str, duration: i64) {
    world.dam.change(id, |asset| {
        asset.readiness.placeholder = false;
        version.clone_into(&mut asset.version);
        asset.extra = vec![Field::new("duration", duration)];
        asset.fields.push(Field::new("territories", "EMEA"));
    });
    world.dam_event("asset.version-current", id, &[]);
}

fn approve(world: &World, key: &str, id: &str, version: &str) {
    world.other_run_ended(
        "reviews",
        &format!("{key}:approval:{id}:{version}"),
        "approved",
    );
}

fn live_shares(world: &World) -> usize {
    world
        .dam
        .shares
        .borrow()
        .iter()
        .filter(|share| share.active)
        .count()
}

#[test]
fn scenario_1_two_lines_at_once_the_third_when_approved_one_collection_one_link() {
    let world = world();
    let (process, key) = begin(&world, FORMATS);
    let place = format!("/REQ-{process} Spring");
    assert_eq!(
        world
            .dam
            .collections
            .borrow()
            .iter()
            .filter(|path| **path == place)
            .count(),
        1
    );
    assert_eq!(
        world.people.open().len(),
        4,
        "the requester's and one for each line"
    );
    answer(&world, "select:0", EVA, "select", &[("assets", "m1")]);
    answer(&world, "select:1", EVA, "select", &[("assets", "m2")]);
    assert!(world.dam.filed("m1").contains(&place) && world.dam.filed("m2").contains(&place));
    assert_eq!(world.dam.shares.borrow().len(), 1);
    assert_eq!(
        world.dam.shares.borrow()[0].collection.as_ref(),
        Some(&place)
    );
    assert_eq!(
        world.people.variable(&process, "lines"),
        "16:9 30s: delivered\n9:16 15s: delivered\n1:1 15s: open"
    );
    let cut = placeholder(&world, 2);
    fill(&world, &cut, "v1", 15);
    assert!(
        world
            .people
            .variable(&process, "lines")
            .contains("approval is awaited")
    );
    approve(&world, &key, &cut, "v1");
    assert_eq!(world.dam.shares.borrow().len(), 1, "one link");
    assert_eq!(world.people.variable(&process, "collectionId"), place);
    answer(&world, "accept", RITA, "accept", &[]);
    assert_eq!(world.outcome(&key), "fulfilled");
}

#[test]
fn scenario_2_an_archived_source_is_restored_while_the_clock_stands_still() {
    let world = world();
    let (process, _) = begin(&world, "16:9 30s");
    archived(&world, ArchiveState::Archived);
    answer(&world, "select", EVA, "select", &[("assets", "m1")]);
    assert!(
        world
            .dam
            .effects
            .borrow()
            .contains(&"restore m1".to_owned())
    );
    assert_eq!(world.people.variable(&process, "clockPaused"), "true");
    assert_eq!(live_shares(&world), 0);
    // Beyond the due date: the clock stands still.
    world.wind_to(day(7));
    assert_eq!(world.people.variable(&process, "late"), "false");
    archived(&world, ArchiveState::Online);
    world.dam_event("iconik.media-changed", "m1", &[]);
    assert_eq!(live_shares(&world), 1);
    assert_eq!(world.people.variable(&process, "clockPaused"), "false");
    assert_eq!(world.people.variable(&process, "late"), "false");
    let actions = world.audit();
    assert!(actions.contains(&"clock-paused".to_owned()));
    assert!(actions.contains(&"clock-resumed".to_owned()));
}

fn archived(world: &World, state: ArchiveState) {
    let copy = MediaCopy {
        storage: "Archive".to_owned(),
        archive: true,
        reachable: true,
        size: None,
        checksum: None,
        complete: true,
    };
    let media = MediaState {
        asset: "m1".to_owned(),
        state,
        failure: Some("tape".to_owned()),
        copies: vec![copy],
        trashed: None,
        job: None,
    };
    world.dam.media.borrow_mut().insert("m1".to_owned(), media);
}

#[test]
fn a_restore_that_fails_asks_for_an_alternative() {
    let world = world();
    begin(&world, "16:9 30s");
    archived(&world, ArchiveState::Archived);
    answer(&world, "select", EVA, "select", &[("assets", "m1")]);
    archived(&world, ArchiveState::Failed);
    world.wind(10 * MINUTE);
    let text = world.people.text(&open(&world, "create"));
    assert!(text.contains("tape"), "{text}");
}

#[test]
fn scenario_3_a_collection_and_placeholders_that_are_there_are_not_made_again() {
    let world = world();
    let (process, key) = begin(&world, FORMATS);
    let effects = world.dam.effects.borrow().len();
    // The same first activation once more, as after a stop before it was recorded.
    let config: crate::Config = serde_json::from_value(config()).unwrap();
    let cx = forebay_sdk::Cx::scripted(world.script.clone().business_key(&key).run("run-1"));
    let mut event = forebay_sdk::Event::new(
        "process.started",
        forebay_sdk::Entity::new("process", &process),
        "started",
        0,
    );
    event.data = vec![Field::new("definition", "mediaRequest")];
    let incoming = forebay_sdk::handler::Incoming {
        connection: "otwf-main".to_owned(),
        role: "workflow".to_owned(),
        event,
    };
    let again = forebay_sdk::Delivery::Event(incoming);
    <crate::AssetRequest as forebay_sdk::Handler>::handle(&cx, &config, None, again).unwrap();
    assert_eq!(world.dam.effects.borrow().len(), effects);
    assert_eq!(world.people.open().len(), 4);
}

#[test]
fn scenario_4_round_three_has_all_comments_and_the_fourth_is_the_coordinators() {
    let world = world();
    let (_, key) = begin(&world, "9:16 15s");
    let cut = placeholder(&world, 0);
    for round in 1..=3 {
        let version = format!("v{round}");
        fill(&world, &cut, &version, 15);
        approve(&world, &key, &cut, &version);
        let comment = format!("too dark {round}");
        answer(&world, "accept", RITA, "reject", &[("comment", &comment)]);
        let asked = world.people.open();
        let asked = asked
            .iter()
            .find(|question| question.starts_with("create"))
            .unwrap();
        let group = if round < 3 {
            "post-production"
        } else {
            "dam-leads"
        };
        assert!(asked.ends_with(&format!(": {group}")), "{asked}");
        let text = world.people.text(&open(&world, "create"));
        assert!(
            (1..=round).all(|n| text.contains(&format!("too dark {n}"))),
            "{text}"
        );
    }
}

#[test]
fn scenario_5_a_withdrawn_request_leaves_no_share_and_no_task_but_its_collection() {
    let world = world();
    let (process, key) = begin(&world, FORMATS);
    answer(&world, "select:0", EVA, "select", &[("assets", "m1")]);
    answer(&world, "yours", RITA, "withdraw", &[]);
    assert_eq!(world.outcome(&key), "withdrawn");
    assert_eq!((live_shares(&world), world.people.open().len()), (0, 0));
    assert!(
        world
            .dam
            .filed("m1")
            .contains(&format!("/REQ-{process} Spring"))
    );
}

#[test]
fn the_wrong_length_leaves_the_line_open() {
    let world = world();
    begin(&world, "9:16 15s");
    let cut = placeholder(&world, 0);
    fill(&world, &cut, "v1", 30);
    assert_eq!(
        world.script.spawned().len(),
        0,
        "nobody approves what was not asked for"
    );
    let text = world.people.text(&open(&world, "create"));
    assert!(text.contains("30 s long, 15 s were asked for"), "{text}");
    fill(&world, &cut, "v2", 15);
    assert_eq!(world.script.spawned().len(), 1);
}

#[test]
fn a_change_of_scope_agrees_on_a_new_date() {
    let world = world();
    begin(&world, "9:16 15s");
    let wish = [("comment", "with subtitles"), ("newDue", "2027-01-31")];
    answer(&world, "yours", RITA, "change", &wish);
    let due = date(20);
    answer(
        &world,
        "agree",
        EVA,
        "agree",
        &[("newDue", &due), ("comment", "fine")],
    );
    let text = world.people.text(&open(&world, "select"));
    assert!(text.contains("with subtitles"), "{text}");
    assert!(world.people.text(&open(&world, "yours")).contains(&due));
    world.wind(10 * DAY);
    assert!(
        !world.audit().contains(&"late".to_owned()),
        "the new date counts"
    );
}

#[test]
fn a_collection_deleted_by_hand_is_made_again_once() {
    let world = world();
    let (process, key) = begin(&world, "16:9 30s");
    answer(&world, "select", EVA, "select", &[("assets", "m1")]);
    let place = format!("/REQ-{process} Spring");
    let delete = || {
        world
            .dam
            .collections
            .borrow_mut()
            .retain(|path| *path != place);
        world.dam.change("m1", |asset| asset.containers.clear());
        world.wind(HOUR);
        world.entity_event("dam", "collection.deleted", "collection", &place, &[]);
    };
    delete();
    assert!(world.dam.filed("m1").contains(&place));
    assert!(world.audit().contains(&"collection-remade".to_owned()));
    delete();
    assert!(world.outcome(&key).contains("deleted again"));
}

#[test]
fn a_custom_action_of_the_dam_is_a_request() {
    let mut config = config();
    config["actions"] = json!(["Request cutdown"]);
    let world = stage(&config);
    let mut event = forebay_sdk::Event::new(
        "action.invoked",
        forebay_sdk::Entity::new("collection", "c1"),
        "i-1",
        0,
    );
    event.actor = Some(RITA.to_owned());
    event.data = vec![
        Field::new("action-name", "Request cutdown"),
        Field::new("invocation", "i-1"),
        Field::new("form.kind", "cutdown"),
        Field::new("form.formats", "9:16 15s"),
    ];
    world.event("dam", event);
    assert_eq!(world.live(), ["iconik-3:dam-main:i-1"]);
    assert!(
        world
            .people
            .open()
            .iter()
            .any(|question| question.ends_with("post-production"))
    );
}
