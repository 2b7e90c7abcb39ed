//! Preflight: what cannot work, in plain words.

use forebay_sdk::blocks::{Preflight, Routing, fill};
use forebay_sdk::handler::interfaces;
use forebay_sdk::{Cx, Finding};

use crate::DAM;
use crate::config::{Config, Release, StoreMode};

/// Logical fields that are written to regional versions and masters.
const WRITTEN: &[&str] = &[
    "region",
    "language",
    "master_asset",
    "master_version",
    "outdated",
    "review_state",
    "review_comment",
    "review_run",
    "reviewed_by",
    "reviewed_at",
    "reviewed_version",
    "localization_state",
    "localized_assets",
    "localization_run",
];

/// All findings; with `probe` the vendors are asked too.
pub(crate) fn check(cx: &Cx, config: &Config, probe: bool) -> Vec<Finding> {
    let mut preflight = Preflight::new(cx);
    preflight.time(&config.calendar, &config.reminders);
    preflight.extend(pure(config));
    if probe {
        if config.store.mode == StoreMode::NewAsset && !config.store.album.is_empty() {
            preflight.needs(&[("store.album", DAM, interfaces::COLLECTIONS)]);
        }
        if !cx.available(DAM, interfaces::RELATIONS) {
            preflight.extend([Finding::info(
                "store",
                "the DAM keeps no relations: masters and their versions know each other by fields only",
            )]);
        }
        let deadlines = config.regions.values();
        let deadlines = deadlines.filter_map(|region| region.deadline_from.as_deref());
        let read: Vec<_> = [
            config.select_regions.from_field.as_str(),
            &config.masters.field,
            &config.masters.localize_field,
        ]
        .into_iter()
        .chain(config.brief.iter().map(String::as_str))
        .chain(deadlines)
        .collect();
        let inherited = config.store.inherit.iter().map(String::as_str);
        let written: Vec<_> = WRITTEN.iter().copied().chain(inherited).collect();
        preflight.fields(DAM, &config.fields, &read, &written);
        let mut groups = vec![
            ("fallback_group".to_owned(), config.fallback_group.as_str()),
            ("escalation_group".to_owned(), &config.escalation_group),
            ("coordinator_group".to_owned(), &config.coordinator_group),
        ];
        for (code, region) in &config.regions {
            groups.push((format!("regions.{code}.team"), &region.team));
            groups.push((format!("regions.{code}.reviewers"), &region.reviewers));
        }
        let groups: Vec<_> = groups
            .iter()
            .map(|(path, group)| (path.as_str(), *group))
            .collect();
        preflight.groups(&Routing::default(), &groups);
        preflight.definitions(&[("process.definition", &config.process.definition)]);
    }
    preflight.findings()
}

fn pure(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut wrong = |path: &str, what: &str, mend: &str| {
        findings.push(Finding::error(path, what, mend));
    };
    if config.regions.is_empty() {
        wrong(
            "regions",
            "there is no region to make versions for",
            "add one: regions = { DE = { language = \"de-DE\", team = \"…\", reviewers = \"…\" } }",
        );
    }
    for (code, region) in &config.regions {
        if code.contains([':', ';', '|', ' ']) {
            let path = format!("regions.{code}");
            wrong(
                &path,
                "a region's code has a colon, semicolon, bar or space",
                "use letters",
            );
        }
        if region.lead.is_some() && region.deadline_from.is_none() {
            let path = format!("regions.{code}.lead");
            wrong(
                &path,
                "no date is named that it comes before",
                "add `deadline_from`",
            );
        }
    }
    if let Release::Quorum(count) = config.release
        && (count == 0 || count > config.regions.len())
    {
        let words = format!(
            "{count} of {} regions cannot be ready",
            config.regions.len()
        );
        wrong(
            "release",
            &words,
            "name a number from 1 to that of the regions",
        );
    }
    if config.masters.albums.is_empty()
        && config.masters.field.is_empty()
        && config.masters.localize_field.is_empty()
    {
        wrong(
            "masters",
            "nothing makes an asset a master",
            "name an album or a field",
        );
    }
    if config.rights_flow.is_some() && config.rights_cleared.is_empty() {
        wrong(
            "rights_cleared",
            "no outcome of the rights flow releases anything",
            "name one",
        );
    }
    unknown_names(config, &mut findings);
    findings
}

/// Placeholders in names and tags that nothing fills.
fn unknown_names(config: &Config, findings: &mut Vec<Finding>) {
    let naming = ["master_stem", "region", "language", "n"];
    let tags = ["region", "language", "master_id", "master_version"];
    let templates = config.tags.iter().enumerate();
    let templates = templates.map(|(index, tag)| (format!("tags[{index}]"), tag, &tags));
    let naming = std::iter::once(("naming".to_owned(), &config.naming, &naming));
    for (path, template, known) in naming.chain(templates) {
        let lookup = |name: &str| known.contains(&name).then(String::new);
        if let Err(error) = fill(template, lookup) {
            let mend = format!("use {}", known.join(", "));
            findings.push(Finding::error(path, error.message().to_owned(), mend));
        }
    }
}
