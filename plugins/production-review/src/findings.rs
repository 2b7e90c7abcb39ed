//! Preflight: what cannot work, in plain words.

use forebay_sdk::blocks::{Facts, Preflight};
use forebay_sdk::handler::interfaces;
use forebay_sdk::{Cx, Finding};

use crate::config::{Config, Source};
use crate::{DAM, WORKFLOW};

/// Logical fields that results are written to.
const WRITTEN: [&str; 5] = [
    "review_version",
    "review_round",
    "review_state",
    "reviewed_by",
    "reviewed_at",
];

/// All findings; with `probe` the vendors are asked too.
pub(crate) fn check(cx: &Cx, config: &Config, probe: bool) -> Vec<Finding> {
    let mut preflight = Preflight::new(cx);
    preflight.extend(config.routing.findings(&Facts::new()));
    preflight.time(&config.calendar, &config.reminders);
    preflight.extend(pure(config));
    if probe {
        let mut needed = vec![("sync.comments", WORKFLOW, interfaces::PROCESS_COMMENTS)];
        if config.decisions.source == Source::Dam {
            needed.push(("decisions.source", DAM, interfaces::APPROVALS));
        }
        if config.close.promote_version {
            needed.push(("close.promote_version", DAM, interfaces::VERSIONS));
        }
        preflight.needs(&needed);
        let subjects = config.routing.0.iter().flat_map(|rule| rule.when.keys());
        let read: Vec<_> = subjects.map(String::as_str).collect();
        preflight.fields(DAM, &config.fields, &read, &WRITTEN);
        let named = [
            ("fallback_group", config.fallback_group.as_str()),
            ("escalation_group", &config.escalation_group),
            ("coordinator_group", &config.coordinator_group),
        ];
        preflight.groups(&config.routing, &named);
        preflight.definitions(&[("process.definition", &config.process.definition)]);
    }
    preflight.findings()
}

fn pure(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    if config.rounds.max == 0 {
        findings.push(Finding::error(
            "rounds.max",
            "nobody ever reviews",
            "write 1 or more",
        ));
    }
    if config.sync.max_text < 100 {
        findings.push(Finding::error(
            "sync.max_text",
            "comments would be cut into pieces nobody can read",
            "write 100 or more",
        ));
    }
    findings
}
