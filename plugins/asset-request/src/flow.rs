//! The handler itself: what happens on each delivery, from the request to its end.
//!
//! A request is divided into lines; each is looked for or made by the team, prepared, and delivered.
//! The requester gets one link to all of it and accepts. How a step is done stands in [`crate::steps`].

use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::{Answer, Reading, present};
use forebay_sdk::handler::{Connections, EffectMode, Fired, RunEnded};
use forebay_sdk::{Admission, Delivery, Entity, Error, Step};

use crate::DAM;
use crate::config::Config;
use crate::state::{Stage, State};
use crate::steps::{
    CLOSE, Checked, DUE, RESTART, Standing, Steps, Wanted, ask_of, ended_outside, suspended,
};

/// Signal: end the run and clean up.
const CANCEL: &str = "cancel";
/// Signal: the requester does not want it any more.
const WITHDRAW: &str = "withdraw";

/// What comes next.
pub(crate) type Next = Result<Step<State>, Error>;
/// How a run ends, where it does.
type Ended = Result<Option<Step<State>>, Error>;

/// A form, a request over REST or a custom action starts a run of its own. Looks at nothing but the
/// delivery.
pub(crate) fn admit(config: &Config, connections: &Connections, delivery: &Delivery) -> Admission {
    let Some(dam) = connections.of(DAM) else {
        return Admission::refuse("the flow binds no connection for the role `dam`");
    };
    let ask = match ask_of(config, delivery) {
        Ok(ask) => ask,
        Err(declined) => return declined.into(),
    };
    let id = ask.id();
    if id.is_empty() {
        return Admission::refuse("the request has no id");
    }
    let key = format!("{}:{dam}:{id}", config.key_prefix);
    Admission::start(key, Entity::new("request", id), format!("request {id}")).label("request", id)
}

/// One delivery to a run.
pub(crate) fn run(steps: &Steps<'_>, state: Option<State>, delivery: &Delivery) -> Next {
    let Some(mut state) = state else {
        return begin(steps, delivery);
    };
    if let Some(ended) = RunEnded::of(delivery) {
        state.approval_or_review_ended(&ended);
    }
    match delivery {
        Delivery::Signal(signal) if signal.name == CANCEL => cancel(steps, state),
        Delivery::Signal(signal) if signal.name == RESTART => restart(steps, state),
        Delivery::Signal(signal) if signal.name == WITHDRAW => withdrawn(steps, state),
        Delivery::Timer(fired) => timer(steps, state, fired),
        Delivery::Request(_) | Delivery::Event(_) | Delivery::Signal(_) => look(steps, state),
    }
}

// ---- Beginning ----------------------------------------------------------------------------------

/// The request is read, and the team gets to work, unless an earlier result may do.
fn begin(steps: &Steps<'_>, delivery: &Delivery) -> Next {
    let mut state = steps.read_request(delivery)?;
    steps.open_desk(&mut state)?;
    state.earlier = steps.earlier_result(&state)?;
    if state.earlier.is_empty() {
        start_work(steps, &mut state)?;
    } else {
        steps.suggest_earlier(&mut state)?;
    }
    if steps.cx.mode() == EffectMode::Observe {
        let summary = format!("{} lines would have been asked for", state.lines.len());
        return Ok(Step::complete(state, "observed", summary));
    }
    progress(steps, state)
}

fn start_work(steps: &Steps<'_>, state: &mut State) -> Result<(), Error> {
    steps.make_placeholders(state)?;
    steps.ask_for_open_lines(state, "")
}

// ---- Going on -----------------------------------------------------------------------------------

/// Answers first, then the assets.
fn look(steps: &Steps<'_>, mut state: State) -> Next {
    let process = state.desk.process.clone();
    match state.desk.read(steps.cx)? {
        Reading::Open(answers) => {
            for answer in answers {
                steps.cx.decision(&answer.record(&process));
                if let Some(end) = answered(steps, &mut state, &answer)? {
                    return Ok(end);
                }
            }
            progress(steps, state)
        }
        Reading::Suspended => Ok(Step::park(state, suspended(&process))),
        Reading::Ended(reason) if reason.to_lowercase().contains(WITHDRAW) => {
            withdrawn(steps, state)
        }
        Reading::Ended(reason) => Ok(Step::park(state, ended_outside(&process, &reason))),
    }
}

/// Whatever can be done now is done.
fn progress(steps: &Steps<'_>, mut state: State) -> Next {
    if !state.earlier.is_empty() {
        return steps.wait(state);
    }
    take_new_media(steps, &mut state)?;
    take_back_what_was_lost(steps, &mut state)?;
    let ready = prepare(steps, &mut state)?;
    steps.pause_or_resume_clock(&mut state);
    if !ready.is_empty() {
        steps.deliver(&mut state, &ready)?;
        steps.share(&mut state)?;
    }
    if steps.collection_is_lost(&mut state)? {
        let why = "the request's collection was deleted again after it was made anew";
        return Ok(Step::park(state, why));
    }
    steps.show(&mut state)?;
    if state.has(Stage::Open) || state.has(Stage::Chosen) {
        return steps.wait(state);
    }
    if !state.has(Stage::Delivered) {
        return declined(steps, state);
    }
    if !steps.config.accept.required {
        return close(steps, state);
    }
    if state.closes_at.is_none() {
        steps.ask_acceptance(&mut state)?;
    }
    steps.wait(state)
}

