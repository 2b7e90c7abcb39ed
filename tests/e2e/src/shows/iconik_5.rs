//! iconik-5: the nightly scan finds a closed project; its files are moved to the archive at night.

use anyhow::ensure;
use forebay_simulators::iconik::NewAsset;

use super::{Act, Answer, Show};
use crate::{ANN, Asset, CARA, DAY};

/// Fields of the use case that the simulated tenant does not have.
const FIELDS: [&str; 11] = [
    "project",
    "project_state",
    "project_owner",
    "legal_hold",
    "lifecycle_state",
    "lifecycle_until",
    "lifecycle_policy",
    "archive_location",
    "archive_checksum",
    "retain_until",
    "deletion_certificate",
];
/// The files are so many days old: more than the 30 after which the policy archives.
const AGE: u64 = 40;
/// Files of the project.
const FILES: u32 = 2;

pub(super) const SHOW: Show = Show {
    id: "iconik-5",
    title: "lifecycle and retention",
    trigger: "schedule: the nightly scan",
    example: include_str!("../../../../examples/iconik-lifecycle/forebay.toml"),
    changes: r#"
[config]
action_ids = ["none of this tenant"]
storages = { glacier-eu = { name = "Archive" }, edit-nas = { name = "Main" } }
"#,
    settings: &[],
    furnish: |world| {
        world.engine.add_group("archivists", &[ANN, CARA]);
        let nobody = [("rights", ["read"].as_slice())];
        world.iconik.add_template("no-access", &nobody);
        world.add_iconik_fields(&FIELDS);
    },
    begin: |world, number| {
        let project = format!("Film {number}");
        let mut act = Act::default().known_by(&project);
        for file in 1..=FILES {
            let take = NewAsset::new(&format!("take-{number}-{file}.mxf"), "frames", "uta")
                .in_collection(&project)
                .with("asset_type", "library")
                .with("project", project.as_str())
                .with("project_state", "closed");
            // It has been there for long: only the scan finds it.
            let take = world.unheard(|world| world.iconik.add_asset(take));
            world.iconik_age(&take, AGE);
            act.assets.push(Asset::Iconik(take));
        }
        Ok(act)
    },
    answer: |_, _, question| {
        let review = question.task.name == "Lifecycle review";
        Ok(review.then(|| Answer::decides(ANN, "archive")))
    },
    outcome: "archived",
    ending: |world, act| {
        for asset in &act.assets {
            let Asset::Iconik(id) = asset else { continue };
            let copies = world.iconik.copies(id);
            let storages: Vec<_> = copies.iter().map(|(storage, _)| storage.as_str()).collect();
            ensure!(storages == ["Archive"], "{id} lies on {storages:?}");
            let place = world.iconik_field(id, "archive_location");
            ensure!(place == "Archive", "archive_location is `{place}`");
        }
        Ok(format!(
            "iconik: {} originals only on Archive, archive_location",
            act.assets.len()
        ))
    },
    limit: DAY.saturating_mul(5),
};
