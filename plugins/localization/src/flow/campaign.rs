//! The course of a master: its regions are resolved and started, released by rule, and told of on
//! the master.

use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::present;
use forebay_sdk::handler::{EffectMode, RunEnded};
use forebay_sdk::{Delivery, Step};

use super::{CANCEL, Done, Next};
use crate::WORKFLOW;
use crate::config::OnMasterUpdate;
use crate::state::{Campaign, Standing};
use crate::steps::{REPORT, Steps, Verdict, is_withdrawn};

// ---- Beginning ----------------------------------------------------------------------------------

/// What the master shows of its regions is taken up, and those that have no version begin.
pub(super) fn begin(steps: &Steps<'_>, master: &Asset, asked_for: bool) -> Next<Campaign> {
    let mut campaign = steps.take_up(master);
    if is_withdrawn(master) {
        return withdrawn(steps, campaign, "the master is not released");
    }
    if asked_for {
        // Whoever asks wants what was stopped to begin again.
        campaign.forget_stopped();
    }
    if campaign.has_open_before(&master.version) {
        // Regions of the version before, whose master's run ended without them.
        steps.adopt_open(&mut campaign)?;
        master_updated(steps, &mut campaign, master)?;
    } else {
        if asked_for {
            steps.adopt_open(&mut campaign)?;
        }
        open_version(steps, &mut campaign, master)?;
    }
    if steps.cx.mode() == EffectMode::Observe {
        let count = campaign.regions.len();
        let summary = format!("{count} regions would have been localized");
        return Ok(Step::complete(campaign, "observed", summary));
    }
    if !campaign.desk.is_open() && !campaign.is_at_work() {
        let summary = "all its regions are settled for this version";
        return Ok(Step::complete(campaign, "nothing-to-do", summary));
    }
    go_on(steps, campaign, master)
}

/// Start on a version of the master: regions that have a version of an older master are checked
/// again, all others begin.
fn open_version(steps: &Steps<'_>, campaign: &mut Campaign, master: &Asset) -> Done {
    campaign.pin(master);
    for code in steps.regions_of(campaign, master) {
        let entry = campaign.regions.get(&code).cloned().unwrap_or_default();
        if entry.version == master.version {
            continue;
        }
        if entry.is_finished() {
            steps.mark_outdated(campaign, &code, &entry)?;
            steps.ask_whether_it_holds(campaign, &code, &entry)?;
        } else {
            steps.begin_in(campaign, &code, &entry.asset)?;
        }
    }
    Ok(())
}

// ---- Going on -----------------------------------------------------------------------------------

/// One delivery to a master's run.
pub(super) fn run(
    steps: &Steps<'_>,
    mut campaign: Campaign,
    delivery: &Delivery,
) -> Next<Campaign> {
    if let Delivery::Signal(signal) = delivery {
        match signal.name.as_str() {
            CANCEL => return cancelled(steps, campaign),
            REPORT => campaign.note_report(signal.data()?),
            _ => {}
        }
    }
    if let Some(ended) = RunEnded::of(delivery) {
        campaign.note_end(&ended);
    }
    let Some(master) = present(steps.cx, &campaign.master.asset)? else {
        return master_gone(steps, campaign);
    };
    campaign.gone_since = None;
    if is_withdrawn(&master) {
        return withdrawn(steps, campaign, "the master was rejected or withdrawn");
    }
    match delivery {
        Delivery::Timer(fired) => {
            let desk = &mut campaign.desk;
            if let Some(reason) = desk.time_is_up(steps.cx, &steps.rules(), &fired.name)? {
                return Ok(Step::park(campaign, reason));
            }
        }
        Delivery::Event(incoming) if incoming.role == WORKFLOW => {
            let answers = match campaign.desk.answers(steps.cx)? {
                Ok(answers) => answers,
                Err(reason) => return Ok(Step::park(campaign, reason)),
            };
            steps.put_on_record(&answers, &campaign.desk, &campaign.master);
            for answer in answers {
                let verdict = Verdict::of(&campaign, &answer);
                decided(steps, &mut campaign, &master, verdict)?;
            }
        }
        _ => {}
    }
    go_on(steps, campaign, &master)
}

