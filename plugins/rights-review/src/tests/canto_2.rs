//! Rights and licence expiry review, scenario by scenario, and its branches.

use forebay_sdk::Value;
use forebay_sdk::assets::AssetStatus;
use forebay_sdk::testing::stage::{date, day};
use forebay_sdk::time::HOUR;
use serde_json::{Value as Json, json};

use super::World;

fn config() -> Json {
    json!({
        "key_prefix": "canto-2",
        "routing": [{"when": {}, "to": {"group": "rights", "sla": "3d"}}],
    })
}

/// A stock image whose licence ends that many days after the start, and the scan that finds it.
fn world(days: i64) -> World {
    let world = World::new(&config());
    let end = date(days);
    let fields = [("licence_type", "stock"), ("licence_end", end.as_str())];
    world.dam.add("a1", "/Live", &fields);
    world.request(&json!({"scan": true})).unwrap();
    world.wind_to(day(0));
    world
}

fn key(days: i64) -> String {
    format!("canto-2:dam-main:a1:{}", date(days))
}

#[test]
fn scenario_1_two_scans_and_a_restart_make_one_review() {
    let world = world(89);
    world.request(&json!({"scan": true})).unwrap();
    world.wind_to(day(0));
    world
        .request(&json!({"scan": true, "schedule": {"due-at": "later"}}))
        .unwrap();
    world.wind_to(day(0));
    assert_eq!(world.live(), [key(89)]);
    assert_eq!(world.people.processes().len(), 1);
    assert_eq!(world.people.open(), ["decide:1: rights"]);
    assert_eq!(world.dam.field("a1", "rights_status"), "in-review");
}

#[test]
fn scenario_2_undecided_at_the_end_is_restricted_by_the_rule() {
    let world = world(10);
    world.wind_to(day(10) - HOUR);
    assert_eq!(world.dam.status("a1"), Some(AssetStatus::Approved));
    world.wind_to(day(11));
    assert_eq!(world.dam.status("a1"), Some(AssetStatus::Restricted));
    assert_eq!(world.people.open().len(), 1, "the question stays open");
    let ended = world.script.decisions().into_iter();
    let ended: Vec<_> = ended
        .filter(|record| record.action == "rights-ended")
        .collect();
    assert_eq!(ended.len(), 1);
    assert_eq!(
        ended[0].rule.as_deref(),
        Some("on_expiry_undecided = Restrict")
    );
}

#[test]
fn scenario_3_a_renewal_into_the_past_is_refused() {
    let world = world(10);
    let before = world.dam.effects.borrow().len();
    let past = [("newDate", "2020-01-01")];
    world
        .people
        .answer("decide:1", "ann@example.com", "renew", &past);
    world.decided();
    assert_eq!(world.people.open(), ["decide:2: rights"]);
    assert!(world.people.text("decide:2").contains("lies in the past"));
    assert_eq!(
        world.dam.effects.borrow().len(),
        before,
        "nothing is written"
    );
    // Not later than the old one either.
    let same = date(10);
    world.people.answer(
        "decide:2",
        "ann@example.com",
        "renew",
        &[("newDate", &same)],
    );
    world.decided();
    assert!(world.people.text("decide:3").contains("not later"));
}

#[test]
fn scenario_4_a_deletion_needs_two_people_and_the_grace() {
    let world = world(20);
    world
        .people
        .answer("decide:1", "ann@example.com", "delete", &[]);
    world.decided();
    assert_eq!(world.people.open(), ["delete:2: rights"]);
    world
        .people
        .answer("delete:2", "ann@example.com", "approve", &[]);
    world.decided();
    assert_eq!(world.people.open(), ["delete:3: rights"]);
    assert_eq!(world.dam.status("a1"), Some(AssetStatus::Approved));
    world
        .people
        .answer("delete:3", "bob@example.com", "approve", &[]);
    world.decided();
    assert_eq!(world.dam.status("a1"), Some(AssetStatus::Restricted));
    world.wind_to(day(29));
    assert!(world.dam.status("a1").is_some());
    world.wind_to(day(31));
    assert_eq!(world.dam.status("a1"), None);
    assert_eq!(world.outcome(&key(20)), "deleted");
    let deleted = world.script.decisions().into_iter();
    let deleted: Vec<_> = deleted
        .filter(|record| record.action == "deleted")
        .collect();
    let proof = deleted[0].comment.clone().unwrap();
    assert!(
        proof.contains("ann@example.com and bob@example.com"),
        "{proof}"
    );
}

