//! The handler against a DAM and an engine in memory.

mod canto_7;
mod iconik_6;

use forebay_sdk::blocks::Span;
use forebay_sdk::testing::Stage;

use crate::config::Severity;
use crate::{AssetException, Config};

type World = Stage<AssetException>;

#[test]
fn defaults_are_those_of_the_checklist() {
    let config: Config = serde_json::from_str("{}").unwrap();
    assert_eq!(config.assign.to, "uploader");
    let sla = &config.assign.sla;
    assert_eq!(
        (sla.high, sla.medium, sla.low),
        (
            Span::BusinessDays(1),
            Span::BusinessDays(3),
            Span::BusinessDays(10)
        )
    );
    assert!(config.while_open.restrict);
    assert_eq!(config.while_open.only_if_severity, [Severity::High]);
    assert_eq!(config.reminders, [50, 80]);
    assert_eq!(config.max_rounds, 3);
    assert_eq!(config.expected.lead, Span::BusinessDays(10));
    assert_eq!(config.grace, Span::Minutes(240));
    assert!(config.autofill.needs_confirmation && config.task_form);
    assert_eq!(config.block.severity, ["rights_owner"]);
}
