//! Is a chosen asset ready to be delivered? It is restored, approved and cleared first, or goes back.

use forebay_sdk::Error;
use forebay_sdk::assets::{ArchiveState, Asset, AssetStatus};
use forebay_sdk::blocks::present;
use forebay_sdk::handler::interfaces;
use serde_json::json;

use super::Steps;
use super::fitness::{may_be_delivered, missing_rights, word, wrong_format};
use crate::DAM;
use crate::state::{Line, Side, State};

/// Outcomes of an approval flow that release an asset.
const APPROVED: &[&str] = &["approved", "approved-with-conditions"];
/// Outcomes of a rights flow that clear an asset.
const CLEARED: &[&str] = &["cleared", "cleared_with_limits", "renewed"];
/// Why the clock is paused.
pub(super) const RESTORING: &str = "it comes back from the archive; the clock is paused";

/// What a check of an asset says.
pub(crate) type Checked = Result<Standing, Error>;

/// Where a line or an asset stands on its way to the requester.
pub(crate) enum Standing {
    /// It can be delivered.
    Ready,
    /// Something is awaited.
    Waits(String),
    /// It will not do, for this reason.
    Back(String),
}

impl Steps<'_> {
    /// Why an asset is not what its line asks for.
    pub(crate) fn wrong_format(&self, state: &State, line: usize, asset: &Asset) -> Option<String> {
        let name = &state.lines[line].name;
        wrong_format(self.config, &state.request, name, asset)
    }

    /// Archived originals come back first.
    pub(crate) fn at_hand(
        &self,
        state: &mut State,
        index: usize,
        asset: &Asset,
    ) -> Result<Standing, Error> {
        if !self.cx.available(DAM, interfaces::LIFECYCLE) {
            return Ok(Standing::Ready);
        }
        let media = match self.cx.lifecycle().state(&asset.id) {
            Err(error) if error.is_unsupported() => return Ok(Standing::Ready),
            media => media?,
        };
        let kept = media
            .copies
            .iter()
            .any(|copy| !copy.archive && copy.complete);
        let asked = state.lines[index].restored.contains(&asset.id);
        match media.state {
            ArchiveState::Online => Ok(Standing::Ready),
            ArchiveState::Failed if kept => Ok(Standing::Ready),
            ArchiveState::Failed if asked => {
                let why = media.failure.unwrap_or_default();
                Ok(Standing::Back(format!(
                    "it does not come back from the archive, choose another: {why}"
                )))
            }
            ArchiveState::Archived | ArchiveState::Failed => {
                if !asked {
                    self.cx.lifecycle().restore(&asset.id)?;
                    state.lines[index].restored.push(asset.id.clone());
                    self.cx
                        .decision(&self.about("restore-started", state, asset));
                }
                Ok(Standing::Waits(RESTORING.to_owned()))
            }
            ArchiveState::Archiving | ArchiveState::Restoring => {
                if !asked {
                    state.lines[index].restored.push(asset.id.clone());
                }
                Ok(Standing::Waits(RESTORING.to_owned()))
            }
        }
    }

    /// Only released assets are delivered; a new one is approved first.
    pub(crate) fn approved(
        &self,
        state: &mut State,
        index: usize,
        asset: &Asset,
    ) -> Result<Standing, Error> {
        let line = &state.lines[index];
        let outcome = line
            .approvals
            .get(&asset.version)
            .map(|side| side.outcome.clone());
        match outcome {
            Some(Some(outcome)) if APPROVED.contains(&outcome.as_str()) => {
                return Ok(Standing::Ready);
            }
            Some(Some(outcome)) => {
                return Ok(Standing::Back(format!("it was not approved: {outcome}")));
            }
            Some(None) => return Ok(Standing::Waits("its approval is awaited".to_owned())),
            None => {}
        }
        if may_be_delivered(self.config, asset.status) {
            return Ok(Standing::Ready);
        }
        let undecided = matches!(asset.status, AssetStatus::Pending | AssetStatus::None);
        match &self.config.approval_flow {
            Some(flow) if undecided => {
                let key = format!(
                    "{}:approval:{}:{}",
                    self.cx.business_key(),
                    asset.id,
                    asset.version
                );
                let run = self.cx.spawn(flow, &key, &json!({ "asset": asset.id }))?;
                let side = Side { run, outcome: None };
                let line = &mut state.lines[index];
                line.approvals.insert(asset.version.clone(), side);
                Ok(Standing::Waits("its approval is awaited".to_owned()))
            }
            None if undecided && line.creating => {
                Ok(Standing::Waits("its approval is awaited".to_owned()))
            }
            _ => Ok(Standing::Back(format!("it is {}", word(asset.status)))),
        }
    }

    /// Rights must cover what was asked for, unless the asset was cleared for it.
    pub(crate) fn cleared(
        &self,
        state: &mut State,
        index: usize,
        asset: &Asset,
    ) -> Result<Standing, Error> {
        let side = state.lines[index].clearances.get(&asset.version);
        match side.map(|side| side.outcome.as_deref()) {
            Some(Some(outcome)) if CLEARED.contains(&outcome) => return Ok(Standing::Ready),
            Some(Some(outcome)) => {
                return Ok(Standing::Back(format!(
                    "its rights were not cleared: {outcome}"
                )));
            }
            Some(None) => return Ok(Standing::Waits("its rights are reviewed".to_owned())),
            None => {}
        }
        let missing = missing_rights(self.cx, self.config, &state.request, asset)?;
        let mut record = self.about("rights-checked", state, asset);
        let passes = missing.is_empty();
        record.decision = Some(if passes { "covered" } else { "refused" }.to_owned());
        record.comment = Some(missing.join(", ")).filter(|text| !text.is_empty());
        self.cx.decision(&record);
        if passes {
            return Ok(Standing::Ready);
        }
        let missing = missing.join(", ");
        Ok(Standing::Back(format!("delivery is refused: {missing}")))
    }

    /// The team wants the rights of its choice reviewed.
    pub(crate) fn review_rights(&self, state: &mut State, index: usize) -> Result<(), Error> {
        let Some(flow) = &self.config.rights_flow else {
            return Ok(());
        };
        let of = |meaning: &str| state.request.meaning(self.config, meaning);
        let mut territories = Vec::new();
        for part in &self.config.search.rights_must_cover {
            if !["due_date", "channels"].contains(&part.as_str()) {
                territories.extend(of(part));
            }
        }
        let wanted = json!({
            "channels": of("channels"), "territories": territories,
            "until": of("due_date").first(),
        });
        for id in state.lines[index].assets.clone() {
            let Some(asset) = present(self.cx, &id)? else {
                continue;
            };
            let key = format!("{}:rights:{id}:{}", self.cx.business_key(), asset.version);
            let input = json!({ "asset": id, "use": wanted });
            let run = self.cx.spawn(flow, &key, &input)?;
            let side = Side { run, outcome: None };
            state.lines[index].clearances.insert(asset.version, side);
        }
        Ok(())
    }

    /// Why the requester cannot use what was delivered for a line any more.
    pub(crate) fn lost(&self, line: &Line) -> Result<Option<String>, Error> {
        for id in &line.assets {
            let Some(asset) = present(self.cx, id)? else {
                return Ok(Some(format!("{id} was deleted")));
            };
            let kept_back = [
                AssetStatus::Restricted,
                AssetStatus::Expired,
                AssetStatus::Rejected,
            ];
            if kept_back.contains(&asset.status) {
                return Ok(Some(format!("{id} is {}", word(asset.status))));
            }
        }
        Ok(None)
    }
}
