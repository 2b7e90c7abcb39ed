//! Regional localization, scenario by scenario.

use forebay_sdk::assets::AssetStatus;
use forebay_sdk::testing::stage::day;
use serde_json::json;

use super::*;

const APPROVED: Option<AssetStatus> = Some(AssetStatus::Approved);
const PENDING: Option<AssetStatus> = Some(AssetStatus::Pending);

#[test]
fn scenario_1_three_versions_exist_with_tags_and_relations_and_the_master_lists_them() {
    let world = world(&json!({}));
    let open = [
        "adapt:DE:1: loc-de",
        "adapt:FR:1: loc-fr",
        "adapt:IT:1: loc-it",
    ];
    assert_eq!(world.people.open(), open);
    for code in ["DE", "FR", "IT"] {
        let id = localize(&world, code);
        assert_eq!(world.dam.status(&id), APPROVED);
        assert_eq!(world.dam.field(&id, "master_asset"), "m1");
        assert_eq!(world.dam.field(&id, "master_version"), "m1-v1");
        assert_eq!(world.dam.field(&id, "region"), code);
        assert_eq!(world.dam.field(&id, "brand"), "Acme");
        assert_eq!(world.dam.field(&id, "territories"), code);
        assert_eq!(world.dam.field(&id, "reviewed_by"), "reviewer@example.com");
        let album = format!("/Localized/Spring/{code}");
        assert_eq!(world.dam.filed(&id), ["/Inbox", album.as_str()]);
    }
    let tags = world.dam.assets.borrow()["de1"].tags.clone();
    let wanted = [
        "region:DE",
        "lang:de-DE",
        "master:m1",
        "master_version:m1-v1",
    ];
    assert_eq!(tags, wanted);
    let relations = world.dam.relations.borrow().clone();
    let relation = |id: &str| ("localization".into(), "m1".into(), id.into());
    assert_eq!(
        relations,
        [relation("de1"), relation("fr1"), relation("it1")]
    );
    assert_eq!(world.outcome(KEY), "localized");
    let listed =
        "DE: approved | de1 | m1-v1; FR: approved | fr1 | m1-v1; IT: approved | it1 | m1-v1";
    assert_eq!(world.dam.field("m1", "localization_state"), listed);
    assert_eq!(world.dam.field("m1", "localized_assets"), "de1, fr1, it1");
    assert_eq!(world.people.open(), [""; 0]);
    let processes = world.people.processes();
    assert_eq!(processes[0].business_key, region_key("v1", "DE"));
    assert!(world.live().is_empty());
}

#[test]
fn scenario_2_one_region_is_released_while_another_is_back_in_adaptation() {
    let world = world(&json!({}));
    world.dam.add("fr1", "/Inbox", &[]);
    deliver(&world, "adapt:FR:1", "fr1");
    let comment = [("comment", "wrong slogan")];
    answer(&world, "review:FR:1", "rev@example.com", "reject", &comment);
    localize(&world, "DE");
    assert_eq!(world.dam.status("de1"), APPROVED);
    assert_eq!(world.dam.status("fr1"), PENDING);
    assert_eq!(
        world.people.open(),
        ["adapt:IT:1: loc-it", "adapt:FR:2: loc-fr"]
    );
    assert!(world.people.text("adapt:FR:2").contains("wrong slogan"));
    assert_eq!(world.outcome(KEY), "live");
    let state = world.dam.field("m1", "localization_state");
    assert!(
        state.contains("DE: approved") && state.contains("FR: adapting"),
        "{state}"
    );
}

#[test]
fn scenario_3_all_wait_for_the_last_which_is_escalated() {
    let world = world(&json!({"release": "all"}));
    localize(&world, "DE");
    localize(&world, "FR");
    assert_eq!(
        (world.dam.status("de1"), world.dam.status("fr1")),
        (PENDING, PENDING)
    );
    assert!(world.people.done.borrow().is_empty());
    world.wind_to(day(2));
    let done = world.people.done.borrow().clone();
    assert!(
        done.iter().any(|done| done == "reassign task-3: dam-leads"),
        "{done:?}"
    );
    assert_eq!(
        (world.dam.status("de1"), world.dam.status("fr1")),
        (PENDING, PENDING)
    );
    localize(&world, "IT");
    for id in ["de1", "fr1", "it1"] {
        assert_eq!(world.dam.status(id), APPROVED, "{id}");
    }
    assert_eq!(world.outcome(KEY), "localized");
}

