//! iconik-7: a takedown is opened; the clip is protected at once, and given back when decided so.

use anyhow::ensure;
use forebay_simulators::iconik::NewAsset;

use super::{Act, Answer, Show};
use crate::{ANN, CARA};

/// Fields of the use case that the simulated tenant does not have.
const FIELDS: [&str; 6] = [
    "case_ids",
    "case_state",
    "case_type",
    "case_priority",
    "case_flag",
    "legal_hold",
];

pub(super) const SHOW: Show = Show {
    id: "iconik-7",
    title: "case management",
    trigger: "case in the workflow engine: a takedown is opened",
    example: include_str!("../../../../examples/iconik-case-management/forebay.toml"),
    changes: r#"config = { action_ids = ["none of this tenant"] }"#,
    settings: &[],
    furnish: |world| {
        for group in [
            "legal-ops",
            "broadcast-desk",
            "viewer-relations",
            "duty-desk",
        ] {
            world.engine.add_group(group, &[ANN, CARA]);
        }
        world.add_iconik_fields(&FIELDS);
        let legal = [("legal", ["read"].as_slice())];
        world.iconik.add_template("restricted", &legal);
    },
    begin: |world, number| {
        let clip = NewAsset::new(&format!("spot-{number}.mov"), "frames", "uta")
            .in_collection("Published/2027")
            .with("asset_type", "library");
        let clip = world.iconik.add_asset(clip);
        let case = format!("T-{number}");
        let form = [("case_type", "takedown"), ("assets", clip.as_str())];
        let process = world.fill_in("mediaCase", &case, &form)?;
        Ok(Act::iconik_asset(clip).known_by(process).known_by(case))
    },
    answer: |world, act, question| {
        if question.task.name != "Decide the case" {
            return Ok(None);
        }
        // Whoever decides looks first whether the clip is protected.
        let protected = world.iconik_access(act.iconik()?) == ["legal"];
        Ok(protected.then(|| Answer::decides(ANN, "restore")))
    },
    outcome: "restored",
    ending: |world, act| {
        let asset = act.iconik()?;
        let access = world.iconik_access(asset);
        let filed = world.iconik_collections(asset);
        ensure!(access != ["legal"], "still restricted");
        ensure!(
            filed.iter().any(|path| path.ends_with("Published/2027")),
            "in {filed:?}"
        );
        let state = world.iconik_field(asset, "case_state");
        Ok(format!(
            "iconik: protected, then access and Published/2027 given back, case_state {state}"
        ))
    },
    limit: Show::SHORT,
};
