//! Lists of items that a run works through, a few per activation, so that a stop in between loses
//! and repeats nothing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::handler::{Cx, Step};

/// How many items one activation works on: seconds of work at a vendor, and little to do again after
/// a crash.
pub const ITEMS_PER_ACTIVATION: usize = 20;

/// Timer that brings the next activation at once.
pub const CONTINUE: &str = "continue";

/// Go on in another activation, at once: with the next items or the next page, as these words say.
/// In the meantime nothing else is waited for.
pub fn at_once<S>(cx: &Cx, state: S, what: impl Into<String>) -> Step<S> {
    Step::wait(state).timer(CONTINUE, cx.now()).waiting_on(what)
}

/// Where an item stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ItemState {
    /// Nothing was done yet.
    #[default]
    Open,
    /// It is done.
    Done,
    /// It could not be done, for this reason; it may be tried again.
    Failed(String),
    /// It is kept as it is, for this reason.
    Kept(String),
}

/// One item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Item {
    /// The asset.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// What is to be done with it; the handler's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub action: String,
    /// Where it stands.
    #[serde(default)]
    pub state: ItemState,
}

/// Items in the order they are worked on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Items(pub Vec<Item>);

impl Items {
    /// Add an item, unless it is there.
    pub fn add(&mut self, id: impl Into<String>, name: impl Into<String>) {
        let id = id.into();
        if self.get(&id).is_none() {
            self.0.push(Item {
                id,
                name: name.into(),
                action: String::new(),
                state: ItemState::Open,
            });
        }
    }

    /// The item of this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Item> {
        self.0.iter().find(|item| item.id == id)
    }

    /// Say what is to be done with an item.
    pub fn plan(&mut self, id: &str, action: &str) {
        if let Some(item) = self.0.iter_mut().find(|item| item.id == id) {
            action.clone_into(&mut item.action);
        }
    }

    /// Say where an item stands.
    pub fn mark(&mut self, id: &str, state: ItemState) {
        if let Some(item) = self.0.iter_mut().find(|item| item.id == id) {
            item.state = state;
        }
    }

    /// The next items to work on.
    #[must_use]
    pub fn next(&self, count: usize) -> Vec<Item> {
        let open = self.0.iter().filter(|item| item.state == ItemState::Open);
        open.take(count).cloned().collect()
    }

    /// Try the failed ones again. How many there are.
    pub fn reopen_failed(&mut self) -> usize {
        let failed = self
            .0
            .iter_mut()
            .filter(|item| matches!(item.state, ItemState::Failed(_)));
        failed.map(|item| item.state = ItemState::Open).count()
    }

    /// Nothing is left to be done?
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.0.iter().all(|item| item.state != ItemState::Open)
    }

    /// The failed ones, with the reason.
    pub fn failed(&self) -> impl Iterator<Item = (&Item, &str)> {
        self.0.iter().filter_map(|item| match &item.state {
            ItemState::Failed(why) => Some((item, why.as_str())),
            _ => None,
        })
    }

    /// How many were done with this action.
    #[must_use]
    pub fn done(&self, action: &str) -> usize {
        let done = self.0.iter().filter(|item| item.state == ItemState::Done);
        done.filter(|item| item.action == action).count()
    }

    /// Tell the host how far it is.
    pub fn tell_progress(&self, cx: &Cx) {
        let left = self.next(usize::MAX).len();
        cx.progress((self.0.len() - left) as u64, self.0.len() as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{START, Script};

    #[test]
    fn the_next_activation_comes_at_once() {
        let step = at_once(&Cx::scripted(Script::new()), 7, "the next page");
        let waiting = step.waiting().unwrap();
        assert_eq!(step.state, 7);
        assert_eq!(waiting.timers.len(), 1);
        assert_eq!(waiting.timers[0].name, CONTINUE);
        assert_eq!(waiting.timers[0].due_at, START);
        assert_eq!(waiting.waiting_on.summary, "the next page");
    }

    #[test]
    fn each_item_is_worked_on_once_until_it_is_reopened() {
        let mut items = Items::default();
        for id in ["a", "b", "a", "c"] {
            items.add(id, id);
        }
        assert_eq!(items.0.len(), 3);
        items.plan("a", "archive");
        items.mark("a", ItemState::Done);
        items.mark("b", ItemState::Failed("offline".into()));
        let next: Vec<_> = items.next(9).into_iter().map(|item| item.id).collect();
        assert_eq!(next, ["c"]);
        assert!(!items.is_finished());
        assert_eq!(items.done("archive"), 1);
        assert_eq!(
            items.failed().map(|(_, why)| why).collect::<Vec<_>>(),
            ["offline"]
        );
        assert_eq!(items.reopen_failed(), 1);
        assert_eq!(items.next(9).len(), 2);
    }
}
