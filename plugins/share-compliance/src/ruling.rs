//! What people decide about a request.

use forebay_sdk::blocks::Answer;
use forebay_sdk::handler::EffectMode;
use forebay_sdk::{Error, Step};

use crate::course::{Course, Next, about};
use crate::details::is_yes;
use crate::state::{Item, Phase, Review};

/// What stops a request.
enum Stop {
    /// Somebody refused it.
    Refused(String),
    /// An answer cannot be taken; people are asked again.
    Again(String),
}

impl Course<'_> {
    pub(crate) fn answers(&self, mut review: Review, answers: Vec<Answer>) -> Next {
        for answer in answers {
            let kind = answer.question.split(':').next().unwrap_or_default();
            match (kind, &review.phase) {
                ("details", Phase::Details) => {
                    self.cx.decision(&answer.record(&review.desk.process));
                    return self.detailed(review, &answer);
                }
                ("told", Phase::Recalled) => {
                    self.cx.decision(&answer.record(&review.desk.process));
                    return self.told(review, &answer);
                }
                _ if review.awaited.contains(&answer.question) => {
                    review.awaited.retain(|id| *id != answer.question);
                    if let Some(stop) = self.ruling(&mut review, &answer)? {
                        return self.stopped(review, &stop);
                    }
                }
                _ => {
                    let mut record = answer.record(&review.desk.process);
                    "late-decision".clone_into(&mut record.action);
                    self.cx.decision(&record);
                }
            }
        }
        // While deleted assets are awaited nobody is asked: no answer missing is no approval.
        let agreed = review.awaited.is_empty() && !review.approved_by.is_empty();
        match (&review.phase, agreed) {
            (Phase::Reviewing, true) => self.approved(review),
            (Phase::Extending(until), true) => {
                let until = *until;
                self.extended(review, until)
            }
            _ => self.look_at_assets(review),
        }
    }

    /// Take in one decision. What stops the request: a refusal, or an answer that cannot be taken.
    fn ruling(&self, review: &mut Review, answer: &Answer) -> Result<Option<Stop>, Error> {
        let by = answer.actor();
        let comment = match answer.comment.as_str() {
            "" => format!("refused by {by}"),
            comment => format!("refused by {by}: {comment}"),
        };
        let left_out = answer.texts("refuse");
        let known = |word: &String| {
            let mut items = review.items.iter();
            items.any(|item| item.id == *word || item.name == *word)
        };
        let until = match answer.text("until") {
            None => None,
            Some(date) => match self.end_of_date(&date) {
                Ok(until) if until > self.cx.now() => Some(until),
                _ => return Ok(Some(Stop::Again(format!("`{date}` is no date to come")))),
            },
        };
        if let Some(word) = left_out.iter().find(|word| !known(word)) {
            return Ok(Some(Stop::Again(format!(
                "`{word}` is no asset of the request"
            ))));
        }
        let refused = match answer.outcome.as_str() {
            "approve" => false,
            "refuse" => true,
            other => return Ok(Some(Stop::Again(format!("`{other}` is no decision here")))),
        };
        for item in &mut review.items {
            if refused || left_out.contains(&item.id) || left_out.contains(&item.name) {
                item.refused.get_or_insert(comment.clone());
            }
            let passes = item.passes();
            let mut record = about(answer.record(&review.desk.process), item);
            record.decision = Some(if passes { "approved" } else { "refused" }.to_owned());
            record.comment = record.comment.or_else(|| (!passes).then(|| item.why_not()));
            self.cx.decision(&record);
        }
        if refused {
            return Ok(Some(Stop::Refused(comment)));
        }
        let demands = &mut review.demands;
        let says = |name: &str| answer.text(name).unwrap_or_default();
        demands.watermark |= is_yes(&says("watermark"));
        demands.look_only |= says("download") == "none";
        demands.low_resolution |= says("download") != "original";
        demands.credit = answer.text("credit").or_else(|| demands.credit.take());
        demands.until = [demands.until, until].into_iter().flatten().min();
        review.approved_by.push(by.to_owned());
        Ok(None)
    }

    fn stopped(&self, review: Review, stop: &Stop) -> Next {
        match (stop, &review.phase) {
            (Stop::Refused(why) | Stop::Again(why), Phase::Extending(_)) => {
                self.not_extended(review, why)
            }
            (Stop::Refused(why), _) => self.refuse(review, why),
            (Stop::Again(why), _) => self.ask_anew(review, why),
        }
    }

    /// Everybody who must agree has agreed.
    pub(crate) fn approved(&self, mut review: Review) -> Next {
        if self.cx.mode() == EffectMode::Observe {
            let summary = "the assets would have been shared";
            return Ok(Step::complete(review.state(), "observed", summary));
        }
        if !review.items.iter().any(Item::passes) {
            return self.refuse(review, "every asset was left out");
        }
        let begins = self.begins(&review.wish)?;
        review.phase = Phase::Approved(begins);
        if begins > self.cx.now() {
            return self.wait(review);
        }
        self.make_link(review)
    }
}
