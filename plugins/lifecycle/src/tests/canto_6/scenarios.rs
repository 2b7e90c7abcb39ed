//! The acceptance scenarios.

use forebay_sdk::Field;
use forebay_sdk::assets::AssetStatus;
use forebay_sdk::testing::stage::{date, day};

use super::{ANN, BOB, KEY, World, answer, config, furnish, id, ids, pending, scan, set, world};

#[test]
fn scenario_1_archive_extend_and_delete_each_end_so() {
    let world = world(120);
    assert_eq!(world.people.open(), [format!("decide:1: {ANN}")]);
    let until = date(200);
    let (extend, delete) = (ids(101..=115), ids(116..=120));
    let form = [
        ("extend", extend.as_str()),
        ("delete", delete.as_str()),
        ("until", until.as_str()),
        ("reason", "still on air"),
    ];
    answer(&world, "decide:1", ANN, "archive", &form);
    for number in 1..=100 {
        let id = id(number);
        assert_eq!(world.dam.status(&id), Some(AssetStatus::Restricted), "{id}");
        assert_eq!(world.dam.filed(&id), ["/Archive/2026/Spring"], "{id}");
        assert_eq!(world.dam.field(&id, "lifecycle_state"), "archived");
    }
    for number in 101..=115 {
        assert_eq!(world.dam.field(&id(number), "lifecycle_until"), until);
        assert_eq!(world.dam.status(&id(number)), Some(AssetStatus::Approved));
    }
    // The first person cannot be the second.
    assert_eq!(world.dam.status(&id(116)), Some(AssetStatus::Approved));
    answer(&world, "delete:2", ANN, "approve", &[]);
    assert_eq!(world.dam.field(&id(116), "lifecycle_state"), "");
    answer(&world, "delete:3", BOB, "approve", &[]);
    assert_eq!(world.dam.status(&id(116)), Some(AssetStatus::Restricted));
    world.wind_to(day(29));
    assert!((116..=120).all(|number| world.dam.status(&id(number)).is_some()));
    world.wind_to(day(31));
    assert!((116..=120).all(|number| world.dam.status(&id(number)).is_none()));
    assert_eq!(world.outcome(KEY), "completed");
    let run = world.runs().into_iter().find(|run| run.key == KEY).unwrap();
    assert_eq!(
        run.end().unwrap().summary,
        "100 archived, 15 extended, 5 deleted"
    );
    assert_eq!(world.live(), [format!("{KEY}:until:{until}")]);
    let deleted: Vec<_> = world.script.decisions();
    let deleted: Vec<_> = deleted
        .iter()
        .filter(|record| record.action == "deleted")
        .collect();
    assert_eq!(deleted.len(), 5);
    assert_eq!(deleted[0].checksum.as_deref(), Some("md5:a0116"));
    let proof = deleted[0].comment.clone().unwrap();
    assert!(proof.contains(&format!("{ANN} and {BOB}")), "{proof}");
}

#[test]
fn scenario_2_a_hold_during_the_grace_stops_the_deletion() {
    let world = pending();
    world.wind_to(day(20));
    set(&world, "a0001", "legal_hold", "yes");
    world.wind_to(day(40));
    assert!(world.dam.status("a0001").is_some());
    assert_eq!(world.dam.field("a0001", "lifecycle_state"), "held");
    assert_eq!(world.outcome(KEY), "completed");
}

#[test]
fn scenario_2_a_hold_nobody_told_of_is_seen_when_the_grace_ends() {
    let world = pending();
    world.dam.change("a0001", |asset| {
        asset.fields.push(Field::new("legal_hold", "yes"));
    });
    world.wind_to(day(40));
    assert!(world.dam.status("a0001").is_some());
    assert_eq!(world.dam.field("a0001", "lifecycle_state"), "held");
}

