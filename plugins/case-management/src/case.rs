//! The course of a case: opened, protected, worked on by people, upheld or restored.

use forebay_sdk::blocks::{Alarm, Answer, Desk, Question, Reading, present};
use forebay_sdk::handler::EffectMode;
use forebay_sdk::time::to_rfc3339;
use forebay_sdk::workflow::StartRequest;
use forebay_sdk::{Delivery, Error, Field, FieldsExt, OrAbsent, Step, Value};

use crate::admit::{Request, ids};
use crate::course::{Course, Next};
use crate::guard::{INHERITED, PROTECTED, Protected};
use crate::notes;
use crate::state::{Before, Case, Member, State};
use crate::{DAM, WORKFLOW};

/// Timer: open the process, once protection is under way.
const OPEN: &str = "open";
/// Timer: protection must be in place by now.
const ALARM: &str = "alarm";
/// Timer: compare both sides.
const SYNC: &str = "sync";
/// Signal: go on in another process.
const RESTART: &str = "restart";

pub(crate) fn state(case: Case) -> State {
    State::Case(Box::new(case))
}

impl Course<'_> {
    /// The first activation only sets the guard to work: whatever fails later, protection begins now.
    pub(crate) fn open(&self, mut case: Case, mut request: Request) -> Next {
        if let Some(process) = request
            .process
            .as_ref()
            .filter(|_| request.assets.is_empty())
        {
            let variables = self.cx.workflow().get(process)?.variables;
            request.case_type = variables.text("case_type").unwrap_or_default().to_owned();
            request.assets = ids(variables.value("assets"));
        }
        case.kind = request.case_type;
        if case.kind.is_empty() {
            case.kind.clone_from(&self.config.default_type);
        }
        case.opened_at = request.opened_at.unwrap_or(self.cx.now());
        case.opened_by = request.opened_by;
        if let Some(process) = &request.process {
            case.desk = Desk::of_process(process);
        }
        self.add_assets(&mut case, &request.assets)?;
        if self.cx.mode() == EffectMode::Observe {
            let summary = format!("{} assets would have been protected", case.assets.len());
            return Ok(Step::complete(state(case), "observed", summary));
        }
        self.wait(case, true)
    }

    /// Further assets are protected at once.
    pub(crate) fn add_assets(&self, case: &mut Case, assets: &[String]) -> Result<(), Error> {
        let fresh = assets
            .iter()
            .filter(|asset| !case.assets.contains_key(*asset));
        let fresh: Vec<_> = fresh.cloned().collect();
        if fresh.is_empty() {
            return Ok(());
        }
        self.ask_guard(case, fresh.clone())?;
        for asset in fresh {
            case.assets.insert(asset, Member::default());
        }
        Ok(())
    }

    /// Have assets protected by the guard, which is started if there is none.
    pub(crate) fn ask_guard(&self, case: &mut Case, assets: Vec<String>) -> Result<(), Error> {
        let input = Request {
            case: self.case_name(),
            case_type: case.kind.clone(),
            assets,
            guard: Some((
                self.cx.business_key().to_owned(),
                self.cx.run_id().to_owned(),
            )),
            ..Request::default()
        };
        let key = format!("{}:guard", self.cx.business_key());
        case.guard = self.cx.spawn(self.cx.flow(), &key, &input)?;
        Ok(())
    }

    pub(crate) fn case_name(&self) -> String {
        let key = self.cx.business_key();
        key.rsplit(':').next().unwrap_or(key).to_owned()
    }

    pub(crate) fn case(&self, mut case: Case, delivery: &Delivery) -> Next {
        match delivery {
            Delivery::Request(_) => {
                let request: Request = delivery.request()?;
                self.add_assets(&mut case, &request.assets)?;
            }
            Delivery::Signal(signal) if signal.name == PROTECTED => {
                let told: Protected = signal.data()?;
                self.protected(&mut case, told)?;
            }
            Delivery::Signal(signal) if signal.name == INHERITED => {
                let (asset, before): (String, Before) = signal.data()?;
                if let Some(member) = case.assets.get_mut(&asset) {
                    member.before = Some(before);
                }
            }
            Delivery::Signal(signal) if signal.name == RESTART => {
                case.desk.leave(self.cx, "restarted by an operator")?;
                case.asked = false;
                notes::forget_process(&mut case);
            }
            Delivery::Timer(fired) => {
                let alarm = case.desk.alarm(self.cx, &self.rules(), &fired.name)?;
                if let Some(Alarm::TimedOut(question)) = alarm {
                    // A case is never silent, and never decides by silence.
                    self.tell(&format!(
                        "{}: `{question}` is long overdue",
                        self.cx.business_key()
                    ));
                    case.desk.asked.remove(&question);
                }
            }
            _ => {}
        }
        self.go_on(case)
    }

    fn go_on(&self, mut case: Case) -> Next {
        if !case.desk.is_open() {
            self.open_process(&mut case)?;
        }
        self.alarm_if_late(&mut case)?;
        // Until the assets are protected a case leaves the DAM to its guard: an outage there must not
        // keep it from alarming.
        if case.is_protected() {
            if !case.asked {
                self.ask_for_decision(&mut case)?;
            }
            self.keep_fields_same(&mut case)?;
            self.keep_notes_same(&mut case)?;
            if let Some(next) = self.new_versions(&mut case)? {
                return Ok(next);
            }
        }
        if let Some(by) = case.restored_by.clone() {
            return self.restore_all(case, &by);
        }
        match case.desk.read(self.cx)? {
            Reading::Open(answers) => {
                for answer in answers {
                    self.cx.decision(&answer.record(&case.desk.process));
                    if let Some(next) = self.answered(&mut case, &answer)? {
                        return Ok(next);
                    }
                }
                self.wait(case, false)
            }
            Reading::Suspended => {
                let reason = "the case is suspended in the workflow engine; activate it there, then retry the run";
                Ok(Step::park(state(case), reason))
            }
            Reading::Ended(reason) => {
                // Closed on one side only: what is protected stays so until somebody decides.
                let reason = format!(
                    "the case was ended in the workflow engine: {reason}; its assets stay protected; \
                     the signal `{RESTART}` goes on in another process"
                );
                Ok(Step::park(state(case), reason))
            }
        }
    }

    /// The process, with the time the case was really opened.
    fn open_process(&self, case: &mut Case) -> Result<(), Error> {
        let title = format!("{}: {} assets", case.kind, case.assets.len());
        let assets: Vec<_> = case.assets.keys().cloned().collect();
        let key = self.cx.business_key();
        let request = StartRequest::new(&self.config.process.definition, key, &title)
            .variable("title", title.as_str())
            .variable("case_type", case.kind.as_str())
            .variable("assets", assets.join(","))
            .variable("openedAt", to_rfc3339(case.opened_at))
            .variable("openedBy", case.opened_by.as_str());
        let mut desk = Desk::default();
        desk.open(self.cx, &self.rules(), request, Vec::new())?;
        case.desk = desk;
        self.show(case)
    }

    fn show(&self, case: &Case) -> Result<(), Error> {
        let lines = case
            .assets
            .iter()
            .map(|(asset, member)| match member.protected_at {
                Some(at) => format!("{asset}: protected at {}", to_rfc3339(at)),
                None => format!("{asset}: not protected yet"),
            });
        let text = lines.collect::<Vec<_>>().join("\n");
        case.desk
            .show(self.cx, &[Field::new("confirmations", text)])
    }

    fn protected(&self, case: &mut Case, told: Protected) -> Result<(), Error> {
        let member = case.assets.entry(told.asset.clone()).or_default();
        member.protected_at = Some(told.at);
        member.before.get_or_insert(told.before);
        if case.desk.is_open() {
            self.show(case)?;
        }
        Ok(())
    }

    fn alarm_if_late(&self, case: &mut Case) -> Result<(), Error> {
        let late: Vec<_> = case
            .assets
            .iter()
            .filter(|(_, member)| member.protected_at.is_none())
            .map(|(asset, _)| asset.clone())
            .collect();
        if case.alarmed || late.is_empty() || self.cx.now() < self.alarm_at(case)? {
            return Ok(());
        }
        case.alarmed = true;
        let words = format!("not protected in time: {}", late.join(", "));
        self.tell(&format!("{}: {words}", self.cx.business_key()));
        let mut record = self.record("alarm", &late[0]);
        record.comment = Some(words.clone());
        self.cx.decision(&record);
        let question = Question::to_group("alarm:1", "Protection is late", &self.config.duty_group)
            .title(format!("{} assets are not protected", late.len()))
            .text(words)
            .outcomes(&["seen"]);
        case.desk.ask(self.cx, &self.rules(), vec![question])
    }

    fn alarm_at(&self, case: &Case) -> Result<i64, Error> {
        let within = self.config.immediate_within;
        within.after(self.cx, &self.config.calendar, case.opened_at, 100)
    }

    fn answered(&self, case: &mut Case, answer: &Answer) -> Result<Option<Step<State>>, Error> {
        match (answer.question.split(':').next(), answer.outcome.as_str()) {
            (Some("related"), "confirm") => {
                let named = answer.texts("assets");
                let chosen: Vec<_> = case
                    .proposed
                    .iter()
                    .filter(|asset| named.is_empty() || named.contains(asset))
                    .cloned()
                    .collect();
                self.add_assets(case, &chosen)?;
                Ok(None)
            }
            (Some("decide"), "stay-down") => {
                let by = answer.actor().to_owned();
                self.close(case, "upheld", &format!("stays down, says {by}"))
                    .map(Some)
            }
            (Some("decide"), "restore") => {
                let by = answer.actor().to_owned();
                case.restored_by = Some(by.clone());
                self.restore_all(case.clone(), &by).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// A correction closes when every asset has a new version.
    fn new_versions(&self, case: &mut Case) -> Result<Option<Step<State>>, Error> {
        if case.awaits_version.is_empty() {
            return Ok(None);
        }
        for (asset, before) in case.awaits_version.clone() {
            let now = self.cx.assets().get(&asset).or_absent()?;
            if now.is_some_and(|now| now.version != before) {
                case.awaits_version.remove(&asset);
                let mut record = self.record("corrected", &asset);
                record.comment = Some(format!("a version after {before} came"));
                self.cx.decision(&record);
            }
        }
        if !case.awaits_version.is_empty() {
            return Ok(None);
        }
        self.put_back(case)?;
        let summary = "every asset has a new version";
        self.close(case, "corrected", summary).map(Some)
    }

    pub(crate) fn close(&self, case: &mut Case, outcome: &str, summary: &str) -> Next {
        let assets: Vec<_> = case.assets.keys().cloned().collect();
        for asset in assets {
            if present(self.cx, &asset)?.is_some() {
                self.write_fields(&asset, &[("case_state", Value::text(outcome))])?;
            }
        }
        self.dismiss(&case.guard, outcome)?;
        case.desk.close(self.cx, outcome)?;
        Ok(Step::complete(state(case.clone()), outcome, summary))
    }

    pub(crate) fn wait(&self, case: Case, first: bool) -> Next {
        let now = self.cx.now();
        let alarm = self.alarm_at(&case)?;
        let interval = self.config.sync.interval;
        let next = interval.after(self.cx, &self.config.calendar, now, 100)?;
        let (desk, assets, alarmed) = (
            case.desk.clone(),
            case.assets.keys().cloned().collect::<Vec<_>>(),
            case.alarmed,
        );
        let late = !case.is_protected();
        let words = match (late, &case.restored_by) {
            (true, _) => "protection",
            (false, None) => "a decision",
            (false, Some(_)) => "deleted assets to come back, which are then put back",
        };
        let mut wait = Step::wait(state(case));
        wait = match first {
            true => wait.timer(OPEN, now),
            false => wait.timer(SYNC, next),
        };
        if late && !alarmed {
            wait = wait.timer(ALARM, alarm);
        }
        for asset in assets {
            wait = wait.subscribe(DAM, "asset", asset);
        }
        wait = desk.watch(wait, WORKFLOW);
        Ok(wait.waiting_on(words))
    }
}

impl Case {
    fn is_protected(&self) -> bool {
        let mut members = self.assets.values();
        members.all(|member| member.protected_at.is_some())
    }
}
