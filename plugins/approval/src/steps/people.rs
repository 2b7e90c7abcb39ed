//! Users, groups and messages: who somebody is at the workflow engine, whether a group can be asked,
//! how people are told.

use forebay_sdk::Error;
use forebay_sdk::assets::{Asset, Draft};
use forebay_sdk::blocks::{can_be_asked, enabled_user, workflow_user};
use forebay_sdk::handler::{DecisionRecord, interfaces};
use forebay_sdk::workflow::{PrincipalKind, StartRequest};

use super::Steps;
use crate::DAM;
use crate::state::State;

impl Steps<'_> {
    /// The user of the workflow engine behind a user of the DAM. A mail address stands for itself;
    /// anybody else must be listed in `users`.
    pub(super) fn workflow_user(&self, dam_user: Option<&str>) -> Option<String> {
        workflow_user(&self.config.users, dam_user)
    }

    /// Who may not decide about an asset under the four-eyes rule: who uploaded it, who changed it
    /// last.
    pub(super) fn excluded(&self, asset: &Asset) -> Vec<String> {
        if !self.config.four_eyes {
            return Vec::new();
        }
        let people = [asset.created_by.as_deref(), asset.modified_by.as_deref()];
        let mut users: Vec<_> = people
            .into_iter()
            .filter_map(|person| self.workflow_user(person))
            .collect();
        users.dedup();
        users
    }

    /// The group to ask: this one, or the fallback where it is unknown or switched off. An engine
    /// without a directory is trusted.
    pub(super) fn usable_group(&self, state: &State, group: &str) -> Result<String, Error> {
        if can_be_asked(self.cx, PrincipalKind::Group, group)? {
            return Ok(group.to_owned());
        }
        let fallback = self.config.fallback_group.clone();
        let mut record = self.record("reassigned", "system", state);
        record.comment = Some(format!(
            "the group {group} is unknown or switched off; {fallback} is asked instead"
        ));
        self.cx.decision(&record);
        Ok(fallback)
    }

    /// Tell a person something by a task. Repeat-safe by the business key.
    pub(super) fn tell(
        &self,
        key: &str,
        person: Option<String>,
        group: &str,
        title: &str,
        message: &str,
    ) -> Result<String, Error> {
        let assignee = enabled_user(self.cx, person)?;
        let to = match assignee {
            Some(user) => ("assignee", user),
            None => ("group", group.to_owned()),
        };
        let request = StartRequest::new(&self.config.process.notice_definition, key, title)
            .variable(to.0, to.1)
            .variable("title", title)
            .variable("message", message);
        Ok(self.cx.workflow().start(&request)?.process.id)
    }

    /// Business key of a process that belongs to this run alone.
    pub(super) fn run_key(&self, what: &str) -> String {
        format!("{}:{}:{what}", self.cx.business_key(), self.cx.run_id())
    }

    /// Tell everybody who is to be told about the result, once.
    pub(crate) fn announce(
        &self,
        state: &mut State,
        result: &str,
        words: &str,
    ) -> Result<(), Error> {
        let message = format!("\"{}\" is {result}: {words}", state.name);
        if self.config.notify.version_comment {
            self.comment(state, &message)?;
        }
        if self.config.notify.uploader {
            let person = self.workflow_user(state.uploader.as_deref());
            let title = format!("{}: {result}", state.name);
            let group = &self.config.fallback_group;
            state.notice =
                Some(self.tell(&self.run_key("notice"), person, group, &title, &message)?);
        }
        self.tell_channels(&message);
        Ok(())
    }

    /// A comment where the DAM has a place for one: on the version, or beside the asset.
    fn comment(&self, state: &State, text: &str) -> Result<(), Error> {
        if self.cx.available(DAM, interfaces::VERSIONS) {
            match self
                .cx
                .versions()
                .comment(&state.asset, &state.version, text)
            {
                Err(error) if error.is_unsupported() => {}
                answer => return answer,
            }
        }
        if self.cx.available(DAM, interfaces::COMMENTS) {
            let draft = Draft {
                version: Some(state.version.clone()),
                parent: None,
                text: text.to_owned(),
                span: None,
                external_id: format!("{}:{}:result", self.cx.run_id(), state.version),
            };
            self.cx.comments().add(&state.asset, &draft)?;
        }
        Ok(())
    }

    pub(super) fn tell_channels(&self, message: &str) {
        self.cx.notify_all(&self.config.notify.channels, message);
    }

    /// An audit record about the run's asset.
    pub(super) fn record(&self, action: &str, actor: &str, state: &State) -> DecisionRecord {
        let mut record = DecisionRecord::new(action, actor);
        record.asset = Some(state.asset.clone());
        record.version = Some(state.version.clone());
        record.checksum.clone_from(&state.checksum);
        let process = state.review().map(|review| review.process.clone());
        record.process = process.filter(|process| !process.is_empty());
        record
    }
}
