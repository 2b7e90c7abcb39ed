//! The course of a review: what happens on each delivery.

use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::{
    Alarm, Desk, DeskRules, Reading, field_update, present, write_any_version,
};
use forebay_sdk::handler::{DecisionRecord, EffectMode};
use forebay_sdk::{Cx, Delivery, Error, FieldsExt, Step, Value};

use crate::admit::{Request, asset_of, opened_process};
use crate::config::Config;
use crate::state::State;
use crate::{DAM, WORKFLOW};

/// Timer: compare both sides.
const SYNC: &str = "sync";
/// Timer: a deleted asset did not come back.
const GONE: &str = "gone";
/// Signal: end the run and clean up.
const CANCEL: &str = "cancel";
/// Signal: ask people again, in another process.
const RESTART: &str = "restart";

/// What comes next.
pub(crate) type Next = Result<Step<State>, Error>;

/// One activation.
pub(crate) struct Course<'a> {
    pub(crate) cx: &'a Cx,
    pub(crate) config: &'a Config,
}

impl Course<'_> {
    pub(crate) fn run(&self, state: Option<State>, delivery: &Delivery) -> Next {
        let mut state = match state {
            Some(state) => state,
            None => return self.begin(delivery),
        };
        if let Delivery::Signal(signal) = delivery
            && signal.name == CANCEL
        {
            state.desk.cancel(self.cx, "cancelled by an operator")?;
            return Ok(Step::cancel(state, "cancelled", "by an operator"));
        }
        let Some(asset) = present(self.cx, &state.asset)? else {
            return self.gone(state);
        };
        state.gone_since = None;
        if let Delivery::Signal(signal) = delivery
            && signal.name == RESTART
        {
            self.restart(&mut state, &asset)?;
            return self.look(state, &asset);
        }
        if let Delivery::Timer(fired) = delivery
            && let Some(alarm) = state.desk.alarm(self.cx, &self.rules(), &fired.name)?
        {
            if let Alarm::TimedOut(question) = alarm {
                let reason = format!("nobody answered `{question}` within twice the time");
                return Ok(Step::park(state, reason));
            }
            return self.wait(state);
        }
        self.look(state, &asset)
    }

    /// People opened a review in the workflow engine: it is held there, in the run of its asset.
    fn begin_from(&self, process: &str) -> Next {
        let variables = self.cx.workflow().get(process)?.variables;
        let Some(asset) = variables.text("assetId") else {
            let reason = format!("the process {process} names no asset in `assetId`");
            return Ok(Step::cancel(State::default(), "no-asset", reason));
        };
        let dam = self.cx.connection(DAM).unwrap_or_default();
        let key = format!("{}:{dam}:{asset}", self.config.key_prefix);
        let request = Request {
            asset: asset.to_owned(),
            process: Some(process.to_owned()),
        };
        self.cx.spawn(self.cx.flow(), &key, &request)?;
        Ok(Step::complete(
            State::default(),
            "opened",
            "the review is held in another run",
        ))
    }

    fn begin(&self, delivery: &Delivery) -> Next {
        if let Some(process) = opened_process(delivery) {
            return self.begin_from(process);
        }
        let mut state = State {
            asset: asset_of(delivery)?,
            ..State::default()
        };
        if let Delivery::Request(_) = delivery
            && let Some(process) = delivery.request::<Request>()?.process
        {
            state.desk = Desk::of_process(&process);
        }
        let Some(asset) = present(self.cx, &state.asset)? else {
            return Ok(Step::cancel(state, "asset-gone", "the asset was deleted"));
        };
        self.begin_round(&mut state, &asset, "")?;
        if self.cx.mode() == EffectMode::Observe {
            let summary = format!("\"{}\" would have been reviewed", state.name);
            return Ok(Step::complete(state, "observed", summary));
        }
        self.look(state, &asset)
    }

    /// Look at both sides and go on from what they say: comments first, so that a new round knows
    /// what is unresolved; then versions; then decisions.
    fn look(&self, mut state: State, asset: &Asset) -> Next {
        self.sync(&mut state, asset)?;
        if asset.version != state.version {
            let before = state.version.clone();
            self.begin_round(&mut state, asset, &before)?;
        }
        let reading = state.desk.read(self.cx)?;
        match reading {
            Reading::Open(answers) => {
                for answer in &answers {
                    self.answered(&mut state, asset, answer)?;
                }
            }
            Reading::Suspended => {
                let reason = format!(
                    "the process {} is suspended in the workflow engine; activate it there, then \
                     retry the run",
                    state.desk.process
                );
                return Ok(Step::park(state, reason));
            }
            Reading::Ended(reason) => {
                let process = &state.desk.process;
                let reason = format!(
                    "the process {process} was ended in the workflow engine: {reason}; the signal \
                     `{RESTART}` asks again in another one"
                );
                return Ok(Step::park(state, reason));
            }
        }
        self.read_panel(&mut state)?;
        match self.conclude(&mut state, asset)? {
            Some((outcome, summary)) => {
                state.desk.close(self.cx, outcome)?;
                Ok(Step::complete(state, outcome, summary))
            }
            None => self.wait(state),
        }
    }

    /// Rule C-13: the asset is deleted or in the trash; it may come back within the grace.
    fn gone(&self, mut state: State) -> Next {
        let since = *state.gone_since.get_or_insert(self.cx.now());
        let gone = self.config.asset_gone;
        let until = gone.given_up_at(self.cx, &self.config.calendar, since)?;
        if self.cx.now() < until {
            return self.wait(state);
        }
        state.desk.cancel(self.cx, "asset deleted")?;
        Ok(Step::cancel(state, "asset-gone", "the asset was deleted"))
    }

    // ---- What the parts share -------------------------------------------------------------------

    pub(crate) fn rules(&self) -> DeskRules<'_> {
        DeskRules {
            fallback_group: &self.config.fallback_group,
            escalation_group: &self.config.escalation_group,
            calendar: &self.config.calendar,
            reminders: &self.config.reminders,
            channels: &self.config.channels,
        }
    }

    /// An audit record about the version under review.
    pub(crate) fn record(&self, action: &str, actor: &str, state: &State) -> DecisionRecord {
        let mut record = DecisionRecord::new(action, actor);
        record.asset = Some(state.asset.clone());
        record.version = Some(state.version.clone());
        record.checksum.clone_from(&state.checksum);
        record.process = Some(state.desk.process.clone()).filter(|process| !process.is_empty());
        record
    }

    /// Write logical fields that differ.
    pub(crate) fn write_fields(
        &self,
        asset: &Asset,
        fields: &[(&str, Value)],
    ) -> Result<(), Error> {
        let update = field_update(&self.config.fields, fields);
        write_any_version(self.cx, asset, &update)
    }

    fn wait(&self, state: State) -> Next {
        let now = self.cx.now();
        let interval = self.config.sync.interval;
        let next = match state.behind {
            true => now,
            false => interval.after(self.cx, &self.config.calendar, now, 100)?,
        };
        let (asset, name, desk) = (state.asset.clone(), state.name.clone(), state.desk.clone());
        let (round, gone) = (state.round, state.gone_since);
        let mut wait = Step::wait(state)
            .subscribe(DAM, "asset", asset)
            .timer(SYNC, next);
        if let Some(since) = gone {
            let gone = self.config.asset_gone;
            let until = gone.given_up_at(self.cx, &self.config.calendar, since)?;
            wait = wait.timer(GONE, until);
        }
        wait = desk.watch(wait, WORKFLOW);
        Ok(wait.waiting_on(format!("round {round} of the review of \"{name}\"")))
    }
}
