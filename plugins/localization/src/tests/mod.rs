//! The handler against a DAM and an engine in memory.

mod masters;
mod regions;
mod scenarios;

use forebay_sdk::Field;
use forebay_sdk::blocks::Span;
use forebay_sdk::testing::Stage;
use serde_json::{Value as Json, json};

use crate::config::{DefaultRegions, OnMasterUpdate, Release, Sla, StoreMode};
use crate::{Config, Localization};

type World = Stage<Localization>;

const KEY: &str = "canto-4:dam-main:m1";

/// Three regions; `more` replaces options.
fn config(more: &Json) -> Json {
    let mut config = json!({
        "key_prefix": "canto-4",
        "regions": {
            "DE": {"language": "de-DE", "team": "loc-de", "reviewers": "legal-de"},
            "FR": {"language": "fr-FR", "team": "loc-fr", "reviewers": "brand-fr"},
            "IT": {"language": "it-IT", "team": "loc-it", "reviewers": "brand-it"},
        },
    });
    for (name, value) in more.as_object().unwrap() {
        config[name] = value.clone();
    }
    config
}

/// A master in work for three regions.
fn world(more: &Json) -> World {
    let world = World::new(&config(more));
    master(&world);
    world
}

fn master(world: &World) {
    let fields = [
        ("is_master", "yes"),
        ("campaign", "Spring"),
        ("brand", "Acme"),
    ];
    world.dam.add("m1", "/Masters", &fields);
    world.dam_event("asset.created", "m1", &[]);
}

fn region_key(version: &str, code: &str) -> String {
    format!("{KEY}:m1-{version}:{code}")
}

/// A person answers a question.
fn answer(world: &World, question: &str, by: &str, outcome: &str, values: &[(&str, &str)]) {
    world.people.answer(question, by, outcome, values);
    world.decided();
}

/// The team delivers a file of this id.
fn deliver(world: &World, question: &str, asset: &str) {
    let values = [("asset", asset)];
    answer(world, question, "adapter@example.com", "delivered", &values);
}

/// The reviewers approve.
fn approve(world: &World, question: &str) {
    answer(world, question, "reviewer@example.com", "approve", &[]);
}

/// The team of a region delivers a file, and its reviewers approve. The id of the file.
fn localize(world: &World, code: &str) -> String {
    let id = format!("{}1", code.to_lowercase());
    world.dam.add(&id, "/Inbox", &[]);
    deliver(world, &format!("adapt:{code}:1"), &id);
    approve(world, &format!("review:{code}:1"));
    id
}

/// Another version of the master.
fn new_version(world: &World, number: u32) {
    world
        .dam
        .change("m1", |asset| asset.version = format!("m1-v{number}"));
    world.dam_event("asset.version-current", "m1", &[]);
}

/// A person sets a field.
fn set(world: &World, asset: &str, name: &str, value: &str) {
    world.dam.change(asset, |asset| {
        asset.fields.retain(|field| field.name != name);
        asset.fields.push(Field::new(name, value));
    });
    world.dam_event("asset.updated", asset, &[]);
}

#[test]
fn defaults_are_those_of_the_checklist() {
    let config: Config = serde_json::from_str("{}").unwrap();
    assert_eq!(config.select_regions.from_field, "markets");
    assert_eq!(config.select_regions.default, DefaultRegions::All);
    assert_eq!(config.release, Release::PerRegion);
    assert_eq!(config.naming, "{master_stem}_{region}_{language}_v{n}");
    let tags = [
        "region:{region}",
        "lang:{language}",
        "master:{master_id}",
        "master_version:{master_version}",
    ];
    assert_eq!(config.tags, tags);
    assert_eq!(config.store.mode, StoreMode::NewAsset);
    assert_eq!(config.store.album, "/Localized/{campaign}/{region}");
    let inherit = ["brand", "campaign", "licence_end", "territories"];
    assert_eq!(config.store.inherit, inherit);
    assert_eq!(config.on_master_update, OnMasterUpdate::Ask);
    assert!(config.not_needed_allowed && !config.withdraw_cascade);
    assert_eq!(Sla::default().work, Span::BusinessDays(5));
    assert_eq!(Sla::default().review, Span::BusinessDays(2));
    assert_eq!(
        (
            config.fallback_group.as_str(),
            config.escalation_group.as_str()
        ),
        ("dam-admins", "dam-leads")
    );
    assert_eq!(config.asset_gone.grace, Span::Minutes(15));
    for text in ["per_region", "all", "quorum(2)"] {
        assert_eq!(text.parse::<Release>().unwrap().to_string(), text);
    }
    assert!("quorum".parse::<Release>().is_err());
}
