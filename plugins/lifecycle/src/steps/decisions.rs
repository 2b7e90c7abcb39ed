//! What people's answers mean, or why they are not taken; and what becomes of each asset by them.

use std::collections::{BTreeMap, BTreeSet};

use forebay_sdk::blocks::{Answer, ItemState, end_of};
use forebay_sdk::handler::DecisionRecord;
use forebay_sdk::{Error, Field, Timestamp, Value};

use super::Steps;
use crate::config::NoAnswer;
use crate::config::policy::Action;
use crate::state::{Choice, Review};

/// Actions that people choose from, and form fields that name assets for them.
const ACTIONS: [&str; 4] = ["archive", "extend", "delete", "evergreen"];

impl Steps<'_> {
    /// An answer as the audit keeps it.
    pub(crate) fn note_answer(&self, review: &Review, answer: &Answer) -> Result<(), Error> {
        let mut record = answer.record(&review.desk.process);
        self.about(&mut record, review)?;
        self.cx.decision(&record);
        Ok(())
    }

    /// A record of a decision about one asset names it; one about many refers to the snapshot.
    fn about(&self, record: &mut DecisionRecord, review: &Review) -> Result<(), Error> {
        if let [only] = review.items.0.as_slice()
            && let Some(asset) = self.present(&only.id)?
        {
            record.asset = Some(asset.id);
            record.version = Some(asset.version);
            record.checksum = asset.checksum;
        }
        let count = review.items.0.len() as i64;
        record.details.push(Field::new("assets", count));
        Ok(())
    }

    /// An answer is not taken, for this reason.
    pub(super) fn refuse(&self, review: &Review, answer: &Answer, why: &str) {
        let mut record = self.record("refused", review);
        record.task = Some(answer.task.clone());
        self.note(record, why);
    }

    /// An answer is not taken: ask again and say why.
    pub(crate) fn ask_again(
        &self,
        review: &mut Review,
        answer: &Answer,
        why: &str,
    ) -> Result<(), Error> {
        self.refuse(review, answer, why);
        let question = self.question(review, Some(why))?;
        review.desk.ask(self.cx, &self.rules(), vec![question])
    }

    /// What an answer decides; the inner error says why it cannot be taken.
    pub(crate) fn choice(
        &self,
        review: &Review,
        answer: &Answer,
    ) -> Result<Result<Choice, String>, Error> {
        let outcome = answer.outcome.as_str();
        let expires = outcome == "expire" && self.policy(review)?.leads_to() == Action::Expire;
        if !ACTIONS.contains(&outcome) && !expires {
            return Ok(Err(format!("`{outcome}` is no decision here")));
        }
        let mut named = BTreeMap::new();
        for action in ACTIONS {
            for id in answer.texts(action) {
                if review.items.get(&id).is_none() {
                    return Ok(Err(format!("`{id}` is not among the assets")));
                }
                if let Some(other) = named.insert(id.clone(), action.to_owned()) {
                    return Ok(Err(format!("`{id}` is named for {other} and for {action}")));
                }
            }
        }
        let mut choice = Choice {
            outcome: outcome.to_owned(),
            by: answer.actor().to_owned(),
            named,
            confirmed: answer.texts("confirm").into_iter().collect::<BTreeSet<_>>(),
            until: None,
            reason: answer.text("reason"),
            rule: answer.rule.clone(),
            task: Some(answer.task.clone()),
        };
        let extends = outcome == "extend" || choice.named.values().any(|way| way == "extend");
        if extends {
            match self.extension(review, answer)? {
                Ok(end) => choice.until = Some(self.date_of(end)?),
                Err(why) => return Ok(Err(why)),
            }
        }
        Ok(Ok(choice))
    }

    fn extension(
        &self,
        review: &Review,
        answer: &Answer,
    ) -> Result<Result<Timestamp, String>, Error> {
        let rule = &self.config.actions.extend;
        if review.unit.extensions >= rule.times {
            return Ok(Err(format!("it was extended {} times already", rule.times)));
        }
        if rule.needs_reason && answer.text("reason").is_none() {
            return Ok(Err("an extension needs a reason".to_owned()));
        }
        let Some(text) = answer.text("until") else {
            return Ok(Err("an extension needs its new end".to_owned()));
        };
        let Ok(end) = end_of(self.cx, &self.config.calendar, &Value::text(&text)) else {
            return Ok(Err(format!("`{text}` is not a date like 2027-12-31")));
        };
        let now = self.cx.now();
        if end <= now {
            return Ok(Err(format!("the new end {text} lies in the past")));
        }
        let today = self.date_of(now + 1)?;
        let today = end_of(self.cx, &self.config.calendar, &Value::Text(today))?;
        if end > rule.max.after(today) {
            let max = rule.max;
            return Ok(Err(format!("the new end {text} is more than {max} ahead")));
        }
        Ok(Ok(end))
    }

    /// What is chosen where nobody answered; none where an operator must look.
    pub(crate) fn choice_of_silence(&self, review: &Review) -> Result<Option<Choice>, Error> {
        let rule = self.config.no_answer;
        self.note(
            self.record("no-answer", review),
            format!("no_answer = {rule:?}"),
        );
        let mut choice = Choice {
            by: "no_answer".to_owned(),
            ..Choice::default()
        };
        let outcome = match rule {
            NoAnswer::Park => return Ok(None),
            NoAnswer::Keep => "keep",
            NoAnswer::ExtendOnce if review.unit.extensions == 0 => {
                let until = self.config.actions.extend.max.after(self.cx.now());
                choice.until = Some(self.date_of(until)?);
                "extend"
            }
            NoAnswer::Archive | NoAnswer::ExtendOnce => "archive",
        };
        outcome.clone_into(&mut choice.outcome);
        Ok(Some(choice))
    }

    /// Say for each asset what becomes of it.
    pub(crate) fn plan(&self, review: &mut Review) -> Result<(), Error> {
        let Some(choice) = review.choice.clone() else {
            return Ok(());
        };
        let mut items = std::mem::take(&mut review.items);
        for (index, item) in items.0.iter_mut().enumerate() {
            if item.state != ItemState::Open {
                continue;
            }
            let own = choice.named.get(&item.id);
            item.action = own.unwrap_or(&choice.outcome).clone();
            let leaves = ["archive", "delete", "expire"].contains(&item.action.as_str());
            if let Some(campaign) = review.also_used.get(&item.id)
                && leaves
                && !choice.confirmed.contains(&item.id)
            {
                let why = format!("the running campaign \"{campaign}\" uses it");
                item.state = ItemState::Kept(why);
            } else if item.action == "delete" && own.is_none() && index >= review.shown {
                // Nobody saw it, so nobody wanted to delete it.
                let why = "it was added after the review began";
                item.state = ItemState::Kept(why.to_owned());
            } else if item.action == "delete"
                && let Some(why) = self.must_be_retained(&item.id)?
            {
                item.state = ItemState::Kept(why);
            }
        }
        review.items = items;
        let open = review.items.next(usize::MAX);
        if open.iter().any(|item| item.action == "delete") {
            review.deletion.people = vec![choice.by];
        }
        Ok(())
    }

    /// The longest retention of all policies about an asset wins.
    pub(crate) fn must_be_retained(&self, id: &str) -> Result<Option<String>, Error> {
        let Some(asset) = self.present(id)? else {
            return Ok(None);
        };
        let now = self.cx.now();
        let mut longest: Option<(Timestamp, &str)> = None;
        for policy in &self.config.policies {
            let Some(retain) = policy.retain else {
                continue;
            };
            if policy.due(self.cx, self.config, &asset)?.is_none() {
                continue;
            }
            let end = retain.after(asset.created_at);
            if end > now && longest.is_none_or(|(other, _)| end > other) {
                longest = Some((end, &policy.name));
            }
        }
        let Some((end, policy)) = longest else {
            return Ok(None);
        };
        let end = self.date_of(end)?;
        if self.keeps_media() {
            self.write(&asset, &[("retain_until", Value::Date(end.clone()))], None)?;
        }
        Ok(Some(format!("the policy {policy} retains it until {end}")))
    }

    pub(crate) fn note_completed(&self, review: &Review, outcome: &str, summary: &str) {
        let mut record = self.record("completed", review);
        record.decision = Some(outcome.to_owned());
        self.note(record, summary);
    }

    /// The outcome of a run; that of a flow that is only watched is another.
    pub(crate) fn observed_or<'a>(&self, outcome: &'a str) -> &'a str {
        if self.observes() { "observed" } else { outcome }
    }
}
