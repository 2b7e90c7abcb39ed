//! The beginning of a request: which assets, for whom, what for. What is missing is asked.

use forebay_sdk::blocks::{Answer, OneOrMany, Question};
use forebay_sdk::handler::EffectMode;
use forebay_sdk::workflow::StartRequest;
use forebay_sdk::{Delivery, Error, FieldsExt, Step, Timestamp, Value};

use crate::course::{Course, Next};
use crate::request::{Wish, window};
use crate::state::{Phase, Review};

/// Name of the task that asks for whom and what for.
const DETAILS: &str = "share-details";

impl Course<'_> {
    pub(crate) fn begin_wish(&self, wish: Wish) -> Next {
        self.gathered(Review {
            wish,
            ..Review::default()
        })
    }

    /// A person filled in the form of a process in the workflow engine: it becomes the desk.
    pub(crate) fn begin_form(&self, process: &str) -> Next {
        let found = self.cx.workflow().get(process)?;
        let text = |name: &str| found.variables.value(name).map(Value::to_plain);
        let list = |name: &str| match found.variables.value(name) {
            Some(Value::Texts(texts)) => texts.clone(),
            _ => split(&text(name).unwrap_or_default()),
        };
        let date = |name: &str| text(name).filter(|date| !date.is_empty());
        let wish = Wish {
            assets: list("assets"),
            recipient: OneOrMany(list("recipient")),
            purpose: text("purpose").unwrap_or_default(),
            channel: OneOrMany(list("channel")),
            territory: OneOrMany(list("territory")),
            from: date("from"),
            until: date("until"),
            original: text("original").is_some_and(|word| is_yes(&word)),
            requester: text("requester").unwrap_or_default(),
            reference: String::new(),
        };
        self.gathered(Review {
            wish,
            desk: forebay_sdk::blocks::Desk::of_process(process),
            ..Review::default()
        })
    }

    /// An asset was put into the staging collection; others may follow.
    pub(crate) fn begin_staged(&self, asset: String, by: &str) -> Next {
        let wish = Wish {
            assets: vec![asset],
            requester: self.config.person(by).unwrap_or_default(),
            ..Wish::default()
        };
        let until = self.cx.now() + window(self.config);
        self.wait(Review {
            wish,
            phase: Phase::Gathering(until),
            ..Review::default()
        })
    }

    /// One more asset in the staging collection. Too late for this request: it becomes another.
    pub(crate) fn one_more(&self, mut review: Review, asset: &str) -> Next {
        let known = review.wish.assets.iter().any(|other| other == asset);
        match review.phase {
            _ if known => {}
            Phase::Gathering(_) | Phase::Details => review.wish.assets.push(asset.to_owned()),
            _ => {
                let wish = Wish {
                    assets: vec![asset.to_owned()],
                    requester: review.wish.requester.clone(),
                    ..Wish::default()
                };
                let key = format!("{}:{asset}", self.cx.business_key());
                self.cx.spawn(self.cx.flow(), &key, &wish)?;
            }
        }
        self.wait(review)
    }

    /// All assets are known. For whom, what for?
    pub(crate) fn gathered(&self, mut review: Review) -> Next {
        let missing = self.missing(&review.wish);
        if missing.is_empty() {
            review.phase = Phase::Reviewing;
            return self.begin_round(review, None);
        }
        review.phase = Phase::Details;
        self.ask_details(&mut review, &missing)?;
        if self.cx.mode() == EffectMode::Observe {
            let summary = "the missing details would have been asked for";
            return Ok(Step::complete(review.state(), "observed", summary));
        }
        self.wait(review)
    }

    /// What a wish does not say, or not in a way that can be read.
    fn missing(&self, wish: &Wish) -> Vec<String> {
        let mut missing = Vec::new();
        let mut need = |given: bool, what: &str| {
            if !given {
                missing.push(what.to_owned());
            }
        };
        need(!wish.assets.is_empty(), "which assets");
        need(
            !wish.recipient.0.is_empty() && wish.recipient.0.iter().all(|to| to.contains('@')),
            "mail addresses of the recipients",
        );
        need(!wish.purpose.is_empty(), "what for");
        need(!wish.channel.0.is_empty(), "which channels");
        need(!wish.territory.0.is_empty(), "which territories");
        for date in [&wish.from, &wish.until].into_iter().flatten() {
            let readable = self.end_of_date(date).is_ok();
            need(
                readable,
                &format!("a date like 2027-12-31 instead of `{date}`"),
            );
        }
        if let Some(Ok(until)) = wish.until.as_deref().map(|date| self.end_of_date(date)) {
            let begins = self.begins(wish).unwrap_or_else(|_| self.cx.now());
            need(
                until > begins,
                "a last day that is after the first, and not over",
            );
        }
        missing
    }

    fn ask_details(&self, review: &mut Review, missing: &[String]) -> Result<(), Error> {
        review.round += 1;
        let id = format!("details:{}", review.round);
        let question = match self.config.person(&review.wish.requester) {
            Some(person) => Question::to_person(&id, DETAILS, &person),
            None => {
                let facts = self.facts(&review.wish, &[], "request", false);
                let rule = self.config.routing.decide(&facts);
                let group = rule.map_or(&self.config.fallback_group, |(_, rule)| &rule.to.group);
                Question::to_group(&id, DETAILS, group)
            }
        };
        let question = question
            .title("What are the assets to be shared for?")
            .text(format!(
                "{} assets are to be shared. Still to be said: {}.",
                review.wish.assets.len(),
                missing.join(", ")
            ))
            .outcomes(&["done", "withdraw"])
            .form("assets", "Ids of the assets", false)
            .form("recipient", "Mail addresses of the recipients", true)
            .form("purpose", "What for", true)
            .form("channel", "Channels", true)
            .form("territory", "Territories", true)
            .form("from", "First day of the link", false)
            .form("until", "Last day of the link", false);
        self.ask(review, vec![question])
    }

    /// Somebody said for whom and what for.
    pub(crate) fn detailed(&self, mut review: Review, answer: &Answer) -> Next {
        if answer.outcome == "withdraw" {
            return self.withdraw(review, answer.actor());
        }
        let wish = &mut review.wish;
        let fill = |list: &mut Vec<String>, name: &str| {
            let given = answer.texts(name);
            if !given.is_empty() {
                *list = given;
            }
        };
        fill(&mut wish.assets, "assets");
        fill(&mut wish.recipient.0, "recipient");
        fill(&mut wish.channel.0, "channel");
        fill(&mut wish.territory.0, "territory");
        wish.purpose = answer.text("purpose").unwrap_or_default();
        wish.from = answer.text("from");
        wish.until = answer.text("until");
        if wish.requester.is_empty() {
            answer.actor().clone_into(&mut wish.requester);
        }
        self.gathered(review)
    }

    /// Ask people: in the process there is, or in a new one. The round tells the processes of a run
    /// apart.
    pub(crate) fn ask(&self, review: &mut Review, questions: Vec<Question>) -> Result<(), Error> {
        let rules = self.rules();
        if review.desk.is_open() {
            return review.desk.ask(self.cx, &rules, questions);
        }
        let key = match review.round {
            0 | 1 => self.cx.business_key().to_owned(),
            round => format!("{}:{round}", self.cx.business_key()),
        };
        let title = format!("Share: {}", review.wish.purpose);
        let request = StartRequest::new(self.config.process.definition.as_str(), key, title.trim())
            .variable("recipient", Value::Texts(review.wish.recipient.0.clone()))
            .variable("assets", Value::Texts(review.wish.assets.clone()));
        review.desk.open(self.cx, &rules, request, questions)
    }

    // ---- Deliveries -----------------------------------------------------------------------------

    /// The asset that a delivery puts into the staging collection, if it does.
    pub(crate) fn staged(&self, delivery: &Delivery) -> Option<String> {
        let Delivery::Event(incoming) = delivery else {
            return None;
        };
        if incoming.event.kind != "collection.added" {
            return None;
        }
        match crate::request::ask_of(self.config, delivery) {
            Ok(Ok(crate::request::Ask::Staged(asset, _, _))) => Some(asset),
            _ => None,
        }
    }

    /// The end of the window in which assets are gathered has come.
    pub(crate) fn is_gathered(&self, until: Timestamp) -> bool {
        self.cx.now() >= until
    }
}

fn split(text: &str) -> Vec<String> {
    let parts = text.split([',', '\n']).map(str::trim);
    parts
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Does a form's word mean yes?
pub(crate) fn is_yes(word: &str) -> bool {
    ["yes", "true", "1", "on"].contains(&word.trim().to_lowercase().as_str())
}
