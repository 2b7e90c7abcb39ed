//! iconik-2: somebody presses a button to have a use cleared; legal clears it.

use anyhow::ensure;
use forebay_simulators::iconik::{Choice, NewAsset};
use serde_json::json;

use super::{Act, Answer, Show};
use crate::{ANN, CARA, ICONIK};

/// The button, with a form for the intended use.
const BUTTON: &str = "Request clearance";
/// The connection registers it.
const ACTION: &str = r#"custom_actions = [{ name = "Request clearance", context = "asset", metadata_view = "Workflow" }]"#;

pub(super) const SHOW: Show = Show {
    id: "iconik-2",
    title: "rights clearance",
    trigger: "custom action: \"Request clearance\" is pressed",
    example: include_str!("../../../../examples/iconik-rights-clearance/forebay.toml"),
    changes: r#"config = { clearance = { actions = ["Request clearance"] } }"#,
    settings: &[(ICONIK, ACTION)],
    furnish: |world| {
        world.engine.add_group("rights", &[ANN]);
        world.engine.add_group("legal-us", &[CARA]);
        world.engine.add_group("legal-senior", &[CARA]);
        world.engine.add_group("producers", &[ANN]);
        world.iconik.add_user("uta", "Uta Uploader", "token-of-uta");
        let lawyers = [("lawyers", ["read"].as_slice())];
        world.iconik.add_template("no-publish", &lawyers);
    },
    begin: |world, number| {
        let clip = NewAsset::new(&format!("teaser-{number}.mov"), "frames", "uta")
            .in_collection("Library")
            .with("asset_type", "library")
            .with("territories", json!(["US"]));
        let asset = world.iconik.add_asset(clip);
        let choice = Choice::asset(&asset)
            .with("channels", json!(["web"]))
            .with("territories", json!(["US"]));
        ensure!(
            world.iconik.invoke_action(BUTTON, "uta", &choice),
            "there is no button {BUTTON}"
        );
        Ok(Act::iconik_asset(asset))
    },
    answer: |_, _, question| {
        let cleared = Answer::decides(CARA, "cleared").with("comment", "as I said");
        Ok((question.task.name == "Clearance").then_some(cleared))
    },
    outcome: "cleared",
    ending: |world, act| {
        let asset = act.iconik()?;
        let state = world.iconik_field(asset, "clearance_state");
        ensure!(state == "cleared", "clearance_state is `{state}`");
        let access = world.iconik_access(asset);
        ensure!(access != ["lawyers"], "still open to lawyers only");
        Ok(format!(
            "iconik: clearance_state {state}, access given back"
        ))
    },
    limit: Show::SHORT,
};
