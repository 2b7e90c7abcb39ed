//! `assetApproval`: a review in stages.
//!
//! Started with the variables
//!
//! | Name | Meaning |
//! |---|---|
//! | `stages` | JSON text: `[{"name", "policy": "any"\|"all"\|"quorum", "quorum": n, "groups": [{"group", "due": epoch-ms or null}]}]` |
//! | `parallelStages` | all stages at once instead of one after the other |
//! | `excludedUsers` | mail addresses that may not decide (four-eyes); JSON list or comma-separated |
//! | `title`, `assetId`, `assetVersion`, `links`, … | shown to the people who decide |
//!
//! A stage makes one task per group. Its policy says when it is approved: by the first group, by
//! every group, or by `quorum` groups; then its other tasks are taken away. A task is completed with
//! outcome `approved`, `approved-with-conditions`, `changes-requested` or `rejected` and the variables
//! `comment`, `reasonCode`, `conditions`, `expiry`. The first outcome that is no approval ends the
//! process with it, whatever the policy; so does an outcome the model does not know, verbatim.
//! The process ends with `outcome`, and `outcomeStage`, `reasonCode`, `comment` or `conditions`,
//! `expiry` where given.

use std::collections::BTreeSet;

use forebay_model::Timestamp;
use serde::Deserialize;

use super::super::engine::error::{Error, Result};
use super::super::engine::variable::{self, Variable};
use super::{Decision, Definition, Move, TaskPlan, UserTask};

pub(crate) const DEFINITION: Definition = Definition {
    key: "assetApproval",
    name: "Asset approval",
    start_message: "assetApprovalRequested",
    tasks: &[UserTask {
        key: "review",
        name: "Review",
        outcomes: "Approve:approved,Approve with conditions:approved-with-conditions,\
                   Request changes:changes-requested,Reject:rejected",
    }],
};

/// Message that brings changed variables while the review goes on.
pub(crate) const CHANGE_MESSAGE: &str = "assetChanged";

const APPROVED: &str = "approved";
const WITH_CONDITIONS: &str = "approved-with-conditions";

#[derive(Clone, Debug, Deserialize)]
struct Stage {
    name: String,
    #[serde(default)]
    policy: Policy,
    quorum: Option<usize>,
    groups: Vec<StageGroup>,
    /// Approvals so far.
    #[serde(skip)]
    approvals: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Policy {
    #[default]
    Any,
    All,
    Quorum,
}

#[derive(Clone, Debug, Deserialize)]
struct StageGroup {
    group: String,
    due: Option<i64>,
}

impl Stage {
    fn wanted(&self) -> usize {
        match self.policy {
            Policy::Any => 1,
            Policy::All => self.groups.len(),
            Policy::Quorum => self.quorum.unwrap_or(usize::MAX),
        }
    }

    fn is_approved(&self) -> bool {
        self.approvals >= self.wanted()
    }

    fn check(&self) -> Result<()> {
        if self.name.is_empty() || self.groups.is_empty() {
            return Err(Error::Invalid("a stage needs a name and groups".to_owned()));
        }
        if self.policy == Policy::Quorum && !(1..=self.groups.len()).contains(&self.wanted()) {
            let (name, groups) = (&self.name, self.groups.len());
            return Err(Error::Invalid(format!(
                "the quorum of stage '{name}' must lie between 1 and {groups}"
            )));
        }
        Ok(())
    }
}

/// Where a review stands.
#[derive(Clone, Debug)]
pub(crate) struct Approval {
    stages: Vec<Stage>,
    parallel: bool,
    title: Option<String>,
    conditions: Vec<String>,
    expiry: Option<Variable>,
}

impl Approval {
    /// Read the variables and open the first stage, or all of them.
    pub(crate) fn start(variables: &[Variable]) -> Result<(Self, Vec<Move>)> {
        let stages = read_stages(variables)?;
        let parallel = variable::get(variables, "parallelStages")
            .is_some_and(|variable| variable.value == true || variable.value == "true");
        let approval = Self {
            stages,
            parallel,
            title: variable::text(variables, "title").map(str::to_owned),
            conditions: Vec::new(),
            expiry: None,
        };
        let first = if parallel { approval.stages.len() } else { 1 };
        let moves = (0..first).flat_map(|index| approval.open(index)).collect();
        Ok((approval, moves))
    }

