//! The course of a run: what happens on each delivery.

use forebay_sdk::assets::{Asset, AssetStatus, AssetUpdate};
use forebay_sdk::handler::{EffectMode, Fired, Incoming, Signal};
use forebay_sdk::time::MINUTE;
use forebay_sdk::workflow::ProcessState;
use forebay_sdk::{Cx, Delivery, Error, Field, OrAbsent, Step, Value};

use crate::admit::out_of_scope;
use crate::config::{Config, NotReady, OnConflict, OnNewVersion};
use crate::plan::kind_name;
use crate::state::{PastReview, Phase, Question, State};
use crate::{DAM, WORKFLOW};

/// Timer: look again whether the media is ready. Not every vendor tells when it is.
const LOOK_AGAIN: &str = "look-again";
/// Pause between two such looks.
const LOOK_AGAIN_PAUSE: i64 = MINUTE;
/// Timer: the media did not become ready in time.
const READY_TIMEOUT: &str = "ready-timeout";
/// Timer: a deleted asset did not come back.
const GONE: &str = "gone";
/// Timer: no new version came.
const REWORK_DEADLINE: &str = "rework-deadline";
/// Attempts to write to an asset that changes at the same time.
const WRITE_ATTEMPTS: u32 = 3;

/// One activation of an approval.
pub(crate) struct Course<'a> {
    pub(crate) cx: &'a Cx,
    pub(crate) config: &'a Config,
}

type Next = Result<Step<State>, Error>;

impl<'a> Course<'a> {
    pub(crate) fn new(cx: &'a Cx, config: &'a Config) -> Self {
        Self { cx, config }
    }

    /// The first activation. A version that was reviewed already is reviewed again only on request:
    /// an event about it came late.
    pub(crate) fn begin(&self, asset: &str, on_request: bool) -> Next {
        let state = State { asset: asset.to_owned(), ..State::default() };
        match self.present(&state)? {
            Some(asset) if !on_request && self.is_reviewed(&asset) => {
                let summary = format!("version {} was reviewed before", asset.version);
                Ok(Step::cancel(state, "already-reviewed", summary))
            }
            Some(asset) => self.enter(state, &asset, false),
            None => Ok(Step::cancel(state, "asset-gone", "the asset was deleted before its review")),
        }
    }

    /// Every later activation.
    pub(crate) fn go_on(&self, state: State, delivery: Delivery) -> Next {
        match delivery {
            Delivery::Event(incoming) if incoming.role == WORKFLOW => self.workflow_event(state),
            Delivery::Event(incoming) => self.dam_event(state, &incoming),
            Delivery::Timer(fired) => self.timer(state, &fired),
            Delivery::Signal(signal) => self.signal(state, &signal),
            Delivery::Request(_) => self.look_again(state),
        }
    }

    fn signal(&self, state: State, signal: &Signal) -> Next {
        if signal.name != "cancel" {
            return self.look_again(state);
        }
        let reason: Value = serde_json::from_str::<serde_json::Value>(&signal.data)
            .ok()
            .and_then(|data| data.get("reason")?.as_str().map(Value::text))
            .unwrap_or_default();
        self.end_processes(&state, "cancelled by an operator")?;
        Ok(Step::cancel(state, "cancelled", reason.to_plain()))
    }

    // ---- Getting ready ------------------------------------------------------------------------

