//! A guard: what is done to an asset at once, each act for itself. One that fails does not hold up the
//! others and is tried again every minute.
//!
//! A guard outlives its case: until the case may no longer be opened again it keeps what stood before.

use forebay_sdk::assets::Asset;
use forebay_sdk::{Delivery, Error, Step};

use crate::state::{Before, Guard};
use crate::steps::protection::{DISMISS, MARK};
use crate::steps::request::Request;
use crate::steps::{Next, Steps};

/// A case has assets to protect.
pub(super) fn begin(steps: &Steps<'_>, mut guard: Guard, assets: &[String]) -> Next {
    steps.take_on(&mut guard, assets);
    protect(steps, guard)
}

/// A live guard hears something.
pub(super) fn heard(steps: &Steps<'_>, mut guard: Guard, delivery: &Delivery) -> Next {
    match delivery {
        Delivery::Request(_) => {
            let request: Request = delivery.request()?;
            if let Some((asset, before)) = request.inherit {
                inherit(steps, &mut guard, &asset, before)?;
            }
            if let Some((_, run)) = request.guard.filter(|(_, run)| *run != guard.run) {
                // The case goes on in another run, and nobody knows what was done meanwhile.
                steps.note_reopened(&guard, &run);
                guard.serve(run, request.case_type);
                steps.protect_again(&mut guard);
            }
            steps.take_on(&mut guard, &request.assets);
        }
        Delivery::Signal(signal) if signal.name == DISMISS => guard.close(signal.data()?),
        Delivery::Event(incoming) => {
            let asset = &incoming.event.entity.id;
            if guard.before.contains_key(asset) && steps.present(asset)?.is_none() {
                steps.tell_asset_is_gone(asset);
            }
        }
        _ => {}
    }
    protect(steps, guard)
}

/// Another case let go of an asset. While it is held here it stays as it is.
fn inherit(steps: &Steps<'_>, guard: &mut Guard, asset: &str, theirs: Before) -> Result<(), Error> {
    let Some(before) = guard.before.get_mut(asset) else {
        steps.tell_held_by_nobody(asset);
        return Ok(());
    };
    before.join(theirs);
    if guard.closed.is_some() {
        return Ok(());
    }
    steps.tell_case_what_stood(&guard.run, asset, before)
}

/// Do what is left.
fn protect(steps: &Steps<'_>, mut guard: Guard) -> Next {
    for (id, acts) in std::mem::take(&mut guard.todo) {
        match steps.present(&id)? {
            Some(asset) => protect_one(steps, &mut guard, &asset, acts)?,
            None => steps.tell_asset_is_gone(&id),
        }
    }
    if steps.observes() {
        let summary = format!("{} assets would have been protected", guard.before.len());
        return Ok(Step::complete(guard.into(), "observed", summary));
    }
    if steps.may_forget(&guard)? {
        let summary = "the case is closed for good";
        return Ok(Step::complete(guard.into(), "guarded", summary));
    }
    steps.until_next_attempt(guard)
}

fn protect_one(
    steps: &Steps<'_>,
    guard: &mut Guard,
    asset: &Asset,
    acts: Vec<String>,
) -> Result<(), Error> {
    steps.note_what_stands(guard, asset)?;
    guard.failures.remove(&asset.id);
    let mut left = Vec::new();
    for name in acts {
        // The mark says that all is done.
        if name == MARK && !left.is_empty() {
            left.push(name);
        } else if let Err(error) = act(steps, guard, asset, &name) {
            guard.note_failure(&asset.id, &name, &error);
            left.push(name);
        }
    }
    if left.is_empty() {
        return steps.report_protected(guard, &asset.id);
    }
    guard.todo.insert(asset.id.clone(), left);
    Ok(())
}

fn act(steps: &Steps<'_>, guard: &Guard, asset: &Asset, name: &str) -> Result<(), Error> {
    match name {
        "restrict_acl" => steps.restrict_access(asset),
        "revoke_shares" => steps.revoke_shares(asset),
        "remove_from" => steps.take_out_of_collections(guard, asset),
        MARK => steps.mark(guard, asset),
        _ => Ok(()),
    }
}
