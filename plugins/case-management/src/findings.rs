//! Preflight: what cannot work, in plain words.

use forebay_sdk::blocks::{Direction, Preflight, Routing};
use forebay_sdk::handler::interfaces;
use forebay_sdk::{Cx, Finding};

use crate::config::{Action, Config};
use crate::{DAM, WORKFLOW};

/// Logical fields that cases are written to.
const WRITTEN: [&str; 5] = [
    "case_ids",
    "case_state",
    "case_type",
    "case_priority",
    "case_flag",
];

/// All findings; with `probe` the vendors are asked too.
pub(crate) fn check(cx: &Cx, config: &Config, probe: bool) -> Vec<Finding> {
    let mut preflight = Preflight::new(cx);
    preflight.time(&config.calendar, &config.reminders);
    preflight.extend(pure(config));
    if probe {
        let does = |action: Action| {
            let mut kinds = config.case_types.values();
            kinds.any(|kind| kind.immediate.contains(&action))
        };
        let mut needed = Vec::new();
        if does(Action::RevokeShares) {
            needed.push(("case_types", DAM, interfaces::SHARING));
        }
        if does(Action::RemoveFrom) {
            needed.push(("case_types", DAM, interfaces::COLLECTIONS));
        }
        if config.related.include {
            needed.push(("related.include", DAM, interfaces::RELATIONS));
        }
        if config.sync.comments != Direction::None {
            needed.push(("sync.comments", DAM, interfaces::COMMENTS));
            needed.push(("sync.comments", WORKFLOW, interfaces::PROCESS_COMMENTS));
        }
        preflight.needs(&needed);
        let mut written = WRITTEN.to_vec();
        written.push(&config.legal_hold_field);
        preflight.fields(DAM, &config.fields, &[], &written);
        let paths: Vec<_> = config
            .case_types
            .keys()
            .map(|kind| format!("case_types.{kind}.route"))
            .collect();
        let routes = paths
            .iter()
            .map(String::as_str)
            .zip(config.case_types.values());
        let mut groups: Vec<_> = routes
            .map(|(path, kind)| (path, kind.route.as_str()))
            .collect();
        groups.push(("duty_group", &config.duty_group));
        groups.push(("fallback_group", &config.fallback_group));
        groups.push(("escalation_group", &config.escalation_group));
        preflight.groups(&Routing::default(), &groups);
        preflight.definitions(&[("process.definition", &config.process.definition)]);
    }
    preflight.findings()
}

fn pure(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !config.case_types.contains_key(&config.default_type) {
        let known: Vec<_> = config.case_types.keys().cloned().collect();
        findings.push(Finding::error(
            "default_type",
            format!("`{}` is no kind of case", config.default_type),
            format!("use one of {}", known.join(", ")),
        ));
    }
    for kind in &config.set_legal_hold {
        if !config.case_types.contains_key(kind) {
            findings.push(Finding::error(
                "set_legal_hold",
                format!("`{kind}` is no kind of case"),
                "take it out, or add the kind to case_types",
            ));
        }
    }
    if config.sync.max_text < 100 {
        findings.push(Finding::error(
            "sync.max_text",
            "notes would be cut into crumbs",
            "use 100 or more",
        ));
    }
    for (name, kind) in &config.case_types {
        if kind.immediate.contains(&Action::RemoveFrom) && kind.remove_from.is_empty() {
            findings.push(Finding::error(
                format!("case_types.{name}.remove_from"),
                "assets are taken out of no collection",
                "name one: remove_from = [\"Published/**\"]",
            ));
        }
    }
    findings
}
