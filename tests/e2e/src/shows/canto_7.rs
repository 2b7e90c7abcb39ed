//! canto-7: a picture is too small and says no market; its uploader delivers a better one.

use anyhow::ensure;
use forebay_simulators::canto::{NewAsset, picture};
use serde_json::json;

use super::{Act, Answer, RITA, Show};
use crate::HOUR;

pub(super) const SHOW: Show = Show {
    id: "canto-7",
    title: "asset exception",
    trigger: "webhook: a picture is uploaded that is too small",
    example: include_str!("../../../../examples/canto-asset-exception/forebay.toml"),
    changes: r#"
[config]
fields = {}
users = { u1 = "uploader@example.test", "Uta Uploader" = "uploader@example.test" }
# Checked are pictures for shops; other use cases have assets of their own in the same library.
rules = [
    { id = "min-size", when = { asset_type = "packshot" }, require = "width>=3000 and height>=2000", severity = "high", fix = "Deliver at least 3000x2000 px", format = ["tif", "psd"] },
    { id = "needs-market", when = { asset_type = "packshot" }, require = "market != null", severity = "medium" },
]
"#,
    settings: &[],
    furnish: |world| world.canto.add_user("u1", "Uta Uploader"),
    begin: |world, number| {
        let small = NewAsset::picture(&format!("pack-{number}.png"), 800, 600, "u1")
            .in_album("/Shop")
            .with("asset_type", "packshot");
        Ok(Act::canto_asset(world.canto_add(small)?))
    },
    answer: |world, act, question| {
        if question.task.name != "Mend an asset" {
            return Ok(None);
        }
        let asset = act.canto()?;
        world.canto_set(asset, "market", json!(["DE"]))?;
        let file = picture::png(3200, 2100);
        world.canto.upload_file_version(asset, file, "u1");
        Ok(Some(Answer::Acts {
            person: RITA,
            deed: "uploads a larger version and fills in the market",
        }))
    },
    outcome: "corrected",
    ending: |world, act| {
        let asset = act.canto()?;
        let state = world.canto_field(asset, "exception_state");
        let status = world.canto_status(asset);
        ensure!(state == "closed", "exception_state is `{state}`");
        ensure!(status != "Restricted", "the asset is still kept back");
        Ok(format!("Canto: status {status}, exception_state {state}"))
    },
    limit: HOUR.saturating_mul(12),
};