/// Bring everything in line with what is known now, and wait.
fn go_on(steps: &Steps<'_>, mut campaign: Campaign, master: &Asset) -> Next<Campaign> {
    if master.version != campaign.master.version {
        master_updated(steps, &mut campaign, master)?;
    } else if campaign.next_version.is_none() {
        steps.begin_added_regions(&mut campaign, master)?;
    }
    if campaign.may_be_released(steps.config.release) {
        campaign.released = true;
        steps.tell_of_release(&mut campaign)?;
    }
    steps.show(&campaign, master)?;
    if campaign.is_done(steps.config.release) {
        return finished(steps, campaign);
    }
    steps.wait_for_regions(campaign)
}

/// The master has another version than the one in work.
fn master_updated(steps: &Steps<'_>, campaign: &mut Campaign, master: &Asset) -> Done {
    if campaign.count(Standing::is_open) == 0 {
        return open_version(steps, campaign, master);
    }
    if campaign.next_version.as_ref() == Some(&master.version) {
        return Ok(());
    }
    steps.note_update(campaign, master);
    match steps.config.on_master_update {
        OnMasterUpdate::RestartOpen => restart_open(steps, campaign, master),
        OnMasterUpdate::FinishOld => Ok(()),
        OnMasterUpdate::Ask => steps.ask_coordinator(campaign, master),
    }
}

fn restart_open(steps: &Steps<'_>, campaign: &mut Campaign, master: &Asset) -> Done {
    steps.stop_open(campaign, "superseded")?;
    open_version(steps, campaign, master)
}

/// The coordinator decided about open regions, or a team about its finished version.
fn decided(steps: &Steps<'_>, campaign: &mut Campaign, master: &Asset, verdict: Verdict) -> Done {
    match verdict {
        Verdict::RestartOpen => restart_open(steps, campaign, master),
        Verdict::StillValid(code) => steps.keep_for_new_master(campaign, &code),
        Verdict::Redo(code, previous) => steps.begin_in(campaign, &code, &previous),
        Verdict::GoOn => Ok(()),
    }
}

// ---- Ending -------------------------------------------------------------------------------------

/// Enough is released. Regions still in work go on without this run.
fn finished(steps: &Steps<'_>, mut campaign: Campaign) -> Next<Campaign> {
    steps.leave_open_alone(&campaign)?;
    let approved = campaign.count(|standing| standing == Standing::Approved);
    let not_needed = campaign.count(|standing| standing == Standing::NotNeeded);
    let outcome = match (approved, not_needed) {
        (0, 0) => "withdrawn",
        (0, _) => "not-needed",
        _ => "localized",
    };
    campaign.desk.close(steps.cx, outcome)?;
    let summary = campaign.summary();
    Ok(Step::complete(campaign, outcome, summary))
}

/// The master is out of use: so is what is made from it, as far as `withdraw_cascade` says.
fn withdrawn(steps: &Steps<'_>, mut campaign: Campaign, why: &str) -> Next<Campaign> {
    steps.stop_open(&mut campaign, "withdrawn")?;
    steps.restrict_finished(&campaign, why)?;
    if let Some(master) = present(steps.cx, &campaign.master.asset)?
        && !campaign.regions.is_empty()
    {
        steps.show(&campaign, &master)?;
    }
    campaign.desk.close(steps.cx, "withdrawn")?;
    Ok(Step::complete(campaign, "withdrawn", why))
}

/// Rule C-13: the master is deleted or in the trash; it may come back within the grace.
fn master_gone(steps: &Steps<'_>, mut campaign: Campaign) -> Next<Campaign> {
    let since = *campaign.gone_since.get_or_insert(steps.cx.now());
    if steps.cx.now() < steps.given_up_at(since)? {
        return steps.wait_for_regions(campaign);
    }
    let why = "the master was deleted";
    steps.stop_open(&mut campaign, "withdrawn")?;
    steps.restrict_finished(&campaign, why)?;
    campaign.desk.cancel(steps.cx, "asset deleted")?;
    Ok(Step::cancel(campaign, "asset-gone", why))
}

fn cancelled(steps: &Steps<'_>, mut campaign: Campaign) -> Next<Campaign> {
    steps.stop_open(&mut campaign, "cancelled")?;
    campaign.desk.cancel(steps.cx, "cancelled by an operator")?;
    Ok(Step::cancel(campaign, "cancelled", "by an operator"))
}
