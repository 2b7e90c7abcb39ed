//! Protection: what is done to an asset at once, each act for itself. One that fails does not hold up
//! the others and is tried again every minute.

use std::collections::BTreeMap;

use forebay_sdk::assets::{Asset, Share, ShareQuery};
use forebay_sdk::blocks::{matches_path, paths, present};
use forebay_sdk::handler::{EffectMode, interfaces};
use forebay_sdk::time::MINUTE;
use forebay_sdk::{Delivery, Error, Step, Value, paging};
use serde::{Deserialize, Serialize};

use crate::DAM;
use crate::admit::Request;
use crate::config::{Action, CaseType};
use crate::course::{Course, Next};
use crate::state::{Before, Guard, State};

/// Signal to the case: an asset is protected.
pub(crate) const PROTECTED: &str = "protected";
/// Signal to the guard: the case is closed.
pub(crate) const DISMISS: &str = "dismiss";
/// Timer: try again what failed.
const AGAIN: &str = "again";
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
                self.take_on(&mut guard, &request.assets);
            }
            Delivery::Signal(signal) if signal.name == DISMISS => {
                return Ok(Step::complete(
                    state(guard),
                    "guarded",
                    "the case is closed",
                ));
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

    /// Put assets on the list.
    pub(crate) fn take_on(&self, guard: &mut Guard, assets: &[String]) {
        let kind = self.config.case_type(&guard.kind);
        for asset in assets {
            let known = guard.todo.contains_key(asset) || guard.before.contains_key(asset);
            if !known {
                let mut todo: Vec<_> = kind.immediate.iter().map(|a| a.word().to_owned()).collect();
                todo.push(MARK.to_owned());
                guard.todo.insert(asset.clone(), todo);
            }
        }
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
        let before = guard.before.get(&asset.id).cloned().unwrap_or_default();
        match act {
            "restrict_acl" => self
                .cx
                .access()
                .apply(&asset.id, &self.config.restrict_template),
            "revoke_shares" => {
                let shares = before.shares.iter();
                shares
                    .map(|share| share.id.as_str())
                    .try_for_each(|share| self.cx.sharing().revoke(share))
            }
            "remove_from" => before.collections.iter().try_for_each(|path| {
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
        let watched = |path: &String| {
            let mut patterns = kind.remove_from.iter();
            patterns.any(|pattern| matches_path(pattern, path))
        };
        let hold = self.texts(asset, &self.config.legal_hold_field);
        Ok(Before {
            access: Some(self.cx.access().snapshot(&asset.id)?),
            shares: self.shares_of(&asset.id)?,
            collections: paths(asset).into_iter().filter(watched).collect(),
            legal_hold: hold.into_iter().next().unwrap_or_default(),
        })
    }

    fn shares_of(&self, asset: &str) -> Result<Vec<Share>, Error> {
        if !self.cx.available(DAM, interfaces::SHARING) {
            return Ok(Vec::new());
        }
        let (shares, _) = paging::collect(usize::MAX, |page| {
            let query = ShareQuery {
                asset: Some(asset.to_owned()),
                collection: None,
                external_id: None,
                include_ended: false,
                page: page.map(str::to_owned),
            };
            let found = self.cx.sharing().list(&query)?;
            Ok((found.shares, found.next))
        })?;
        Ok(shares)
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
        let again = !guard.todo.is_empty();
        let failures: BTreeMap<_, _> = guard.failures.clone();
        let assets: Vec<_> = guard.before.keys().cloned().collect();
        let wait = Step::wait(state(guard));
        let wait = assets.iter().fold(wait, |wait, asset| {
            wait.subscribe_to(DAM, "asset", asset.as_str(), &["asset.deleted"])
        });
        if again {
            let words: Vec<_> = failures.values().cloned().collect();
            return Ok(wait
                .timer(AGAIN, self.cx.now() + MINUTE)
                .waiting_on(format!("another attempt: {}", words.join("; "))));
        }
        // A guard whose assets are all protected waits for the end of its case.
        Ok(wait
            .timer("look", self.cx.now() + 24 * 60 * MINUTE)
            .waiting_on("the end of the case"))
    }
}
