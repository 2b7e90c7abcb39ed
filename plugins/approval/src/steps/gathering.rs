//! How assets are gathered for one review.

use forebay_sdk::handler::EffectMode;
use forebay_sdk::{Error, Step, Timestamp};

use super::{Request, Steps};
use crate::state::{Gathering, Leave, Member, Order, Shared, Word};

/// Timer: the window closes.
const CLOSES: &str = "window-closes";
/// Longest time to gather, in per cent of the window: a card of five hundred clips gets through a
/// vendor's rate limits within it, and a steady trickle of uploads does not wait for ever.
const LONGEST: u32 = 1_500;

impl Gathering {
    /// A batch in which nobody is yet.
    pub(crate) fn of(shared: Shared, now: Timestamp) -> Self {
        Self {
            of: shared,
            began: now,
            closes_at: now,
            members: Vec::new(),
        }
    }

    /// The run of an asset took it back.
    pub(crate) fn let_go(&mut self, leave: &Leave) {
        self.members.retain(|member| member.ticket != leave.ticket);
    }
}

impl Steps<'_> {
    /// Take an asset in, and tell its run. The window is open as long again. A run that comes again has
    /// given up its earlier wish.
    pub(crate) fn take_in(&self, gathering: &mut Gathering, member: Member) -> Result<(), Error> {
        gathering.members.retain(|other| other.run != member.run);
        let (window, calendar) = (self.config.batch.window, &self.config.calendar);
        let next = window.after(self.cx, calendar, self.cx.now(), 100)?;
        let last = window.after(self.cx, calendar, gathering.began, LONGEST)?;
        gathering.closes_at = next.min(last);
        self.tell_member(&member, Word::Gathered)?;
        gathering.members.push(member);
        Ok(())
    }

    /// Is the batch full, or the time over?
    pub(crate) fn window_closes(&self, gathering: &Gathering) -> bool {
        let full = gathering.members.len() >= self.config.batch.max_items;
        full || self.cx.now() >= gathering.closes_at
    }

    /// Wait for others until the window closes.
    pub(crate) fn wait_for_others(&self, gathering: Gathering) -> Step<Gathering> {
        let closes_at = gathering.closes_at;
        let summary = format!(
            "{} assets of {} so far, and others until the window closes",
            gathering.members.len(),
            gathering.of.place
        );
        Step::wait(gathering)
            .timer(CLOSES, closes_at)
            .due(closes_at)
            .waiting_on(summary)
    }

    /// Hand all assets to one review; an asset that stayed alone is reviewed on its own.
    pub(crate) fn hand_to_review(&self, gathering: &Gathering) -> Result<(), Error> {
        match gathering.members.as_slice() {
            [] => {}
            [only] if self.cx.mode() == EffectMode::Enforce => {
                self.tell_member(only, Word::Alone)?;
            }
            members => {
                let key = format!("{}:{}", self.cx.business_key(), self.cx.run_id());
                let order = Request::Batch(Box::new(Order {
                    of: gathering.of.clone(),
                    members: members.to_vec(),
                }));
                self.cx.spawn(self.cx.flow(), &key, &order)?;
            }
        }
        Ok(())
    }
}
