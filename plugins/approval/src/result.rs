//! The result of a review: what it means, and what is written.

use forebay_sdk::assets::{
    ApprovalRequest, ApprovalStatus, Asset, AssetStatus, AssetUpdate, Draft,
};
use forebay_sdk::workflow::{Decision, Process, StartRequest, TaskQuery};
use forebay_sdk::{Error, FieldsExt, Step, Timestamp, Value, time};

use crate::config::Verdict;
use crate::course::Course;
use crate::people::text_or_none;
use crate::state::{PastReview, Phase, PlannedStage, Rework, State};

impl Course<'_> {
    /// The review process has come to its end, with this asset before us.
    pub(crate) fn decided(
        &self,
        mut state: State,
        asset: &Asset,
        process: &Process,
    ) -> Result<Step<State>, Error> {
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
                "the uploader decided the own upload (task {}), which four_eyes forbids",
                decision.task
            );
            return Ok(Step::park(state, reason));
        }
        self.record_decisions(&state, process);
        let reviewed = state.review().map(|review| review.version.clone()).unwrap_or_default();
        state.past.push(PastReview {
            process: process.id.clone(),
            version: reviewed.clone(),
            result: word,
        });
        if reviewed != asset.version {
            // The decision was about an older version; the new one is reviewed on its own.
            let mut record = self.record("decision-on-superseded-version", "system", &state);
            record.version = Some(reviewed);
            self.cx.decision(&record);
            state.phase = Phase::New;
            return self.look_again(state);
        }
        let decisions = &process.decisions;
        match verdict {
            Verdict::Approved => self.approve(state, asset, decisions, "approved by all stages"),
            Verdict::ApprovedWithConditions => {
                let conditions = process.variables.text("conditions").unwrap_or_default();
                let summary = format!("approved with conditions: {conditions}");
                self.approve(state, asset, decisions, &summary)
            }
            Verdict::Rejected => {
                let code = process.variables.text("reasonCode").unwrap_or_default();
                let comment = process.variables.text("comment").unwrap_or_default();
                let reason = [code, comment].into_iter().filter(|part| !part.is_empty());
                let reason = reason.collect::<Vec<_>>().join(": ");
                self.reject(state, asset, decisions, &reason)
            }
            Verdict::ChangesRequested => self.ask_for_changes(state, asset, process),
        }
    }

    /// A decision that the uploader made, under the four-eyes rule.
    fn own_decision<'a>(&self, state: &State, process: &'a Process) -> Option<&'a Decision> {
        let uploader = self.workflow_user(state.uploader.as_deref())?;
        let mut decisions = process.decisions.iter();
        decisions.find(|decision| self.config.four_eyes && decision.by.as_ref() == Some(&uploader))
    }

    fn record_decisions(&self, state: &State, process: &Process) {
        for decision in &process.decisions {
            let actor = decision.by.as_deref().unwrap_or("unknown");
            let mut record = self.record("decision", actor, state);
            record.task = Some(decision.task.clone());
            record.decision = Some(decision.outcome.clone());
            record.comment = Some(decision.comment.clone()).filter(|text| !text.is_empty());
            record.reason_code = decision.variables.text("reasonCode").map(str::to_owned);
            record.rule = state.review().and_then(|review| {
                let stage = review.stages.iter().find(|stage| stage.name == decision.name)?;
                let groups = stage.groups.iter();
                let group = groups.clone().find(|group| Some(&group.group) == decision.group.as_ref());
                Some(group.or(groups.clone().next())?.rule.clone())
            });
            record.details.push(forebay_sdk::Field::new("stage", decision.name.as_str()));
            if let Some(other) = &decision.on_behalf_of {
                record.details.push(forebay_sdk::Field::new("on-behalf-of", other.as_str()));
            }
            self.cx.decision(&record);
        }
    }

    /// Release the asset.
    pub(crate) fn approve(
        &self,
        mut state: State,
        asset: &Asset,
        decisions: &[Decision],
        summary: &str,
    ) -> Result<Step<State>, Error> {
        let release = &self.config.on_approved;
        let mut update = self.review_update("approved", asset, decisions, summary);
        if release.status {
            update = update.status(AssetStatus::Approved);
        }
        if let Some(end) = self.end_of_rights(asset, release.set_expiry_from.as_deref())? {
            update = update.expires_at(end);
        }
        self.write(asset, update)?;
        if let Some(template) = &release.access_template {
            self.cx.access().apply(&asset.id, template)?;
        }
        self.put_in(asset, &release.add_to_collections)?;
        self.decide_in_panel(&state, ApprovalStatus::Approved)?;
        self.announce(&mut state, "approved", summary)?;
        state.phase = Phase::Done;
        Ok(Step::complete(state, "approved", summary))
    }

    /// Keep the asset back.
    pub(crate) fn reject(
        &self,
        mut state: State,
        asset: &Asset,
        decisions: &[Decision],
        reason: &str,
    ) -> Result<Step<State>, Error> {
        let rejection = &self.config.on_rejected;
        let mut update = self.review_update("rejected", asset, decisions, reason);
        if rejection.status {
            update = update.status(AssetStatus::Restricted);
        }
        self.write(asset, update)?;
        if let Some(template) = &rejection.access_template {
            self.cx.access().apply(&asset.id, template)?;
        }
        self.put_in(asset, &rejection.add_to_collections)?;
        if !rejection.keep_in_place {
            let places: Vec<_> = asset.containers.iter().map(|place| &place.entity.id).collect();
            for place in places {
                self.cx.collections().remove(place, &asset.id)?;
            }
        }
        self.decide_in_panel(&state, ApprovalStatus::NotApproved)?;
        self.announce(&mut state, "rejected", reason)?;
        state.phase = Phase::Done;
        Ok(Step::complete(state, "rejected", reason))
    }

    fn ask_for_changes(
        &self,
        mut state: State,
        asset: &Asset,
        process: &Process,
    ) -> Result<Step<State>, Error> {
        let comment = process.variables.text("comment").unwrap_or_default().to_owned();
        let wait = self.config.changes_requested.wait_for_new_version;
        let deadline = wait.after(self.cx, &self.config.calendar, self.cx.now(), 100)?;
        self.write(asset, self.review_update("changes-requested", asset, &process.decisions, &comment))?;
        let key = format!("{}:{}:rework", self.cx.business_key(), asset.version);
        let title = format!("Changes requested: {}", asset.name);
        let to = match self.workflow_user(asset.created_by.as_deref()) {
            Some(user) => ("assignee", user),
            None => ("group", self.config.fallback_group.clone()),
        };
        let request = StartRequest::new(&self.config.process.rework_definition, key, &title)
            .variable(to.0, to.1)
            .variable("title", title.as_str())
            .variable("message", comment.as_str())
            .variable("due", deadline);
        state.phase = Phase::Rework(Rework {
            process: self.cx.workflow().start(&request)?.process.id,
            version: asset.version.clone(),
            stage: process.variables.text("outcomeStage").map(str::to_owned),
            comment,
            deadline,
        });
        self.wait(state)
    }

    /// The deadline for a new version has passed.
    pub(crate) fn no_new_version(&self, state: State) -> Result<Step<State>, Error> {
        let Phase::Rework(rework) = &state.phase else { return self.wait(state) };
        let reason = format!("no-response: {}", rework.comment);
        self.cx.workflow().cancel(&rework.process, "no new version came")?;
        match self.present(&state)? {
            Some(asset) if asset.version == rework.version => self.reject(state, &asset, &[], &reason),
            _ => self.look_again(state),
        }
    }

    /// The fields that every result writes.
    fn review_update(
        &self,
        review_state: &str,
        asset: &Asset,
        decisions: &[Decision],
        comment: &str,
    ) -> AssetUpdate {
        let mut people: Vec<_> =
            decisions.iter().filter_map(|decision| decision.by.as_deref()).collect();
        people.dedup();
        self.field_update(&[
            ("review_state", Value::text(review_state)),
            ("review_comment", text_or_none(comment.to_owned())),
            ("reviewed_by", text_or_none(people.join(", "))),
            ("reviewed_at", Value::text(time::to_rfc3339(self.cx.now()))),
            ("reviewed_version", Value::text(asset.version.as_str())),
            ("review_run", Value::text(self.cx.run_id())),
        ])
    }

    /// An update of logical fields; one that is mapped to an empty name is not written.
    pub(crate) fn field_update(&self, fields: &[(&str, Value)]) -> AssetUpdate {
        let mut update = AssetUpdate::default();
        for (logical, value) in fields {
            let name = self.config.fields.name(logical);
            if !name.is_empty() {
                update = update.field(name, value.clone());
            }
        }
        update
    }

    /// The end of rights that a date field names: the end of that day.
    fn end_of_rights(
        &self,
        asset: &Asset,
        field: Option<&str>,
    ) -> Result<Option<Timestamp>, Error> {
        let value = field.and_then(|name| self.config.fields.value(&asset.fields, name));
        match value {
            None => Ok(None),
            Some(Value::Timestamp(at)) => Ok(Some(*at)),
            Some(value) => {
                let text = value.to_plain();
                let end = time::start_of_date(&text)
                    .map(|start| start + time::DAY - time::SECOND)
                    .or_else(|| time::parse_lenient(&text));
                end.map(Some).ok_or_else(|| {
                    Error::invalid(format!("`{text}` is not a date"))
                        .with_field(field.unwrap_or_default())
                })
            }
        }
    }

    /// Put the asset into collections; `{field}` in a path stands for a logical field's value.
    fn put_in(&self, asset: &Asset, paths: &[String]) -> Result<(), Error> {
        for template in paths {
            let path = self.fill(template, asset)?;
            let collection = self.cx.collections().create(&path)?;
            self.cx.collections().add(&collection.id, &asset.id)?;
        }
        Ok(())
    }

    fn fill(&self, template: &str, asset: &Asset) -> Result<String, Error> {
        let mut filled = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, behind) = after.split_once('}').ok_or_else(|| {
                Error::invalid(format!("the path `{template}` has an open brace"))
            })?;
            let value = self.config.fields.value(&asset.fields, name).ok_or_else(|| {
                Error::invalid(format!("the asset has no {name}, which the path `{template}` needs"))
                    .with_field(name)
            })?;
            filled.push_str(before);
            filled.push_str(&value.to_plain());
            rest = behind;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    /// Take the asset out of the collections of these paths.
    pub(crate) fn take_out(&self, state: &State, paths: &[String]) -> Result<(), Error> {
        for path in paths {
            if let Some(collection) = self.cx.collections().find(path)? {
                self.cx.collections().remove(&collection.id, &state.asset)?;
            }
        }
        Ok(())
    }

    /// Tell everybody who is to be told, once.
    fn announce(&self, state: &mut State, result: &str, words: &str) -> Result<(), Error> {
        let message = format!("\"{}\" is {result}: {words}", state.name);
        if self.config.notify.version_comment {
            self.comment(state, &message)?;
        }
        if self.config.notify.uploader {
            let key = format!("{}:{}:notice", self.cx.business_key(), state.version);
            let person = self.workflow_user(state.uploader.as_deref());
            let title = format!("{}: {result}", state.name);
            let group = &self.config.fallback_group;
            state.notice = Some(self.tell(&key, person, group, &title, &message)?);
        }
        self.tell_channels(&message);
        Ok(())
    }

    /// A comment where the DAM has a place for one: on the version, or beside the asset.
    fn comment(&self, state: &State, text: &str) -> Result<(), Error> {
        use forebay_sdk::handler::interfaces;
        if self.cx.available(crate::DAM, interfaces::VERSIONS) {
            return self.cx.versions().comment(&state.asset, &state.version, text);
        }
        if self.cx.available(crate::DAM, interfaces::COMMENTS) {
            let draft = Draft {
                version: Some(state.version.clone()),
                parent: None,
                text: text.to_owned(),
                span: None,
                external_id: format!("{}:{}:result", self.cx.run_id(), state.version),
            };
            self.cx.comments().add(&state.asset, &draft)?;
        }
        Ok(())
    }

    // ---- The DAM's own approval panel ---------------------------------------------------------

    /// Ask for an approval in the panel, so that people see there what is going on.
    pub(crate) fn ask_in_panel(&self, state: &State, stages: &[PlannedStage]) -> Result<(), Error> {
        if !self.config.dam_decisions.mirror {
            return Ok(());
        }
        let reviewers = &self.config.dam_decisions.reviewers;
        let users = stages.iter().filter_map(|stage| reviewers.get(&stage.name)).flatten();
        let request = ApprovalRequest {
            users: users.cloned().collect(),
            groups: Vec::new(),
            quorum: 0,
        };
        self.cx.approvals().request(&state.asset, &state.version, &request).map(|_| ())
    }

    fn decide_in_panel(&self, state: &State, decision: ApprovalStatus) -> Result<(), Error> {
        if !self.config.dam_decisions.mirror {
            return Ok(());
        }
        self.cx.approvals().decide(&state.asset, &state.version, decision).map(|_| ())
    }

    /// Somebody voted in the panel: mirror it to the open tasks of the stages the voter may decide.
    pub(crate) fn panel_decided(&self, state: &State) -> Result<(), Error> {
        let Some(review) = state.review() else { return Ok(()) };
        if !self.config.dam_decisions.mirror {
            return Ok(());
        }
        let approval = self.cx.approvals().get(&state.asset, &review.version)?;
        if approval.status == ApprovalStatus::Mixed {
            let key = format!("{}:mixed", review.business_key);
            let message =
                format!("Reviewers of \"{}\" disagree in the DAM. Decide its review.", state.name);
            let group = &self.config.coordinator_group;
            self.tell(&key, None, group, "Reviewers disagree", &message)?;
            return Ok(());
        }
        if !self.config.dam_decisions.accept {
            return Ok(());
        }
        let query = TaskQuery { process: Some(review.process.clone()), ..TaskQuery::default() };
        for task in self.cx.tasks().list(&query)?.tasks {
            let reviewers = self.config.dam_decisions.reviewers.get(&task.name);
            let vote = approval.votes.iter().find(|vote| {
                reviewers.is_some_and(|reviewers| reviewers.contains(&vote.voter))
            });
            let outcome = match vote.map(|vote| vote.status) {
                Some(ApprovalStatus::Approved) => "approved",
                Some(ApprovalStatus::NotApproved) => "rejected",
                _ => continue,
            };
            let comment = format!(
                "decided in the DAM by {}",
                vote.map(|vote| vote.voter.as_str()).unwrap_or_default()
            );
            let variables = [forebay_sdk::Field::new("comment", comment)];
            self.cx.tasks().complete(&task.id, outcome, &variables)?;
        }
        Ok(())
    }
}
