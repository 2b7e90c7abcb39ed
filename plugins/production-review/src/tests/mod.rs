//! The handler against a DAM and an engine in memory, scenario by scenario.

mod examples;

use forebay_sdk::assets::{Comment, Span as Timecode};
use forebay_sdk::blocks::Span;
use forebay_sdk::testing::{START, Stage};
use forebay_sdk::time::MINUTE;
use forebay_sdk::{Entity, Event, Field};
use serde_json::{Value as Json, json};

use crate::config::Side;
use crate::{Config, ProductionReview};

type World = Stage<ProductionReview>;

const KEY: &str = "iconik-4:dam-main:a1";

fn config() -> Json {
    json!({
        "key_prefix": "iconik-4",
        "routing": [{"when": {}, "to": {"group": "reviewers", "sla": "2d"}}],
    })
}

fn world() -> World {
    let world = World::new(&config());
    world.dam.add("a1", "/Review", &[]);
    world.request(&json!({"asset": "a1"})).unwrap();
    world
}

/// A person comments in the DAM.
fn comment(world: &World, id: &str, text: &str, parent: Option<&str>) {
    world.dam.comments.borrow_mut().push((
        "a1".to_owned(),
        Comment {
            id: id.to_owned(),
            version: None,
            parent: parent.map(str::to_owned),
            author: Some("eva@example.com".to_owned()),
            text: text.to_owned(),
            span: Some(Timecode {
                start: 72_050,
                end: 72_050,
            }),
            resolved: true,
            external_id: None,
            created_at: START,
            modified_at: START,
        },
    ));
}

/// Texts of the process's comments.
fn copies(world: &World) -> Vec<String> {
    use forebay_sdk::workflow::ProcessComments as _;
    let process = &world.people.processes()[0].id;
    let page = world.people.list(process, None).unwrap();
    page.comments
        .into_iter()
        .map(|comment| comment.text)
        .collect()
}

fn dam_texts(world: &World) -> Vec<String> {
    let comments = world.dam.comments.borrow();
    comments
        .iter()
        .map(|(_, comment)| comment.text.clone())
        .collect()
}

fn new_version(world: &World, version: &str) {
    world
        .dam
        .change("a1", |asset| asset.version = version.to_owned());
    world.dam_event("asset.version-current", "a1", &[]);
}

#[test]
fn defaults_are_those_of_the_checklist() {
    let config: Config = serde_json::from_str("{}").unwrap();
    assert_eq!(config.sync.interval, Span::Minutes(1));
    assert_eq!(config.sync.orphan_wait, Span::Minutes(5));
    assert_eq!(config.decisions.last_word, Side::Workflow);
    assert_eq!(config.rounds.max, 5);
    assert_eq!(config.routing.0[0].to.sla, Span::BusinessDays(2));
    assert!(config.close.require_all_resolved && config.close.promote_version);
    assert_eq!(config.visibility.internal_marker, "#int");
}

#[test]
fn scenario_1_a_comment_is_shown_once_with_time_code_and_author() {
    let world = world();
    comment(&world, "s1", "Logo too small", None);
    world.dam_event("comment.added", "a1", &[]);
    world.wind(10 * MINUTE);
    let texts = copies(&world);
    assert_eq!(texts, ["[00:01:12:05] eva@example.com: Logo too small"]);
    assert_eq!(dam_texts(&world).len(), 1, "no copy comes back");
}

#[test]
fn scenario_2_both_sides_catch_up_in_order_without_duplicates() {
    let world = world();
    let process = world.people.processes()[0].id.clone();
    for number in 0..50 {
        comment(
            &world,
            &format!("s{number}"),
            &format!("there {number}"),
            None,
        );
        world
            .people
            .say(&process, "ann@example.com", &format!("here {number}"));
    }
    world.wind(5 * MINUTE);
    let (here, there) = (copies(&world), dam_texts(&world));
    assert_eq!((here.len(), there.len()), (100, 100));
    let copied: Vec<_> = here.iter().filter(|text| text.contains("there")).collect();
    let expected = (0..50).map(|n| format!("[00:01:12:05] eva@example.com: there {n}"));
    assert!(copied.into_iter().eq(expected.collect::<Vec<_>>().iter()));
    assert_eq!(there[50], "ann@example.com: here 0");
}

