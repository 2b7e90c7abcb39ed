//! canto-2: the nightly scan finds a licence that ends; somebody renews it.

use anyhow::ensure;
use forebay_simulators::canto::NewAsset;

use super::{Act, Answer, Show};
use crate::{ANN, CANTO, CARA, DAY};

/// What Canto does not document and the tenant's administrator found out.
pub(super) const TRASH: &str = r#"lifecycle = { trash_path = "/api/v1/trash", purge = { method = "DELETE", path = "/api/v1/trash", body = '[{"scheme":"{scheme}","id":"{id}"}]' } }"#;

/// The licence ends so many days after the show begins: within the lead time of 90.
const ENDS: u64 = 60;
/// So many days after it begins the renewed one does.
const RENEWED: u64 = 700;

pub(super) const SHOW: Show = Show {
    id: "canto-2",
    title: "rights expiry",
    trigger: "schedule: the nightly scan",
    example: include_str!("../../../../examples/canto-rights-expiry/forebay.toml"),
    changes: "config = { fields = {} }",
    settings: &[(CANTO, TRASH)],
    furnish: |world| world.engine.add_group("rights", &[ANN, CARA]),
    begin: |world, number| {
        let image = NewAsset::new(&format!("harbour-{number}.jpg"), "pixels", "u1")
            .in_album("/Stock")
            .approved(None)
            .since(world.days_ago(365))
            .with("licence_type", "stock")
            .with("licence_end", world.date_in(ENDS));
        // It has been there for long: only the scan finds it.
        let image = world.unheard(|world| world.canto_add(image))?;
        Ok(Act::canto_asset(image))
    },
    answer: |world, _, question| {
        let until = world.date_in(RENEWED);
        let renewal = Answer::decides(ANN, "renew").with("newDate", until);
        Ok((question.task.name == "Rights review").then(|| renewal.with("reference", "L-7")))
    },
    outcome: "renewed",
    ending: |world, act| {
        let asset = act.canto()?;
        let end = world.canto_field(asset, "licence_end");
        let reference = world.canto_field(asset, "renewal_reference");
        ensure!(
            end > world.date_in(RENEWED - 30),
            "the licence ends on {end}"
        );
        ensure!(reference == "L-7", "the reference is `{reference}`");
        Ok(format!(
            "Canto: licence_end {end}, renewal_reference {reference}"
        ))
    },
    limit: DAY.saturating_mul(3),
};
