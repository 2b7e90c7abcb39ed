//! Versions, rounds and decisions: a decision counts for the version it was made about.

use forebay_sdk::assets::{ApprovalStatus, Asset};
use forebay_sdk::blocks::{Answer, Facts, Question, Routing};
use forebay_sdk::handler::interfaces;
use forebay_sdk::workflow::StartRequest;
use forebay_sdk::{Error, Field, Value};

use crate::DAM;
use crate::config::{Side, Source};
use crate::course::Course;
use crate::state::{Ruling, State};

impl Course<'_> {
    // ---- Rounds ---------------------------------------------------------------------------------

    /// Begin a round with the version that is current now; `before` was under review until now.
    pub(crate) fn begin_round(
        &self,
        state: &mut State,
        asset: &Asset,
        before: &str,
    ) -> Result<(), Error> {
        state.round += 1;
        state.name.clone_from(&asset.name);
        state.version.clone_from(&asset.version);
        state.checksum.clone_from(&asset.checksum);
        state.ruling = None;
        let open: Vec<_> = state.desk.asked.keys().cloned().collect();
        let open: Vec<_> = open.iter().map(String::as_str).collect();
        if state.desk.is_open() && !open.is_empty() {
            state.desk.withdraw(self.cx, &open)?;
        }
        let mut record = self.record("round-began", "system", state);
        record.comment = Some(match before {
            "" => format!("round {} on version {}", state.round, state.version),
            _ => format!("round {}: {before} → {}", state.round, state.version),
        });
        self.cx.decision(&record);
        self.ask_round(state, asset, before)?;
        self.request_approval(state)?;
        let fields = [
            ("review_version", Value::text(&state.version)),
            ("review_round", Value::Integer(state.round.into())),
            ("review_state", "in-review".into()),
        ];
        self.write_fields(asset, &fields)
    }

    /// The round again, in another process: comments that were copied to the first are copied anew.
    pub(crate) fn restart(&self, state: &mut State, asset: &Asset) -> Result<(), Error> {
        state.desk.leave(self.cx, "restarted by an operator")?;
        state.links.clear();
        state.ruling = None;
        self.ask_round(state, asset, "")
    }

    /// Ask about the version, and show which it is.
    fn ask_round(&self, state: &mut State, asset: &Asset, before: &str) -> Result<(), Error> {
        state.question += 1;
        let last = state.round > self.config.rounds.max;
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
        let question = if last {
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
            .text(text)
            .outcomes(&["approve", "request-changes", "reject"])
            .form("comment", "Comment", false);
        let rules = self.rules();
        if state.desk.is_open() {
            state.desk.ask(self.cx, &rules, vec![question])?;
        } else {
            let title = format!("Review of \"{}\"", asset.name);
            let key = self.cx.business_key();
            let request = StartRequest::new(&self.config.process.definition, key, &title)
                .variable("title", title.as_str())
                .variable("assetId", asset.id.as_str());
            state.desk.open(self.cx, &rules, request, vec![question])?;
        }
        let facts = [
            Field::new("round", i64::from(state.round)),
            Field::new("version", state.version.as_str()),
        ];
        state.desk.show(self.cx, &facts)
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

    // ---- Decisions ------------------------------------------------------------------------------

    /// Somebody answered in the workflow engine.
    pub(crate) fn answered(
        &self,
        state: &mut State,
        asset: &Asset,
        answer: &Answer,
    ) -> Result<(), Error> {
        let mut record = answer.record(&state.desk.process);
        record.asset = Some(state.asset.clone());
        let about = answer
            .question
            .split_once('@')
            .map(|(_, version)| version.to_owned());
        record.version.clone_from(&about);
        if about.as_deref() != Some(state.version.as_str()) {
            record.action = "decision-on-superseded-version".to_owned();
            self.cx.decision(&record);
            return Ok(());
        }
        record.checksum.clone_from(&state.checksum);
        self.cx.decision(&record);
        match answer.outcome.as_str() {
            "approve" => self.rule(state, true, answer.actor(), false),
            "reject" => self.rule(state, false, answer.actor(), false),
            _ => {
                // Changes are awaited: the next version begins the next round.
                self.write_fields(asset, &[("review_state", "changes-requested".into())])?;
            }
        }
        Ok(())
    }

    /// Note a ruling. One of the side that has the last word replaces one of the other.
    fn rule(&self, state: &mut State, approved: bool, by: &str, in_dam: bool) {
        let side = if in_dam { Side::Dam } else { Side::Workflow };
        let last_word = side == self.config.decisions.last_word;
        let stands = state.ruling.as_ref().is_some_and(|ruling| {
            let of = if ruling.in_dam {
                Side::Dam
            } else {
                Side::Workflow
            };
            of == self.config.decisions.last_word && !last_word
        });
        if !stands {
            state.ruling = Some(Ruling {
                approved,
                by: by.to_owned(),
                in_dam,
                seen_at: self.cx.now(),
            });
        }
    }

    /// What the DAM's approval panel says about the version under review.
    pub(crate) fn read_panel(&self, state: &mut State) -> Result<(), Error> {
        let both = self.config.decisions.source != Source::Workflow;
        if !both || !self.cx.available(DAM, interfaces::APPROVALS) {
            return Ok(());
        }
        let panel = match self.cx.approvals().get(&state.asset, &state.version) {
            Err(error) if error.is_unsupported() || error.is_not_found() => return Ok(()),
            other => other?,
        };
        let approved = match panel.status {
            ApprovalStatus::Approved => true,
            ApprovalStatus::NotApproved => false,
            // Nobody decided yet, or reviewers disagree: the workflow engine decides.
            ApprovalStatus::None | ApprovalStatus::Requested | ApprovalStatus::Mixed => {
                return Ok(());
            }
        };
        let by = panel
            .votes
            .last()
            .map_or("the DAM's panel", |vote| vote.voter.as_str());
        let known = state
            .ruling
            .as_ref()
            .is_some_and(|ruling| ruling.in_dam && ruling.approved == approved);
        if !known {
            let mut record = self.record("decision", by, state);
            record.decision = Some(if approved { "approve" } else { "reject" }.to_owned());
            record.comment = Some("in the DAM".to_owned());
            self.cx.decision(&record);
            let by = by.to_owned();
            self.rule(state, approved, &by, true);
        }
        Ok(())
    }

    fn request_approval(&self, state: &State) -> Result<(), Error> {
        let wanted = self.config.decisions.source != Source::Workflow;
        if !wanted || !self.cx.available(DAM, interfaces::APPROVALS) {
            return Ok(());
        }
        let request = forebay_sdk::assets::ApprovalRequest {
            users: Vec::new(),
            groups: Vec::new(),
            quorum: 1,
        };
        match self
            .cx
            .approvals()
            .request(&state.asset, &state.version, &request)
        {
            Err(error) if error.is_unsupported() => Ok(()),
            other => other.map(drop),
        }
    }

    /// Let a ruling take effect, once nothing stands against it.
    pub(crate) fn conclude(
        &self,
        state: &mut State,
        asset: &Asset,
    ) -> Result<Option<(&'static str, String)>, Error> {
        let Some(ruling) = state.ruling.clone() else {
            return Ok(None);
        };
        let side = if ruling.in_dam {
            Side::Dam
        } else {
            Side::Workflow
        };
        if side != self.config.decisions.last_word {
            // The other side may say something else within one comparison of both.
            let interval = self.config.sync.interval;
            let until = interval.after(self.cx, &self.config.calendar, ruling.seen_at, 100)?;
            if self.cx.now() < until {
                return Ok(None);
            }
        }
        if ruling.approved && self.config.close.require_all_resolved && !state.unresolved.is_empty()
        {
            let open = state.unresolved.len();
            let words = format!("approved, but {open} comments are not resolved");
            state.desk.show(self.cx, &[Field::new("blocked", words)])?;
            return Ok(None);
        }
        let fields = [
            (
                "review_state",
                Value::text(if ruling.approved {
                    "approved"
                } else {
                    "rejected"
                }),
            ),
            ("reviewed_by", Value::text(&ruling.by)),
            ("reviewed_at", Value::Timestamp(self.cx.now())),
        ];
        self.write_fields(asset, &fields)?;
        self.tell_panel(state, ruling.approved)?;
        let rounds = match state.round {
            1 => "1 round".to_owned(),
            rounds => format!("{rounds} rounds"),
        };
        if ruling.approved {
            if self.config.close.promote_version && self.cx.available(DAM, interfaces::VERSIONS) {
                match self.cx.versions().promote(&state.asset, &state.version) {
                    Err(error) if error.is_unsupported() => {}
                    other => other?,
                }
            }
            let summary = format!("{}, {rounds}, by {}", state.version, ruling.by);
            return Ok(Some(("approved", summary)));
        }
        let summary = format!("{}, {rounds}, by {}", state.version, ruling.by);
        Ok(Some(("rejected", summary)))
    }

    fn tell_panel(&self, state: &State, approved: bool) -> Result<(), Error> {
        if !self.cx.available(DAM, interfaces::APPROVALS) {
            return Ok(());
        }
        let decision = if approved {
            ApprovalStatus::Approved
        } else {
            ApprovalStatus::NotApproved
        };
        match self
            .cx
            .approvals()
            .decide(&state.asset, &state.version, decision)
        {
            Err(error) if error.is_unsupported() => Ok(()),
            other => other.map(drop),
        }
    }
}

/// The version stands in the id, so that a late answer says what it is about.
fn question_id(state: &State) -> String {
    format!("review:{}@{}", state.question, state.version)
}
