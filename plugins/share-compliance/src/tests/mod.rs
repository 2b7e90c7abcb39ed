//! The handler against a DAM and an engine in memory.

mod cases;
mod deciding;
mod links;
mod recipients;
mod requests;

use forebay_sdk::Field;
use forebay_sdk::Value;
use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::Span;
use forebay_sdk::testing::Stage;
use forebay_sdk::testing::stage::date;
use serde_json::{Value as Json, json};

use crate::ShareCompliance;
use crate::config::{Action, Check, Config, Want};

type World = Stage<ShareCompliance>;

/// Key of the one request of a test.
const KEY: &str = "canto-5:dam-main:request:r1";
const ANN: &str = "ann@example.com";
const CARA: &str = "cara@example.com";

fn config() -> Json {
    json!({
        "key_prefix": "canto-5",
        "recipients": [
            {"match": "*@agency-a.example", "class": "agency", "contract_until": date(30),
             "allowed_channels": ["social", "print"]},
            {"match": "*@affiliate.example", "class": "internal-affiliate"},
            {"match": "*@rival.example", "class": "rival", "policy": "deny"},
            {"match": "*", "class": "unknown", "policy": "deny_unless_legal"},
        ],
    })
}

/// Assets with rights for social media in Germany.
fn world_of(count: usize) -> World {
    let world = World::new(&config());
    fill(&world, count);
    world
}

fn fill(world: &World, count: usize) {
    for number in 1..=count {
        let id = format!("a{number}");
        world.dam.add(&id, "/Share-Requests", &[]);
        world.dam.change(&id, |asset| {
            set(asset, "channels", &["social", "print"]);
            set(asset, "territories", &["DE", "AT"]);
        });
    }
}

fn set(asset: &mut Asset, name: &str, values: &[&str]) {
    asset.fields.retain(|field| field.name != name);
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    asset.fields.push(Field::new(name, Value::Texts(values)));
}

/// A request for agency A, for as long as 20 days.
fn wish(assets: &[&str], recipient: &str) -> Json {
    json!({
        "assets": assets, "recipient": recipient, "purpose": "Spring campaign",
        "channel": "social", "territory": ["DE"], "until": date(20),
        "requester": "rita@example.com", "reference": "r1",
    })
}

fn ask(world: &World, assets: &[&str]) {
    world.request(&wish(assets, "bo@agency-a.example")).unwrap();
    world.settle();
}

fn answer(world: &World, question: &str, by: &str, outcome: &str, values: &[(&str, &str)]) {
    world.people.answer(question, by, outcome, values);
    world.decided();
    world.settle();
}

#[test]
fn defaults_are_those_of_the_checklist() {
    let config: Config = serde_json::from_str("{}").unwrap();
    let days = |days: u32| Span::Minutes(days * 24 * 60);
    assert!(config.preventive.require_request);
    assert_eq!(config.preventive.staging_album, "/Share-Requests");
    let link = &config.preventive.link;
    assert_eq!((link.expires, link.allow_original), (days(14), false));
    // Asked for wherever the connection can; Canto cannot protect links.
    assert_eq!((link.password, link.watermark), (Want::Auto, Want::Auto));
    assert!(config.detective.enabled);
    assert_eq!(config.detective.interval, Span::Minutes(15));
    assert_eq!(config.detective.overlap, days(2));
    assert_eq!(config.detective.watched_albums, ["/External/**"]);
    assert_eq!(config.detective.action, Action::RestrictAndTask);
    assert_eq!(config.checks, Check::ALL);
    let groups = config
        .routing
        .0
        .iter()
        .map(|rule| (rule.to.group.as_str(), rule.to.sla));
    assert_eq!(
        groups.collect::<Vec<_>>(),
        [
            ("partner-compliance", Span::BusinessDays(1)),
            ("legal", Span::BusinessDays(2))
        ]
    );
    let auto = config.auto_approve.unwrap().when;
    assert_eq!(auto["recipient_class"].0, ["internal-affiliate"]);
    assert_eq!(auto["checks"].0, ["all_pass"]);
    assert_eq!(config.recipients[0].matches, "*");
}

#[test]
fn mistakes_are_found_in_plain_words() {
    let config: Config = serde_json::from_value(json!({
        "routing": [{"when": {"recipient_class": "agancy"}, "to": {"group": "g", "sla": "1bd"}}],
        "recipients": [
            {"match": "*", "class": "unknown"},
            {"match": "*@x.example", "class": "agency", "contract_until": "soon"},
        ],
        "checks": [],
        "detective": {"interval": "1bd"},
    }))
    .unwrap();
    let cx = forebay_sdk::Cx::scripted(forebay_sdk::testing::Script::new());
    let findings = crate::findings::check(&cx, &config, false);
    let paths: Vec<_> = findings
        .iter()
        .map(|finding| finding.path.as_str())
        .collect();
    assert_eq!(
        paths,
        [
            "routing",
            "routing[0].when.recipient_class",
            "checks",
            "recipients[1]",
            "recipients[1].contract_until",
            "detective.interval",
        ]
    );
}

#[test]
fn the_example_has_no_findings() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../examples/canto-share-compliance/forebay.toml"
    );
    let text = std::fs::read_to_string(path).unwrap();
    let example: toml::Value = toml::from_str(&text).unwrap();
    let config = example["flows"]["canto-5-share-compliance"]["config"].clone();
    let config: Config = config.try_into().unwrap();
    let cx = forebay_sdk::Cx::scripted(forebay_sdk::testing::Script::new());
    let findings = crate::findings::check(&cx, &config, false);
    assert!(findings.is_empty(), "{findings:?}");
}

#[test]
fn the_manual_names_every_option() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/flows/share-compliance.md"
    );
    let manual = std::fs::read_to_string(path).unwrap();
    let config = serde_json::to_value(Config::default()).unwrap();
    for (name, value) in config.as_object().unwrap() {
        let below = value.as_object().filter(|below| !below.is_empty());
        let listed = match below {
            // Of these the manual has a row for each option below.
            Some(below) if name != "calendar" && name != "fields" => below
                .keys()
                .all(|key| manual.contains(&format!("`{name}.{key}"))),
            _ => manual.contains(&format!("`{name}")),
        };
        assert!(listed, "{name}");
    }
}
