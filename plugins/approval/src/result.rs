//! The result of a review: what it means, and what is done about it.

use forebay_sdk::assets::{ApprovalStatus, Asset, AssetStatus, AssetUpdate};
use forebay_sdk::blocks::{enabled_user, text_or_none};
use forebay_sdk::workflow::{Decision, Process, StartRequest};
use forebay_sdk::{Error, Field, FieldsExt, Step, Timestamp, Value, time};

use crate::config::Verdict;
use crate::course::{Course, Next};
use crate::state::{PastReview, Phase, Rework, State};
use crate::writing::{Written, end_of};

/// What a review came to, as it is written to the asset.
pub(crate) struct Ruling<'a> {
    /// In words; for a person's refusal with the reason code in front.
    words: String,
    /// What people decided.
    decisions: &'a [Decision],
    /// The end of rights that reviewers asked for.
    expiry: Option<Timestamp>,
}

impl<'a> Ruling<'a> {
    /// A result that no person decided.
    pub(crate) fn of_rule(words: &str) -> Self {
        Self {
            words: words.to_owned(),
            decisions: &[],
            expiry: None,
        }
    }

    fn approved(process: &'a Process) -> Result<Self, Error> {
        let expiry = process
            .variables
            .value("expiry")
            .filter(|value| !value.is_empty());
        let words = match process
            .variables
            .text("conditions")
            .filter(|text| !text.is_empty())
        {
            Some(conditions) => format!("approved with conditions: {conditions}"),
            None => "approved by all stages".to_owned(),
        };
        Ok(Self {
            words,
            decisions: &process.decisions,
            expiry: expiry.map(end_of).transpose()?,
        })
    }

    fn refused(process: &'a Process) -> Self {
        let said = ["reasonCode", "comment"].map(|name| process.variables.text(name));
        let said: Vec<_> = said
            .into_iter()
            .flatten()
            .filter(|text| !text.is_empty())
            .collect();
        Self {
            words: said.join(": "),
            decisions: &process.decisions,
            expiry: None,
        }
    }

    /// Who decided, each once.
    fn people(&self) -> String {
        let mut people: Vec<&str> = Vec::new();
        for person in self
            .decisions
            .iter()
            .filter_map(|decision| decision.by.as_deref())
        {
            if !people.contains(&person) {
                people.push(person);
            }
        }
        people.join(", ")
    }
}

