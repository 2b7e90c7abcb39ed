//! The result of a review: what it means, and what is done about it.

use forebay_sdk::assets::{ApprovalStatus, Asset, AssetStatus, AssetUpdate, Container};
use forebay_sdk::blocks::{enabled_user, end_of, field_update, text_or_none};
use forebay_sdk::workflow::{Decision, Process, StartRequest};
use forebay_sdk::{Error, Field, FieldsExt, Timestamp, Value, time};

use super::Steps;
use crate::config::Verdict;
use crate::state::{Rework, State};

/// What a review came to.
pub(crate) struct Ruling<'a> {
    /// Is the asset released?
    approved: bool,
    /// In words; for a person's refusal with the reason code in front.
    words: String,
    /// What people decided.
    decisions: &'a [Decision],
    /// The end of rights that reviewers asked for.
    expiry: Option<Timestamp>,
}

/// What is done about a ruling.
pub(crate) struct Settlement<'a> {
    /// Outcome of the run.
    pub(crate) outcome: &'static str,
    /// Why, in words.
    pub(crate) words: String,
    /// What is written to the asset.
    pub(crate) update: AssetUpdate,
    /// Access template it gets.
    pub(crate) template: Option<&'a str>,
    /// Collections it is taken out of.
    pub(crate) leaves: &'a [Container],
    /// Paths of collections it is put into.
    pub(crate) enters: Vec<String>,
    /// What the DAM's approval panel shows.
    pub(crate) vote: ApprovalStatus,
}

/// What is done where changes are requested.
pub(crate) struct Changes {
    /// What is written to the asset.
    pub(crate) update: AssetUpdate,
    /// What is asked for.
    comment: String,
    /// The stage that asks.
    stage: Option<String>,
    /// Until when.
    deadline: Timestamp,
}

impl<'a> Ruling<'a> {
    /// A rule releases the asset.
    pub(crate) fn approved_by_rule() -> Self {
        Self {
            approved: true,
            words: "approved by rule".to_owned(),
            decisions: &[],
            expiry: None,
        }
    }

    /// The configuration refuses the asset, for this reason.
    pub(crate) fn refused_by_rule(why: &str) -> Self {
        Self {
            approved: false,
            words: why.to_owned(),
            decisions: &[],
            expiry: None,
        }
    }

    /// People refused the asset.
    pub(crate) fn refused(process: &'a Process) -> Self {
        let said = ["reasonCode", "comment"].map(|name| process.variables.text(name));
        let said: Vec<_> = said
            .into_iter()
            .flatten()
            .filter(|text| !text.is_empty())
            .collect();
        Self {
            approved: false,
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

impl Steps<'_> {
    /// What the review came to; or why an operator must look, before anything is written or recorded.
    pub(crate) fn verdict(
        &self,
        state: &State,
        asset: &Asset,
        process: &Process,
    ) -> Result<Verdict, String> {
        let word = process.outcome.as_deref().unwrap_or_default();
        let verdict = self.config.process.outcome_map.get(word).copied();
        let verdict = verdict.ok_or_else(|| {
            format!(
                "the review process {} ended with `{word}`, which is not in process.outcome_map; the asset stays as it is",
                process.id
            )
        })?;
        if let Some(decision) = own_decision(state, process) {
            return Err(format!(
                "{} decided about the own work (task {}), which four_eyes forbids",
                decision.by.as_deref().unwrap_or_default(),
                decision.task
            ));
        }
        if state.reviewed_version() == asset.version {
            self.can_write(asset, verdict, process)
                .map_err(|error| format!("{}; mend it, then retry the run", error.message()))?;
        }
        Ok(verdict)
    }

    /// People released the asset. Fails where they named an end of rights that is no date.
    pub(crate) fn approved<'p>(&self, process: &'p Process) -> Result<Ruling<'p>, Error> {
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
        Ok(Ruling {
            approved: true,
            words,
            decisions: &process.decisions,
            expiry: expiry.map(|value| self.end_of(value)).transpose()?,
        })
    }

    /// The end that a date or a point in time names (rule C-23).
    fn end_of(&self, value: &Value) -> Result<Timestamp, Error> {
        end_of(self.cx, &self.config.calendar, value)
    }

