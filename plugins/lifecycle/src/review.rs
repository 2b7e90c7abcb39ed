//! The review: when it opens, who is told before, what people are asked, what time and the DAM tell.

use forebay_sdk::blocks::{ItemState, Question, Reading, end_of};
use forebay_sdk::workflow::StartRequest;
use forebay_sdk::{Error, Field, Step, Timestamp, Value};

use crate::config::NoAnswer;
use crate::course::{Course, NEXT, Next, RESTART};
use crate::scan::length;
use crate::state::{Choice, Phase, Review, State};
use crate::{DAM, WORKFLOW};

/// Most assets whose events a review follows while people decide. Of more, changes are seen when
/// the decision is carried out.
const FOLLOWED: usize = 500;
impl Course<'_> {
    // ---- Time -----------------------------------------------------------------------------------

    /// The first activation: when is the time of its assets over?
    pub(crate) fn schedule(&self, mut review: Review) -> Next {
        let policy = self.policy(&review)?.clone();
        if let Some(until) = review.unit.until.clone() {
            review.due = end_of(self.cx, &self.config.calendar, &Value::Text(until))?;
            return self.arm(review);
        }
        if review.unit.first.is_empty() {
            return self.begin_list(review);
        }
        let Some(asset) = self.present(&review.unit.first)? else {
            let state = State::Review(Box::new(review));
            return Ok(Step::cancel(state, "asset-gone", "the asset was deleted"));
        };
        let Some(due) = policy.due(self.cx, self.config, &asset)? else {
            let state = State::Review(Box::new(review));
            let summary = "the policy is not about the asset";
            return Ok(Step::complete(state, "nothing-due", summary));
        };
        review.due = due;
        self.arm(review)
    }

    /// Wait for the time, with notices before it.
    pub(crate) fn arm(&self, mut review: Review) -> Next {
        let policy = self.policy(&review)?.clone();
        review.phase = Phase::Scheduled;
        // An extension ends at its date; nobody waits again.
        review.opens = match review.unit.until {
            Some(_) => review.due,
            None => self.opening(&policy, review.due)?,
        };
        let notices = self.config.notify.owners.iter();
        review.notices = notices.map(|span| review.due - length(*span)).collect();
        review.notices.sort_unstable();
        self.await_time(review)
    }

    pub(crate) fn await_time(&self, mut review: Review) -> Next {
        let now = self.cx.now();
        let due = review.notices.iter().filter(|at| **at <= now).count();
        review.notices.drain(..due);
        // A notice about what is over already would come with the review itself.
        if due > 0 && now < review.due {
            self.give_notice(&review)?;
        }
        if now >= review.opens {
            return self.begin_list(review);
        }
        let next = review.notices.first().copied();
        let next = next.unwrap_or(review.opens).min(review.opens);
        let opens = review.opens;
        let first = review.unit.first.clone();
        let words = format!("the time to review {}", self.subject(&review));
        let mut wait = Step::wait(State::Review(Box::new(review)))
            .timer(NEXT, next)
            .due(opens);
        if !first.is_empty() {
            wait = wait.subscribe(DAM, "asset", first);
        }
        Ok(wait.waiting_on(words))
    }

    fn subject(&self, review: &Review) -> String {
        let unit = &review.unit;
        let group = unit.group.clone();
        group.unwrap_or_else(|| format!("asset {}", unit.assets.join(", ")))
    }

    fn give_notice(&self, review: &Review) -> Result<(), Error> {
        let mut people = Vec::new();
        let policy = self.policy(review)?;
        let owner = policy.owner.as_ref().unwrap_or(&self.config.review.owner);
        if let Some(asset) = self.present(&review.unit.first)? {
            let team = &self.config.notify.stakeholders_from;
            for field in std::iter::once(owner).chain(team) {
                people.extend(self.config.fields.texts(&asset.fields, field));
            }
        }
        let end = self.date_of(review.due)?;
        let name = self.subject(review);
        let text = format!(
            "the time of {name} is over on {end} (policy {})",
            policy.name
        );
        let told = people.join(", ");
        self.tell(&format!("{text}; to be told: {told}"));
        let mut record = self.record("notice", review);
        record.comment = Some(text);
        record.details.push(Field::new("people", people));
        self.cx.decision(&record);
        Ok(())
    }

    // ---- People ---------------------------------------------------------------------------------

    /// Ask who decides about the assets.
    pub(crate) fn open(&self, mut review: Review) -> Next {
        review.shown = review.items.0.len();
        let question = self.question(&mut review, None)?;
        let mut record = self.record("routed", &review);
        record.rule.clone_from(&question.rule);
        let to = question.assignee.clone().or(question.group.clone());
        record.comment = to.map(|to| format!("{to} decides"));
        self.cx.decision(&record);
        self.pose(&mut review, question)?;
        review.phase = Phase::Deciding;
        if self.observes() {
            let summary = format!("{} would have been reviewed", subject_of(&review));
            let state = State::Review(Box::new(review));
            return Ok(Step::complete(state, "observed", summary));
        }
        self.wait_for_people(review)
    }

    /// Ask a question in the process of the review, which is started where there is none.
    pub(crate) fn pose(&self, review: &mut Review, question: Question) -> Result<(), Error> {
        if review.desk.is_open() {
            return review.desk.ask(self.cx, &self.rules(), vec![question]);
        }
        let title = subject_of(review);
        let mut request = StartRequest::new(
            &self.config.process.definition,
            self.cx.business_key(),
            &title,
        )
        .variable("title", title.as_str())
        .variable("policy", review.unit.policy.as_str())
        .variable("assetCount", review.items.0.len() as i64);
        if let [only] = review.items.0.as_slice() {
            request = request.variable("assetId", only.id.as_str());
        }
        review
            .desk
            .open(self.cx, &self.rules(), request, vec![question])
    }

    /// What people were asked is asked again, in another process.
    pub(crate) fn restart(&self, mut review: Review) -> Next {
        review.desk.leave(self.cx, "restarted by an operator")?;
        if review.phase == Phase::Deciding {
            return self.open(review);
        }
        review.deletion.asked = false;
        self.go_on(review)
    }

    pub(crate) fn wait_for_people(&self, review: Review) -> Next {
        let ids: Vec<String> = review.items.0.iter().map(|item| item.id.clone()).collect();
        let desk = review.desk.clone();
        let words = format!("a decision about {}", review.title());
        let gone = review.gone_since;
        let mut wait = desk.watch(Step::wait(State::Review(Box::new(review))), WORKFLOW);
        for id in ids.into_iter().take(FOLLOWED) {
            wait = wait.subscribe(DAM, "asset", id);
        }
        if let Some(due) = desk.due() {
            wait = wait.due(due);
        }
        if let Some(since) = gone {
            wait = wait.timer(NEXT, self.gone_until(since)?);
        }
        Ok(wait.waiting_on(words))
    }

    pub(crate) fn read_answers(&self, mut review: Review) -> Next {
        if review.desk.asked.is_empty() {
            return self.go_on(review);
        }
        match review.desk.read(self.cx)? {
            Reading::Open(answers) => self.decide(review, answers),
            Reading::Suspended => {
                let reason = format!(
                    "the process {} is suspended in the workflow engine; activate it there, then \
                     retry the run",
                    review.desk.process
                );
                Ok(Step::park(State::Review(Box::new(review)), reason))
            }
            Reading::Ended(reason) => {
                let reason = format!(
                    "the process {} was ended in the workflow engine: {reason}; nothing more \
                     happens to the assets unless the signal `{RESTART}` asks again in another one",
                    review.desk.process
                );
                Ok(Step::park(State::Review(Box::new(review)), reason))
            }
        }
    }

    /// Twice the time has passed. Silence never deletes.
    pub(crate) fn nobody_answered(&self, mut review: Review, question: &str) -> Next {
        if question.starts_with("delete:") {
            review.desk.withdraw(self.cx, &[question])?;
            return self.spare(review, "nobody agreed to the deletion in time");
        }
        let mut record = self.record("no-answer", &review);
        record.comment = Some(format!("no_answer = {:?}", self.config.no_answer));
        self.cx.decision(&record);
        let mut choice = Choice {
            by: "no_answer".to_owned(),
            ..Choice::default()
        };
        choice.outcome = match self.config.no_answer {
            NoAnswer::Archive => "archive".to_owned(),
            NoAnswer::Keep => "keep".to_owned(),
            NoAnswer::ExtendOnce if review.unit.extensions == 0 => {
                let until = self.config.actions.extend.max.after(self.cx.now());
                choice.until = Some(self.date_of(until)?);
                "extend".to_owned()
            }
            NoAnswer::ExtendOnce => "archive".to_owned(),
            NoAnswer::Park => {
                let reason = "nobody decided, also not after escalation";
                return Ok(Step::park(State::Review(Box::new(review)), reason));
            }
        };
        review.desk.withdraw(self.cx, &[question])?;
        review.choice = Some(choice);
        self.begin_list(review)
    }

    // ---- What the DAM tells ---------------------------------------------------------------------

    /// An asset of the review changed: its date may have moved, it may be gone or on hold.
    pub(crate) fn asset_changed(&self, mut review: Review, id: &str) -> Next {
        if review.phase == Phase::Working {
            self.stop_if_held(&mut review, id)?;
            if let Some(job) = review.jobs.get_mut(id) {
                // Something happened: it is looked at now.
                job.looked = 0;
            }
            return self.go_on(review);
        }
        match (review.phase, self.present(id)?) {
            (Phase::Scheduled, Some(asset)) => {
                let policy = self.policy(&review)?.clone();
                let due = policy.due(self.cx, self.config, &asset)?;
                if review.unit.until.is_none() && due.is_some_and(|due| due != review.due) {
                    review.due = due.unwrap_or(review.due);
                    return self.arm(review);
                }
                self.go_on(review)
            }
            (Phase::Deciding, Some(asset)) => {
                let policy = self.policy(&review)?.clone();
                let due = policy.due(self.cx, self.config, &asset)?;
                if let Some(due) = due.filter(|_| policy.is_dated())
                    && self.opening(&policy, due)? > self.cx.now()
                {
                    review.latest = due;
                    return self.moved(review);
                }
                self.go_on(review)
            }
            _ => self.go_on(review),
        }
    }

    /// Rule C-13: is the only asset of the review deleted or in the trash while people are asked? What
    /// we put into the trash ourselves is not gone.
    pub(crate) fn is_gone(&self, review: &mut Review) -> Result<bool, Error> {
        let [only] = review.items.0.as_slice() else {
            return Ok(false);
        };
        let is_asked = match review.phase {
            Phase::Deciding => true,
            Phase::Working => only.state == ItemState::Open && only.action == "delete",
            Phase::Scheduled | Phase::Listing | Phase::Superseded => false,
        };
        if !is_asked || self.present(&only.id)?.is_some() {
            review.gone_since = None;
            return Ok(false);
        }
        review.gone_since.get_or_insert(self.cx.now());
        Ok(true)
    }

    /// The only asset is gone. It may come back within the grace; answers wait until then.
    pub(crate) fn gone(&self, mut review: Review) -> Next {
        let since = review.gone_since.unwrap_or(self.cx.now());
        if self.cx.now() < self.gone_until(since)? {
            return self.go_on(review);
        }
        review.desk.cancel(self.cx, "asset deleted")?;
        let state = State::Review(Box::new(review));
        Ok(Step::cancel(state, "asset-gone", "the asset was deleted"))
    }

    /// Until when a deleted asset may come back.
    pub(crate) fn gone_until(&self, since: Timestamp) -> Result<Timestamp, Error> {
        let config = self.config;
        config
            .asset_gone
            .given_up_at(self.cx, &config.calendar, since)
    }
}

/// The title of its process.
fn subject_of(review: &Review) -> String {
    format!("Lifecycle of {}", review.title())
}
