//! The course of a region: the team adapts, reviewers decide, rights are looked at, and the version
//! is released.

use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::present;
use forebay_sdk::handler::{EffectMode, RunEnded};
use forebay_sdk::{Delivery, Step};

use super::{CANCEL, Done, Next};
use crate::config::Release;
use crate::state::{Region, Standing};
use crate::steps::{
    ADAPT, ALONE, APPROVE, ASSET, Arrival, COVERED, GONE, NO_FILE, NO_REASON, NOT_NEEDED,
    Published, RELEASE, REVIEW, RIGHTS, RegionRequest, Request, Seen, Steps,
};

/// Signal: ask people again, in another process.
const RESTART: &str = "restart";

// ---- Beginning ----------------------------------------------------------------------------------

/// What its master wants of a region.
pub(super) fn begin(steps: &Steps<'_>, master: &str, wanted: RegionRequest) -> Next<Region> {
    let of_a_live_run = wanted.file.is_some() || wanted.stop.is_some();
    let region = Region::of(master, wanted);
    if of_a_live_run {
        return Ok(Step::complete(
            region,
            "nothing-to-do",
            "the region is not in work",
        ));
    }
    open(steps, region)
}

/// Ask the team for the first time.
fn open(steps: &Steps<'_>, mut region: Region) -> Next<Region> {
    let Some(master) = present(steps.cx, &region.master.asset)? else {
        return Ok(Step::cancel(region, "asset-gone", "the master was deleted"));
    };
    region.know(&master);
    if let Some(reason) = steps.nobody_to_ask(&region)? {
        return Ok(Step::park(region, reason));
    }
    region.album = steps.album(&region, &master)?;
    region.begun = true;
    steps.ask_team(&mut region, &master, "")?;
    steps.report(&region)?;
    if steps.cx.mode() == EffectMode::Observe {
        let summary = format!("a version for {} would have been made", region.region);
        return Ok(Step::complete(region, "observed", summary));
    }
    steps.wait_in(region)
}

// ---- Going on -----------------------------------------------------------------------------------

/// One delivery to a region's run.
pub(super) fn run(steps: &Steps<'_>, mut region: Region, delivery: &Delivery) -> Next<Region> {
    match delivery {
        Delivery::Signal(signal) => match signal.name.as_str() {
            CANCEL => return end_early(steps, region, "cancelled", "by an operator"),
            RESTART if region.begun => return restart(steps, region),
            RELEASE => region.released = true,
            ALONE => region.goes_on_alone(),
            _ => {}
        },
        Delivery::Request(_) => {
            let wanted = delivery.request::<Request>()?.region.unwrap_or_default();
            if let Some(outcome) = wanted.stop {
                return end_early(steps, region, &outcome, "the master's run ended it");
            }
            if let Some(file) = wanted.file.filter(|_| region.begun) {
                file_arrived(steps, &mut region, &file, None)?;
            } else if !wanted.campaign.is_empty() {
                region.campaign = wanted.campaign;
                steps.report(&region)?;
            }
        }
        Delivery::Event(_) | Delivery::Timer(_) => {}
    }
    if !region.begun {
        return open(steps, region);
    }
    if let Some(ended) = RunEnded::of(delivery) {
        return rights_reviewed(steps, region, &ended);
    }
    match steps.look_at_file(&mut region)? {
        Seen::AsReviewed => return other(steps, region, delivery),
        Seen::Gone => {}
        Seen::GivenUp => back_to_team(steps, &mut region, "The file was deleted.")?,
        Seen::Changed(now) => review_anew(steps, &mut region, &now)?,
    }
    steps.wait_in(region)
}