    /// Is everything there that the result needs? Asked before anything is written or recorded, so
    /// that a missing value releases nothing by half.
    fn can_write(&self, asset: &Asset, verdict: Verdict, process: &Process) -> Result<(), Error> {
        let (release, rejection) = (&self.config.on_approved, &self.config.on_rejected);
        match verdict {
            Verdict::Approved | Verdict::ApprovedWithConditions => {
                self.approved(process)?;
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

    /// Say in the audit that the result is about a version that is not the current one any more.
    pub(crate) fn record_superseded_decision(&self, state: &State) {
        self.cx
            .decision(&self.record("decision-on-superseded-version", "system", state));
    }

    /// Say in the audit who decided what.
    pub(crate) fn record_decisions(&self, state: &State, process: &Process) {
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

    /// What is done about a ruling. All that it needs is asked for here, before anything is written.
    pub(crate) fn result<'a>(
        &'a self,
        asset: &'a Asset,
        ruling: Ruling<'_>,
    ) -> Result<Settlement<'a>, Error> {
        match ruling.approved {
            true => self.release(asset, ruling),
            false => self.rejection(asset, ruling),
        }
    }

    fn release<'a>(
        &'a self,
        asset: &'a Asset,
        ruling: Ruling<'_>,
    ) -> Result<Settlement<'a>, Error> {
        let release = &self.config.on_approved;
        let enters = self.filled_paths(asset, &release.add_to_collections)?;
        let mut update = self.review_update("approved", asset, &ruling);
        if release.status {
            update = update.status(AssetStatus::Approved);
        }
        let licence = self.end_of_rights(asset, release.set_expiry_from.as_deref())?;
        if let Some(end) = licence.into_iter().chain(ruling.expiry).min() {
            update = update.expires_at(end);
        }
        Ok(Settlement {
            outcome: "approved",
            words: ruling.words,
            update,
            template: release.access_template.as_deref(),
            leaves: &[],
            enters,
            vote: ApprovalStatus::Approved,
        })
    }

    fn rejection<'a>(
        &'a self,
        asset: &'a Asset,
        ruling: Ruling<'_>,
    ) -> Result<Settlement<'a>, Error> {
        let rejection = &self.config.on_rejected;
        let enters = self.filled_paths(asset, &rejection.add_to_collections)?;
        let mut update = self.review_update("rejected", asset, &ruling);
        if rejection.status {
            update = update.status(AssetStatus::Restricted);
        }
        Ok(Settlement {
            outcome: "rejected",
            words: ruling.words,
            update,
            template: rejection.access_template.as_deref(),
            leaves: match rejection.keep_in_place {
                true => &[],
                false => &asset.containers,
            },
            enters,
            vote: ApprovalStatus::NotApproved,
        })
    }

    // ---- Changes --------------------------------------------------------------------------------

    /// What is done where people requested changes.
    pub(crate) fn changes(&self, asset: &Asset, process: &Process) -> Result<Changes, Error> {
        let ruling = Ruling::refused(process);
        let wait = self.config.changes_requested.wait_for_new_version;
        let deadline = wait.after(self.cx, &self.config.calendar, self.cx.now(), 100)?;
        Ok(Changes {
            update: self.review_update("changes-requested", asset, &ruling),
            comment: ruling.words,
            stage: process.variables.text("outcomeStage").map(str::to_owned),
            deadline,
        })
    }

    /// Ask the uploader for a new version.
    pub(crate) fn ask_for_rework(
        &self,
        state: &State,
        asset: &Asset,
        changes: Changes,
    ) -> Result<Rework, Error> {
        let task = self.rework_task(state, asset)?;
        let task = task
            .variable("message", changes.comment.as_str())
            .variable("due", changes.deadline);
        Ok(Rework {
            process: self.cx.workflow().start(&task)?.process.id,
            version: asset.version.clone(),
            stage: changes.stage,
            comment: changes.comment,
            deadline: changes.deadline,
        })
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

    /// The fields that every result writes.
    fn review_update(&self, review_state: &str, asset: &Asset, ruling: &Ruling<'_>) -> AssetUpdate {
        let fields = [
            ("review_state", Value::text(review_state)),
            ("review_comment", text_or_none(ruling.words.clone())),
            ("reviewed_by", text_or_none(ruling.people())),
            ("reviewed_at", Value::text(time::to_rfc3339(self.cx.now()))),
            ("reviewed_version", Value::text(asset.version.as_str())),
            ("review_run", Value::text(self.cx.run_id())),
        ];
        field_update(&self.config.fields, &fields)
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
            .map(|value| self.end_of(value))
            .transpose()
            .map_err(|error| error.with_field(field))
    }
}

/// A decision by somebody whom the four-eyes rule excludes.
fn own_decision<'a>(state: &State, process: &'a Process) -> Option<&'a Decision> {
    let excluded = &state.review()?.excluded;
    let mut decisions = process.decisions.iter();
    decisions.find(|decision| decision.by.as_ref().is_some_and(|by| excluded.contains(by)))
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