#[test]
fn scenario_5_an_end_that_passed_while_the_product_was_down_comes_first() {
    let world = world(5);
    world.set_now(day(9));
    let before = world.dam.effects.borrow().len();
    world.wind_to(day(9));
    assert_eq!(world.dam.effects.borrow()[before], "update a1");
    assert_eq!(world.dam.status("a1"), Some(AssetStatus::Restricted));
}

#[test]
fn scenario_6_a_date_extended_in_the_dam_supersedes_and_arms_anew() {
    let world = world(10);
    let later = date(400);
    world.dam.change("a1", |asset| {
        asset.fields.retain(|field| field.name != "licence_end");
        asset
            .fields
            .push(forebay_sdk::Field::new("licence_end", later.as_str()));
    });
    world.dam_event("asset.updated", "a1", &[]);
    assert_eq!(world.outcome(&key(10)), "superseded");
    assert_eq!(world.people.open(), [""; 0]);
    let process = &world.people.processes()[0];
    assert_eq!(process.reason.as_deref(), Some("superseded"));
    assert_eq!(world.live(), [key(400)]);
    world.wind_to(day(400 - 89));
    assert_eq!(world.people.open(), ["decide:1: rights"]);
}

#[test]
fn a_renewal_writes_the_dates_and_arms_the_next_review() {
    let world = world(10);
    let new = date(500);
    let form = [
        ("newDate", new.as_str()),
        ("reference", "L-7"),
        ("territories", "DE, AT"),
    ];
    world
        .people
        .answer("decide:1", "ann@example.com", "renew", &form);
    world.decided();
    assert_eq!(world.outcome(&key(10)), "renewed");
    assert_eq!(world.dam.field("a1", "licence_end"), new);
    assert_eq!(world.dam.field("a1", "renewal_reference"), "L-7");
    assert_eq!(world.dam.field("a1", "rights_status"), "renewed");
    assert_eq!(world.live(), [key(500)]);
    assert_eq!(
        world.people.processes()[0].outcome.as_deref(),
        Some("renewed")
    );
}

#[test]
fn a_renewal_after_the_end_releases_what_was_kept_back() {
    let world = world(2);
    world.wind_to(day(4));
    assert_eq!(world.dam.status("a1"), Some(AssetStatus::Restricted));
    let new = date(500);
    world
        .people
        .answer("decide:1", "ann@example.com", "renew", &[("newDate", &new)]);
    world.decided();
    assert_eq!(world.dam.status("a1"), Some(AssetStatus::Approved));
}

#[test]
fn a_replacement_is_checked_and_takes_over_at_the_end() {
    let world = world(10);
    let later = date(300);
    world.dam.add("b1", "", &[("licence_end", &later)]);
    world
        .dam
        .change("b1", |asset| asset.status = AssetStatus::Pending);
    world.dam.change("a1", |asset| {
        asset.fields.push(forebay_sdk::Field::new("market", "DE"));
    });
    world.people.answer(
        "decide:1",
        "ann@example.com",
        "replace",
        &[("replacement", "b1")],
    );
    world.decided();
    assert!(world.people.text("decide:2").contains("not approved"));
    world
        .dam
        .change("b1", |asset| asset.status = AssetStatus::Approved);
    world.people.answer(
        "decide:2",
        "ann@example.com",
        "replace",
        &[("replacement", "b1")],
    );
    world.decided();
    assert_eq!(world.dam.filed("b1"), ["/Live"]);
    assert_eq!(world.dam.field("b1", "market"), "DE");
    assert_eq!(world.dam.field("a1", "replacement_asset"), "b1");
    assert_eq!(
        world.dam.status("a1"),
        Some(AssetStatus::Approved),
        "until the end"
    );
    world.wind_to(day(12));
    assert_eq!(world.dam.status("a1"), Some(AssetStatus::Restricted));
    assert_eq!(world.outcome(&key(10)), "replaced");
}

#[test]
fn removed_now_leaves_its_collections_and_is_not_asked_about_again() {
    let world = world(10);
    world
        .people
        .answer("decide:1", "ann@example.com", "remove", &[("when", "now")]);
    world.decided();
    assert_eq!(world.outcome(&key(10)), "removed");
    assert_eq!(world.dam.filed("a1"), [""; 0]);
    assert_eq!(world.dam.status("a1"), Some(AssetStatus::Restricted));
    world
        .request(&json!({"scan": true, "schedule": {"due-at": "tomorrow"}}))
        .unwrap();
    world.wind_to(day(1));
    assert_eq!(world.live(), [""; 0]);
    assert_eq!(world.people.processes().len(), 1);
}

