//! Who is asked: stages, groups, and the review process that asks them.

use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::{Facts, Routing, holds};
use forebay_sdk::workflow::{ProcessState, StartRequest};
use forebay_sdk::{Error, FieldsExt, Value};
use serde::Serialize;

use super::Steps;
use crate::config::{AutoApprove, Stage};
use crate::state::{PlannedGroup, PlannedStage, Review, State};

/// Process variable that names the run which started the process.
const RUN_VARIABLE: &str = "run";
/// Most reviews of one version. People give up long before; it keeps a mistake from asking for ever.
const MOST_REVIEWS: u32 = 50;

/// A stage as the process gets it.
#[derive(Serialize)]
struct StageVariable<'a> {
    name: &'a str,
    policy: crate::config::Policy,
    quorum: u32,
    groups: Vec<GroupVariable<'a>>,
}

/// A group as the process gets it.
#[derive(Serialize)]
struct GroupVariable<'a> {
    group: &'a str,
    due: forebay_sdk::Timestamp,
}

impl Steps<'_> {
    // ---- Who decides ----------------------------------------------------------------------------

    /// What rules and conditions may ask about an asset: its kind, its uploader, and every logical
    /// field that some condition names.
    fn facts(&self, asset: &Asset) -> Facts {
        let mut facts = Facts::new();
        facts.insert("kind".to_owned(), vec![asset.kind.as_str().to_owned()]);
        facts.extend(
            asset
                .created_by
                .iter()
                .map(|user| ("uploader".to_owned(), vec![user.clone()])),
        );
        for subject in self.config.subjects() {
            let texts = self.config.fields.texts(&asset.fields, subject);
            if !texts.is_empty() {
                facts.entry(subject.to_owned()).or_insert(texts);
            }
        }
        facts
    }

    /// The rule under which nobody needs to be asked.
    pub(crate) fn auto_rule(&self, asset: &Asset) -> Option<&AutoApprove> {
        let facts = self.facts(asset);
        self.config
            .auto_approve
            .iter()
            .find(|rule| holds(&rule.when, &facts))
    }

    /// The stages that apply to an asset, from the first or the one to resume at, with the groups that
    /// decide in each.
    pub(crate) fn plan(
        &self,
        state: &mut State,
        asset: &Asset,
    ) -> Result<Vec<PlannedStage>, Error> {
        let facts = self.facts(asset);
        let mut planned = Vec::new();
        for stage in self
            .config
            .stages
            .iter()
            .filter(|stage| holds(&stage.when, &facts))
        {
            let groups = self.groups(state, stage, &facts)?;
            if groups.is_empty() {
                continue;
            }
            planned.push(PlannedStage {
                name: stage.name.clone(),
                policy: stage.policy,
                quorum: stage.quorum,
                groups,
            });
        }
        let resume_at = state.resume_at.take();
        let first = planned
            .iter()
            .position(|stage| Some(&stage.name) == resume_at.as_ref());
        planned.drain(..first.unwrap_or_default());
        if planned.is_empty() {
            return Err(
                Error::invalid("no stage applies to the asset and no rule approves it")
                    .with_field("stages"),
            );
        }
        Ok(planned)
    }

    /// One group, or one for each value of the stage's `per` field; a group is asked once.
    fn groups(
        &self,
        state: &State,
        stage: &Stage,
        facts: &Facts,
    ) -> Result<Vec<PlannedGroup>, Error> {
        let mut facts = facts.clone();
        facts.insert("stage".to_owned(), vec![stage.name.clone()]);
        let values = stage.per.as_ref().and_then(|subject| {
            facts
                .get(subject)
                .map(|values| (subject.clone(), values.clone()))
        });
        let cases = match values {
            None => vec![facts],
            Some((subject, values)) => values
                .into_iter()
                .map(|value| {
                    let mut case = facts.clone();
                    case.insert(subject.clone(), vec![value]);
                    case
                })
                .collect(),
        };
        let mut groups: Vec<PlannedGroup> = Vec::new();
        for case in cases {
            let Some(group) = self.group(state, stage, &case)? else {
                continue;
            };
            if !groups.iter().any(|known| known.group == group.group) {
                groups.push(group);
            }
        }
        Ok(groups)
    }

    fn group(
        &self,
        state: &State,
        stage: &Stage,
        facts: &Facts,
    ) -> Result<Option<PlannedGroup>, Error> {
        let (index, rule) = self.config.routing.decide(facts).ok_or_else(|| {
            Error::invalid("no routing rule matches and there is no default rule")
                .with_field("routing")
        })?;
        if rule.when.is_empty() && stage.skip_if_empty {
            return Ok(None);
        }
        let now = self.cx.now();
        Ok(Some(PlannedGroup {
            group: self.usable_group(state, &rule.to.group)?,
            sla: rule.to.sla.to_string(),
            due: rule
                .to
                .sla
                .after(self.cx, &self.config.calendar, now, 100)?,
            rule: Routing::rule_name(index),
        }))
    }

    /// Say in the audit who was chosen, and by which rule.
    pub(crate) fn record_routing(&self, state: &State, stages: &[PlannedStage]) {
        for stage in stages {
            for group in &stage.groups {
                let mut record = self.record("routed", "system", state);
                record.rule = Some(group.rule.clone());
                record.comment = Some(format!("{} decides in stage {}", group.group, stage.name));
                self.cx.decision(&record);
            }
        }
    }

    /// Say in the audit that this rule approves the asset.
    pub(crate) fn record_auto_approval(&self, state: &State, rule: &AutoApprove) {
        let mut record = self.record("auto-approved", "system", state);
        record.rule = Some(format!("auto_approve {}", rule.name));
        self.cx.decision(&record);
    }

    /// What observing came to, in words.
    pub(crate) fn would_have_been_reviewed(&self, state: &State) -> String {
        let together = state.review().is_some_and(|review| review.batch.is_some());
        let how = if together { " in a batch" } else { "" };
        format!("\"{}\" would have been reviewed{how}", state.name)
    }

    /// Start the review of the asset's current version, or adopt the one that is there.
    pub(crate) fn start_process(
        &self,
        state: &State,
        asset: &Asset,
        stages: Vec<PlannedStage>,
    ) -> Result<Review, Error> {
        let key = self.review_key(state, &asset.version)?;
        let title = format!("Approve {}", asset.name);
        let excluded = self.excluded(asset);
        let links: Vec<_> = asset
            .links
            .iter()
            .map(|link| format!("{}: {}", link.rel, link.href))
            .collect();
        let mut request = StartRequest::new(&self.config.process.definition, &key, &title)
            .variable("title", asset.name.as_str())
            .variable("assetId", asset.id.as_str())
            .variable("assetVersion", asset.version.as_str())
            .variable("uploader", asset.created_by.clone().unwrap_or_default())
            .variable("links", links.join("\n"))
            .variable("stages", Value::Json(stages_variable(&stages)?))
            .variable("parallelStages", self.config.parallel_stages)
            .variable("excludedUsers", Value::Json(to_json(&excluded)?))
            .variable(RUN_VARIABLE, self.cx.run_id());
        if let Some(failure) = &asset.readiness.failure {
            request = request.variable("processingError", failure.as_str());
        }
        for subject in self.config.subjects() {
            if let Some(value) = self.config.fields.value(&asset.fields, subject)
                && !request
                    .variables
                    .iter()
                    .any(|variable| variable.name == subject)
            {
                request = request.variable(subject, value.to_plain());
            }
        }
        let started = self.cx.workflow().start(&request)?;
        Ok(Review {
            process: started.process.id,
            business_key: key,
            version: asset.version.clone(),
            stages,
            started_at: self.cx.now(),
            excluded,
            mirrored: Vec::new(),
            coordinated: false,
            tasks: std::collections::BTreeMap::new(),
            batch: None,
        })
    }

    /// Business key of the review process: the version's own, with a number behind it for each
    /// further review of the same version. A process that is still open is adopted whoever started
    /// it; one that has ended counts only if this run started it and does not know its end yet.
    fn review_key(&self, state: &State, version: &str) -> Result<String, Error> {
        let first = format!("{}:{version}", self.cx.business_key());
        for number in 1..=MOST_REVIEWS {
            let key = if number == 1 {
                first.clone()
            } else {
                format!("{first}:{number}")
            };
            let definition = &self.config.process.definition;
            let Some(process) = self.cx.workflow().find(definition, &key)? else {
                return Ok(key);
            };
            let open = matches!(
                process.state,
                ProcessState::Active | ProcessState::Suspended
            );
            let own = process.variables.text(RUN_VARIABLE) == Some(self.cx.run_id());
            let known = state.past.iter().any(|past| past.process == process.id);
            if (open || own) && !known {
                return Ok(key);
            }
        }
        Err(Error::invalid(format!(
            "version {version} was reviewed {MOST_REVIEWS} times already"
        )))
    }
}

fn stages_variable(stages: &[PlannedStage]) -> Result<String, Error> {
    let stages: Vec<_> = stages
        .iter()
        .map(|stage| StageVariable {
            name: &stage.name,
            policy: stage.policy,
            quorum: stage.quorum,
            groups: stage
                .groups
                .iter()
                .map(|group| GroupVariable {
                    group: &group.group,
                    due: group.due,
                })
                .collect(),
        })
        .collect();
    to_json(&stages)
}

fn to_json(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::invalid(error.to_string()))
}
