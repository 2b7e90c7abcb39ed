//! Protection: what is done to an asset at once, each act for itself. One that fails does not hold up
//! the others and is tried again every minute.
//!
//! A guard outlives its case: until the case may no longer be opened again it keeps what stood before.

use forebay_sdk::assets::{Asset, Share};
use forebay_sdk::blocks::{matches_path, paths, present, shares_of};
use forebay_sdk::handler::{DecisionRecord, EffectMode, interfaces};
use forebay_sdk::time::{DAY, MINUTE, to_rfc3339};
use forebay_sdk::{Delivery, Error, Step, Value};
use serde::{Deserialize, Serialize};

use crate::DAM;
use crate::admit::Request;
use crate::config::{Action, CaseType};
use crate::course::{Course, Next};
use crate::state::{Before, Closed, Guard, State};

/// Signal to the case: an asset is protected.
pub(crate) const PROTECTED: &str = "protected";
/// Signal to the case: another case let go of an asset; what stood before both.
pub(crate) const INHERITED: &str = "inherited";
/// Signal to the guard: the case is closed.
const DISMISS: &str = "dismiss";
/// Timer: the case can no longer be opened again.
const FORGET: &str = "forget";
/// Timer: try again what failed.
const AGAIN: &str = "again";
/// Timer: look whether all is well.
const LOOK: &str = "look";
/// The step that marks an asset as part of the case; the last of all.
const MARK: &str = "mark";

/// Data of the signal [`PROTECTED`].
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct Protected {
    pub(crate) asset: String,
    pub(crate) at: i64,
    pub(crate) before: Before,
}

fn state(guard: Guard) -> State {
    State::Guard(Box::new(guard))
}