    /// From "there is an asset" to "people decide". `waited` starts the review although the media is
    /// not ready.
    fn enter(&self, mut state: State, asset: &Asset, waited: bool) -> Next {
        state.name.clone_from(&asset.name);
        state.version.clone_from(&asset.version);
        state.checksum.clone_from(&asset.checksum);
        state.uploader.clone_from(&asset.created_by);
        if let Some(reason) = out_of_scope(&self.config.filters, &known(asset)) {
            return Ok(Step::cancel(state, "out-of-scope", reason));
        }
        self.hold(&state)?;
        self.set_pending(asset)?;
        if asset.readiness.placeholder && self.config.filters.exclude_placeholders {
            return Ok(self.wait_for_media(state, "media to arrive in the placeholder"));
        }
        if !waited && !self.is_ready(asset) {
            return self.wait_until_ready(state);
        }
        let missing = self.missing(asset);
        if !missing.is_empty() {
            let what = format!("{} to be filled in", missing.join(", "));
            state.phase = Phase::Incomplete { missing };
            return Ok(self.wait_for_media(state, &what));
        }
        if let Some(rule) = self.auto_rule(asset) {
            let mut record = self.record("auto-approved", "system", &state);
            record.rule = Some(format!("auto_approve {}", rule.name));
            self.cx.decision(&record);
            return self.approve(state, asset, &[], "approved by rule");
        }
        let resume = match &state.phase {
            Phase::Rework(rework) if self.config.changes_requested.resume_at_stage => {
                rework.stage.clone()
            }
            _ => None,
        };
        self.start_review(state, asset, resume.as_deref())
    }

    /// Start the review of the current version, from its first stage or a later one.
    fn start_review(&self, mut state: State, asset: &Asset, from: Option<&str>) -> Next {
        let mut stages = self.plan(&state, asset)?;
        if let Some(at) = from.and_then(|name| stages.iter().position(|stage| stage.name == name)) {
            stages.drain(..at);
        }
        if stages.is_empty() {
            return Err(Error::invalid("no stage applies to the asset and no rule approves it")
                .with_field("stages"));
        }
        for stage in &stages {
            for group in &stage.groups {
                let mut record = self.record("routed", "system", &state);
                record.rule = Some(group.rule.clone());
                record.comment = Some(format!("{} decides in stage {}", group.group, stage.name));
                self.cx.decision(&record);
            }
        }
        self.ask_in_panel(&state, &stages)?;
        state.question = None;
        state.phase = Phase::Review(self.start_process(&state, asset, stages)?);
        if self.cx.mode() == EffectMode::Observe {
            // No process was started, so none will ever answer: what was intended is recorded.
            let summary = format!("\"{}\" would have been reviewed", state.name);
            return Ok(Step::complete(state, "observed", summary));
        }
        self.follow(state)
    }

    /// Protect the asset; an unprotected asset under review is not acceptable, so a failure parks.
    fn hold(&self, state: &State) -> Result<(), Error> {
        if let Some(template) = &self.config.hold.access_template {
            let applied = self.cx.access().apply(&state.asset, template);
            applied.map_err(|error| error.context("the hold template cannot be applied"))?;
        }
        self.take_out(state, &self.config.hold.remove_from_collections)
    }

    /// Set the asset to pending, if it is not kept back already.
    fn set_pending(&self, asset: &Asset) -> Result<(), Error> {
        let kept_back = matches!(asset.status, AssetStatus::Pending | AssetStatus::Restricted);
        let mut update = self.field_update(&[
            ("review_state", Value::text("pending")),
            ("review_run", Value::text(self.cx.run_id())),
        ]);
        if self.config.initial_status && !kept_back {
            update = update.status(AssetStatus::Pending);
        }
        self.write(asset, update)
    }

    fn is_reviewed(&self, asset: &Asset) -> bool {
        let texts = |logical: &str| self.config.fields.texts(&asset.fields, logical);
        texts("reviewed_version").contains(&asset.version)
            && texts("review_state").iter().any(|word| word == "approved" || word == "rejected")
    }

    fn is_ready(&self, asset: &Asset) -> bool {
        let wanted = &self.config.ready_when;
        (asset.readiness.preview || !wanted.preview)
            && (asset.readiness.files_closed || !wanted.files_closed)
            || asset.readiness.failure.is_some()
    }

    fn missing(&self, asset: &Asset) -> Vec<String> {
        let mandatory = self.config.required_before_review.iter();
        let missing =
            mandatory.filter(|name| self.config.fields.value(&asset.fields, name).is_none());
        missing.cloned().collect()
    }

