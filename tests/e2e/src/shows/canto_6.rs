//! canto-6: the weekly scan finds a campaign that is over; its owner has it archived.

use anyhow::ensure;
use forebay_simulators::canto::NewAsset;

use super::canto_2::TRASH;
use super::{Act, Answer, Show};
use crate::{ANN, Asset, CANTO, CARA, DAY};

/// The campaign ended so many days before the show begins: more than the 14 after which it is
/// reviewed.
const ENDED: u64 = 19;
/// Its assets.
const ASSETS: u32 = 3;

pub(super) const SHOW: Show = Show {
    id: "canto-6",
    title: "lifecycle",
    trigger: "schedule: the weekly scan",
    example: include_str!("../../../../examples/canto-lifecycle/forebay.toml"),
    changes: "config = { fields = {} }",
    settings: &[(CANTO, TRASH)],
    furnish: |world| world.engine.add_group("archivists", &[ANN, CARA]),
    begin: |world, number| {
        let campaign = format!("Autumn {number}");
        let mut act = Act::default().known_by(&campaign);
        for file in 1..=ASSETS {
            let image = NewAsset::new(&format!("leaf-{number}-{file}.jpg"), "pixels", "u1")
                .in_album(&format!("/Live/{campaign}"))
                .approved(None)
                .since(world.days_ago(365))
                .with("campaign", campaign.as_str())
                .with("campaign_end", world.date_ago(ENDED))
                .with("campaign_owner", ANN);
            // It has been there for long: only the scan finds it.
            let image = world.unheard(|world| world.canto_add(image))?;
            act.assets.push(Asset::Canto(image));
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
            let Asset::Canto(id) = asset else { continue };
            let (status, albums) = (world.canto_status(id), world.canto.albums_of(id));
            ensure!(status == "Restricted", "the status of {id} is {status}");
            ensure!(
                albums.len() == 1 && albums[0].starts_with("/Archive/"),
                "{id} is in {albums:?}"
            );
        }
        Ok(format!(
            "Canto: {} assets Restricted, moved to /Archive",
            act.assets.len()
        ))
    },
    limit: DAY.saturating_mul(9),
};