impl Course<'_> {
    pub(crate) fn guard(&self, mut guard: Guard, delivery: &Delivery) -> Next {
        match delivery {
            Delivery::Request(_) => {
                let request: Request = delivery.request()?;
                if let Some((asset, before)) = request.inherit {
                    self.inherit(&mut guard, &asset, before)?;
                }
                match request.guard {
                    Some((_, run)) if run != guard.run => {
                        self.reopen(&mut guard, run, request.case_type);
                    }
                    _ => {}
                }
                self.take_on(&mut guard, &request.assets);
            }
            Delivery::Signal(signal) if signal.name == DISMISS => {
                let closed: Closed = signal.data()?;
                if closed.gave_back() {
                    guard.before.clear();
                    guard.todo.clear();
                }
                guard.closed = Some(closed);
            }
            Delivery::Event(incoming) => {
                let asset = &incoming.event.entity.id;
                if guard.before.contains_key(asset) && present(self.cx, asset)?.is_none() {
                    self.asset_is_gone(asset);
                }
            }
            _ => {}
        }
        self.protect(guard)
    }

    /// Tell the guard that its case is closed.
    pub(crate) fn dismiss(&self, guard: &str, outcome: &str) -> Result<(), Error> {
        if guard.is_empty() {
            return Ok(());
        }
        let closed = Closed {
            at: self.cx.now(),
            outcome: outcome.to_owned(),
        };
        self.cx.signal(guard, DISMISS, &closed)
    }

    /// The case goes on in another run. What the guard still holds belongs to it, and is protected
    /// again: nobody knows what was done to it meanwhile.
    fn reopen(&self, guard: &mut Guard, run: String, kind: String) {
        let mut record = DecisionRecord::new("reopened", "system");
        record.comment = Some(match guard.closed.take() {
            Some(closed) => format!(
                "run {run} goes on with the record of {}, which closed as {} at {}",
                guard.run,
                closed.outcome,
                to_rfc3339(closed.at)
            ),
            None => format!("run {run} goes on with the record of {}", guard.run),
        });
        self.cx.decision(&record);
        (guard.run, guard.kind) = (run, kind);
        let held: Vec<_> = guard.before.keys().cloned().collect();
        for asset in held {
            guard.todo.insert(asset, self.all_acts(&guard.kind));
        }
    }

    /// Another case let go of an asset. While it is held here it stays as it is.
    fn inherit(&self, guard: &mut Guard, asset: &str, theirs: Before) -> Result<(), Error> {
        let Some(before) = guard.before.get_mut(asset) else {
            self.cx.decision(&self.record("held-by-nobody", asset));
            self.tell(&format!(
                "the asset {asset} is protected but no case holds it any more: put it back by hand"
            ));
            return Ok(());
        };
        before.join(theirs);
        if guard.closed.is_some() {
            return Ok(());
        }
        self.cx.signal(&guard.run, INHERITED, &(asset, before))
    }

    /// Put assets on the list. What was protected before is protected and told of again: who asks for
    /// it does not know of it.
    pub(crate) fn take_on(&self, guard: &mut Guard, assets: &[String]) {
        for asset in assets {
            if !guard.todo.contains_key(asset) {
                let acts = self.all_acts(&guard.kind);
                guard.todo.insert(asset.clone(), acts);
            }
        }
    }

    fn all_acts(&self, kind: &str) -> Vec<String> {
        let immediate = self.config.case_type(kind).immediate;
        let words = immediate.into_iter().map(Action::word);
        words.chain([MARK]).map(str::to_owned).collect()
    }

    /// Do what is left.
    pub(crate) fn protect(&self, mut guard: Guard) -> Next {
        let kind = self.config.case_type(&guard.kind);
        for (id, todo) in std::mem::take(&mut guard.todo) {
            let Some(asset) = present(self.cx, &id)? else {
                self.asset_is_gone(&id);
                continue;
            };
            if !guard.before.contains_key(&id) {
                let before = self.snapshot(&asset, &kind)?;
                guard.before.insert(id.clone(), before);
            }
            let mut left = Vec::new();
            guard.failures.remove(&id);
            for act in todo {
                if act == MARK && !left.is_empty() {
                    left.push(act);
                    continue;
                }
                match self.act(&asset, &kind, &guard, &act) {
                    Ok(()) => {}
                    Err(error) => {
                        let words = format!("{act}: {}", error.message());
                        guard.failures.insert(id.clone(), words);
                        left.push(act);
                    }
                }
            }
            if left.is_empty() {
                self.report(&guard, &id)?;
            } else {
                guard.todo.insert(id, left);
            }
        }
        if self.cx.mode() == EffectMode::Observe {
            let summary = format!("{} assets would have been protected", guard.before.len());
            return Ok(Step::complete(state(guard), "observed", summary));
        }
        self.watch(guard)
    }

    fn act(&self, asset: &Asset, kind: &CaseType, guard: &Guard, act: &str) -> Result<(), Error> {
        match act {
            "restrict_acl" => self
                .cx
                .access()
                .apply(&asset.id, &self.config.restrict_template),
            "revoke_shares" => {
                let shares = self.shares_of(&asset.id)?;
                let mut ids = shares.iter().map(|share| share.id.as_str());
                ids.try_for_each(|share| self.cx.sharing().revoke(share))
            }
            "remove_from" => watched(asset, kind).iter().try_for_each(|path| {
                match self.cx.collections().find(path)? {
                    Some(found) => self.cx.collections().remove(&found.id, &asset.id),
                    None => Ok(()),
                }
            }),
            MARK => self.mark(asset, guard, kind),
            _ => Ok(()),
        }
    }

    /// The case stands on the asset, and the hold with it.
    fn mark(&self, asset: &Asset, guard: &Guard, kind: &CaseType) -> Result<(), Error> {
        let mut cases = self.cases_on(asset);
        if !cases.contains(&guard.case) {
            cases.push(guard.case.clone());
        }
        let mut fields = vec![
            ("case_ids", Value::Text(cases.join(","))),
            ("case_type", Value::text(&guard.kind)),
            ("case_state", "open".into()),
        ];
        if kind.immediate.contains(&Action::Flag) {
            fields.push(("case_flag", "flagged".into()));
        }
        let field = self.config.legal_hold_field.clone();
        if self.config.set_legal_hold.contains(&guard.kind) {
            fields.push((field.as_str(), "yes".into()));
        }
        self.write_fields(&asset.id, &fields)
    }

    /// What stands there now, so that exactly that can come back.
    fn snapshot(&self, asset: &Asset, kind: &CaseType) -> Result<Before, Error> {
        let hold = self.texts(asset, &self.config.legal_hold_field);
        Ok(Before {
            at: self.cx.now(),
            access: Some(self.cx.access().snapshot(&asset.id)?),
            shares: self.shares_of(&asset.id)?,
            collections: watched(asset, kind),
            legal_hold: hold.into_iter().next().unwrap_or_default(),
        })
    }

    fn shares_of(&self, asset: &str) -> Result<Vec<Share>, Error> {
        if !self.cx.available(DAM, interfaces::SHARING) {
            return Ok(Vec::new());
        }
        shares_of(self.cx, asset)
    }

    fn report(&self, guard: &Guard, asset: &str) -> Result<(), Error> {
        let before = guard.before.get(asset).cloned().unwrap_or_default();
        let mut record = self.record("protected", asset);
        let shares: Vec<_> = before.shares.iter().map(|share| share.id.clone()).collect();
        record.comment = Some(format!(
            "shares ended: {}; taken out of: {}",
            shares.join(", "),
            before.collections.join(", ")
        ));
        self.cx.decision(&record);
        let protected = Protected {
            asset: asset.to_owned(),
            at: self.cx.now(),
            before,
        };
        self.cx.signal(&guard.run, PROTECTED, &protected)
    }

    /// A hold should have kept it: this is an alarm of its own.
    fn asset_is_gone(&self, asset: &str) {
        self.cx
            .decision(&self.record("asset-gone-during-case", asset));
        self.tell(&format!("the asset {asset} of an open case was deleted"));
    }

    fn watch(&self, guard: Guard) -> Next {
        let now = self.cx.now();
        let forget = match &guard.closed {
            Some(closed) => {
                let within = self.config.reopen.within;
                Some(within.after(self.cx, &self.config.calendar, closed.at, 100)?)
            }
            None => None,
        };
        if forget.is_some_and(|forget| forget <= now) {
            let summary = "the case is closed for good";
            return Ok(Step::complete(state(guard), "guarded", summary));
        }
        let words = match (guard.todo.is_empty(), forget) {
            (false, _) => {
                let failures: Vec<_> = guard.failures.values().cloned().collect();
                format!("another attempt: {}", failures.join("; "))
            }
            (true, None) => "the end of the case".to_owned(),
            (true, Some(_)) => "the case to be opened again, for a while".to_owned(),
        };
        let again = (!guard.todo.is_empty()).then_some((AGAIN, now + MINUTE));
        let next = forget.map_or((LOOK, now + DAY), |forget| (FORGET, forget));
        let watched: Vec<_> = match forget {
            None => guard.before.keys().cloned().collect(),
            // What happens to assets of a closed case is no alarm.
            Some(_) => Vec::new(),
        };
        let mut wait = Step::wait(state(guard));
        for (timer, at) in again.into_iter().chain([next]) {
            wait = wait.timer(timer, at);
        }
        for asset in watched {
            wait = wait.subscribe_to(DAM, "asset", asset, &["asset.deleted"]);
        }
        Ok(wait.waiting_on(words))
    }
}

/// The collections of an asset that this kind of case takes it out of.
fn watched(asset: &Asset, kind: &CaseType) -> Vec<String> {
    let mut found = paths(asset);
    found.retain(|path| {
        let mut patterns = kind.remove_from.iter();
        patterns.any(|pattern| matches_path(pattern, path))
    });
    found
}