#[test]
fn scenario_4_a_new_master_restarts_what_is_open_and_rechecks_what_is_done() {
    let world = world(&json!({"on_master_update": "restart_open"}));
    localize(&world, "DE");
    localize(&world, "IT");
    world.dam.add("fr1", "/Inbox", &[]);
    deliver(&world, "adapt:FR:1", "fr1");
    new_version(&world, 2);
    assert_eq!(world.outcome(&region_key("v1", "FR")), "superseded");
    assert_eq!(world.dam.field("de1", "outdated"), "yes");
    let open = [
        "recheck:DE:m1-v2: loc-de",
        "recheck:IT:m1-v2: loc-it",
        "adapt:FR:1: loc-fr",
    ];
    assert_eq!(world.people.open(), open);
    assert_eq!(world.dam.status("fr1"), PENDING, "decided about by nobody");
    answer(
        &world,
        "recheck:DE:m1-v2",
        "a@example.com",
        "still-valid",
        &[],
    );
    assert_eq!(world.dam.field("de1", "outdated"), "");
    assert_eq!(world.dam.field("de1", "master_version"), "m1-v2");
    let tags = world.dam.assets.borrow()["de1"].tags.clone();
    assert!(
        tags.contains(&"master_version:m1-v2".to_owned()),
        "{tags:?}"
    );
    assert!(
        !tags.contains(&"master_version:m1-v1".to_owned()),
        "{tags:?}"
    );
    answer(&world, "recheck:IT:m1-v2", "a@example.com", "redo", &[]);
    world.dam.add("it2", "/Inbox", &[]);
    deliver(&world, "adapt:IT:1", "it2");
    approve(&world, "review:IT:1");
    assert_eq!(
        world.dam.status("it1"),
        Some(AssetStatus::Restricted),
        "superseded"
    );
    deliver(&world, "adapt:FR:1", "fr1");
    approve(&world, "review:FR:1");
    assert_eq!(world.outcome(KEY), "localized");
    assert_eq!(world.dam.field("fr1", "master_version"), "m1-v2");
}

#[test]
fn scenario_5_twenty_regions_get_exactly_one_process_each() {
    let region =
        |code: usize| json!({"language": "xx", "team": format!("t{code}"), "reviewers": "r"});
    let regions: serde_json::Map<_, _> = (10..30)
        .map(|code| (format!("R{code}"), region(code)))
        .collect();
    let world = world(&json!({"regions": regions}));
    assert_eq!(world.people.processes().len(), 20);
    // The same upload again, and an operator who is impatient.
    world.dam_event("asset.created", "m1", &[]);
    world.request(&json!({"asset": "m1"})).unwrap();
    assert_eq!(world.people.processes().len(), 20);
    assert_eq!(world.live().len(), 21);
}

#[test]
fn scenario_6_a_territory_outside_the_licence_holds_the_release_for_a_rights_review() {
    let world = World::new(&config(&json!({"rights_flow": "canto-2"})));
    master(&world);
    world.dam.change("m1", |asset| {
        let licensed = vec!["DE".to_owned(), "IT".to_owned()];
        asset.fields.push(Field::new("territories", licensed));
    });
    localize(&world, "DE");
    localize(&world, "FR");
    assert_eq!(
        (world.dam.status("de1"), world.dam.status("fr1")),
        (APPROVED, PENDING)
    );
    assert_eq!(world.dam.field("fr1", "territories"), "");
    let held = world
        .script
        .spawned()
        .into_iter()
        .find(|run| run.flow == "canto-2");
    let held = held.unwrap();
    assert!(
        held.input.contains("\"fr1\"") && held.input.contains("[\"FR\"]"),
        "{}",
        held.input
    );
    assert!(world.audit().contains(&"release-held".to_owned()));
    let state = world.dam.field("m1", "localization_state");
    assert!(state.contains("FR: rights-review"), "{state}");
    world.other_run_ended("canto-2", &held.business_key, "cleared");
    assert_eq!(world.dam.status("fr1"), APPROVED);
    assert_eq!(world.dam.field("fr1", "territories"), "FR");
}
