//! canto-5: another system asks to share with an agency; after approval there is one link, which ends
//! when it should.

use anyhow::ensure;
use forebay_simulators::canto::NewAsset;
use serde_json::json;

use super::canto_3::SHARING;
use super::{Act, Answer, RITA, Show};
use crate::{ANN, CANTO, DAY};

pub(super) const SHOW: Show = Show {
    id: "canto-5",
    title: "share compliance",
    trigger: "REST: a share with an agency is asked for",
    example: include_str!("../../../../examples/canto-share-compliance/forebay.toml"),
    changes: "config = { fields = {}, users = {} }",
    settings: &[(CANTO, SHARING)],
    furnish: |world| world.engine.add_group("partner-compliance", &[ANN]),
    begin: |world, number| {
        let picture = NewAsset::new(&format!("beach-{number}.jpg"), "pixels", "u1")
            .in_album("/Library")
            .approved(None)
            .with("channels", json!(["social", "print"]))
            .with("territories", json!(["DE"]));
        let picture = world.canto_add(picture)?;
        let reference = format!("share-{number}");
        let request = json!({
            "assets": [picture.to_string()], "recipient": "bo@agency-a.example",
            "purpose": "Spring campaign", "channel": "social", "territory": "DE",
            "until": world.date_in(2), "requester": RITA, "reference": reference,
        });
        Ok(Act {
            request: Some(request),
            ..Act::canto_asset(picture).known_by(reference)
        })
    },
    answer: |_, _, question| {
        Ok(match question.task.name.as_str() {
            "share-review" => Some(Answer::decides(ANN, "approve").with("comment", "seen")),
            _ => question.acknowledged(RITA),
        })
    },
    outcome: "shared",
    ending: |world, act| {
        let asset = act.canto()?;
        let state = world.canto_field(asset, "share_state");
        let with = world.canto_field(asset, "shared_with");
        ensure!(state == "ended", "share_state is `{state}`");
        let live = world.canto.live_shares_of(asset).len();
        ensure!(live == 0, "{live} links still work");
        Ok(format!(
            "Canto: one link until its day, share_state {state}, shared_with {with}"
        ))
    },
    limit: DAY.saturating_mul(4),
};
