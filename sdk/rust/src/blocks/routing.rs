//! Routing as data (rule C-20): ordered rules, the most specific match wins, ties by order.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{OneOrMany, Span};
use crate::types::Finding;

/// What is known about the thing to be routed: each subject with its values.
pub type Facts = BTreeMap<String, Vec<String>>;

/// Where work goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Group of the workflow engine.
    pub group: String,
    /// How long it may take: `3bd`, `4bh`, `2d`.
    pub sla: Span,
}

/// A rule: all conditions must hold. A condition holds if one of its values is among those of the
/// subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Conditions on logical fields, on `stage`, `kind` or `uploader`. None: the default rule.
    #[serde(default)]
    pub when: BTreeMap<String, OneOrMany>,
    /// Where work goes.
    pub to: Target,
}

impl Rule {
    /// Does it match?
    #[must_use]
    pub fn matches(&self, facts: &Facts) -> bool {
        holds(&self.when, facts)
    }
}

/// Do all conditions hold?
#[must_use]
pub fn holds(when: &BTreeMap<String, OneOrMany>, facts: &Facts) -> bool {
    when.iter().all(|(subject, wanted)| {
        facts
            .get(subject)
            .is_some_and(|values| values.iter().any(|value| wanted.contains(value)))
    })
}

/// Ordered rules.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Routing(pub Vec<Rule>);

impl Routing {
    /// The rule that decides: most conditions first, then order. With its place in the list.
    #[must_use]
    pub fn decide(&self, facts: &Facts) -> Option<(usize, &Rule)> {
        let matching = self
            .0
            .iter()
            .enumerate()
            .filter(|(_, rule)| rule.matches(facts));
        matching.min_by_key(|(index, rule)| (std::cmp::Reverse(rule.when.len()), *index))
    }

    /// A rule's name in audit records: `routing[2]`.
    #[must_use]
    pub fn rule_name(index: usize) -> String {
        format!("routing[{index}]")
    }

    /// What is wrong with the table: no default rule, rules that can never decide, conditions on
    /// values that never occur. `possible` lists the values of subjects whose values are known.
    #[must_use]
    pub fn findings(&self, possible: &Facts) -> Vec<Finding> {
        let mut findings = Vec::new();
        if !self.0.iter().any(|rule| rule.when.is_empty()) {
            findings.push(Finding::error(
                "routing",
                "there is no default rule",
                "add a rule without conditions: { when = {}, to = { group = \"…\", sla = \"3bd\" } }",
            ));
        }
        for (index, rule) in self.0.iter().enumerate() {
            let path = Self::rule_name(index);
            if let Some(other) = self.0[..index].iter().position(|other| covers(other, rule)) {
                findings.push(Finding::error(
                    path.as_str(),
                    format!("the rule can never decide: routing[{other}] matches everything it matches and comes first"),
                    format!("remove it, move it above routing[{other}], or make its conditions differ"),
                ));
            }
            for (subject, wanted) in &rule.when {
                let Some(values) = possible.get(subject) else {
                    continue;
                };
                for value in wanted.0.iter().filter(|value| !values.contains(value)) {
                    findings.push(Finding::error(
                        format!("{path}.when.{subject}"),
                        format!(
                            "the rule can never decide on `{value}`: no {subject} has this value"
                        ),
                        format!("use one of {}", values.join(", ")),
                    ));
                }
            }
        }
        findings
    }
}

/// Does `earlier` match whatever `later` matches, with as many conditions?
fn covers(earlier: &Rule, later: &Rule) -> bool {
    earlier.when.len() == later.when.len()
        && earlier.when.iter().all(|(subject, wide)| {
            later
                .when
                .get(subject)
                .is_some_and(|narrow| narrow.within(wide))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(when: &[(&str, &[&str])], group: &str) -> Rule {
        let texts = |values: &[&str]| OneOrMany(values.iter().map(|v| (*v).to_owned()).collect());
        Rule {
            when: when
                .iter()
                .map(|(name, values)| ((*name).to_owned(), texts(values)))
                .collect(),
            to: Target {
                group: group.into(),
                sla: Span::BusinessDays(1),
            },
        }
    }

    fn facts(pairs: &[(&str, &str)]) -> Facts {
        let mut facts = Facts::new();
        for (name, value) in pairs {
            facts
                .entry((*name).to_owned())
                .or_default()
                .push((*value).to_owned());
        }
        facts
    }

    #[test]
    fn the_most_specific_rule_wins_then_the_first() {
        let table = Routing(vec![
            rule(&[], "default"),
            rule(&[("market", &["DE"])], "de"),
            rule(
                &[("market", &["DE", "AT"]), ("stage", &["legal"])],
                "dach-legal",
            ),
            rule(&[("kind", &["video"])], "video"),
        ]);
        let group = |pairs: &[(&str, &str)]| {
            table
                .decide(&facts(pairs))
                .map(|(_, rule)| rule.to.group.clone())
                .unwrap()
        };
        assert_eq!(group(&[("market", "DE"), ("stage", "legal")]), "dach-legal");
        assert_eq!(group(&[("market", "DE"), ("kind", "video")]), "de");
        assert_eq!(group(&[("market", "US")]), "default");
        assert_eq!(group(&[("market", "US"), ("market", "DE")]), "de");
    }

    #[test]
    fn rules_that_never_decide_are_found() {
        let table = Routing(vec![
            rule(&[("market", &["DE", "AT"])], "one"),
            rule(&[("market", &["AT"])], "never"),
            rule(&[("stage", &["legl"])], "typo"),
        ]);
        let findings = table.findings(&facts(&[("stage", "legal")]));
        let paths: Vec<_> = findings
            .iter()
            .map(|finding| finding.path.as_str())
            .collect();
        assert_eq!(paths, ["routing", "routing[1]", "routing[2].when.stage"]);
    }
}
