//! For whom, and what for? What a request says about it, and asking for what it does not.

use forebay_sdk::blocks::{Answer, Desk, OneOrMany, Question};
use forebay_sdk::{Delivery, Error, FieldsExt, Value};

use super::Steps;
use super::ask::{Ask, Wish, ask_of, window};
use crate::state::{Phase, Review};

/// Name of the task that asks for whom and what for.
const DETAILS: &str = "share-details";

impl Steps<'_> {
    /// What a person wrote into the form of a process in the workflow engine; it becomes the desk.
    pub(crate) fn read_form(&self, process: &str) -> Result<Review, Error> {
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
        Ok(Review {
            wish,
            desk: Desk::of_process(process),
            ..Review::default()
        })
    }

    // ---- The staging collection -----------------------------------------------------------------

    /// The first asset that somebody put into the staging collection; others are gathered for a while.
    pub(crate) fn begin_gathering(&self, asset: String, by: &str) -> Review {
        let requester = self.config.person(by).unwrap_or_default();
        let until = self.cx.now() + window(self.config);
        Review {
            wish: staged_wish(asset, requester),
            phase: Phase::Gathering(until),
            ..Review::default()
        }
    }

    /// The asset that a delivery puts into the staging collection besides those of the request.
    pub(crate) fn one_more(&self, review: &Review, delivery: &Delivery) -> Option<String> {
        let Delivery::Event(incoming) = delivery else {
            return None;
        };
        if incoming.event.kind != "collection.added" {
            return None;
        }
        match ask_of(self.config, delivery) {
            Ok(Ask::Staged(asset, _, _)) => {
                Some(asset).filter(|asset| !review.wish.assets.contains(asset))
            }
            _ => None,
        }
    }

    /// Take an asset into the request. Too late for this one: it becomes another.
    pub(crate) fn gather(&self, review: &mut Review, asset: String) -> Result<(), Error> {
        if matches!(review.phase, Phase::Gathering(_) | Phase::Details) {
            review.wish.assets.push(asset);
            return Ok(());
        }
        let key = format!("{}:{asset}", self.cx.business_key());
        let wish = staged_wish(asset, review.wish.requester.clone());
        self.cx.spawn(self.cx.flow(), &key, &wish).map(drop)
    }

    // ---- What is missing ------------------------------------------------------------------------

    /// What a wish does not say, or not in a way that can be read.
    pub(crate) fn missing(&self, wish: &Wish) -> Vec<String> {
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

    /// Ask whoever wants the share, or those who would decide, for what is missing.
    pub(crate) fn ask_details(&self, review: &mut Review, missing: &[String]) -> Result<(), Error> {
        review.round += 1;
        let id = format!("details:{}", review.round);
        let question = match self.config.person(&review.wish.requester) {
            Some(person) => Question::to_person(&id, DETAILS, &person),
            None => {
                let facts = self.facts(&review.wish, &[], "request", false);
                Question::to_group(&id, DETAILS, self.deciding_group(&facts))
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
}

impl Wish {
    /// Take in what was said about it.
    pub(crate) fn fill_in(&mut self, answer: &Answer) {
        let fill = |list: &mut Vec<String>, name: &str| {
            let given = answer.texts(name);
            if !given.is_empty() {
                *list = given;
            }
        };
        fill(&mut self.assets, "assets");
        fill(&mut self.recipient.0, "recipient");
        fill(&mut self.channel.0, "channel");
        fill(&mut self.territory.0, "territory");
        self.purpose = answer.text("purpose").unwrap_or_default();
        self.from = answer.text("from");
        self.until = answer.text("until");
        if self.requester.is_empty() {
            answer.actor().clone_into(&mut self.requester);
        }
    }
}

fn staged_wish(asset: String, requester: String) -> Wish {
    Wish {
        assets: vec![asset],
        requester,
        ..Wish::default()
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
pub(super) fn is_yes(word: &str) -> bool {
    ["yes", "true", "1", "on"].contains(&word.trim().to_lowercase().as_str())
}
