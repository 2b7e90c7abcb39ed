//! Preflight: what cannot work, in plain words.

use forebay_sdk::blocks::{Facts, Preflight};
use forebay_sdk::handler::interfaces;
use forebay_sdk::{Cx, Finding, paging};

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
    let mut preflight = Preflight::new(cx);
    preflight.extend(pure(config));
    preflight.time(&config.calendar, &config.reminders);
    preflight.extend(unfitting(config));
    if probe {
        preflight.needs(&needed(config));
        fields(cx, config, &mut preflight);
        let named = [
            ("fallback_group", config.fallback_group.as_str()),
            ("escalation_group", &config.escalation_group),
            ("coordinator_group", &config.coordinator_group),
        ];
        preflight.groups(&config.routing, &named);
        let process = &config.process;
        let mut definitions = vec![
            ("process.definition", process.definition.as_str()),
            ("process.notice_definition", &process.notice_definition),
            ("process.rework_definition", &process.rework_definition),
        ];
        if config.batch.enabled {
            definitions.push(("process.batch_definition", &process.batch_definition));
        }
        preflight.definitions(&definitions);
    }
    preflight.findings()
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
    findings
}

/// Options that do not go together.
fn unfitting(config: &Config) -> Vec<Finding> {
    let stages: Vec<_> = config
        .stages
        .iter()
        .map(|stage| stage.name.clone())
        .collect();
    let mut findings = stages_of_reviewers(config, &stages);
    if config.dam_decisions.accept && !config.dam_decisions.mirror {
        findings.push(Finding::error(
            "dam_decisions.accept",
            "votes are only seen where an approval was asked for",
            "set dam_decisions.mirror = true too, or take accept out",
        ));
    }
    if config.batch.enabled && config.batch.max_items < 2 {
        findings.push(Finding::error(
            "batch.max_items",
            "a batch of one is none",
            "allow two at least, or take batch.enabled out",
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
fn needed(config: &Config) -> Vec<(&'static str, &'static str, &'static str)> {
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
            .map(|(path, _)| (*path, DAM, interfaces::ACCESS)),
    );
    needed.extend(
        collections
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(path, _)| (*path, DAM, interfaces::COLLECTIONS)),
    );
    if config.dam_decisions.mirror {
        needed.push(("dam_decisions.mirror", DAM, interfaces::APPROVALS));
    }
    needed
}

fn fields(cx: &Cx, config: &Config, preflight: &mut Preflight<'_>) {
    let required = config.required_before_review.iter().map(String::as_str);
    let read: Vec<_> = required
        .chain(subjects(config))
        .chain(placeholders(config))
        .collect();
    preflight.fields(DAM, &config.fields, &read, &WRITTEN);
    if let Some(expiry) = &config.on_approved.set_expiry_from {
        preflight.extend(expiry_field(cx, config, expiry));
    }
}

/// The field that the end of rights is read from may be missing: then none is set.
fn expiry_field(cx: &Cx, config: &Config, expiry: &str) -> Option<Finding> {
    let name = config.fields.name(expiry);
    if name.is_empty() || !cx.available(DAM, interfaces::FIELDS) {
        return None;
    }
    let listed = paging::collect(usize::MAX, |page| {
        let found = cx.fields().list(page)?;
        Ok((found.definitions, found.next))
    });
    let (known, _) = listed.ok()?;
    let missing = !known.iter().any(|definition| definition.name == name);
    missing.then(|| {
        Finding::warning(
            "on_approved.set_expiry_from",
            format!("the DAM has no field `{name}`, so no end of rights is set"),
            "create it, map it, or name another field",
        )
    })
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
