//! Checking an asset: which rules fail, which fields are missing, what could fill them.

use std::collections::BTreeMap;

use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::{holds, paths};
use forebay_sdk::{Field, digest};

use super::condition::{Condition, Facts, Verdict};
use crate::config::{Config, RequiredField, Severity, Source};
use crate::state::Issue;

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Findings {
    /// Rules that fail.
    pub(crate) rules: Vec<Issue>,
    /// Fields that are missing or invalid.
    pub(crate) fields: Vec<Issue>,
    /// Fields that could not be checked: no pass, and no task either.
    pub(crate) unchecked: Vec<String>,
}

impl Findings {
    pub(crate) fn is_pass(&self) -> bool {
        self.rules.is_empty() && self.fields.is_empty() && self.unchecked.is_empty()
    }

    pub(crate) fn issues(self) -> Vec<Issue> {
        self.rules.into_iter().chain(self.fields).collect()
    }
}

/// Check an asset as it is now.
pub(crate) fn check(config: &Config, asset: &Asset) -> Findings {
    let values = facts(config, asset);
    let mut findings = Findings::default();
    for rule in &config.rules {
        if !holds(&rule.when, &values) {
            continue;
        }
        let facts = Facts {
            values: &values,
            lists: &config.lists,
            field: None,
        };
        let (verdict, names) = match Condition::parse(&rule.require) {
            Ok(condition) => {
                let names: Vec<_> = condition.names().into_iter().map(str::to_owned).collect();
                (condition.verdict(&facts), names)
            }
            Err(_) => (Verdict::Unknown, Vec::new()),
        };
        if verdict == Verdict::True {
            continue;
        }
        let found = names.iter().map(|name| {
            let values = values.get(name).map(|values| values.join(", "));
            format!(
                "{name} is {}",
                values
                    .filter(|v| !v.is_empty())
                    .unwrap_or_else(|| "unknown".into())
            )
        });
        let found = found.collect::<Vec<_>>().join(", ");
        let mut fix = rule.fix.clone();
        if !rule.format.is_empty() {
            fix = format!("{fix} ({})", rule.format.join(", "));
        }
        findings.rules.push(Issue {
            rule: rule.id.clone(),
            text: format!("{} {verdict}: {found}", rule.require),
            fix,
            severity: rule.severity,
            field: only_field(&names),
        });
    }
    for field in required(config, &values) {
        match validate(config, &values, field) {
            Ok(()) => {}
            Err(Problem::Unchecked) => findings.unchecked.push(field.field.clone()),
            Err(Problem::Wrong(text)) => findings.fields.push(Issue {
                rule: format!("required {}", field.field),
                text,
                fix: expected(field),
                severity: Severity::Medium,
                field: Some(field.field.clone()),
            }),
        }
    }
    findings
}

/// The one field an issue is about: a rule about several cannot be mended by filling one in.
fn only_field(names: &[String]) -> Option<String> {
    match names {
        [name] if !["width", "height", "size"].contains(&name.as_str()) => Some(name.clone()),
        _ => None,
    }
}

/// Why a value is no pass.
pub(crate) enum Problem {
    /// The list it should be in cannot be read.
    Unchecked,
    /// It is missing or does not fit.
    Wrong(String),
}

/// The fields that an asset of this type must have.
fn required<'a>(
    config: &'a Config,
    values: &BTreeMap<String, Vec<String>>,
) -> Vec<&'a RequiredField> {
    let kind = values
        .get(&config.type_field)
        .and_then(|kinds| kinds.first());
    let listed = kind.and_then(|kind| config.by_type.get(kind));
    let applies = |field: &&RequiredField| listed.is_none_or(|list| list.contains(&field.field));
    config.required.iter().filter(applies).collect()
}

fn validate(
    config: &Config,
    values: &BTreeMap<String, Vec<String>>,
    field: &RequiredField,
) -> Result<(), Problem> {
    let name = &field.field;
    let found = values.get(name).cloned().unwrap_or_default();
    if found.is_empty() {
        return Err(Problem::Wrong(format!("{name} is missing")));
    }
    let wrong = || {
        let found = found.join(", ");
        Problem::Wrong(format!("{name} is `{found}`, expected {}", expected(field)))
    };
    let facts = Facts {
        values,
        lists: &config.lists,
        field: Some(name),
    };
    let lookup = field.lookup.iter().map(|list| format!("in_list({list})"));
    for condition in field.rule.iter().cloned().chain(lookup) {
        match Condition::parse(&condition).map(|condition| condition.verdict(&facts)) {
            Ok(Verdict::True) => {}
            Ok(Verdict::False) => return Err(wrong()),
            Ok(Verdict::Unknown) | Err(_) => return Err(Problem::Unchecked),
        }
    }
    Ok(())
}

