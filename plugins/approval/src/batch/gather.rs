//! The run that gathers: it takes assets in until the window closes or the batch is full, and hands
//! them to the run of the review. Whoever comes later meets another run that gathers.

use forebay_sdk::handler::{EffectMode, Signal};
use forebay_sdk::{Delivery, Error, Step};

use super::{GATHERED, Gathering, Join, LEAVE, Leave, Member, Order, Word};
use crate::admit::{Request, request_of};
use crate::course::{CANCEL, Course, NextRun};
use crate::state::Run;

/// Timer: the window closes.
const CLOSES: &str = "window-closes";
/// Longest time to gather, in per cent of the window: a card of five hundred clips gets through a
/// vendor's rate limits within it, and a steady trickle of uploads does not wait for ever.
const LONGEST: u32 = 1_500;

impl Course<'_> {
    /// The first asset of a batch.
    pub(crate) fn begin_gathering(&self, join: Join) -> NextRun {
        let now = self.cx.now();
        let mut gathering = Gathering {
            of: join.of,
            began: now,
            closes_at: now,
            members: Vec::new(),
        };
        self.take_in(&mut gathering, join.member)?;
        self.go_on_gathering(gathering)
    }

    pub(crate) fn gathering(&self, mut gathering: Gathering, delivery: &Delivery) -> NextRun {
        match delivery {
            Delivery::Request(_) => {
                if let Request::Join(join) = request_of(delivery)? {
                    self.take_in(&mut gathering, join.member)?;
                }
            }
            Delivery::Signal(Signal { name, .. }) if name == CANCEL => {
                let state = Run::Gathering(gathering);
                return Ok(Step::cancel(state, "cancelled", "by an operator"));
            }
            Delivery::Signal(signal) if signal.name == LEAVE => {
                let leave: Leave = signal.data()?;
                let stays = |member: &Member| member.ticket != leave.ticket;
                gathering.members.retain(stays);
            }
            Delivery::Signal(_) | Delivery::Timer(_) | Delivery::Event(_) => {}
        }
        self.go_on_gathering(gathering)
    }

    /// The window is open as long again. A run that comes again has given up its earlier wish.
    fn take_in(&self, gathering: &mut Gathering, member: Member) -> Result<(), Error> {
        gathering.members.retain(|other| other.run != member.run);
        let (window, calendar) = (self.config.batch.window, &self.config.calendar);
        let next = window.after(self.cx, calendar, self.cx.now(), 100)?;
        let last = window.after(self.cx, calendar, gathering.began, LONGEST)?;
        gathering.closes_at = next.min(last);
        self.tell_member(&member, Word::Gathered)?;
        gathering.members.push(member);
        Ok(())
    }

    fn go_on_gathering(&self, gathering: Gathering) -> NextRun {
        let full = gathering.members.len() >= self.config.batch.max_items;
        if full || self.cx.now() >= gathering.closes_at {
            return self.close_window(gathering);
        }
        let closes_at = gathering.closes_at;
        let summary = format!(
            "{} assets of {} so far, and others until the window closes",
            gathering.members.len(),
            gathering.of.place
        );
        Ok(Step::wait(Run::Gathering(gathering))
            .timer(CLOSES, closes_at)
            .due(closes_at)
            .waiting_on(summary))
    }

    fn close_window(&self, gathering: Gathering) -> NextRun {
        let summary = format!("{} assets go into one review", gathering.members.len());
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
        Ok(Step::complete(Run::Gathering(gathering), GATHERED, summary))
    }
}
