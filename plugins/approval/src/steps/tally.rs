//! Who has still to decide about which item, and what the decisions about an item come to. Pure.

use forebay_sdk::blocks::end_of;
use forebay_sdk::workflow::{Decision, Process, ProcessState};
use forebay_sdk::{Cx, Field, FieldsExt, Value};

use super::watch::overdue;
use crate::config::{Config, Policy, Verdict};
use crate::state::{Batch, End, Given, Item, Order, PlannedGroup, PlannedStage};

/// A group that has to decide about items in a stage.
pub(crate) struct Asked {
    /// The stage.
    pub(super) stage: String,
    /// The group.
    pub(super) group: PlannedGroup,
    /// Numbers of the items, from 1.
    pub(super) items: Vec<usize>,
}

impl Asked {
    /// That it let twice the time pass, in words.
    pub(crate) fn overdue(&self) -> String {
        overdue(&self.stage, &self.group.group)
    }

    /// Names the seat.
    pub(super) fn seat(&self) -> String {
        format!("{}:{}", self.stage, self.group.group)
    }

    /// Was it asked by this question, `SEAT:NUMBER`?
    pub(super) fn was_asked_by(&self, question: &str) -> bool {
        question
            .rsplit_once(':')
            .is_some_and(|(seat, _)| seat == self.seat())
    }
}

impl Item {
    pub(super) fn is_open(&self) -> bool {
        self.end.is_none()
    }

    fn approvals(&self, stage: &str) -> impl Iterator<Item = &Given> {
        self.given.iter().filter(move |given| given.stage == stage)
    }

    /// Has the stage approved the item? What refuses it ends it, so all that was given approves.
    fn passed(&self, stage: &PlannedStage) -> bool {
        let wanted = match stage.policy {
            Policy::Any => 1,
            Policy::All => stage.groups.len(),
            Policy::Quorum => usize::try_from(stage.quorum).unwrap_or(usize::MAX),
        };
        self.approvals(&stage.name).count() >= wanted
    }

    /// May this person not decide about it?
    pub(super) fn is_closed_to(&self, person: &str) -> bool {
        let mut excluded = self.member.excluded.iter();
        excluded.any(|user| user.eq_ignore_ascii_case(person))
    }

    fn waits_for(&self, stage: &PlannedStage, group: &PlannedGroup) -> bool {
        let decided = |given: &Given| given.group == group.group;
        self.is_open() && !self.passed(stage) && !self.approvals(&stage.name).any(decided)
    }
}

impl Batch {
    pub(crate) fn of(order: Order) -> Self {
        let items = order.members.into_iter().map(|member| Item {
            member,
            given: Vec::new(),
            end: None,
        });
        Self {
            of: order.of,
            items: items.collect(),
            answers: Vec::new(),
            seats: std::collections::BTreeMap::new(),
            restarts: 0,
            shown: 0,
            desk: forebay_sdk::blocks::Desk::default(),
        }
    }

    /// Whom to ask about what. A stage begins when the one before it has decided about all items.
    pub(super) fn wanted(&self, parallel: bool) -> Vec<Asked> {
        let waits = |stage: &&PlannedStage| {
            let mut open = self.items.iter().filter(|item| item.is_open());
            open.any(|item| !item.passed(stage))
        };
        let at_once = if parallel { usize::MAX } else { 1 };
        let stages = self.of.stages.iter().filter(waits).take(at_once);
        let seats = stages.flat_map(|stage| stage.groups.iter().map(move |group| (stage, group)));
        let wanted = seats.map(|(stage, group)| {
            let numbered = (1..).zip(&self.items);
            let waiting = numbered.filter(|(_, item)| item.waits_for(stage, group));
            Asked {
                stage: stage.name.clone(),
                group: group.clone(),
                items: waiting.map(|(number, _)| number).collect(),
            }
        });
        wanted.filter(|wanted| !wanted.items.is_empty()).collect()
    }