/// Placeholders that got their media, then new assets that carry the request's id, are chosen.
fn take_new_media(steps: &Steps<'_>, state: &mut State) -> Result<(), Error> {
    for line in state.lines_at(Stage::Open) {
        if let Some(asset) = steps.filled_placeholder(&state.lines[line])? {
            let by = asset.modified_by.or(asset.created_by).unwrap_or_default();
            steps.choose(state, line, vec![asset.id], &by)?;
        }
    }
    for upload in steps.uploads(state)? {
        if let Some(asset) = steps.new_upload(state, &upload)?
            && let Some(line) = state.line_in_making()
        {
            let by = asset.created_by.unwrap_or_default();
            steps.choose(state, line, vec![asset.id], &by)?;
        }
    }
    Ok(())
}

/// What was deleted or restricted after it was delivered goes back to the team.
fn take_back_what_was_lost(steps: &Steps<'_>, state: &mut State) -> Result<(), Error> {
    for line in state.lines_at(Stage::Delivered) {
        if let Some(why) = steps.lost(&state.lines[line])? {
            steps.call_off_acceptance(state)?;
            send_back(steps, state, line, &why)?;
        }
    }
    Ok(())
}

/// The chosen lines that are ready to be delivered; those that cannot be go back to the team.
fn prepare(steps: &Steps<'_>, state: &mut State) -> Result<Vec<usize>, Error> {
    let mut ready = Vec::new();
    for line in state.lines_at(Stage::Chosen) {
        match line_standing(steps, state, line)? {
            Standing::Ready => {
                state.lines[line].why.clear();
                ready.push(line);
            }
            Standing::Waits(why) => state.lines[line].why = why,
            Standing::Back(why) => send_back(steps, state, line, &why)?,
        }
    }
    Ok(ready)
}

/// A line is ready when each of its assets is; it goes back with the first that will not do.
fn line_standing(steps: &Steps<'_>, state: &mut State, line: usize) -> Checked {
    let mut waits = None;
    for id in state.lines[line].assets.clone() {
        let Some(asset) = present(steps.cx, &id)? else {
            return Ok(Standing::Back(format!("{id} was deleted")));
        };
        match asset_standing(steps, state, line, &asset)? {
            Standing::Ready => {}
            Standing::Waits(why) => waits = waits.or(Some(format!("{id}: {why}"))),
            Standing::Back(why) => return Ok(Standing::Back(format!("{id}: {why}"))),
        }
    }
    Ok(waits.map_or(Standing::Ready, Standing::Waits))
}

/// An asset has the format asked for, is restored, then approved, then cleared.
fn asset_standing(steps: &Steps<'_>, state: &mut State, line: usize, asset: &Asset) -> Checked {
    if let Some(why) = steps.wrong_format(state, line, asset) {
        return Ok(Standing::Back(why));
    }
    for check in [Steps::at_hand, Steps::approved, Steps::cleared] {
        match check(steps, state, line, asset)? {
            Standing::Ready => {}
            not_yet => return Ok(not_yet),
        }
    }
    Ok(Standing::Ready)
}

/// A line's assets will not do: the team chooses again, or makes it where it has a placeholder.
fn send_back(steps: &Steps<'_>, state: &mut State, line: usize, why: &str) -> Result<(), Error> {
    steps.refuse(state, line, why)?;
    let wanted = Wanted::of_line(&state.lines[line]);
    steps.ask_team(state, line, wanted, why)
}

// ---- Answers ------------------------------------------------------------------------------------

/// One answer. A step where it ends the run.
fn answered(steps: &Steps<'_>, state: &mut State, answer: &Answer) -> Ended {
    let name = answer.question.split(':').next().unwrap_or_default();
    match (name, answer.outcome.as_str()) {
        ("accept" | "yours", "withdraw") => return withdrawn(steps, state.clone()).map(Some),
        ("accept", "accept") => return close(steps, state.clone()).map(Some),
        ("accept", _) => rejected(steps, state, answer)?,
        ("yours", _) => {
            state.remark(answer, "Change asked for");
            steps.ask_agreement(state, answer)?;
        }
        ("agree", "agree") => {
            state.remark(answer, "Change agreed");
            steps.take_new_due(state, answer);
            steps.withdraw_questions(state, &["select", "create"])?;
            state.forget_questions();
            steps.ask_for_open_lines(state, "The request has changed.")?;
            steps.tell_of_change(state, "Change agreed")?;
        }
        ("agree", _) => {
            state.remark(answer, "Change refused");
            steps.tell_of_change(state, "Change refused")?;
        }
        ("duplicate", "use_earlier") => {
            let earlier = std::mem::take(&mut state.earlier);
            steps.choose(state, 0, earlier, answer.actor())?;
            state.decline_all_but_first("the earlier result was taken");
        }
        ("duplicate", _) => {
            state.earlier.clear();
            start_work(steps, state)?;
        }
        ("select" | "create", outcome) => {
            // A line that went on meanwhile was not asked about any more.
            if let Some(line) = state.take_question(&answer.question) {
                team_answered(steps, state, line, answer, outcome)?;
            }
        }
        _ => {}
    }
    Ok(None)
}

