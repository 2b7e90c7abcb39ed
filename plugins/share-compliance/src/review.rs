//! A request from its checks to its decision.

use std::fmt::Write as _;

use forebay_sdk::blocks::{Answer, Question, Reading, Routing, holds, present};
use forebay_sdk::handler::{DecisionRecord, EffectMode};
use forebay_sdk::{Delivery, Error, Field, Step};

use crate::checks::Standing;
use crate::config::OnTimeout;
use crate::course::{CANCEL, Course, Next, about, timed_out};
use crate::details::is_yes;
use crate::state::{Item, Phase, Review};
use crate::{DAM, WORKFLOW};

/// Timer: all staged assets are there.
const GATHERED: &str = "gathered";
/// Timer: the link is made.
const SHARE: &str = "share";
/// Timer: the link has ended.
const END: &str = "end";
/// Timer: deleted assets did not come back.
const GONE: &str = "gone";
/// Signal: give up the process there is and ask anew.
const RESTART: &str = "restart";

impl Course<'_> {
    pub(crate) fn review(&self, review: Review, delivery: &Delivery) -> Next {
        if let Some(asset) = self.staged(delivery)
            && !review.wish.assets.contains(&asset)
        {
            return self.one_more(review, &asset);
        }
        match delivery {
            Delivery::Signal(signal) => match signal.name.as_str() {
                CANCEL => self.cancel(review),
                RESTART => self.restart(review),
                "recall" => self.recall(review, signal),
                "extend" => self.extend(review, signal),
                "recipient" => self.other_recipient(review, signal),
                _ => self.look(review),
            },
            Delivery::Timer(fired) => self.timer(review, &fired.name),
            Delivery::Request(_) | Delivery::Event(_) => self.look(review),
        }
    }

    fn timer(&self, mut review: Review, name: &str) -> Next {
        match (name, &review.phase) {
            (GATHERED, Phase::Gathering(until)) if self.is_gathered(*until) => {
                self.gathered(review)
            }
            (SHARE, Phase::Approved(_)) => self.make_link(review),
            (END, Phase::Shared | Phase::Extending(_)) => self.end(review),
            _ => {
                let alarm = review.desk.alarm(self.cx, &self.rules(), name)?;
                match timed_out(alarm) {
                    Some(question) => self.nobody_decided(review, &question),
                    None => self.look(review),
                }
            }
        }
    }

    fn nobody_decided(&self, review: Review, question: &str) -> Next {
        let why = format!("nobody answered `{question}` in twice its time");
        let undecided = matches!(review.phase, Phase::Reviewing | Phase::Details);
        if undecided && self.config.on_timeout == OnTimeout::Refuse {
            return self.refuse(review, &why);
        }
        Ok(Step::park(review.state(), why))
    }

    /// Something happened: answers first, then the assets.
    fn look(&self, mut review: Review) -> Next {
        if !review.desk.is_open() {
            return self.look_at_assets(review);
        }
        match review.desk.read(self.cx)? {
            Reading::Open(answers) => self.answers(review, answers),
            Reading::Suspended => {
                let why = "the process is suspended in the workflow engine";
                Ok(Step::park(review.state(), why))
            }
            Reading::Ended(reason) if matches!(review.phase, Phase::Extending(_)) => {
                self.not_extended(review, &format!("the process was ended: {reason}"))
            }
            Reading::Ended(reason) => {
                let why = format!("the process was ended in the workflow engine: {reason}");
                Ok(Step::park(review.state(), why))
            }
        }
    }

    fn look_at_assets(&self, mut review: Review) -> Next {
        match review.phase {
            Phase::Gathering(_) | Phase::Details | Phase::Recalled => self.wait(review),
            Phase::Reviewing | Phase::Approved(_) => {
                let changes = self.refresh(&mut review)?;
                if changes.is_empty() && review.gone_since.is_none() {
                    return self.wait(review);
                }
                self.ask_anew(review, &changes.join("; "))
            }
            Phase::Shared | Phase::Extending(_) => self.look_at_link(review),
        }
    }

    // ---- Looking at the assets ------------------------------------------------------------------

    /// Read all assets and check them. What changed since they were looked at last, in words.
    pub(crate) fn refresh(&self, review: &mut Review) -> Result<Vec<String>, Error> {
        let standing = self.standing(&review.wish)?;
        let mut changes = Vec::new();
        let mut items = Vec::new();
        for id in &review.wish.assets {
            let before = review.items.iter().find(|item| item.id == *id);
            let item = self.item(id, review, &standing, before)?;
            if let Some(before) = before {
                changes.extend(difference(before, &item));
            }
            items.push(item);
        }
        review.items = items;
        Ok(changes)
    }

    fn item(
        &self,
        id: &str,
        review: &Review,
        standing: &Standing,
        before: Option<&Item>,
    ) -> Result<Item, Error> {
        let Some(asset) = present(self.cx, id)? else {
            return Ok(Item {
                gone: true,
                problems: vec!["it was deleted".to_owned()],
                ..before.cloned().unwrap_or_else(|| Item {
                    id: id.to_owned(),
                    name: id.to_owned(),
                    ..Item::default()
                })
            });
        };
        Ok(Item {
            problems: self.problems(&asset, &review.wish, standing)?,
            refused: before.and_then(|item| item.refused.clone()),
            ends: self.rights_end(&asset).unwrap_or_default(),
            id: asset.id,
            name: asset.name,
            version: asset.version,
            checksum: asset.checksum,
            gone: false,
        })
    }

    /// Rule C-13: all assets are deleted or in the trash; they may come back within the grace.
    fn gone(&self, mut review: Review) -> Next {
        let since = *review.gone_since.get_or_insert(self.cx.now());
        let grace = self.config.asset_gone.grace;
        let until = grace.after(self.cx, &self.config.calendar, since, 100)?;
        if self.cx.now() < until {
            review.phase = Phase::Reviewing;
            return self.wait(review);
        }
        review.desk.cancel(self.cx, "asset deleted")?;
        let why = "all assets were deleted";
        Ok(Step::cancel(review.state(), "asset-gone", why))
    }

    // ---- Asking ---------------------------------------------------------------------------------

    /// What was asked no longer holds: take it back and ask again.
    pub(crate) fn ask_anew(&self, mut review: Review, why: &str) -> Next {
        if review.desk.is_open() {
            let asked: Vec<_> = review.awaited.iter().map(String::as_str).collect();
            review.desk.withdraw(self.cx, &asked)?;
        }
        self.begin_round(review, Some(why))
    }

    /// Check all assets and have people decide about those that pass.
    pub(crate) fn begin_round(&self, mut review: Review, why: Option<&str>) -> Next {
        review.phase = Phase::Reviewing;
        review.awaited.clear();
        review.approved_by.clear();
        review.demands = crate::state::Demands::default();
        for item in &mut review.items {
            item.refused = None;
        }
        self.refresh(&mut review)?;
        if review.items.iter().all(|item| item.gone) {
            return self.gone(review);
        }
        review.gone_since = None;
        let standing = self.standing(&review.wish)?;
        self.log_checks(&review, &standing);
        let all_pass = review.items.iter().all(Item::passes);
        let facts = self.facts(&review.wish, &standing.classes, "request", all_pass);
        if !review.items.iter().any(Item::passes) {
            if let Some(why) = why {
                let rule = self.config.routing.decide(&facts);
                let group = rule.map_or(&self.config.fallback_group, |(_, rule)| &rule.to.group);
                let what = format!("changed-{}", review.round);
                let text = format!("Nothing is shared any more: {why}\n{}", table(&review));
                self.inform("", group, &what, "A share was not made", &text)?;
            }
            return self.refuse(review, "no asset passes the checks");
        }
        let auto = self.config.auto_approve.as_ref();
        if auto.is_some_and(|auto| holds(&auto.when, &facts)) && !standing.needs_legal {
            let mut record = DecisionRecord::new("auto-approved", "system");
            record.rule = Some("auto_approve".to_owned());
            self.cx.decision(&record);
            review.approved_by.push("auto_approve".to_owned());
            return self.approved(review);
        }
        review.round += 1;
        let questions = self.questions(&review, &standing, "review", "Decide about a share", why);
        review.awaited = questions
            .iter()
            .map(|question| question.id.clone())
            .collect();
        self.ask(&mut review, questions)?;
        let shown = [Field::new("checks", table(&review))];
        review.desk.show(self.cx, &shown)?;
        if self.cx.mode() == EffectMode::Observe {
            let summary = "the request would have been reviewed";
            return Ok(Step::complete(review.state(), "observed", summary));
        }
        self.wait(review)
    }

    /// The table of checks with their inputs, for the audit.
    fn log_checks(&self, review: &Review, standing: &Standing) {
        let wish = serde_json::to_string(&review.wish).unwrap_or_default();
        for item in &review.items {
            let mut record = self.record("checked", item);
            let passes = item.passes();
            record.decision = Some(if passes { "passes" } else { "fails" }.to_owned());
            record.comment = (!passes).then(|| item.why_not());
            record.details = vec![
                Field::new("request", wish.as_str()),
                Field::new("recipient-class", standing.classes.join(", ")),
            ];
            self.cx.decision(&record);
        }
    }

    /// Whoever routing leads to, and the legal group where the recipients' policy wants it.
    pub(crate) fn questions(
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

    // ---- Answers --------------------------------------------------------------------------------

    fn answers(&self, mut review: Review, answers: Vec<Answer>) -> Next {
        for answer in answers {
            let kind = answer.question.split(':').next().unwrap_or_default();
            match (kind, &review.phase) {
                ("details", Phase::Details) => {
                    self.cx.decision(&answer.record(&review.desk.process));
                    return self.detailed(review, &answer);
                }
                ("told", Phase::Recalled) => {
                    self.cx.decision(&answer.record(&review.desk.process));
                    return self.told(review, &answer);
                }
                _ if review.awaited.contains(&answer.question) => {
                    review.awaited.retain(|id| *id != answer.question);
                    if let Some(stop) = self.ruling(&mut review, &answer)? {
                        return self.stopped(review, &stop);
                    }
                }
                _ => {
                    let mut record = answer.record(&review.desk.process);
                    "late-decision".clone_into(&mut record.action);
                    self.cx.decision(&record);
                }
            }
        }
        // While deleted assets are awaited nobody is asked: no answer missing is no approval.
        let agreed = review.awaited.is_empty() && !review.approved_by.is_empty();
        match (&review.phase, agreed) {
            (Phase::Reviewing, true) => self.approved(review),
            (Phase::Extending(until), true) => {
                let until = *until;
                self.extended(review, until)
            }
            _ => self.look_at_assets(review),
        }
    }

    /// Take in one decision. What stops the request: a refusal, or an answer that cannot be taken.
    fn ruling(&self, review: &mut Review, answer: &Answer) -> Result<Option<Stop>, Error> {
        let by = answer.actor();
        let comment = match answer.comment.as_str() {
            "" => format!("refused by {by}"),
            comment => format!("refused by {by}: {comment}"),
        };
        let left_out = answer.texts("refuse");
        let known = |word: &String| {
            let mut items = review.items.iter();
            items.any(|item| item.id == *word || item.name == *word)
        };
        let until = match answer.text("until") {
            None => None,
            Some(date) => match self.end_of_date(&date) {
                Ok(until) if until > self.cx.now() => Some(until),
                _ => return Ok(Some(Stop::Again(format!("`{date}` is no date to come")))),
            },
        };
        if let Some(word) = left_out.iter().find(|word| !known(word)) {
            return Ok(Some(Stop::Again(format!(
                "`{word}` is no asset of the request"
            ))));
        }
        let refused = match answer.outcome.as_str() {
            "approve" => false,
            "refuse" => true,
            other => return Ok(Some(Stop::Again(format!("`{other}` is no decision here")))),
        };
        for item in &mut review.items {
            if refused || left_out.contains(&item.id) || left_out.contains(&item.name) {
                item.refused.get_or_insert(comment.clone());
            }
            let passes = item.passes();
            let mut record = about(answer.record(&review.desk.process), item);
            record.decision = Some(if passes { "approved" } else { "refused" }.to_owned());
            record.comment = record.comment.or_else(|| (!passes).then(|| item.why_not()));
            self.cx.decision(&record);
        }
        if refused {
            return Ok(Some(Stop::Refused(comment)));
        }
        let demands = &mut review.demands;
        let says = |name: &str| answer.text(name).unwrap_or_default();
        demands.watermark |= is_yes(&says("watermark"));
        demands.look_only |= says("download") == "none";
        demands.low_resolution |= says("download") != "original";
        demands.credit = answer.text("credit").or_else(|| demands.credit.take());
        demands.until = [demands.until, until].into_iter().flatten().min();
        review.approved_by.push(by.to_owned());
        Ok(None)
    }

    fn stopped(&self, review: Review, stop: &Stop) -> Next {
        match (stop, &review.phase) {
            (Stop::Refused(why) | Stop::Again(why), Phase::Extending(_)) => {
                self.not_extended(review, why)
            }
            (Stop::Refused(why), _) => self.refuse(review, why),
            (Stop::Again(why), _) => self.ask_anew(review, why),
        }
    }

    /// Everybody who must agree has agreed.
    fn approved(&self, mut review: Review) -> Next {
        if self.cx.mode() == EffectMode::Observe {
            let summary = "the assets would have been shared";
            return Ok(Step::complete(review.state(), "observed", summary));
        }
        if !review.items.iter().any(Item::passes) {
            return self.refuse(review, "every asset was left out");
        }
        let begins = self.begins(&review.wish)?;
        review.phase = Phase::Approved(begins);
        if begins > self.cx.now() {
            return self.wait(review);
        }
        self.make_link(review)
    }

    fn restart(&self, mut review: Review) -> Next {
        match review.phase {
            Phase::Shared | Phase::Extending(_) | Phase::Recalled => self.look(review),
            _ => {
                review.desk.cancel(self.cx, "restarted by an operator")?;
                review.desk = forebay_sdk::blocks::Desk::default();
                self.gathered(review)
            }
        }
    }

    // ---- Waiting --------------------------------------------------------------------------------

    pub(crate) fn wait(&self, review: Review) -> Next {
        let (phase, desk) = (review.phase.clone(), review.desk.clone());
        let (link, gone_since) = (review.link.clone(), review.gone_since);
        let assets = review.wish.assets.clone();
        let count = assets.len();
        let mut wait = Step::wait(review.state());
        match &phase {
            Phase::Gathering(until) => wait = wait.timer(GATHERED, *until),
            Phase::Details | Phase::Recalled => {}
            phase => {
                if let Phase::Approved(at) = phase {
                    wait = wait.timer(SHARE, *at);
                }
                for asset in assets {
                    wait = wait.subscribe(DAM, "asset", asset);
                }
            }
        }
        if let Some(link) = &link
            && matches!(phase, Phase::Shared | Phase::Extending(_))
        {
            wait = wait.timer(END, link.until).due(link.until);
            wait = link.address.iter().fold(wait, |wait, link| wait.link(link));
        }
        if let Some(since) = gone_since {
            let grace = self.config.asset_gone.grace;
            wait = wait.timer(
                GONE,
                grace.after(self.cx, &self.config.calendar, since, 100)?,
            );
        }
        if desk.is_open() {
            wait = wait.subscribe(WORKFLOW, "process", desk.process.as_str());
            for (name, at) in desk.timers() {
                wait = wait.timer(name, at);
            }
        }
        for party in desk.parties() {
            wait = wait.party(party);
        }
        Ok(wait.waiting_on(match phase {
            Phase::Gathering(_) => "further assets to be shared with these".to_owned(),
            Phase::Details => "word for whom and what for assets are to be shared".to_owned(),
            Phase::Reviewing => format!("a decision about sharing {count} assets"),
            Phase::Approved(_) => "the first day of an approved link".to_owned(),
            Phase::Shared => "the end of a link".to_owned(),
            Phase::Extending(_) => "a decision about a longer link".to_owned(),
            Phase::Recalled => "recipients to be told of a recall".to_owned(),
        }))
    }
}

/// What stops a request.
enum Stop {
    /// Somebody refused it.
    Refused(String),
    /// An answer cannot be taken; people are asked again.
    Again(String),
}

/// What changed about an asset, in words.
fn difference(before: &Item, now: &Item) -> Option<String> {
    let name = &now.name;
    if before.gone != now.gone || before.problems != now.problems {
        let problems = now.problems.join("; ");
        return Some(match problems.as_str() {
            "" => format!("{name} passes the checks now"),
            _ => format!("{name}: {problems}"),
        });
    }
    (before.version != now.version).then(|| format!("{name} has another version"))
}

/// The table of checks, for people.
fn table(review: &Review) -> String {
    let mut text = String::new();
    for item in &review.items {
        let result = match item.problems.as_slice() {
            [] => "passes all checks".to_owned(),
            problems => format!("is not shared: {}", problems.join("; ")),
        };
        let _ = writeln!(text, "* {} ({}) {result}", item.name, item.id);
    }
    text
}
