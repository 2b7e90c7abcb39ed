//! The run that holds the review of a batch: it asks people, once for all items of a stage and as
//! often as they decide about a part of them, and passes on what they decide.

use forebay_sdk::blocks::{Alarm, Answer, Desk, DeskRules, Question, Reading, numbers};
use forebay_sdk::handler::{DecisionRecord, EffectMode};
use forebay_sdk::workflow::{Decision, StartRequest};
use forebay_sdk::{Delivery, Error, Field, Step};

use super::tally::Wanted;
use super::{Batch, End, Given, LEAVE, Leave, Order, REVIEWED, Seat, Word};
use crate::WORKFLOW;
use crate::config::{Config, OnTimeout};
use crate::course::{CANCEL, Course, NextRun, RESTART};
use crate::state::Run;

/// Form field with the numbers of the items that an answer is about.
const ITEMS: &str = "items";
/// What of an answer is kept: its words, not the texts it was asked with.
const KEPT: [&str; 5] = [ITEMS, "reasonCode", "comment", "conditions", "expiry"];

impl Course<'_> {
    /// The window has closed.
    pub(crate) fn begin_batch(&self, order: Order) -> NextRun {
        let mut batch = Batch::of(order);
        self.ask_batch(&mut batch)?;
        if self.cx.mode() == EffectMode::Observe {
            let count = batch.items.len();
            let summary = format!("{count} assets would have been reviewed in one process");
            return Ok(Step::complete(run(batch), "observed", summary));
        }
        for item in &batch.items {
            let word = Word::UnderReview {
                run: self.cx.run_id().to_owned(),
                process: batch.desk.process.clone(),
            };
            self.tell_member(&item.member, word)?;
        }
        self.go_on_batch(batch)
    }

    pub(crate) fn batch(&self, mut batch: Batch, delivery: &Delivery) -> NextRun {
        let stopped = match delivery {
            Delivery::Signal(signal) if signal.name == CANCEL => {
                batch.desk.cancel(self.cx, "cancelled by an operator")?;
                return Ok(Step::cancel(run(batch), "cancelled", "by an operator"));
            }
            Delivery::Signal(signal) if signal.name == RESTART => {
                batch.desk.cancel(self.cx, "restarted")?;
                batch.desk = Desk::default();
                batch.restarts += 1;
                None
            }
            Delivery::Signal(signal) if signal.name == LEAVE => {
                self.let_go(&mut batch, signal.data()?);
                None
            }
            Delivery::Timer(fired) => {
                match batch.desk.alarm(self.cx, &self.rules(), &fired.name)? {
                    Some(Alarm::TimedOut(question)) => {
                        self.batch_timed_out(&mut batch, &question)?
                    }
                    Some(Alarm::Dealt) | None => None,
                }
            }
            Delivery::Event(_) | Delivery::Signal(_) | Delivery::Request(_) => {
                self.read_batch(&mut batch)?
            }
        };
        match stopped {
            Some(reason) => Ok(Step::park(run(batch), reason)),
            None => self.go_on_batch(batch),
        }
    }

    fn go_on_batch(&self, mut batch: Batch) -> NextRun {
        let (ended, all) = (batch.ended(), batch.items.len());
        self.cx.progress(ended as u64, all as u64);
        if ended == all {
            batch.desk.close(self.cx, REVIEWED)?;
            let summary = batch.summary();
            return Ok(Step::complete(run(batch), REVIEWED, summary));
        }
        self.ask_batch(&mut batch)?;
        let summary = format!("decisions on {} of {all} assets", all - ended);
        let mut wait = batch.desk.watch(Step::wait(run(batch.clone())), WORKFLOW);
        if let Some(due) = batch.desk.due() {
            wait = wait.due(due);
        }
        Ok(wait.waiting_on(summary))
    }

    // ---- What people are asked ------------------------------------------------------------------

    /// Ask whom there is to ask, take back what need not be answered any more, show what has ended.
    fn ask_batch(&self, batch: &mut Batch) -> Result<(), Error> {
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

    /// Read all answers. Tells why the run must park, if it must.
    fn read_batch(&self, batch: &mut Batch) -> Result<Option<String>, Error> {
        if !batch.desk.is_open() {
            return Ok(None);
        }
        loop {
            match batch.desk.read(self.cx)? {
                Reading::Open(answers) if answers.is_empty() => return Ok(None),
                Reading::Open(answers) => {
                    for answer in answers {
                        self.take_answer(batch, answer)?;
                    }
                }
                stopped @ (Reading::Suspended | Reading::Ended(_)) => {
                    let reason = stopped.stopped(&batch.desk.process);
                    let hint = format!("; the signal `{RESTART}` begins it anew");
                    return Ok(reason.map(|reason| reason + &hint));
                }
            }
        }
    }

    /// A group decided about all it was asked about, or about the items it names.
    fn take_answer(&self, batch: &mut Batch, answer: Answer) -> Result<(), Error> {
        let mut wanted = batch.wanted(self.config.parallel_stages).into_iter();
        let wanted = wanted.find(|wanted| wanted.was_asked_by(&answer.question));
        self.cx.decision(&answer.record(&batch.desk.process));
        let Some(wanted) = wanted else {
            return Ok(()); // decided by others meanwhile
        };
        let numbers = match self.items_of(batch, &wanted, &answer) {
            Ok(numbers) => numbers,
            Err(why) => {
                batch.refuse(&wanted, &why);
                return Ok(());
            }
        };
        let given = Given {
            stage: wanted.stage.clone(),
            group: wanted.group.group.clone(),
            answer: batch.answers.len(),
        };
        let seat = batch.seat(&wanted);
        seat.answers += 1;
        seat.note.clear();
        batch.answers.push(kept(answer, &given));
        for number in numbers {
            if batch.note(self.config, number, given.clone()) {
                let item = &batch.items[number - 1];
                let process = batch.process_of(self.cx, self.config, item);
                self.tell_member(&item.member, Word::Decided(Box::new(process)))?;
            }
        }
        Ok(())
    }

    /// The items an answer is about: those it names, or all that were asked about. Items whose
    /// four-eyes rule excludes the person are asked about again.
    fn items_of(
        &self,
        batch: &Batch,
        wanted: &Wanted,
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

    /// The run of an asset took it back.
    fn let_go(&self, batch: &mut Batch, leave: Leave) {
        let mut items = batch.items.iter_mut();
        let item = items.find(|item| item.member.ticket == leave.ticket && item.is_open());
        if let Some(item) = item {
            item.end = Some(End::Withdrawn(leave.reason));
        }
    }

    /// Twice the time has passed without an answer. Tells why the run must park, if it must.
    fn batch_timed_out(&self, batch: &mut Batch, question: &str) -> Result<Option<String>, Error> {
        let mut wanted = batch.wanted(self.config.parallel_stages).into_iter();
        let Some(wanted) = wanted.find(|wanted| wanted.was_asked_by(question)) else {
            return Ok(None);
        };
        let (stage, group) = (wanted.stage, wanted.group.group);
        if self.config.on_timeout == OnTimeout::Park {
            let reason = format!("{group} did not decide in stage {stage} within twice the time");
            return Ok(Some(reason));
        }
        for number in wanted.items {
            let item = &mut batch.items[number - 1];
            item.end = Some(End::Decided("timed-out".to_owned()));
            let (stage, group) = (stage.clone(), group.clone());
            self.tell_member(&item.member, Word::TimedOut { stage, group })?;
        }
        Ok(None)
    }

    fn rules(&self) -> DeskRules<'_> {
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
    fn seat(&mut self, wanted: &Wanted) -> &mut Seat {
        self.seats.entry(wanted.seat()).or_default()
    }

    /// An answer could not be taken: the question comes again and says why.
    fn refuse(&mut self, wanted: &Wanted, why: &str) {
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
    wanted: &Wanted,
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

fn run(batch: Batch) -> Run {
    Run::Batch(Box::new(batch))
}
