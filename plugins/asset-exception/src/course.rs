//! The course of a run: what happens on each delivery, and what all kinds of runs share.

use forebay_sdk::assets::{Asset, AssetUpdate};
use forebay_sdk::blocks::{
    Desk, DeskRules, Reading, enabled_user, field_update, workflow_user, write_any_version,
};
use forebay_sdk::handler::DecisionRecord;
use forebay_sdk::{Cx, Delivery, Error, Step, Value};

use crate::admit::{Request, request_of};
use crate::config::Config;
use crate::state::{Case, Group, Line, State};

/// Signal: end the run and clean up.
pub(crate) const CANCEL: &str = "cancel";
/// Signal: ask people again, in another process.
pub(crate) const RESTART: &str = "restart";

/// What comes next.
pub(crate) type Next = Result<Step<State>, Error>;

/// One activation.
pub(crate) struct Course<'a> {
    pub(crate) cx: &'a Cx,
    pub(crate) config: &'a Config,
}

impl Course<'_> {
    pub(crate) fn run(&self, state: Option<State>, delivery: &Delivery) -> Next {
        if let (Some(state), Delivery::Signal(signal)) = (&state, delivery)
            && signal.name == CANCEL
        {
            return self.cancel(state.clone());
        }
        let mut state = state;
        if let (Some(state), Delivery::Signal(signal)) = (&mut state, delivery)
            && signal.name == RESTART
        {
            desk_of(state).leave(self.cx, "restarted by an operator")?;
        }
        match state {
            None => self.begin(delivery),
            Some(State::Case(case)) => self.case(*case, delivery),
            Some(State::Group(group)) => self.group(*group, delivery),
            Some(State::Line(line)) => self.line(*line, delivery),
        }
    }

    fn begin(&self, delivery: &Delivery) -> Next {
        let request = request_of(delivery)?.map_err(Error::invalid)?;
        if let Some(expected) = request.expected {
            return self.begin_line(Line {
                line: expected.line,
                matches: expected.matches,
                due: expected.due,
                ..Line::default()
            });
        }
        if let Some(collection) = &request.collection {
            let group = Group {
                collection: collection.clone(),
                ..Group::default()
            };
            return self.join_group(group, &request);
        }
        let Request { asset, reason, .. } = request;
        let case = Case {
            asset,
            ..Case::default()
        };
        self.begin_case(case, &reason)
    }

    fn cancel(&self, mut state: State) -> Next {
        desk_of(&mut state).cancel(self.cx, "cancelled by an operator")?;
        Ok(Step::cancel(state, "cancelled", "by an operator"))
    }

    /// Why a run parks where its process does not run.
    pub(crate) fn stopped(reading: &Reading, desk: &Desk) -> Option<String> {
        let reason = reading.stopped(&desk.process)?;
        Some(match reading {
            Reading::Ended(_) => {
                format!("{reason}; the signal `{RESTART}` asks again in another one")
            }
            _ => reason,
        })
    }

    // ---- People ---------------------------------------------------------------------------------

    pub(crate) fn rules(&self) -> DeskRules<'_> {
        DeskRules {
            fallback_group: &self.config.fallback_group,
            escalation_group: &self.config.escalation_group,
            calendar: &self.config.calendar,
            reminders: &self.config.reminders,
            channels: &self.config.channels,
        }
    }

    /// The user of the workflow engine behind a user of the DAM, if it is switched on there.
    pub(crate) fn workflow_user(&self, dam_user: Option<&str>) -> Result<Option<String>, Error> {
        enabled_user(self.cx, workflow_user(&self.config.users, dam_user))
    }

    /// An audit record about an asset.
    pub(crate) fn record(&self, action: &str, asset: &Asset) -> DecisionRecord {
        let mut record = DecisionRecord::new(action, "system");
        record.asset = Some(asset.id.clone());
        record.version = Some(asset.version.clone());
        record.checksum.clone_from(&asset.checksum);
        record
    }

    // ---- The asset ------------------------------------------------------------------------------

    /// Write logical fields that differ.
    pub(crate) fn write_fields(&self, asset: &str, fields: &[(&str, Value)]) -> Result<(), Error> {
        self.write(asset, &field_update(&self.config.fields, fields))
    }

    /// Write to an asset as it is now. What is written here holds for every version.
    pub(crate) fn write(&self, asset: &str, update: &AssetUpdate) -> Result<(), Error> {
        let now = self.cx.assets().get(asset)?;
        write_any_version(self.cx, &now, update)
    }
}

fn desk_of(state: &mut State) -> &mut Desk {
    match state {
        State::Case(case) => &mut case.desk,
        State::Group(group) => &mut group.desk,
        State::Line(line) => &mut line.desk,
    }
}
