//! Preflight: what cannot work, in plain words.

use forebay_sdk::blocks::{Facts, Preflight};
use forebay_sdk::handler::interfaces;
use forebay_sdk::{Cx, Finding};

use crate::DAM;
use crate::config::{Config, DAM_EXPIRY, Decision, Undecided};

/// Logical fields that results are written to.
const WRITTEN: &[&str] = &[
    "rights_status",
    "rights_reviewed",
    "renewal_reference",
    "replacement_asset",
    "replacement_instruction",
    "deletion_request",
];
/// Those of a clearance.
const WRITTEN_BY_CLEARANCE: &[&str] = &[
    "clearance_state",
    "clearance_uses",
    "clearance_until",
    "clearance_limits",
    "clearance_run",
];

/// All findings; with `probe` the vendors are asked too.
pub(crate) fn check(cx: &Cx, config: &Config, probe: bool) -> Vec<Finding> {
    let mut preflight = Preflight::new(cx);
    preflight.extend(config.routing.findings(&Facts::new()));
    preflight.time(&config.calendar, &config.reminders);
    preflight.extend(pure(config));
    if probe {
        preflight.needs(&needed(config));
        let read: Vec<_> = config
            .date_fields
            .iter()
            .map(String::as_str)
            .filter(|field| *field != DAM_EXPIRY)
            .chain(config.subjects())
            .collect();
        let mut written = WRITTEN.to_vec();
        if config.clearance.is_some() {
            written.extend(WRITTEN_BY_CLEARANCE);
        }
        preflight.fields(DAM, &config.fields, &read, &written);
        let mut groups = vec![
            ("fallback_group", config.fallback_group.as_str()),
            ("escalation_group", config.escalation_group.as_str()),
        ];
        if let Some(clearance) = &config.clearance {
            groups.push(("clearance.producer_group", &clearance.producer_group));
        }
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
    if config.date_fields.is_empty() {
        wrong(
            "date_fields",
            "no field says when rights end",
            "name one: [\"licence_end\"]",
        );
    }
    if config.lead_times.is_empty() {
        wrong(
            "lead_times",
            "no lead time opens a review",
            "name one: [\"90d\"]",
        );
    }
    if config.decisions.is_empty() {
        wrong(
            "decisions",
            "reviewers can decide nothing",
            "allow one: [\"renew\"]",
        );
    }
    if !(1..=2).contains(&config.delete.approvals) {
        wrong(
            "delete.approvals",
            "one or two people agree to a deletion",
            "write 2 or 1",
        );
    }
    if config.on_expiry_undecided == Undecided::Keep && config.keep_reason.is_empty() {
        wrong(
            "keep_reason",
            "assets stay in use beyond the end of their rights without a reason",
            "say why, for the audit",
        );
    }
    if config
        .clearance
        .as_ref()
        .is_some_and(|clearance| clearance.decisions.is_empty())
    {
        wrong(
            "clearance.decisions",
            "reviewers can decide nothing",
            "allow one: [\"cleared\"]",
        );
    }
    findings
}

/// Options that need an interface the DAM connection may not have.
fn needed(config: &Config) -> Vec<(&'static str, &'static str, &'static str)> {
    let mut needed = Vec::new();
    if config.decisions.contains(&Decision::Delete) {
        needed.push(("decisions", DAM, interfaces::LIFECYCLE));
    }
    if config.replacement.copy_albums || config.decisions.contains(&Decision::Remove) {
        needed.push(("replacement.copy_albums", DAM, interfaces::COLLECTIONS));
    }
    if let Some(clearance) = &config.clearance
        && !clearance.block_until_cleared.acl_template.is_empty()
    {
        needed.push((
            "clearance.block_until_cleared.acl_template",
            DAM,
            interfaces::ACCESS,
        ));
    }
    needed
}