#[test]
fn scenario_3_a_late_approval_of_the_old_version_approves_nothing() {
    let world = world();
    assert_eq!(world.people.open(), ["review:1@a1-v1: reviewers"]);
    // Approved at the same moment as the new version comes.
    world
        .people
        .answer("review:1@a1-v1", "ann@example.com", "approve", &[]);
    new_version(&world, "a1-v2");
    world.wind(5 * MINUTE);
    assert_eq!(world.outcome(KEY), "live");
    assert_eq!(world.people.open(), ["review:2@a1-v2: reviewers"]);
    let process = &world.people.processes()[0].id;
    assert_eq!(world.people.variable(process, "round"), "2");
    assert_eq!(world.people.variable(process, "version"), "a1-v2");
    assert_eq!(world.dam.field("a1", "review_round"), "2");
    assert!(
        world
            .audit()
            .contains(&"decision-on-superseded-version".to_owned())
    );
}

#[test]
fn scenario_4_a_deleted_comment_is_shown_as_deleted() {
    let world = world();
    comment(&world, "s1", "Logo too small", None);
    world.wind(2 * MINUTE);
    world.dam.comments.borrow_mut().clear();
    world.dam_event("comment.deleted", "a1", &[]);
    assert!(copies(&world)[0].starts_with("[deleted in the DAM, seen 2026"));
    assert!(world.audit().contains(&"comment-deleted".to_owned()));
}

#[test]
fn scenario_5_internal_comments_stay_on_their_side() {
    let world = world();
    let process = world.people.processes()[0].id.clone();
    comment(&world, "s1", "#int he is on leave", None);
    world
        .people
        .say(&process, "ann@example.com", "budget is gone #int");
    world.wind(5 * MINUTE);
    assert_eq!(copies(&world), ["budget is gone #int"]);
    assert_eq!(dam_texts(&world), ["#int he is on leave"]);
    let audit = format!("{:?}", world.script.decisions());
    assert!(
        !audit.contains("on leave") && !audit.contains("budget"),
        "{audit}"
    );
}

#[test]
fn approval_waits_until_all_is_resolved_then_promotes() {
    let world = world();
    comment(&world, "s1", "Logo too small", None);
    world.dam.comments.borrow_mut()[0].1.resolved = false;
    world.dam_event("comment.added", "a1", &[]);
    world
        .people
        .answer("review:1@a1-v1", "ann@example.com", "approve", &[]);
    world.decided();
    assert_eq!(world.outcome(KEY), "live");
    world.dam.comments.borrow_mut()[0].1.resolved = true;
    world.dam_event("comment.resolved", "a1", &[]);
    assert_eq!(world.outcome(KEY), "approved");
    assert_eq!(world.dam.field("a1", "review_state"), "approved");
    assert!(
        world
            .dam
            .effects
            .borrow()
            .contains(&"promote a1 a1-v1".to_owned())
    );
    assert_eq!(
        world.people.processes()[0].outcome.as_deref(),
        Some("approved")
    );
}

#[test]
fn an_answer_waits_for_its_comment_then_stands_alone() {
    let world = world();
    comment(&world, "s2", "I agree", Some("s1"));
    world.wind(2 * MINUTE);
    assert_eq!(copies(&world), [""; 0]);
    world.wind(5 * MINUTE);
    assert!(copies(&world)[0].contains("answers a comment that is not here"));
}

