//! What people's answers mean, or why they are not taken.

use std::collections::{BTreeMap, BTreeSet};

use forebay_sdk::blocks::{Answer, ItemState, end_of};
use forebay_sdk::handler::DecisionRecord;
use forebay_sdk::{Error, Field, Step, Timestamp, Value};

use crate::course::{Course, Next};
use crate::policy::Action;
use crate::state::{Choice, Phase, Review, State};

/// Actions that people choose from, and form fields that name assets for them.
const ACTIONS: [&str; 4] = ["archive", "extend", "delete", "evergreen"];

impl Course<'_> {
    pub(crate) fn decide(&self, mut review: Review, answers: Vec<Answer>) -> Next {
        for answer in answers {
            let mut record = answer.record(&review.desk.process);
            self.about(&mut record, &review)?;
            self.cx.decision(&record);
            if answer.question.starts_with("delete:") {
                return self.second_answer(review, &answer);
            }
            if review.choice.is_some() {
                continue;
            }
            match self.choice(&review, &answer)? {
                Ok(choice) => {
                    review.choice = Some(choice);
                    // What was added since the list was taken belongs to it as well.
                    return self.begin_list(review);
                }
                Err(why) => {
                    self.refuse(&review, &answer, &why);
                    let question = self.question(&mut review, Some(&why))?;
                    review.desk.ask(self.cx, &self.rules(), vec![question])?;
                }
            }
        }
        self.go_on(review)
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

    pub(crate) fn refuse(&self, review: &Review, answer: &Answer, why: &str) {
        let mut record = self.record("refused", review);
        record.comment = Some(why.to_owned());
        record.task = Some(answer.task.clone());
        self.cx.decision(&record);
    }

    /// What an answer decides; the inner error says why it cannot be taken.
    fn choice(&self, review: &Review, answer: &Answer) -> Result<Result<Choice, String>, Error> {
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

    /// Say for each asset what becomes of it.
    pub(crate) fn plan(&self, mut review: Review) -> Next {
        let Some(choice) = review.choice.clone() else {
            return self.go_on(review);
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
        review.phase = Phase::Working;
        if review
            .items
            .next(usize::MAX)
            .iter()
            .any(|item| item.action == "delete")
        {
            review.deletion.people = vec![choice.by.clone()];
        }
        self.work(review)
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

    /// The run has nothing left to do.
    pub(crate) fn finish(&self, mut review: Review) -> Next {
        let (outcome, summary) = self.result(&review);
        self.follow_extended(&review)?;
        review.desk.close(self.cx, &outcome)?;
        let mut record = self.record("completed", &review);
        record.decision = Some(outcome.clone());
        record.comment = Some(summary.clone());
        self.cx.decision(&record);
        let outcome = if self.observes() {
            "observed".to_owned()
        } else {
            outcome
        };
        let state = State::Review(Box::new(review));
        Ok(Step::complete(state, outcome, summary))
    }
}
