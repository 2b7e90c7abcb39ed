//! Carrying out what was decided, a few items per activation: each is read afresh, checked for a
//! hold, and done once. One that fails does not stop the others.

use forebay_sdk::blocks::{CONTINUE, ITEMS_PER_ACTIVATION, Item, ItemState};
use forebay_sdk::{Error, Step, Timestamp};

use crate::act::HELD;
use crate::admit::Request;
use crate::course::{Course, NEXT, Next};
use crate::state::{Review, State};
use crate::{DAM, WORKFLOW};

/// Most assets whose holds are followed by events during a grace. Of more, a hold is seen when the
/// grace ends.
const FOLLOWED: usize = 500;

impl Course<'_> {
    pub(crate) fn work(&self, mut review: Review) -> Next {
        self.try_again(&mut review);
        self.follow_jobs(&mut review)?;
        for item in self.ready(&mut review)? {
            self.carry_out(&mut review, &item)?;
        }
        review.items.tell_progress(self.cx);
        self.after_work(review)
    }

    /// Failed items are tried again when it is time.
    fn try_again(&self, review: &mut Review) {
        if review.retry_at.is_none_or(|at| at > self.cx.now()) {
            return;
        }
        review.retry_at = None;
        for item in &mut review.items.0 {
            if matches!(item.state, ItemState::Failed(_)) && !review.bad.contains(&item.id) {
                item.state = ItemState::Open;
            }
        }
    }

    /// The next items that can be worked on now.
    fn ready(&self, review: &mut Review) -> Result<Vec<Item>, Error> {
        if review.gone_since.is_some() {
            return Ok(Vec::new());
        }
        let mut places = self.free_places(review)?;
        let now = self.cx.now();
        let mut ready = Vec::new();
        for item in review.items.next(usize::MAX) {
            if ready.len() >= ITEMS_PER_ACTIVATION {
                break;
            }
            let waits = match review.jobs.get(&item.id) {
                Some(job) => job.not_before.is_none_or(|at| at > now),
                None => false,
            };
            let can = !waits
                && match item.action.as_str() {
                    "delete" => self.may_mark(review)?,
                    "purge" => self.may_purge(review)?,
                    "archive" if self.moves(review) => {
                        let free = places > 0;
                        places = places.saturating_sub(1);
                        free
                    }
                    _ => true,
                };
            if can {
                ready.push(item);
            }
        }
        Ok(ready)
    }

    fn carry_out(&self, review: &mut Review, item: &Item) -> Result<(), Error> {
        let done = match self.act(review, item) {
            Ok(None) => return Ok(()),
            Ok(Some(state)) => state,
            Err(error) if error.is_not_found() => ItemState::Kept("it was deleted".to_owned()),
            Err(error @ (Error::Invalid(_) | Error::Conflict(_) | Error::Unsupported(_))) => {
                ItemState::Failed(error.message().to_owned())
            }
            Err(error) => return Err(error),
        };
        self.note(review, &item.id, done);
        Ok(())
    }

    /// Note what came of an item.
    pub(crate) fn note(&self, review: &mut Review, id: &str, state: ItemState) {
        if let ItemState::Failed(why) = &state {
            let now = self.cx.now();
            let since = *review.failing_since.get_or_insert(now);
            if self.within_budget(since) && review.retry_at.is_none() {
                review.retry_at = Some(now + crate::scan::length(self.config.retry.every));
            }
            let mut record = self.record("failed", review);
            record.asset = Some(id.to_owned());
            record.comment = Some(why.clone());
            self.cx.decision(&record);
        }
        review.items.mark(id, state);
    }

    fn within_budget(&self, since: Timestamp) -> bool {
        self.cx.now() < since + crate::scan::length(self.config.retry.budget)
    }

    // ---- What comes next ------------------------------------------------------------------------

    fn after_work(&self, mut review: Review) -> Next {
        if !self.ready(&mut review)?.is_empty() || self.overdue_jobs(&review) {
            return self.go_on_at_once(review);
        }
        self.ask_second_person(&mut review)?;
        if !review.items.is_finished() || review.retry_at.is_some() {
            return self.wait_for_work(review);
        }
        if !review.bad.is_empty() {
            let failed = review.items.failed();
            let lines: Vec<_> = failed
                .filter(|(item, _)| review.bad.contains(&item.id))
                .map(|(item, why)| format!("{} ({why})", item.id))
                .collect();
            let (bad, all) = (review.bad.len(), review.items.0.len());
            let list = lines.join(", ");
            let reason = format!(
                "{bad} of {all} assets need an operator: {list}; the signal `retry` tries them again"
            );
            return Ok(Step::park(State::Review(Box::new(review)), reason));
        }
        if self.unmark(&mut review)? {
            return self.go_on_at_once(review);
        }
        self.finish(review)
    }

    fn go_on_at_once(&self, review: Review) -> Next {
        let words = format!("the next assets of {}", review.title());
        let now = self.cx.now();
        Ok(Step::wait(State::Review(Box::new(review)))
            .timer(CONTINUE, now)
            .waiting_on(words))
    }

    fn wait_for_work(&self, review: Review) -> Next {
        let mut times: Vec<Timestamp> = review.retry_at.into_iter().collect();
        times.extend(self.next_job(&review)?);
        times.extend(self.next_move(&review)?);
        let until = review.deletion.until.filter(|until| *until > self.cx.now());
        times.extend(until);
        if let Some(since) = review.gone_since {
            times.push(self.gone_until(since)?);
        }
        let pending = review.items.next(usize::MAX);
        let words = self.words(&review, pending.len());
        // Files that move into the archive are many and tell much; they are looked at now and then.
        let followed = pending.into_iter().filter(|item| item.action != "archive");
        let followed: Vec<_> = followed.map(|item| item.id).take(FOLLOWED).collect();
        let desk = review.desk.clone();
        let mut wait = Step::wait(State::Review(Box::new(review)));
        for id in followed {
            wait = wait.subscribe(DAM, "asset", id);
        }
        if let Some(at) = times.into_iter().min() {
            wait = wait.timer(NEXT, at);
        }
        if !desk.asked.is_empty() {
            wait = desk.watch(wait, WORKFLOW);
        }
        Ok(wait.waiting_on(words))
    }

    fn words(&self, review: &Review, pending: usize) -> String {
        if !review.desk.asked.is_empty() {
            return format!("a second person to agree to the deletion of {pending} assets");
        }
        if review
            .deletion
            .until
            .is_some_and(|until| until > self.cx.now())
        {
            return format!("the end of the grace before {pending} assets are deleted");
        }
        if review.jobs.is_empty() {
            return format!("the time to go on with {pending} assets");
        }
        format!("{} files on their way", review.jobs.len())
    }

    /// Outcome and counts per action.
    pub(crate) fn result(&self, review: &Review) -> (String, String) {
        let items = &review.items;
        let held = ItemState::Kept(HELD.to_owned());
        let count = |wanted: &dyn Fn(&Item) -> bool| items.0.iter().filter(|i| wanted(i)).count();
        let kept = |item: &Item| matches!(&item.state, ItemState::Kept(why) if why != HELD);
        let counts = [
            ("archived", items.done("archive")),
            ("extended", items.done("extend")),
            ("evergreen", items.done("evergreen")),
            ("expired", items.done("expire")),
            ("deleted", items.done("purge")),
            ("restored", items.done("restore")),
            ("held", count(&|item| item.state == held)),
            ("kept", items.done("keep") + count(&kept)),
            ("failed", items.failed().count()),
        ];
        let some: Vec<_> = counts.iter().filter(|(_, count)| *count > 0).collect();
        let outcome = match some.as_slice() {
            _ if items.failed().count() > 0 => "completed-with-errors",
            [(only, _)] => only,
            _ => "completed",
        };
        let words: Vec<_> = some
            .iter()
            .map(|(word, count)| format!("{count} {word}"))
            .collect();
        (outcome.to_owned(), words.join(", "))
    }

    /// What was extended is reviewed again at its new end.
    pub(crate) fn follow_extended(&self, review: &Review) -> Result<(), Error> {
        let until = review
            .choice
            .as_ref()
            .and_then(|choice| choice.until.clone());
        let (Some(until), true) = (until, review.items.done("extend") > 0) else {
            return Ok(());
        };
        let items = review.items.0.iter();
        let extended: Vec<_> = items
            .filter(|item| item.action == "extend" && item.state == ItemState::Done)
            .map(|item| item.id.clone())
            .collect();
        let request = Request {
            asset: extended[0].clone(),
            policy: Some(review.unit.policy.clone()),
            campaign: review.unit.group.clone(),
            assets: extended,
            until: Some(until),
            extensions: review.unit.extensions + 1,
            ..Request::default()
        };
        self.start(&request, &mut std::collections::BTreeSet::new())
    }
}
