//! The way to a review: from "there is an asset" to "people can decide".

use forebay_sdk::assets::{Asset, AssetStatus};
use forebay_sdk::blocks::{Written, field_update, paths, write};
use forebay_sdk::{Error, Value};

use super::Steps;
use super::asset::known;
use super::intake::{not_in, out_of_scope};
use crate::state::{Phase, State};

/// Whether an asset is ours, as far as that can be said.
pub(crate) enum Scope {
    /// It is.
    Inside,
    /// It is not, for this reason.
    Outside(String),
    /// Nothing can be said yet: vendors file an upload a moment after they made it.
    NotFiledYet,
    /// There is no media that could be reviewed.
    NoMedia,
}

impl Steps<'_> {
    /// Do the filters let the asset in? One that is `ready` is filed where it belongs.
    pub(crate) fn scope(&self, asset: &Asset, ready: bool) -> Scope {
        let filters = &self.config.filters;
        if let Some(reason) = out_of_scope(filters, &known(asset)) {
            return Scope::Outside(reason);
        }
        if asset.readiness.placeholder && filters.exclude_placeholders {
            return Scope::NoMedia;
        }
        match !filters.include.is_empty() && paths(asset).is_empty() {
            true if ready => Scope::Outside(not_in(&filters.include)),
            true => Scope::NotFiledYet,
            false => Scope::Inside,
        }
    }

    /// Protect the asset: the hold once for each version, the status whenever we come by. An
    /// unprotected asset under review is not acceptable, so a failure parks.
    pub(crate) fn protect(&self, state: &mut State, asset: &Asset) -> Result<Written, Error> {
        if state.protected.as_ref() != Some(&asset.version) {
            let hold = &self.config.hold;
            self.put_template(state, hold.access_template.as_deref())
                .map_err(|error| error.context("the hold template cannot be applied"))?;
            self.take_out(state, &hold.remove_from_collections)?;
        }
        let written = self.set_pending(asset)?;
        if written != Written::Overtaken {
            state.protected = Some(asset.version.clone());
        }
        Ok(written)
    }

    /// Set the asset to pending, if it is not kept back already.
    fn set_pending(&self, asset: &Asset) -> Result<Written, Error> {
        use AssetStatus::{Pending, Restricted};
        let fields = [
            ("review_state", Value::text("pending")),
            ("review_run", Value::text(self.cx.run_id())),
        ];
        let mut update = field_update(&self.config.fields, &fields);
        if self.config.initial_status && !matches!(asset.status, Pending | Restricted) {
            update = update.status(Pending);
        }
        write(self.cx, asset, &update)
    }

    /// Can the asset be reviewed as it is? What cannot be processed never gets better than it is.
    pub(crate) fn is_ready(&self, asset: &Asset) -> bool {
        let wanted = &self.config.ready_when;
        (asset.readiness.preview || !wanted.preview)
            && (asset.readiness.files_closed || !wanted.files_closed)
            || asset.readiness.failure.is_some()
    }

    /// Mandatory fields that are not filled.
    pub(crate) fn missing(&self, asset: &Asset) -> Vec<String> {
        let mandatory = self.config.required_before_review.iter();
        let missing =
            mandatory.filter(|name| self.config.fields.value(&asset.fields, name).is_none());
        missing.cloned().collect()
    }

    /// Tell whose turn it is to fill mandatory fields. Told again only if others miss.
    pub(crate) fn tell_what_is_missing(
        &self,
        state: &State,
        missing: &[String],
    ) -> Result<(), Error> {
        if matches!(&state.phase, Phase::Incomplete { missing: before } if before == missing) {
            return Ok(());
        }
        let fields = missing.join("+");
        if let Some(flow) = &self.config.missing_fields_flow {
            let key = format!("{}:{}:{fields}", self.cx.business_key(), state.version);
            let input = serde_json::json!({ "asset": state.asset, "missing": missing });
            return self.cx.spawn(flow, &key, &input).map(|_| ());
        }
        let key = self.run_key(&format!("{}:missing:{fields}", state.version));
        let person = self.workflow_user(state.uploader.as_deref());
        let what = to_be_filled_in(missing);
        let message = format!("The review of \"{}\" waits for {what}.", state.name);
        let group = &self.config.fallback_group;
        self.tell(&key, person, group, "Fields are missing", &message)
            .map(|_| ())
    }

    /// Tell that the media did not become ready.
    pub(crate) fn tell_not_ready(&self, state: &State) -> Result<(), Error> {
        let name = &state.name;
        let message = format!("\"{name}\" did not become ready for review in time.");
        let group = &self.config.fallback_group;
        self.tell(
            &self.run_key("not-ready"),
            None,
            group,
            "Asset not ready",
            &message,
        )
        .map(|_| ())
    }
}

/// What a run waits for where these fields miss.
pub(super) fn to_be_filled_in(missing: &[String]) -> String {
    format!("{} to be filled in", missing.join(", "))
}
