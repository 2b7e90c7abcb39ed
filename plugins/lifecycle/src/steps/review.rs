//! What a review knows by itself, without asking anybody.

use forebay_sdk::blocks::{Item, ItemState, Items, Reading, Scan};

use super::one_asset::HELD;
use crate::config::policy::Policy;
use crate::state::{Choice, Phase, Review, State, Unit};

impl From<Review> for State {
    fn from(review: Review) -> Self {
        Self::Review(Box::new(review))
    }
}

impl Unit {
    /// Its name for people, before anything is read.
    pub(crate) fn name(&self) -> String {
        let group = self.group.clone();
        group.unwrap_or_else(|| format!("asset {}", self.assets.join(", ")))
    }
}

impl Choice {
    /// What happens by a policy that nobody reviews.
    pub(crate) fn of_policy(policy: &Policy) -> Self {
        Self {
            outcome: policy.leads_to().word().to_owned(),
            by: format!("policy {}", policy.name),
            ..Self::default()
        }
    }
}

impl Review {
    /// A run that brings one asset back from the archive.
    pub(crate) fn to_restore(id: &str, name: &str) -> Self {
        let mut items = Items::default();
        items.add(id, name);
        items.plan(id, "restore");
        Self {
            unit: Unit {
                assets: vec![id.to_owned()],
                first: id.to_owned(),
                ..Unit::default()
            },
            phase: Phase::Working,
            items,
            choice: Some(Choice {
                outcome: "restore".to_owned(),
                by: "request".to_owned(),
                ..Choice::default()
            }),
            ..Self::default()
        }
    }

    /// Its name for people.
    pub(crate) fn title(&self) -> String {
        match &self.unit.group {
            Some(group) => format!("\"{group}\""),
            None if self.items.0.len() == 1 => format!("\"{}\"", self.items.0[0].name),
            None => format!("{} assets", self.unit.assets.len()),
        }
    }

    /// The title of its process.
    pub(crate) fn subject(&self) -> String {
        format!("Lifecycle of {}", self.title())
    }

    pub(crate) fn begin_list(&mut self) {
        self.list = Scan::default();
        self.found.clear();
        self.latest = 0;
    }

    /// Assets that the list does not name any more stay as they are.
    pub(crate) fn keep_what_left_the_list(&mut self) {
        for item in &mut self.items.0 {
            if item.state == ItemState::Open && !self.found.contains(&item.id) {
                item.state = ItemState::Kept("the policy is no longer about it".to_owned());
            }
        }
    }

    /// Was nobody asked, and no asset marked or extended?
    pub(crate) fn is_untouched(&self) -> bool {
        !self.desk.is_open() && self.marks.is_empty() && self.unit.until.is_none()
    }

    /// Its assets end later than was thought.
    pub(crate) fn wait_for_the_later_end(&mut self) {
        self.due = self.latest;
        self.items = Items::default();
    }

    /// Why a run parks whose process does not run; `restart` is the signal that helps.
    pub(crate) fn why_people_cannot_answer(&self, stopped: &Reading, restart: &str) -> String {
        let reason = stopped.stopped(&self.desk.process).unwrap_or_default();
        match stopped {
            Reading::Ended(_) => format!(
                "{reason}; nothing more happens to the assets unless the signal `{restart}` asks \
                 again in another one"
            ),
            _ => reason,
        }
    }

    /// Nothing is deleted, for this reason; what was marked for it comes back.
    pub(crate) fn spare_what_would_be_deleted(&mut self, why: &str) {
        for item in &mut self.items.0 {
            let pending = ["delete", "purge"].contains(&item.action.as_str());
            if item.state == ItemState::Open && pending {
                "spare".clone_into(&mut item.action);
            }
        }
        self.deletion.spared = Some(why.to_owned());
        self.deletion.until = None;
    }

    /// Failed items are tried again, also those an operator had to look at.
    pub(crate) fn forget_failures(&mut self) {
        self.items.reopen_failed();
        self.bad.clear();
        self.jobs.retain(|_, job| job.not_before.is_none());
        self.failing_since = None;
        self.retry_at = None;
    }

    /// Something happened to an asset: where it is on its way, it is looked at now.
    pub(crate) fn look_at_job_now(&mut self, id: &str) {
        if let Some(job) = self.jobs.get_mut(id) {
            job.looked = 0;
        }
    }

    /// Which items an operator must look at, in words.
    pub(crate) fn needs_an_operator(&self) -> String {
        let failed = self.items.failed();
        let lines: Vec<_> = failed
            .filter(|(item, _)| self.bad.contains(&item.id))
            .map(|(item, why)| format!("{} ({why})", item.id))
            .collect();
        let (bad, all) = (self.bad.len(), self.items.0.len());
        let list = lines.join(", ");
        format!(
            "{bad} of {all} assets need an operator: {list}; the signal `retry` tries them again"
        )
    }

    /// Outcome and counts per action.
    pub(crate) fn result(&self) -> (String, String) {
        let items = &self.items;
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
}
