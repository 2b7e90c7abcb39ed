//! What a guard does: noting what stands, each act of protection, and telling of it.

use forebay_sdk::assets::{Asset, Share};
use forebay_sdk::blocks::{matches_path, paths, shares_of};
use forebay_sdk::handler::{DecisionRecord, interfaces};
use forebay_sdk::time::to_rfc3339;
use forebay_sdk::{Error, Value};
use serde::{Deserialize, Serialize};

use super::Steps;
use crate::DAM;
use crate::config::{Action, CaseType};
use crate::state::{Before, Case, Closed, Guard, State};

/// Signal to the case: an asset is protected.
pub(crate) const PROTECTED: &str = "protected";
/// Signal to the case: another case let go of an asset; what stood before both.
pub(crate) const INHERITED: &str = "inherited";
/// Signal to the guard: the case is closed.
pub(crate) const DISMISS: &str = "dismiss";
/// The step that marks an asset as part of the case; the last of all.
pub(crate) const MARK: &str = "mark";

/// Data of the signal [`PROTECTED`].
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct Protected {
    pub(crate) asset: String,
    pub(crate) at: i64,
    pub(crate) before: Before,
}

impl Steps<'_> {
    /// Tell the guard that its case is closed.
    pub(crate) fn dismiss_guard(&self, case: &Case, outcome: &str) -> Result<(), Error> {
        if case.guard.is_empty() {
            return Ok(());
        }
        let closed = Closed {
            at: self.cx.now(),
            outcome: outcome.to_owned(),
        };
        self.cx.signal(&case.guard, DISMISS, &closed)
    }

    // ---- The list -------------------------------------------------------------------------------

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

    /// Everything the guard holds is protected once more.
    pub(crate) fn protect_again(&self, guard: &mut Guard) {
        for asset in guard.before.keys() {
            let acts = self.all_acts(&guard.kind);
            guard.todo.insert(asset.clone(), acts);
        }
    }

    fn all_acts(&self, kind: &str) -> Vec<String> {
        let immediate = self.config.case_type(kind).immediate;
        let words = immediate.into_iter().map(Action::word);
        words.chain([MARK]).map(str::to_owned).collect()
    }

    // ---- Acts -----------------------------------------------------------------------------------

    /// What stands there now, so that exactly that can come back.
    pub(crate) fn note_what_stands(&self, guard: &mut Guard, asset: &Asset) -> Result<(), Error> {
        if guard.before.contains_key(&asset.id) {
            return Ok(());
        }
        let kind = self.config.case_type(&guard.kind);
        let before = Before {
            at: self.cx.now(),
            access: Some(self.cx.access().snapshot(&asset.id)?),
            shares: self.shares_of(&asset.id)?,
            collections: watched(asset, &kind),
            legal_hold: self.text(asset, &self.config.legal_hold_field),
        };
        guard.before.insert(asset.id.clone(), before);
        Ok(())
    }

    pub(crate) fn restrict_access(&self, asset: &Asset) -> Result<(), Error> {
        let template = &self.config.restrict_template;
        self.cx.access().apply(&asset.id, template)
    }

    pub(crate) fn revoke_shares(&self, asset: &Asset) -> Result<(), Error> {
        let mut shares = self.shares_of(&asset.id)?.into_iter();
        shares.try_for_each(|share| self.cx.sharing().revoke(&share.id))
    }

    pub(crate) fn take_out_of_collections(
        &self,
        guard: &Guard,
        asset: &Asset,
    ) -> Result<(), Error> {
        let kind = self.config.case_type(&guard.kind);
        for path in watched(asset, &kind) {
            if let Some(found) = self.cx.collections().find(&path)? {
                self.cx.collections().remove(&found.id, &asset.id)?;
            }
        }
        Ok(())
    }

    /// The case stands on the asset, and the hold with it.
    pub(crate) fn mark(&self, guard: &Guard, asset: &Asset) -> Result<(), Error> {
        let kind = self.config.case_type(&guard.kind);
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

    fn shares_of(&self, asset: &str) -> Result<Vec<Share>, Error> {
        if !self.cx.available(DAM, interfaces::SHARING) {
            return Ok(Vec::new());
        }
        shares_of(self.cx, asset)
    }

    // ---- Telling --------------------------------------------------------------------------------

    /// Tell the case that an asset is protected.
    pub(crate) fn report_protected(&self, guard: &Guard, asset: &str) -> Result<(), Error> {
        let before = guard.before.get(asset).cloned().unwrap_or_default();
        let record = self.record("protected", asset);
        let shares: Vec<_> = before.shares.iter().map(|share| share.id.clone()).collect();
        let (shares, places) = (shares.join(", "), before.collections.join(", "));
        let words = format!("shares ended: {shares}; taken out of: {places}");
        self.note(record, words);
        let protected = Protected {
            asset: asset.to_owned(),
            at: self.cx.now(),
            before,
        };
        self.cx.signal(&guard.run, PROTECTED, &protected)
    }

    /// A hold should have kept it: this is an alarm of its own.
    pub(crate) fn tell_asset_is_gone(&self, asset: &str) {
        self.cx
            .decision(&self.record("asset-gone-during-case", asset));
        self.tell(&format!("the asset {asset} of an open case was deleted"));
    }

    /// Tell the case what stood on an asset before another case that let go of it.
    pub(crate) fn tell_case_what_stood(
        &self,
        run: &str,
        asset: &str,
        before: &Before,
    ) -> Result<(), Error> {
        self.cx.signal(run, INHERITED, &(asset, before))
    }

    pub(crate) fn tell_held_by_nobody(&self, asset: &str) {
        self.cx.decision(&self.record("held-by-nobody", asset));
        self.tell(&format!(
            "the asset {asset} is protected but no case holds it any more: put it back by hand"
        ));
    }

    pub(crate) fn note_stays_protected(&self, asset: &str) {
        self.cx.decision(&self.record("stays-protected", asset));
    }

    /// The case goes on in another run, with what its guard has noted.
    pub(crate) fn note_reopened(&self, guard: &Guard, run: &str) {
        let words = format!("run {run} goes on with the record of {}", guard.run);
        let words = match &guard.closed {
            Some(Closed { at, outcome }) => {
                let at = to_rfc3339(*at);
                format!("{words}, which closed as {outcome} at {at}")
            }
            None => words,
        };
        self.note(DecisionRecord::new("reopened", "system"), words);
    }
}

impl From<Guard> for State {
    fn from(guard: Guard) -> Self {
        Self::Guard(Box::new(guard))
    }
}

impl Guard {
    /// The guard of this case, for its run.
    pub(crate) fn of_case(case: String, run: String, kind: String) -> Self {
        Self {
            kind,
            case,
            run,
            ..Self::default()
        }
    }

    /// The case goes on in another run. What the guard still holds belongs to it.
    pub(crate) fn serve(&mut self, run: String, kind: String) {
        self.run = run;
        self.kind = kind;
        self.closed = None;
    }

    /// The case is closed; what it gave back is held no more.
    pub(crate) fn close(&mut self, closed: Closed) {
        if closed.gave_back() {
            self.before.clear();
            self.todo.clear();
        }
        self.closed = Some(closed);
    }

    pub(crate) fn note_failure(&mut self, asset: &str, act: &str, error: &Error) {
        let words = format!("{act}: {}", error.message());
        self.failures.insert(asset.to_owned(), words);
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
