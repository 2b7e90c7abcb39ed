//! The example configuration and the documentation follow the code.

use forebay_sdk::Cx;
use forebay_sdk::handler::Handler as _;
use serde::Deserialize as _;
use serde_json::Value as Json;

use super::World;
use crate::{Config, ProductionReview};

const EXAMPLE: &str = include_str!("../../../../examples/iconik-production-review/forebay.toml");
const PAGE: &str = include_str!("../../../../docs/flows/production-review.md");

#[test]
fn the_example_has_nothing_to_mend() {
    let whole: toml::Value = toml::from_str(EXAMPLE).unwrap();
    let config = whole["flows"]["iconik-4-production-review"]["config"].clone();
    let config = Config::deserialize(config).unwrap();
    let world = World::new(&serde_json::json!({}));
    let cx = Cx::scripted(world.script.clone());
    assert_eq!(ProductionReview::check(&cx, &config, false), []);
}

fn options(prefix: &str, value: &Json, found: &mut Vec<String>) {
    const WHOLE: [&str; 3] = ["ownership", "case_types", "routing"];
    match value {
        Json::Object(map) if !map.is_empty() && !WHOLE.contains(&prefix) => {
            for (key, value) in map {
                let path = match prefix {
                    "" => key.clone(),
                    _ => format!("{prefix}.{key}"),
                };
                options(&path, value, found);
            }
        }
        _ => found.push(prefix.to_owned()),
    }
}

#[test]
fn the_page_lists_every_option() {
    let mut all = Vec::new();
    options(
        "",
        &serde_json::to_value(Config::default()).unwrap(),
        &mut all,
    );
    assert!(all.len() > 15);
    for option in all {
        assert!(PAGE.contains(&format!("| `{option}` |")), "{option}");
    }
}