    fn wait_until_ready(&self, mut state: State) -> Next {
        let now = self.cx.now();
        let since = match state.phase {
            Phase::Readying { since } => since,
            _ => now,
        };
        let ready = &self.config.ready_when;
        let deadline = ready.timeout.after(self.cx, &self.config.calendar, since, 100)?;
        let summary = format!("\"{}\" to be processed by the DAM", state.name);
        let asset = state.asset.clone();
        state.phase = Phase::Readying { since };
        Ok(Step::wait(state)
            .timer(LOOK_AGAIN, now + LOOK_AGAIN_PAUSE)
            .timer(READY_TIMEOUT, deadline)
            .subscribe(DAM, "asset", asset)
            .due(deadline)
            .waiting_on(summary))
    }

    fn wait_for_media(&self, state: State, what: &str) -> Step<State> {
        let summary = format!("\"{}\": {what}", state.name);
        let asset = state.asset.clone();
        let party = self.workflow_user(state.uploader.as_deref());
        let wait = Step::wait(state).subscribe(DAM, "asset", asset);
        match party {
            Some(party) => wait.party(party).waiting_on(summary),
            None => wait.waiting_on(summary),
        }
    }

    // ---- What the DAM tells -------------------------------------------------------------------

    fn dam_event(&self, mut state: State, incoming: &Incoming) -> Next {
        let Some(asset) = self.present(&state)? else { return self.gone(state) };
        if state.gone_since.take().is_some() {
            self.cx.decision(&self.record("asset-restored", "system", &state));
        }
        if incoming.event.kind == "approval.changed" {
            self.panel_decided(&state)?;
        }
        self.asset_changed(state, &asset)
    }

    fn asset_changed(&self, state: State, asset: &Asset) -> Next {
        match &state.phase {
            Phase::New | Phase::Readying { .. } | Phase::Incomplete { .. } => {
                self.enter(state, asset, false)
            }
            Phase::Rework(rework) if rework.version != asset.version => {
                let process = rework.process.clone();
                self.cx.workflow().cancel(&process, "a new version came")?;
                self.enter(state, asset, false)
            }
            Phase::Review(review) if review.version != asset.version => {
                self.newer_version(state, asset)
            }
            Phase::Review(_) if asset.status == AssetStatus::Approved => {
                self.approved_by_hand(state, asset)
            }
            Phase::Review(_) => self.follow(state),
            Phase::Rework(_) | Phase::Done => self.wait(state),
        }
    }

    /// Rule C-14: a decision is never applied to a version nobody reviewed.
    fn newer_version(&self, mut state: State, asset: &Asset) -> Next {
        match self.config.on_new_version {
            OnNewVersion::Restart => self.supersede(state, asset),
            OnNewVersion::Continue => self.follow(state),
            OnNewVersion::Ask => {
                let asked = state.question.as_ref().map(|question| question.version.as_str());
                if asked != Some(asset.version.as_str()) {
                    let key = format!("{}:new-version:{}", self.cx.business_key(), asset.version);
                    let message = format!(
                        "A newer version of \"{}\" came while an older one is under review. Acknowledge to restart the review with it.",
                        asset.name
                    );
                    let group = &self.config.coordinator_group;
                    let process = self.tell(&key, None, group, "New version under review", &message)?;
                    state.question = Some(Question { process, version: asset.version.clone() });
                }
                self.follow(state)
            }
        }
    }

    /// End the review under way and start one for the current version.
    fn supersede(&self, mut state: State, asset: &Asset) -> Next {
        if let Phase::Review(review) = std::mem::take(&mut state.phase) {
            self.cx.workflow().cancel(&review.process, "superseded")?;
            let mut record = self.record("superseded", "system", &state);
            record.version = Some(review.version.clone());
            record.process = Some(review.process.clone());
            record.comment = Some(format!("version {} came", asset.version));
            self.cx.decision(&record);
            let result = "superseded".to_owned();
            state.past.push(PastReview { process: review.process, version: review.version, result });
        }
        self.enter(state, asset, false)
    }

