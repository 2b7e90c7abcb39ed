//! The handler against a DAM and an engine in memory.

mod canto_3;
mod checks;
mod iconik_3;

use forebay_sdk::testing::Stage;
use serde_json::Value as Json;

use crate::AssetRequest;

type World = Stage<AssetRequest>;

/// A person starts a request; the process and the business key of its run.
fn asks(world: &World, definition: &str, prefix: &str, form: &[(&str, &str)]) -> (String, String) {
    let process = world.people.request(definition, "form", form);
    let data = [("definition", definition), ("business-key", "form")];
    world.entity_event("workflow", "process.started", "process", &process, &data);
    let key = format!("{prefix}:dam-main:{process}");
    (process, key)
}

/// The open question of this kind.
fn open(world: &World, kind: &str) -> String {
    let open = world.people.open();
    let found = open.iter().find(|question| question.starts_with(kind));
    let found = found.unwrap_or_else(|| panic!("no {kind} among {open:?}"));
    let parts: Vec<_> = found.split(": ").collect();
    parts[0].to_owned()
}

/// Answer the open question of this kind.
fn answer(world: &World, kind: &str, by: &str, outcome: &str, values: &[(&str, &str)]) {
    world.people.answer(&open(world, kind), by, outcome, values);
    world.decided();
}

fn stage(config: &Json) -> World {
    World::new(config)
}

#[test]
fn the_examples_fit_the_schema() {
    for (text, flow) in [
        (
            include_str!("../../../../examples/canto-asset-request/forebay.toml"),
            "canto-3-asset-request",
        ),
        (
            include_str!("../../../../examples/iconik-campaign-request/forebay.toml"),
            "iconik-3-campaign-request",
        ),
    ] {
        let file: toml::Value = toml::from_str(text).unwrap();
        let config = file["flows"][flow]["config"].clone();
        let config: crate::Config = config.try_into().unwrap();
        let cx = forebay_sdk::Cx::scripted(forebay_sdk::testing::Script::new());
        let found = <AssetRequest as forebay_sdk::Handler>::check(&cx, &config, false);
        assert!(found.is_empty(), "{flow}: {found:?}");
    }
}
