//! How people are asked about a batch, and what is done with their answers.

use forebay_sdk::blocks::{Alarm, Answer, Desk, DeskRules, Question, Reading, numbers};
use forebay_sdk::handler::{DecisionRecord, Fired};
use forebay_sdk::workflow::{Decision, StartRequest};
use forebay_sdk::{Error, Field, Step};

use super::tally::Asked;
use super::{RESTART, Steps};
use crate::WORKFLOW;
use crate::config::Config;
use crate::state::{Batch, End, Given, Leave, Seat, Word};

/// Form field with the numbers of the items that an answer is about.
const ITEMS: &str = "items";
/// What of an answer is kept: its words, not the texts it was asked with.
const KEPT: [&str; 5] = [ITEMS, "reasonCode", "comment", "conditions", "expiry"];

impl Steps<'_> {
    /// Tell the runs of all assets where they are under review.
    pub(crate) fn tell_of_review(&self, batch: &Batch) -> Result<(), Error> {
        for item in &batch.items {
            let word = Word::UnderReview {
                run: self.cx.run_id().to_owned(),
                process: batch.desk.process.clone(),
            };
            self.tell_member(&item.member, word)?;
        }
        Ok(())
    }

    /// Give up the process: people are asked anew, in another one.
    pub(crate) fn begin_anew(&self, batch: &mut Batch) -> Result<(), Error> {
        batch.desk.cancel(self.cx, "restarted")?;
        batch.desk = Desk::default();
        batch.restarts += 1;
        Ok(())
    }

    /// Wait until people decide.
    pub(crate) fn wait_for_batch(&self, batch: Batch) -> Step<Batch> {
        let (open, all) = (batch.items.len() - batch.ended(), batch.items.len());
        let mut wait = batch.desk.watch(Step::wait(batch.clone()), WORKFLOW);
        if let Some(due) = batch.desk.due() {
            wait = wait.due(due);
        }
        wait.waiting_on(format!("decisions on {open} of {all} assets"))
    }

    // ---- What people are asked ------------------------------------------------------------------

    /// Ask whom there is to ask, take back what need not be answered any more, show what has ended.
    pub(crate) fn ask_batch(&self, batch: &mut Batch) -> Result<(), Error> {
        let mut questions = Vec::new();
        for wanted in batch.wanted(self.config.parallel_stages) {
            let seat = batch.seats.entry(wanted.seat()).or_insert_with(|| Seat {
                since: self.cx.now(),
                ..Seat::default()
            });
            let seat = seat.clone();
            questions.push(question(self.config, batch, &wanted, &seat)?);
        }
        let wanted: Vec<&str> = questions.iter().map(|one| one.id.as_str()).collect();
        let asked = batch.desk.asked.keys().cloned();
        let stale: Vec<_> = asked.filter(|id| !wanted.contains(&id.as_str())).collect();
        if !stale.is_empty() {
            let stale: Vec<_> = stale.iter().map(String::as_str).collect();
            batch.desk.withdraw(self.cx, &stale)?;
        }
        let list = Field::new("assets", batch.list());
        if !batch.desk.is_open() {
            let title = format!("Approve {} assets of {}", batch.items.len(), batch.of.place);
            let definition = &self.config.process.batch_definition;
            let key = match batch.restarts {
                0 => self.cx.business_key().to_owned(),
                number => format!("{}:restart-{number}", self.cx.business_key()),
            };
            let request = StartRequest::new(definition, key, &title)
                .variable("title", title.as_str())
                .variable("place", batch.of.place.as_str())
                .variable("uploader", batch.of.uploader.as_str())
                .variable("assets", list.value);
            batch
                .desk
                .open(self.cx, &self.rules(), request, questions)?;
        } else {
            batch.desk.ask(self.cx, &self.rules(), questions)?;
            if batch.shown != batch.ended() {
                batch.desk.show(self.cx, &[list])?;
            }
        }
        batch.shown = batch.ended();
        Ok(())
    }

    // ---- What people answer ---------------------------------------------------------------------

    /// Why the review must park where its process does not run.
    pub(crate) fn why_stopped(&self, batch: &Batch, reading: &Reading) -> Option<String> {
        let reason = reading.stopped(&batch.desk.process)?;
        Some(format!("{reason}; the signal `{RESTART}` begins it anew"))
    }

    /// Who was asked this question, and about which items; none where others decided meanwhile.
    pub(crate) fn asked_by(&self, batch: &Batch, question: &str) -> Option<Asked> {
        let mut wanted = batch.wanted(self.config.parallel_stages).into_iter();
        wanted.find(|wanted| wanted.was_asked_by(question))
    }

    /// The items an answer is about: those it names, or all that were asked about. Items whose
    /// four-eyes rule excludes the person are asked about again.
    pub(crate) fn items_of(
        &self,
        batch: &Batch,
        wanted: &Asked,
        answer: &Answer,
    ) -> Result<Vec<usize>, String> {
        let named = numbers(&answer.text(ITEMS).unwrap_or_default(), batch.items.len())?;
        let mut chosen = wanted.items.clone();
        chosen.retain(|number| named.is_empty() || named.contains(number));
        let by = answer.actor();
        let own = |number: &usize| batch.items[number - 1].is_closed_to(by);
        let (own, others): (Vec<_>, Vec<_>) = chosen.into_iter().partition(own);
        for number in &own {
            let member = &batch.items[number - 1].member;
            let mut record = DecisionRecord::new("ignored", by);
            record.asset = Some(member.asset.clone());
            record.version = Some(member.version.clone());
            record.task = Some(answer.task.clone());
            record.comment = Some("decided about the own work, which four_eyes forbids".to_owned());
            self.cx.decision(&record);
        }
        if others.is_empty() && !own.is_empty() {
            return Err(format!("{by} may not decide about the own work"));
        }
        Ok(others)
    }

    /// Tell the run of an item's asset what was decided about it.
    pub(crate) fn tell_of_decision(&self, batch: &Batch, number: usize) -> Result<(), Error> {
        let item = &batch.items[number - 1];
        let process = batch.process_of(self.cx, self.config, item);
        self.tell_member(&item.member, Word::Decided(Box::new(process)))
    }

    // ---- Time -----------------------------------------------------------------------------------

    /// A timer fired. Whoever let twice the time pass, if somebody did; reminders are given on the way.
    pub(crate) fn late_answer(
        &self,
        batch: &mut Batch,
        fired: &Fired,
    ) -> Result<Option<Asked>, Error> {
        let alarm = batch.desk.alarm(self.cx, &self.rules(), &fired.name)?;
        Ok(match alarm {
            Some(Alarm::TimedOut(question)) => self.asked_by(batch, &question),
            Some(Alarm::Dealt) | None => None,
        })
    }

    /// The items that somebody was late with end, and their runs hear of it.
    pub(crate) fn end_as_timed_out(&self, batch: &mut Batch, late: &Asked) -> Result<(), Error> {
        for number in &late.items {
            let item = &mut batch.items[number - 1];
            item.end = Some(End::Decided("timed-out".to_owned()));
            let (stage, group) = (late.stage.clone(), late.group.group.clone());
            self.tell_member(&item.member, Word::TimedOut { stage, group })?;
        }
        Ok(())
    }

    pub(crate) fn rules(&self) -> DeskRules<'_> {
        DeskRules {
            fallback_group: &self.config.fallback_group,
            escalation_group: &self.config.escalation_group,
            calendar: &self.config.calendar,
            reminders: &self.config.reminders,
            channels: &self.config.notify.channels,
        }
    }
}

