//! What people do with a request: withdraw, decline, reject, be late, leave.

use forebay_sdk::testing::stage::date;
use forebay_sdk::time::DAY;
use forebay_sdk::workflow::ProcessState;
use serde_json::json;

use super::{ANN, RITA, answer, asks, begin, config, form, library, links, select, stage};

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
fn an_operator_cancels_and_nothing_is_left() {
    let world = stage(&config());
    library(&world);
    let (_, key) = begin(&world);
    select(&world, "a1");
    world.signal(&key, "cancel", &json!({}));
    assert_eq!(world.outcome(&key), "cancelled");
    assert_eq!((links(&world), world.people.open().len()), (0, 0));
}
