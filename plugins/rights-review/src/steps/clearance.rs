//! Clearance: what a use requires and an asset does not have, asking people about it, and noting what
//! they say.

use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::{Answer, Question, Routing, end_of, holds, text_or_none};
use forebay_sdk::handler::interfaces;
use forebay_sdk::time::to_rfc3339;
use forebay_sdk::workflow::StartRequest;
use forebay_sdk::{Error, Timestamp, Value};

use super::Steps;
use super::rights::{self, End};
use super::uses::{Cleared, table};
use crate::DAM;
use crate::config::{Clearance, Requirement};
use crate::state::{Clearing, Use};

impl Steps<'_> {
    /// How this flow clears uses.
    pub(crate) fn clearance(&self) -> Result<&Clearance, Error> {
        let clearance = self.config.clearance.as_ref();
        clearance.ok_or_else(|| Error::invalid("this flow clears no uses").with_field("clearance"))
    }

    // ---- What the rights say --------------------------------------------------------------------

    /// What the use requires and the asset does not have. A missing value is never a pass.
    pub(crate) fn missing(&self, asset: &Asset, wanted: &Use) -> Result<Vec<String>, Error> {
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
        let matrix = self.clearance()?.matrix.iter();
        Ok(matrix.filter(|need| holds(&need.when, &facts)).collect())
    }

    // ---- Asking ---------------------------------------------------------------------------------

    /// Protect the asset until it is cleared. One that is cleared for another use stays usable.
    pub(crate) fn block(&self, clearing: &mut Clearing, asset: &Asset) -> Result<(), Error> {
        let uses = self.config.fields.texts(&asset.fields, "clearance_uses");
        if !uses.is_empty() || clearing.before.is_some() {
            return Ok(());
        }
        if self.cx.available(DAM, interfaces::ACCESS) {
            clearing.before = Some(self.cx.access().snapshot(&asset.id)?);
        }
        self.keep_back(asset, "it is not cleared for use yet")
    }

    /// Ask whether the use is cleared, and note that this is being reviewed.
    pub(crate) fn ask_to_clear(&self, clearing: &mut Clearing, asset: &Asset) -> Result<(), Error> {
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
            .clearance()?
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

    /// Ask the producer for what is missing.
    pub(crate) fn ask_for_documents(
        &self,
        clearing: &mut Clearing,
        asset: &Asset,
    ) -> Result<(), Error> {
        clearing.round += 1;
        clearing.waits_for_documents = true;
        let group = &self.clearance()?.producer_group;
        let id = format!("documents:{}", clearing.round);
        let question = Question::to_group(&id, "Provide documents", group)
            .title(format!("Documents for \"{}\"", asset.name))
            .text(table(&clearing.missing))
            .outcomes(&["provided"]);
        clearing.desk.ask(self.cx, &self.rules(), vec![question])
    }

    /// Documents are awaited: did some come?
    pub(crate) fn documents_came(&self, clearing: &Clearing, asset: &Asset) -> Result<bool, Error> {
        if !clearing.waits_for_documents {
            return Ok(false);
        }
        let missing = self.missing(asset, &clearing.wanted)?;
        Ok(missing.len() < clearing.missing.len())
    }

    // ---- What was decided -----------------------------------------------------------------------

    /// The earliest of the asset's own end, what was asked for, and what the reviewer gave.
    pub(crate) fn cleared_until(
        &self,
        asset: &Asset,
        answer: &Answer,
    ) -> Result<Option<i64>, Error> {
        let own = self.end_of_rights(asset);
        let given = answer
            .text("until")
            .and_then(|text| end_of(self.cx, &self.config.calendar, &Value::Text(text)).ok());
        Ok(own.into_iter().chain(given).min())
    }

    /// Write to the asset what it is cleared for. The same in words.
    pub(crate) fn note_cleared(
        &self,
        clearing: &Clearing,
        asset: &Asset,
        answer: &Answer,
        until: Option<Timestamp>,
    ) -> Result<String, Error> {
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
        let until = date.as_deref().unwrap_or("without an end").to_owned();
        let limits = answer.text("limits").unwrap_or_default();
        let fields = [
            ("clearance_state", Value::text(&answer.outcome)),
            ("clearance_uses", Value::Texts(uses)),
            ("clearance_until", date.map_or(Value::None, Value::Date)),
            ("clearance_limits", text_or_none(limits)),
            ("clearance_run", Value::text(self.cx.run_id())),
            (self.clearance()?.request_field.as_str(), "done".into()),
        ];
        let now = self.cx.assets().get(&asset.id)?;
        self.write_fields(&now, &fields)?;
        let (uses, by) = (cleared.use_key, answer.actor());
        Ok(format!("{uses} until {until} by {by}"))
    }

    /// What access stood before the block comes back.
    pub(crate) fn lift_block(&self, clearing: &Clearing) -> Result<(), Error> {
        match &clearing.before {
            Some(before) => self.cx.access().restore(before),
            None => Ok(()),
        }
    }

    /// Write to the asset that it is not cleared.
    pub(crate) fn note_not_cleared(&self, asset: &Asset) -> Result<(), Error> {
        let now = self.cx.assets().get(&asset.id)?;
        let fields = [
            ("clearance_state", "not_cleared".into()),
            ("clearance_run", Value::text(self.cx.run_id())),
            (self.clearance()?.request_field.as_str(), "done".into()),
        ];
        self.write_fields(&now, &fields)
    }
}
