//! Carrying out what was decided, a few items per activation: each is read afresh, checked for a
//! hold, and done once. One that fails does not stop the others.

use forebay_sdk::assets::{Asset, AssetStatus, ShareQuery};
use forebay_sdk::blocks::{CONTINUE, ITEMS_PER_ACTIVATION, Item, ItemState, fill};
use forebay_sdk::{Error, OrAbsent, Step, Timestamp, Value, paging};

use crate::actions::Status;
use crate::admit::Request;
use crate::course::{Course, NEXT, Next};
use crate::scan::EVERGREEN;
use crate::state::{Review, State};
use crate::{DAM, WORKFLOW};

/// Most assets whose holds are followed by events during a grace. Of more, a hold is seen when the
/// grace ends.
const FOLLOWED: usize = 500;
/// Why an item on hold is kept.
const HELD: &str = "held";

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

    /// Do with one asset what was decided. None: it goes on.
    fn act(&self, review: &mut Review, item: &Item) -> Result<Option<ItemState>, Error> {
        let kept = |why: &str| Ok(Some(ItemState::Kept(why.to_owned())));
        let Some(asset) = self.cx.assets().get(&item.id).or_absent()? else {
            return kept("somebody deleted it");
        };
        match item.action.as_str() {
            "purge" => return self.purge(review, &asset),
            "spare" => return self.spare_one(review, &asset).map(Some),
            _ if asset.trashed => return kept("somebody put it into the trash"),
            _ => {}
        }
        let hold = &self.config.legal_hold;
        if hold.forbids(&self.config.fields, &asset, &item.action) {
            return self.hold(review, &asset).map(Some);
        }
        review.marks.remove(&item.id);
        let policy = review.unit.policy.clone();
        let by_policy = Value::text(&policy);
        match item.action.as_str() {
            "archive" if self.moves(review) => return self.start_move(review, &asset),
            "archive" => self.shelve(review, &asset)?,
            "extend" => {
                let until = review
                    .choice
                    .as_ref()
                    .and_then(|choice| choice.until.clone());
                self.mark(
                    &asset,
                    "extended",
                    Value::Date(until.unwrap_or_default()),
                    by_policy,
                )?;
            }
            "evergreen" => {
                let forever = Value::Text(format!("{EVERGREEN}{policy}"));
                self.mark(&asset, "active", Value::None, forever)?;
            }
            "keep" => {
                let again = self.config.review_again.after(self.cx.now());
                let again = self.date_value(again)?;
                self.mark(&asset, "active", again, by_policy)?;
            }
            "expire" => {
                self.block(&asset)?;
                let now = self.cx.assets().get(&asset.id)?;
                self.mark(&now, "expired", Value::None, by_policy)?;
            }
            "delete" => return self.mark_for_deletion(review, &asset),
            "restore" => return self.start_restore(review, &asset),
            other => return kept(&format!("nobody knows how to {other} it")),
        }
        let mut record = self.record_of(&item.action, review, &asset);
        record.comment = review
            .choice
            .as_ref()
            .and_then(|choice| choice.reason.clone());
        self.cx.decision(&record);
        Ok(Some(ItemState::Done))
    }

    /// The lifecycle fields of an asset.
    pub(crate) fn mark(
        &self,
        asset: &Asset,
        state: &str,
        until: Value,
        policy: Value,
    ) -> Result<(), Error> {
        let fields = [
            ("lifecycle_state", state.into()),
            ("lifecycle_until", until),
            ("lifecycle_policy", policy),
        ];
        self.write(asset, &fields, None)
    }

    /// The status of what leaves use, where the flow sets it.
    pub(crate) fn out_of_use(&self) -> Option<AssetStatus> {
        match self.config.actions.archive.status {
            Status::Restricted => Some(AssetStatus::Restricted),
            Status::Unchanged => None,
        }
    }

    /// Archive by status and albums: into the archive first, then out of the others.
    pub(crate) fn shelve(&self, review: &Review, asset: &Asset) -> Result<(), Error> {
        let rule = &self.config.actions.archive;
        let mut archive = String::new();
        if !rule.album.is_empty() {
            let year = self
                .cx
                .local_date(&self.config.calendar.zone, self.cx.now())?;
            let path = fill(&rule.album, |name| {
                Some(match name {
                    "year" => year.chars().take(4).collect(),
                    "policy" => review.unit.policy.clone(),
                    field => match self.text(asset, field) {
                        text if text.is_empty() => format!("no {field}"),
                        text => text,
                    },
                })
            })?;
            archive = self.cx.collections().create(&path)?.id;
            self.cx.collections().add(&archive, &asset.id)?;
        }
        if rule.remove_from_other_albums {
            for place in &asset.containers {
                if place.entity.id != archive {
                    self.cx
                        .collections()
                        .remove(&place.entity.id, &asset.id)
                        .or_absent()?;
                }
            }
        }
        let now = self.cx.assets().get(&asset.id)?;
        let fields = [
            ("lifecycle_state", "archived".into()),
            ("lifecycle_until", Value::None),
            ("lifecycle_policy", Value::text(&review.unit.policy)),
        ];
        self.write(&now, &fields, self.out_of_use())
    }

    /// Access ends, files stay.
    fn block(&self, asset: &Asset) -> Result<(), Error> {
        let rule = &self.config.actions.expire;
        if rule.acl_template.is_empty() {
            self.write(asset, &[], Some(AssetStatus::Restricted))?;
        } else {
            self.cx.access().apply(&asset.id, &rule.acl_template)?;
        }
        if !rule.revoke_shares
            || !self
                .cx
                .available(DAM, forebay_sdk::handler::interfaces::SHARING)
        {
            return Ok(());
        }
        let (shares, _) = paging::collect(usize::MAX, |page| {
            let query = ShareQuery {
                asset: Some(asset.id.clone()),
                collection: None,
                external_id: None,
                include_ended: false,
                page: page.map(str::to_owned),
            };
            let found = self.cx.sharing().list(&query)?;
            Ok((found.shares, found.next))
        })?;
        for share in shares {
            self.cx.sharing().revoke(&share.id)?;
        }
        Ok(())
    }

    // ---- Holds ----------------------------------------------------------------------------------

    /// A hold beats all: what is pending stops, and an asset that we put into the delete queue comes
    /// out of it.
    pub(crate) fn hold(&self, review: &Review, asset: &Asset) -> Result<ItemState, Error> {
        if asset.trashed {
            self.cx.lifecycle().recover(&asset.id)?;
        }
        let now = self.cx.assets().get(&asset.id)?;
        self.write(&now, &[("lifecycle_state", HELD.into())], None)?;
        self.cx.decision(&self.record_of(HELD, review, asset));
        self.tell(&format!(
            "\"{}\" is on legal hold; nothing happens to it",
            asset.name
        ));
        Ok(ItemState::Kept(HELD.to_owned()))
    }

    /// An asset changed while its end is pending.
    pub(crate) fn stop_if_held(&self, review: &mut Review, id: &str) -> Result<(), Error> {
        let pending = review.items.get(id).is_some_and(|item| {
            item.state == ItemState::Open && ["purge", "delete"].contains(&item.action.as_str())
        });
        if !pending || review.jobs.contains_key(id) {
            return Ok(());
        }
        let Some(asset) = self.cx.assets().get(id).or_absent()? else {
            return Ok(());
        };
        if self.is_held_from_deletion(&asset) {
            let held = self.hold(review, &asset)?;
            review.items.mark(id, held);
        }
        Ok(())
    }

    pub(crate) fn is_held_from_deletion(&self, asset: &Asset) -> bool {
        let hold = &self.config.legal_hold;
        let fields = &self.config.fields;
        hold.forbids(fields, asset, "delete") || hold.forbids(fields, asset, "purge")
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
        let pending = review.items.next(usize::MAX).into_iter();
        let pending: Vec<_> = pending.map(|item| item.id).take(FOLLOWED).collect();
        let words = self.words(&review, pending.len());
        let desk = review.desk.clone();
        let mut wait = Step::wait(State::Review(Box::new(review)));
        for id in pending {
            wait = wait.subscribe(DAM, "asset", id);
        }
        if let Some(at) = times.into_iter().min() {
            wait = wait.timer(NEXT, at);
        }
        if !desk.asked.is_empty() {
            wait = wait.subscribe(WORKFLOW, "process", desk.process.as_str());
            for (name, at) in desk.timers() {
                wait = wait.timer(name, at);
            }
            for party in desk.parties() {
                wait = wait.party(party);
            }
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