#[test]
fn scenario_3_silence_archives_and_never_deletes() {
    let world = world(3);
    world.wind_to(day(30));
    assert!(world.audit().contains(&"escalated".to_owned()));
    assert!((1..=3).all(|number| world.dam.status(&id(number)).is_some()));
    assert_eq!(world.dam.field("a0001", "lifecycle_state"), "archived");
    assert_eq!(world.outcome(KEY), "archived");
    assert_eq!(world.people.open(), [""; 0]);
}

#[test]
fn scenario_3_silence_of_the_second_person_deletes_nothing() {
    let world = world(1);
    answer(&world, "decide:1", ANN, "delete", &[]);
    world.wind_to(day(60));
    assert_eq!(world.dam.status("a0001"), Some(AssetStatus::Approved));
    assert_eq!(world.outcome(KEY), "kept");
}

#[test]
fn scenario_4_two_thousand_items_are_each_handled_once() {
    let world = World::new(&config());
    furnish(&world, 2_000, 20);
    scan(&world);
    world.people.answer("decide:1", ANN, "archive", &[]);
    world.decided();
    world.settle();
    let effects = world.dam.effects.borrow();
    for number in [1, 999, 1_000, 2_000] {
        let id = id(number);
        let filed = format!("file {id} in /Archive/2026/Spring");
        let updated = format!("update {id}");
        assert_eq!(effects.iter().filter(|effect| **effect == filed).count(), 1);
        assert_eq!(
            effects.iter().filter(|effect| **effect == updated).count(),
            1
        );
    }
    assert_eq!(
        effects
            .iter()
            .filter(|effect| effect.starts_with("update"))
            .count(),
        2_000
    );
    assert_eq!(world.outcome(KEY), "archived");
}

#[test]
fn scenario_5_an_asset_of_a_running_campaign_is_left_out_unless_confirmed() {
    for confirmed in [false, true] {
        let world = World::new(&config());
        furnish(&world, 3, 20);
        let fields = [("campaign", "Summer"), ("campaign_end", &date(60))];
        world.dam.add("b1", "/Campaigns/Summer", &fields);
        forebay_sdk::assets::Collections::add(&*world.dam, "/Campaigns/Summer", "a0002").unwrap();
        scan(&world);
        let text = world.people.text("decide:1");
        assert!(
            text.contains("a0002 a0002.jpg: used by the running campaign \"Summer\""),
            "{text}"
        );
        let confirm: &[_] = if confirmed {
            &[("confirm", "a0002")]
        } else {
            &[]
        };
        answer(&world, "decide:1", ANN, "archive", confirm);
        let expected = if confirmed { "archived" } else { "" };
        assert_eq!(world.dam.field("a0002", "lifecycle_state"), expected);
        assert_eq!(world.dam.field("a0001", "lifecycle_state"), "archived");
    }
}

#[test]
fn scenario_6_a_campaign_that_is_extended_supersedes_its_review() {
    let world = world(3);
    let before = world.dam.effects.borrow().len();
    set(&world, "a0002", "campaign_end", &date(90));
    assert_eq!(world.outcome(KEY), "superseded");
    assert_eq!(world.people.open(), [""; 0]);
    assert_eq!(
        world.people.processes()[0].reason.as_deref(),
        Some("superseded")
    );
    assert_eq!(
        world.dam.effects.borrow().len(),
        before,
        "no asset was changed"
    );
}

#[test]
fn scenario_6_also_when_nobody_told_of_it_before_the_answer() {
    let world = world(3);
    let later = date(90);
    world.dam.change("a0002", |asset| {
        asset.fields.retain(|field| field.name != "campaign_end");
        asset
            .fields
            .push(Field::new("campaign_end", later.as_str()));
    });
    let before = world.dam.effects.borrow().len();
    answer(&world, "decide:1", ANN, "archive", &[]);
    assert_eq!(world.outcome(KEY), "superseded");
    assert_eq!(world.dam.effects.borrow().len(), before);
}
