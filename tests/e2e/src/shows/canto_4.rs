//! canto-4: a master is uploaded, two regions adapt it, both versions are reviewed and released.

use anyhow::{Context as _, ensure};
use forebay_simulators::canto::NewAsset;

use super::{Act, Answer, Show};
use crate::{ANN, CANTO, CARA};

/// Canto has no relations; custom fields keep them.
const RELATIONS: &str = r#"relation_fields = { localization = { origin_field = "localized_assets", target_field = "master_asset" }, replacement = { origin_field = "replacement_asset", target_field = "replaces" } }"#;

pub(super) const SHOW: Show = Show {
    id: "canto-4",
    title: "localization",
    trigger: "webhook: a master is uploaded into /Masters",
    example: include_str!("../../../../examples/canto-localization/forebay.toml"),
    changes: "config = { fields = {}, users = {} }",
    settings: &[(CANTO, RELATIONS)],
    furnish: |world| {
        for team in ["loc-de", "loc-fr"] {
            world.engine.add_group(team, &[ANN]);
        }
        for reviewers in ["legal-de", "brand-fr"] {
            world.engine.add_group(reviewers, &[CARA]);
        }
    },
    begin: |world, number| {
        let master = NewAsset::new(&format!("hero-{number}.jpg"), "pixels", "u1")
            .in_album("/Masters")
            .with("campaign", format!("Spring {number}"))
            .with("brand", "Acme");
        Ok(Act::canto_asset(world.canto_add(master)?))
    },
    answer: |world, act, question| {
        let (what, region) = question.task.name.split_once(' ').unwrap_or_default();
        Ok(match what {
            "Adaptation" => {
                // A name of the team's own is fine where the task names the file.
                let master = act.canto()?.id.as_str();
                let name = format!("own-{master}-{region}.jpg");
                let file = NewAsset::new(&name, "pixels", "u1").in_album("/Inbox");
                let file = world.canto_add(file)?;
                Some(Answer::decides(ANN, "delivered").with("asset", file.to_string()))
            }
            "Review" => Some(Answer::decides(CARA, "approve").with("comment", "as I see it")),
            _ => None,
        })
    },
    outcome: "localized",
    ending: |world, act| {
        let master = act.canto()?;
        let state = world.canto_field(master, "localization_state");
        ensure!(state.matches("approved").count() == 2, "{state}");
        let asset = world.canto.asset(master).context("the master is gone")?;
        let listed = asset.fields.get("localized_assets");
        let versions = listed.and_then(|list| list.as_array()).map(Vec::len);
        ensure!(versions == Some(2), "{versions:?} versions are listed");
        Ok("Canto: versions for DE and FR released, master lists them".to_owned())
    },
    limit: Show::SHORT,
};
