//! What a request says: to people through the desk, to the requester, to operators, and to the audit.

use forebay_sdk::Error;
use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::{DeskRules, Question, can_be_asked};
use forebay_sdk::handler::DecisionRecord;
use forebay_sdk::workflow::PrincipalKind;

use crate::course::Course;
use crate::state::State;

impl Course<'_> {
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

    /// A question to the requester; to the manager, then to the fallback group, where the requester
    /// is unknown or switched off.
    pub(crate) fn to_requester(
        &self,
        state: &State,
        id: &str,
        name: &str,
    ) -> Result<Question, Error> {
        let manager = state.request.values(&self.config.manager_field);
        let people = std::iter::once(state.request.requester.clone()).chain(manager);
        for person in people.filter(|person| !person.is_empty()) {
            if can_be_asked(self.cx, PrincipalKind::User, &person)? {
                return Ok(Question::to_person(id, name, &person));
            }
        }
        Ok(Question::to_group(id, name, &self.config.fallback_group))
    }

    pub(crate) fn withdraw_questions(
        &self,
        state: &mut State,
        names: &[&str],
    ) -> Result<(), Error> {
        let asked: Vec<_> = state.desk.asked.keys().cloned().collect();
        let ours = asked.iter().map(String::as_str).filter(|id| {
            let name = id.split(':').next().unwrap_or_default();
            names.contains(&name)
        });
        let ours: Vec<_> = ours.collect();
        if ours.is_empty() {
            return Ok(());
        }
        state.desk.withdraw(self.cx, &ours)
    }

    pub(crate) fn record(&self, action: &str, state: &State) -> DecisionRecord {
        let mut record = DecisionRecord::new(action, "system");
        record.process = Some(state.desk.process.clone());
        record
    }

    pub(crate) fn about(&self, action: &str, state: &State, asset: &Asset) -> DecisionRecord {
        let mut record = self.record(action, state);
        record.asset = Some(asset.id.clone());
        record.version = Some(asset.version.clone());
        record.checksum.clone_from(&asset.checksum);
        record
    }
}
