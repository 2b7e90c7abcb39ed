//! canto-3: somebody asks for a picture with a form, a team selects one, the requester gets a link.

use anyhow::ensure;
use forebay_simulators::canto::NewAsset;
use serde_json::json;

use super::{Act, Answer, RITA, Show};
use crate::{ANN, Asset, CANTO};

/// What Canto leaves to the settings: a list of shares, a way to end them, a report.
pub(super) const SHARING: &str = r#"sharing = { title_key = "title", list = { path = "/api/v1/share/list" }, revoke = { method = "DELETE", path = "/api/v1/share/{id}" }, activity = { path = "/api/v1/report/activity?since={since}", delay_hours = 0 } }"#;

pub(super) const SHOW: Show = Show {
    id: "canto-3",
    title: "asset request",
    trigger: "form in the workflow engine: a product image is wanted",
    example: include_str!("../../../../examples/canto-asset-request/forebay.toml"),
    changes: "config = { fields = {} }",
    settings: &[(CANTO, SHARING)],
    furnish: |world| {
        world.engine.add_group("product-photo", &[ANN]);
        world.engine.add_group("marketing-ops", &[ANN]);
    },
    begin: |world, number| {
        let campaign = format!("Request {number}");
        let image = NewAsset::new(&format!("shoe-{number}.jpg"), "pixels", "u1")
            .in_album("/Library")
            .approved(None)
            .with("asset_type", "product-image")
            .with("campaign", campaign.as_str())
            .with("market", json!(["DE"]))
            .with("territories", json!(["DE"]));
        let image = world.canto_add(image)?;
        let process = world.fill_in(
            "assetRequest",
            &format!("request-{number}"),
            &[
                ("type", "product-image"),
                ("market", "DE"),
                ("campaign", &campaign),
                ("requester", RITA),
            ],
        )?;
        Ok(Act {
            marks: vec![process],
            assets: vec![Asset::Canto(image)],
            request: None,
        })
    },
    answer: |_, act, question| {
        Ok(match question.task.name.as_str() {
            "select" => {
                Some(Answer::decides(ANN, "select").with("assets", act.canto()?.to_string()))
            }
            "accept" => Some(Answer::decides(RITA, "accept")),
            // The requester may change or withdraw the request; this one does not.
            _ => None,
        })
    },
    outcome: "fulfilled",
    ending: |world, act| {
        let asset = act.canto()?;
        let shares = world.canto.live_shares_of(asset);
        let request = world.canto_field(asset, "request_id");
        ensure!(shares.len() == 1, "{} links", shares.len());
        ensure!(act.marks.contains(&request), "request_id is `{request}`");
        Ok("Canto: one link, album /Requests/…, request_id".to_owned())
    },
    limit: Show::SHORT,
};