    /// A group has decided.
    pub(crate) fn decided(&mut self, decision: Decision<'_>) -> Result<Vec<Move>> {
        let outcome = decision.outcome.ok_or_else(|| {
            Error::Invalid("Unknown property used in expression: ${outcome}".to_owned())
        })?;
        let index = self
            .stages
            .iter()
            .position(|stage| Some(stage.name.as_str()) == decision.stage)
            .ok_or_else(|| Error::Invalid("the task's variable 'stage' is gone".to_owned()))?;
        if outcome != APPROVED && outcome != WITH_CONDITIONS {
            return Ok(self.stopped(index, outcome, decision.variables));
        }
        self.note_conditions(outcome, decision.variables);
        self.stages[index].approvals += 1;
        if !self.stages[index].is_approved() {
            return Ok(Vec::new());
        }
        let mut moves = vec![Move::CloseStage(self.stages[index].name.clone())];
        if self.stages.iter().all(Stage::is_approved) {
            moves.push(self.approved());
        } else if !self.parallel {
            moves.extend(self.open(index + 1));
        }
        Ok(moves)
    }

    fn open(&self, index: usize) -> Vec<Move> {
        let stage = &self.stages[index];
        stage
            .groups
            .iter()
            .map(|group| {
                Move::Open(TaskPlan {
                    key: "review",
                    name: stage.name.clone(),
                    description: self.title.clone(),
                    assignee: None,
                    group: Some(group.group.clone()),
                    due_at: group.due.map(Timestamp),
                    locals: vec![
                        Variable::new("stage", stage.name.as_str()),
                        Variable::new("group", group.group.as_str()),
                    ],
                })
            })
            .collect()
    }

    fn note_conditions(&mut self, outcome: &str, variables: &[Variable]) {
        if outcome == WITH_CONDITIONS {
            let words = variable::text(variables, "conditions").unwrap_or_default();
            self.conditions.push(words.to_owned());
        }
        let Some(expiry) = variable::get(variables, "expiry").filter(|v| v.time().is_some()) else {
            return;
        };
        // The earliest expiry anybody asked for holds.
        if self
            .expiry
            .as_ref()
            .is_none_or(|known| expiry.time() < known.time())
        {
            self.expiry = Some(expiry.clone());
        }
    }

    fn approved(&self) -> Move {
        if self.conditions.is_empty() {
            let mut variables = vec![Variable::new("outcome", APPROVED)];
            variables.extend(self.expiry.clone());
            return Move::End(variables);
        }
        let mut variables = vec![
            Variable::new("outcome", WITH_CONDITIONS),
            Variable::new("conditions", self.conditions.join("\n")),
        ];
        variables.extend(self.expiry.clone());
        Move::End(variables)
    }

