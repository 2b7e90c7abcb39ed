//! The handler against a DAM and an engine in memory.

mod canto_6;
mod checking;
mod iconik_5;

use forebay_sdk::blocks::Span;
use forebay_sdk::testing::Stage;

use crate::config::condition::Period;
use crate::config::policy::Action;
use crate::config::{NoAnswer, Unit};
use crate::{Config, LifecycleHandler};

type World = Stage<LifecycleHandler>;

#[test]
fn defaults_are_those_of_the_checklist() {
    let config: Config = serde_json::from_str("{}").unwrap();
    let days = |days: u32| Span::Minutes(days * 24 * 60);
    let [end, stale, contracts] = config.policies.as_slice() else {
        unreachable!("three policies");
    };
    assert_eq!(end.when["campaign_end"].0, ["past"]);
    assert_eq!(end.review_after, Some(days(14)));
    assert_eq!(end.default_action, Some(Action::Archive));
    assert_eq!(end.owner.as_deref(), Some("campaign_owner"));
    assert_eq!(stale.when["last_used"].0, [">24mo"]);
    assert_eq!(stale.when["status"].0, ["Approved"]);
    assert_eq!(stale.default_action, Some(Action::Review));
    assert_eq!(stale.owner.as_deref(), Some("brand"));
    assert_eq!(contracts.retain, Some(Period::Months(120)));
    assert_eq!(contracts.then, Some(Action::Delete));
    assert_eq!(config.notify.owners, [30, 7].map(days));
    assert_eq!(config.notify.stakeholders_from, ["campaign_team"]);
    assert_eq!(config.actions.archive.album, "/Archive/{year}/{campaign}");
    assert!(config.actions.archive.remove_from_other_albums);
    let extend = &config.actions.extend;
    assert_eq!(
        (extend.max, extend.times, extend.needs_reason),
        (Period::Months(12), 3, true)
    );
    let delete = &config.actions.delete;
    assert_eq!((delete.approvals, delete.grace), (2, days(30)));
    assert_eq!(config.legal_hold.field, "legal_hold");
    assert!(
        ["archive", "delete", "purge"]
            .map(str::to_owned)
            .iter()
            .all(|action| { config.legal_hold.blocks.contains(action) })
    );
    assert_eq!(
        (config.no_answer, config.unit),
        (NoAnswer::Archive, Unit::Campaign)
    );
    let verify = &config.verify;
    assert_eq!(
        (verify.checksum, verify.size, verify.copies_min),
        (true, true, 1)
    );
    let limits = &config.limits;
    assert_eq!((limits.concurrent_jobs, limits.gib_per_night), (5, 2000));
    assert_eq!(config.review.before, [Action::Delete]);
    assert_eq!(config.review.optional_before, [Action::Archive]);
    assert_eq!(config.review.owner, "project_owner");
    assert_eq!(config.review.sla, Span::BusinessDays(5));
    let more: Config = serde_json::from_str(r#"{"window": {}, "delete": {}}"#).unwrap();
    let window = more.window.unwrap();
    assert_eq!(
        (window.zone.as_str(), window.hours.as_str()),
        ("Europe/Berlin", "20:00-06:00")
    );
    assert_eq!(more.delete.unwrap().queue_grace, days(30));
}
