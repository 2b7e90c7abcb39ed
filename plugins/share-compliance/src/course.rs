//! The course of a run: what happens on each delivery, and what all kinds of runs share.

use forebay_sdk::assets::{Asset, AssetStatus, AssetUpdate, Share, ShareQuery};
use forebay_sdk::blocks::{Alarm, DeskRules, field_update, usable_group, write_any_version};
use forebay_sdk::handler::{DecisionRecord, interfaces};
use forebay_sdk::workflow::StartRequest;
use forebay_sdk::{Cx, Delivery, Error, Step, Value, paging};

use crate::DAM;
use crate::config::Config;
use crate::request::{Ask, ask_of};
use crate::state::{Case, Item, Review, State, Sweep};

/// Signal: end the run and clean up.
pub(crate) const CANCEL: &str = "cancel";
/// Signal: give up the process there is and ask anew.
pub(crate) const RESTART: &str = "restart";

/// What comes next.
pub(crate) type Next = Result<Step<State>, Error>;

/// One activation.
pub(crate) struct Course<'a> {
    pub(crate) cx: &'a Cx,
    pub(crate) config: &'a Config,
}

impl Course<'_> {
    pub(crate) fn run(&self, state: Option<State>, delivery: Delivery) -> Next {
        match state {
            None => self.begin(&delivery),
            Some(State::Scan(sweep)) => self.scan(sweep),
            Some(State::Request(review)) => self.review(*review, &delivery),
            Some(State::Case(case)) => self.case(*case, &delivery),
        }
    }

    fn begin(&self, delivery: &Delivery) -> Next {
        match ask_of(self.config, delivery)?.map_err(Error::invalid)? {
            Ask::Scan(_) => self.scan(Sweep::default()),
            Ask::Case(suspect) => self.begin_case(Case {
                suspect,
                ..Case::default()
            }),
            Ask::Wish(wish) => self.begin_wish(*wish),
            Ask::Form(process) => self.begin_form(&process),
            Ask::Staged(asset, by, _) => self.begin_staged(asset, &by),
        }
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

    pub(crate) fn tell(&self, message: &str) {
        self.cx.notify_all(&self.config.channels, message);
    }

    /// Tell a person, or a group where the person is unknown, in a task of its own. `what` keeps
    /// several notices of a run apart; the same one is given once.
    pub(crate) fn inform(
        &self,
        person: &str,
        group: &str,
        what: &str,
        title: &str,
        message: &str,
    ) -> Result<(), Error> {
        let key = format!("{}:{}:{what}", self.cx.business_key(), self.cx.run_id());
        let definition = self.config.process.notice_definition.as_str();
        let request = StartRequest::new(definition, key, title)
            .variable("title", title)
            .variable("message", message);
        let request = match self.config.person(person) {
            Some(person) => request.variable("assignee", person),
            None => request.variable("group", usable_group(self.cx, &self.rules(), group)?),
        };
        self.cx.workflow().start(&request).map(drop)
    }

    // ---- Audit ----------------------------------------------------------------------------------

    /// An audit record about an asset of the run.
    pub(crate) fn record(&self, action: &str, item: &Item) -> DecisionRecord {
        about(DecisionRecord::new(action, "system"), item)
    }

    // ---- Assets ---------------------------------------------------------------------------------

    /// Write to an asset as it stands now. What is written is about shares, not about a version.
    pub(crate) fn write(&self, asset: &Asset, update: &AssetUpdate) -> Result<(), Error> {
        write_any_version(self.cx, asset, update)
    }

    pub(crate) fn write_fields(
        &self,
        asset: &Asset,
        fields: &[(&str, Value)],
    ) -> Result<(), Error> {
        self.write(asset, &field_update(&self.config.fields, fields))
    }

    /// Take an asset out of use, and say why in its fields.
    pub(crate) fn restrict(&self, asset: &Asset, state: &str) -> Result<(), Error> {
        let fields = [
            ("share_state", state.into()),
            ("share_run", self.cx.run_id().into()),
        ];
        let update = field_update(&self.config.fields, &fields).status(AssetStatus::Restricted);
        self.write(asset, &update)
    }

    /// Put a comment on a version, where the DAM has comments on versions.
    pub(crate) fn comment(&self, asset: &str, version: &str, text: &str) -> Result<(), Error> {
        if !self.cx.available(DAM, interfaces::VERSIONS) {
            return Ok(());
        }
        match self.cx.versions().comment(asset, version, text) {
            Err(error) if error.is_unsupported() => Ok(()),
            other => other,
        }
    }

    // ---- Shares ---------------------------------------------------------------------------------

    /// End a share. False where the DAM's API cannot.
    pub(crate) fn revoke(&self, share: &str) -> Result<bool, Error> {
        match self.cx.sharing().revoke(share) {
            Ok(()) => Ok(true),
            Err(error) if error.is_not_found() => Ok(true),
            Err(error) if error.is_unsupported() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The shares that fit, ended ones included; none where the DAM's API cannot list them.
    pub(crate) fn shares(&self, query: &ShareQuery) -> Result<Option<Vec<Share>>, Error> {
        let listed = paging::collect(usize::MAX, |page| {
            let query = ShareQuery {
                page: page.map(str::to_owned),
                ..query.clone()
            };
            let found = self.cx.sharing().list(&query)?;
            Ok((found.shares, found.next))
        });
        match listed {
            Ok((shares, _)) => Ok(Some(shares)),
            Err(error) if error.is_unsupported() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// All shares, ended ones included.
pub(crate) fn every_share() -> ShareQuery {
    ShareQuery {
        asset: None,
        collection: None,
        external_id: None,
        include_ended: true,
        page: None,
    }
}

/// A record with the asset it is about.
pub(crate) fn about(mut record: DecisionRecord, item: &Item) -> DecisionRecord {
    record.asset = Some(item.id.clone());
    record.version = Some(item.version.clone());
    record.checksum.clone_from(&item.checksum);
    record
}

/// Did the desk's timer end the waiting for this question?
pub(crate) fn timed_out(alarm: Option<Alarm>) -> Option<String> {
    match alarm {
        Some(Alarm::TimedOut(question)) => Some(question),
        _ => None,
    }
}

impl Review {
    /// The step's state.
    pub(crate) fn state(self) -> State {
        State::Request(Box::new(self))
    }
}