/// A delivery that finds the file as it was.
fn other(steps: &Steps<'_>, mut region: Region, delivery: &Delivery) -> Next<Region> {
    match delivery {
        Delivery::Timer(fired) if fired.name == GONE => look(steps, region),
        Delivery::Timer(fired) => {
            match (region.desk).time_is_up(steps.cx, &steps.rules(), &fired.name)? {
                Some(reason) => Ok(Step::park(region, reason)),
                None => steps.wait_in(region),
            }
        }
        Delivery::Event(incoming) if region.is_about_people_or_master(incoming) => {
            look(steps, region)
        }
        Delivery::Event(incoming) if incoming.event.kind == "collection.added" => {
            let file = &incoming.event.entity.id;
            if steps.is_filed_for(&region, file)? {
                file_arrived(steps, &mut region, file, None)?;
            }
            steps.wait_in(region)
        }
        Delivery::Signal(_) if region.standing == Standing::Ready => ready(steps, region),
        _ => steps.wait_in(region),
    }
}

/// People are asked again, in another process: the reviewers where there is a file, else the team.
fn restart(steps: &Steps<'_>, mut region: Region) -> Next<Region> {
    region.desk.leave(steps.cx, "restarted by an operator")?;
    match steps.file_now(&region)? {
        Some(file) if !region.awaits_file() => review_anew(steps, &mut region, &file)?,
        _ => back_to_team(steps, &mut region, "")?,
    }
    steps.wait_in(region)
}

// ---- Files --------------------------------------------------------------------------------------

/// A file arrived for this region: by the team's answer, in the album, or marked as such.
fn file_arrived(steps: &Steps<'_>, region: &mut Region, id: &str, by: Option<&str>) -> Done {
    let Some(file) = present(steps.cx, id)? else {
        let why = format!("There is no asset {id} in the DAM.");
        return back_to_team(steps, region, &why);
    };
    if let Some(fault) = steps.fault(region, &file)? {
        let words = steps.refuse(&file, &fault);
        return match by {
            Some(_) => back_to_team(steps, region, &words),
            None => steps.tell_uploader(region, &file, words),
        };
    }
    match steps.arrival(region, &file)? {
        Arrival::Known => return Ok(()),
        Arrival::OlderThan(current) => return steps.supersede(&file.id, &current),
        Arrival::NewerThan(current) => steps.supersede(&current, &file.id)?,
        Arrival::First => {}
    }
    region.adapter = by.unwrap_or_default().to_owned();
    review_anew(steps, region, &file)
}

/// Keep the file back, and have it reviewed as it is now. A decision about an earlier one does not
/// count for it.
fn review_anew(steps: &Steps<'_>, region: &mut Region, file: &Asset) -> Done {
    region.desk.withdraw_all(steps.cx)?;
    let file = steps.keep_back(region, file)?;
    steps.ask_reviewers(region, &file)?;
    steps.report(region)
}

/// The file cannot be used: the team works again.
fn back_to_team(steps: &Steps<'_>, region: &mut Region, why: &str) -> Done {
    region.desk.withdraw_all(steps.cx)?;
    let master = steps.cx.assets().get(&region.master.asset)?;
    steps.ask_team(region, &master, why)?;
    steps.report(region)
}

// ---- Answers ------------------------------------------------------------------------------------

fn look(steps: &Steps<'_>, mut region: Region) -> Next<Region> {
    let Some(master) = present(steps.cx, &region.master.asset)? else {
        // It may come back within the grace; its own run ends this one if it does not.
        region.gone_since = Some(steps.cx.now());
        return steps.wait_in(region);
    };
    region.gone_since = None;
    let answers = match region.desk.answers(steps.cx)? {
        Ok(answers) => answers,
        Err(reason) => return Ok(Step::park(region, reason)),
    };
    let subject = region.decided_about();
    steps.put_on_record(&answers, &region.desk, &subject);
    for answer in answers {
        let what = answer.question.split(':').next().unwrap_or_default();
        match (what, answer.outcome.as_str()) {
            (ADAPT, NOT_NEEDED) if region.awaits_file() => match steps.waiver(&answer) {
                Some(reason) => return not_needed(steps, region, &reason),
                None => back_to_team(steps, &mut region, NO_REASON)?,
            },
            (ADAPT, _) if region.awaits_file() => match answer.text(ASSET) {
                Some(file) => file_arrived(steps, &mut region, &file, Some(answer.actor()))?,
                None => back_to_team(steps, &mut region, NO_FILE)?,
            },
            // Its run begins anew with the version there is now, and stops this one.
            (REVIEW, _) if steps.is_overtaken(&region, &master) => steps.not_applied(&subject),
            (REVIEW, APPROVE) if region.is_in_review(&answer.question) => {
                steps.store(&region, &answer)?;
                return approved(steps, region);
            }
            (REVIEW, _) if region.is_in_review(&answer.question) => {
                let why = steps.write_rejection(&region, &answer)?;
                back_to_team(steps, &mut region, &why)?;
            }
            (RIGHTS, outcome) if region.standing == Standing::RightsReview => {
                let why = format!("{}: {outcome}", answer.actor());
                return rights_decided(steps, region, outcome == COVERED, &why);
            }
            // What people were asked before the file changed.
            _ => {}
        }
    }
    steps.wait_in(region)
}

