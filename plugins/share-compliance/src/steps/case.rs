//! A case: a share, or a place outsiders see, that holds what nobody asked for. What it is, taking its
//! assets out of use, asking people about it, and what it waits for.

use forebay_sdk::assets::AssetStatus;
use forebay_sdk::blocks::{OneOrMany, Question, Routing, present};
use forebay_sdk::handler::DecisionRecord;
use forebay_sdk::workflow::StartRequest;
use forebay_sdk::{Error, Field, Step, Value, time};

use super::Steps;
use super::ask::Wish;
use super::scan::reach;
use crate::WORKFLOW;
use crate::config::{Action, UNKNOWN};
use crate::state::{Before, Case, Found};

/// Timer: no report names the share any more.
const SETTLED: &str = "settled";
/// Value of `share_state` of an asset in a share nobody asked for.
const VIOLATION: &str = "violation";

impl Steps<'_> {
    // ---- What was found -------------------------------------------------------------------------

    /// Look closer. Why there is no case after all, if there is none.
    pub(crate) fn look_closer(&self, case: &mut Case) -> Result<Option<&'static str>, Error> {
        let share = match &case.suspect.share {
            Some(name) => self.share_named(name)?,
            None => None,
        };
        if let Some(share) = share {
            if share.external_id.is_some() {
                return Ok(Some("the share was made by a flow of this product"));
            }
            case.share_dead = !share.active;
            for asset in share.assets {
                if !case.suspect.assets.contains(&asset) {
                    case.suspect.assets.push(asset);
                }
            }
        }
        for id in &case.suspect.assets {
            let Some(asset) = present(self.cx, id)? else {
                continue;
            };
            if case.suspect.place.is_some() && !self.exposes(&asset) {
                continue;
            }
            case.found.push(Found::of(&asset));
        }
        let nothing = case.found.is_empty() && case.suspect.share.is_none();
        Ok(nothing.then_some("nothing in the collection is shown without approval"))
    }

    /// What was found, for the audit.
    pub(crate) fn log_detection(&self, case: &Case) {
        let suspect = &case.suspect;
        for found in &case.found {
            let mut record = self.record("violation-detected", &found.item());
            record.comment = Some(case.words());
            record.details = vec![
                Field::new("share", suspect.share.clone().unwrap_or_default()),
                Field::new("place", suspect.place.clone().unwrap_or_default()),
                Field::new("author", suspect.author.clone().unwrap_or_default()),
                Field::new("made-at", suspect.at.map_or(Value::None, Value::Timestamp)),
                Field::new("seconds-until-detection", self.seconds_since(case)),
            ];
            self.cx.decision(&record);
        }
    }

    /// How long ago the share was made.
    fn seconds_since(&self, case: &Case) -> Value {
        let seconds = |at| Value::Integer((self.cx.now() - at) / time::SECOND);
        case.suspect.at.map_or(Value::None, seconds)
    }

    /// What happens about shares nobody asked for.
    pub(crate) fn reaction(&self) -> Action {
        match self.config.preventive.require_request {
            true => self.config.detective.action,
            false => Action::Alert,
        }
    }

    // ---- Protection -----------------------------------------------------------------------------

    /// Take the assets out of use, which always works, then end the share, which may not.
    pub(crate) fn protect(&self, case: &mut Case) -> Result<(), Error> {
        let seconds = self.seconds_since(case);
        for found in &mut case.found {
            let Some(asset) = present(self.cx, &found.id)? else {
                continue;
            };
            if asset.status != AssetStatus::Restricted {
                found.restricted = Some(Before::of(&asset));
                self.restrict(&asset, VIOLATION)?;
            }
            let mut record = self.record("restricted", &found.item());
            record.rule = Some("detective.action = restrict_and_task".to_owned());
            record.details = vec![Field::new("seconds-until-reaction", seconds.clone())];
            self.cx.decision(&record);
        }
        if let Some(share) = case.suspect.share.clone().filter(|_| !case.share_dead) {
            case.share_dead = self.revoke(&share)?;
            let mut record = DecisionRecord::new("revoked", "system");
            record.decision = Some(if case.share_dead { "ended" } else { "cannot" }.to_owned());
            record.details = vec![Field::new("share", share)];
            self.cx.decision(&record);
        }
        Ok(())
    }

    // ---- People ---------------------------------------------------------------------------------

    /// Ask those who decide, and the author once; again if the last answer was not taken.
    pub(crate) fn ask_about(&self, case: &mut Case, refused: Option<&str>) -> Result<(), Error> {
        case.round += 1;
        let text = case.question_text(refused);
        let facts = self.facts(&Wish::default(), &self.classes(case)?, "violation", false);
        let mut questions = Vec::new();
        if let Some((index, rule)) = self.config.routing.decide(&facts) {
            let id = format!("violation:{}", case.round);
            let name = Routing::rule_name(index);
            let question = Question::routed(&id, "share-violation", &rule.to, &name)
                .title("A share nobody asked for")
                .text(text.as_str())
                .outcomes(&["release", "keep", "allow"]);
            questions.push(question);
        }
        let author = case.suspect.author.as_deref().unwrap_or_default();
        if let Some(person) = self.config.person(author).filter(|_| case.round == 1) {
            let question = Question::to_person("author:1", "share-author", &person)
                .title("You shared assets without a request")
                .text(text)
                .outcomes(&["explained"]);
            questions.push(question);
        }
        let rules = self.rules();
        if case.desk.is_open() {
            return case.desk.ask(self.cx, &rules, questions);
        }
        let definition = self.config.process.definition.as_str();
        let key = self.process_key(case.round);
        let request = StartRequest::new(definition, key, "A share nobody asked for")
            .variable("share", case.suspect.share.clone().unwrap_or_default())
            .variable("assets", Value::Texts(case.suspect.assets.clone()));
        case.desk.open(self.cx, &rules, request, questions)
    }

    /// Who got the share, where the DAM says so.
    fn classes(&self, case: &Case) -> Result<Vec<String>, Error> {
        let Some(id) = &case.suspect.share else {
            return Ok(vec![UNKNOWN.to_owned()]);
        };
        let share = self.share_named(id)?;
        let wish = Wish {
            recipient: OneOrMany(share.map(|share| share.recipients).unwrap_or_default()),
            ..Wish::default()
        };
        let classes = self.standing(&wish)?.classes;
        Ok(match classes.is_empty() {
            true => vec![UNKNOWN.to_owned()],
            false => classes,
        })
    }

    // ---- Waiting --------------------------------------------------------------------------------

    pub(crate) fn wait_for_decision(&self, case: Case) -> Step<Case> {
        let wait = case.desk.watch(Step::wait(()), WORKFLOW);
        let step = wait.waiting_on("a decision about a share nobody asked for");
        step.map(|()| case)
    }

    /// Can reports and scans name the share again for a while?
    pub(crate) fn is_reported_again(&self, case: &Case, outcome: &str) -> bool {
        (case.suspect.share.is_some() || outcome == "alerted") && !self.observes()
    }

    pub(crate) fn wait_for_reports(&self, case: Case) -> Step<Case> {
        let (outcome, _) = case.settled.clone().unwrap_or_default();
        let made = case.suspect.at.unwrap_or_else(|| self.cx.now());
        Step::wait(case)
            .timer(SETTLED, made + reach(self.config))
            .waiting_on(format!("{outcome}; late reports of the same share"))
    }
}

impl Case {
    /// What was found, in words.
    pub(crate) fn words(&self) -> String {
        let suspect = &self.suspect;
        let author = suspect.author.as_deref().unwrap_or("somebody");
        let names: Vec<_> = self.found.iter().map(|found| found.name.as_str()).collect();
        let names = names.join(", ");
        match (&suspect.share, &suspect.place) {
            (Some(share), _) => format!("{author} shared {names} without a request: {share}"),
            (None, place) => {
                let place = place.as_deref().unwrap_or_default();
                format!("{author} put {names} into {place}, where outsiders see it")
            }
        }
    }

    fn question_text(&self, refused: Option<&str>) -> String {
        let mut text = refused.map_or_else(String::new, |why| {
            format!("The last answer was not taken: {why}.\n")
        });
        text.push_str(&self.words());
        let restricted = self.found.iter().any(|found| found.restricted.is_some());
        if restricted {
            text.push_str("\nIts assets were restricted.");
        }
        match (self.share_dead, &self.suspect.share) {
            (true, Some(_)) => text.push_str("\nThe share has ended."),
            (false, Some(_)) if restricted => {
                text.push_str("\nThe DAM's API cannot end the share: end it by hand.");
            }
            _ => {}
        }
        text
    }
}
