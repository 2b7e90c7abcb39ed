//! What a decision about ending rights leads to, or why it is not taken.

use forebay_sdk::assets::{Asset, AssetStatus, AssetUpdate};
use forebay_sdk::blocks::{Answer, Question, end_of, field_update, present, text_or_none};
use forebay_sdk::{Error, Step, Timestamp, Value};

use crate::config::Decision;
use crate::course::{Course, Next};
use crate::rights::{self, End};
use crate::state::{Phase, Review, State};

/// What came of an answer.
enum Ruling {
    /// It cannot be taken, for this reason; the question is asked again.
    Refused(String),
    /// It was taken.
    Taken(Box<Step<State>>),
}

fn refused(why: impl Into<String>) -> Result<Ruling, Error> {
    Ok(Ruling::Refused(why.into()))
}

impl Course<'_> {
    /// People answered.
    pub(super) fn decide(&self, mut review: Review, asset: &Asset, answers: Vec<Answer>) -> Next {
        for answer in answers {
            let record = self.about(answer.record(&review.desk.process), &review.subject);
            self.cx.decision(&record);
            let ruling = match &review.phase {
                Phase::SecondPerson(first) => {
                    let first = first.clone();
                    self.second_person(&mut review, asset, &first, &answer)?
                }
                Phase::Deciding => self.first_person(&mut review, asset, &answer)?,
                _ => continue,
            };
            match ruling {
                Ruling::Taken(step) => return Ok(*step),
                Ruling::Refused(why) => self.ask_again(&mut review, asset, &answer, &why)?,
            }
        }
        self.go_on(review, asset)
    }

    fn ask_again(
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

    fn first_person(
        &self,
        review: &mut Review,
        asset: &Asset,
        answer: &Answer,
    ) -> Result<Ruling, Error> {
        let offered = self.config.decisions.iter();
        let Some(decision) = offered.copied().find(|way| way.word() == answer.outcome) else {
            return refused(format!("`{}` is no decision here", answer.outcome));
        };
        match decision {
            Decision::Renew => self.renew(review, asset, answer),
            Decision::Replace => self.replace(review, asset, answer),
            Decision::Remove => self.remove(review, asset, answer),
            Decision::LetExpire => self.at_end(review, asset, "expired", &[]),
            Decision::Delete if self.config.delete.approvals < 2 => {
                let people = vec![answer.actor().to_owned()];
                self.begin_grace(review, asset, people)
            }
            Decision::Delete => {
                let first = answer.actor().to_owned();
                let question = self.second_question(review, asset, &first, None);
                review.desk.ask(self.cx, &self.rules(), vec![question])?;
                review.phase = Phase::SecondPerson(first);
                Ok(Ruling::Taken(Box::new(self.wait(review.clone())?)))
            }
        }
    }

    // ---- Renew ----------------------------------------------------------------------------------

    fn renew(&self, review: &mut Review, asset: &Asset, answer: &Answer) -> Result<Ruling, Error> {
        let Some(text) = answer.text("newDate") else {
            return refused("a renewal needs the new end of the rights");
        };
        let Ok(end) = end_of(self.cx, &self.config.calendar, &Value::text(&text)) else {
            return refused(format!("`{text}` is not a date like 2027-12-31"));
        };
        if end <= self.cx.now() {
            return refused(format!("the new end {text} lies in the past"));
        }
        if end <= review.end {
            let old = self.date_of(review.end)?;
            return refused(format!(
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
        self.start_review(&asset.id, end)?;
        let summary = format!("renewed until {date} by {}", answer.actor());
        self.settle(review, "renewed", &summary)
    }

    /// Every date that ended with the review moves to the new end.
    fn renewal(&self, review: &Review, asset: &Asset, end: Timestamp, date: &str) -> AssetUpdate {
        let mut update = field_update(&self.config.fields, &[("rights_status", "renewed".into())]);
        if let End::At(_, dates) = rights::end(self.cx, self.config, asset) {
            for (field, at) in dates {
                if at > review.end {
                    continue;
                }
                update = if field == crate::config::DAM_EXPIRY {
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

    // ---- Replace, remove ------------------------------------------------------------------------

    fn replace(
        &self,
        review: &mut Review,
        asset: &Asset,
        answer: &Answer,
    ) -> Result<Ruling, Error> {
        let Some(id) = answer.text("replacement") else {
            return refused("a replacement needs the id of the asset that takes over");
        };
        let Some(successor) = present(self.cx, &id)? else {
            return refused(format!("there is no asset `{id}`"));
        };
        let wanted = &self.config.replacement;
        if wanted.must_be_approved && successor.status != AssetStatus::Approved {
            return refused(format!("`{}` is not approved", successor.name));
        }
        match rights::end(self.cx, self.config, &successor) {
            End::Open => {}
            End::At(end, _) if end > review.end => {}
            _ => {
                return refused(format!(
                    "the rights of `{}` do not reach beyond the old end",
                    successor.name
                ));
            }
        }
        self.take_over(asset, &successor)?;
        let fields = [
            ("replacement_asset", Value::text(&id)),
            (
                "replacement_instruction",
                text_or_none(answer.text("instruction").unwrap_or_default()),
            ),
        ];
        self.at_end(review, asset, "replaced", &fields)
    }

    fn remove(&self, review: &mut Review, asset: &Asset, answer: &Answer) -> Result<Ruling, Error> {
        if answer.text("when").as_deref() == Some("at-end") {
            return self.at_end(review, asset, "removed", &[]);
        }
        let by = answer.actor();
        self.take_out(asset, &format!("removed by {by}"))?;
        self.settle(review, "removed", &format!("removed by {by}"))
    }

    /// The rest happens at the end of the rights; it may have passed already.
    fn at_end(
        &self,
        review: &mut Review,
        asset: &Asset,
        outcome: &str,
        fields: &[(&str, Value)],
    ) -> Result<Ruling, Error> {
        let mut fields = fields.to_vec();
        fields.push(("rights_status", "expiring".into()));
        self.write_fields(asset, &fields)?;
        review.phase = Phase::AtEnd(outcome.to_owned());
        review.desk.close(self.cx, outcome)?;
        review.desk = forebay_sdk::blocks::Desk::default();
        let step = if review.ended {
            let now = self.cx.assets().get(&asset.id)?;
            self.carry_out_at_end(review.clone(), &now, outcome)?
        } else {
            self.wait(review.clone())?
        };
        Ok(Ruling::Taken(Box::new(step)))
    }

    // ---- Delete ---------------------------------------------------------------------------------

    fn second_question(
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

    fn second_person(
        &self,
        review: &mut Review,
        asset: &Asset,
        first: &str,
        answer: &Answer,
    ) -> Result<Ruling, Error> {
        match answer.outcome.as_str() {
            "approve" if !answer.is_by_another_than(first) => refused(format!(
                "{first} asked for the deletion and cannot agree to it too"
            )),
            "approve" => {
                let people = vec![first.to_owned(), answer.actor().to_owned()];
                self.begin_grace(review, asset, people)
            }
            _ => {
                review.phase = Phase::Deciding;
                let why = format!("{} does not agree to the deletion", answer.actor());
                let question = self.question(review, asset, Some(&why))?;
                review.desk.ask(self.cx, &self.rules(), vec![question])?;
                Ok(Ruling::Taken(Box::new(self.wait(review.clone())?)))
            }
        }
    }

    fn begin_grace(
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
        review.desk = forebay_sdk::blocks::Desk::default();
        review.phase = Phase::Grace { people, until };
        Ok(Ruling::Taken(Box::new(self.wait(review.clone())?)))
    }

    /// The review has done its work.
    fn settle(&self, review: &mut Review, outcome: &str, summary: &str) -> Result<Ruling, Error> {
        review.desk.close(self.cx, outcome)?;
        let state = State::Review(Box::new(review.clone()));
        Ok(Ruling::Taken(Box::new(Step::complete(
            state, outcome, summary,
        ))))
    }
}
