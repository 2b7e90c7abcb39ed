//! A case: a share, or a place outsiders see, that holds what nobody asked for. The assets are taken
//! out of use first, then people decide.

use forebay_sdk::assets::AssetStatus;
use forebay_sdk::blocks::{Desk, OneOrMany, Question, Reading, Routing, present};
use forebay_sdk::handler::{DecisionRecord, EffectMode};
use forebay_sdk::workflow::StartRequest;
use forebay_sdk::{Delivery, Error, Field, Step, Timestamp, Value, time};

use crate::WORKFLOW;
use crate::config::{Action, UNKNOWN};
use crate::course::{CANCEL, Course, Next, RESTART, every_share, timed_out};
use crate::request::{Wish, watched};
use crate::scan::reach;
use crate::state::{Before, Case, Found, Item, State};

/// Timer: no report names the share any more.
const SETTLED: &str = "settled";
/// Value of `share_state` of an asset in a share nobody asked for.
const VIOLATION: &str = "violation";

impl Course<'_> {
    pub(crate) fn begin_case(&self, mut case: Case) -> Next {
        if let Some(why) = self.innocent(&mut case)? {
            return Ok(Step::complete(case.state(), "looked", why));
        }
        self.detected(&case);
        let action = match self.config.preventive.require_request {
            true => self.config.detective.action,
            false => Action::Alert,
        };
        if action == Action::RestrictAndTask {
            self.protect(&mut case)?;
        }
        self.tell(&self.words(&case));
        if action == Action::Alert {
            return self.settle(case, "alerted", "operators were told");
        }
        self.ask_about(&mut case, None)?;
        if self.cx.mode() == EffectMode::Observe {
            let summary = "people would have been asked about a share nobody asked for";
            return Ok(Step::complete(case.state(), "observed", summary));
        }
        self.wait_for_ruling(case)
    }

    pub(crate) fn case(&self, mut case: Case, delivery: &Delivery) -> Next {
        if let Some((outcome, summary)) = case.settled.clone() {
            // Further reports of the same share are the same case.
            return match delivery {
                Delivery::Timer(_) => Ok(Step::complete(case.state(), outcome, summary)),
                _ => self.wait_for_reports(case),
            };
        }
        match delivery {
            Delivery::Signal(signal) if signal.name == CANCEL => {
                case.desk.cancel(self.cx, "cancelled by an operator")?;
                let why = "by an operator; restricted assets stay restricted";
                return Ok(Step::cancel(case.state(), "cancelled", why));
            }
            Delivery::Signal(signal) if signal.name == RESTART => {
                case.desk.cancel(self.cx, "restarted by an operator")?;
                case.desk = Desk::default();
                self.ask_about(&mut case, None)?;
                return self.wait_for_ruling(case);
            }
            _ => {}
        }
        let reading = case.desk.read(self.cx)?;
        match (reading, delivery) {
            // An answer that came in time counts, however late it is read.
            (Reading::Open(answers), Delivery::Timer(fired)) if answers.is_empty() => {
                let alarm = case.desk.alarm(self.cx, &self.rules(), &fired.name)?;
                match timed_out(alarm) {
                    None => self.wait_for_ruling(case),
                    Some(question) => {
                        let why = format!("nobody answered `{question}` in twice its time");
                        Ok(Step::park(case.state(), why))
                    }
                }
            }
            (Reading::Open(answers), _) => self.rule(case, answers),
            (Reading::Suspended, _) => {
                let why = "the process is suspended in the workflow engine";
                Ok(Step::park(case.state(), why))
            }
            (Reading::Ended(reason), _) => {
                let why = format!("the process was ended in the workflow engine: {reason}");
                Ok(Step::park(case.state(), why))
            }
        }
    }

    // ---- What was found -------------------------------------------------------------------------

    /// Look closer. Why there is no case after all, if there is none.
    fn innocent(&self, case: &mut Case) -> Result<Option<&'static str>, Error> {
        if let Some(id) = case.suspect.share.clone() {
            let listed = self.shares(&every_share())?.unwrap_or_default();
            let share = listed
                .into_iter()
                .find(|share| share.id == id || share.link.as_ref() == Some(&id));
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

    /// Do outsiders see this asset, in a collection they look into, without approval?
    pub(crate) fn exposes(&self, asset: &forebay_sdk::assets::Asset) -> bool {
        let paths = forebay_sdk::blocks::paths(asset);
        if asset.status != AssetStatus::Approved || watched(self.config, &paths).is_none() {
            return false;
        }
        let states = self.config.fields.texts(&asset.fields, "share_state");
        let approved = |state: &String| state == "shared" || state == "allowed";
        !states.iter().any(approved)
    }

    fn detected(&self, case: &Case) {
        let suspect = &case.suspect;
        for found in &case.found {
            let mut record = self.record("violation-detected", &found.item());
            record.comment = Some(self.words(case));
            let since = suspect.at.map_or(Value::None, |at| {
                Value::Integer((self.cx.now() - at) / time::SECOND)
            });
            record.details = vec![
                Field::new("share", suspect.share.clone().unwrap_or_default()),
                Field::new("place", suspect.place.clone().unwrap_or_default()),
                Field::new("author", suspect.author.clone().unwrap_or_default()),
                Field::new("made-at", suspect.at.map_or(Value::None, Value::Timestamp)),
                Field::new("seconds-until-detection", since),
            ];
            self.cx.decision(&record);
        }
    }

    fn words(&self, case: &Case) -> String {
        let suspect = &case.suspect;
        let author = suspect.author.as_deref().unwrap_or("somebody");
        let names: Vec<_> = case.found.iter().map(|found| found.name.as_str()).collect();
        let names = names.join(", ");
        match (&suspect.share, &suspect.place) {
            (Some(share), _) => format!("{author} shared {names} without a request: {share}"),
            (None, place) => {
                let place = place.as_deref().unwrap_or_default();
                format!("{author} put {names} into {place}, where outsiders see it")
            }
        }
    }

    // ---- Protection -----------------------------------------------------------------------------

    /// Take the assets out of use, which always works, then end the share, which may not.
    fn protect(&self, case: &mut Case) -> Result<(), Error> {
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
            let reaction = case
                .suspect
                .at
                .map(|at| (self.cx.now() - at) / time::SECOND);
            record.details = vec![Field::new(
                "seconds-until-reaction",
                reaction.map_or(Value::None, Value::Integer),
            )];
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

    pub(crate) fn ask_about(&self, case: &mut Case, refused: Option<&str>) -> Result<(), Error> {
        case.round += 1;
        let mut text = refused.map_or_else(String::new, |why| {
            format!("The last answer was not taken: {why}.\n")
        });
        text.push_str(&self.words(case));
        let restricted = case.found.iter().any(|found| found.restricted.is_some());
        if restricted {
            text.push_str("\nIts assets were restricted.");
        }
        match (case.share_dead, &case.suspect.share) {
            (true, Some(_)) => text.push_str("\nThe share has ended."),
            (false, Some(_)) if restricted => {
                text.push_str("\nThe DAM's API cannot end the share: end it by hand.");
            }
            _ => {}
        }
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
        let title = "A share nobody asked for";
        let key = match case.round {
            1 => self.cx.business_key().to_owned(),
            round => format!("{}:{round}", self.cx.business_key()),
        };
        let request = StartRequest::new(definition, key, title)
            .variable("share", case.suspect.share.clone().unwrap_or_default())
            .variable("assets", Value::Texts(case.suspect.assets.clone()));
        case.desk.open(self.cx, &rules, request, questions)
    }

    /// Who got the share, where the DAM says so.
    fn classes(&self, case: &Case) -> Result<Vec<String>, Error> {
        let Some(id) = &case.suspect.share else {
            return Ok(vec![UNKNOWN.to_owned()]);
        };
        let listed = self.shares(&every_share())?.unwrap_or_default();
        let share = listed.into_iter().find(|share| share.id == *id);
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

    pub(crate) fn wait_for_ruling(&self, case: Case) -> Next {
        let desk = case.desk.clone();
        let wait = desk.watch(Step::wait(case.state()), WORKFLOW);
        Ok(wait.waiting_on("a decision about a share nobody asked for"))
    }

    /// It was decided. Reports and scans may name the share again for a while: until then the run
    /// lives, so that they find it and start no second one.
    pub(crate) fn settle(&self, mut case: Case, outcome: &str, summary: &str) -> Next {
        case.desk.close(self.cx, outcome)?;
        let by_report = case.suspect.share.is_some() || outcome == "alerted";
        if !by_report || self.cx.mode() == EffectMode::Observe {
            return Ok(Step::complete(case.state(), outcome, summary));
        }
        case.settled = Some((outcome.to_owned(), summary.to_owned()));
        self.wait_for_reports(case)
    }

    fn wait_for_reports(&self, case: Case) -> Next {
        let (outcome, _) = case.settled.clone().unwrap_or_default();
        let made: Timestamp = case.suspect.at.unwrap_or_else(|| self.cx.now());
        let until = made + reach(self.config);
        Ok(Step::wait(case.state())
            .timer(SETTLED, until)
            .waiting_on(format!("{outcome}; late reports of the same share")))
    }
}

impl Case {
    fn state(self) -> State {
        State::Case(Box::new(self))
    }
}

impl Found {
    pub(crate) fn item(&self) -> Item {
        Item {
            id: self.id.clone(),
            name: self.name.clone(),
            version: self.version.clone(),
            checksum: self.checksum.clone(),
            ..Item::default()
        }
    }
}
