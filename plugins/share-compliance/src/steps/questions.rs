//! What people are asked about a request: whether it may be shared, and whether it may longer.

use std::fmt::Write as _;

use forebay_sdk::blocks::{Question, Routing, holds};
use forebay_sdk::handler::DecisionRecord;
use forebay_sdk::workflow::StartRequest;
use forebay_sdk::{Error, Field, Timestamp, Value};

use super::Steps;
use super::checks::Standing;
use super::items::table;
use crate::state::{Item, Phase, Review};

/// By whom a request counts as approved that needs no decision.
const AUTO_APPROVE: &str = "auto_approve";

impl Steps<'_> {
    // ---- May it be shared? ----------------------------------------------------------------------

    /// Does the configuration say that a request like this needs no decision? Recipients under
    /// `deny_unless_legal` always need one.
    pub(crate) fn approves_itself(&self, review: &Review, standing: &Standing) -> bool {
        let all_pass = review.items.iter().all(Item::passes);
        let facts = self.facts(&review.wish, &standing.classes, "request", all_pass);
        let auto = self.config.auto_approve.as_ref();
        auto.is_some_and(|auto| holds(&auto.when, &facts)) && !standing.needs_legal
    }

    pub(crate) fn note_auto_approval(&self, review: &mut Review) {
        let mut record = DecisionRecord::new("auto-approved", "system");
        record.rule = Some(AUTO_APPROVE.to_owned());
        self.cx.decision(&record);
        review.approved_by.push(AUTO_APPROVE.to_owned());
    }

    /// Ask the reviewers, for a reason if they were asked before, and show them the table of checks.
    pub(crate) fn ask_reviewers(
        &self,
        review: &mut Review,
        standing: &Standing,
        why: Option<&str>,
    ) -> Result<(), Error> {
        review.round += 1;
        let questions = self.questions(review, standing, "review", "Decide about a share", why);
        self.ask_for_approval(review, questions)?;
        let shown = [Field::new("checks", table(review))];
        review.desk.show(self.cx, &shown)
    }

    /// Those who would be asked again learn that there is nothing left to decide about.
    pub(crate) fn tell_reviewers_why_not(
        &self,
        review: &Review,
        standing: &Standing,
        why: &str,
    ) -> Result<(), Error> {
        let facts = self.facts(&review.wish, &standing.classes, "request", false);
        let group = self.deciding_group(&facts);
        let what = format!("changed-{}", review.round);
        let text = format!("Nothing is shared any more: {why}\n{}", table(review));
        self.inform("", group, &what, "A share was not made", &text)
    }

    /// What was asked no longer holds.
    pub(crate) fn withdraw_questions(&self, review: &mut Review) -> Result<(), Error> {
        let asked: Vec<_> = review.awaited.iter().map(String::as_str).collect();
        review.desk.withdraw(self.cx, &asked)
    }

    // ---- May it longer? -------------------------------------------------------------------------

    /// Ask whether the link may work until then.
    pub(crate) fn ask_extension(&self, review: &mut Review, until: Timestamp) -> Result<(), Error> {
        review.round += 1;
        review.approved_by.clear();
        let standing = self.standing(&review.wish)?;
        let title = format!("Let a link work until {}", self.date_of(until)?);
        let questions = self.questions(review, &standing, "extension", &title, None);
        self.ask_for_approval(review, questions)?;
        review.phase = Phase::Extending(until);
        Ok(())
    }

    // ---- Asking ---------------------------------------------------------------------------------

    fn ask_for_approval(&self, review: &mut Review, questions: Vec<Question>) -> Result<(), Error> {
        let ids = questions.iter().map(|question| question.id.clone());
        review.awaited = ids.collect();
        self.ask(review, questions)
    }

    /// Ask people: in the process there is, or in a new one.
    pub(super) fn ask(&self, review: &mut Review, questions: Vec<Question>) -> Result<(), Error> {
        let rules = self.rules();
        if review.desk.is_open() {
            return review.desk.ask(self.cx, &rules, questions);
        }
        let definition = self.config.process.definition.as_str();
        let title = format!("Share: {}", review.wish.purpose);
        let request = StartRequest::new(definition, self.process_key(review.round), title.trim())
            .variable("recipient", Value::Texts(review.wish.recipient.0.clone()))
            .variable("assets", Value::Texts(review.wish.assets.clone()));
        review.desk.open(self.cx, &rules, request, questions)
    }

    /// Whoever routing leads to, and the legal group where the recipients' policy wants it.
    fn questions(
        &self,
        review: &Review,
        standing: &Standing,
        kind: &str,
        title: &str,
        why: Option<&str>,
    ) -> Vec<Question> {
        let all_pass = review.items.iter().all(Item::passes);
        let facts = self.facts(&review.wish, &standing.classes, "request", all_pass);
        let mut questions = Vec::new();
        let legal = self.config.legal_group.as_str();
        if let Some((index, rule)) = self.config.routing.decide(&facts) {
            let id = format!("{kind}:{}", review.round);
            let name = format!("share-{kind}");
            let rule_name = Routing::rule_name(index);
            questions.push(Question::routed(&id, &name, &rule.to, &rule_name));
            if standing.needs_legal && rule.to.group != legal {
                let id = format!("legal:{}", review.round);
                let mut question = Question::to_group(&id, "share-legal", legal).sla(rule.to.sla);
                question.rule = Some("recipients.policy = deny_unless_legal".to_owned());
                questions.push(question);
            }
        }
        let excluded = self.config.person(&review.wish.requester);
        let excluded = excluded.filter(|_| self.config.four_eyes);
        let text = self.question_text(review, standing, why);
        let fitted = questions.into_iter().map(|question| {
            question
                .title(title)
                .text(text.as_str())
                .outcomes(&["approve", "refuse"])
                .form("refuse", "Assets to leave out (ids)", false)
                .form("watermark", "A watermark is a condition", false)
                .form("download", "Downloads: none, proxy or original", false)
                .form("credit", "Credit line", false)
                .form("until", "Last day of the link", false)
                .exclude(excluded.clone())
        });
        fitted.collect()
    }

    fn question_text(&self, review: &Review, standing: &Standing, why: Option<&str>) -> String {
        let wish = &review.wish;
        let mut text = String::new();
        if let Some(why) = why {
            let _ = writeln!(text, "No link was made. Asked again: {why}.");
        }
        let recipients = wish.recipient.0.join(", ");
        let classes = standing.classes.join(", ");
        let _ = writeln!(text, "Recipients: {recipients} ({classes})");
        if standing.needs_legal {
            let legal = &self.config.legal_group;
            let _ = writeln!(text, "Nothing is shared unless {legal} agrees as well.");
        }
        let _ = writeln!(text, "Purpose: {}", wish.purpose);
        let _ = writeln!(text, "Channels: {}", wish.channel.0.join(", "));
        let _ = writeln!(text, "Territories: {}", wish.territory.0.join(", "));
        let from = wish.from.as_deref().unwrap_or("at once");
        let until = wish.until.as_deref().unwrap_or("as configured");
        let _ = writeln!(text, "From {from} until {until}");
        text.push_str(&table(review));
        text
    }
}
