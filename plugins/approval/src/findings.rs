//! Preflight: what cannot work, in plain words.

use forebay_sdk::blocks::Facts;
use forebay_sdk::handler::interfaces;
use forebay_sdk::workflow::PrincipalKind;
use forebay_sdk::{Cx, Error, Finding, paging};

use crate::DAM;
use crate::config::{Config, Policy};

/// Logical fields that results are written to.
const WRITTEN: [&str; 6] = [
    "review_state",
    "review_comment",
    "reviewed_by",
    "reviewed_at",
    "reviewed_version",
    "review_run",
];

/// All findings; with `probe` the vendors are asked too.
pub(crate) fn check(cx: &Cx, config: &Config, probe: bool) -> Vec<Finding> {
    let mut findings = pure(config);
    if probe {
        offered(cx, config, &mut findings);
        fields(cx, config, &mut findings);
        groups(cx, config, &mut findings);
        definitions(cx, config, &mut findings);
    }
    findings
}

fn pure(config: &Config) -> Vec<Finding> {
    let stages: Vec<_> = config
        .stages
        .iter()
        .map(|stage| stage.name.clone())
        .collect();
    let kinds = [
        "image",
        "video",
        "audio",
        "document",
        "presentation",
        "other",
    ];
    let possible = Facts::from([
        ("stage".to_owned(), stages.clone()),
        ("kind".to_owned(), kinds.map(str::to_owned).to_vec()),
    ]);
    let mut findings = config.routing.findings(&possible);
    if stages.is_empty() {
        findings.push(Finding::error(
            "stages",
            "there is no stage",
            "add a stage: { name = \"review\" }",
        ));
    }
    for (index, stage) in config.stages.iter().enumerate() {
        let path = format!("stages[{index}]");
        if stage.name.is_empty() || stages[..index].contains(&stage.name) {
            findings.push(Finding::error(
                format!("{path}.name"),
                format!("`{}` is not a name of its own", stage.name),
                "give every stage another name",
            ));
        }
        if stage.policy == Policy::Quorum && stage.quorum == 0 {
            findings.push(Finding::error(
                format!("{path}.quorum"),
                "the policy quorum needs a number",
                "say how many groups must approve: quorum = 2",
            ));
        }
    }
    if let Some(mistake) = config.calendar.mistake() {
        findings.push(Finding::error(
            "calendar.hours",
            mistake,
            "write them like 09:00-17:00",
        ));
    }
    for (index, percent) in config.reminders.iter().enumerate() {
        if !(1..100).contains(percent) {
            findings.push(Finding::error(
                format!("reminders[{index}]"),
                format!("{percent} % is no time for a reminder"),
                "use per cents from 1 to 99; at 100 the task is escalated",
            ));
        }
    }
    findings.extend(stages_of_reviewers(config, &stages));
    if config.dam_decisions.accept && !config.dam_decisions.mirror {
        findings.push(Finding::error(
            "dam_decisions.accept",
            "votes are only seen where an approval was asked for",
            "set dam_decisions.mirror = true too, or take accept out",
        ));
    }
    if config.hold.access_template.is_some() && config.on_approved.access_template.is_none() {
        findings.push(Finding::warning(
            "on_approved.access_template",
            "the hold template stays on an asset after its approval",
            "name the template that releases it",
        ));
    }
    findings
}

fn stages_of_reviewers(config: &Config, stages: &[String]) -> Vec<Finding> {
    let unknown = config
        .dam_decisions
        .reviewers
        .keys()
        .filter(|stage| !stages.contains(stage));
    let finding = |stage: &String| {
        Finding::error(
            format!("dam_decisions.reviewers.{stage}"),
            "there is no stage of this name",
            format!("use one of {}", stages.join(", ")),
        )
    };
    unknown.map(finding).collect()
}

/// Options that need an interface the DAM connection may not have.
fn offered(cx: &Cx, config: &Config, findings: &mut Vec<Finding>) {
    let templates = [
        ("hold.access_template", &config.hold.access_template),
        (
            "on_approved.access_template",
            &config.on_approved.access_template,
        ),
        (
            "on_rejected.access_template",
            &config.on_rejected.access_template,
        ),
    ];
    let collections = [
        (
            "hold.remove_from_collections",
            &config.hold.remove_from_collections,
        ),
        (
            "on_approved.add_to_collections",
            &config.on_approved.add_to_collections,
        ),
        (
            "on_rejected.add_to_collections",
            &config.on_rejected.add_to_collections,
        ),
    ];
    let mut needed = Vec::new();
    needed.extend(
        templates
            .iter()
            .filter(|(_, value)| value.is_some())
            .map(|(path, _)| (*path, interfaces::ACCESS)),
    );
    needed.extend(
        collections
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(path, _)| (*path, interfaces::COLLECTIONS)),
    );
    if config.dam_decisions.mirror {
        needed.push(("dam_decisions.mirror", interfaces::APPROVALS));
    }
    for (path, interface) in needed {
        if !cx.available(DAM, interface) {
            findings.push(Finding::error(
                path,
                format!("the connection of the role `dam` does not offer {interface}"),
                "take the option out, or bind a connection that offers it",
            ));
        }
    }
}

