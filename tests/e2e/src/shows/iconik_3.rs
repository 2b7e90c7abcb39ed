//! iconik-3: a campaign asks for footage with a form; a cut is selected and handed over as one link
//! to a collection.

use anyhow::ensure;
use forebay_simulators::iconik::NewAsset;

use super::{Act, Answer, RITA, Show};
use crate::{ANN, Asset};

/// Fields of the use case that the simulated tenant does not have.
const FIELDS: [&str; 3] = ["request_id", "requested_by", "usage_note"];

pub(super) const SHOW: Show = Show {
    id: "iconik-3",
    title: "campaign request",
    trigger: "form in the workflow engine: a cut is wanted",
    example: include_str!("../../../../examples/iconik-campaign-request/forebay.toml"),
    changes: "",
    settings: &[],
    furnish: |world| {
        world.engine.add_group("post-production", &[ANN]);
        world.engine.add_group("media-library", &[ANN]);
        world.add_iconik_fields(&FIELDS);
    },
    begin: |world, number| {
        let campaign = format!("Campaign {number}");
        let footage = NewAsset::new(&format!("take-{number}.mov"), "frames", "uta")
            .in_collection("Library")
            .with("asset_type", "library")
            .with("campaign", campaign.as_str())
            .with("territories", "EMEA");
        let footage = world.iconik.add_asset(footage);
        world.iconik.vote(&footage, "uta", "APPROVED");
        let process = world.fill_in(
            "mediaRequest",
            &format!("campaign-{number}"),
            &[
                ("campaign", &campaign),
                ("kind", "cutdown"),
                ("formats", "16:9 30s"),
                ("region", "EMEA"),
                ("requester", RITA),
            ],
        )?;
        Ok(Act {
            marks: vec![process],
            assets: vec![Asset::Iconik(footage)],
            request: None,
        })
    },
    answer: |_, act, question| {
        Ok(match question.task.name.as_str() {
            "select" => Some(Answer::decides(ANN, "select").with("assets", act.iconik()?)),
            "accept" => Some(Answer::decides(RITA, "accept")),
            // The requester may change or withdraw the request; this one does not.
            _ => None,
        })
    },
    outcome: "fulfilled",
    ending: |world, act| {
        let asset = act.iconik()?;
        let filed = world.iconik_collections(asset);
        let place = filed.iter().find(|path| path.starts_with("REQ-"));
        let links = place
            .and_then(|path| world.iconik.collection(path))
            .map(|collection| world.iconik.share_links(&collection).len());
        ensure!(links == Some(1), "{links:?} links to {filed:?}");
        Ok("iconik: collection REQ-… with the cut, one link to it".to_owned())
    },
    limit: Show::SHORT,
};
