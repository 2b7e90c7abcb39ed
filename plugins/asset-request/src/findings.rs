//! Preflight: what cannot work, in plain words.

use forebay_sdk::blocks::{Facts, Preflight, Span};
use forebay_sdk::handler::interfaces;
use forebay_sdk::{Cx, Finding};

use crate::DAM;
use crate::config::{Config, DeliveryKind, OnDuplicate};

/// Logical fields that are written to delivered assets.
const WRITTEN: [&str; 3] = ["request_id", "requested_by", "usage_note"];
/// Status words an asset may be delivered with.
const STATUSES: [&str; 3] = ["approved", "pending", "none"];

/// All findings; with `probe` the vendors are asked too.
pub(crate) fn check(cx: &Cx, config: &Config, probe: bool) -> Vec<Finding> {
    let mut preflight = Preflight::new(cx);
    preflight.extend(config.routing.findings(&Facts::new()));
    preflight.time(&config.calendar, &config.reminders);
    preflight.extend(pure(config));
    if probe {
        preflight.needs(&needed(config));
        let request = config.form_map.values().map(String::as_str);
        let special = ["due_date", "channels", "duration", "formats", "items", "q"];
        let mut read: Vec<_> = request.filter(|field| !special.contains(field)).collect();
        let covered = &config.search.rights_must_cover;
        if covered.iter().any(|part| !special.contains(&part.as_str())) {
            read.push(&config.rights.territories);
        }
        if covered.iter().any(|part| part == "channels") {
            read.push(&config.rights.channels);
        }
        if covered.iter().any(|part| part == "due_date") {
            let ends = config.rights.ends.iter().map(String::as_str);
            read.extend(ends.filter(|field| *field != "expiry"));
        }
        let mut written = WRITTEN.to_vec();
        if config.duplicates.action == OnDuplicate::Suggest && !config.duplicates.on.is_empty() {
            written.push("request_key");
        }
        preflight.fields(DAM, &config.fields, &read, &written);
        let mut groups = vec![
            ("fallback_group", config.fallback_group.as_str()),
            ("escalation_group", config.escalation_group.as_str()),
            ("coordinator_group", config.coordinator_group.as_str()),
        ];
        if let Some(group) = &config.creation_group {
            groups.push(("creation_group", group));
        }
        preflight.groups(&config.routing, &groups);
        preflight.definitions(&[("request_definition", &config.request_definition)]);
    }
    preflight.findings()
}

fn needed(config: &Config) -> Vec<(&'static str, &'static str, &'static str)> {
    let mut needed = vec![("delivery", DAM, interfaces::SHARING)];
    if config.placeholder {
        needed.push(("placeholder", DAM, interfaces::PLACEHOLDERS));
    }
    if config.delivery.kind == DeliveryKind::Collection {
        needed.push(("delivery.kind", DAM, interfaces::COLLECTIONS));
    }
    needed
}

fn pure(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut wrong = |path: String, what: &str, mend: &str| {
        findings.push(Finding::error(path, what, mend));
    };
    if config.form_map.is_empty() {
        let mend = "map one: form_map = { type = \"asset_type\" }";
        wrong("form_map".to_owned(), "nothing of a form is read", mend);
    }
    if config.search.status.is_empty() {
        let what = "assets of no status may be delivered";
        wrong("search.status".to_owned(), what, "name one: [\"approved\"]");
    }
    for (index, status) in config.search.status.iter().enumerate() {
        if !STATUSES.contains(&status.to_lowercase().as_str()) {
            let path = format!("search.status[{index}]");
            wrong(
                path,
                "assets of this status are never delivered",
                "use approved",
            );
        }
    }
    if config.search.max_candidates == 0 {
        let path = "search.max_candidates".to_owned();
        wrong(
            path,
            "no candidate would be shown",
            "write 20, or auto = false",
        );
    }
    if !(0.0..=1.0).contains(&config.search.min_score) {
        let path = "search.min_score".to_owned();
        wrong(path, "it is a share", "write a number from 0 to 1");
    }
    let meanings: Vec<_> = config.form_map.values().collect();
    for (index, part) in config.search.rights_must_cover.iter().enumerate() {
        if !meanings.contains(&part) {
            let path = format!("search.rights_must_cover[{index}]");
            wrong(
                path,
                "no form value means this",
                "add it to form_map, or take it out",
            );
        }
    }
    if config.deliverables.per_format && !meanings.iter().any(|meaning| *meaning == "formats") {
        let path = "deliverables.per_format".to_owned();
        wrong(path, "no form value means `formats`", "add it to form_map");
    }
    for (index, name) in config.duplicates.on.iter().enumerate() {
        if !config.form_map.contains_key(name) {
            let path = format!("duplicates.on[{index}]");
            wrong(
                path,
                "no form value has this name",
                "use a name of form_map",
            );
        }
    }
    if config.max_rounds == 0 {
        let path = "max_rounds".to_owned();
        wrong(path, "the team could never try", "write 3");
    }
    for (path, span) in [
        ("delivery.expires", config.delivery.expires),
        ("accept.auto_after", config.accept.auto_after),
        ("look_every", config.look_every),
    ] {
        let none = [
            Span::Minutes(0),
            Span::BusinessDays(0),
            Span::BusinessHours(0),
        ];
        if none.contains(&span) {
            wrong(
                path.to_owned(),
                "it takes no time at all",
                "write a longer span",
            );
        }
    }
    if !config.delivery.album.starts_with('/') {
        let path = "delivery.album".to_owned();
        wrong(
            path,
            "it is no path",
            "begin it with a slash: /Requests/{request_id}",
        );
    }
    findings
}
