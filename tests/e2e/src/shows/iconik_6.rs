//! iconik-6: a clip comes in without fields; after a grace the ingest desk fills them in.

use anyhow::ensure;
use forebay_simulators::iconik::NewAsset;

use super::{Act, Answer, EVA, Show};
use crate::DAY;

pub(super) const SHOW: Show = Show {
    id: "iconik-6",
    title: "metadata exception",
    trigger: "webhook: a clip arrives without required fields",
    example: include_str!("../../../../examples/iconik-metadata-exception/forebay.toml"),
    changes: r#"
[config]
# Other use cases have assets of their own in the same domain.
by_type = { card = ["title", "rights_owner", "project_code", "region"], promo = [], library = [] }
"#,
    settings: &[],
    furnish: |world| {
        world.engine.add_group("ingest-desk", &[EVA]);
        world.add_iconik_fields(&["title"]);
        world.iconik.add_user("uta", "Uta Uploader", "token-of-uta");
        let nobody = [("ingest-team", ["read"].as_slice())];
        world.iconik.add_template("incomplete", &nobody);
    },
    begin: |world, number| {
        let collection = format!("/Cards/Card {number}");
        let clip = NewAsset::new("Interview with the mayor", "frames", "uta")
            .in_collection(&collection)
            .with("asset_type", "card")
            .with("title", "Interview with the mayor")
            .with("rights_owner", "ACME");
        let clip = world.iconik.add_asset(clip);
        Ok(Act::iconik_asset(clip).known_by(collection))
    },
    answer: |_, _, question| {
        let fill = question.task.name == "Fill in fields";
        let form = Answer::decides(EVA, "done")
            .with("region", "EMEA")
            .with("project_code", "ABC-1234");
        Ok(fill.then_some(form))
    },
    outcome: "completed",
    ending: |world, act| {
        let asset = act.iconik()?;
        let state = world.iconik_field(asset, "metadata_state");
        let region = world.iconik_field(asset, "region");
        let project = world.iconik_field(asset, "project_code");
        ensure!(state == "complete", "metadata_state is `{state}`");
        ensure!((region.as_str(), project.as_str()) == ("EMEA", "ABC-1234"));
        Ok(format!(
            "iconik: region {region}, project_code {project}, metadata_state {state}"
        ))
    },
    limit: DAY.saturating_mul(2),
};
