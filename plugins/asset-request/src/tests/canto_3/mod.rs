//! Requests with forms, scenario by scenario.

mod delivery;
mod people;
mod scenarios;

use serde_json::{Value as Json, json};

use super::{World, answer, asks, open, stage};

const RITA: &str = "rita@example.com";
const ANN: &str = "ann@example.com";

fn config() -> Json {
    json!({
        "key_prefix": "canto-3",
        "routing": [
            {"when": {"asset_type": "product-image"}, "to": {"group": "product-photo", "sla": "2bd"}},
            {"when": {}, "to": {"group": "marketing-ops", "sla": "3bd"}},
        ],
    })
}

fn form() -> Vec<(&'static str, &'static str)> {
    vec![
        ("type", "product-image"),
        ("market", "DE"),
        ("campaign", "Spring"),
        ("requester", RITA),
    ]
}

fn begin(world: &World) -> (String, String) {
    asks(world, "assetRequest", "canto-3", &form())
}

fn library(world: &World) {
    for (id, territories) in [("a1", "DE"), ("a2", "FR"), ("a3", "DE")] {
        let fields = [
            ("asset_type", "product-image"),
            ("market", "DE"),
            ("campaign", "Spring"),
            ("territories", territories),
        ];
        world.dam.add(id, "/Library", &fields);
    }
}

fn select(world: &World, assets: &str) {
    answer(world, "select", ANN, "select", &[("assets", assets)]);
}

fn links(world: &World) -> usize {
    world
        .dam
        .shares
        .borrow()
        .iter()
        .filter(|share| share.active)
        .count()
}
