//! Who may get what: recipients, checks, automatic approval.

use forebay_sdk::assets::AssetStatus;
use forebay_sdk::testing::stage::date;
use forebay_sdk::time::HOUR;
use forebay_sdk::workflow::ProcessState;
use serde_json::json;

use super::{ANN, CARA, KEY, World, answer, ask, config, fill, set, wish, world_of};

#[test]
fn scenario_6_an_unknown_recipient_needs_legal_as_well() {
    let mut config = config();
    config["routing"] = json!([
        {"when": {}, "to": {"group": "partner-compliance", "sla": "1bd"}},
    ]);
    let world = World::new(&config);
    fill(&world, 1);
    world.request(&wish(&["a1"], "x@nobody.example")).unwrap();
    assert_eq!(
        world.people.open(),
        ["review:1: partner-compliance", "legal:1: legal"]
    );
    answer(&world, "review:1", ANN, "approve", &[]);
    assert!(world.dam.shares.borrow().is_empty(), "not enough");
    world.wind(HOUR);
    assert_eq!(world.people.open(), ["legal:1: legal"]);
    answer(&world, "legal:1", CARA, "approve", &[]);
    assert_eq!(world.dam.shares.borrow().len(), 1);
}

#[test]
fn legal_can_refuse_an_unknown_recipient() {
    let mut config = config();
    config["routing"] = json!([
        {"when": {}, "to": {"group": "partner-compliance", "sla": "1bd"}},
    ]);
    let world = World::new(&config);
    fill(&world, 1);
    world.request(&wish(&["a1"], "x@nobody.example")).unwrap();
    answer(&world, "review:1", ANN, "approve", &[]);
    answer(&world, "legal:1", CARA, "refuse", &[]);
    assert_eq!(world.outcome(KEY), "refused");
    assert!(world.dam.shares.borrow().is_empty());
    assert!(
        world.dam.filed("a1").is_empty(),
        "it left the staging album"
    );
    assert_eq!(world.people.processes()[0].state, ProcessState::Completed);
}

#[test]
fn nobody_decides_about_recipients_that_get_nothing() {
    let world = world_of(1);
    world.request(&wish(&["a1"], "x@rival.example")).unwrap();
    assert_eq!(world.outcome(KEY), "refused");
    assert!(world.people.open().is_empty());
    assert!(world.dam.field("a1", "share_decision").contains("rival"));
}

#[test]
fn affiliates_get_what_passes_all_checks_at_once() {
    let world = world_of(2);
    world
        .request(&wish(&["a1"], "x@affiliate.example"))
        .unwrap();
    assert_eq!(world.dam.shares.borrow().len(), 1);
    assert!(world.people.open().is_empty());
    assert!(world.audit().contains(&"auto-approved".to_owned()));
    // One that fails, and people decide about the rest.
    world
        .dam
        .change("a2", |asset| set(asset, "personal_data", &["yes"]));
    let mut second = wish(&["a1", "a2"], "x@affiliate.example");
    second["reference"] = json!("r2");
    world.request(&second).unwrap();
    assert_eq!(world.dam.shares.borrow().len(), 1);
    assert_eq!(world.people.open(), ["review:1: legal"]);
}

#[test]
fn every_check_refuses_for_its_reason() {
    let past = date(-1);
    let future = date(9);
    let cases: &[(&str, &str, &str)] = &[
        ("territories", "US", "territory: no rights in DE"),
        ("channels", "print", "channel: no rights for social"),
        (
            "licence_end",
            &past,
            "expiry_after_link: the rights end before",
        ),
        ("licence_end", "someday", "expiry_after_link: `someday`"),
        (
            "licence_start",
            &future,
            "rights_cover_recipient: the rights have not begun",
        ),
        (
            "share_classes",
            "press",
            "rights_cover_recipient: the rights do not cover",
        ),
        ("embargo_until", &future, "embargo: it is under embargo"),
        (
            "personal_data",
            "yes",
            "personal_data_flag: it shows personal data",
        ),
    ];
    for (field, value, expected) in cases {
        let world = world_of(1);
        world.dam.change("a1", |asset| set(asset, field, &[value]));
        ask(&world, &["a1"]);
        assert_eq!(world.outcome(KEY), "refused", "{field}");
        let why = world.dam.field("a1", "share_decision");
        assert!(why.contains(expected), "{field}: {why}");
    }
    let world = world_of(1);
    world
        .dam
        .change("a1", |asset| asset.status = AssetStatus::Pending);
    ask(&world, &["a1"]);
    assert!(
        world
            .dam
            .field("a1", "share_decision")
            .contains("status_approved")
    );
}

#[test]
fn missing_rights_are_no_rights_and_worldwide_covers_all() {
    let world = world_of(2);
    world
        .dam
        .change("a1", |asset| set(asset, "territories", &[]));
    world
        .dam
        .change("a2", |asset| set(asset, "territories", &["Worldwide"]));
    ask(&world, &["a1", "a2"]);
    let text = world.people.text("review:1");
    assert!(text.contains("(a1) is not shared: territory"), "{text}");
    assert!(text.contains("(a2) passes"), "{text}");
}

#[test]
fn a_contract_limits_channels_and_time() {
    let world = world_of(1);
    let mut request = wish(&["a1"], "bo@agency-a.example");
    request["channel"] = json!(["tv"]);
    world
        .dam
        .change("a1", |asset| set(asset, "channels", &["tv"]));
    world.request(&request).unwrap();
    assert!(
        world
            .dam
            .field("a1", "share_decision")
            .contains("contract does not allow tv")
    );
}