    fn stopped(&self, index: usize, outcome: &str, variables: &[Variable]) -> Vec<Move> {
        let mut end = vec![
            Variable::new("outcome", outcome),
            Variable::new("outcomeStage", self.stages[index].name.as_str()),
        ];
        let told = ["reasonCode", "comment"];
        end.extend(
            told.iter()
                .filter_map(|name| variable::get(variables, name))
                .cloned(),
        );
        vec![Move::End(end)]
    }
}

fn read_stages(variables: &[Variable]) -> Result<Vec<Stage>> {
    let wrong = |why: String| Error::Invalid(format!("variable 'stages' is wrong: {why}"));
    let variable = variable::get(variables, "stages").ok_or_else(|| wrong("missing".to_owned()))?;
    let parsed = match variable.value.as_str() {
        Some(text) => serde_json::from_str::<Vec<Stage>>(text),
        None => serde_json::from_value(variable.value.clone()),
    };
    let stages = parsed.map_err(|error| wrong(error.to_string()))?;
    if stages.is_empty() {
        return Err(wrong("no stage".to_owned()));
    }
    stages.iter().try_for_each(Stage::check)?;
    let names: BTreeSet<_> = stages.iter().map(|stage| &stage.name).collect();
    if names.len() < stages.len() {
        return Err(wrong("two stages have the same name".to_owned()));
    }
    Ok(stages)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn start(stages: serde_json::Value, parallel: bool) -> (Approval, Vec<Move>) {
        let variables = [
            Variable::new("stages", stages.to_string()),
            Variable::new("parallelStages", parallel),
        ];
        Approval::start(&variables).unwrap()
    }

    fn opened(moves: &[Move]) -> Vec<String> {
        moves
            .iter()
            .filter_map(|next| match next {
                Move::Open(plan) => Some(format!("{}/{}", plan.name, plan.group.clone()?)),
                _ => None,
            })
            .collect()
    }

    fn decide(approval: &mut Approval, stage: &str, outcome: &str) -> Vec<Move> {
        let decision = Decision {
            stage: Some(stage),
            outcome: Some(outcome),
            variables: &[],
        };
        approval.decided(decision).unwrap()
    }

    fn end(moves: &[Move]) -> Option<String> {
        moves.iter().find_map(|next| match next {
            Move::End(variables) => variable::text(variables, "outcome").map(str::to_owned),
            _ => None,
        })
    }

    #[test]
    fn policies_say_when_a_stage_is_approved() {
        let groups = json!([{"group": "a", "due": null}, {"group": "b"}, {"group": "c"}]);
        for (policy, approvals) in [("any", 1), ("all", 3), ("quorum", 2)] {
            let stage = json!({"name": "s", "policy": policy, "quorum": 2, "groups": groups});
            let (mut approval, moves) = start(json!([stage]), false);
            assert_eq!(opened(&moves), ["s/a", "s/b", "s/c"]);
            for n in 1..=approvals {
                let ended = end(&decide(&mut approval, "s", "approved"));
                assert_eq!(
                    ended.as_deref(),
                    (n == approvals).then_some("approved"),
                    "{policy} {n}"
                );
            }
        }
    }

    #[test]
    fn stages_follow_each_other_or_run_side_by_side() {
        let stages = json!([{"name": "brand", "groups": [{"group": "a"}]}, {"name": "legal", "groups": [{"group": "b"}]}]);
        let (mut one_by_one, moves) = start(stages.clone(), false);
        assert_eq!(opened(&moves), ["brand/a"]);
        assert_eq!(
            opened(&decide(&mut one_by_one, "brand", "approved")),
            ["legal/b"]
        );

        let (mut together, moves) = start(stages, true);
        assert_eq!(opened(&moves), ["brand/a", "legal/b"]);
        assert_eq!(end(&decide(&mut together, "legal", "approved")), None);
        let last = decide(&mut together, "brand", "approved-with-conditions");
        assert_eq!(end(&last).as_deref(), Some("approved-with-conditions"));
    }

    #[test]
    fn anything_but_an_approval_ends_the_process() {
        let stages =
            json!([{"name": "s", "policy": "all", "groups": [{"group": "a"}, {"group": "b"}]}]);
        for outcome in ["rejected", "changes-requested", "never-heard-of"] {
            let (mut approval, _) = start(stages.clone(), false);
            assert_eq!(
                end(&decide(&mut approval, "s", outcome)).as_deref(),
                Some(outcome)
            );
        }
    }

    #[test]
    fn wrong_stages_are_refused() {
        for stages in [
            "no json",
            "[]",
            r#"[{"name":"s","groups":[]}]"#,
            r#"[{"name":"s","policy":"quorum","quorum":2,"groups":[{"group":"a"}]}]"#,
            r#"[{"name":"s","groups":[{"group":"a"}]},{"name":"s","groups":[{"group":"b"}]}]"#,
        ] {
            assert!(
                Approval::start(&[Variable::new("stages", stages)]).is_err(),
                "{stages}"
            );
        }
    }
}
