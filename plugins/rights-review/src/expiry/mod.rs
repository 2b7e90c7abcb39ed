//! The review of an end of rights: when it opens, what time brings, what the DAM tells.

mod carry_out;
mod decide;
mod waiting;

use forebay_sdk::assets::{Asset, AssetStatus};
use forebay_sdk::blocks::{Alarm, Question, Reading, Routing, present};
use forebay_sdk::handler::{EffectMode, Fired, interfaces};
use forebay_sdk::time::{DAY, MINUTE, to_rfc3339};
use forebay_sdk::workflow::StartRequest;
use forebay_sdk::{Delivery, Error, Step, Timestamp};

use crate::config::{Decision, Undecided};
use crate::course::{CANCEL, Course, Next, RESTART};
use crate::rights::{self, End};
use crate::state::{Phase, Review, State};
use crate::{DAM, WORKFLOW};

/// Timer: a lead time has come.
const LEAD: &str = "lead";
/// Timer: the rights end.
const END: &str = "end";
/// Timer: the grace of a deletion has passed.
const DELETE: &str = "delete";
/// A timer this late was due while the product was down.
const LATE: i64 = 5 * MINUTE;
/// How long late timers wait for the ends of other assets' rights, which come before any other work.
const STEP_BACK: i64 = MINUTE;
/// How far back use is counted for reviewers.
const USAGE_WINDOW: i64 = 365 * DAY;

