//! Notes of the case and comments on its assets.

use forebay_sdk::assets::{Comment, Comments};
use forebay_sdk::testing::START;
use forebay_sdk::time::{HOUR, MINUTE};
use forebay_sdk::workflow::ProcessComments;
use serde_json::json;

use super::{World, config, key, takedown, world};

/// A person comments on an asset.
fn comment(world: &World, asset: &str, text: &str) -> String {
    let mut all = world.dam.comments.borrow_mut();
    let comment = Comment {
        id: format!("by-hand-{}", all.len() + 1),
        version: None,
        parent: None,
        author: Some("uta".to_owned()),
        text: text.to_owned(),
        span: None,
        resolved: false,
        external_id: None,
        created_at: world.now(),
        modified_at: world.now(),
    };
    let id = comment.id.clone();
    all.push((asset.to_owned(), comment));
    id
}

fn notes(world: &World, process: &str) -> Vec<String> {
    let page = ProcessComments::list(&*world.people, process, None).unwrap();
    let notes = page.comments.into_iter();
    notes.map(|note| note.text).collect()
}

fn comments(world: &World, asset: &str) -> Vec<String> {
    let page = Comments::list(&*world.dam, asset, None).unwrap();
    let comments = page.comments.into_iter();
    comments.map(|comment| comment.text).collect()
}

#[test]
fn each_is_copied_once_to_the_other_side_and_no_copy_comes_back() {
    let world = world();
    let process = takedown(&world, "T1");
    world.people.say(&process, "ann", "the agency has called");
    comment(&world, "a1", "seen on the web");
    world.wind(5 * MINUTE);
    let here = ["the agency has called", "uta on a1: seen on the web"];
    assert_eq!(notes(&world, &process), here);
    let there = ["seen on the web", "ann: the agency has called"];
    assert_eq!(comments(&world, "a1"), there);
}

#[test]
fn every_asset_of_the_case_has_its_notes() {
    let world = world();
    world.dam.add("a2", "", &[]);
    let process = takedown(&world, "T1");
    world.people.say(&process, "ann", "first");
    world.wind(MINUTE);
    let more = json!({"case": "T1", "assets": ["a2"]});
    world.request(&more).unwrap();
    comment(&world, "a2", "me too");
    world.wind(2 * MINUTE);
    assert_eq!(comments(&world, "a1"), ["ann: first"]);
    assert_eq!(comments(&world, "a2"), ["ann: first", "me too"]);
    assert_eq!(notes(&world, &process), ["first", "uta on a2: me too"]);
}

#[test]
fn notes_of_one_case_stay_out_of_another_of_the_same_asset() {
    let world = world();
    let first = takedown(&world, "T1");
    let second = takedown(&world, "T2");
    world.people.say(&first, "ann", "about the first");
    comment(&world, "a1", "about both");
    world.wind(3 * MINUTE);
    assert_eq!(notes(&world, &first).len(), 2);
    assert_eq!(notes(&world, &second), ["uta on a1: about both"]);
}

#[test]
fn what_is_changed_is_changed_in_its_copy() {
    let world = world();
    let process = takedown(&world, "T1");
    let note = world.people.say(&process, "ann", "call the agency");
    let comment = comment(&world, "a1", "on two pages");
    world.wind(MINUTE);
    ProcessComments::edit(&*world.people, &process, &note, "agency called").unwrap();
    Comments::edit(&*world.dam, "a1", &comment, "on three pages").unwrap();
    world.wind(MINUTE);
    let here = ["agency called", "uta on a1: on three pages"];
    assert_eq!(notes(&world, &process), here);
    let there = ["on three pages", "ann: agency called"];
    assert_eq!(comments(&world, "a1"), there);
}

#[test]
fn what_is_marked_as_internal_or_older_than_the_case_is_not_copied() {
    let world = world();
    comment(&world, "a1", "nice colours");
    world.set_now(START + HOUR);
    let process = takedown(&world, "T1");
    world
        .people
        .say(&process, "ann", "#int our counsel doubts it");
    comment(&world, "a1", "#int he is on leave");
    world.wind(2 * MINUTE);
    assert_eq!(notes(&world, &process).len(), 1);
    assert_eq!(comments(&world, "a1").len(), 2);
}

#[test]
fn a_copy_that_was_removed_by_hand_stays_removed() {
    let world = world();
    let process = takedown(&world, "T1");
    world.people.say(&process, "ann", "typo");
    world.wind(MINUTE);
    assert_eq!(comments(&world, "a1"), ["ann: typo"]);
    world.dam.comments.borrow_mut().clear();
    world.wind(3 * MINUTE);
    assert_eq!(comments(&world, "a1"), [""; 0]);
}

#[test]
fn one_way_or_none_if_configured() {
    for (way, here, there) in [("workflow", 2, 1), ("dam", 1, 2), ("none", 1, 1)] {
        let mut config = config();
        config["sync"] = json!({"comments": way});
        let world = World::new(&config);
        world.dam.add("a1", "", &[]);
        let process = takedown(&world, "T1");
        world.people.say(&process, "ann", "here");
        comment(&world, "a1", "there");
        world.wind(2 * MINUTE);
        assert_eq!(notes(&world, &process).len(), here, "{way}");
        assert_eq!(comments(&world, "a1").len(), there, "{way}");
    }
}

#[test]
fn many_are_copied_bit_by_bit() {
    let world = world();
    let process = takedown(&world, "T1");
    for number in 0..30 {
        world.people.say(&process, "ann", &format!("note {number}"));
    }
    world.wind(MINUTE);
    assert_eq!(comments(&world, "a1").len(), 20);
    world.wind(MINUTE);
    assert_eq!(comments(&world, "a1").len(), 30);
}

#[test]
fn another_process_has_the_comments_too() {
    let world = world();
    takedown(&world, "T1");
    comment(&world, "a1", "seen on the web");
    world.wind(MINUTE);
    world.signal(&key("T1"), "restart", &json!({}));
    world.wind(2 * MINUTE);
    let process = world.people.processes()[1].id.clone();
    assert_eq!(notes(&world, &process), ["uta on a1: seen on the web"]);
}
