//! The life of a link: its end, a recall, a longer time, other recipients, changes of its assets.

use forebay_sdk::assets::ShareQuery;
use forebay_sdk::blocks::{Answer, Desk, OneOrMany, Question, present};
use forebay_sdk::handler::Signal;
use forebay_sdk::{Error, Field, Step, Timestamp, Value, time};
use serde::Deserialize;

use crate::course::{Course, Next, every_share};
use crate::state::{Link, Phase, Review};

/// What comes with the signals of a request.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wanted {
    /// Last day of the link, of `extend`.
    until: String,
    /// New addresses, of `recipient`.
    recipient: OneOrMany,
    /// Why, of `recall`.
    reason: String,
    /// Who wants it.
    by: String,
}

/// Does a link work?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Working {
    Yes,
    No,
    Unknown,
}

impl Course<'_> {
    // ---- The end --------------------------------------------------------------------------------

    /// The link's time is over: make sure that it is dead.
    pub(crate) fn end(&self, mut review: Review) -> Next {
        let Some(link) = review.link.clone() else {
            return self.wait(review);
        };
        if self.cx.now() < link.until {
            return self.wait(review);
        }
        review.desk.close(self.cx, "ended")?;
        let proof = match self.working(&link)? {
            Working::No => "the DAM shows it as ended",
            Working::Unknown => "the DAM does not list shares; it was made with this end",
            Working::Yes if self.revoke(&link.share)? => "it still worked and was revoked",
            Working::Yes => {
                self.restrict_all(&link, "overdue")?;
                let why = "the link works beyond its end and cannot be revoked; its assets were \
                           restricted";
                self.tell(&format!("{}: {why}", self.cx.business_key()));
                return Ok(Step::park(review.state(), why));
            }
        };
        self.log(&review, "link-ended", "system", proof);
        self.note(&link, "ended")?;
        let (from, until) = (time::to_rfc3339(link.from), time::to_rfc3339(link.until));
        let summary = format!("shared from {from} until {until}; {proof}");
        Ok(Step::complete(review.state(), "shared", summary))
    }

    fn working(&self, link: &Link) -> Result<Working, Error> {
        let query = ShareQuery {
            external_id: Some(link.external_id.clone()),
            ..every_share()
        };
        Ok(match self.shares(&query)? {
            None => Working::Unknown,
            Some(shares) if shares.iter().any(|share| share.active) => Working::Yes,
            Some(_) => Working::No,
        })
    }

    /// An asset of the link may have changed.
    pub(crate) fn look_at_link(&self, mut review: Review) -> Next {
        let Some(link) = review.link.clone() else {
            return self.wait(review);
        };
        if self.cx.now() >= link.until {
            return self.end(review);
        }
        let before = review.items.clone();
        if self.refresh(&mut review)?.is_none() {
            return self.gone(review);
        }
        let mut changes = Vec::new();
        for item in &review.items {
            let was = before.iter().find(|old| old.id == item.id);
            if !link.assets.contains(&item.id) {
                continue;
            }
            let version = was.is_some_and(|old| old.version != item.version);
            if !item.problems.is_empty() {
                changes.push(format!("{}: {}", item.name, item.problems.join("; ")));
            } else if version {
                changes.push(format!("{} has a version nobody reviewed", item.name));
            }
        }
        if changes.is_empty() {
            return self.wait(review);
        }
        self.withhold(review, &changes.join("; "))
    }

    /// What was approved no longer holds: the link goes, and people decide again.
    fn withhold(&self, mut review: Review, why: &str) -> Next {
        let ended = self.kill(&review, "withheld", "system", why)?;
        review.link = None;
        review.desk.close(self.cx, "withheld")?;
        review.desk = Desk::default();
        self.begin_round(review, Some(&format!("{why}; {ended}")))
    }

    // ---- Recall ---------------------------------------------------------------------------------

    /// The link is called back. A second recall changes nothing.
    pub(crate) fn recall(&self, mut review: Review, signal: &Signal) -> Next {
        let wanted: Wanted = signal.data().unwrap_or_default();
        let by = match wanted.by.as_str() {
            "" => signal.sender.as_str(),
            by => by,
        };
        match review.phase {
            Phase::Recalled => return self.wait(review),
            Phase::Shared | Phase::Extending(_) => {}
            _ => return self.withdraw(review, by),
        }
        let ended = self.kill(&review, "recalled", by, &wanted.reason)?;
        review.desk.close(self.cx, "recalled")?;
        review.desk = Desk::default();
        review.round += 1;
        review.awaited.clear();
        review.phase = Phase::Recalled;
        let id = format!("told:{}", review.round);
        let question = match self.config.person(&review.wish.requester) {
            Some(person) => Question::to_person(&id, "share-recall", &person),
            None => Question::to_group(&id, "share-recall", &self.config.fallback_group),
        };
        let recipients = review.wish.recipient.0.join(", ");
        let question = question
            .title("Tell the recipients that a link was recalled")
            .text(format!(
                "{by} recalled it: {}\n{ended}\nRecipients: {recipients}",
                wanted.reason
            ))
            .outcomes(&["done"]);
        self.ask(&mut review, vec![question])?;
        self.tell(&format!(
            "{}: recalled by {by}; {ended}",
            self.cx.business_key()
        ));
        self.wait(review)
    }

    /// The recipients were told.
    pub(crate) fn told(&self, mut review: Review, answer: &Answer) -> Next {
        review.desk.close(self.cx, "recalled")?;
        let summary = format!("recalled; {} told the recipients", answer.actor());
        Ok(Step::complete(review.state(), "recalled", summary))
    }

    /// The request is taken back before there is a link.
    pub(crate) fn withdraw(&self, mut review: Review, by: &str) -> Next {
        review.desk.cancel(self.cx, "withdrawn")?;
        let summary = format!("withdrawn by {by} before there was a link");
        Ok(Step::complete(review.state(), "withdrawn", summary))
    }

    /// An operator ends the run. A link is never left without somebody who sees to its end.
    pub(crate) fn cancel(&self, mut review: Review) -> Next {
        if matches!(review.phase, Phase::Shared | Phase::Extending(_)) {
            self.kill(&review, "recalled", "operator", "the run was cancelled")?;
        }
        review.desk.cancel(self.cx, "cancelled by an operator")?;
        Ok(Step::cancel(review.state(), "cancelled", "by an operator"))
    }

    /// End the link, or restrict its assets where the DAM's API cannot. What was done, in words.
    pub(crate) fn kill(
        &self,
        review: &Review,
        state: &str,
        by: &str,
        why: &str,
    ) -> Result<&'static str, Error> {
        let Some(link) = &review.link else {
            return Ok("There was no link.");
        };
        let ended = if self.revoke(&link.share)? {
            self.note(link, state)?;
            "The link was ended."
        } else {
            self.restrict_all(link, state)?;
            "The DAM's API cannot end the link: its assets were restricted. End it by hand."
        };
        self.log(review, state, by, &format!("{why}; {ended}"));
        Ok(ended)
    }

    fn restrict_all(&self, link: &Link, state: &str) -> Result<(), Error> {
        for id in &link.assets {
            if let Some(asset) = present(self.cx, id)? {
                self.restrict(&asset, state)?;
            }
        }
        Ok(())
    }

    /// Note on the assets what became of the link, where they were not shared again since.
    fn note(&self, link: &Link, state: &str) -> Result<(), Error> {
        for id in &link.assets {
            let Some(asset) = present(self.cx, id)? else {
                continue;
            };
            let runs = self.config.fields.texts(&asset.fields, "share_run");
            if runs.iter().any(|run| run == self.cx.run_id()) {
                self.write_fields(&asset, &[("share_state", state.into())])?;
            }
        }
        Ok(())
    }

    fn log(&self, review: &Review, action: &str, actor: &str, comment: &str) {
        let Some(link) = &review.link else {
            return;
        };
        let inside = |id: &String| link.assets.contains(id);
        for item in review.items.iter().filter(|item| inside(&item.id)) {
            let mut record = self.record(action, item);
            actor.clone_into(&mut record.actor);
            record.comment = Some(comment.to_owned());
            record.details = vec![
                Field::new("share", link.share.as_str()),
                Field::new("until", Value::Timestamp(link.until)),
            ];
            self.cx.decision(&record);
        }
    }

    // ---- A longer time --------------------------------------------------------------------------

    /// Somebody wants the link to work longer: people decide again, briefly.
    pub(crate) fn extend(&self, mut review: Review, signal: &Signal) -> Next {
        let Some(link) = review
            .link
            .clone()
            .filter(|_| review.phase == Phase::Shared)
        else {
            self.tell(&format!(
                "{}: there is no link to extend",
                self.cx.business_key()
            ));
            return self.wait(review);
        };
        let wanted: Wanted = signal.data().unwrap_or_default();
        let Ok(asked) = self.end_of_date(&wanted.until) else {
            let text = format!("`{}` is not a date like 2027-12-31", wanted.until);
            return self.not_extended(review, &text);
        };
        // What a reviewer said about the end is reviewed again.
        review.demands.until = None;
        let until = self.earliest(&review, asked)?;
        if until <= link.until {
            let text = format!(
                "rights, contract and request do not let it work longer than {}",
                time::to_rfc3339(link.until)
            );
            return self.not_extended(review, &text);
        }
        review.round += 1;
        review.approved_by.clear();
        let standing = self.standing(&review.wish)?;
        let title = format!("Let a link work until {}", self.date_of(until)?);
        let questions = self.questions(&review, &standing, "extension", &title, None);
        review.awaited = questions
            .iter()
            .map(|question| question.id.clone())
            .collect();
        self.ask(&mut review, questions)?;
        review.phase = Phase::Extending(until);
        self.wait(review)
    }

    /// The longer time was approved: another link takes over.
    pub(crate) fn extended(&self, mut review: Review, until: Timestamp) -> Next {
        let Some(old) = review.link.clone() else {
            return self.wait(review);
        };
        review.phase = Phase::Shared;
        if self.refresh(&mut review)?.is_none() {
            return self.gone(review);
        }
        let changed = review
            .items
            .iter()
            .any(|item| old.assets.contains(&item.id) && !item.problems.is_empty());
        if changed {
            return self.look_at_link(review);
        }
        let until = self.earliest(&review, until)?;
        self.note_approved(&review, until)?;
        match self.create(&mut review, until)? {
            Err(why) => {
                self.note(&old, "shared")?;
                self.not_extended(review, &why)
            }
            Ok(()) => {
                review.wish.until = Some(self.date_of(until)?);
                // Where it cannot be ended it ends by itself, as was approved.
                self.revoke(&old.share)?;
                self.hand_over(review)
            }
        }
    }

    /// The link stays as it is.
    pub(crate) fn not_extended(&self, mut review: Review, why: &str) -> Next {
        self.log(&review, "not-extended", "system", why);
        if review.desk.is_open() {
            let asked: Vec<_> = review.awaited.iter().map(String::as_str).collect();
            review.desk.withdraw(self.cx, &asked)?;
            review.desk.close(self.cx, "refused")?;
            review.desk = Desk::default();
        }
        for item in &mut review.items {
            let inside = review
                .link
                .as_ref()
                .is_some_and(|link| link.assets.contains(&item.id));
            if inside {
                item.refused = None;
            }
        }
        review.awaited.clear();
        review.phase = Phase::Shared;
        let what = format!("not-extended-{}", review.round);
        let group = self.config.fallback_group.as_str();
        let title = "A link does not work longer";
        self.inform(&review.wish.requester, group, &what, title, why)?;
        self.wait(review)
    }

    // ---- Other recipients -----------------------------------------------------------------------

    /// The addresses changed: what was approved was approved for others.
    pub(crate) fn other_recipient(&self, mut review: Review, signal: &Signal) -> Next {
        let wanted: Wanted = signal.data().unwrap_or_default();
        if wanted.recipient.0.is_empty() || wanted.recipient == review.wish.recipient {
            return self.wait(review);
        }
        review.wish.recipient = wanted.recipient;
        let why = "the recipients changed";
        match review.phase {
            Phase::Gathering(_) | Phase::Details | Phase::Recalled => self.wait(review),
            Phase::Reviewing | Phase::Approved(_) => self.ask_anew(review, why),
            Phase::Shared | Phase::Extending(_) => self.withhold(review, why),
        }
    }
}