/// They neither keep others from being copied nor the run from resting.
#[test]
fn many_answers_that_wait_hold_up_nothing() {
    let world = world();
    for number in 0..30 {
        comment(&world, &format!("s{number}"), "I agree", Some("lost"));
    }
    comment(&world, "last", "Logo too small", None);
    world.wind(2 * MINUTE);
    let texts = copies(&world);
    assert_eq!(texts, ["[00:01:12:05] eva@example.com: Logo too small"]);
}

#[test]
fn edits_follow() {
    let world = world();
    let process = world.people.processes()[0].id.clone();
    comment(&world, "s1", "Logo too small", None);
    let here = world.people.say(&process, "ann@example.com", "ok");
    world.wind(2 * MINUTE);
    world.dam.comments.borrow_mut()[0].1.text = "Logo far too small".to_owned();
    {
        use forebay_sdk::workflow::ProcessComments as _;
        world.people.edit(&process, &here, "not ok").unwrap();
    }
    world.wind(2 * MINUTE);
    assert!(
        copies(&world)
            .iter()
            .any(|text| text.ends_with("(edited): Logo far too small"))
    );
    assert_eq!(dam_texts(&world)[1], "ann@example.com: not ok");
}

#[test]
fn unresolved_comments_are_carried_over_and_the_last_round_goes_to_the_coordinator() {
    let world = world();
    comment(&world, "s1", "Logo too small", None);
    world.dam.comments.borrow_mut()[0].1.resolved = false;
    for round in 2..=6 {
        new_version(&world, &format!("a1-v{round}"));
    }
    assert_eq!(world.people.open(), ["review:6@a1-v6: dam-leads"]);
    assert!(world.people.text("review:6@a1-v6").contains("- s1"));
}

#[test]
fn a_rejection_ends_the_review() {
    let world = world();
    world
        .people
        .answer("review:1@a1-v1", "ann@example.com", "reject", &[]);
    world.decided();
    assert_eq!(world.outcome(KEY), "rejected");
    assert_eq!(world.dam.field("a1", "review_state"), "rejected");
}

#[test]
fn observing_asks_nobody() {
    let world = World::observing(&config());
    world.dam.add("a1", "", &[]);
    world.request(&json!({"asset": "a1"})).unwrap();
    assert_eq!(world.outcome(KEY), "observed");
}

#[test]
fn a_review_opened_in_the_workflow_engine_is_held_there() {
    let world = World::new(&config());
    world.dam.add("a1", "", &[]);
    let process = world
        .people
        .request("productionReview", "R-7", &[("assetId", "a1")]);
    let mut event = Event::new(
        "process.started",
        Entity::new("process", &process),
        "1",
        START,
    );
    event.data = vec![
        Field::new("definition", "productionReview"),
        Field::new("business-key", "R-7"),
    ];
    world.event("workflow", event);
    assert_eq!(world.people.open(), ["review:1@a1-v1: reviewers"]);
    assert_eq!(world.people.processes().len(), 1);
    assert_eq!(world.live(), [KEY]);
}

#[test]
fn a_review_that_is_restarted_asks_again_in_another_process_with_all_comments() {
    let world = world();
    comment(&world, "c1", "Logo too small", None);
    world.wind(MINUTE);
    let first = world.people.processes()[0].id.clone();
    world
        .people
        .say(&first, "ann@example.com", "Brighter, please");
    world.wind(MINUTE);
    let said = dam_texts(&world);
    assert_eq!(said.len(), 2, "{said:?}");
    world.signal(KEY, "restart", &json!({}));
    world.wind(2 * MINUTE);
    let processes = world.people.processes();
    assert_eq!(processes.len(), 2);
    assert_eq!(world.people.open().len(), 1);
    assert_eq!(dam_texts(&world), said, "nothing is marked as deleted");
    use forebay_sdk::workflow::ProcessComments as _;
    let copies = world.people.list(&processes[1].id, None).unwrap().comments;
    assert_eq!(copies.len(), 1);
    assert!(copies[0].text.contains("Logo too small"), "{copies:?}");
}
