//! A request: what happens on each delivery, and each round of asking people.

use forebay_sdk::blocks::{Reading, holds};
use forebay_sdk::handler::{DecisionRecord, EffectMode};
use forebay_sdk::{Delivery, Field, Step};

use crate::config::OnTimeout;
use crate::course::{CANCEL, Course, Next, RESTART, timed_out};
use crate::state::{Item, Phase, Review};
use crate::table::table;
use crate::{DAM, WORKFLOW};

/// Timer: all staged assets are there.
const GATHERED: &str = "gathered";
/// Timer: the link is made.
const SHARE: &str = "share";
/// Timer: the link has ended.
const END: &str = "end";
/// Timer: deleted assets did not come back.
const GONE: &str = "gone";

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

    fn timer(&self, review: Review, name: &str) -> Next {
        match (name, &review.phase) {
            (GATHERED, Phase::Gathering(until)) if self.is_gathered(*until) => {
                self.gathered(review)
            }
            (SHARE, Phase::Approved(_)) => self.make_link(review),
            (END, Phase::Shared | Phase::Extending(_)) => self.end(review),
            _ => self.alarm(review, name),
        }
    }

    /// A timer of the desk. An answer that came in time counts, however late it is read.
    fn alarm(&self, mut review: Review, name: &str) -> Next {
        if !review.desk.is_open() {
            return self.look_at_assets(review);
        }
        let reading = review.desk.read(self.cx)?;
        if reading != Reading::Open(Vec::new()) {
            return self.heard(review, reading);
        }
        let alarm = review.desk.alarm(self.cx, &self.rules(), name)?;
        match timed_out(alarm) {
            Some(question) => self.nobody_decided(review, &question),
            None => self.look_at_assets(review),
        }
    }

    fn nobody_decided(&self, review: Review, question: &str) -> Next {
        let why = format!("nobody answered `{question}` in twice its time");
        if matches!(review.phase, Phase::Extending(_)) {
            return self.not_extended(review, &why);
        }
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
        let reading = review.desk.read(self.cx)?;
        self.heard(review, reading)
    }

    /// What was read from the process.
    fn heard(&self, review: Review, reading: Reading) -> Next {
        match reading {
            Reading::Open(answers) => self.answers(review, answers),
            // The link goes on and has its end, whatever becomes of a longer time.
            Reading::Suspended if matches!(review.phase, Phase::Extending(_)) => {
                self.look_at_link(review)
            }
            Reading::Suspended => {
                let why = "the process is suspended in the workflow engine";
                Ok(Step::park(review.state(), why))
            }
            Reading::Ended(reason) if matches!(review.phase, Phase::Extending(_)) => {
                self.not_extended(review, &format!("the process was ended: {reason}"))
            }
            Reading::Ended(reason) if review.phase == Phase::Recalled => {
                let summary = format!("recalled; nobody confirmed that recipients know: {reason}");
                Ok(Step::complete(review.state(), "recalled", summary))
            }
            Reading::Ended(reason) => {
                let why = format!("the process was ended in the workflow engine: {reason}");
                Ok(Step::park(review.state(), why))
            }
        }
    }

    pub(crate) fn look_at_assets(&self, mut review: Review) -> Next {
        match review.phase {
            Phase::Gathering(_) | Phase::Details | Phase::Recalled => self.wait(review),
            Phase::Approved(at) if at <= self.cx.now() => self.make_link(review),
            Phase::Reviewing | Phase::Approved(_) => match self.refresh(&mut review)? {
                None => self.gone(review),
                // They were gone before anybody was asked.
                Some(_) if review.phase == Phase::Reviewing && review.awaited.is_empty() => {
                    self.begin_round(review, None)
                }
                Some(changes) if changes.is_empty() => self.wait(review),
                Some(changes) => self.ask_anew(review, &changes.join("; ")),
            },
            Phase::Shared | Phase::Extending(_) => self.look_at_link(review),
        }
    }

    /// Rule C-13: all assets are deleted or in the trash; they may come back within the grace.
    pub(crate) fn gone(&self, mut review: Review) -> Next {
        let since = *review.gone_since.get_or_insert(self.cx.now());
        let gone = self.config.asset_gone;
        let until = gone.given_up_at(self.cx, &self.config.calendar, since)?;
        if self.cx.now() < until {
            return self.wait(review);
        }
        if matches!(review.phase, Phase::Shared | Phase::Extending(_)) {
            self.kill(&review, "recalled", "system", "all its assets were deleted")?;
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
        if self.refresh(&mut review)?.is_none() {
            return self.gone(review);
        }
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
        // What was asked anew for a reason is for people to decide.
        let auto = auto.filter(|auto| why.is_none() && holds(&auto.when, &facts));
        if auto.is_some() && !standing.needs_legal {
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
                if let Phase::Approved(at) = phase
                    && gone_since.is_none()
                {
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
            let gone = self.config.asset_gone;
            let until = gone.given_up_at(self.cx, &self.config.calendar, since)?;
            wait = wait.timer(GONE, until);
        }
        wait = desk.watch(wait, WORKFLOW);
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
