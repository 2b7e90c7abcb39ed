//! Having an asset mended: who is asked what, what answers lead to, what protects it meanwhile.

use forebay_sdk::assets::{Asset, AssetStatus, AssetUpdate};
use forebay_sdk::blocks::{Answer, Question, end_of, present};
use forebay_sdk::workflow::StartRequest;
use forebay_sdk::{Error, Step, Value};

use crate::check::{self, Problem};
use crate::config::Severity;
use crate::course::Course;
use crate::state::{Case, Issue, Phase, State};

impl Course<'_> {
    // ---- Asking ---------------------------------------------------------------------------------

    /// Ask for the asset to be mended.
    pub(crate) fn ask(&self, case: &mut Case, asset: &Asset) -> Result<(), Error> {
        case.round += 1;
        let question = self.mend_question(case, asset, "")?;
        let mut record = self.record("exception-found", asset);
        record.comment = Some(texts(&case.issues).join("; "));
        self.cx.decision(&record);
        self.pose(case, asset, question)
    }

    /// Ask a question in the process of the case, which is started where there is none.
    fn pose(&self, case: &mut Case, asset: &Asset, question: Question) -> Result<(), Error> {
        let rules = self.rules();
        if case.desk.is_open() {
            return case.desk.ask(self.cx, &rules, vec![question]);
        }
        let title = format!("\"{}\" needs attention", asset.name);
        let key = self.cx.business_key();
        let request = StartRequest::new(&self.config.process.definition, key, &title)
            .variable("title", title.as_str())
            .variable("assetId", asset.id.as_str())
            .variable("issues", texts(&case.issues).join("\n"));
        case.desk.open(self.cx, &rules, request, vec![question])
    }

    /// Take back what was asked and ask again with what remains. After too many rounds the
    /// coordinator is asked.
    pub(crate) fn ask_anew(&self, case: &mut Case, asset: &Asset, why: &str) -> Result<(), Error> {
        let open: Vec<_> = case.desk.asked.keys().cloned().collect();
        let open: Vec<_> = open.iter().map(String::as_str).collect();
        if !open.is_empty() {
            case.desk.withdraw(self.cx, &open)?;
        }
        case.round += 1;
        let question = if case.round > self.config.max_rounds {
            case.question += 1;
            Question::to_group(
                &format!("decide:{}", case.question),
                "Decide about an exception",
                &self.config.coordinator_group,
            )
            .title(format!(
                "\"{}\" is not mended after {} rounds",
                case.name,
                case.round - 1
            ))
            .text(instructions(case, why))
            .outcomes(&["again", "waive", "not-an-issue"])
            .form("until", "Waived until (for waive)", false)
            .form("reason", "Reason", false)
        } else {
            self.mend_question(case, asset, why)?
        };
        self.pose(case, asset, question)
    }

    fn mend_question(&self, case: &mut Case, asset: &Asset, why: &str) -> Result<Question, Error> {
        case.question += 1;
        let id = format!("mend:{}", case.question);
        let assign = &self.config.assign;
        let uploader = match assign.to.as_str() {
            "uploader" | "creator" => self.workflow_user(case.uploader.as_deref())?,
            _ => None,
        };
        let name = "Mend an asset";
        let question = match (uploader, assign.to.as_str()) {
            (Some(person), _) => Question::to_person(&id, name, &person),
            (None, "uploader" | "creator") => Question::to_group(&id, name, &assign.fallback),
            (None, group) => Question::to_group(&id, name, group),
        };
        let severity = case.issues.iter().map(|issue| issue.severity).max();
        let mut text = instructions(case, why);
        for link in &asset.links {
            text.push_str(&format!("\n{}: {}", link.rel, link.href));
        }
        let mut question = question
            .title(format!("\"{}\", round {}", case.name, case.round))
            .text(text)
            .outcomes(&["done", "replaced", "waive", "not-an-issue"])
            .form("replacement", "Id of the asset that replaces it", false)
            .form("until", "Waived until (for waive)", false)
            .form("reason", "Reason (for waive, not-an-issue)", false)
            .sla(assign.sla.of(severity.unwrap_or_default()));
        if self.config.task_form {
            for field in case.issues.iter().filter_map(|issue| issue.field.as_ref()) {
                let label = match check::suggestion(self.config, asset, field) {
                    Some(value) => format!("{field} (suggested: {value})"),
                    None => field.clone(),
                };
                question = question.form(field, &label, false);
            }
        }
        Ok(question)
    }

    // ---- Answers --------------------------------------------------------------------------------

    /// What an answer leads to; none where the case goes on waiting.
    pub(crate) fn answered(
        &self,
        case: &mut Case,
        asset: &Asset,
        answer: &Answer,
    ) -> Result<Option<Step<State>>, Error> {
        match answer.outcome.as_str() {
            "waive" => self.waive(case, asset, answer),
            "not-an-issue" => {
                if let Some(why) = self.may_not_waive(case, answer) {
                    self.ask_anew(case, asset, &why)?;
                    return Ok(None);
                }
                self.release(case, asset)?;
                let reason = answer.text("reason").unwrap_or_default();
                let summary = format!("{}: {reason}", answer.actor());
                self.close(case.clone(), "not-an-issue", &summary).map(Some)
            }
            "replaced" => self.replaced(case, asset, answer),
            "again" => {
                case.round = 0;
                self.ask_anew(case, asset, "The coordinator asks for another attempt.")?;
                Ok(None)
            }
            _ => self.done(case, asset, answer),
        }
    }

    /// Values that were entered are checked and written; then the asset is checked as a whole.
    fn done(
        &self,
        case: &mut Case,
        asset: &Asset,
        answer: &Answer,
    ) -> Result<Option<Step<State>>, Error> {
        let fields: Vec<_> = case
            .issues
            .iter()
            .filter_map(|issue| issue.field.clone())
            .collect();
        let mut values = Vec::new();
        for field in &fields {
            let Some(value) = answer.text(field) else {
                continue;
            };
            if let Err(Problem::Wrong(why)) = check::accepts(self.config, field, &value) {
                self.ask_anew(case, asset, &format!("Refused: {why}."))?;
                return Ok(None);
            }
            // Where somebody filled it in the DAM meanwhile, that value stands.
            if self.config.fields.value(&asset.fields, field).is_none()
                || !self.passes(asset, field)
            {
                values.push((field.as_str(), Value::Text(value)));
            }
        }
        if !values.is_empty() {
            self.write_fields(&asset.id, &values)?;
        }
        let now = self.cx.assets().get(&asset.id)?;
        let findings = check::check(self.config, &now);
        case.note(self.config, &now);
        case.issues.clear();
        if findings.is_pass() {
            return self.mended(case.clone(), &now).map(Some);
        }
        case.issues = findings.issues();
        self.ask_anew(case, &now, "Some issues remain.")?;
        self.mark(case, "open")?;
        Ok(None)
    }

    fn passes(&self, asset: &Asset, field: &str) -> bool {
        let texts = self.config.fields.texts(&asset.fields, field);
        texts
            .iter()
            .all(|text| check::accepts(self.config, field, text).is_ok())
    }

    fn may_not_waive(&self, case: &Case, answer: &Answer) -> Option<String> {
        let by = answer.actor();
        let listed = &self.config.waived_by;
        let is_uploader = case
            .uploader
            .as_deref()
            .is_some_and(|up| up.eq_ignore_ascii_case(by));
        let allowed = if listed.is_empty() {
            !is_uploader
        } else {
            listed.iter().any(|person| person.eq_ignore_ascii_case(by))
        };
        if !allowed {
            return Some(format!("{by} may not waive this."));
        }
        answer
            .text("reason")
            .is_none()
            .then(|| "A reason is needed.".to_owned())
    }

    fn waive(
        &self,
        case: &mut Case,
        asset: &Asset,
        answer: &Answer,
    ) -> Result<Option<Step<State>>, Error> {
        let until = answer
            .text("until")
            .and_then(|text| end_of(self.cx, &self.config.calendar, &Value::Text(text)).ok());
        let refused = self.may_not_waive(case, answer).or_else(|| match until {
            Some(until) if until > self.cx.now() => None,
            _ => Some("A waiver needs a date in the future.".to_owned()),
        });
        if let Some(why) = refused {
            self.ask_anew(case, asset, &why)?;
            return Ok(None);
        }
        let mut record = self.record("waived", asset);
        record.actor = answer.actor().to_owned();
        record.comment = answer.text("reason");
        self.cx.decision(&record);
        self.release(case, asset)?;
        self.mark(case, "waived")?;
        case.phase = Phase::Waived(until.unwrap_or_default());
        self.wait(case.clone()).map(Some)
    }

    fn replaced(
        &self,
        case: &mut Case,
        asset: &Asset,
        answer: &Answer,
    ) -> Result<Option<Step<State>>, Error> {
        let id = answer.text("replacement").unwrap_or_default();
        let successor = if id.is_empty() {
            None
        } else {
            present(self.cx, &id)?
        };
        let why = match &successor {
            None => Some(format!("There is no asset `{id}`.")),
            Some(found) => {
                let findings = check::check(self.config, found);
                (!findings.is_pass()).then(|| {
                    let issues = texts(&findings.issues()).join("; ");
                    format!("The replacement has issues: {issues}.")
                })
            }
        };
        if let Some(why) = why {
            self.ask_anew(case, asset, &why)?;
            return Ok(None);
        }
        match self.cx.relations().link("replacement", &asset.id, &id) {
            Err(error) if error.is_unsupported() => {}
            other => other?,
        }
        self.write(
            &asset.id,
            &AssetUpdate::default().status(AssetStatus::Restricted),
        )?;
        let summary = format!("replaced by {id}");
        self.close(case.clone(), "corrected", &summary).map(Some)
    }

    // ---- Protection -----------------------------------------------------------------------------

    /// Protect the asset while something is wrong with it.
    pub(crate) fn protect(&self, case: &mut Case, asset: &Asset) -> Result<(), Error> {
        let rules = &self.config.while_open;
        let severe = |severity: Severity| rules.only_if_severity.contains(&severity);
        let grave = case.issues.iter().any(|issue| severe(issue.severity));
        if rules.restrict && grave && asset.status != AssetStatus::Restricted {
            self.write(
                &asset.id,
                &AssetUpdate::default().status(AssetStatus::Restricted),
            )?;
            case.restricted = true;
        }
        let block = &self.config.block;
        let blocked = case.issues.iter().filter_map(|issue| issue.field.as_ref());
        let blocked = blocked
            .into_iter()
            .any(|field| block.severity.contains(field));
        if !block.acl_template.is_empty() && blocked && case.before.is_none() {
            case.before = Some(self.cx.access().snapshot(&asset.id)?);
            self.cx.access().apply(&asset.id, &block.acl_template)?;
        }
        Ok(())
    }

    /// Put back what protected the asset.
    pub(crate) fn release(&self, case: &mut Case, asset: &Asset) -> Result<(), Error> {
        if std::mem::take(&mut case.restricted) && asset.status == AssetStatus::Restricted {
            self.write(
                &asset.id,
                &AssetUpdate::default().status(AssetStatus::Approved),
            )?;
        }
        self.release_access(case)
    }

    pub(crate) fn release_access(&self, case: &mut Case) -> Result<(), Error> {
        match case.before.take() {
            Some(before) => self.cx.access().restore(&before),
            None => Ok(()),
        }
    }

    /// Fill in what can be told without a person, where the configuration allows it.
    pub(crate) fn fill_in(&self, case: &Case, asset: &Asset) -> Result<bool, Error> {
        if self.config.autofill.needs_confirmation {
            return Ok(false);
        }
        let fields = case
            .issues
            .iter()
            .filter_map(|issue| issue.field.as_deref());
        let found = fields.filter_map(|field| {
            let value = check::suggestion(self.config, asset, field)?;
            Some((field, Value::Text(value)))
        });
        let found: Vec<_> = found.collect();
        if found.is_empty() {
            return Ok(false);
        }
        self.write_fields(&asset.id, &found)?;
        Ok(true)
    }
}

fn texts(issues: &[Issue]) -> Vec<String> {
    issues.iter().map(|issue| issue.text.clone()).collect()
}

fn instructions(case: &Case, why: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    if !why.is_empty() {
        lines.push(why.to_owned());
    }
    for issue in &case.issues {
        lines.push(format!("{}: {}", issue.rule, issue.text));
        if !issue.fix.is_empty() {
            lines.push(format!("  {}", issue.fix));
        }
    }
    lines.join("\n")
}
