//! The way to a review: from "there is an asset" to "people decide".

use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::paths;
use forebay_sdk::handler::EffectMode;
use forebay_sdk::time::MINUTE;
use forebay_sdk::{Delivery, Error, Step, Value};

use crate::DAM;
use crate::admit::{inside, is_asked_for, is_assignment, not_in, out_of_scope};
use crate::config::NotReady;
use crate::course::{Course, Next};
use crate::result::Ruling;
use crate::state::{Phase, State};
use crate::writing::{Written, known};

/// Timer: look again whether the media is ready. Not every vendor tells when it is.
pub(crate) const LOOK_AGAIN: &str = "look-again";
/// Pause between two such looks.
const LOOK_AGAIN_PAUSE: i64 = MINUTE;
/// Timer: the media did not become ready in time.
pub(crate) const READY_TIMEOUT: &str = "ready-timeout";

impl Course<'_> {
    /// The first activation. A version that was reviewed already is reviewed again only on request:
    /// an event about it came late.
    pub(crate) fn begin(&self, asset: String, delivery: &Delivery) -> Next {
        let state = State {
            asset,
            ..State::default()
        };
        let Some(asset) = self.present(&state)? else {
            return Ok(Step::cancel(
                state,
                "asset-gone",
                "the asset was deleted before its review",
            ));
        };
        if !is_asked_for(delivery) && self.is_reviewed(&asset) {
            let summary = format!("version {} was reviewed before", asset.version);
            return Ok(Step::cancel(state, "already-reviewed", summary));
        }
        let watched = &self.config.triggers.collections;
        if is_assignment(delivery) && !inside(watched, &paths(&asset)) {
            return Ok(Step::cancel(state, "out-of-scope", not_in(watched)));
        }
        self.enter(state, &asset, false)
    }

    fn is_reviewed(&self, asset: &Asset) -> bool {
        let texts = |logical: &str| self.config.fields.texts(&asset.fields, logical);
        texts("reviewed_version").contains(&asset.version)
            && texts("review_state")
                .iter()
                .any(|word| word == "approved" || word == "rejected")
    }

    /// Get the asset's current version under review. `waited` goes on although the media is not
    /// ready. An asset that is none of our business is not touched.
    pub(crate) fn enter(&self, mut state: State, asset: &Asset, waited: bool) -> Next {
        state.name.clone_from(&asset.name);
        state.version.clone_from(&asset.version);
        state.checksum.clone_from(&asset.checksum);
        state.uploader.clone_from(&asset.created_by);
        if let Some(reason) = out_of_scope(&self.config.filters, &known(asset)) {
            return Ok(Step::cancel(state, "out-of-scope", reason));
        }
        if asset.readiness.placeholder && self.config.filters.exclude_placeholders {
            return Ok(self.wait_for_people(state, "media to arrive in the placeholder"));
        }
        let ready = waited || self.is_ready(asset);
        let include = &self.config.filters.include;
        if !include.is_empty() && paths(asset).is_empty() {
            // Vendors file an upload a moment after they made it.
            return if ready {
                Ok(Step::cancel(state, "out-of-scope", not_in(include)))
            } else {
                self.wait_until_ready(state)
            };
        }
        if self.protect(&mut state, asset)? == Written::Overtaken {
            return self.look_again(state);
        }
        if !ready {
            return self.wait_until_ready(state);
        }
        let missing = self.missing(asset);
        if !missing.is_empty() {
            return self.wait_for_fields(state, missing);
        }
        if let Some(rule) = self.auto_rule(asset) {
            let mut record = self.record("auto-approved", "system", &state);
            record.rule = Some(format!("auto_approve {}", rule.name));
            self.cx.decision(&record);
            return self.approve(state, asset, &Ruling::of_rule("approved by rule"));
        }
        self.start_review(state, asset)
    }

    /// Start the review of the current version, from its first stage or the one to resume at.
    fn start_review(&self, mut state: State, asset: &Asset) -> Next {
        let mut stages = self.plan(&state, asset)?;
        let resume_at = state.resume_at.take();
        let first = stages
            .iter()
            .position(|stage| Some(&stage.name) == resume_at.as_ref());
        stages.drain(..first.unwrap_or_default());
        if stages.is_empty() {
            return Err(
                Error::invalid("no stage applies to the asset and no rule approves it")
                    .with_field("stages"),
            );
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
        if self.config.batch.enabled {
            return self.join_batch(state, asset, stages);
        }
        state.phase = Phase::Review(self.start_process(&state, asset, stages)?);
        if self.cx.mode() == EffectMode::Observe {
            // No process was started, so none will ever answer: what was intended is recorded.
            let summary = format!("\"{}\" would have been reviewed", state.name);
            return Ok(Step::complete(state, "observed", summary));
        }
        self.follow(state)
    }

    /// Protect the asset: the hold once for each version, the status whenever we come by. An
    /// unprotected asset under review is not acceptable, so a failure parks.
    fn protect(&self, state: &mut State, asset: &Asset) -> Result<Written, Error> {
        if state.protected.as_ref() != Some(&asset.version) {
            let hold = &self.config.hold;
            self.put_template(state, hold.access_template.as_deref())
                .map_err(|error| error.context("the hold template cannot be applied"))?;
            self.take_out(state, &hold.remove_from_collections)?;
        }
        let written = self.set_pending(asset)?;
        if written == Written::Yes {
            state.protected = Some(asset.version.clone());
        }
        Ok(written)
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
        let deadline = ready
            .timeout
            .after(self.cx, &self.config.calendar, since, 100)?;
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

    pub(crate) fn not_ready_in_time(&self, state: State) -> Next {
        let Some(asset) = self.present(&state)? else {
            return self.gone(state);
        };
        match self.config.ready_when.on_timeout {
            _ if !matches!(state.phase, Phase::Readying { .. }) => {
                self.asset_changed(state, &asset)
            }
            NotReady::Park if !self.is_ready(&asset) => {
                let key = self.run_key("not-ready");
                let message = format!(
                    "\"{}\" did not become ready for review in time.",
                    state.name
                );
                self.tell(
                    &key,
                    None,
                    &self.config.fallback_group,
                    "Asset not ready",
                    &message,
                )?;
                Ok(Step::park(
                    state,
                    "the DAM did not finish processing the asset in time",
                ))
            }
            NotReady::Continue | NotReady::Park => self.enter(state, &asset, true),
        }
    }

    /// Wait for mandatory fields, after telling whose turn it is. Told again only if others miss.
    fn wait_for_fields(&self, mut state: State, missing: Vec<String>) -> Next {
        let what = format!("{} to be filled in", missing.join(", "));
        let told =
            matches!(&state.phase, Phase::Incomplete { missing: before } if *before == missing);
        if !told {
            self.hand_over(&state, &missing, &what)?;
        }
        state.phase = Phase::Incomplete { missing };
        Ok(self.wait_for_people(state, &what))
    }

    fn hand_over(&self, state: &State, missing: &[String], what: &str) -> Result<(), Error> {
        let fields = missing.join("+");
        if let Some(flow) = &self.config.missing_fields_flow {
            let key = format!("{}:{}:{fields}", self.cx.business_key(), state.version);
            let input = serde_json::json!({ "asset": state.asset, "missing": missing });
            return self.cx.spawn(flow, &key, &input).map(|_| ());
        }
        let key = self.run_key(&format!("{}:missing:{fields}", state.version));
        let person = self.workflow_user(state.uploader.as_deref());
        let message = format!("The review of \"{}\" waits for {what}.", state.name);
        let group = &self.config.fallback_group;
        self.tell(&key, person, group, "Fields are missing", &message)
            .map(|_| ())
    }

    fn wait_for_people(&self, state: State, what: &str) -> Step<State> {
        let summary = format!("\"{}\": {what}", state.name);
        let asset = state.asset.clone();
        let party = self.workflow_user(state.uploader.as_deref());
        let wait = Step::wait(state).subscribe(DAM, "asset", asset);
        match party {
            Some(party) => wait.party(party).waiting_on(summary),
            None => wait.waiting_on(summary),
        }
    }

    /// Set the asset to pending, if it is not kept back already.
    fn set_pending(&self, asset: &Asset) -> Result<Written, Error> {
        use forebay_sdk::assets::AssetStatus::{Pending, Restricted};
        let mut update = self.field_update(&[
            ("review_state", Value::text("pending")),
            ("review_run", Value::text(self.cx.run_id())),
        ]);
        if self.config.initial_status && !matches!(asset.status, Pending | Restricted) {
            update = update.status(Pending);
        }
        self.write(asset, update)
    }
}