impl Course<'_> {
    /// The first activation: read the end afresh, and deal with it if it has passed.
    pub(crate) fn begin_review(&self, mut review: Review) -> Next {
        let Some(asset) = present(self.cx, &review.subject.asset)? else {
            let state = State::Review(Box::new(review));
            return Ok(Step::cancel(state, "asset-gone", "the asset was deleted"));
        };
        review.subject.note(&asset);
        let End::At(end, _) = rights::end(self.cx, self.config, &asset) else {
            let state = State::Review(Box::new(review));
            return Ok(Step::cancel(
                state,
                "no-end",
                "the asset's rights have no end",
            ));
        };
        review.end = end;
        let kind = rights::asset_type(self.config, &asset);
        for lead in self.config.leads(kind.as_deref()) {
            review.leads.push(self.before(end, *lead)?);
        }
        review.leads.sort_unstable();
        self.go_on(review, &asset)
    }

    /// The point in time this long before another.
    fn before(&self, end: Timestamp, lead: forebay_sdk::blocks::Span) -> Result<Timestamp, Error> {
        // Spans are counted forward; the same length counts back.
        let length = lead.after(self.cx, &self.config.calendar, end, 100)? - end;
        Ok(end - length)
    }

    pub(crate) fn review(&self, mut review: Review, delivery: &Delivery) -> Next {
        if let Delivery::Signal(signal) = delivery
            && signal.name == CANCEL
        {
            review.desk.cancel(self.cx, "cancelled by an operator")?;
            let state = State::Review(Box::new(review));
            return Ok(Step::cancel(state, "cancelled", "by an operator"));
        }
        let Some(asset) = present(self.cx, &review.subject.asset)? else {
            return self.gone(review);
        };
        review.subject.note(&asset);
        match delivery {
            Delivery::Signal(signal) if signal.name == RESTART => self.restart(review, &asset),
            Delivery::Timer(fired) => self.timer(review, &asset, fired),
            // The process may have been done with by the time its last events come.
            Delivery::Event(incoming) if incoming.role == WORKFLOW => {
                self.look_at_desk(review, &asset)
            }
            _ => self.rights_changed(review, &asset),
        }
    }

    /// What is due now: the end, then lead times. Nothing else of this flow comes before the end.
    fn go_on(&self, mut review: Review, asset: &Asset) -> Next {
        if matches!(review.phase, Phase::Grace { .. }) {
            return self.wait(review);
        }
        let now = self.cx.now();
        if now >= review.end && !review.ended {
            review.ended = true;
            if let Phase::AtEnd(outcome) = review.phase.clone() {
                return self.carry_out_at_end(review, asset, &outcome);
            }
            self.undecided_at_end(&mut review, asset)?;
        }
        let due = review.leads.iter().filter(|lead| **lead <= now).count();
        review.leads.drain(..due);
        if due > 0 || review.ended {
            match review.phase {
                Phase::Armed => return self.open(review, asset),
                Phase::Deciding if due > 0 => self.remind(&review)?,
                _ => {}
            }
        }
        self.wait(review)
    }

    /// Ask who decides about the asset.
    fn open(&self, mut review: Review, asset: &Asset) -> Next {
        let question = self.question(&mut review, asset, None)?;
        let key = self.cx.business_key();
        let title = format!("Rights of \"{}\"", asset.name);
        let mut request = StartRequest::new(&self.config.process.definition, key, &title)
            .variable("title", title.as_str())
            .variable("assetId", asset.id.as_str())
            .variable("assetVersion", asset.version.as_str())
            .variable("rightsEnd", to_rfc3339(review.end));
        if let Some(link) = asset.links.first() {
            request = request.variable("links", link.href.as_str());
        }
        let mut record = self.record("routed", &review.subject);
        record.rule.clone_from(&question.rule);
        record.comment = question
            .group
            .clone()
            .map(|group| format!("{group} decides"));
        self.cx.decision(&record);
        let fields = [("rights_status", "in-review".into())];
        self.write_fields(asset, &fields)?;
        review
            .desk
            .open(self.cx, &self.rules(), request, vec![question])?;
        review.phase = Phase::Deciding;
        if self.cx.mode() == EffectMode::Observe {
            let summary = format!("the rights of \"{}\" would have been reviewed", asset.name);
            let state = State::Review(Box::new(review));
            return Ok(Step::complete(state, "observed", summary));
        }
        self.wait(review)
    }

    /// People are asked from the beginning, in another process.
    fn restart(&self, mut review: Review, asset: &Asset) -> Next {
        if !matches!(review.phase, Phase::Deciding | Phase::SecondPerson(_)) {
            return self.go_on(review, asset);
        }
        review.desk.leave(self.cx, "restarted by an operator")?;
        self.open(review, asset)
    }

    /// The next question about the asset; `refused` says why the last answer was not taken.
    fn question(
        &self,
        review: &mut Review,
        asset: &Asset,
        refused: Option<&str>,
    ) -> Result<Question, Error> {
        review.round += 1;
        let facts = rights::facts(self.config, asset);
        let (index, rule) = self
            .config
            .routing
            .decide(&facts)
            .ok_or_else(|| Error::invalid("no rule says who decides").with_field("routing"))?;
        let outcomes: Vec<_> = self.config.decisions.iter().map(|way| way.word()).collect();
        let mut question = Question::routed(
            &format!("decide:{}", review.round),
            "Rights review",
            &rule.to,
            &Routing::rule_name(index),
        )
        .title(format!(
            "\"{}\": rights end {}",
            asset.name,
            self.date_of(review.end)?
        ))
        .text(self.situation(review, asset, refused)?)
        .outcomes(&outcomes)
        .form("comment", "Comment", false);
        if self.config.decisions.contains(&Decision::Renew) {
            question = question
                .form("newDate", "New end of the rights (for renew)", false)
                .form("reference", "Licence document (for renew)", false)
                .form("territories", "Territories (for renew)", false);
        }
        if self.config.decisions.contains(&Decision::Replace) {
            question = question
                .form("replacement", "Id of the replacement (for replace)", false)
                .form("instruction", "Instruction (for replace)", false);
        }
        if self.config.decisions.contains(&Decision::Remove) {
            question = question.form("when", "now or at-end (for remove)", false);
        }
        Ok(question)
    }

    /// What a reviewer must know, in words.
    fn situation(
        &self,
        review: &Review,
        asset: &Asset,
        refused: Option<&str>,
    ) -> Result<String, Error> {
        let mut lines: Vec<String> = refused
            .map(|why| format!("The last answer was not taken: {why}."))
            .into_iter()
            .collect();
        if let End::At(_, dates) = rights::end(self.cx, self.config, asset) {
            for (field, at) in dates {
                lines.push(format!("{field} ends {}.", self.date_of(at)?));
            }
        }
        if review.restricted_at.is_some() {
            lines.push("The asset is kept back since its rights ended.".to_owned());
        }
        if self.config.usage_check && self.cx.available(DAM, interfaces::USAGE) {
            match self
                .cx
                .usage()
                .report(&asset.id, self.cx.now() - USAGE_WINDOW)
            {
                Ok(usage) => lines.push(format!(
                    "Within a year: {} views, {} downloads, {} shares.",
                    usage.views, usage.downloads, usage.shares
                )),
                Err(error) if error.is_unsupported() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(lines.join("\n"))
    }

    fn remind(&self, review: &Review) -> Result<(), Error> {
        let left = (review.end - self.cx.now()).max(0) / DAY;
        let name = &review.subject.name;
        self.tell(&format!(
            "\"{name}\": rights end in {left} days, nobody has decided"
        ));
        let record = self.record("reminded", &review.subject);
        self.cx.decision(&record);
        Ok(())
    }

    /// The rights ended and nobody has decided: the rule says what happens, at once. The question
    /// stays open.
    fn undecided_at_end(&self, review: &mut Review, asset: &Asset) -> Result<(), Error> {
        let rule = format!(
            "on_expiry_undecided = {:?}",
            self.config.on_expiry_undecided
        );
        match self.config.on_expiry_undecided {
            Undecided::Restrict => {
                self.keep_back(
                    asset,
                    &format!("its rights ended and nobody had decided ({rule})"),
                )?;
                review.restricted_at = Some(self.cx.now());
            }
            Undecided::Expire => self.make_sure_expired(asset)?,
            Undecided::Keep => {
                let mut record = self.record("kept-in-use", &review.subject);
                record.comment = Some(self.config.keep_reason.clone());
                record.rule = Some(rule.clone());
                self.cx.decision(&record);
                return Ok(());
            }
        }
        let mut record = self.record("rights-ended", &review.subject);
        record.rule = Some(rule);
        self.cx.decision(&record);
        let now = self.cx.assets().get(&asset.id)?;
        self.write_fields(&now, &[("rights_status", "expired".into())])
    }

    /// The DAM should show the asset as expired by itself; where it does not, it is kept back.
    fn make_sure_expired(&self, asset: &Asset) -> Result<(), Error> {
        let now = self.cx.assets().get(&asset.id)?;
        if now.status == AssetStatus::Expired {
            return Ok(());
        }
        self.keep_back(
            &now,
            "its rights ended and the DAM did not show it as expired",
        )
    }

    // ---- What time and the DAM tell -------------------------------------------------------------

    fn timer(&self, mut review: Review, asset: &Asset, fired: &Fired) -> Next {
        let now = self.cx.now();
        let ends_now = now >= review.end && !review.ended;
        if !ends_now && now - fired.due_at > LATE {
            review.not_before = now + STEP_BACK;
            return self.wait(review);
        }
        if fired.name == DELETE {
            return self.delete(review);
        }
        if let Some(alarm) = review.desk.alarm(self.cx, &self.rules(), &fired.name)? {
            if let Alarm::TimedOut(question) = alarm {
                // The end of rights decides where people do not; until then it is only told.
                self.overdue(&review.subject, &question);
            }
            return self.wait(review);
        }
        self.go_on(review, asset)
    }

    /// Somebody may have changed a date.
    fn rights_changed(&self, mut review: Review, asset: &Asset) -> Next {
        let end = match rights::end(self.cx, self.config, asset) {
            End::At(end, _) if end == review.end => return self.look_at_desk(review, asset),
            End::At(end, _) => Some(end),
            _ => None,
        };
        if matches!(review.phase, Phase::Grace { .. }) {
            return self.wait(review);
        }
        let mut record = self.record("superseded", &review.subject);
        record.comment = Some("the end of the rights was changed in the DAM".to_owned());
        self.cx.decision(&record);
        review.desk.cancel(self.cx, "superseded")?;
        if let Some(end) = end {
            self.start_review(&asset.id, end)?;
        }
        let summary = "the end of the rights was changed in the DAM";
        let state = State::Review(Box::new(review));
        Ok(Step::complete(state, "superseded", summary))
    }

    fn look_at_desk(&self, review: Review, asset: &Asset) -> Next {
        if self.inspect_consent(asset)? {
            return self.wait(review);
        }
        if review.desk.is_open() {
            self.answers(review, asset)
        } else {
            self.go_on(review, asset)
        }
    }

    fn answers(&self, mut review: Review, asset: &Asset) -> Next {
        match review.desk.read(self.cx)? {
            Reading::Open(answers) => self.decide(review, asset, answers),
            Reading::Suspended => {
                let reason = format!(
                    "the process {} is suspended in the workflow engine; activate it there, then \
                     retry the run",
                    review.desk.process
                );
                Ok(Step::park(State::Review(Box::new(review)), reason))
            }
            Reading::Ended(reason) => {
                let reason = Self::ended(&review.desk, &reason);
                Ok(Step::park(State::Review(Box::new(review)), reason))
            }
        }
    }
}
