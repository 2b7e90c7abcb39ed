//! Clearance: do an asset's rights cover what somebody wants to do with it?

use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::{
    Alarm, Answer, Question, Reading, Routing, end_of, holds, present, text_or_none,
};
use forebay_sdk::handler::{EffectMode, interfaces};
use forebay_sdk::time::to_rfc3339;
use forebay_sdk::workflow::StartRequest;
use forebay_sdk::{Delivery, Error, Step, Value};

use crate::config::{Clearance, Requirement};
use crate::course::{CANCEL, CHANGES, Course, GONE, Next, RESTART};
use crate::rights::{self, End};
use crate::state::{Clearing, State, Use};
use crate::uses::{Cleared, table, unknown_territory};
use crate::{DAM, WORKFLOW};

impl Course<'_> {
    pub(crate) fn clearance_config(&self) -> Result<&Clearance, Error> {
        self.config
            .clearance
            .as_ref()
            .ok_or_else(|| Error::invalid("this flow clears no uses").with_field("clearance"))
    }

    pub(crate) fn begin_clearing(&self, mut clearing: Clearing) -> Next {
        let config = self.clearance_config()?;
        let Some(asset) = present(self.cx, &clearing.subject.asset)? else {
            let state = State::Clearing(Box::new(clearing));
            return Ok(Step::cancel(state, "asset-gone", "the asset was deleted"));
        };
        clearing.subject.note(&asset);
        if let Some(code) = unknown_territory(config, &clearing.wanted) {
            let reason = format!("`{code}` is not a known territory; nothing is assumed about it");
            self.tell(&format!("\"{}\": {reason}", asset.name));
            let state = State::Clearing(Box::new(clearing));
            return Ok(Step::complete(state, "not_cleared", reason));
        }
        clearing.missing = self.missing(&asset, &clearing.wanted)?;
        if let Some(earlier) = self.reusable(config, &asset, &clearing)? {
            return self.reuse(clearing, &asset, &earlier);
        }
        self.block(&mut clearing, &asset)?;
        self.ask(&mut clearing, &asset)?;
        if self.cx.mode() == EffectMode::Observe {
            let summary = format!("the use of \"{}\" would have been reviewed", asset.name);
            let state = State::Clearing(Box::new(clearing));
            return Ok(Step::complete(state, "observed", summary));
        }
        self.wait_for_clearance(clearing)
    }

    pub(crate) fn clearing(&self, mut clearing: Clearing, delivery: &Delivery) -> Next {
        if let Delivery::Signal(signal) = delivery
            && signal.name == CANCEL
        {
            clearing.desk.cancel(self.cx, "cancelled by an operator")?;
            let state = State::Clearing(Box::new(clearing));
            return Ok(Step::cancel(state, "cancelled", "by an operator"));
        }
        let Some(asset) = present(self.cx, &clearing.subject.asset)? else {
            return self.clearance_gone(clearing);
        };
        clearing.subject.note(&asset);
        if let Delivery::Signal(signal) = delivery
            && signal.name == RESTART
        {
            clearing.desk.leave(self.cx, "restarted by an operator")?;
            clearing.waits_for_documents = false;
            clearing.missing = self.missing(&asset, &clearing.wanted)?;
            self.ask(&mut clearing, &asset)?;
            return self.wait_for_clearance(clearing);
        }
        if let Delivery::Timer(fired) = delivery {
            let alarm = clearing.desk.alarm(self.cx, &self.rules(), &fired.name)?;
            if let Some(Alarm::TimedOut(question)) = alarm {
                self.overdue(&clearing.subject, &question);
            }
            return self.wait_for_clearance(clearing);
        }
        if self.withdrawn(&asset) {
            let before = self.block_withdrawn(&asset)?;
            clearing.before = clearing.before.or(before);
        }
        match clearing.desk.read(self.cx)? {
            Reading::Open(answers) => self.cleared_or_not(clearing, &asset, answers),
            Reading::Suspended => {
                let reason = "the process is suspended in the workflow engine";
                Ok(Step::park(State::Clearing(Box::new(clearing)), reason))
            }
            Reading::Ended(reason) => {
                let reason = Self::ended(&clearing.desk, &reason);
                Ok(Step::park(State::Clearing(Box::new(clearing)), reason))
            }
        }
    }

    // ---- What the rights say --------------------------------------------------------------------

    /// What the use requires and the asset does not have. A missing value is never a pass.
    fn missing(&self, asset: &Asset, wanted: &Use) -> Result<Vec<String>, Error> {
        let map = &self.config.fields;
        let mut missing: Vec<String> = Vec::new();
        for need in self.requirements(asset, wanted)? {
            let absent = |field: &&String| map.value(&asset.fields, field).is_none();
            missing.extend(need.require.iter().filter(absent).cloned());
        }
        let covered = map.texts(&asset.fields, "territories");
        let uncovered = wanted
            .territories
            .iter()
            .filter(|code| !covered.iter().any(|known| known.eq_ignore_ascii_case(code)));
        missing.extend(uncovered.map(|code| format!("territory {code}")));
        match rights::end(self.cx, self.config, asset) {
            End::At(end, _) if end <= self.cx.now() => missing.push("rights in date".to_owned()),
            End::Missing(_) => missing.push("the end of the rights".to_owned()),
            End::Unreadable(field, text) => {
                missing.push(format!("a date in {field} instead of `{text}`"));
            }
            End::At(..) | End::Open => {}
        }
        missing.dedup();
        Ok(missing)
    }

    fn requirements(&self, asset: &Asset, wanted: &Use) -> Result<Vec<&Requirement>, Error> {
        let mut facts = rights::facts(self.config, asset);
        facts.insert("channels".to_owned(), wanted.channels.clone());
        facts.insert("territories".to_owned(), wanted.territories.clone());
        let matrix = self.clearance_config()?.matrix.iter();
        Ok(matrix.filter(|need| holds(&need.when, &facts)).collect())
    }

    // ---- Asking ---------------------------------------------------------------------------------

    /// Protect the asset until it is cleared. One that is cleared for another use stays usable.
    fn block(&self, clearing: &mut Clearing, asset: &Asset) -> Result<(), Error> {
        let uses = self.config.fields.texts(&asset.fields, "clearance_uses");
        if !uses.is_empty() || clearing.before.is_some() {
            return Ok(());
        }
        if self.cx.available(DAM, interfaces::ACCESS) {
            clearing.before = Some(self.cx.access().snapshot(&asset.id)?);
        }
        self.keep_back(asset, "it is not cleared for use yet")
    }

    fn ask(&self, clearing: &mut Clearing, asset: &Asset) -> Result<(), Error> {
        let question = self.clearance_question(clearing, asset)?;
        let mut record = self.record("routed", &clearing.subject);
        record.rule.clone_from(&question.rule);
        self.cx.decision(&record);
        let now = self.cx.assets().get(&asset.id)?;
        // What was blocked for a withdrawn consent is known to be.
        let blocked = self.config.fields.texts(&now.fields, "clearance_state") == ["blocked"];
        let state = if blocked { "blocked" } else { "in-review" };
        let fields = [
            ("clearance_state", state.into()),
            ("clearance_run", Value::text(self.cx.run_id())),
        ];
        self.write_fields(&now, &fields)?;
        if clearing.desk.is_open() {
            return clearing.desk.ask(self.cx, &self.rules(), vec![question]);
        }
        let title = format!("Clearance of \"{}\"", asset.name);
        let key = self.cx.business_key();
        let request = StartRequest::new(&self.config.process.definition, key, &title)
            .variable("title", title.as_str())
            .variable("assetId", asset.id.as_str())
            .variable("channels", clearing.wanted.channels.clone())
            .variable("territories", clearing.wanted.territories.clone());
        let rules = self.rules();
        clearing.desk.open(self.cx, &rules, request, vec![question])
    }

    fn clearance_question(
        &self,
        clearing: &mut Clearing,
        asset: &Asset,
    ) -> Result<Question, Error> {
        clearing.round += 1;
        let wanted = &clearing.wanted;
        let mut facts = rights::facts(self.config, asset);
        facts.insert("channels".to_owned(), wanted.channels.clone());
        facts.insert("territories".to_owned(), wanted.territories.clone());
        let (index, rule) = self
            .config
            .routing
            .decide(&facts)
            .ok_or_else(|| Error::invalid("no rule says who decides").with_field("routing"))?;
        let mut target = rule.to.clone();
        let mut name = Routing::rule_name(index);
        let needs = self.requirements(asset, wanted)?;
        if let Some(group) = needs.iter().find_map(|need| need.route.clone()) {
            target.group = group;
            name = "clearance.matrix".to_owned();
        }
        let outcomes: Vec<_> = self
            .clearance_config()?
            .decisions
            .iter()
            .map(String::as_str)
            .collect();
        let id = format!("clear:{}", clearing.round);
        Ok(Question::routed(&id, "Clearance", &target, &name)
            .title(format!("Clear \"{}\" for {}", asset.name, wanted.key()))
            .text(table(&clearing.missing))
            .outcomes(&outcomes)
            .form("until", "Cleared until", false)
            .form("limits", "Limits (for cleared_with_limits)", false)
            .form("comment", "Comment", false))
    }

    // ---- Answers --------------------------------------------------------------------------------

    fn cleared_or_not(&self, mut clearing: Clearing, asset: &Asset, answers: Vec<Answer>) -> Next {
        for answer in answers {
            let record = self.about(answer.record(&clearing.desk.process), &clearing.subject);
            self.cx.decision(&record);
            match answer.outcome.as_str() {
                "cleared" => return self.clear(clearing, asset, &answer, "cleared"),
                "cleared_with_limits" => {
                    return self.clear(clearing, asset, &answer, "cleared_with_limits");
                }
                "not_cleared" => return self.not_cleared(clearing, asset, &answer),
                "needs_documents" => self.ask_for_documents(&mut clearing, asset)?,
                _ => {
                    // The producer says the documents are there, or somebody chose an unknown word.
                    clearing.missing = self.missing(asset, &clearing.wanted)?;
                    clearing.waits_for_documents = false;
                    self.ask(&mut clearing, asset)?;
                }
            }
        }
        if clearing.waits_for_documents {
            let missing = self.missing(asset, &clearing.wanted)?;
            if missing.len() < clearing.missing.len() {
                clearing.missing = missing;
                clearing.waits_for_documents = false;
                let open: Vec<_> = clearing.desk.asked.keys().cloned().collect();
                let open: Vec<_> = open.iter().map(String::as_str).collect();
                clearing.desk.withdraw(self.cx, &open)?;
                self.ask(&mut clearing, asset)?;
            }
        }
        self.wait_for_clearance(clearing)
    }

    fn ask_for_documents(&self, clearing: &mut Clearing, asset: &Asset) -> Result<(), Error> {
        clearing.round += 1;
        clearing.waits_for_documents = true;
        let group = &self.clearance_config()?.producer_group;
        let id = format!("documents:{}", clearing.round);
        let question = Question::to_group(&id, "Provide documents", group)
            .title(format!("Documents for \"{}\"", asset.name))
            .text(table(&clearing.missing))
            .outcomes(&["provided"]);
        clearing.desk.ask(self.cx, &self.rules(), vec![question])
    }

    fn clear(&self, mut clearing: Clearing, asset: &Asset, answer: &Answer, state: &str) -> Next {
        let until = self.cleared_until(asset, answer)?;
        let date = until.map(|until| self.date_of(until)).transpose()?;
        let cleared = Cleared {
            use_key: clearing.wanted.key(),
            until: date.clone().unwrap_or_else(|| "open".to_owned()),
            at: to_rfc3339(self.cx.now()),
            run: self.cx.run_id().to_owned(),
            fingerprint: rights::fingerprint(self.config, asset),
        };
        let mut uses = self.config.fields.texts(&asset.fields, "clearance_uses");
        let same = format!("use={}; ", cleared.use_key);
        uses.retain(|text| !text.starts_with(&same));
        uses.push(cleared.write());
        let field = self.clearance_config()?.request_field.clone();
        let fields = [
            ("clearance_state", Value::text(state)),
            ("clearance_uses", Value::Texts(uses)),
            (
                "clearance_until",
                date.clone().map_or(Value::None, Value::Date),
            ),
            (
                "clearance_limits",
                text_or_none(answer.text("limits").unwrap_or_default()),
            ),
            ("clearance_run", Value::text(self.cx.run_id())),
            (field.as_str(), "done".into()),
        ];
        let now = self.cx.assets().get(&asset.id)?;
        self.write_fields(&now, &fields)?;
        if let Some(before) = &clearing.before {
            self.cx.access().restore(before)?;
        }
        if let Some(until) = until {
            self.start_review(&asset.id, until)?;
        }
        clearing.desk.close(self.cx, state)?;
        let until = date.as_deref().unwrap_or("without an end");
        let summary = format!(
            "{} until {until} by {}",
            clearing.wanted.key(),
            answer.actor()
        );
        Ok(Step::complete(
            State::Clearing(Box::new(clearing)),
            state,
            summary,
        ))
    }

    /// The earliest of the asset's own end, what was asked for, and what the reviewer gave.
    fn cleared_until(&self, asset: &Asset, answer: &Answer) -> Result<Option<i64>, Error> {
        let own = match rights::end(self.cx, self.config, asset) {
            End::At(end, _) => Some(end),
            _ => None,
        };
        let given = answer
            .text("until")
            .and_then(|text| end_of(self.cx, &self.config.calendar, &Value::Text(text)).ok());
        Ok(own.into_iter().chain(given).min())
    }

    fn not_cleared(&self, mut clearing: Clearing, asset: &Asset, answer: &Answer) -> Next {
        let now = self.cx.assets().get(&asset.id)?;
        let field = self.clearance_config()?.request_field.clone();
        let fields = [
            ("clearance_state", "not_cleared".into()),
            ("clearance_run", Value::text(self.cx.run_id())),
            (field.as_str(), "done".into()),
        ];
        self.write_fields(&now, &fields)?;
        clearing.desk.close(self.cx, "not_cleared")?;
        let summary = format!("not cleared by {}: {}", answer.actor(), answer.comment);
        let state = State::Clearing(Box::new(clearing));
        Ok(Step::complete(state, "not_cleared", summary))
    }

    /// The asset is deleted or in the trash.
    fn clearance_gone(&self, mut clearing: Clearing) -> Next {
        if self.cx.now() < self.given_up_at(&mut clearing.subject)? {
            return self.wait_for_clearance(clearing);
        }
        clearing.desk.cancel(self.cx, "asset deleted")?;
        let state = State::Clearing(Box::new(clearing));
        Ok(Step::cancel(state, "asset-gone", "the asset was deleted"))
    }

    fn wait_for_clearance(&self, clearing: Clearing) -> Next {
        let (mut subject, desk) = (clearing.subject.clone(), clearing.desk.clone());
        let mut wait = Step::wait(State::Clearing(Box::new(clearing))).subscribe_to(
            DAM,
            "asset",
            subject.asset.as_str(),
            &CHANGES,
        );
        if subject.gone_since.is_some() {
            wait = wait.timer(GONE, self.given_up_at(&mut subject)?);
        }
        wait = desk.watch(wait, WORKFLOW);
        Ok(wait.waiting_on(format!("clearance of \"{}\"", subject.name)))
    }
}
