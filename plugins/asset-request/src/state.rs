//! What a run remembers between activations.

use std::collections::BTreeMap;

use forebay_sdk::Timestamp;
use forebay_sdk::blocks::{Answer, Desk};
use forebay_sdk::handler::RunEnded;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::steps::Request;

/// A request in work.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct State {
    /// What was asked for.
    pub request: Request,
    /// Where people are asked.
    pub desk: Desk,
    /// What is delivered, each on its own.
    pub lines: Vec<Line>,
    /// The offer of an earlier result: its assets; empty once it was answered.
    pub earlier: Vec<String>,
    /// The number of the round, from 1.
    pub round: u32,
    /// Number of the last question.
    pub asked: u32,
    /// What the requester said so far, with changes.
    pub remarks: Vec<String>,
    /// The request's collection.
    pub collection: Option<Place>,
    /// The link the requester has.
    pub share: Option<Link>,
    /// How many links were made.
    pub links: u32,
    /// When it is due.
    pub due: Option<Timestamp>,
    /// The due date has passed.
    pub late: bool,
    /// Since when the clock is paused, because media comes back from the archive.
    pub paused_since: Option<Timestamp>,
    /// When the request closes though nobody accepted.
    pub closes_at: Option<Timestamp>,
    /// What the process shows, as it was written last.
    pub shown: String,
}

/// The collection of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// Its id.
    pub id: String,
    /// Its path.
    pub path: String,
    /// Somebody deleted it, and it was made again.
    pub remade: bool,
}

/// A link.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Link {
    /// The share.
    pub id: String,
    /// The link itself.
    pub link: String,
    /// The assets it was made for; the collection's are not listed.
    pub assets: Vec<String>,
}

/// One thing to deliver.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Line {
    /// What was asked for, in words.
    pub name: String,
    /// Where it stands.
    pub stage: Stage,
    /// Its placeholder.
    pub placeholder: Option<String>,
    /// Something new is being made.
    pub creating: bool,
    /// The assets chosen for it.
    pub assets: Vec<String>,
    /// Who chose them.
    pub chosen_by: String,
    /// Versions of the chosen assets, when they were delivered.
    pub versions: BTreeMap<String, String>,
    /// The question about it that is open.
    pub question: Option<String>,
    /// Versions that were refused: they are not taken by themselves again.
    pub refused: BTreeMap<String, String>,
    /// Assets that were asked back from the archive.
    pub restored: Vec<String>,
    /// Approvals that run or have ended, by version.
    pub approvals: BTreeMap<String, Side>,
    /// Reviews of rights that run or have ended, by version.
    pub clearances: BTreeMap<String, Side>,
    /// What it waits for, or why it was declined.
    pub why: String,
}

/// Where a line stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The team looks for it or makes it.
    #[default]
    Open,
    /// Chosen; it is restored, approved or cleared first.
    Chosen,
    /// The requester has it.
    Delivered,
    /// There will be none.
    Declined,
}

impl Stage {
    /// In a word, for people.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Chosen => "in preparation",
            Self::Delivered => "delivered",
            Self::Declined => "declined",
        }
    }
}

/// A run of another flow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Side {
    /// The run.
    pub run: String,
    /// Its outcome, once it ended.
    pub outcome: Option<String>,
}

impl State {
    /// The number of the next question.
    pub(crate) fn next_question(&mut self) -> u32 {
        self.asked += 1;
        self.asked
    }

    /// Are there lines at this stage?
    pub(crate) fn has(&self, stage: Stage) -> bool {
        self.lines.iter().any(|line| line.stage == stage)
    }

    /// The lines at this stage.
    pub(crate) fn lines_at(&self, stage: Stage) -> Vec<usize> {
        let lines = self.lines.iter().enumerate();
        let lines = lines.filter(|(_, line)| line.stage == stage);
        lines.map(|(index, _)| index).collect()
    }

    /// The first line something new is made for.
    pub(crate) fn line_in_making(&self) -> Option<usize> {
        let mut lines = self.lines.iter();
        lines.position(|line| line.stage == Stage::Open && line.creating)
    }

    /// The line this question is open about; it is open no more.
    pub(crate) fn take_question(&mut self, question: &str) -> Option<usize> {
        let mut lines = self.lines.iter();
        let line = lines.position(|line| line.question.as_deref() == Some(question))?;
        self.lines[line].question = None;
        Some(line)
    }

    /// No question about a line is open any more.
    pub(crate) fn forget_questions(&mut self) {
        for line in &mut self.lines {
            line.question = None;
        }
    }

    /// People know nothing of this request: they are asked elsewhere.
    pub(crate) fn forget_what_was_asked(&mut self) {
        self.closes_at = None;
        self.shown.clear();
        self.forget_questions();
    }

    /// There will be nothing for this line.
    pub(crate) fn decline(&mut self, line: usize, why: &str) {
        let line = &mut self.lines[line];
        line.stage = Stage::Declined;
        why.clone_into(&mut line.why);
    }

    /// One line answers the whole request.
    pub(crate) fn decline_all_but_first(&mut self, why: &str) {
        for line in 1..self.lines.len() {
            self.decline(line, why);
        }
    }

    /// Keep what the requester or the team said, for whoever works on it next.
    pub(crate) fn remark(&mut self, answer: &Answer, what: &str) {
        let by = answer.actor();
        let remark = format!("{what} by {by}: {}", answer.comment);
        self.remarks.push(remark);
    }

    /// An approval or a review of rights has ended.
    pub(crate) fn approval_or_review_ended(&mut self, ended: &RunEnded) {
        for line in &mut self.lines {
            let approvals = line.approvals.values_mut();
            let sides = approvals.chain(line.clearances.values_mut());
            for side in sides.filter(|side| side.run == ended.run) {
                side.outcome = Some(ended.outcome.clone());
            }
        }
    }

    /// All assets that the requester has.
    pub(crate) fn delivered(&self) -> Vec<String> {
        let lines = self
            .lines
            .iter()
            .filter(|line| line.stage == Stage::Delivered);
        let mut assets: Vec<_> = lines.flat_map(|line| line.assets.clone()).collect();
        assets.sort_unstable();
        assets.dedup();
        assets
    }
}