impl Course<'_> {
    /// The review process has come to its end, with this asset before us.
    pub(crate) fn decided(&self, mut state: State, asset: &Asset, process: &Process) -> Next {
        let word = process.outcome.clone().unwrap_or_default();
        let Some(verdict) = self.config.process.outcome_map.get(&word).copied() else {
            let reason = format!(
                "the review process {} ended with `{word}`, which is not in process.outcome_map; the asset stays as it is",
                process.id
            );
            return Ok(Step::park(state, reason));
        };
        if let Some(decision) = self.own_decision(&state, process) {
            let reason = format!(
                "{} decided about the own work (task {}), which four_eyes forbids",
                decision.by.as_deref().unwrap_or_default(),
                decision.task
            );
            return Ok(Step::park(state, reason));
        }
        let reviewed = state.review().map(|review| review.version.clone());
        let reviewed = reviewed.unwrap_or_default();
        if reviewed == asset.version
            && let Err(error) = self.can_write(asset, verdict, process)
        {
            let reason = format!("{}; mend it, then retry the run", error.message());
            return Ok(Step::park(state, reason));
        }
        self.record_decisions(&state, process);
        self.withdraw_question(&mut state, "the review has ended")?;
        let past = PastReview {
            process: process.id.clone(),
            version: reviewed.clone(),
            result: word,
        };
        state.past.push(past);
        if reviewed != asset.version {
            return self.overtaken(state);
        }
        match verdict {
            Verdict::Approved | Verdict::ApprovedWithConditions => {
                self.approve(state, asset, &Ruling::approved(process)?)
            }
            Verdict::Rejected => self.reject(state, asset, &Ruling::refused(process)),
            Verdict::ChangesRequested => self.ask_for_changes(state, asset, process),
        }
    }

    /// Is everything there that the result needs? Asked before anything is written or recorded, so
    /// that a missing value releases nothing by half.
    fn can_write(&self, asset: &Asset, verdict: Verdict, process: &Process) -> Result<(), Error> {
        let (release, rejection) = (&self.config.on_approved, &self.config.on_rejected);
        match verdict {
            Verdict::Approved | Verdict::ApprovedWithConditions => {
                Ruling::approved(process)?;
                self.end_of_rights(asset, release.set_expiry_from.as_deref())?;
                self.filled_paths(asset, &release.add_to_collections)
                    .map(|_| ())
            }
            Verdict::Rejected => self
                .filled_paths(asset, &rejection.add_to_collections)
                .map(|_| ()),
            Verdict::ChangesRequested => Ok(()),
        }
    }

    /// The result is about a version that is not the current one any more: nothing is written, and
    /// the current one is reviewed on its own.
    fn overtaken(&self, mut state: State) -> Next {
        self.cx
            .decision(&self.record("decision-on-superseded-version", "system", &state));
        state.phase = Phase::New;
        self.look_again(state)
    }

    /// A decision by somebody whom the four-eyes rule excludes.
    fn own_decision<'a>(&self, state: &State, process: &'a Process) -> Option<&'a Decision> {
        let excluded = &state.review()?.excluded;
        let mut decisions = process.decisions.iter();
        decisions.find(|decision| decision.by.as_ref().is_some_and(|by| excluded.contains(by)))
    }

    fn record_decisions(&self, state: &State, process: &Process) {
        for decision in &process.decisions {
            let actor = decision.by.as_deref().unwrap_or("unknown");
            let mut record = self.record("decision", actor, state);
            record.task = Some(decision.task.clone());
            record.decision = Some(decision.outcome.clone());
            record.comment = Some(decision.comment.clone()).filter(|text| !text.is_empty());
            record.reason_code = decision.variables.text("reasonCode").map(str::to_owned);
            record.rule = rule_of(state, decision);
            record
                .details
                .push(Field::new("stage", decision.name.as_str()));
            if let Some(at) = decision.at {
                record
                    .details
                    .push(Field::new("decided-at", Value::Timestamp(at)));
            }
            if let Some(other) = &decision.on_behalf_of {
                record
                    .details
                    .push(Field::new("on-behalf-of", other.as_str()));
            }
            self.cx.decision(&record);
        }
    }

    /// Release the asset.
    pub(crate) fn approve(&self, mut state: State, asset: &Asset, ruling: &Ruling<'_>) -> Next {
        let release = &self.config.on_approved;
        let paths = self.filled_paths(asset, &release.add_to_collections)?;
        let mut update = self.review_update("approved", asset, ruling);
        if release.status {
            update = update.status(AssetStatus::Approved);
        }
        let licence = self.end_of_rights(asset, release.set_expiry_from.as_deref())?;
        if let Some(end) = licence.into_iter().chain(ruling.expiry).min() {
            update = update.expires_at(end);
        }
        if self.write(asset, update)? == Written::Overtaken {
            return self.overtaken(state);
        }
        self.put_template(&state, release.access_template.as_deref())?;
        self.put_in(&state, &paths)?;
        self.decide_in_panel(&state, ApprovalStatus::Approved)?;
        self.announce(&mut state, "approved", &ruling.words)?;
        state.phase = Phase::Done;
        Ok(Step::complete(state, "approved", &ruling.words))
    }

    /// Keep the asset back.
    pub(crate) fn reject(&self, mut state: State, asset: &Asset, ruling: &Ruling<'_>) -> Next {
        let rejection = &self.config.on_rejected;
        let paths = self.filled_paths(asset, &rejection.add_to_collections)?;
        let mut update = self.review_update("rejected", asset, ruling);
        if rejection.status {
            update = update.status(AssetStatus::Restricted);
        }
        if self.write(asset, update)? == Written::Overtaken {
            return self.overtaken(state);
        }
        self.put_template(&state, rejection.access_template.as_deref())?;
        if !rejection.keep_in_place {
            for place in &asset.containers {
                self.cx.collections().remove(&place.entity.id, &asset.id)?;
            }
        }
        self.put_in(&state, &paths)?;
        self.decide_in_panel(&state, ApprovalStatus::NotApproved)?;
        self.announce(&mut state, "rejected", &ruling.words)?;
        state.phase = Phase::Done;
        Ok(Step::complete(state, "rejected", &ruling.words))
    }

    /// Ask the uploader for a new version, and wait for it.
    fn ask_for_changes(&self, mut state: State, asset: &Asset, process: &Process) -> Next {
        let ruling = Ruling::refused(process);
        let wait = self.config.changes_requested.wait_for_new_version;
        let deadline = wait.after(self.cx, &self.config.calendar, self.cx.now(), 100)?;
        let update = self.review_update("changes-requested", asset, &ruling);
        if self.write(asset, update)? == Written::Overtaken {
            return self.overtaken(state);
        }
        let task = self.rework_task(&state, asset)?;
        let task = task
            .variable("message", ruling.words.as_str())
            .variable("due", deadline);
        state.phase = Phase::Rework(Rework {
            process: self.cx.workflow().start(&task)?.process.id,
            version: asset.version.clone(),
            stage: process.variables.text("outcomeStage").map(str::to_owned),
            comment: ruling.words,
            deadline,
        });
        self.wait(state)
    }

    /// The task that asks for a new version: the uploader's, or a notice to the fallback group where
    /// the workflow engine does not know the uploader.
    fn rework_task(&self, state: &State, asset: &Asset) -> Result<StartRequest, Error> {
        let key = state
            .review()
            .map(|review| format!("{}:rework", review.business_key));
        let key = key.unwrap_or_else(|| self.run_key("rework"));
        let title = format!("Changes requested: {}", asset.name);
        let uploader = self.workflow_user(asset.created_by.as_deref());
        let uploader = enabled_user(self.cx, uploader)?;
        let process = &self.config.process;
        let request = match uploader {
            Some(user) => StartRequest::new(&process.rework_definition, key, &title)
                .variable("assignee", user),
            None => StartRequest::new(&process.notice_definition, key, &title)
                .variable("group", self.config.fallback_group.as_str()),
        };
        Ok(request.variable("title", title))
    }

    /// The deadline for a new version has passed.
    pub(crate) fn no_new_version(&self, state: State) -> Next {
        let Phase::Rework(rework) = &state.phase else {
            return self.wait(state);
        };
        match self.present(&state)? {
            Some(asset) if asset.version == rework.version => {
                self.cx
                    .workflow()
                    .cancel(&rework.process, "no new version came")?;
                let reason = format!("no-response: {}", rework.comment);
                self.reject(state, &asset, &Ruling::of_rule(&reason))
            }
            Some(asset) => self.asset_changed(state, &asset),
            None => self.gone(state),
        }
    }

    /// The fields that every result writes.
    fn review_update(&self, review_state: &str, asset: &Asset, ruling: &Ruling<'_>) -> AssetUpdate {
        self.field_update(&[
            ("review_state", Value::text(review_state)),
            ("review_comment", text_or_none(ruling.words.clone())),
            ("reviewed_by", text_or_none(ruling.people())),
            ("reviewed_at", Value::text(time::to_rfc3339(self.cx.now()))),
            ("reviewed_version", Value::text(asset.version.as_str())),
            ("review_run", Value::text(self.cx.run_id())),
        ])
    }

    /// The end of rights that a date field of the asset names.
    fn end_of_rights(
        &self,
        asset: &Asset,
        field: Option<&str>,
    ) -> Result<Option<Timestamp>, Error> {
        let Some(field) = field else { return Ok(None) };
        let value = self.config.fields.value(&asset.fields, field);
        value
            .map(end_of)
            .transpose()
            .map_err(|error| error.with_field(field))
    }
}

/// The rule that chose the group which decided.
fn rule_of(state: &State, decision: &Decision) -> Option<String> {
    let stages = &state.review()?.stages;
    let groups = &stages
        .iter()
        .find(|stage| stage.name == decision.name)?
        .groups;
    let group = groups
        .iter()
        .find(|group| Some(&group.group) == decision.group.as_ref());
    Some(group.or(groups.first())?.rule.clone())
}
