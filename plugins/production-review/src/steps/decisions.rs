//! Decisions: a decision counts for the version it was made about, wherever people make it.

use forebay_sdk::assets::{ApprovalRequest, ApprovalStatus, Asset};
use forebay_sdk::blocks::Answer;
use forebay_sdk::handler::interfaces;
use forebay_sdk::{Error, Field, Value};

use super::Steps;
use crate::DAM;
use crate::config::{Side, Source};
use crate::state::{Ruling, State};

/// A decision in the DAM's approval panel.
pub(crate) struct Vote {
    /// Approved?
    pub(crate) approved: bool,
    /// Who decided.
    pub(crate) by: String,
}

impl Steps<'_> {
    // ---- What people decide ---------------------------------------------------------------------

    /// Say in the audit who answered what. Tells whether it is about the version under review.
    pub(crate) fn record_answer(&self, state: &State, answer: &Answer) -> bool {
        let mut record = answer.record(&state.desk.process);
        record.asset = Some(state.asset.clone());
        let about = answer.question.split_once('@').map(|(_, version)| version);
        record.version = about.map(str::to_owned);
        let counts = about == Some(state.version.as_str());
        if counts {
            record.checksum.clone_from(&state.checksum);
        } else {
            record.action = "decision-on-superseded-version".to_owned();
        }
        self.cx.decision(&record);
        counts
    }

    /// Note a ruling. One of the side that has the last word replaces one of the other.
    pub(crate) fn rule(&self, state: &mut State, approved: bool, by: &str, side: Side) {
        let last_word = self.config.decisions.last_word;
        let stands = state.ruling.as_ref();
        if side != last_word && stands.is_some_and(|ruling| ruling.side() == last_word) {
            return;
        }
        state.ruling = Some(Ruling {
            approved,
            by: by.to_owned(),
            in_dam: side == Side::Dam,
            seen_at: self.cx.now(),
        });
    }

    /// Can the other side, which has the last word, still say something else? It may within one
    /// comparison of both.
    pub(crate) fn may_be_overruled(&self, ruling: &Ruling) -> Result<bool, Error> {
        if ruling.side() == self.config.decisions.last_word {
            return Ok(false);
        }
        Ok(self.cx.now() < self.next_comparison(ruling.seen_at)?)
    }

    // ---- The DAM's approval panel ---------------------------------------------------------------

    /// Ask for an approval of the version in the panel.
    pub(crate) fn request_approval(&self, state: &State) -> Result<(), Error> {
        if !self.reads_panel() {
            return Ok(());
        }
        let request = ApprovalRequest {
            users: Vec::new(),
            groups: Vec::new(),
            quorum: 1,
        };
        let approvals = self.cx.approvals();
        match approvals.request(&state.asset, &state.version, &request) {
            Err(error) if error.is_unsupported() => Ok(()),
            other => other.map(drop),
        }
    }

    /// What the panel says about the version under review, where that is not known.
    pub(crate) fn new_vote(&self, state: &State) -> Result<Option<Vote>, Error> {
        if !self.reads_panel() {
            return Ok(None);
        }
        let panel = match self.cx.approvals().get(&state.asset, &state.version) {
            Err(error) if error.is_unsupported() || error.is_not_found() => return Ok(None),
            other => other?,
        };
        let approved = match panel.status {
            ApprovalStatus::Approved => true,
            ApprovalStatus::NotApproved => false,
            // Nobody decided yet, or reviewers disagree: the workflow engine decides.
            ApprovalStatus::None | ApprovalStatus::Requested | ApprovalStatus::Mixed => {
                return Ok(None);
            }
        };
        let ruling = state.ruling.as_ref();
        if ruling.is_some_and(|ruling| ruling.in_dam && ruling.approved == approved) {
            return Ok(None);
        }
        let by = panel.votes.last();
        let by = by.map_or("the DAM's panel", |vote| vote.voter.as_str());
        Ok(Some(Vote {
            approved,
            by: by.to_owned(),
        }))
    }

    /// Say in the audit who decided in the panel.
    pub(crate) fn record_vote(&self, state: &State, vote: &Vote) {
        let mut record = self.record("decision", &vote.by, state);
        record.decision = Some(if vote.approved { "approve" } else { "reject" }.to_owned());
        record.comment = Some("in the DAM".to_owned());
        self.cx.decision(&record);
    }

    /// Show the result in the panel.
    pub(crate) fn tell_panel(&self, state: &State, approved: bool) -> Result<(), Error> {
        if !self.cx.available(DAM, interfaces::APPROVALS) {
            return Ok(());
        }
        let decision = match approved {
            true => ApprovalStatus::Approved,
            false => ApprovalStatus::NotApproved,
        };
        let approvals = self.cx.approvals();
        match approvals.decide(&state.asset, &state.version, decision) {
            Err(error) if error.is_unsupported() => Ok(()),
            other => other.map(drop),
        }
    }

    /// Do decisions in the panel count?
    fn reads_panel(&self) -> bool {
        let wanted = self.config.decisions.source != Source::Workflow;
        wanted && self.cx.available(DAM, interfaces::APPROVALS)
    }

    // ---- What is written ------------------------------------------------------------------------

    /// Write to the asset that changes are awaited.
    pub(crate) fn write_changes_requested(&self, asset: &Asset) -> Result<(), Error> {
        self.write_fields(asset, &[("review_state", "changes-requested".into())])
    }

    /// Show people that an approval waits for comments to be resolved.
    pub(crate) fn show_what_is_unresolved(&self, state: &State) -> Result<(), Error> {
        let open = state.unresolved.len();
        let words = format!("approved, but {open} comments are not resolved");
        state.desk.show(self.cx, &[Field::new("blocked", words)])
    }

    /// Write the result to the asset.
    pub(crate) fn write_result(&self, asset: &Asset, ruling: &Ruling) -> Result<(), Error> {
        let review_state = if ruling.approved {
            "approved"
        } else {
            "rejected"
        };
        let fields = [
            ("review_state", Value::text(review_state)),
            ("reviewed_by", Value::text(&ruling.by)),
            ("reviewed_at", Value::Timestamp(self.cx.now())),
        ];
        self.write_fields(asset, &fields)
    }

    /// Make the version under review the current one, where the DAM has versions.
    pub(crate) fn promote(&self, state: &State) -> Result<(), Error> {
        if !self.cx.available(DAM, interfaces::VERSIONS) {
            return Ok(());
        }
        match self.cx.versions().promote(&state.asset, &state.version) {
            Err(error) if error.is_unsupported() => Ok(()),
            other => other,
        }
    }
}
