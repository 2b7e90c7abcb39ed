//! The course of a run: what happens on each delivery, and what all kinds of runs share.

use forebay_sdk::assets::{Asset, AssetUpdate};
use forebay_sdk::blocks::{DeskRules, Written, end_of, field_update, present, write};
use forebay_sdk::handler::{DecisionRecord, Fired, Signal};
use forebay_sdk::{Cx, Delivery, Error, Field, FieldsExt, Step, Timestamp, Value};

use crate::admit::{Request, request_of};
use crate::config::Config;
use crate::policy::Policy;
use crate::state::{Phase, Review, State, Unit, Walk};
use crate::{DAM, WORKFLOW};

/// Timer: the next time the run has something to do.
pub(crate) const NEXT: &str = "next";
/// Signal: end the run and clean up. What was done stays done.
const CANCEL: &str = "cancel";
/// Signal: ask people again, in another process.
pub(crate) const RESTART: &str = "restart";
/// Signal: try failed items again, also those an operator had to look at.
const RETRY: &str = "retry";
/// Signal: an operator answers for what cannot be proved: `{"asset", "by", "reason"}`.
const SIGN: &str = "sign";

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
            Some(State::Scan(walk)) => self.scan(walk),
            Some(State::Look(asset)) => self.look(asset),
            Some(State::Review(review)) => self.heard(*review, &delivery),
        }
    }

    fn begin(&self, delivery: &Delivery) -> Next {
        let request = request_of(self.config, delivery)?.map_err(Error::invalid)?;
        if request.scan {
            return self.scan(Walk::default());
        }
        if request.restore {
            return self.begin_restore(&request.asset);
        }
        match &request.policy {
            Some(_) => self.begin_review(request),
            None => self.look(request.asset),
        }
    }

    fn begin_review(&self, request: Request) -> Next {
        let mut assets = request.assets;
        if request.campaign.is_none() && assets.is_empty() {
            assets.push(request.asset.clone());
        }
        let review = Review {
            unit: Unit {
                policy: request.policy.unwrap_or_default(),
                group: request.campaign,
                first: request.asset,
                until: request.until,
                extensions: request.extensions,
                assets,
            },
            ..Review::default()
        };
        self.schedule(review)
    }

    /// A live review hears something.
    fn heard(&self, mut review: Review, delivery: &Delivery) -> Next {
        match delivery {
            Delivery::Signal(signal) => return self.signal(review, signal),
            Delivery::Timer(fired) => {
                if let Some(step) = self.alarm(&mut review, fired)? {
                    return Ok(step);
                }
            }
            Delivery::Request(_) | Delivery::Event(_) => {}
        }
        let was_gone = review.gone_since.is_some();
        if self.is_gone(&mut review)? {
            return self.gone(review);
        }
        if was_gone {
            // What people answered meanwhile counts now.
            return self.read_answers(review);
        }
        match delivery {
            Delivery::Event(incoming) if incoming.role == WORKFLOW => {
                return self.read_answers(review);
            }
            Delivery::Event(incoming) if incoming.role == DAM => {
                let mut entities =
                    std::iter::once(&incoming.event.entity).chain(&incoming.event.related);
                if let Some(asset) = entities.find(|entity| entity.kind == "asset") {
                    let id = asset.id.clone();
                    return self.asset_changed(review, &id);
                }
            }
            _ => {}
        }
        self.go_on(review)
    }

    /// Whatever is to be done now.
    pub(crate) fn go_on(&self, review: Review) -> Next {
        match review.phase {
            Phase::Scheduled => self.await_time(review),
            Phase::Listing => self.list(review),
            Phase::Deciding => self.wait_for_people(review),
            Phase::Working => self.work(review),
            Phase::Superseded => self.take_back(review),
        }
    }

    fn signal(&self, mut review: Review, signal: &Signal) -> Next {
        match signal.name.as_str() {
            CANCEL => {
                review.desk.cancel(self.cx, "cancelled by an operator")?;
                let state = State::Review(Box::new(review));
                Ok(Step::cancel(state, "cancelled", "by an operator"))
            }
            RESTART => self.restart(review),
            RETRY => {
                review.items.reopen_failed();
                review.bad.clear();
                review.jobs.retain(|_, job| job.not_before.is_none());
                review.failing_since = None;
                review.retry_at = None;
                self.go_on(review)
            }
            SIGN => self.sign(review, signal),
            _ => self.go_on(review),
        }
    }

    fn alarm(&self, review: &mut Review, fired: &Fired) -> Result<Option<Step<State>>, Error> {
        use forebay_sdk::blocks::Alarm;
        match review.desk.alarm(self.cx, &self.rules(), &fired.name)? {
            Some(Alarm::TimedOut(question)) => {
                let step = self.nobody_answered(std::mem::take(review), &question)?;
                Ok(Some(step))
            }
            _ => Ok(None),
        }
    }

    // ---- What all kinds of runs share -----------------------------------------------------------

    pub(crate) fn policy(&self, review: &Review) -> Result<&Policy, Error> {
        let name = &review.unit.policy;
        self.config
            .policy(name)
            .ok_or_else(|| Error::invalid(format!("there is no policy `{name}`")))
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

    /// An audit record of the review: which policy, in which form, who decided.
    pub(crate) fn record(&self, action: &str, review: &Review) -> DecisionRecord {
        let by = review.choice.as_ref().map(|choice| choice.by.as_str());
        let mut record = DecisionRecord::new(action, by.unwrap_or("system"));
        let policy = &review.unit.policy;
        record.rule = Some(format!("policy {policy}"));
        if let Ok(policy) = self.policy(review) {
            record.details = vec![Field::new("policy-version", policy.fingerprint())];
        }
        if review.desk.is_open() {
            record.process = Some(review.desk.process.clone());
        }
        record.task = review
            .choice
            .as_ref()
            .and_then(|choice| choice.task.clone());
        record
    }

    /// A record about one asset.
    pub(crate) fn record_of(&self, action: &str, review: &Review, asset: &Asset) -> DecisionRecord {
        let mut record = self.record(action, review);
        record.asset = Some(asset.id.clone());
        record.version = Some(asset.version.clone());
        record.checksum.clone_from(&asset.checksum);
        record
    }

    pub(crate) fn present(&self, id: &str) -> Result<Option<Asset>, Error> {
        present(self.cx, id)
    }

    /// Logical fields of an asset as they are to stand. A version that came meanwhile belongs to the
    /// same asset, so it is written too.
    pub(crate) fn write(
        &self,
        asset: &Asset,
        fields: &[(&str, Value)],
        status: Option<forebay_sdk::assets::AssetStatus>,
    ) -> Result<(), Error> {
        let mut update: AssetUpdate = field_update(&self.config.fields, fields);
        if let Some(status) = status {
            update = update.status(status);
        }
        if write(self.cx, asset, &update)? == Written::Overtaken {
            let now = self.cx.assets().get(&asset.id)?;
            write(self.cx, &now, &update)?;
        }
        Ok(())
    }

    /// The text of a logical field, empty where it has none.
    pub(crate) fn text(&self, asset: &Asset, field: &str) -> String {
        let texts = self.config.fields.texts(&asset.fields, field);
        texts.into_iter().next().unwrap_or_default()
    }

    /// The date a logical field holds.
    pub(crate) fn date(&self, asset: &Asset, field: &str) -> Option<Timestamp> {
        let value = asset.fields.value(self.config.fields.name(field))?;
        end_of(self.cx, &self.config.calendar, value).ok()
    }

    /// The date whose end this is. The end of a day belongs to that day.
    pub(crate) fn date_of(&self, end: Timestamp) -> Result<String, Error> {
        self.cx.local_date(&self.config.calendar.zone, end - 1)
    }
}
