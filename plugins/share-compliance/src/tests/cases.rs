//! Shares nobody asked for: scans, events, cases.

use forebay_sdk::assets::{AssetStatus, DownloadRight, Share, ShareActivity};
use forebay_sdk::testing::stage::day;
use forebay_sdk::time::{DAY, HOUR, MINUTE};
use forebay_sdk::{Entity, Event, Field, Value};
use serde_json::json;

use super::{ANN, World, answer, ask, config, world_of};

const CASE: &str = "canto-5:dam-main:case:s9";

/// Somebody shares an asset in the DAM, past every process.
fn by_hand(world: &World, asset: &str) {
    let now = world.now();
    world.dam.shares.borrow_mut().push(Share {
        id: "s9".to_owned(),
        link: Some("https://dam.example/s9".to_owned()),
        title: "for you".to_owned(),
        assets: vec![asset.to_owned()],
        collection: None,
        recipients: Vec::new(),
        download: DownloadRight::Original,
        created_at: Some(now),
        created_by: Some("max@example.com".to_owned()),
        expires_at: None,
        active: true,
        external_id: None,
    });
    world.dam.activity.borrow_mut().push(ShareActivity {
        share: "s9".to_owned(),
        asset: asset.to_owned(),
        action: "created".to_owned(),
        actor: Some("max@example.com".to_owned()),
        at: now,
    });
}

fn scan(world: &World, due: &str) {
    world
        .request(&json!({"scan": true, "schedule": {"due-at": due}}))
        .unwrap();
    world.settle();
}

/// A share by hand, seen by a scan a quarter of an hour later.
fn found() -> World {
    let world = world_of(2);
    world
        .dam
        .change("a1", |asset| asset.expires_at = Some(day(50)));
    by_hand(&world, "a1");
    world.wind(15 * MINUTE);
    scan(&world, "1");
    world
}

#[test]
fn scenario_2_a_share_nobody_approved_is_restricted_and_somebody_is_asked() {
    let world = found();
    assert_eq!(world.dam.status("a1"), Some(AssetStatus::Restricted));
    assert_eq!(world.dam.field("a1", "share_state"), "violation");
    assert_eq!(world.dam.status("a2"), Some(AssetStatus::Approved));
    assert!(!world.dam.shares.borrow()[0].active);
    assert_eq!(
        world.people.open(),
        ["violation:1: legal", "author:1: max@example.com"]
    );
    let text = world.people.text("violation:1");
    assert!(text.contains("max@example.com shared a1.jpg"), "{text}");
    let records = world.script.decisions();
    let seconds = |action: &str, name: &str| {
        let record = records
            .iter()
            .find(|record| record.action == action)
            .unwrap();
        let field = record.details.iter().find(|field| field.name == name);
        field.unwrap().value.clone()
    };
    let quarter = Value::Integer(900);
    assert_eq!(
        seconds("violation-detected", "seconds-until-detection"),
        quarter
    );
    assert_eq!(seconds("restricted", "seconds-until-reaction"), quarter);
}

#[test]
fn scenario_5_three_scans_and_an_event_make_one_case() {
    let world = found();
    scan(&world, "2");
    world.wind(15 * MINUTE);
    scan(&world, "3");
    event(&world, false);
    assert_eq!(
        world
            .people
            .processes()
            .iter()
            .filter(|process| process.business_key == CASE)
            .count(),
        1
    );
    // Decided, and the report still names the share.
    answer(&world, "violation:1", ANN, "release", &[]);
    let effects = world.dam.effects.borrow().len();
    world.wind(DAY);
    scan(&world, "4");
    let cases = || world.runs().iter().filter(|run| run.key == CASE).count();
    assert_eq!(cases(), 1);
    assert_eq!(
        world.dam.effects.borrow().len(),
        effects,
        "nothing is restricted again"
    );
    // After the reports let go of it the case ends.
    world.wind(2 * DAY);
    assert_eq!(world.outcome(CASE), "released");
    scan(&world, "5");
    assert_eq!(cases(), 1);
}

fn event(world: &World, own: bool) {
    let mut event = Event::new(
        "share.created",
        Entity::new("share", "s9"),
        "s9",
        world.now(),
    );
    event.related = vec![Entity::new("asset", "a1")];
    event.actor = Some("max@example.com".to_owned());
    event.data = vec![Field::new("own", own)];
    world.event("dam", event);
}

#[test]
fn an_event_makes_a_case_unless_the_share_is_our_own() {
    let world = world_of(1);
    event(&world, true);
    assert!(world.runs().is_empty());
    event(&world, false);
    assert_eq!(world.live(), [CASE]);
    assert_eq!(world.dam.status("a1"), Some(AssetStatus::Restricted));
}

#[test]
fn shares_of_the_flow_itself_are_no_case() {
    let world = world_of(1);
    ask(&world, &["a1"]);
    answer(&world, "review:1", ANN, "approve", &[]);
    let now = world.now();
    world.dam.activity.borrow_mut().push(ShareActivity {
        share: "share-1".to_owned(),
        asset: "a1".to_owned(),
        action: "created".to_owned(),
        actor: None,
        at: now,
    });
    scan(&world, "1");
    assert_eq!(world.dam.status("a1"), Some(AssetStatus::Approved));
    assert!(world.live().iter().all(|key| !key.contains(":case:")));
}

