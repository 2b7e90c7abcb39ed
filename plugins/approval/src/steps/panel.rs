//! The DAM's own approval panel: what people see there, and votes they give there.

use forebay_sdk::assets::{Approval, ApprovalRequest, ApprovalStatus, Vote};
use forebay_sdk::workflow::Task;
use forebay_sdk::{Error, Field};

use super::Steps;
use crate::state::{Phase, PlannedStage, Review, State};

/// Event: somebody voted in the panel.
pub(crate) const VOTED: &str = "approval.changed";

/// What votes in the panel come to.
pub(crate) enum Votes {
    /// Reviewers disagree.
    Disagree,
    /// Votes are there that may count.
    Count(Approval),
}

impl Steps<'_> {
    /// Ask for an approval in the panel, so that people see there what is going on.
    pub(crate) fn ask_in_panel(&self, state: &State, stages: &[PlannedStage]) -> Result<(), Error> {
        if !self.config.dam_decisions.mirror {
            return Ok(());
        }
        let reviewers = &self.config.dam_decisions.reviewers;
        let users = stages
            .iter()
            .filter_map(|stage| reviewers.get(&stage.name))
            .flatten();
        let mut request = ApprovalRequest {
            users: users.cloned().collect(),
            groups: Vec::new(),
            quorum: 0,
        };
        request.users.sort();
        request.users.dedup();
        self.cx
            .approvals()
            .request(&state.asset, &state.version, &request)
            .map(|_| ())
    }

    /// Write the result of the review to the panel.
    pub(crate) fn decide_in_panel(
        &self,
        state: &State,
        decision: ApprovalStatus,
    ) -> Result<(), Error> {
        if !self.config.dam_decisions.mirror {
            return Ok(());
        }
        self.cx
            .approvals()
            .decide(&state.asset, &state.version, decision)
            .map(|_| ())
    }

    /// The votes about the version under review. None where the panel is not looked at, or where nobody
    /// said anything that counts.
    pub(crate) fn votes(&self, state: &State) -> Result<Option<Votes>, Error> {
        let Some(review) = state.review() else {
            return Ok(None);
        };
        if !self.config.dam_decisions.mirror {
            return Ok(None);
        }
        let approval = self.cx.approvals().get(&state.asset, &review.version)?;
        if approval.status == ApprovalStatus::Mixed {
            return Ok(Some(Votes::Disagree));
        }
        // An asset leaves its batch only for a vote that counts.
        let count = match review.batch {
            Some(_) => self.counts(&approval),
            None => self.config.dam_decisions.accept,
        };
        Ok(count.then_some(Votes::Count(approval)))
    }

    /// Did somebody vote whose vote counts?
    fn counts(&self, approval: &Approval) -> bool {
        let decisions = &self.config.dam_decisions;
        let listed = |vote: &Vote| {
            let mut reviewers = decisions.reviewers.values();
            reviewers.any(|reviewers| reviewers.contains(&vote.voter))
        };
        decisions.accept && approval.votes.iter().any(listed)
    }

    /// The coordinator gets the open tasks and is told why, once.
    pub(crate) fn ask_coordinator(&self, state: &mut State) -> Result<(), Error> {
        let Some(review) = state.review().filter(|review| !review.coordinated) else {
            return Ok(());
        };
        let group = &self.config.coordinator_group;
        for task in self.open_tasks(&review.process)? {
            self.cx.tasks().reassign(&task.id, group)?;
        }
        let key = format!("{}:mixed", review.business_key);
        let message = format!(
            "Reviewers of \"{}\" disagree in the DAM. Decide its open review tasks.",
            state.name
        );
        self.tell(&key, None, group, "Reviewers disagree", &message)?;
        self.cx
            .decision(&self.record("reviewers-disagree", "system", state));
        if let Some(review) = state.review_mut() {
            review.coordinated = true;
        }
        Ok(())
    }

    /// One vote decides one task: a vote is never counted twice, and under the policies `all` and
    /// `quorum` a stage needs as many of them as it needs groups.
    pub(crate) fn decide_by_votes(
        &self,
        state: &mut State,
        approval: &Approval,
    ) -> Result<(), Error> {
        let Some(mut review) = state.review().cloned() else {
            return Ok(());
        };
        for vote in &approval.votes {
            let outcome = match vote.status {
                ApprovalStatus::Approved => "approved",
                ApprovalStatus::NotApproved => "rejected",
                _ => continue,
            };
            let Some(task) = self.task_for(&review, vote)? else {
                continue;
            };
            review
                .mirrored
                .push(format!("{}: {}", task.name, vote.voter));
            let excluded = self.workflow_user(Some(&vote.voter));
            if excluded.is_some_and(|voter| review.excluded.contains(&voter)) {
                let mut record = self.record("ignored", &vote.voter, state);
                record.comment = Some("voted in the DAM on the own work".to_owned());
                self.cx.decision(&record);
                continue;
            }
            let comment = format!("decided in the DAM by {}", vote.voter);
            match self
                .cx
                .tasks()
                .complete(&task.id, outcome, &[Field::new("comment", comment)])
            {
                Err(error) if error.is_conflict() || error.is_not_found() => continue, // decided there
                answer => answer?,
            }
            let mut record = self.record("dam-vote", &vote.voter, state);
            record.decision = Some(outcome.to_owned());
            record.task = Some(task.id);
            record.details.push(Field::new("stage", task.name));
            self.cx.decision(&record);
            if outcome == "rejected" {
                break;
            }
        }
        state.phase = Phase::Review(review);
        Ok(())
    }

    /// The open task that a vote decides: of a stage whose reviewer the voter is and where the vote
    /// was not counted yet.
    fn task_for(&self, review: &Review, vote: &Vote) -> Result<Option<Task>, Error> {
        let mut open = self.open_tasks(&review.process)?.into_iter();
        Ok(open.find(|task| {
            let reviewers = self.config.dam_decisions.reviewers.get(&task.name);
            let counted = format!("{}: {}", task.name, vote.voter);
            reviewers.is_some_and(|reviewers| reviewers.contains(&vote.voter))
                && !review.mirrored.contains(&counted)
        }))
    }
}
