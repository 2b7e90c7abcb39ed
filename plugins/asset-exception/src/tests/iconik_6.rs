//! Missing metadata, scenario by scenario.

use forebay_sdk::Field;
use forebay_sdk::time::{HOUR, MINUTE};
use forebay_sdk::workflow::WorkflowSink as _;
use serde_json::{Value as Json, json};

use super::World;

fn config() -> Json {
    json!({
        "key_prefix": "iconik-6",
        "type_field": "kind",
        "required": [
            {"field": "region", "rule": "in_list(regions)"},
            {"field": "project_code", "rule": "^[A-Z]{3}-\\d{4}$", "lookup": "projects"},
        ],
        "lists": {"regions": ["EMEA", "APAC"], "projects": ["ABC-1234", "XYZ-0001"]},
        "group_by": "collection",
        "assign": {"to": "creator", "fallback": "ingest-desk", "sla": {"medium": "1bd"}},
    })
}

const GROUP: &str = "iconik-6:dam-main:collection:/Ingest/EMEA_ABC-1234";

fn world(clips: usize) -> World {
    let world = World::new(&config());
    for number in 1..=clips {
        let id = format!("c{number}");
        world.dam.add(&id, "/Ingest/EMEA_ABC-1234", &[]);
        world.dam_event("asset.created", &id, &[]);
    }
    world
}

fn fill(world: &World, id: &str, field: &str, value: &str) {
    world
        .dam
        .change(id, |asset| asset.fields.push(Field::new(field, value)));
    world.dam_event("asset.updated", id, &[]);
}

#[test]
fn scenario_1_after_the_grace_one_task_lists_what_is_missing_with_suggestions() {
    let world = world(2);
    world.wind(4 * HOUR - MINUTE);
    assert_eq!(world.people.open(), [""; 0]);
    world.wind(2 * MINUTE);
    assert_eq!(world.people.open(), ["fill:1: ingest-desk"]);
    let process = &world.people.processes()[0].id;
    let list = world.people.variable(process, "issues");
    assert!(
        list.contains("c1.jpg [c1]: region (suggested: EMEA), project_code (suggested: ABC-1234)"),
        "{list}"
    );
    assert!(list.contains("[c2]"), "{list}");
    assert_eq!(world.people.processes().len(), 1);
}

#[test]
fn scenario_2_filled_within_the_grace_no_task_is_made() {
    let world = world(1);
    world.wind(3 * HOUR);
    fill(&world, "c1", "region", "EMEA");
    fill(&world, "c1", "project_code", "ABC-1234");
    world.wind(5 * HOUR);
    assert_eq!(world.people.processes().len(), 0);
    assert_eq!(world.outcome("iconik-6:dam-main:c1"), "completed");
    assert_eq!(world.dam.field("c1", "metadata_state"), "complete");
}

#[test]
fn scenario_3_a_value_that_does_not_fit_is_refused() {
    let world = world(1);
    world.wind(5 * HOUR);
    world.people.answer(
        "fill:1",
        "ann@example.com",
        "done",
        &[("project_code", "abc-1")],
    );
    world.decided();
    world.settle();
    assert_eq!(world.dam.field("c1", "project_code"), "");
    assert_eq!(world.people.open(), ["fill:2: ingest-desk"]);
    let refused = world.script.decisions().into_iter();
    let refused: Vec<_> = refused
        .filter(|record| record.action == "refused")
        .collect();
    assert!(
        refused[0].comment.clone().unwrap().contains("[A-Z]{3}"),
        "{refused:?}"
    );
}

#[test]
fn scenario_4_a_value_for_all_is_written_once_to_each() {
    let world = world(200);
    world.wind(5 * HOUR);
    let form = [("region", "APAC"), ("project_code", "XYZ-0001")];
    world
        .people
        .answer("fill:1", "ann@example.com", "done", &form);
    world.decided();
    world.settle();
    assert_eq!(world.outcome(GROUP), "completed");
    for number in [1, 77, 200] {
        assert_eq!(world.dam.field(&format!("c{number}"), "region"), "APAC");
    }
    assert_eq!(world.people.open(), [""; 0]);
}

#[test]
fn scenario_5_a_list_out_of_reach_is_no_pass_and_no_task() {
    let mut unreachable = config();
    unreachable["lists"] = json!({"regions": ["EMEA"]});
    let world = World::new(&unreachable);
    world.dam.add(
        "c1",
        "/Ingest",
        &[("region", "EMEA"), ("project_code", "ABC-1234")],
    );
    world.dam_event("asset.created", "c1", &[]);
    world.wind(6 * HOUR);
    assert_eq!(world.people.processes().len(), 0);
    assert_eq!(world.outcome("iconik-6:dam-main:c1"), "live");
    assert_ne!(world.dam.field("c1", "metadata_state"), "complete");
}

#[test]
fn the_list_shrinks_as_people_fill_fields_in_the_dam() {
    let world = world(2);
    world.wind(5 * HOUR);
    let process = world.people.processes()[0].id.clone();
    fill(&world, "c1", "region", "EMEA");
    fill(&world, "c1", "project_code", "ABC-1234");
    assert!(!world.people.variable(&process, "issues").contains("[c1]"));
    fill(&world, "c2", "region", "EMEA");
    fill(&world, "c2", "project_code", "ABC-1234");
    assert_eq!(world.outcome(GROUP), "completed");
    assert_eq!(world.people.open(), [""; 0]);
}

#[test]
fn what_changes_nothing_is_not_shown_again() {
    let world = world(2);
    world.wind(5 * HOUR);
    let process = world.people.processes()[0].id.clone();
    // Not what the list would be: it stays, so nobody has written it again.
    let mark = [Field::new("issues", "as it was")];
    world.people.set_variables(&process, &mark).unwrap();
    world.dam_event("asset.updated", "c1", &[]);
    assert_eq!(world.people.variable(&process, "issues"), "as it was");
    fill(&world, "c1", "region", "EMEA");
    let shown = world.people.variable(&process, "issues");
    assert!(shown.contains("[c1]: project_code"), "{shown}");
}

#[test]
fn suggestions_are_accepted_in_bulk() {
    let world = world(3);
    world.wind(5 * HOUR);
    world
        .people
        .answer("fill:1", "ann@example.com", "done", &[("accept", "yes")]);
    world.decided();
    world.settle();
    assert_eq!(world.dam.field("c3", "project_code"), "ABC-1234");
    assert_eq!(world.outcome(GROUP), "completed");
}

#[test]
fn what_stands_in_the_dam_wins_over_the_task() {
    let world = world(1);
    world.wind(5 * HOUR);
    fill(&world, "c1", "region", "EMEA");
    let form = [("region", "APAC"), ("project_code", "XYZ-0001")];
    world
        .people
        .answer("fill:1", "ann@example.com", "done", &form);
    world.decided();
    world.settle();
    assert_eq!(world.dam.field("c1", "region"), "EMEA");
    assert_eq!(world.dam.field("c1", "project_code"), "XYZ-0001");
}