/// What the team says about one line.
fn team_answered(
    steps: &Steps<'_>,
    state: &mut State,
    line: usize,
    answer: &Answer,
    outcome: &str,
) -> Result<(), Error> {
    let assets = answer.texts("assets");
    match outcome {
        "decline" => state.decline(line, &answer.comment),
        "create" => steps.ask_team(state, line, Wanted::New, &answer.comment)?,
        "select" | "review_rights" if assets.is_empty() => {
            let wanted = Wanted::of_question(&answer.question);
            steps.ask_team(state, line, wanted, "Name the ids of the assets.")?;
        }
        "select" => steps.choose(state, line, assets, answer.actor())?,
        "review_rights" => {
            steps.choose(state, line, assets, answer.actor())?;
            steps.review_rights(state, line)?;
        }
        other => {
            let why = format!("`{other}` is no answer to this.");
            steps.ask_team(state, line, Wanted::Any, &why)?;
        }
    }
    Ok(())
}

/// Back to the team with all that was said, for the lines that are named or all.
fn rejected(steps: &Steps<'_>, state: &mut State, answer: &Answer) -> Result<(), Error> {
    state.remark(answer, &format!("Round {} was rejected", state.round));
    state.round += 1;
    steps.call_off_acceptance(state)?;
    let named = answer.texts("wrongLines");
    for line in state.lines_at(Stage::Delivered) {
        if named.is_empty() || named.contains(&state.lines[line].name) {
            send_back(steps, state, line, &format!("Rejected: {}", answer.comment))?;
        }
    }
    Ok(())
}

// ---- Time ---------------------------------------------------------------------------------------

fn timer(steps: &Steps<'_>, mut state: State, fired: &Fired) -> Next {
    match fired.name.as_str() {
        DUE if !state.late => {
            steps.mark_late(&mut state);
            steps.let_leads_help(&state)?;
        }
        CLOSE if state.closes_at.is_some_and(|at| steps.cx.now() >= at) => {
            return nobody_accepted(steps, state);
        }
        name => {
            if let Some(why) = state.desk.time_is_up(steps.cx, &steps.rules(), name)? {
                return Ok(Step::park(state, why));
            }
        }
    }
    look(steps, state)
}

/// The request closes; an acceptance or anything else that came at the last moment counts first.
fn nobody_accepted(steps: &Steps<'_>, state: State) -> Next {
    let next = look(steps, state)?;
    if next.waiting().is_none() || next.state.closes_at.is_none() {
        return Ok(next);
    }
    steps.note_unanswered(&next.state);
    close(steps, next.state)
}

// ---- Signals ------------------------------------------------------------------------------------

/// What people were asked is asked again, in another process. What was delivered stays.
fn restart(steps: &Steps<'_>, mut state: State) -> Next {
    state.desk.leave(steps.cx, "restarted by an operator")?;
    steps.open_desk(&mut state)?;
    state.forget_what_was_asked();
    if state.earlier.is_empty() {
        steps.ask_for_open_lines(&mut state, "")?;
    } else {
        steps.suggest_earlier(&mut state)?;
    }
    progress(steps, state)
}

fn cancel(steps: &Steps<'_>, mut state: State) -> Next {
    steps.end_share(&mut state)?;
    state.desk.cancel(steps.cx, "cancelled by an operator")?;
    Ok(Step::cancel(state, "cancelled", "by an operator"))
}

// ---- Ending -------------------------------------------------------------------------------------

fn close(steps: &Steps<'_>, mut state: State) -> Next {
    let partly = state.has(Stage::Declined);
    let outcome = if partly {
        "partly_fulfilled"
    } else {
        "fulfilled"
    };
    state.desk.close(steps.cx, outcome)?;
    let summary = format!("{} assets delivered", state.delivered().len());
    Ok(Step::complete(state, outcome, summary))
}

/// Nothing at all is delivered.
fn declined(steps: &Steps<'_>, mut state: State) -> Next {
    state.desk.close(steps.cx, "declined")?;
    let why: Vec<_> = state.lines.iter().map(|line| line.why.clone()).collect();
    Ok(Step::complete(state, "declined", why.join("; ")))
}

/// The link ends, open tasks disappear; the collection stays.
fn withdrawn(steps: &Steps<'_>, mut state: State) -> Next {
    steps.end_share(&mut state)?;
    state.desk.close(steps.cx, "withdrawn")?;
    let summary = "the requester does not want it any more";
    Ok(Step::complete(state, "withdrawn", summary))
}