    /// People who may decide about none of these items. Who may decide about some may answer.
    pub(super) fn closed_to_all(&self, wanted: &Asked) -> Vec<String> {
        let item = |number: &usize| &self.items[number - 1];
        let Some(first) = wanted.items.first().map(item) else {
            return Vec::new();
        };
        let mut people = first.member.excluded.clone();
        people.retain(|person| {
            let mut items = wanted.items.iter().map(item);
            items.all(|item| item.is_closed_to(person))
        });
        people
    }

    /// How many items have ended.
    pub(crate) fn ended(&self) -> usize {
        self.items.iter().filter(|item| !item.is_open()).count()
    }

    /// How the items ended, in words: `58 approved, 2 rejected`.
    pub(crate) fn summary(&self) -> String {
        let mut counts = std::collections::BTreeMap::<&str, usize>::new();
        for item in &self.items {
            let word = match &item.end {
                None => "open",
                Some(End::Decided(word)) => word,
                Some(End::Withdrawn(_)) => "withdrawn",
            };
            *counts.entry(word).or_default() += 1;
        }
        let counts = counts.iter().map(|(word, count)| format!("{count} {word}"));
        counts.collect::<Vec<_>>().join(", ")
    }

    /// Note a group's answer about an item. Tells whether the item has ended by it.
    pub(crate) fn note(&mut self, config: &Config, number: usize, given: Given) -> bool {
        let outcome = self.answers[given.answer].outcome.clone();
        let Some(item) = self.items.get_mut(number - 1).filter(|item| item.is_open()) else {
            return false;
        };
        item.given.push(given);
        if !approves(config, &outcome) {
            item.end = Some(End::Decided(outcome));
        } else if self.of.stages.iter().all(|stage| item.passed(stage)) {
            let given = item.given.iter();
            let mut words = given.map(|given| &self.answers[given.answer].outcome);
            let conditional = words.find(|word| {
                let verdict = config.process.outcome_map.get(*word);
                verdict == Some(&Verdict::ApprovedWithConditions)
            });
            item.end = Some(End::Decided(conditional.unwrap_or(&outcome).clone()));
        }
        !item.is_open()
    }

    /// What was decided about an item, in the form of a process that was about it alone.
    pub(super) fn process_of(&self, cx: &Cx, config: &Config, item: &Item) -> Process {
        let given = item.given.iter();
        let decisions: Vec<_> = given
            .map(|given| self.answers[given.answer].clone())
            .collect();
        let outcome = match &item.end {
            Some(End::Decided(word)) => Some(word.clone()),
            _ => None,
        };
        Process {
            id: self.desk.process.clone(),
            definition: config.process.batch_definition.clone(),
            business_key: cx.business_key().to_owned(),
            state: ProcessState::Completed,
            variables: said(cx, config, &decisions),
            outcome,
            reason: None,
            decisions,
            started_at: None,
            ended_at: Some(cx.now()),
            link: None,
        }
    }
}

/// Does the word count for the stage?
fn approves(config: &Config, outcome: &str) -> bool {
    matches!(
        config.process.outcome_map.get(outcome),
        Some(Verdict::Approved | Verdict::ApprovedWithConditions)
    )
}

/// What a process of the item's own would say at its end: the refusal with its stage, or all
/// conditions and the earliest end of rights that anybody asked for.
fn said(cx: &Cx, config: &Config, decisions: &[Decision]) -> Vec<Field> {
    if let Some(last) = decisions.last()
        && !approves(config, &last.outcome)
    {
        let code = last.variables.text("reasonCode").unwrap_or_default();
        return vec![
            Field::new("outcomeStage", last.name.as_str()),
            Field::new("reasonCode", code),
            Field::new("comment", last.comment.as_str()),
        ];
    }
    let texts = |name: &'static str| {
        let values = decisions
            .iter()
            .filter_map(move |d| d.variables.value(name));
        values.filter(|value| !value.is_empty())
    };
    let conditions: Vec<_> = texts("conditions").map(Value::to_plain).collect();
    let mut said = Vec::new();
    if !conditions.is_empty() {
        said.push(Field::new("conditions", conditions.join("\n")));
    }
    // What is no date comes first: the run of the asset must not release it without that end.
    let first = texts("expiry").min_by_key(|value| end_of(cx, &config.calendar, value).ok());
    said.extend(first.map(|end| Field::new("expiry", end.clone())));
    said
}
