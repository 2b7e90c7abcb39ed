//! The building blocks of a review: how each step is done. What leads where stands in [`crate::flow`].
//!
//! * On the way to a review: [`intake`] (what is asked for, and is it ours), [`entry`] (ready,
//!   protected, complete), [`plan`] (who decides, and the process that asks them).
//! * During a review: [`watch`] (open tasks and their time), [`panel`] (votes in the DAM),
//!   [`versions`] (newer versions, approvals by hand), [`waiting`] (what a run waits for).
//! * At its end: [`result`] (what is written), [`people`] (who is told), [`asset`] (how the DAM is
//!   written).
//! * In batches: [`gathering`], [`member`] (an asset in a batch), [`batch`] and [`tally`] (the review of
//!   all).

mod asset;
mod batch;
mod entry;
mod gathering;
mod intake;
mod member;
mod panel;
mod people;
mod plan;
mod result;
mod tally;
mod versions;
mod waiting;
mod watch;

use forebay_sdk::Cx;

pub(crate) use self::entry::Scope;
pub(crate) use self::intake::{
    Request, admit_asset, admit_batch, is_asked_for, request_of, unwanted,
};
pub(crate) use self::panel::{VOTED, Votes};
pub(crate) use self::result::Ruling;
pub(crate) use self::versions::Reason;
pub(crate) use self::waiting::{GONE, LOOK_AGAIN, READY_TIMEOUT, REWORK_DEADLINE};
pub(crate) use self::watch::{Alarm, Standing};
use crate::config::Config;

/// Signal: give up the review under way and hold another. Operators are told of it where a run parks.
pub(crate) const RESTART: &str = "restart";

/// What every step works with: the world of one activation, and the configuration.
pub(crate) struct Steps<'a> {
    pub(crate) cx: &'a Cx,
    pub(crate) config: &'a Config,
}
