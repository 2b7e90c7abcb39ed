//! How a line gets ready: somebody chooses assets for it; those are restored, checked, approved and
//! cleared; what does not fit goes back to the team with the reason.

use forebay_sdk::assets::{ArchiveState, Asset, AssetStatus};
use forebay_sdk::blocks::{Question, Routing, present};
use forebay_sdk::handler::{RunEnded, interfaces};
use forebay_sdk::{Error, Field};
use serde_json::json;

use crate::DAM;
use crate::course::Course;
use crate::fitness::{may_be_delivered, missing_rights, word, wrong_format};
use crate::state::{Side, Stage, State};

/// Outcomes of an approval flow that release an asset.
const APPROVED: &[&str] = &["approved", "approved-with-conditions"];
/// Outcomes of a rights flow that clear an asset.
const CLEARED: &[&str] = &["cleared", "cleared_with_limits", "renewed"];

/// Where a line's assets stand.
enum Standing {
    Ready,
    Waits(String),
    Back(String),
}

impl Course<'_> {
    // ---- Asking the team ------------------------------------------------------------------------

    /// Ask the team for every open line that nobody was asked for.
    pub(crate) fn ask_open(&self, state: &mut State, why: &str) -> Result<(), Error> {
        for index in 0..state.lines.len() {
            let line = &state.lines[index];
            if line.stage == Stage::Open && line.question.is_none() {
                self.ask_for(state, index, why, false)?;
            }
        }
        Ok(())
    }

    /// Ask the team for one line: to select, or to make it where nothing was found or `create`.
    pub(crate) fn ask_for(
        &self,
        state: &mut State,
        index: usize,
        why: &str,
        create: bool,
    ) -> Result<(), Error> {
        let candidates = self.candidates(state)?;
        let make = create || candidates.is_empty();
        let number = state.next_question();
        let facts = state.request.facts(self.config);
        let (rule, target) = match self.config.routing.decide(&facts) {
            Some((rule, decided)) => (rule, decided.to.clone()),
            None => return Err(Error::invalid("routing has no default rule")),
        };
        let kind = if make { "create" } else { "select" };
        let id = format!("{kind}:{index}:{number}");
        let name = Routing::rule_name(rule);
        let mut question = Question::routed(&id, kind, &target, &name);
        if state.round > self.config.max_rounds {
            question.group = Some(self.config.coordinator_group.clone());
        } else if make && let Some(group) = &self.config.creation_group {
            question.group = Some(group.clone());
        }
        let line = &mut state.lines[index];
        line.creating = make || line.placeholder.is_some();
        line.question = Some(id);
        line.why = why.to_owned();
        let offered: Vec<_> = candidates.iter().map(|found| found.words()).collect();
        let mut text = vec![why.to_owned(), state.request.words()];
        text.extend(state.remarks.clone());
        text.push(if make {
            let id = &state.request.id;
            match &line.placeholder {
                Some(placeholder) => format!("Put the new media into {placeholder}."),
                None => format!("Nothing suits. Upload it with request_id = {id}."),
            }
        } else {
            format!("Found:\n{}", offered.join("\n"))
        });
        text.retain(|part| !part.is_empty());
        let mut outcomes = vec!["select"];
        if !make {
            outcomes.push("create");
        }
        if self.config.rights_flow.is_some() {
            outcomes.push("review_rights");
        }
        outcomes.push("decline");
        let question = question
            .title(format!("Request {}: {}", state.request.id, line.name))
            .text(text.join("\n"))
            .outcomes(&outcomes)
            .form("assets", "Ids of the assets", false)
            .form("comment", "Comment", false);
        let mut record = self.record("candidates-offered", state);
        record.comment = Some(state.request.words());
        record.details = vec![Field::new("candidates", offered.join("\n"))];
        self.cx.decision(&record);
        state.desk.ask(self.cx, &self.rules(), vec![question])
    }

    // ---- Choosing -------------------------------------------------------------------------------

    /// Assets were chosen for a line.
    pub(crate) fn choose(
        &self,
        state: &mut State,
        index: usize,
        assets: Vec<String>,
        by: &str,
    ) -> Result<(), Error> {
        if let Some(question) = state.lines[index].question.take() {
            state.desk.withdraw(self.cx, &[&question])?;
        }
        let mut record = self.record("chosen", state);
        by.clone_into(&mut record.actor);
        record.details = vec![
            Field::new("line", state.lines[index].name.as_str()),
            Field::new("assets", assets.join(", ")),
        ];
        self.cx.decision(&record);
        let line = &mut state.lines[index];
        line.stage = Stage::Chosen;
        line.assets = assets;
        by.clone_into(&mut line.chosen_by);
        Ok(())
    }

    /// A placeholder that got its media is chosen.
    pub(crate) fn look_at_placeholders(&self, state: &mut State) -> Result<(), Error> {
        for index in 0..state.lines.len() {
            let line = &state.lines[index];
            let Some(placeholder) = line.placeholder.clone() else {
                continue;
            };
            if line.stage != Stage::Open {
                continue;
            }
            let Some(asset) = present(self.cx, &placeholder)? else {
                continue;
            };
            let filled = !asset.readiness.placeholder && asset.readiness.files_closed;
            if filled && line.refused.get(&asset.id) != Some(&asset.version) {
                let by = asset.modified_by.or(asset.created_by).unwrap_or_default();
                self.choose(state, index, vec![placeholder], &by)?;
            }
        }
        Ok(())
    }

    /// The lines that are ready to be delivered; those that cannot be go back to the team.
    pub(crate) fn ready(&self, state: &mut State) -> Result<Vec<usize>, Error> {
        let mut ready = Vec::new();
        for index in 0..state.lines.len() {
            if state.lines[index].stage != Stage::Chosen {
                continue;
            }
            match self.standing(state, index)? {
                Standing::Ready => {
                    state.lines[index].why = String::new();
                    ready.push(index);
                }
                Standing::Waits(why) => state.lines[index].why = why,
                Standing::Back(why) => self.send_back(state, index, &why)?,
            }
        }
        Ok(ready)
    }

    /// A line's assets will not do: the team chooses again.
    pub(crate) fn send_back(
        &self,
        state: &mut State,
        index: usize,
        why: &str,
    ) -> Result<(), Error> {
        let mut record = self.record("sent-back", state);
        record.comment = Some(why.to_owned());
        record.details = vec![Field::new("line", state.lines[index].name.as_str())];
        self.cx.decision(&record);
        for id in std::mem::take(&mut state.lines[index].assets) {
            if let Some(asset) = present(self.cx, &id)? {
                state.lines[index].refused.insert(id, asset.version);
            }
        }
        let line = &mut state.lines[index];
        line.stage = Stage::Open;
        line.restored.clear();
        let create = line.placeholder.is_some();
        self.ask_for(state, index, why, create)
    }

    // ---- Getting ready --------------------------------------------------------------------------

    fn standing(&self, state: &mut State, index: usize) -> Result<Standing, Error> {
        let mut waits = None;
        for id in state.lines[index].assets.clone() {
            let Some(asset) = present(self.cx, &id)? else {
                return Ok(Standing::Back(format!("{id} was deleted")));
            };
            let line = &state.lines[index].name;
            if let Some(why) = wrong_format(self.config, &state.request, line, &asset) {
                return Ok(Standing::Back(format!("{id}: {why}")));
            }
            let checks = [Self::at_hand, Self::approved, Self::cleared];
            for check in checks {
                match check(self, state, index, &asset)? {
                    Standing::Ready => {}
                    Standing::Back(why) => return Ok(Standing::Back(format!("{id}: {why}"))),
                    Standing::Waits(why) => {
                        waits.get_or_insert(format!("{id}: {why}"));
                        break;
                    }
                }
            }
        }
        Ok(waits.map_or(Standing::Ready, Standing::Waits))
    }

    /// Archived originals come back first.
    fn at_hand(&self, state: &mut State, index: usize, asset: &Asset) -> Result<Standing, Error> {
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
    fn approved(&self, state: &mut State, index: usize, asset: &Asset) -> Result<Standing, Error> {
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
    fn cleared(&self, state: &mut State, index: usize, asset: &Asset) -> Result<Standing, Error> {
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

    /// An approval or a review of rights has ended.
    pub(crate) fn side_ended(state: &mut State, ended: &RunEnded) {
        for line in &mut state.lines {
            let sides = line
                .approvals
                .values_mut()
                .chain(line.clearances.values_mut());
            for side in sides.filter(|side| side.run == ended.run) {
                side.outcome = Some(ended.outcome.clone());
            }
        }
    }
}

/// Why the clock is paused.
pub(crate) const RESTORING: &str = "it comes back from the archive; the clock is paused";
