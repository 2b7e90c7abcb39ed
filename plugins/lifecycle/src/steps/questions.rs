//! What people are asked about the assets of a review, and who they are.

use forebay_sdk::blocks::{Facts, Question, Routing, can_be_asked};
use forebay_sdk::handler::interfaces;
use forebay_sdk::time::DAY;
use forebay_sdk::workflow::{PrincipalKind, StartRequest};
use forebay_sdk::{Error, Timestamp};

use super::Steps;
use crate::DAM;
use crate::config::policy::{Action, Policy};
use crate::state::Review;

/// Most assets a question names one by one.
const NAMED: usize = 200;
/// Most assets whose use a question shows: each is a call to the vendor.
const USAGE_SHOWN: usize = 20;
/// How far back use is counted for people.
const USAGE_WINDOW: Timestamp = 365 * DAY;

impl Steps<'_> {
    /// Ask who decides about the assets.
    pub(crate) fn ask_what_becomes_of_them(&self, review: &mut Review) -> Result<(), Error> {
        review.shown = review.items.0.len();
        let question = self.question(review, None)?;
        let mut record = self.record("routed", review);
        record.rule.clone_from(&question.rule);
        let to = question.assignee.clone().or(question.group.clone());
        record.comment = to.map(|to| format!("{to} decides"));
        self.cx.decision(&record);
        self.pose(review, question)
    }

    /// Ask a question in the process of the review, which is started where there is none.
    pub(super) fn pose(&self, review: &mut Review, question: Question) -> Result<(), Error> {
        if review.desk.is_open() {
            return review.desk.ask(self.cx, &self.rules(), vec![question]);
        }
        let title = review.subject();
        let definition = &self.config.process.definition;
        let mut request = StartRequest::new(definition, self.cx.business_key(), &title)
            .variable("title", title.as_str())
            .variable("policy", review.unit.policy.as_str())
            .variable("assetCount", review.items.0.len() as i64);
        if let [only] = review.items.0.as_slice() {
            request = request.variable("assetId", only.id.as_str());
        }
        let desk = &mut review.desk;
        desk.open(self.cx, &self.rules(), request, vec![question])
    }

    /// The next question about all assets; `refused` says why the last answer was not taken.
    pub(super) fn question(
        &self,
        review: &mut Review,
        refused: Option<&str>,
    ) -> Result<Question, Error> {
        review.round += 1;
        let policy = self.policy(review)?;
        let id = format!("decide:{}", review.round);
        let mut outcomes = vec!["archive", "extend", "delete", "evergreen"];
        if policy.leads_to() == Action::Expire {
            outcomes.insert(0, "expire");
        }
        let text = self.situation(review, policy, refused)?;
        Ok(self
            .addressed(review, review.owner.as_deref(), &id, "Lifecycle review")?
            .title(format!("What becomes of {}?", review.title()))
            .text(text)
            .outcomes(&outcomes)
            .form("archive", "Ids of assets to archive instead", false)
            .form("extend", "Ids of assets to extend instead", false)
            .form("delete", "Ids of assets to delete instead", false)
            .form(
                "evergreen",
                "Ids of assets to keep as evergreen instead",
                false,
            )
            .form(
                "confirm",
                "Ids of assets that go although a running campaign uses them",
                false,
            )
            .form("until", "New end (to extend)", false)
            .form("reason", "Reason (to extend)", false)
            .form("comment", "Comment", false))
    }

    /// A question to the owner, where the engine knows them, or to where the routing leads.
    pub(super) fn addressed(
        &self,
        review: &Review,
        owner: Option<&str>,
        id: &str,
        name: &str,
    ) -> Result<Question, Error> {
        if let Some(owner) = owner {
            let (kind, person) = if owner.contains('@') {
                (PrincipalKind::User, true)
            } else {
                (PrincipalKind::Group, false)
            };
            if can_be_asked(self.cx, kind, owner)? {
                let mut question = if person {
                    Question::to_person(id, name, owner)
                } else {
                    Question::to_group(id, name, owner)
                };
                question.rule = Some(format!("owner of policy {}", review.unit.policy));
                return Ok(question.sla(self.config.review.sla));
            }
        }
        let mut facts = Facts::new();
        facts.insert("policy".to_owned(), vec![review.unit.policy.clone()]);
        if let Some(asset) = review.items.0.first()
            && let Some(asset) = self.present(&asset.id)?
        {
            let subjects = self
                .config
                .routing
                .0
                .iter()
                .flat_map(|rule| rule.when.keys());
            for subject in subjects.filter(|subject| *subject != "policy") {
                let texts = self.config.fields.texts(&asset.fields, subject);
                facts.insert(subject.clone(), texts);
            }
        }
        let (index, rule) = self
            .config
            .routing
            .decide(&facts)
            .ok_or_else(|| Error::invalid("no rule says who decides").with_field("routing"))?;
        Ok(Question::routed(
            id,
            name,
            &rule.to,
            &Routing::rule_name(index),
        ))
    }

    /// What people must know, in words.
    fn situation(
        &self,
        review: &Review,
        policy: &Policy,
        refused: Option<&str>,
    ) -> Result<String, Error> {
        let count = review.items.0.len();
        let mut lines: Vec<String> = refused
            .map(|why| format!("The last answer was not taken: {why}."))
            .into_iter()
            .collect();
        let proposal = policy.leads_to().word();
        lines.push(format!(
            "Policy {}: {count} assets; proposal: {proposal}. Your answer counts for all that you do \
             not name with another action.",
            policy.name
        ));
        if review.unit.extensions > 0 {
            let (done, most) = (review.unit.extensions, self.config.actions.extend.times);
            lines.push(format!("Extended {done} of at most {most} times."));
        }
        for item in &review.items.0 {
            if let Some(campaign) = review.also_used.get(&item.id) {
                lines.push(format!(
                    "{} {}: used by the running campaign \"{campaign}\"; proposal: keep. It is left \
                     out unless you confirm it.",
                    item.id, item.name
                ));
            }
        }
        let usage = self.cx.available(DAM, interfaces::USAGE);
        for (index, item) in review.items.0.iter().take(NAMED).enumerate() {
            let used = if usage && index < USAGE_SHOWN {
                self.used(&item.id)?
            } else {
                String::new()
            };
            lines.push(format!("{} {}{used}", item.id, item.name));
        }
        if count > NAMED {
            lines.push(format!("and {} more", count - NAMED));
        }
        Ok(lines.join("\n"))
    }

    /// How an asset was used, and when its rights end.
    fn used(&self, id: &str) -> Result<String, Error> {
        let since = self.cx.now() - USAGE_WINDOW;
        let usage = match self.cx.usage().report(id, since) {
            Err(error) if error.is_unsupported() || error.is_not_found() => {
                return Ok(String::new());
            }
            other => other?,
        };
        let mut words = format!(
            ": {} views, {} downloads, {} shares within a year",
            usage.views, usage.downloads, usage.shares
        );
        if let Some(asset) = self.present(id)? {
            if let Some(end) = asset.expires_at {
                words.push_str(&format!(", rights until {}", self.date_of(end)?));
            }
            if self.config.legal_hold.is_set(&self.config.fields, &asset) {
                words.push_str(", on legal hold");
            }
        }
        Ok(words)
    }
}
