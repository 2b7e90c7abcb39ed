//! A line of a manifest: is its asset there, when is it missed, and who is told.

use forebay_sdk::assets::{AssetStatus, Comparison, Query};
use forebay_sdk::blocks::{Question, Span, end_of};
use forebay_sdk::handler::DecisionRecord;
use forebay_sdk::workflow::StartRequest;
use forebay_sdk::{Error, Timestamp, Value};

use super::Steps;
use crate::config::Severity;
use crate::state::Line;

/// Timer: look whether the asset came.
pub(crate) const LOOK: &str = "look";

impl Steps<'_> {
    /// The approved asset that a line is known by.
    pub(crate) fn matching(&self, line: &Line) -> Result<Option<String>, Error> {
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

    pub(super) fn due(&self, line: &Line) -> Result<Timestamp, Error> {
        let date = Value::text(&line.due);
        end_of(self.cx, &self.config.calendar, &date)
            .map_err(|error| error.context("the due date of a manifest line"))
    }

    /// The lead before the due date. Working days are counted back as as many days of the week.
    pub(crate) fn alarm_at(&self, line: &Line) -> Result<Timestamp, Error> {
        let due = self.due(line)?;
        let lead = self.config.expected.lead;
        let length = lead.after(self.cx, &self.config.calendar, due, 100)? - due;
        Ok(due - length)
    }

    /// Tell people that it is missing.
    pub(crate) fn ask_for_line(&self, line: &mut Line) -> Result<(), Error> {
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

    pub(crate) fn record_arrival(&self, asset: &str) {
        let mut record = DecisionRecord::new("arrived", "system");
        record.asset = Some(asset.to_owned());
        self.cx.decision(&record);
    }

    pub(crate) fn record_overdue(&self) {
        self.cx.decision(&DecisionRecord::new("overdue", "system"));
    }
}
