//! The handler against a DAM and an engine in memory.

mod canto_2;
mod iconik_2;
mod setbacks;

use forebay_sdk::blocks::Span;
use forebay_sdk::testing::Stage;

use crate::{Config, RightsReview};

type World = Stage<RightsReview>;

#[test]
fn defaults_are_those_of_the_checklist() {
    let config: Config = serde_json::from_str("{}").unwrap();
    let days = |days: u32| Span::Minutes(days * 24 * 60);
    assert_eq!(config.date_fields, ["licence_end", "expiry"]);
    assert_eq!(config.lead_times, [90, 30, 7].map(days));
    assert_eq!(config.lead_by_type["talent"], [180, 60, 14].map(days));
    assert_eq!(
        config.licensed_types,
        ["stock", "talent", "music", "agency"]
    );
    assert_eq!(
        (config.delete.approvals, config.delete.grace),
        (2, days(30))
    );
    assert!(config.replacement.must_be_approved && config.replacement.copy_albums);
    assert_eq!(config.replacement.copy_fields, ["campaign", "market"]);
    assert!(config.usage_check);
    let clearance: Config = serde_json::from_str(r#"{"clearance": {}}"#).unwrap();
    let clearance = clearance.clearance.unwrap();
    assert_eq!(clearance.reuse.same_use_within, days(180));
    assert_eq!(clearance.intended_use.channels, ["web"]);
    assert_eq!(clearance.block_until_cleared.acl_template, "no-publish");
    assert!(clearance.block_until_cleared.revoke_shares);
}