fn fields(cx: &Cx, config: &Config, findings: &mut Vec<Finding>) {
    if !cx.available(DAM, interfaces::FIELDS) {
        return;
    }
    let listed = paging::collect(usize::MAX, |page| {
        let found = cx.fields().list(page)?;
        Ok((found.definitions, found.next))
    });
    let known = match listed {
        Ok((known, _)) => known,
        Err(error) => return findings.push(not_asked("fields", "the DAM's fields", &error)),
    };
    let read = config
        .required_before_review
        .iter()
        .map(String::as_str)
        .chain(subjects(config))
        .chain(placeholders(config));
    let mut used: Vec<&str> = WRITTEN.iter().copied().chain(read).collect();
    used.sort_unstable();
    used.dedup();
    for logical in used {
        let name = config.fields.name(logical);
        if name.is_empty() {
            continue;
        }
        match known.iter().find(|definition| definition.name == name) {
            None => findings.push(Finding::error(
                format!("fields.{logical}"),
                format!("the DAM has no field `{name}`"),
                format!("create it, or map it: fields = {{ {logical} = \"…\" }}"),
            )),
            Some(definition) if WRITTEN.contains(&logical) && !definition.writable => {
                findings.push(Finding::error(
                    format!("fields.{logical}"),
                    format!("the field `{name}` cannot be written"),
                    "allow the integration user to write it, or map another field",
                ));
            }
            Some(_) => {}
        }
    }
    let Some(expiry) = &config.on_approved.set_expiry_from else {
        return;
    };
    let name = config.fields.name(expiry);
    if !name.is_empty() && !known.iter().any(|definition| definition.name == name) {
        findings.push(Finding::warning(
            "on_approved.set_expiry_from",
            format!("the DAM has no field `{name}`, so no end of rights is set"),
            "create it, map it, or name another field",
        ));
    }
}

/// Logical fields that rules and conditions ask about.
fn subjects(config: &Config) -> impl Iterator<Item = &str> {
    config
        .subjects()
        .filter(|subject| !["stage", "kind", "uploader"].contains(subject))
}

/// Logical fields that paths of collections stand open for.
fn placeholders(config: &Config) -> impl Iterator<Item = &str> {
    let approved = &config.on_approved.add_to_collections;
    let rejected = &config.on_rejected.add_to_collections;
    approved.iter().chain(rejected).flat_map(|path| {
        let opened = path.split('{').skip(1);
        opened.filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
    })
}

fn groups(cx: &Cx, config: &Config, findings: &mut Vec<Finding>) {
    let rules = config.routing.0.iter().enumerate();
    let mut groups: Vec<(String, &str)> = rules
        .map(|(index, rule)| (format!("routing[{index}].to.group"), rule.to.group.as_str()))
        .collect();
    groups.push(("fallback_group".to_owned(), &config.fallback_group));
    groups.push(("escalation_group".to_owned(), &config.escalation_group));
    groups.push(("coordinator_group".to_owned(), &config.coordinator_group));
    for (path, group) in groups {
        match cx.directory().lookup(PrincipalKind::Group, group) {
            Ok(Some(found)) if found.enabled => {}
            Ok(_) => findings.push(Finding::error(
                path,
                format!("the group `{group}` is unknown to the workflow engine or switched off"),
                "create it there, or name another",
            )),
            Err(error) if error.is_unsupported() => {
                let words = "the workflow engine offers no directory; groups are not checked";
                return findings.push(Finding::info(path, words));
            }
            Err(error) => return findings.push(not_asked(&path, "the group", &error)),
        }
    }
}

fn definitions(cx: &Cx, config: &Config, findings: &mut Vec<Finding>) {
    let listed = paging::collect(usize::MAX, |page| {
        let found = cx.workflow().definitions(page)?;
        Ok((found.definitions, found.next))
    });
    let known = match listed {
        Ok((known, _)) => known,
        Err(error) => {
            return findings.push(not_asked("process", "the process definitions", &error));
        }
    };
    let process = &config.process;
    for (path, key) in [
        ("process.definition", &process.definition),
        ("process.notice_definition", &process.notice_definition),
        ("process.rework_definition", &process.rework_definition),
    ] {
        if !known.iter().any(|definition| definition.key == *key) {
            findings.push(Finding::error(
                path,
                format!("the workflow engine has no process definition `{key}`"),
                "deploy the model from examples/opentext, or name the one you use",
            ));
        }
    }
}

fn not_asked(path: &str, what: &str, error: &Error) -> Finding {
    Finding::warning(
        path,
        format!("{what} could not be read: {error}"),
        "check the connection",
    )
}
