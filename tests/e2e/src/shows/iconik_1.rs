//! iconik-1: a promo comes in from a card, three stages agree, everybody may use it.

use anyhow::ensure;
use forebay_simulators::iconik::NewAsset;

use super::{Act, Answer, EVA, RITA, Show};
use crate::CARA;

pub(super) const SHOW: Show = Show {
    id: "iconik-1",
    title: "intake review",
    trigger: "webhook: a promo arrives in Ingest",
    example: include_str!("../../../../examples/iconik-approval/forebay.toml"),
    changes: r#"
[config]
users = { uta = "uploader@example.test" }
# The only button of the simulated tenant is another use case's.
triggers = { actions = false }
"#,
    settings: &[],
    furnish: |world| {
        world.engine.add_group("legal-emea", &[CARA]);
        world.iconik.add_user("uta", "Uta Uploader", "token-of-uta");
        for (template, group) in [
            ("in-review", "reviewers"),
            ("released", "everybody"),
            ("restricted", "legal"),
        ] {
            world.iconik.add_template(template, &[(group, &["read"])]);
        }
    },
    begin: |world, number| {
        let clip = NewAsset::new(&format!("promo-{number}.mov"), "frames", "uta")
            .in_collection("Ingest/Card 7")
            .with("asset_type", "promo")
            .with("region", "EMEA")
            .with("campaign", "Winter");
        Ok(Act::iconik_asset(world.iconik.add_asset(clip)))
    },
    answer: |_, _, question| {
        Ok(match question.task.name.as_str() {
            "technical" | "editorial" => {
                Some(Answer::decides(EVA, "approved").with("comment", "fine"))
            }
            "legal" => Some(Answer::decides(CARA, "approved")),
            _ => question.acknowledged(RITA),
        })
    },
    outcome: "approved",
    ending: |world, act| {
        let asset = act.iconik()?;
        let approval = world.iconik_approval(asset, &world.iconik_version(asset));
        let (access, filed) = (world.iconik_access(asset), world.iconik_collections(asset));
        ensure!(approval == "APPROVED", "the approval is {approval}");
        ensure!(access == ["everybody"], "open to {access:?}");
        ensure!(
            filed.iter().any(|path| path == "Released/Winter"),
            "in {filed:?}"
        );
        Ok(format!(
            "iconik: {approval}, access everybody, in Released/Winter"
        ))
    },
    limit: Show::SHORT,
};
