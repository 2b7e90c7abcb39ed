//! Rounds: reviewers are asked about a version, and everyone sees which it is.

use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::{Answer, Facts, Question, Reading, Routing};
use forebay_sdk::workflow::StartRequest;
use forebay_sdk::{Error, Field, Value};

use super::{RESTART, Steps};
use crate::state::State;

impl Steps<'_> {
    /// Say in the audit which version the round is about.
    pub(crate) fn record_round(&self, state: &State, before: &str) {
        let mut record = self.record("round-began", "system", state);
        record.comment = Some(match before {
            "" => format!("round {} on version {}", state.round, state.version),
            _ => format!("round {}: {before} → {}", state.round, state.version),
        });
        self.cx.decision(&record);
    }

    /// Write to the asset which round it is in.
    pub(crate) fn write_round(&self, state: &State, asset: &Asset) -> Result<(), Error> {
        let fields = [
            ("review_version", Value::text(&state.version)),
            ("review_round", Value::Integer(state.round.into())),
            ("review_state", "in-review".into()),
        ];
        self.write_fields(asset, &fields)
    }

    /// Leave the process for another one: comments that were copied to it are copied anew.
    pub(crate) fn leave_process(&self, state: &mut State) -> Result<(), Error> {
        state.desk.leave(self.cx, "restarted by an operator")?;
        state.links.clear();
        state.ruling = None;
        Ok(())
    }

    /// Ask about the version: whom the rules name, after the last round the coordinator.
    pub(crate) fn ask_reviewers(
        &self,
        state: &mut State,
        asset: &Asset,
        before: &str,
    ) -> Result<(), Error> {
        state.question += 1;
        let question = if state.round > self.config.rounds.max {
            let group = &self.config.coordinator_group;
            Question::to_group(&question_id(state), "Decide after the last round", group)
        } else {
            let facts = self.facts(asset);
            let (index, rule) =
                self.config.routing.decide(&facts).ok_or_else(|| {
                    Error::invalid("no rule says who reviews").with_field("routing")
                })?;
            let name = Routing::rule_name(index);
            Question::routed(&question_id(state), "Review", &rule.to, &name)
        };
        let question = question
            .title(format!("\"{}\", round {}", asset.name, state.round))
            .text(text_of(state, asset, before))
            .outcomes(&["approve", "request-changes", "reject"])
            .form("comment", "Comment", false);
        let rules = self.rules();
        if state.desk.is_open() {
            return state.desk.ask(self.cx, &rules, vec![question]);
        }
        let title = format!("Review of \"{}\"", asset.name);
        let key = self.cx.business_key();
        let request = StartRequest::new(&self.config.process.definition, key, &title)
            .variable("title", title.as_str())
            .variable("assetId", asset.id.as_str());
        state.desk.open(self.cx, &rules, request, vec![question])
    }

    /// Show people in the workflow engine which round and which version it is.
    pub(crate) fn show_version(&self, state: &State) -> Result<(), Error> {
        let facts = [
            Field::new("round", i64::from(state.round)),
            Field::new("version", state.version.as_str()),
        ];
        state.desk.show(self.cx, &facts)
    }

    /// What people answered; or why the run parks, because its process does not run.
    pub(crate) fn answers(&self, state: &mut State) -> Result<Result<Vec<Answer>, String>, Error> {
        let reading = state.desk.read(self.cx)?;
        let stopped = reading.stopped(&state.desk.process).unwrap_or_default();
        Ok(match reading {
            Reading::Open(answers) => Ok(answers),
            Reading::Suspended => Err(stopped),
            Reading::Ended(_) => Err(format!(
                "{stopped}; the signal `{RESTART}` asks again in another one"
            )),
        })
    }

    fn facts(&self, asset: &Asset) -> Facts {
        let subjects = self
            .config
            .routing
            .0
            .iter()
            .flat_map(|rule| rule.when.keys());
        let known = subjects.map(|subject| {
            let texts = self.config.fields.texts(&asset.fields, subject);
            (subject.clone(), texts)
        });
        known.filter(|(_, texts)| !texts.is_empty()).collect()
    }
}

/// The version stands in the id, so that a late answer says what it is about.
fn question_id(state: &State) -> String {
    format!("review:{}@{}", state.question, state.version)
}

/// What reviewers read: which version it is, what nobody resolved, where to look.
fn text_of(state: &State, asset: &Asset, before: &str) -> String {
    let mut text = format!("Round {}, version {}.", state.round, state.version);
    if !before.is_empty() {
        text.push_str(&format!(" It follows version {before}."));
    }
    if !state.unresolved.is_empty() {
        text.push_str("\nStill unresolved:");
        for id in &state.unresolved {
            text.push_str(&format!("\n- {id}"));
        }
    }
    for link in &asset.links {
        text.push_str(&format!("\n{}: {}", link.rel, link.href));
    }
    text
}