#[test]
fn what_expires_by_itself_is_verified() {
    let world = world(10);
    world
        .people
        .answer("decide:1", "ann@example.com", "let_expire", &[]);
    world.decided();
    world.wind_to(day(9));
    world
        .dam
        .change("a1", |asset| asset.status = AssetStatus::Expired);
    world.wind_to(day(12));
    assert_eq!(world.dam.status("a1"), Some(AssetStatus::Expired));
    assert_eq!(world.outcome(&key(10)), "expired");
    assert!(!world.audit().contains(&"kept-back".to_owned()));
}

#[test]
fn a_date_in_the_past_restricts_before_anybody_is_asked() {
    let world = world(-5);
    assert_eq!(world.dam.status("a1"), Some(AssetStatus::Restricted));
    assert_eq!(world.people.open(), ["decide:1: rights"]);
    assert_eq!(world.dam.effects.borrow()[0], "update a1");
}

#[test]
fn the_earliest_of_several_rights_governs_and_all_are_shown() {
    let world = World::new(&config());
    let (image, own) = (date(40), day(20));
    world.dam.add("a1", "/Live", &[("licence_end", &image)]);
    world.dam.change("a1", |asset| asset.expires_at = Some(own));
    world.request(&json!({"asset": "a1"})).unwrap();
    let text = world.people.text("decide:1");
    assert!(
        text.contains("licence_end ends") && text.contains("expiry ends"),
        "{text}"
    );
    assert_eq!(world.live(), [key(20)]);
}

#[test]
fn assets_without_a_readable_date_are_handed_over() {
    let mut with_flow = config();
    with_flow["exception_flow"] = json!("exceptions");
    let world = World::new(&with_flow);
    world.dam.add("a1", "", &[("licence_type", "stock")]);
    world.dam.add("a2", "", &[("licence_end", "next summer")]);
    world.dam.add("a3", "", &[("licence_type", "own")]);
    for asset in ["a1", "a2", "a3"] {
        world.request(&json!({"asset": asset})).unwrap();
    }
    let handed: Vec<_> = world.script.spawned().into_iter().collect();
    let keys: Vec<_> = handed.iter().map(|run| run.business_key.as_str()).collect();
    assert_eq!(
        keys,
        ["canto-2:a1:licence_end+expiry", "canto-2:a2:licence_end"]
    );
    assert!(
        handed[1].input.contains("next summer"),
        "{}",
        handed[1].input
    );
}

#[test]
fn lead_times_follow_the_type_and_later_ones_remind() {
    let world = World::new(&config());
    let end = date(200);
    world.dam.add(
        "a1",
        "",
        &[("licence_type", "talent"), ("licence_end", &end)],
    );
    world.request(&json!({"asset": "a1"})).unwrap();
    assert_eq!(world.people.open(), [""; 0]);
    world.wind_to(day(21));
    assert_eq!(world.people.open(), ["decide:1: rights"]);
    let reminded = |world: &World| world.audit().iter().filter(|a| *a == "reminded").count();
    world.wind_to(day(142));
    assert_eq!(reminded(&world), 1);
    world.wind_to(day(190));
    assert_eq!(reminded(&world), 2);
}

#[test]
fn a_deleted_asset_ends_its_review_after_the_grace() {
    let world = world(50);
    world.dam.change("a1", |asset| asset.trashed = true);
    world.dam_event("asset.updated", "a1", &[]);
    assert_eq!(world.outcome(&key(50)), "live");
    world.wind_to(day(1));
    assert_eq!(world.outcome(&key(50)), "asset-gone");
    assert_eq!(world.people.open(), [""; 0]);
}

#[test]
fn an_operator_can_cancel() {
    let world = world(50);
    world.signal(&key(50), "cancel", &json!({}));
    assert_eq!(world.outcome(&key(50)), "cancelled");
    assert_eq!(world.people.open(), [""; 0]);
}

#[test]
fn observing_ends_when_people_would_have_been_asked() {
    let world = World::observing(&config());
    let end = date(10);
    world.dam.add("a1", "", &[("licence_end", &end)]);
    world.request(&json!({"asset": "a1"})).unwrap();
    assert_eq!(world.outcome(&key(10)), "observed");
}

#[test]
fn two_dates_of_one_talent_field_count_both() {
    let world = World::new(&config());
    let dates = vec![date(80), date(30)];
    world.dam.add("a1", "", &[]);
    world.dam.change("a1", |asset| {
        let field = forebay_sdk::Field::new("licence_end", Value::Texts(dates));
        asset.fields.push(field);
    });
    world.request(&json!({"asset": "a1"})).unwrap();
    assert_eq!(world.live(), [key(30)]);
}