// ---- Rights and release -------------------------------------------------------------------------

/// The reviewers approved: release it, unless rights or the release rule keep it back.
fn approved(steps: &Steps<'_>, mut region: Region) -> Next<Region> {
    let Some(why) = steps.uncovered(&region)? else {
        return ready(steps, region);
    };
    region.standing = Standing::RightsReview;
    steps.note("release-held", &region.subject(), &why);
    match &steps.config.rights_flow {
        Some(flow) => steps.start_rights_review(&mut region, flow)?,
        None => steps.ask_about_rights(&mut region, &why)?,
    }
    steps.report(&region)?;
    steps.wait_in(region)
}

fn rights_reviewed(steps: &Steps<'_>, mut region: Region, ended: &RunEnded) -> Next<Region> {
    if region.rights_run.as_ref() != Some(&ended.run) {
        return steps.wait_in(region);
    }
    region.rights_run = None;
    let cleared = steps.config.rights_cleared.contains(&ended.outcome);
    let why = format!("the review of rights: {}", ended.outcome);
    rights_decided(steps, region, cleared, &why)
}

fn rights_decided(steps: &Steps<'_>, mut region: Region, cleared: bool, why: &str) -> Next<Region> {
    if cleared {
        steps.write_territories(&region)?;
        return ready(steps, region);
    }
    steps.restrict(region.file_id(), "rights-refused", why)?;
    region.standing = Standing::Stopped;
    steps.report(&region)?;
    region.desk.close(steps.cx, "rights-refused")?;
    Ok(Step::complete(region, "rights-refused", why))
}

/// Everything is decided: release it now or when the others are ready.
fn ready(steps: &Steps<'_>, mut region: Region) -> Next<Region> {
    if region.released || steps.config.release == Release::PerRegion {
        return release(steps, region);
    }
    region.standing = Standing::Ready;
    steps.report(&region)?;
    steps.wait_in(region)
}

/// Only what was reviewed is released.
fn release(steps: &Steps<'_>, mut region: Region) -> Next<Region> {
    match steps.publish(&region)? {
        Published::Yes => return released(steps, region),
        Published::Changed(now) => review_anew(steps, &mut region, &now)?,
        Published::Gone => region.is_gone_since(steps.cx.now()),
    }
    steps.wait_in(region)
}

/// It takes the place of the version made from the master before.
fn released(steps: &Steps<'_>, mut region: Region) -> Next<Region> {
    steps.supersede(&region.previous, region.file_id())?;
    region.standing = Standing::Approved;
    let summary = format!("{} is the version for {}", region.file_id(), region.region);
    steps.note("released", &region.subject(), &summary);
    steps.report(&region)?;
    region.desk.close(steps.cx, "approved")?;
    Ok(Step::complete(region, "approved", summary))
}

fn not_needed(steps: &Steps<'_>, mut region: Region, reason: &str) -> Next<Region> {
    region.standing = Standing::NotNeeded;
    steps.report(&region)?;
    region.desk.close(steps.cx, NOT_NEEDED)?;
    Ok(Step::complete(region, NOT_NEEDED, reason))
}

/// End before there is a version. A file that is there stays, and is not released.
fn end_early(steps: &Steps<'_>, mut region: Region, outcome: &str, why: &str) -> Next<Region> {
    region.desk.cancel(steps.cx, why)?;
    Ok(Step::cancel(region, outcome, why))
}
