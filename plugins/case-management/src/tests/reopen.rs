//! Cases that are opened again, and cases that closed before others let go of their assets.

use forebay_sdk::Field;
use forebay_sdk::assets::Collections;
use forebay_sdk::testing::stage::day;
use forebay_sdk::time::{DAY, HOUR, MINUTE};
use forebay_sdk::workflow::{TaskQuery, Tasks};
use serde_json::json;

use super::{World, config, key, share, takedown, world};

fn reopening_within(span: &str) -> World {
    let mut config = config();
    config["reopen"] = json!({"within": span});
    let world = World::new(&config);
    world.dam.add("a1", "/Published/2027", &[]);
    world
}

/// Somebody decides a case in its process.
fn decide(world: &World, process: &str, outcome: &str) {
    let query = TaskQuery {
        process: Some(process.to_owned()),
        ..TaskQuery::default()
    };
    let open = Tasks::list(&*world.people, &query).unwrap().tasks;
    let task = open
        .iter()
        .find(|task| task.name == "Decide the case")
        .unwrap();
    world.people.complete(&task.id, outcome, &[]).unwrap();
    world.decided();
}

/// Somebody files the asset in a collection.
fn file(world: &World, path: &str) {
    let collection = Collections::create(&*world.dam, path).unwrap();
    Collections::add(&*world.dam, &collection.id, "a1").unwrap();
}

fn access(world: &World, asset: &str) -> String {
    let access = world.dam.access.borrow();
    access.get(asset).cloned().unwrap_or("open".to_owned())
}

fn live_shares(world: &World) -> Vec<String> {
    let shares = world.dam.shares.borrow();
    let live = shares.iter().filter(|share| share.active);
    live.map(|share| share.title.clone()).collect()
}

fn runs_of(world: &World, key: &str) -> usize {
    let runs = world.runs();
    runs.iter().filter(|run| run.key == key).count()
}

fn guard(case: &str) -> String {
    format!("{}:guard", key(case))
}

fn recorded(world: &World, action: &str) -> String {
    let mut records = world.script.decisions().into_iter();
    let record = records.rfind(|record| record.action == action);
    record.and_then(|record| record.comment).unwrap_or_default()
}

#[test]
fn what_an_upheld_case_holds_stays_when_another_case_lets_go_of_it() {
    let world = world();
    let first = takedown(&world, "T1");
    world.wind(MINUTE);
    let second = takedown(&world, "T2");
    decide(&world, &second, "stay-down");
    decide(&world, &first, "restore");
    assert_eq!(world.outcome(&key("T1")), "restored");
    assert_eq!(access(&world, "a1"), "restricted");
    assert_eq!(runs_of(&world, &key("T2")), 1, "no case begins by that");
    assert_eq!(world.outcome(&key("T2")), "upheld");

    let again = takedown(&world, "T2");
    decide(&world, &again, "restore");
    assert_eq!(access(&world, "a1"), "open", "as before both cases");
    assert_eq!(world.dam.filed("a1"), ["/Published/2027"]);
    assert_eq!(live_shares(&world), ["press"]);
}

#[test]
fn what_a_case_holds_that_is_closed_for_good_stays_too() {
    let world = reopening_within("1h");
    let first = takedown(&world, "T1");
    let second = takedown(&world, "T2");
    decide(&world, &second, "stay-down");
    world.wind(2 * HOUR);
    decide(&world, &first, "restore");
    assert_eq!(access(&world, "a1"), "restricted");
    assert_eq!(runs_of(&world, &key("T2")), 1);
    assert_eq!(world.live(), [guard("T1")]);
    assert!(world.audit().contains(&"stays-protected".to_owned()));
}

#[test]
fn the_first_of_two_cases_knows_what_stood_before_whichever_lets_go_first() {
    let world = world();
    let first = takedown(&world, "T1");
    world.wind(MINUTE);
    let second = takedown(&world, "T2");
    decide(&world, &second, "restore");
    assert_eq!(access(&world, "a1"), "restricted");
    decide(&world, &first, "restore");
    assert_eq!(access(&world, "a1"), "open");
    assert_eq!(world.dam.filed("a1"), ["/Published/2027"]);
}

#[test]
fn each_of_two_cases_gives_back_what_it_took_away() {
    let world = world();
    let mild = json!({"case": "C1", "case_type": "complaint", "assets": ["a1"]});
    world.request(&mild).unwrap();
    world.settle();
    let complaint = world.people.processes()[0].id.clone();
    world.wind(MINUTE);
    let second = takedown(&world, "T2");
    decide(&world, &complaint, "restore");
    decide(&world, &second, "restore");
    assert_eq!(access(&world, "a1"), "open");
    assert_eq!(world.dam.filed("a1"), ["/Published/2027"]);
    assert_eq!(live_shares(&world), ["press"]);
}

