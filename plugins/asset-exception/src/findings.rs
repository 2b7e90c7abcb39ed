//! Preflight: what cannot work, in plain words.

use forebay_sdk::blocks::{Preflight, Routing};
use forebay_sdk::handler::interfaces;
use forebay_sdk::{Cx, Finding};

use crate::DAM;
use crate::config::Config;
use crate::steps::Condition;

/// Logical fields that exceptions are written to.
const OF_RULES: [&str; 4] = [
    "exception_state",
    "exception_issues",
    "exception_due",
    "exception_run",
];
/// Logical fields that missing fields are written to.
const OF_REQUIRED: [&str; 3] = ["metadata_state", "metadata_missing", "metadata_checked_at"];

/// All findings; with `probe` the vendors are asked too.
pub(crate) fn check(cx: &Cx, config: &Config, probe: bool) -> Vec<Finding> {
    let mut preflight = Preflight::new(cx);
    preflight.time(&config.calendar, &config.reminders);
    preflight.extend(pure(config));
    if probe {
        if !config.block.acl_template.is_empty() {
            preflight.needs(&[("block.acl_template", DAM, interfaces::ACCESS)]);
        }
        let read: Vec<_> = config
            .required
            .iter()
            .map(|field| field.field.as_str())
            .collect();
        let mut written = Vec::new();
        if !config.rules.is_empty() {
            written.extend(OF_RULES);
        }
        if !config.required.is_empty() {
            written.extend(OF_REQUIRED);
        }
        if config.task_form {
            written.extend(&read);
        }
        preflight.fields(DAM, &config.fields, &read, &written);
        let mut groups = vec![
            ("assign.fallback", config.assign.fallback.as_str()),
            ("fallback_group", config.fallback_group.as_str()),
            ("escalation_group", config.escalation_group.as_str()),
            ("coordinator_group", config.coordinator_group.as_str()),
        ];
        if !["uploader", "creator"].contains(&config.assign.to.as_str()) {
            groups.push(("assign.to", &config.assign.to));
        }
        preflight.groups(&Routing::default(), &groups);
        preflight.definitions(&[("process.definition", &config.process.definition)]);
    }
    preflight.findings()
}

fn pure(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    if config.rules.is_empty() && config.required.is_empty() {
        findings.push(Finding::warning(
            "rules",
            "nothing is checked: there is neither a rule nor a required field",
            "add a rule: { id = \"needs-market\", require = \"market != null\" }",
        ));
    }
    let rules = config.rules.iter().enumerate();
    let rules =
        rules.map(|(index, rule)| (format!("rules[{index}].require"), rule.require.clone()));
    let fields = config
        .required
        .iter()
        .enumerate()
        .filter_map(|(index, field)| {
            let rule = field.rule.clone()?;
            Some((format!("required[{index}].rule"), rule))
        });
    for (path, text) in rules.chain(fields) {
        match Condition::parse(&text) {
            Err(mistake) => findings.push(Finding::error(path, mistake, "mend the condition")),
            Ok(condition) => findings.extend(
                condition
                    .lists()
                    .into_iter()
                    .filter(|list| !config.lists.contains_key(*list))
                    .map(|list| unknown_list(&path, list)),
            ),
        }
    }
    for (index, field) in config.required.iter().enumerate() {
        let lookup = field.lookup.as_ref();
        if let Some(list) = lookup.filter(|list| !config.lists.contains_key(*list)) {
            findings.push(unknown_list(&format!("required[{index}].lookup"), list));
        }
    }
    for (kind, fields) in &config.by_type {
        for field in fields {
            if !config
                .required
                .iter()
                .any(|required| required.field == *field)
            {
                findings.push(Finding::error(
                    format!("by_type.{kind}"),
                    format!("`{field}` is not among the required fields"),
                    "add it to `required`, or take it out here",
                ));
            }
        }
    }
    if config.max_rounds == 0 {
        findings.push(Finding::error(
            "max_rounds",
            "nobody is ever asked",
            "write 1 or more",
        ));
    }
    findings
}

fn unknown_list(path: &str, list: &str) -> Finding {
    Finding::warning(
        path,
        format!(
            "the list `{list}` is not here: the field cannot be checked, and no asset is complete"
        ),
        format!("add it: lists = {{ {list} = [\"…\"] }}"),
    )
}