    /// Somebody approved the asset in the DAM while it is under review.
    fn approved_by_hand(&self, state: State, asset: &Asset) -> Next {
        let actor = asset.modified_by.clone().unwrap_or_else(|| "unknown".to_owned());
        match self.config.on_conflict {
            OnConflict::ProductWins => {
                let update = AssetUpdate::default().status(AssetStatus::Pending);
                self.write(asset, update)?;
                let mut record = self.record("status-reverted", "system", &state);
                record.comment = Some(format!("{actor} approved the asset during its review"));
                self.cx.decision(&record);
                self.follow(state)
            }
            OnConflict::DamWins => {
                self.end_processes(&state, "approved in the DAM")?;
                let mut record = self.record("decision", &actor, &state);
                record.decision = Some("approved".to_owned());
                record.comment = Some("by hand in the DAM".to_owned());
                self.cx.decision(&record);
                let summary = format!("approved by hand in the DAM by {actor}");
                Ok(Step::complete(state, "approved", summary))
            }
            OnConflict::Park => {
                let reason = format!("{actor} set the asset to approved in the DAM during its review");
                Ok(Step::park(state, reason))
            }
        }
    }

    /// Rule C-13: the asset is deleted or in the trash; it may come back within the grace.
    fn gone(&self, mut state: State) -> Next {
        let since = *state.gone_since.get_or_insert(self.cx.now());
        let grace = self.config.asset_gone.grace;
        let until = grace.after(self.cx, &self.config.calendar, since, 100)?;
        if self.cx.now() < until {
            return self.wait(state);
        }
        self.end_processes(&state, "asset deleted")?;
        Ok(Step::cancel(state, "asset-gone", "the asset was deleted and did not come back"))
    }

    // ---- What the workflow engine tells -------------------------------------------------------

    fn workflow_event(&self, mut state: State) -> Next {
        if let Some(question) = &state.question {
            let answered = self.cx.workflow().get(&question.process)?.state;
            if answered == ProcessState::Completed {
                state.question = None;
                if let Some(asset) = self.present(&state)? {
                    return self.supersede(state, &asset);
                }
            }
        }
        match state.phase {
            Phase::Review(_) => self.follow(state),
            _ => self.wait(state),
        }
    }

    /// Look at the review and go on from what it says.
    fn follow(&self, mut state: State) -> Next {
        let Phase::Review(review) = &mut state.phase else { return self.wait(state) };
        let process = self.cx.workflow().get(&review.process);
        let process = process.map_err(|error| error.context("the review process cannot be read"))?;
        match process.state {
            ProcessState::Active => {
                self.watch_tasks(review)?;
                self.wait(state)
            }
            ProcessState::Suspended => {
                let reason = format!("the review process {} is suspended in the workflow engine; activate it there and retry", process.id);
                Ok(Step::park(state, reason))
            }
            ProcessState::Terminated => {
                let why = process.reason.unwrap_or_else(|| "no reason given".to_owned());
                let reason = format!("the review process {} was ended in the workflow engine: {why}", process.id);
                Ok(Step::park(state, reason))
            }
            ProcessState::Completed => match self.present(&state)? {
                None => self.gone(state),
                Some(asset) => self.decided(state, &asset, &process),
            },
        }
    }

    // ---- Time ---------------------------------------------------------------------------------

    fn timer(&self, state: State, fired: &Fired) -> Next {
        match fired.name.as_str() {
            READY_TIMEOUT => self.not_ready_in_time(state),
            REWORK_DEADLINE => self.no_new_version(state),
            GONE | LOOK_AGAIN => self.look_again(state),
            alarm => self.alarm(state, alarm),
        }
    }

    /// Read everything again and go on from there.
    pub(crate) fn look_again(&self, mut state: State) -> Next {
        match self.present(&state)? {
            None => self.gone(state),
            Some(asset) => {
                state.gone_since = None;
                self.asset_changed(state, &asset)
            }
        }
    }

    fn not_ready_in_time(&self, state: State) -> Next {
        let Some(asset) = self.present(&state)? else { return self.gone(state) };
        match self.config.ready_when.on_timeout {
            NotReady::Continue => self.enter(state, &asset, true),
            NotReady::Park => {
                let key = format!("{}:not-ready", self.cx.business_key());
                let message = format!("\"{}\" did not become ready for review in time.", state.name);
                self.tell(&key, None, &self.config.fallback_group, "Asset not ready", &message)?;
                Ok(Step::park(state, "the DAM did not finish processing the asset in time"))
            }
        }
    }