impl Batch {
    /// The run of an asset took it back.
    pub(crate) fn let_go(&mut self, leave: Leave) {
        let mut items = self.items.iter_mut();
        let item = items.find(|item| item.member.ticket == leave.ticket && item.is_open());
        if let Some(item) = item {
            item.end = Some(End::Withdrawn(leave.reason));
        }
    }

    /// Keep an answer, for the items it is about.
    pub(crate) fn keep(&mut self, asked: &Asked, answer: Answer) -> Given {
        let given = Given {
            stage: asked.stage.clone(),
            group: asked.group.group.clone(),
            answer: self.answers.len(),
        };
        let seat = self.seat(asked);
        seat.answers += 1;
        seat.note.clear();
        self.answers.push(kept(answer, &given));
        given
    }

    fn seat(&mut self, wanted: &Asked) -> &mut Seat {
        self.seats.entry(wanted.seat()).or_default()
    }

    /// An answer could not be taken: the question comes again and says why.
    pub(crate) fn refuse(&mut self, wanted: &Asked, why: &str) {
        let seat = self.seat(wanted);
        seat.answers += 1;
        seat.note = format!("The last answer was not taken: {why}.\n");
    }

    /// All items with where they stand, for people.
    fn list(&self) -> String {
        let lines = (1..).zip(&self.items).map(|(number, item)| {
            let stands = match &item.end {
                None => "",
                Some(End::Decided(word)) => word,
                Some(End::Withdrawn(why)) => why,
            };
            let colon = if stands.is_empty() { "" } else { ": " };
            format!("{number}. {}{colon}{stands}", item.member.name)
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// The question to a group about all it has to decide in a stage.
fn question(
    config: &Config,
    batch: &Batch,
    wanted: &Asked,
    seat: &Seat,
) -> Result<Question, Error> {
    let group = &wanted.group;
    let lines = wanted.items.iter().map(|number| {
        let member = &batch.items[number - 1].member;
        format!(
            "{number}. {} [{}] {}",
            member.name, member.asset, member.about
        )
    });
    let lines: Vec<_> = lines.collect();
    let outcomes: Vec<_> = config
        .process
        .outcome_map
        .keys()
        .map(String::as_str)
        .collect();
    let id = format!("{}:{}", wanted.seat(), seat.answers + 1);
    let mut question = Question::to_group(&id, &wanted.stage, &group.group)
        .title(format!("{} assets of {}", lines.len(), batch.of.place))
        .text(format!("{}{}", seat.note, lines.join("\n")))
        .outcomes(&outcomes)
        .form(
            ITEMS,
            "Numbers it is about, such as 1, 4-6; empty: all",
            false,
        )
        .form("conditions", "Conditions of an approval", false)
        .form("expiry", "End of rights", false)
        .sla(group.sla.parse().map_err(Error::invalid)?)
        .since(seat.since)
        .exclude(batch.closed_to_all(wanted));
    question.rule = Some(group.rule.clone());
    Ok(question)
}

fn kept(answer: Answer, given: &Given) -> Decision {
    let mut variables = answer.values;
    variables.retain(|field| KEPT.contains(&field.name.as_str()));
    Decision {
        task: answer.task,
        name: given.stage.clone(),
        group: Some(given.group.clone()),
        outcome: answer.outcome,
        by: answer.by,
        on_behalf_of: answer.on_behalf_of,
        at: answer.at,
        comment: answer.comment,
        variables,
    }
}
