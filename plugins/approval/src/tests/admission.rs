//! What starts a run.

use forebay_sdk::handler::{Connections, Handler, Start};
use forebay_sdk::{Admission, Delivery, Entity, Field, Value};
use serde_json::{Value as Json, json};

use super::world::{World, dam_event, simple};
use crate::Approval;

fn admit(config: Json, delivery: &Delivery) -> Admission {
    let connections = Connections::new(vec![("dam".into(), "canto-main".into())]);
    Approval::admit(
        &serde_json::from_value(config).unwrap(),
        &connections,
        delivery,
    )
}

fn reason(admission: Admission) -> String {
    match admission {
        Admission::Ignore(reason) => reason,
        other => panic!("{other:?}"),
    }
}

fn start(admission: Admission) -> Start {
    match admission {
        Admission::Start(start) => start,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_run_is_named_for_flow_connection_and_asset() {
    let event = dam_event("asset.created", &[Field::new("name", "hero.jpg")]);
    let started = start(admit(json!({"key_prefix": "canto-1"}), &event));
    assert_eq!(started.business_key, "canto-1:canto-main:image/7");
    assert_eq!(started.subject, Entity::new("asset", "image/7"));
    assert_eq!(started.title, "hero.jpg");
    let request = Delivery::Request(json!({"asset": "image/7"}).to_string());
    assert_eq!(
        start(admit(json!({}), &request)).business_key,
        "approval:canto-main:image/7"
    );
}

#[test]
fn a_request_without_asset_is_refused_and_told_what_to_give() {
    for input in [json!({"aset": "image/7"}), json!({})] {
        let Admission::Refuse(why) = admit(json!({}), &Delivery::Request(input.to_string())) else {
            panic!("{input} is taken");
        };
        assert!(why.ends_with(r#"give `{"asset": "ID"}`"#), "{why}");
    }
}

#[test]
fn filters_keep_assets_out_by_what_the_event_says() {
    let known = [
        Field::new("kind", "image"),
        Field::new("name", "hero.XMP"),
        Field::new("uploader", "robot"),
        Field::new("paths", Value::texts(["/Incoming/External/x"])),
    ];
    let event = dam_event("asset.created", &known);
    for (filters, word) in [
        (json!({"kinds": ["video"]}), "image"),
        (json!({"exclude_kinds": ["image"]}), "image"),
        (json!({"exclude_types": ["xmp"]}), "XMP"),
        (json!({"exclude_uploaders": ["robot"]}), "robot"),
        (json!({"include": ["/Press/**"]}), "/Press/**"),
        (
            json!({"include": ["/Incoming/**"], "exclude": ["/Incoming/External/**"]}),
            "excluded",
        ),
    ] {
        let why = reason(admit(json!({"filters": filters}), &event));
        assert!(why.contains(word), "{filters}: {why}");
    }
    start(admit(
        json!({"filters": {"include": ["/Incoming/**"], "kinds": ["image"]}}),
        &event,
    ));
}

#[test]
fn what_the_event_does_not_say_keeps_nothing_out() {
    let filters = json!({"filters": {"include": ["/Incoming/**"], "kinds": ["video"]}});
    start(admit(filters.clone(), &dam_event("asset.created", &[])));
    let unfiled = [Field::new("paths", Value::Texts(Vec::new()))];
    start(admit(filters, &dam_event("asset.created", &unfiled)));
}

#[test]
fn triggers_say_which_events_start() {
    for (kind, trigger) in [
        ("asset.created", "created"),
        ("asset.version-current", "new_version"),
        ("action.invoked", "actions"),
    ] {
        start(admit(json!({}), &dam_event(kind, &[])));
        let off = json!({"triggers": {trigger: false}});
        assert!(reason(admit(off, &dam_event(kind, &[]))).contains(kind));
    }
    assert!(reason(admit(json!({}), &dam_event("asset.updated", &[]))).contains("asset.updated"));
}

#[test]
fn other_custom_actions_are_none_of_our_business() {
    let action = |id: &str| dam_event("action.invoked", &[Field::new("action", id)]);
    let config = json!({"triggers": {"action_ids": ["review-7"]}});
    start(admit(config.clone(), &action("review-7")));
    reason(admit(config, &action("archive-3")));
}

#[test]
fn an_assignment_starts_only_for_watched_collections() {
    let into = |path: &str| {
        dam_event(
            "collection.added",
            &[Field::new("paths", Value::texts([path]))],
        )
    };
    reason(admit(json!({}), &into("/Incoming/a")));
    let watched = json!({"triggers": {"collections": ["/Incoming/**"]}});
    start(admit(watched.clone(), &into("/Incoming/a")));
    reason(admit(watched.clone(), &into("/Press")));
    start(admit(watched, &dam_event("collection.added", &[])));

    let world = World::new(simple(json!({"triggers": {"collections": ["/Press/**"]}})));
    assert_eq!(
        world.event("collection.added").outcome(),
        Some("out-of-scope")
    );
    assert!(world.dam.done().is_empty(), "looked at, not touched");
}