#[test]
fn a_release_gives_the_asset_its_status_and_date_back() {
    let world = found();
    // Restricting may take the end of rights away.
    world.dam.change("a1", |asset| asset.expires_at = None);
    answer(&world, "violation:1", ANN, "release", &[]);
    assert_eq!(world.dam.status("a1"), Some(AssetStatus::Approved));
    assert_eq!(world.dam.assets.borrow()["a1"].expires_at, Some(day(50)));
    assert_eq!(world.dam.field("a1", "share_state"), "released");
}

#[test]
fn keeping_leaves_the_asset_restricted() {
    let world = found();
    answer(&world, "author:1", "max@example.com", "explained", &[]);
    assert_eq!(
        world.people.open(),
        ["violation:1: legal"],
        "the author decides nothing"
    );
    answer(&world, "violation:1", ANN, "keep", &[]);
    assert_eq!(world.dam.status("a1"), Some(AssetStatus::Restricted));
    world.wind(4 * DAY);
    assert_eq!(world.outcome(CASE), "kept_restricted");
}

#[test]
fn a_release_waits_for_the_end_of_the_share() {
    let world = found();
    world.dam.shares.borrow_mut()[0].active = true;
    answer(&world, "violation:1", ANN, "release", &[]);
    assert_eq!(world.dam.status("a1"), Some(AssetStatus::Restricted));
    assert!(world.people.text("violation:2").contains("still works"));
}

#[test]
fn a_report_may_name_the_link_of_a_share() {
    let world = world_of(1);
    by_hand(&world, "a1");
    let link = "https://dam.example/s9";
    world.dam.activity.borrow_mut()[0].share = link.to_owned();
    world.dam.shares.borrow_mut()[0].recipients = vec!["bo@agency-a.example".to_owned()];
    scan(&world, "1");
    assert_eq!(
        world.people.open(),
        [
            "violation:1: partner-compliance",
            "author:1: max@example.com"
        ]
    );
    world.dam.shares.borrow_mut()[0].active = true;
    answer(&world, "violation:1", ANN, "release", &[]);
    assert!(world.people.text("violation:2").contains("still works"));
}

#[test]
fn alert_and_task_restrict_nothing() {
    for (action, open) in [("alert", 0), ("task", 2)] {
        let mut config = config();
        config["detective"] = json!({"action": action});
        let world = World::new(&config);
        super::fill(&world, 1);
        by_hand(&world, "a1");
        scan(&world, "1");
        assert_eq!(
            world.dam.status("a1"),
            Some(AssetStatus::Approved),
            "{action}"
        );
        assert_eq!(world.people.open().len(), open, "{action}");
        assert!(!world.script.notices().is_empty(), "{action}");
        assert!(world.audit().contains(&"violation-detected".to_owned()));
    }
}

#[test]
fn what_outsiders_see_without_approval_is_a_case() {
    let mut config = config();
    config["detective"] = json!({"watched_albums": ["/External"]});
    let world = World::new(&config);
    world.dam.add("b1", "/External", &[]);
    world
        .dam
        .add("b2", "/External", &[("share_state", "shared")]);
    world.dam.add("b3", "/Internal", &[]);
    scan(&world, "1");
    assert_eq!(world.live(), ["canto-5:dam-main:case:b1@/External"]);
    assert_eq!(world.dam.status("b1"), Some(AssetStatus::Restricted));
    assert_eq!(world.dam.status("b2"), Some(AssetStatus::Approved));
    scan(&world, "2");
    assert_eq!(world.live().len(), 1);
    answer(&world, "violation:1", ANN, "release", &[]);
    assert_eq!(world.dam.status("b1"), Some(AssetStatus::Approved));
    assert!(
        world.dam.filed("b1").is_empty(),
        "outsiders no longer see it"
    );
    scan(&world, "3");
    assert!(world.live().is_empty());
}

#[test]
fn what_is_allowed_in_the_album_stays_there() {
    let mut config = config();
    config["detective"] = json!({"watched_albums": ["/External"]});
    let world = World::new(&config);
    world.dam.add("b1", "/External", &[]);
    scan(&world, "1");
    answer(&world, "violation:1", ANN, "allow", &[]);
    assert_eq!(world.dam.status("b1"), Some(AssetStatus::Approved));
    world.wind(HOUR);
    scan(&world, "2");
    assert!(world.live().is_empty());
}

#[test]
fn without_the_duty_to_ask_operators_are_only_told() {
    let mut config = config();
    config["preventive"] = json!({"require_request": false});
    let world = World::new(&config);
    super::fill(&world, 1);
    by_hand(&world, "a1");
    scan(&world, "1");
    assert_eq!(world.dam.status("a1"), Some(AssetStatus::Approved));
    assert!(world.people.open().is_empty());
}
