//! Defaults and the preflight.

use forebay_sdk::blocks::Span;
use forebay_sdk::testing::Script;
use forebay_sdk::{Cx, Handler as _};
use serde_json::{Value as Json, json};

use crate::config::{DeliveryKind, OnDuplicate};
use crate::{AssetRequest, Config};

const DAY: u32 = 24 * 60;

#[test]
fn defaults_are_those_of_the_checklist() {
    let config: Config = serde_json::from_str("{}").unwrap();
    assert_eq!(config.request_definition, "assetRequest");
    let map: Vec<_> = config
        .form_map
        .iter()
        .map(|(a, b)| format!("{a}={b}"))
        .collect();
    assert_eq!(
        map,
        [
            "campaign=campaign",
            "due=due_date",
            "keywords=q",
            "market=market",
            "type=asset_type",
            "usage=channels"
        ]
    );
    assert!(config.search.auto);
    assert_eq!(config.search.status, ["approved"]);
    assert_eq!(config.search.max_candidates, 20);
    assert!(config.search.min_score.abs() < f64::EPSILON);
    assert_eq!(config.search.rights_must_cover, ["market", "due_date"]);
    assert_eq!(config.delivery.kind, DeliveryKind::ShareLink);
    assert_eq!(config.delivery.expires, Span::Minutes(30 * DAY));
    assert!(!config.delivery.allow_original);
    assert_eq!(config.delivery.album, "/Requests/{request_id}");
    assert!(config.accept.required);
    assert_eq!(config.accept.auto_after, Span::BusinessDays(5));
    assert_eq!(config.duplicates.window, Span::Minutes(14 * DAY));
    assert_eq!(
        config.duplicates.on,
        ["type", "market", "campaign", "keywords"]
    );
    assert_eq!(config.duplicates.action, OnDuplicate::Suggest);
    assert_eq!(config.max_rounds, 3);
    assert_eq!(config.reminders, [50, 80]);
    assert_eq!(config.fallback_group, "dam-admins");
    assert_eq!(config.escalation_group, "dam-leads");
}

fn findings(config: &Json) -> Vec<String> {
    let config: Config = serde_json::from_value(config.clone()).unwrap();
    let cx = Cx::scripted(Script::new());
    let found = AssetRequest::check(&cx, &config, false);
    found.into_iter().map(|finding| finding.path).collect()
}

#[test]
fn a_configuration_as_it_comes_has_nothing_wrong() {
    assert_eq!(findings(&json!({})), [""; 0]);
}

#[test]
fn mistakes_are_found_where_they_are() {
    let mistakes = [
        (json!({"routing": []}), "routing"),
        (
            json!({"form_map": {}, "search": {"rights_must_cover": []}, "duplicates": {"on": []}}),
            "form_map",
        ),
        (json!({"search": {"status": []}}), "search.status"),
        (
            json!({"search": {"status": ["expired"]}}),
            "search.status[0]",
        ),
        (
            json!({"search": {"max_candidates": 0}}),
            "search.max_candidates",
        ),
        (json!({"search": {"min_score": 2.0}}), "search.min_score"),
        (
            json!({"search": {"rights_must_cover": ["region"]}}),
            "search.rights_must_cover[0]",
        ),
        (
            json!({"deliverables": {"per_format": true}}),
            "deliverables.per_format",
        ),
        (
            json!({"duplicates": {"on": ["colour"]}}),
            "duplicates.on[0]",
        ),
        (json!({"max_rounds": 0}), "max_rounds"),
        (json!({"look_every": "0m"}), "look_every"),
        (json!({"delivery": {"album": "Requests"}}), "delivery.album"),
        (json!({"reminders": [100]}), "reminders[0]"),
    ];
    for (config, path) in mistakes {
        assert_eq!(findings(&config), [path], "{config}");
    }
}