    // ---- Shared -------------------------------------------------------------------------------

    /// Wait for whatever the phase waits for.
    pub(crate) fn wait(&self, state: State) -> Next {
        let mut wait = Step::wait(state.clone()).subscribe(DAM, "asset", &state.asset);
        if let Some(since) = state.gone_since {
            let grace = self.config.asset_gone.grace;
            wait = wait.timer(GONE, grace.after(self.cx, &self.config.calendar, since, 100)?);
        }
        if let Some(question) = &state.question {
            wait = wait.subscribe(WORKFLOW, "process", &question.process);
        }
        let summary = match &state.phase {
            Phase::Review(review) => {
                wait = wait.subscribe(WORKFLOW, "process", &review.process);
                for (task, watched) in &review.tasks {
                    wait = wait.party(&watched.group);
                    if let Some((percent, at)) = watched.alarms.first() {
                        wait = wait.timer(crate::watch::alarm_name(task, *percent), *at).due(*at);
                    }
                }
                let stages: Vec<_> = review.tasks.values().map(|task| task.stage.as_str()).collect();
                format!("decision on \"{}\" in stage {}", state.name, stages.join(", "))
            }
            Phase::Rework(rework) => {
                wait = wait.timer(REWORK_DEADLINE, rework.deadline).due(rework.deadline);
                if let Some(person) = self.workflow_user(state.uploader.as_deref()) {
                    wait = wait.party(person);
                }
                format!("a new version of \"{}\"", state.name)
            }
            Phase::New | Phase::Readying { .. } | Phase::Incomplete { .. } | Phase::Done => {
                format!("\"{}\" to change", state.name)
            }
        };
        Ok(wait.waiting_on(summary))
    }

    /// The asset, unless it is deleted or in the trash.
    pub(crate) fn present(&self, state: &State) -> Result<Option<Asset>, Error> {
        let asset = self.cx.assets().get(&state.asset).or_absent()?;
        Ok(asset.filter(|asset| !asset.trashed))
    }

    /// Write to an asset as it was read. If somebody changes it at the same time it is read again;
    /// if that change brought another version nothing is written.
    pub(crate) fn write(&self, asset: &Asset, update: AssetUpdate) -> Result<(), Error> {
        let mut token = asset.change_token.clone();
        for _ in 1..WRITE_ATTEMPTS {
            match self.cx.assets().update(&asset.id, &update.clone().guard(&token)) {
                Ok(_) => return Ok(()),
                Err(error) if error.is_conflict() => {
                    let now = self.cx.assets().get(&asset.id)?;
                    if now.version != asset.version {
                        return Err(error.context("a new version came while writing"));
                    }
                    token = now.change_token;
                }
                Err(error) => return Err(error),
            }
        }
        self.cx.assets().update(&asset.id, &update.guard(&token)).map(|_| ())
    }

    /// End every process of the run that may still be open.
    fn end_processes(&self, state: &State, reason: &str) -> Result<(), Error> {
        let open = match &state.phase {
            Phase::Review(review) => Some(&review.process),
            Phase::Rework(rework) => Some(&rework.process),
            _ => None,
        };
        let question = state.question.as_ref().map(|question| &question.process);
        for process in open.into_iter().chain(question) {
            self.cx.workflow().cancel(process, reason)?;
        }
        Ok(())
    }
}

/// What the filters ask about, from the asset itself.
fn known(asset: &Asset) -> Vec<Field> {
    let paths: Vec<_> = asset.containers.iter().filter_map(|place| place.path.clone()).collect();
    vec![
        Field::new("kind", kind_name(asset.kind)),
        Field::new("name", asset.name.as_str()),
        Field::new("uploader", asset.created_by.clone().unwrap_or_default()),
        Field::new("paths", Value::Texts(paths)),
    ]
}
