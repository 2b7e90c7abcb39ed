//! Assets that are expected: a line of a manifest, missing some time before its date.

use forebay_sdk::assets::{AssetStatus, Comparison, Query};
use forebay_sdk::blocks::{Alarm, Question, Reading, Span, end_of};
use forebay_sdk::handler::{DecisionRecord, EffectMode};
use forebay_sdk::workflow::StartRequest;
use forebay_sdk::{Delivery, Error, Step, Timestamp, Value};

use crate::WORKFLOW;
use crate::config::Severity;
use crate::course::{Course, Next, RESTART};
use crate::state::{Line, State};

/// Timer: look whether the asset came.
const LOOK: &str = "look";

fn state(line: Line) -> State {
    State::Line(Box::new(line))
}

impl Course<'_> {
    pub(crate) fn begin_line(&self, line: Line) -> Next {
        if line.matches.is_empty() {
            return Err(
                Error::invalid("a line of a manifest names what the asset is known by")
                    .with_field("expected.match"),
            );
        }
        self.look_for(line)
    }

    pub(crate) fn line(&self, mut line: Line, delivery: &Delivery) -> Next {
        match delivery {
            Delivery::Signal(signal) if signal.name == RESTART => {
                line.open = false;
                self.look_for(line)
            }
            Delivery::Timer(fired) if fired.name != LOOK => {
                let alarm = line.desk.alarm(self.cx, &self.rules(), &fired.name)?;
                if let Some(Alarm::TimedOut(question)) = alarm {
                    // It stays missing; who should have answered was told and led on.
                    self.cx.decision(&DecisionRecord::new("overdue", "system"));
                    line.desk.asked.remove(&question);
                }
                self.wait_for_line(line)
            }
            Delivery::Event(incoming) if incoming.role == WORKFLOW => {
                let reading = line.desk.read(self.cx)?;
                if let Some(reason) = Self::stopped(&reading, &line.desk) {
                    return Ok(Step::park(state(line), reason));
                }
                if let Reading::Open(answers) = reading {
                    for answer in answers {
                        self.cx.decision(&answer.record(&line.desk.process));
                        if answer.outcome == "not-needed" {
                            line.desk.close(self.cx, "not-an-issue")?;
                            let summary = format!("not needed, says {}", answer.actor());
                            return Ok(Step::complete(state(line), "not-an-issue", summary));
                        }
                    }
                }
                self.look_for(line)
            }
            _ => self.look_for(line),
        }
    }

    /// Is there a matching approved asset? If not, and it is time, it is an exception.
    fn look_for(&self, mut line: Line) -> Next {
        if let Some(found) = self.matching(&line)? {
            let mut record = DecisionRecord::new("arrived", "system");
            record.asset = Some(found.clone());
            self.cx.decision(&record);
            line.desk.close(self.cx, "arrived")?;
            let summary = format!("{} is there: {found}", line.line);
            return Ok(Step::complete(state(line), "arrived", summary));
        }
        if !line.open && self.cx.now() >= self.alarm_at(&line)? {
            line.open = true;
            self.ask_for_line(&mut line)?;
            if self.cx.mode() == EffectMode::Observe {
                let summary = format!("{} would have been reported missing", line.line);
                return Ok(Step::complete(state(line), "observed", summary));
            }
        }
        self.wait_for_line(line)
    }

    fn matching(&self, line: &Line) -> Result<Option<String>, Error> {
        let query = line
            .matches
            .iter()
            .fold(Query::default(), |query, (field, value)| {
                let subject = format!("field:{}", self.config.fields.name(field));
                query.filter(subject, Comparison::OneOf(vec![value.clone()]))
            });
        let mut page = None;
        loop {
            let found = self.cx.assets().search(&Query {
                page,
                ..query.clone()
            })?;
            let approved = |asset: &&forebay_sdk::assets::Asset| {
                asset.status == AssetStatus::Approved && !asset.trashed
            };
            if let Some(asset) = found.assets.iter().find(approved) {
                return Ok(Some(asset.id.clone()));
            }
            page = found.next;
            if page.is_none() {
                return Ok(None);
            }
        }
    }

    fn due(&self, line: &Line) -> Result<Timestamp, Error> {
        let date = Value::text(&line.due);
        end_of(self.cx, &self.config.calendar, &date)
            .map_err(|error| error.context("the due date of a manifest line"))
    }

    /// The lead before the due date. Working days are counted back as as many days of the week.
    fn alarm_at(&self, line: &Line) -> Result<Timestamp, Error> {
        let due = self.due(line)?;
        let lead = self.config.expected.lead;
        let length = lead.after(self.cx, &self.config.calendar, due, 100)? - due;
        Ok(due - length)
    }

    fn ask_for_line(&self, line: &mut Line) -> Result<(), Error> {
        let known_by: Vec<_> = line
            .matches
            .iter()
            .map(|(f, v)| format!("{f} = {v}"))
            .collect();
        let mut record = DecisionRecord::new("missing", "system");
        record.comment = Some(format!("{}: {}", line.line, known_by.join(", ")));
        self.cx.decision(&record);
        let sla: Span = self.config.assign.sla.of(Severity::Medium);
        let question = Question::to_group(
            "missing:1",
            "Deliver an asset",
            &self.config.assign.fallback,
        )
        .title(format!("{} is missing, due {}", line.line, line.due))
        .text(known_by.join("\n"))
        .outcomes(&["delivered", "not-needed"])
        .sla(sla);
        let title = format!("{} is missing", line.line);
        let key = self.cx.business_key();
        let request = StartRequest::new(&self.config.process.definition, key, &title)
            .variable("title", title.as_str())
            .variable("issues", known_by.join("\n"));
        line.desk
            .open(self.cx, &self.rules(), request, vec![question])
    }

    fn wait_for_line(&self, line: Line) -> Next {
        let now = self.cx.now();
        let next = if line.open {
            self.config
                .expected
                .check
                .after(self.cx, &self.config.calendar, now, 100)?
        } else {
            self.alarm_at(&line)?
        };
        let due = self.due(&line)?;
        let name = line.line.clone();
        let desk = line.desk.clone();
        let mut wait = Step::wait(state(line)).timer(LOOK, next).due(due);
        wait = desk.watch(wait, WORKFLOW);
        Ok(wait.waiting_on(format!("an approved asset for {name}")))
    }
}
