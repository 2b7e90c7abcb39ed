//! Carrying out what people decide about an end of rights, or why an answer is not taken.

use forebay_sdk::assets::{Asset, AssetStatus, AssetUpdate};
use forebay_sdk::blocks::{Answer, Desk, Question, end_of, field_update, present, text_or_none};
use forebay_sdk::{Error, Timestamp, Value};

use super::Steps;
use super::rights::{self, End};
use crate::config::DAM_EXPIRY;
use crate::state::{Phase, Review};

/// What came of an answer.
pub(crate) enum Ruling {
    /// It cannot be taken, for this reason.
    NotTaken(String),
    /// The review has done its work: outcome and summary.
    Done(&'static str, String),
    /// The rest happens at the end of the rights, with this outcome; it may have passed already.
    AtEnd(&'static str),
    /// The review goes on.
    Wait,
}

impl Ruling {
    pub(crate) fn not_taken(why: impl Into<String>) -> Result<Self, Error> {
        Ok(Self::NotTaken(why.into()))
    }
}

impl Steps<'_> {
    // ---- Renew ----------------------------------------------------------------------------------

    /// The rights go on until a new date, which must be later than the old one.
    pub(crate) fn renew(
        &self,
        review: &Review,
        asset: &Asset,
        answer: &Answer,
    ) -> Result<Ruling, Error> {
        let Some(text) = answer.text("newDate") else {
            return Ruling::not_taken("a renewal needs the new end of the rights");
        };
        let Ok(end) = end_of(self.cx, &self.config.calendar, &Value::text(&text)) else {
            return Ruling::not_taken(format!("`{text}` is not a date like 2027-12-31"));
        };
        if end <= self.cx.now() {
            return Ruling::not_taken(format!("the new end {text} lies in the past"));
        }
        if end <= review.end {
            let old = self.date_of(review.end)?;
            return Ruling::not_taken(format!(
                "the new end {text} is not later than the old one, {old}"
            ));
        }
        let date = self.date_of(end)?;
        let mut update = self.renewal(review, asset, end, &date);
        update = update.field(
            self.config.fields.name("renewal_reference"),
            text_or_none(answer.text("reference").unwrap_or_default()),
        );
        let territories = answer.texts("territories");
        if !territories.is_empty() {
            let name = self.config.fields.name("territories");
            update = update.field(name, Value::Texts(territories));
        }
        if review.restricted_at.is_some() && asset.status == AssetStatus::Restricted {
            // It was kept back for nothing but its rights.
            update = update.status(AssetStatus::Approved);
        }
        self.write(asset, &update)?;
        self.start_review(asset, end)?;
        let summary = format!("renewed until {date} by {}", answer.actor());
        Ok(Ruling::Done("renewed", summary))
    }

    /// Every date that ended with the review moves to the new end.
    fn renewal(&self, review: &Review, asset: &Asset, end: Timestamp, date: &str) -> AssetUpdate {
        let mut update = field_update(&self.config.fields, &[("rights_status", "renewed".into())]);
        if let End::At(_, dates) = rights::end(self.cx, self.config, asset) {
            for (field, at) in dates {
                if at > review.end {
                    continue;
                }
                update = if field == DAM_EXPIRY {
                    update.expires_at(end)
                } else {
                    update.field(
                        self.config.fields.name(&field),
                        Value::Date(date.to_owned()),
                    )
                };
            }
        }
        if asset.expires_at.is_some() {
            update = update.expires_at(end);
        }
        update
    }

    // ---- At the end -----------------------------------------------------------------------------

    /// Another asset takes its place; it must be there, approved, and hold rights for longer.
    pub(crate) fn replace(
        &self,
        review: &mut Review,
        asset: &Asset,
        answer: &Answer,
    ) -> Result<Ruling, Error> {
        let Some(id) = answer.text("replacement") else {
            return Ruling::not_taken("a replacement needs the id of the asset that takes over");
        };
        let Some(successor) = present(self.cx, &id)? else {
            return Ruling::not_taken(format!("there is no asset `{id}`"));
        };
        let wanted = &self.config.replacement;
        if wanted.must_be_approved && successor.status != AssetStatus::Approved {
            return Ruling::not_taken(format!("`{}` is not approved", successor.name));
        }
        match rights::end(self.cx, self.config, &successor) {
            End::Open => {}
            End::At(end, _) if end > review.end => {}
            _ => {
                return Ruling::not_taken(format!(
                    "the rights of `{}` do not reach beyond the old end",
                    successor.name
                ));
            }
        }
        self.take_over(asset, &successor)?;
        let fields = vec![
            ("replacement_asset", Value::text(&id)),
            (
                "replacement_instruction",
                text_or_none(answer.text("instruction").unwrap_or_default()),
            ),
        ];
        self.plan_end(review, asset, "replaced", fields)
    }

    /// Nothing more happens until the end of the rights; that is noted, with further fields.
    pub(crate) fn plan_end(
        &self,
        review: &mut Review,
        asset: &Asset,
        outcome: &'static str,
        mut fields: Vec<(&str, Value)>,
    ) -> Result<Ruling, Error> {
        fields.push(("rights_status", "expiring".into()));
        self.write_fields(asset, &fields)?;
        review.phase = Phase::AtEnd(outcome.to_owned());
        review.desk.close(self.cx, outcome)?;
        review.desk = Desk::default();
        Ok(Ruling::AtEnd(outcome))
    }

    // ---- Delete ---------------------------------------------------------------------------------

    /// One person wants to delete the asset; a second one must agree.
    pub(crate) fn ask_second_person(
        &self,
        review: &mut Review,
        asset: &Asset,
        first: &str,
    ) -> Result<Ruling, Error> {
        let question = self.second_question(review, asset, first, None);
        review.desk.ask(self.cx, &self.rules(), vec![question])?;
        review.phase = Phase::SecondPerson(first.to_owned());
        Ok(Ruling::Wait)
    }

    /// The second person does not agree: the first question is open again.
    pub(crate) fn ask_first_person_again(
        &self,
        review: &mut Review,
        asset: &Asset,
        why: &str,
    ) -> Result<Ruling, Error> {
        review.phase = Phase::Deciding;
        let question = self.question(review, asset, Some(why))?;
        review.desk.ask(self.cx, &self.rules(), vec![question])?;
        Ok(Ruling::Wait)
    }

    pub(super) fn second_question(
        &self,
        review: &mut Review,
        asset: &Asset,
        first: &str,
        refused: Option<&str>,
    ) -> Question {
        review.round += 1;
        let facts = rights::facts(self.config, asset);
        let decided = self.config.routing.decide(&facts);
        let group = decided.map_or(self.config.fallback_group.as_str(), |(_, rule)| {
            rule.to.group.as_str()
        });
        let mut text = format!("{first} wants to delete the asset. A second person must agree.");
        if let Some(why) = refused {
            text = format!("The last answer was not taken: {why}.\n{text}");
        }
        let id = format!("delete:{}", review.round);
        let question = Question::to_group(&id, "Agree to delete", group)
            .title(format!("Delete \"{}\"?", asset.name))
            .text(text)
            .outcomes(&["approve", "reject"])
            .exclude([first.to_owned()]);
        match decided {
            Some((_, rule)) => question.sla(rule.to.sla),
            None => question,
        }
    }

    /// Everybody agreed to delete the asset: it is out of use until it is deleted.
    pub(crate) fn begin_grace(
        &self,
        review: &mut Review,
        asset: &Asset,
        people: Vec<String>,
    ) -> Result<Ruling, Error> {
        let grace = self.config.delete.grace;
        let until = grace.after(self.cx, &self.config.calendar, self.cx.now(), 100)?;
        self.keep_back(
            asset,
            &format!("it will be deleted, as {} agreed", people.join(" and ")),
        )?;
        let now = self.cx.assets().get(&asset.id)?;
        let date = self.cx.local_date(&self.config.calendar.zone, until)?;
        let request = format!("to be deleted on {date}: {}", people.join(", "));
        let fields = [
            ("rights_status", "removed".into()),
            ("deletion_request", Value::Text(request)),
        ];
        self.write_fields(&now, &fields)?;
        review.desk.close(self.cx, "deletion-pending")?;
        review.desk = Desk::default();
        review.phase = Phase::Grace { people, until };
        Ok(Ruling::Wait)
    }
}
