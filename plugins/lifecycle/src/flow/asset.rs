//! What becomes of one asset: read afresh, checked for a hold, done once, and followed until it is
//! proved.

use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::{Item, ItemState};
use forebay_sdk::{Error, OrAbsent};

use crate::state::{Job, Review};
use crate::steps::files::{Move, Moved};
use crate::steps::proof::Proof;
use crate::steps::{Outcome, Steps};

fn kept(why: &str) -> Outcome {
    Ok(Some(ItemState::Kept(why.to_owned())))
}

/// Do with one asset what was decided; one that cannot be done fails alone.
pub(super) fn carry_out(steps: &Steps<'_>, review: &mut Review, item: &Item) -> Result<(), Error> {
    let outcome = act(steps, review, item).or_else(Steps::outcome_of_failure)?;
    steps.note_outcome(review, &item.id, outcome);
    Ok(())
}

fn act(steps: &Steps<'_>, review: &mut Review, item: &Item) -> Outcome {
    let Some(asset) = steps.cx.assets().get(&item.id).or_absent()? else {
        return kept("somebody deleted it");
    };
    match item.action.as_str() {
        "purge" => return purge(steps, review, &asset),
        "spare" => return steps.spare(review, &asset).map(Some),
        _ if asset.trashed => return kept("somebody put it into the trash"),
        held if steps.is_held_from(held, &asset) => return steps.hold(review, &asset).map(Some),
        _ => {}
    }
    review.marks.remove(&item.id);
    match item.action.as_str() {
        "archive" if steps.moves_files(review) => return move_into_archive(steps, review, &asset),
        "archive" => steps.shelve(review, &asset)?,
        "extend" => steps.extend(review, &asset)?,
        "evergreen" => steps.keep_for_ever(review, &asset)?,
        "keep" => steps.keep_for_now(review, &asset)?,
        "expire" => steps.end_access(review, &asset)?,
        "delete" => return steps.mark_for_deletion(review, &asset).map(|()| None),
        "restore" => return bring_back(steps, review, &asset),
        other => return kept(&format!("nobody knows how to {other} it")),
    }
    steps.note_done(review, &item.action, &asset);
    Ok(Some(ItemState::Done))
}

/// Look at a file on its way, or at an asset that is being purged.
pub(super) fn follow(steps: &Steps<'_>, review: &mut Review, id: &str) -> Result<(), Error> {
    let Some(mut job) = review.jobs.remove(id) else {
        return Ok(());
    };
    job.looked = steps.cx.now();
    let action = review.items.get(id).map(|item| item.action.clone());
    let outcome = match action.as_deref() {
        Some("archive") => follow_move(steps, review, id, &mut job)?,
        Some("restore") => steps.follow_return(review, id)?,
        _ => steps.follow_purge(review, id, &job)?,
    };
    if outcome.is_none() {
        review.jobs.insert(id.to_owned(), job);
    }
    steps.note_outcome(review, id, outcome);
    Ok(())
}

fn move_into_archive(steps: &Steps<'_>, review: &mut Review, asset: &Asset) -> Outcome {
    if steps.is_too_much_for_this_night(review, asset) {
        return Ok(None);
    }
    let job = steps.start_move(review, asset)?;
    if steps.observes() {
        return Ok(Some(ItemState::Done));
    }
    review.jobs.insert(asset.id.clone(), job);
    Ok(None)
}

fn follow_move(steps: &Steps<'_>, review: &mut Review, id: &str, job: &mut Job) -> Outcome {
    match steps.look_at_move(id, job)? {
        Move::UnderWay => Ok(None),
        Move::AssetGone => kept("somebody deleted it"),
        Move::Archived(moved) => archived(steps, review, job, &moved),
        Move::Failed(moved) => steps.try_in_another_window(review, job, &moved),
        Move::NoChangeForLong(asset) => {
            steps.ask_for_move_again(review, job, &asset)?;
            Ok(None)
        }
    }
}

/// The archived copy stands. Only if it is proved to be the original, the copies at hand go.
fn archived(steps: &Steps<'_>, review: &mut Review, job: &Job, moved: &Moved) -> Outcome {
    match steps.compare_with_original(review, job, moved)? {
        // A storage that is out of reach proves nothing; it comes back.
        Proof::OutOfReach => return Ok(None),
        Proof::Differs(why) => return Ok(Some(steps.refuse_copy(review, moved, &why))),
        Proof::Same => {}
    }
    if steps.is_held_from("archive", &moved.asset) {
        return steps.hold(review, &moved.asset).map(Some);
    }
    if !steps.keeps_original(review)? && !steps.is_needed_by_others(&moved.asset)? {
        steps.remove_copies_at_hand(moved)?;
    }
    steps.write_archived(review, job, moved)?;
    Ok(Some(ItemState::Done))
}

/// It is back when a complete copy is at hand; its time starts anew.
fn bring_back(steps: &Steps<'_>, review: &mut Review, asset: &Asset) -> Outcome {
    steps.cx.lifecycle().restore(&asset.id)?;
    if steps.observes() {
        return Ok(Some(ItemState::Done));
    }
    let outcome = steps.follow_return(review, &asset.id)?;
    if outcome.is_none() {
        review.jobs.insert(asset.id.clone(), steps.new_job(asset));
    }
    Ok(outcome)
}

/// The grace has passed and everybody agreed. It is deleted when the DAM knows neither the asset nor
/// a copy, on any storage.
fn purge(steps: &Steps<'_>, review: &mut Review, asset: &Asset) -> Outcome {
    if steps.is_held_from_deletion(asset) {
        return steps.hold(review, asset).map(Some);
    }
    if steps.was_taken_out_of_the_queue(asset) {
        steps.mark_active_again(review, asset)?;
        return kept("somebody took it out of the delete queue");
    }
    if let Some(why) = steps.must_be_retained(&asset.id)? {
        return kept(&why);
    }
    let job = steps.new_job(asset);
    steps.cx.lifecycle().purge(&asset.id)?;
    let outcome = steps.follow_purge(review, &asset.id, &job)?;
    if outcome.is_none() {
        steps.tell_of_remaining_copy(asset);
        review.jobs.insert(asset.id.clone(), job);
    }
    Ok(outcome)
}