#[test]
fn an_upheld_case_opened_again_protects_anew_and_restores_what_first_stood_there() {
    let world = world();
    let first = takedown(&world, "T1");
    decide(&world, &first, "stay-down");
    world.wind(10 * DAY);
    share(&world, "leak", None);
    file(&world, "/Published/2028");
    let again = takedown(&world, "T1");
    assert_eq!(live_shares(&world), [""; 0]);
    assert_eq!(world.dam.filed("a1"), [""; 0]);
    assert_eq!(world.dam.field("a1", "case_state"), "open");
    assert_eq!(world.outcome(&key("T1")), "live");
    assert_eq!(runs_of(&world, &guard("T1")), 1, "the guard goes on");
    let words = recorded(&world, "reopened");
    assert!(words.contains("closed as upheld"), "{words}");

    decide(&world, &again, "restore");
    assert_eq!(world.outcome(&key("T1")), "restored");
    assert_eq!(access(&world, "a1"), "open");
    assert_eq!(world.dam.filed("a1"), ["/Published/2027"]);
    assert_eq!(live_shares(&world), ["press"]);
    assert_eq!(world.dam.field("a1", "case_ids"), "");
}

#[test]
fn a_restored_case_opened_again_notes_anew_what_stands_there() {
    let world = world();
    let first = takedown(&world, "T1");
    decide(&world, &first, "restore");
    world.wind(10 * DAY);
    file(&world, "/Published/2028");
    let again = takedown(&world, "T1");
    assert_eq!(access(&world, "a1"), "restricted");
    let words = recorded(&world, "reopened");
    assert!(words.contains("closed as restored"), "{words}");
    decide(&world, &again, "restore");
    assert_eq!(access(&world, "a1"), "open");
    assert_eq!(
        world.dam.filed("a1"),
        ["/Published/2027", "/Published/2028"]
    );
}

#[test]
fn a_case_opened_again_has_all_its_assets_and_a_process_of_its_own() {
    let world = world();
    world.dam.add("a2", "/Published/2027", &[]);
    let both = json!({"case": "T1", "case_type": "takedown", "assets": ["a1", "a2"]});
    world.request(&both).unwrap();
    world.settle();
    decide(&world, &world.people.processes()[0].id, "stay-down");
    let one = json!({"case": "T1", "case_type": "takedown", "assets": ["a1"]});
    world.request(&one).unwrap();
    world.settle();
    let processes = world.people.processes();
    assert_eq!(processes.len(), 2);
    decide(&world, &processes[1].id, "restore");
    for asset in ["a1", "a2"] {
        assert_eq!(access(&world, asset), "open", "{asset}");
        assert_eq!(world.dam.filed(asset), ["/Published/2027"]);
    }
}

#[test]
fn a_cancelled_case_can_be_opened_again() {
    let world = world();
    takedown(&world, "T1");
    world.signal(&key("T1"), "cancel", &json!({}));
    assert_eq!(access(&world, "a1"), "restricted");
    let again = takedown(&world, "T1");
    let words = recorded(&world, "reopened");
    assert!(words.contains("closed as cancelled"), "{words}");
    decide(&world, &again, "restore");
    assert_eq!(world.outcome(&key("T1")), "restored");
    assert_eq!(access(&world, "a1"), "open");
}

#[test]
fn operators_hear_of_an_asset_that_is_protected_and_held_by_nobody() {
    let world = world();
    let first = takedown(&world, "T1");
    let second = takedown(&world, "T2");
    decide(&world, &second, "restore");
    // As if both had let go at once, and each had still seen the other.
    let both = format!("{},{}", key("T1"), key("T2"));
    world.dam.change("a1", |asset| {
        asset.fields.retain(|field| field.name != "case_ids");
        asset.fields.push(Field::new("case_ids", both.as_str()));
    });
    decide(&world, &first, "restore");
    assert!(world.audit().contains(&"held-by-nobody".to_owned()));
    let told = format!("{:?}", world.script.notices());
    assert!(told.contains("put it back by hand"), "{told}");
}

#[test]
fn an_asset_added_as_its_case_closes_is_still_protected() {
    let world = world();
    world.dam.add("a2", "", &[]);
    let first = takedown(&world, "T1");
    world.wind(MINUTE);
    *world.dam.fail.borrow_mut() = Some(("access a2".to_owned(), 3));
    let more = json!({"case": "T1", "assets": ["a2"]});
    world.request(&more).unwrap();
    decide(&world, &first, "stay-down");
    assert_eq!(access(&world, "a2"), "open");
    world.wind(5 * MINUTE);
    assert_eq!(access(&world, "a2"), "restricted");
}

#[test]
fn a_case_opened_again_too_late_is_a_new_one() {
    let world = world();
    let first = takedown(&world, "T1");
    decide(&world, &first, "stay-down");
    world.wind_to(day(29));
    assert_eq!(world.outcome(&guard("T1")), "live");
    world.wind_to(day(31));
    assert_eq!(world.outcome(&guard("T1")), "guarded");
    takedown(&world, "T1");
    assert_eq!(world.outcome(&key("T1")), "live");
    assert_eq!(runs_of(&world, &guard("T1")), 2);
    assert_eq!(recorded(&world, "reopened"), "");
}

#[test]
fn without_reopening_the_guard_ends_with_its_case() {
    let world = reopening_within("0m");
    let first = takedown(&world, "T1");
    decide(&world, &first, "stay-down");
    assert_eq!(world.outcome(&guard("T1")), "guarded");
}
