//! Who decides about a request, and what becomes of it when nobody can or does.

use super::{ANN, KEY, World, answer, ask, config, fill, wish, world_of};
use forebay_sdk::assets::AssetStatus;
use forebay_sdk::testing::stage::day;
use forebay_sdk::time::DAY;
use forebay_sdk::workflow::ProcessState;
use serde_json::json;

#[test]
fn a_change_while_people_decide_asks_them_anew() {
    let world = world_of(1);
    ask(&world, &["a1"]);
    world
        .dam
        .change("a1", |asset| asset.version = "v2".to_owned());
    world.dam_event("asset.version-current", "a1", &[]);
    assert_eq!(world.people.open(), ["review:2: partner-compliance"]);
}

#[test]
fn answers_nobody_can_take_are_asked_again() {
    let world = world_of(1);
    ask(&world, &["a1"]);
    answer(&world, "review:1", ANN, "maybe", &[]);
    assert!(
        world
            .people
            .text("review:2")
            .contains("`maybe` is no decision")
    );
    answer(&world, "review:2", ANN, "approve", &[("refuse", "a77")]);
    assert!(world.people.text("review:3").contains("`a77` is no asset"));
    answer(
        &world,
        "review:3",
        ANN,
        "approve",
        &[("until", "2001-01-01")],
    );
    assert!(world.people.text("review:4").contains("2001-01-01"));
    assert!(world.dam.shares.borrow().is_empty());
}

#[test]
fn an_answer_in_time_counts_however_late_it_is_read() {
    let world = world_of(1);
    ask(&world, &["a1"]);
    world.people.answer("review:1", ANN, "approve", &[]);
    // The product was down, or had no credentials, for longer than people may take.
    world.set_now(day(9));
    world.settle();
    assert_eq!(world.dam.shares.borrow().len(), 1);
}

#[test]
fn a_process_ended_from_outside_parks_and_can_be_restarted() {
    let world = world_of(1);
    ask(&world, &["a1"]);
    let process = world.people.processes()[0].id.clone();
    world.people.set_state(
        &process,
        ProcessState::Terminated,
        Some("by an administrator"),
    );
    world.entity_event("workflow", "process.terminated", "process", &process, &[]);
    assert!(world.outcome(KEY).starts_with("parked: "));
    assert!(world.dam.shares.borrow().is_empty());
    assert_eq!(world.dam.status("a1"), Some(AssetStatus::Approved));
}

#[test]
fn a_restart_asks_in_another_process() {
    let world = world_of(1);
    ask(&world, &["a1"]);
    world.signal(KEY, "restart", &json!({}));
    assert_eq!(world.people.open(), ["review:2: partner-compliance"]);
    assert_eq!(world.people.processes().len(), 2);
    answer(&world, "review:2", ANN, "approve", &[]);
    assert_eq!(world.dam.shares.borrow().len(), 1);
}

#[test]
fn what_is_approved_by_rule_and_cannot_be_done_goes_to_people() {
    let mut config = config();
    config["preventive"] = json!({"link": {"password": "always"}});
    let mut world = World::new(&config);
    let library = world.dam.clone();
    let plain = super::links::Plain {
        library,
        lists: true,
    };
    world.script = world.script.clone().sharing(std::rc::Rc::new(plain));
    fill(&world, 1);
    world
        .request(&wish(&["a1"], "x@affiliate.example"))
        .unwrap();
    assert!(world.dam.shares.borrow().is_empty());
    assert!(
        world
            .people
            .text("review:1")
            .contains("cannot make the link")
    );
}

#[test]
fn nobody_deciding_parks_or_refuses() {
    let world = world_of(1);
    ask(&world, &["a1"]);
    world.wind(6 * DAY);
    assert!(world.outcome(KEY).starts_with("parked: nobody answered"));
    let mut config = config();
    config["on_timeout"] = json!("refuse");
    let world = World::new(&config);
    fill(&world, 1);
    ask(&world, &["a1"]);
    world.wind(6 * DAY);
    assert_eq!(world.outcome(KEY), "refused");
}

#[test]
fn the_requester_cannot_decide() {
    let world = world_of(1);
    ask(&world, &["a1"]);
    let process = &world.people.processes()[0];
    let asked = format!("{:?}", process.variables);
    assert!(
        asked.contains(r#"excluded\":[\"rita@example.com"#),
        "{asked}"
    );
}
