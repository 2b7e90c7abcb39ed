//! What happens on each delivery, and what cases and guards share.

use forebay_sdk::assets::{Asset, AssetUpdate};
use forebay_sdk::blocks::{DeskRules, field_update, write_any_version};
use forebay_sdk::handler::DecisionRecord;
use forebay_sdk::{Cx, Delivery, Error, Step, Value};

use crate::admit::request_of;
use crate::config::Config;
use crate::state::{Case, Guard, State};

/// Signal: end the run and clean up.
const CANCEL: &str = "cancel";

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
        match state {
            None => self.begin(delivery),
            Some(State::Case(case)) => self.case(*case, delivery),
            Some(State::Guard(guard)) => self.guard(*guard, delivery),
        }
    }

    fn begin(&self, delivery: &Delivery) -> Next {
        let request = request_of(self.config, delivery)?.map_err(Error::invalid)?;
        if let Some((case, run)) = request.guard {
            let mut guard = Guard {
                kind: request.case_type,
                case,
                run,
                ..Guard::default()
            };
            self.take_on(&mut guard, &request.assets);
            return self.protect(guard);
        }
        if let Some((asset, _)) = request.inherit {
            let guard = State::Guard(Box::default());
            self.cx.decision(&self.record("stays-protected", &asset));
            let summary = "the case was closed for good; its asset stays protected";
            return Ok(Step::complete(guard, "guarded", summary));
        }
        self.open(Case::default(), request)
    }

    fn cancel(&self, mut state: State) -> Next {
        if let State::Case(case) = &mut state {
            case.desk.cancel(self.cx, "cancelled by an operator")?;
            // What protects the assets stays: lifting it is a decision of the case, opened again.
            self.dismiss(&case.guard, "cancelled")?;
        }
        Ok(Step::cancel(
            state,
            "cancelled",
            "by an operator; protection stays",
        ))
    }

    pub(crate) fn rules(&self) -> DeskRules<'_> {
        DeskRules {
            fallback_group: &self.config.fallback_group,
            escalation_group: &self.config.escalation_group,
            calendar: &self.config.calendar,
            reminders: &self.config.reminders,
            channels: &self.config.channels,
        }
    }

    pub(crate) fn tell(&self, message: &str) {
        self.cx.notify_all(&self.config.channels, message);
    }

    /// An audit record about an asset.
    pub(crate) fn record(&self, action: &str, asset: &str) -> DecisionRecord {
        let mut record = DecisionRecord::new(action, "system");
        record.asset = Some(asset.to_owned());
        record
    }

    /// The values of a logical field.
    pub(crate) fn texts(&self, asset: &Asset, field: &str) -> Vec<String> {
        self.config.fields.texts(&asset.fields, field)
    }

    /// The cases an asset is part of. They stand in one text, so that any field can hold them.
    pub(crate) fn cases_on(&self, asset: &Asset) -> Vec<String> {
        let texts = self.texts(asset, "case_ids");
        let cases = texts.iter().flat_map(|text| text.split(','));
        cases
            .map(str::to_owned)
            .filter(|case| !case.is_empty())
            .collect()
    }

    /// Write logical fields that differ, to the asset as it is now.
    pub(crate) fn write_fields(&self, asset: &str, fields: &[(&str, Value)]) -> Result<(), Error> {
        let update: AssetUpdate = field_update(&self.config.fields, fields);
        let now = self.cx.assets().get(asset)?;
        write_any_version(self.cx, &now, &update)
    }
}
