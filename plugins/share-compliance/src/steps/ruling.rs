//! What a reviewer says: whether an answer can be taken, and what it demands of the link.

use forebay_sdk::blocks::Answer;
use forebay_sdk::{Error, Timestamp};

use super::Steps;
use super::details::is_yes;
use super::items::about;
use crate::state::Review;

/// What came of a reviewer's answer.
pub(crate) enum Ruling {
    /// They agree, to all or some assets.
    Agreed,
    /// They refuse the request, for this reason.
    Refused(String),
    /// It cannot be taken, for this reason.
    NotTaken(String),
}

impl Steps<'_> {
    /// Take in one decision.
    pub(crate) fn take_in(&self, review: &mut Review, answer: &Answer) -> Result<Ruling, Error> {
        review.awaited.retain(|id| *id != answer.question);
        let until = match answer.text("until") {
            None => None,
            Some(date) => match self.end_of_date(&date) {
                Ok(until) if until > self.cx.now() => Some(until),
                _ => return not_taken(format!("`{date}` is no date to come")),
            },
        };
        let left_out = answer.texts("refuse");
        if let Some(word) = left_out.iter().find(|word| !review.names(word)) {
            return not_taken(format!("`{word}` is no asset of the request"));
        }
        let refused = match answer.outcome.as_str() {
            "approve" => false,
            "refuse" => true,
            other => return not_taken(format!("`{other}` is no decision here")),
        };
        let by = answer.actor();
        let comment = match answer.comment.as_str() {
            "" => format!("refused by {by}"),
            comment => format!("refused by {by}: {comment}"),
        };
        for item in &mut review.items {
            if refused || left_out.contains(&item.id) || left_out.contains(&item.name) {
                item.refused.get_or_insert(comment.clone());
            }
        }
        self.log_ruling(review, answer);
        if refused {
            return Ok(Ruling::Refused(comment));
        }
        review.demand(answer, until);
        review.approved_by.push(by.to_owned());
        Ok(Ruling::Agreed)
    }

    /// The decision about each asset, for the audit.
    fn log_ruling(&self, review: &Review, answer: &Answer) {
        for item in &review.items {
            let passes = item.passes();
            let mut record = about(answer.record(&review.desk.process), item);
            record.decision = Some(if passes { "approved" } else { "refused" }.to_owned());
            record.comment = record.comment.or_else(|| (!passes).then(|| item.why_not()));
            self.cx.decision(&record);
        }
    }

    /// An answer about no asset in particular, for the audit.
    pub(crate) fn log_answer(&self, review: &Review, answer: &Answer) {
        self.cx.decision(&answer.record(&review.desk.process));
    }

    /// An answer that nobody waits for any more, for the audit.
    pub(crate) fn log_late_answer(&self, review: &Review, answer: &Answer) {
        let mut record = answer.record(&review.desk.process);
        "late-decision".clone_into(&mut record.action);
        self.cx.decision(&record);
    }
}

impl Review {
    /// Is this the id or the name of one of the assets?
    fn names(&self, word: &str) -> bool {
        let mut items = self.items.iter();
        items.any(|item| item.id == word || item.name == word)
    }

    /// What several reviewers demand is demanded all together.
    fn demand(&mut self, answer: &Answer, until: Option<Timestamp>) {
        let demands = &mut self.demands;
        let says = |name: &str| answer.text(name).unwrap_or_default();
        demands.watermark |= is_yes(&says("watermark"));
        demands.look_only |= says("download") == "none";
        demands.low_resolution |= says("download") != "original";
        demands.credit = answer.text("credit").or_else(|| demands.credit.take());
        demands.until = [demands.until, until].into_iter().flatten().min();
    }
}

fn not_taken(why: String) -> Result<Ruling, Error> {
    Ok(Ruling::NotTaken(why))
}