/// Does this value pass the rule of its field?
///
/// # Errors
/// Why it does not.
pub(crate) fn accepts(config: &Config, field: &str, value: &str) -> Result<(), Problem> {
    let values = BTreeMap::from([(field.to_owned(), vec![value.to_owned()])]);
    match config
        .required
        .iter()
        .find(|required| required.field == field)
    {
        Some(required) => validate(config, &values, required),
        None => Ok(()),
    }
}

/// Changes when anything does that a check asks about.
pub(crate) fn fingerprint(config: &Config, asset: &Asset) -> String {
    let facts = facts(config, asset).into_iter();
    let facts = facts.map(|(name, values)| format!("{name}={}", values.join("|")));
    let facts: Vec<_> = facts.collect();
    let version = [asset.version.as_str()].into_iter();
    let parts: Vec<_> = version.chain(facts.iter().map(String::as_str)).collect();
    digest::of_parts(&parts)
}

fn expected(field: &RequiredField) -> String {
    match (&field.rule, &field.lookup) {
        (Some(rule), Some(list)) => format!("{rule}, found in {list}"),
        (Some(rule), None) => rule.clone(),
        (None, Some(list)) => format!("a value of {list}"),
        (None, None) => "a value".to_owned(),
    }
}

/// What rules may ask about: technical facts, and every logical field that some rule names.
fn facts(config: &Config, asset: &Asset) -> BTreeMap<String, Vec<String>> {
    let mut facts = BTreeMap::new();
    facts.insert("scheme".to_owned(), vec![asset.kind.as_str().to_owned()]);
    if let Some(size) = asset.size {
        facts.insert("size".to_owned(), vec![size.to_string()]);
    }
    for Field { name, value } in &asset.extra {
        facts.insert(name.clone(), value.to_texts());
    }
    let conditions = config.rules.iter().flat_map(|rule| {
        let parsed = Condition::parse(&rule.require).ok();
        let names = parsed.iter().flat_map(Condition::names).map(str::to_owned);
        names.chain(rule.when.keys().cloned()).collect::<Vec<_>>()
    });
    let required = config.required.iter().map(|field| field.field.clone());
    let named: Vec<_> = conditions
        .chain(required)
        .chain([config.type_field.clone()])
        .collect();
    for name in named {
        let own = asset
            .fields
            .iter()
            .any(|f| f.name == config.fields.name(&name));
        // Whether a field that the vendor leaves out is empty or unknown nobody can tell for
        // technical values; a logical field that is left out is empty.
        if own || !facts.contains_key(&name) && !TECHNICAL.contains(&name.as_str()) {
            let texts = config.fields.texts(&asset.fields, &name);
            facts.insert(name, texts);
        }
    }
    facts
}

/// Values that come from the file and not from people.
const TECHNICAL: [&str; 8] = [
    "width",
    "height",
    "size",
    "dpi",
    "duration",
    "colour_space",
    "format",
    "codec",
];

/// A value that could fill a field: a part of the asset's collections, name or storage path that
/// passes the field's rule.
pub(crate) fn suggestion(config: &Config, asset: &Asset, field: &str) -> Option<String> {
    let required = config
        .required
        .iter()
        .find(|required| required.field == field)?;
    // Anything would pass a field without a rule.
    if required.rule.is_none() && required.lookup.is_none() {
        return None;
    }
    let parts = config.autofill.from.iter().flat_map(|source| match source {
        Source::Collection => paths(asset),
        Source::FileNamePattern => {
            let stem = asset
                .name
                .rsplit_once('.')
                .map_or(asset.name.as_str(), |(stem, _)| stem);
            vec![stem.to_owned()]
        }
        Source::StoragePath => {
            let stored = asset
                .extra
                .iter()
                .find(|extra| extra.name == "storage-path");
            stored
                .map(|extra| extra.value.to_texts())
                .unwrap_or_default()
        }
    });
    let words = parts.flat_map(|part| {
        let words = part.split(['/', '_', ' ']).map(str::to_owned);
        words.collect::<Vec<_>>()
    });
    words
        .filter(|word| !word.is_empty())
        .find(|word| accepts(config, field, word).is_ok())
}
