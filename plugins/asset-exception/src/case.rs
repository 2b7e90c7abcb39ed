//! The course of a case: found, mended or waived, checked again, approved, closed.

use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::{Alarm, Reading, present};
use forebay_sdk::handler::{EffectMode, Fired, RunEnded};
use forebay_sdk::{Delivery, Error, Step};
use serde_json::json;

use crate::check::{self, Findings};
use crate::config::{Config, GroupBy, Severity};
use crate::course::{Course, Next, RESTART};
use crate::state::{Case, Issue, Phase, State};
use crate::{DAM, WORKFLOW};

/// Timer: the time to fill fields has passed.
const GRACE: &str = "grace";
/// Timer: changes were gathered long enough.
const RECHECK: &str = "recheck";
/// Timer: a waiver ends.
const WAIVER: &str = "waiver";
/// Timer: a deleted asset did not come back.
const GONE: &str = "gone";
/// Rule of what a person reported.
const REPORTED: &str = "reported";

fn state(case: Case) -> State {
    State::Case(Box::new(case))
}

impl Course<'_> {
    /// The first check. `reported` is what a person or another flow says is wrong.
    pub(crate) fn begin_case(&self, mut case: Case, reported: &str) -> Next {
        let Some(asset) = present(self.cx, &case.asset)? else {
            return Ok(Step::cancel(
                state(case),
                "asset-gone",
                "the asset was deleted",
            ));
        };
        case.note(self.config, &asset);
        case.uploader.clone_from(&asset.created_by);
        if asset.readiness.placeholder || !asset.readiness.files_closed {
            // It is checked when its media has arrived.
            return Ok(Step::complete(
                state(case),
                "passed",
                "there is no media to check yet",
            ));
        }
        let findings = check::check(self.config, &asset);
        if !reported.is_empty() {
            case.issues.push(Issue {
                rule: REPORTED.to_owned(),
                text: reported.to_owned(),
                fix: String::new(),
                severity: Severity::Medium,
                field: None,
            });
        }
        if findings.is_pass() && case.issues.is_empty() {
            self.mark(&case, "")?;
            return Ok(Step::complete(state(case), "passed", "nothing is wrong"));
        }
        if findings.rules.is_empty() && case.issues.is_empty() {
            let now = self.cx.now();
            let until = self
                .config
                .grace
                .after(self.cx, &self.config.calendar, now, 100)?;
            if until > now {
                case.phase = Phase::GraceUntil(until);
                return self.wait(case);
            }
        }
        self.found(case, &asset, findings)
    }

    pub(crate) fn case(&self, mut case: Case, delivery: &Delivery) -> Next {
        let Some(asset) = present(self.cx, &case.asset)? else {
            return self.gone(case);
        };
        let was_gone = case.gone_since.take().is_some();
        if let Some(ended) = RunEnded::of(delivery) {
            return self.approval_ended(case, &asset, &ended);
        }
        if was_gone && case.desk.is_open() {
            return self.is_back(case, &asset);
        }
        match delivery {
            Delivery::Timer(fired) => self.timer(case, &asset, fired),
            Delivery::Event(incoming) if incoming.role == WORKFLOW => self.answers(case, &asset),
            Delivery::Signal(signal) if signal.name == RESTART => self.restarted(case, &asset),
            _ => self.changed(case, &asset),
        }
    }

    /// Something is wrong, or cannot be told. Where only a list is out of reach nobody is asked:
    /// that is no fault of the asset.
    fn found(&self, mut case: Case, asset: &Asset, findings: Findings) -> Next {
        let unchecked = findings.unchecked.clone();
        let mut reported = std::mem::take(&mut case.issues);
        reported.retain(|issue| issue.rule == REPORTED);
        let only_fields = findings.rules.is_empty() && reported.is_empty();
        case.issues = reported.into_iter().chain(findings.issues()).collect();
        if case.issues.is_empty() {
            if unchecked.is_empty() {
                return self.mended(case, asset);
            }
            let wait = self.config.expected.check;
            let at = wait.after(self.cx, &self.config.calendar, self.cx.now(), 100)?;
            case.phase = Phase::GraceUntil(at);
            return self.wait(case);
        }
        if only_fields && !case.desk.is_open() && self.fill_in(&case, asset)? {
            let now = self.cx.assets().get(&asset.id)?;
            return self.found(case, &now, check::check(self.config, &now));
        }
        self.protect(&mut case, asset)?;
        if only_fields && self.config.group_by == GroupBy::Collection {
            return self.hand_to_group(case, asset);
        }
        self.ask(&mut case, asset)?;
        self.mark(&case, "open")?;
        case.phase = Phase::Open;
        if self.cx.mode() == EffectMode::Observe {
            let summary = format!("{} issues would have been followed", case.issues.len());
            return Ok(Step::complete(state(case), "observed", summary));
        }
        self.wait(case)
    }

    /// One task for all assets of a collection: the group takes it from here.
    fn hand_to_group(&self, case: Case, asset: &Asset) -> Next {
        let place = forebay_sdk::blocks::paths(asset).into_iter().next();
        let collection = place.unwrap_or_else(|| "/".to_owned());
        let dam = self.cx.connection(DAM).unwrap_or_default();
        let key = crate::admit::group_key(&self.config.key_prefix, dam, &collection);
        let input = json!({ "collection": collection, "asset": asset.id });
        self.cx.spawn(self.cx.flow(), &key, &input)?;
        self.mark(&case, "open")?;
        let summary = format!("one task for {collection}");
        Ok(Step::complete(state(case), "grouped", summary))
    }

    // ---- What changed ---------------------------------------------------------------------------

    /// Changes are gathered for a moment: people see one result, and it is about the last change.
    fn changed(&self, mut case: Case, asset: &Asset) -> Next {
        match case.phase {
            Phase::Open if check::fingerprint(self.config, asset) == case.seen => self.wait(case),
            Phase::Open | Phase::Recheck(_) => {
                case.phase = self.recheck_soon()?;
                self.wait(case)
            }
            Phase::GraceUntil(_) => {
                let findings = check::check(self.config, asset);
                if findings.is_pass() {
                    return self.mended(case, asset);
                }
                if findings.rules.is_empty() {
                    return self.wait(case);
                }
                self.found(case, asset, findings)
            }
            _ => self.wait(case),
        }
    }

    fn recheck_soon(&self) -> Result<Phase, Error> {
        let (now, wait) = (self.cx.now(), self.config.recheck_after);
        let at = wait.after(self.cx, &self.config.calendar, now, 100)?;
        Ok(Phase::Recheck(at))
    }

    /// The asset came back: what changed and what people answered meanwhile counts now.
    fn is_back(&self, mut case: Case, asset: &Asset) -> Next {
        if case.phase == Phase::Open && check::fingerprint(self.config, asset) != case.seen {
            case.phase = self.recheck_soon()?;
        }
        self.answers(case, asset)
    }

    /// Check again after a change.
    fn recheck(&self, mut case: Case, asset: &Asset) -> Next {
        let findings = check::check(self.config, asset);
        let corrected = asset.version != case.version;
        let mut record = self.record("rechecked", asset);
        record.decision = Some(if findings.is_pass() { "pass" } else { "fail" }.to_owned());
        record.comment = Some(format!("round {}", case.round));
        self.cx.decision(&record);
        case.note(self.config, asset);
        if corrected {
            // Whoever reported something else sees the new version when it is approved.
            case.issues.retain(|issue| issue.rule != REPORTED);
        }
        let reported = case.issues.iter().any(|issue| issue.rule == REPORTED);
        if findings.is_pass() && !reported {
            return self.mended(case, asset);
        }
        let before: Vec<_> = case.issues.iter().map(|issue| issue.text.clone()).collect();
        let mut kept: Vec<_> = case.issues.clone();
        kept.retain(|issue| issue.rule == REPORTED);
        case.issues = kept.into_iter().chain(findings.issues()).collect();
        case.phase = Phase::Open;
        let now: Vec<_> = case.issues.iter().map(|issue| issue.text.clone()).collect();
        if corrected {
            self.ask_anew(&mut case, asset, "The new version still has issues.")?;
        } else if before != now {
            case.desk.show(
                self.cx,
                &[forebay_sdk::Field::new("issues", now.join("\n"))],
            )?;
        }
        self.mark(&case, "open")?;
        self.wait(case)
    }

    /// Nothing is wrong any more.
    pub(crate) fn mended(&self, mut case: Case, asset: &Asset) -> Next {
        let questions: Vec<_> = case.desk.asked.keys().cloned().collect();
        let questions: Vec<_> = questions.iter().map(String::as_str).collect();
        let was_open = case.desk.is_open();
        if was_open {
            case.desk.withdraw(self.cx, &questions)?;
        }
        case.issues.clear();
        if let Some(flow) = self
            .config
            .correction
            .approval
            .as_ref()
            .filter(|_| was_open)
        {
            let key = format!("{}:{}", self.cx.business_key(), asset.version);
            let run = self.cx.spawn(flow, &key, &json!({ "asset": asset.id }))?;
            case.phase = Phase::Approving(run);
            return self.wait(case);
        }
        self.release(&mut case, asset)?;
        let outcome = if was_open { "corrected" } else { "completed" };
        self.close(case, outcome, "the asset passes all rules")
    }

    fn approval_ended(&self, mut case: Case, asset: &Asset, ended: &RunEnded) -> Next {
        if !matches!(&case.phase, Phase::Approving(run) if *run == ended.run) {
            return self.wait(case);
        }
        let (outcome, summary) = (&ended.outcome, &ended.summary);
        if outcome == "approved" {
            self.release_access(&mut case)?;
            return self.close(case, "corrected", "the corrected asset was approved");
        }
        case.issues = vec![Issue {
            rule: "approval".to_owned(),
            text: format!("the correction was not approved: {outcome} {summary}"),
            fix: String::new(),
            severity: Severity::Medium,
            field: None,
        }];
        case.phase = Phase::Open;
        self.ask_anew(&mut case, asset, "The correction was not approved.")?;
        self.wait(case)
    }

    pub(crate) fn close(&self, mut case: Case, outcome: &str, summary: &str) -> Next {
        self.mark(&case, "closed")?;
        case.desk.close(self.cx, outcome)?;
        Ok(Step::complete(state(case), outcome, summary))
    }

    /// Rule C-13: the asset is deleted or in the trash; it may come back within the grace.
    fn gone(&self, mut case: Case) -> Next {
        let since = *case.gone_since.get_or_insert(self.cx.now());
        let gone = self.config.asset_gone;
        let until = gone.given_up_at(self.cx, &self.config.calendar, since)?;
        if self.cx.now() < until {
            return self.wait(case);
        }
        case.desk.cancel(self.cx, "asset deleted")?;
        Ok(Step::cancel(
            state(case),
            "asset-gone",
            "the asset was deleted",
        ))
    }

    // ---- Time, people ---------------------------------------------------------------------------

    fn timer(&self, mut case: Case, asset: &Asset, fired: &Fired) -> Next {
        match (fired.name.as_str(), &case.phase) {
            (GRACE, Phase::GraceUntil(_)) => {
                let findings = check::check(self.config, asset);
                self.found(case, asset, findings)
            }
            (RECHECK, Phase::Recheck(_)) => self.recheck(case, asset),
            (WAIVER, Phase::Waived(_)) => {
                self.cx.decision(&self.record("waiver-ended", asset));
                case.phase = Phase::Open;
                case.round = 0;
                let findings = check::check(self.config, asset);
                if findings.is_pass() {
                    return self.mended(case, asset);
                }
                case.issues = findings.issues();
                self.ask_anew(&mut case, asset, "The waiver has ended.")?;
                self.mark(&case, "open")?;
                self.wait(case)
            }
            _ => {
                let alarm = case.desk.alarm(self.cx, &self.rules(), &fired.name)?;
                if let Some(Alarm::TimedOut(question)) = alarm {
                    let reason = format!("nobody answered `{question}` within twice the time");
                    return Ok(Step::park(state(case), reason));
                }
                self.wait(case)
            }
        }
    }

    /// The process was left. Where people were asked they are asked again in another one.
    fn restarted(&self, case: Case, asset: &Asset) -> Next {
        if matches!(case.phase, Phase::Open | Phase::Recheck(_)) {
            return self.found(case, asset, check::check(self.config, asset));
        }
        self.wait(case)
    }

    fn answers(&self, mut case: Case, asset: &Asset) -> Next {
        let reading = case.desk.read(self.cx)?;
        if let Some(reason) = Self::stopped(&reading, &case.desk) {
            return Ok(Step::park(state(case), reason));
        }
        let Reading::Open(answers) = reading else {
            return self.wait(case);
        };
        for answer in answers {
            let mut record = answer.record(&case.desk.process);
            record.asset = Some(asset.id.clone());
            record.version = Some(asset.version.clone());
            record.checksum.clone_from(&asset.checksum);
            self.cx.decision(&record);
            if let Some(next) = self.answered(&mut case, asset, &answer)? {
                return Ok(next);
            }
        }
        self.wait(case)
    }

    // ---- Waiting ---------------------------------------------------------------------------------

    pub(crate) fn wait(&self, case: Case) -> Next {
        let mut wait = Step::wait(state(case.clone())).subscribe(DAM, "asset", case.asset.as_str());
        if let Some(since) = case.gone_since {
            let gone = self.config.asset_gone;
            let until = gone.given_up_at(self.cx, &self.config.calendar, since)?;
            wait = wait.timer(GONE, until);
        }
        wait = case.desk.watch(wait, WORKFLOW);
        let name = &case.name;
        Ok(match case.phase {
            Phase::Grace => wait.waiting_on(format!("\"{name}\"")),
            Phase::GraceUntil(at) => wait
                .timer(GRACE, at)
                .due(at)
                .waiting_on(format!("the fields of \"{name}\" to be filled in")),
            Phase::Open => wait.waiting_on(format!("\"{name}\" to be mended")),
            Phase::Recheck(at) => wait
                .timer(RECHECK, at)
                .waiting_on(format!("the check of \"{name}\" after its change")),
            Phase::Approving(run) => wait
                .until_ended(run)
                .waiting_on(format!("the approval of the corrected \"{name}\"")),
            Phase::Waived(at) => wait
                .timer(WAIVER, at)
                .due(at)
                .waiting_on(format!("the end of the waiver for \"{name}\"")),
        })
    }
}

impl Case {
    pub(crate) fn note(&mut self, config: &Config, asset: &Asset) {
        self.seen = check::fingerprint(config, asset);
        self.name.clone_from(&asset.name);
        self.version.clone_from(&asset.version);
        self.checksum.clone_from(&asset.checksum);
    }
}
