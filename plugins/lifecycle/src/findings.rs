//! Preflight: what cannot work, in plain words.

use std::collections::BTreeSet;

use forebay_sdk::blocks::{Facts, Preflight};
use forebay_sdk::handler::interfaces;
use forebay_sdk::{Cx, Finding};

use crate::DAM;
use crate::config::Config;
use crate::config::policy::{Action, Policy};

/// Logical fields that results are written to.
const WRITTEN: &[&str] = &["lifecycle_state", "lifecycle_until", "lifecycle_policy"];
/// Those of a flow that looks after files.
const WRITTEN_OF_MEDIA: &[&str] = &[
    "archive_location",
    "archive_checksum",
    "retain_until",
    "deletion_certificate",
];

/// All findings; with `probe` the vendors are asked too.
pub(crate) fn check(cx: &Cx, config: &Config, probe: bool) -> Vec<Finding> {
    let mut preflight = Preflight::new(cx);
    preflight.extend(config.routing.findings(&Facts::new()));
    preflight.time(&config.calendar, &config.reminders);
    preflight.extend(pure(config));
    for (index, policy) in config.policies.iter().enumerate() {
        preflight.extend(of_policy(config, index, policy));
    }
    if probe {
        preflight.needs(&needed(config));
        let read = read(config);
        let read: Vec<_> = read.iter().map(String::as_str).collect();
        let mut written = WRITTEN.to_vec();
        if config.delete.is_some() || !config.storages.is_empty() {
            written.extend(WRITTEN_OF_MEDIA);
        }
        preflight.fields(DAM, &config.fields, &read, &written);
        let groups = [
            ("fallback_group", config.fallback_group.as_str()),
            ("escalation_group", config.escalation_group.as_str()),
        ];
        preflight.groups(&config.routing, &groups);
        preflight.definitions(&[("process.definition", &config.process.definition)]);
    }
    preflight.findings()
}

fn pure(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut wrong = |path: &str, what: &str, mend: &str| {
        findings.push(Finding::error(path, what, mend));
    };
    if config.policies.is_empty() {
        wrong("policies", "no policy says what happens", "write one");
    }
    if !(1..=2).contains(&config.actions.delete.approvals) {
        wrong(
            "actions.delete.approvals",
            "one or two people agree to a deletion",
            "write 2 or 1",
        );
    }
    if config.limits.concurrent_jobs == 0 {
        wrong(
            "limits.concurrent_jobs",
            "no file may ever move",
            "write at least 1",
        );
    }
    if config.legal_hold.blocks.is_empty() {
        wrong(
            "legal_hold.blocks",
            "the hold blocks nothing",
            "write [\"archive\", \"delete\"]",
        );
    }
    if let Some(mistake) = config
        .window
        .as_ref()
        .and_then(crate::config::window::Window::mistake)
    {
        wrong("window.hours", &mistake, "write them like 20:00-06:00");
    }
    findings
}

fn of_policy(config: &Config, index: usize, policy: &Policy) -> Vec<Finding> {
    let mut findings = Vec::new();
    let path = |option: &str| format!("policies[{index}].{option}");
    let mut wrong = |option: &str, what: String, mend: &str| {
        findings.push(Finding::error(path(option), what, mend));
    };
    let name = &policy.name;
    let same = |other: &Policy| other.name == *name;
    if config.policies[..index].iter().any(same) {
        wrong(
            "name",
            format!("there are two policies `{name}`"),
            "give each its own name",
        );
    }
    if policy.when.is_empty() {
        wrong(
            "when",
            "without a condition it is about every asset".to_owned(),
            "say which assets it is about",
        );
    }
    if let Err(error) = policy.conditions() {
        wrong(
            "when",
            error.message().to_owned(),
            "write past, future, present, absent, >24mo, <30d or a value",
        );
    }
    if let Some((subject, _)) = policy.when.iter().find(|(_, any)| any.0.is_empty()) {
        wrong(
            "when",
            format!("{subject} is compared with nothing"),
            "name a value",
        );
    }
    match (policy.default_action, policy.action, policy.then) {
        (None, None, None) => wrong(
            "action",
            "nothing happens".to_owned(),
            "write default_action = \"archive\" for a review, or action, or retain with then",
        ),
        (Some(_), None, None) | (None, Some(_), None) => {}
        (None, None, Some(_)) if policy.retain.is_some() => {}
        (None, None, Some(_)) => wrong(
            "retain",
            "`then` follows after nothing".to_owned(),
            "say how long assets are retained: \"10y\"",
        ),
        _ => wrong(
            "action",
            "more than one of default_action, action and then".to_owned(),
            "keep one of them",
        ),
    }
    if policy
        .approvals
        .is_some_and(|count| !(1..=2).contains(&count))
    {
        wrong(
            "approvals",
            "one or two people agree to a deletion".to_owned(),
            "write 2 or 1",
        );
    }
    let action = policy.leads_to();
    if policy.review && !config.review.optional_before.contains(&action) {
        let word = action.word();
        wrong(
            "review",
            format!("`review.optional_before` does not allow a review before {word}"),
            "add the action there",
        );
    }
    if let Some(target) = &policy.target
        && !config.storages.contains_key(target)
    {
        wrong(
            "target",
            format!("`storages` knows no `{target}`"),
            "describe it: storages = { NAME = { class = \"archive\" } }",
        );
    }
    findings
}

/// Logical fields that are read.
fn read(config: &Config) -> BTreeSet<String> {
    let mut read: BTreeSet<String> = BTreeSet::new();
    for policy in &config.policies {
        read.extend(policy.fields().map(str::to_owned));
        read.extend(policy.owner.clone());
    }
    read.insert(config.legal_hold.field.clone());
    if config.unit == crate::config::Unit::Campaign {
        read.insert(config.group_field.clone());
    }
    let rules = config.routing.0.iter().flat_map(|rule| rule.when.keys());
    read.extend(rules.filter(|subject| *subject != "policy").cloned());
    read
}

/// Options that need an interface the DAM connection may not have.
fn needed(config: &Config) -> Vec<(&'static str, &'static str, &'static str)> {
    let mut needed = Vec::new();
    let leads = |action: Action| {
        config
            .policies
            .iter()
            .any(|policy| policy.leads_to() == action)
    };
    // People may decide to delete in every review.
    needed.push(("actions.delete", DAM, interfaces::LIFECYCLE));
    let moves = |policy: &Policy| policy.target.is_some();
    let all_move = config.policies.iter().all(moves);
    if !config.actions.archive.album.is_empty() && !all_move {
        needed.push(("actions.archive.album", DAM, interfaces::COLLECTIONS));
    }
    if leads(Action::Expire) && !config.actions.expire.acl_template.is_empty() {
        needed.push(("actions.expire.acl_template", DAM, interfaces::ACCESS));
    }
    if config
        .policies
        .iter()
        .any(|policy| policy.when.contains_key("last_used"))
    {
        needed.push(("policies", DAM, interfaces::USAGE));
    }
    needed
}
