//! Asking people about an end of rights: when, what, and what they must know.

use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::{Answer, Question, Routing, Span};
use forebay_sdk::handler::interfaces;
use forebay_sdk::time::{DAY, to_rfc3339};
use forebay_sdk::workflow::StartRequest;
use forebay_sdk::{Error, Timestamp};

use super::Steps;
use super::rights::{self, End};
use crate::DAM;
use crate::config::Decision;
use crate::state::{Phase, Review};

/// How far back use is counted for reviewers.
const USAGE_WINDOW: i64 = 365 * DAY;

impl Steps<'_> {
    // ---- When -----------------------------------------------------------------------------------

    /// When the rights of an asset end, where a date says so.
    pub(crate) fn end_of_rights(&self, asset: &Asset) -> Option<Timestamp> {
        match rights::end(self.cx, self.config, asset) {
            End::At(end, _) => Some(end),
            End::Open | End::Missing(_) | End::Unreadable(..) => None,
        }
    }

    /// The review waits for the end, and for the lead times before it.
    pub(crate) fn arm(
        &self,
        review: &mut Review,
        asset: &Asset,
        end: Timestamp,
    ) -> Result<(), Error> {
        review.end = end;
        let kind = rights::asset_type(self.config, asset);
        for lead in self.config.leads(kind.as_deref()) {
            review.leads.push(self.before(end, *lead)?);
        }
        review.leads.sort_unstable();
        Ok(())
    }

    /// The point in time this long before another.
    fn before(&self, end: Timestamp, lead: Span) -> Result<Timestamp, Error> {
        // Spans are counted forward; the same length counts back.
        let length = lead.after(self.cx, &self.config.calendar, end, 100)? - end;
        Ok(end - length)
    }

    /// Another lead time has come and nobody has decided.
    pub(crate) fn remind(&self, review: &Review) {
        let left = (review.end - self.cx.now()).max(0) / DAY;
        let name = &review.subject.name;
        self.tell(&format!(
            "\"{name}\": rights end in {left} days, nobody has decided"
        ));
        self.cx.decision(&self.record("reminded", &review.subject));
    }

    // ---- Asking ---------------------------------------------------------------------------------

    /// Ask what is to be done about the end of rights, and note that this is being reviewed.
    pub(crate) fn ask_what_to_do(&self, review: &mut Review, asset: &Asset) -> Result<(), Error> {
        let question = self.question(review, asset, None)?;
        let mut record = self.record("routed", &review.subject);
        record.rule.clone_from(&question.rule);
        let group = question.group.as_ref();
        record.comment = group.map(|group| format!("{group} decides"));
        self.cx.decision(&record);
        self.write_fields(asset, &[("rights_status", "in-review".into())])?;
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
        let rules = self.rules();
        review.desk.open(self.cx, &rules, request, vec![question])
    }

    /// An answer was not taken: the question is asked once more, with the reason.
    pub(crate) fn ask_again(
        &self,
        review: &mut Review,
        asset: &Asset,
        answer: &Answer,
        why: &str,
    ) -> Result<(), Error> {
        let mut record = self.record("refused", &review.subject);
        record.comment = Some(why.to_owned());
        record.task = Some(answer.task.clone());
        self.cx.decision(&record);
        let question = match review.phase.clone() {
            Phase::SecondPerson(first) => self.second_question(review, asset, &first, Some(why)),
            _ => self.question(review, asset, Some(why))?,
        };
        review.desk.ask(self.cx, &self.rules(), vec![question])
    }

    /// The next question about the asset; `refused` says why the last answer was not taken.
    pub(super) fn question(
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
}
