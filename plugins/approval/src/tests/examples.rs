//! The example configurations and the documentation follow the code.

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::world::World;
use crate::Config;

const CANTO: &str = include_str!("../../../../examples/canto-approval/forebay.toml");
const ICONIK: &str = include_str!("../../../../examples/iconik-approval/forebay.toml");
const PAGE: &str = include_str!("../../../../docs/flows/approval.md");

/// The configuration of a flow in an example.
fn config(example: &str, flow: &str) -> Config {
    let whole: toml::Value = toml::from_str(example).unwrap();
    Config::deserialize(whole["flows"][flow]["config"].clone()).unwrap()
}

#[test]
fn examples_have_nothing_to_mend() {
    for config in [
        config(CANTO, "canto-1-approval"),
        config(ICONIK, "iconik-1-intake-review"),
    ] {
        let world = World::new(serde_json::to_value(&config).unwrap());
        let cx = forebay_sdk::Cx::scripted(world.script.clone());
        let findings = <crate::Approval as forebay_sdk::Handler>::check(&cx, &config, false);
        assert_eq!(findings, []);
    }
}

/// Every option with its default, as the page writes them: `group.option` and JSON.
fn options(prefix: &str, value: &Json, found: &mut Vec<(String, String)>) {
    match value {
        Json::Object(map) if !map.is_empty() && prefix != "process.outcome_map" => {
            for (key, value) in map {
                let path = if prefix.is_empty() {
                    key.clone()
                } else {
                    format!("{prefix}.{key}")
                };
                options(&path, value, found);
            }
        }
        Json::Null => found.push((prefix.to_owned(), "none".to_owned())),
        value => found.push((prefix.to_owned(), format!("`{value}`"))),
    }
}

#[test]
fn the_page_lists_every_option_with_its_default() {
    let mut all = Vec::new();
    options(
        "",
        &serde_json::to_value(Config::default()).unwrap(),
        &mut all,
    );
    assert!(all.len() > 40);
    for (option, default) in all {
        let line = PAGE
            .lines()
            .find(|line| line.starts_with(&format!("| `{option}` |")));
        let line = line.unwrap_or_else(|| panic!("no line for {option}: {default}"));
        if !["stages", "routing", "process.outcome_map"].contains(&option.as_str()) {
            let wanted = format!("| {default} |");
            assert!(
                line.contains(&wanted),
                "{option}: {wanted} is not in {line}"
            );
        }
    }
    let sla = serde_json::to_value(Config::default()).unwrap()["routing"][0]["to"].clone();
    assert_eq!(sla, json!({"group": "dam-admins", "sla": "3bd"}));
}
