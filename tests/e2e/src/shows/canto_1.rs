//! canto-1: a video is uploaded, three stages agree, it is released and its uploader told.

use anyhow::ensure;
use forebay_simulators::canto::NewAsset;
use serde_json::json;

use super::{Act, Answer, RITA, Show};
use crate::{ANN, CARA, DIRK};

pub(super) const SHOW: Show = Show {
    id: "canto-1",
    title: "approval before release",
    trigger: "webhook: a video is uploaded into /Incoming",
    example: include_str!("../../../../examples/canto-approval/forebay.toml"),
    changes: r#"config = { fields = {}, users = { u1 = "uploader@example.test" } }"#,
    settings: &[],
    furnish: |world| world.canto.add_user("u1", "Uta Uploader"),
    begin: |world, number| {
        let video = NewAsset::new(&format!("spot-{number}.mp4"), "frames", "u1")
            .in_album("/Incoming")
            .with("asset_type", "video")
            .with("market", json!(["DE"]));
        Ok(Act::canto_asset(world.canto_add(video)?))
    },
    answer: |_, _, question| {
        Ok(match question.task.name.as_str() {
            "brand" => Some(Answer::decides(ANN, "approved").with("comment", "Fits the campaign.")),
            "legal" => Some(Answer::decides(CARA, "approved")),
            "regional" => Some(Answer::decides(DIRK, "approved")),
            _ => question.acknowledged(RITA),
        })
    },
    outcome: "approved",
    ending: |world, act| {
        let asset = act.canto()?;
        let status = world.canto_status(asset);
        let by = world.canto_field(asset, "reviewed_by");
        ensure!(status == "Approved", "the status is {status}");
        ensure!(by.contains(DIRK), "reviewed by `{by}`");
        Ok(format!(
            "Canto: status {status}, reviewed_by names all three"
        ))
    },
    limit: Show::SHORT,
};
