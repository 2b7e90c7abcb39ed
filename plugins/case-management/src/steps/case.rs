//! What a case does apart from questions: opening, its guard, its process, the alarm, its outcome.

use forebay_sdk::blocks::{Answer, Desk, OF_DAM, Question};
use forebay_sdk::time::to_rfc3339;
use forebay_sdk::workflow::StartRequest;
use forebay_sdk::{Error, Field, FieldsExt, OrAbsent, Timestamp, Value};

use super::protection::Protected;
use super::request::{Request, ids};
use super::{Steps, case_name};
use crate::state::{Before, Case, Member, State};

impl Steps<'_> {
    /// The case that is asked for, and its assets; of one that people opened, what they wrote there.
    pub(crate) fn case_of(&self, mut request: Request) -> Result<(Case, Vec<String>), Error> {
        if let Some(process) = &request.process
            && request.assets.is_empty()
        {
            let variables = self.cx.workflow().get(process)?.variables;
            request.case_type = variables.text("case_type").unwrap_or_default().to_owned();
            request.assets = ids(variables.value("assets"));
        }
        if request.case_type.is_empty() {
            request.case_type.clone_from(&self.config.default_type);
        }
        let process = request.process.as_deref();
        let case = Case {
            kind: request.case_type,
            opened_at: request.opened_at.unwrap_or(self.cx.now()),
            opened_by: request.opened_by,
            desk: process.map(Desk::of_process).unwrap_or_default(),
            ..Case::default()
        };
        Ok((case, request.assets))
    }

    // ---- The guard ------------------------------------------------------------------------------

    /// Have further assets protected at once.
    pub(crate) fn protect(&self, case: &mut Case, assets: &[String]) -> Result<(), Error> {
        let mut fresh = assets.to_vec();
        fresh.retain(|asset| !case.assets.contains_key(asset));
        if fresh.is_empty() {
            return Ok(());
        }
        self.ask_guard(case, fresh.clone())?;
        let members = fresh.into_iter().map(|asset| (asset, Member::default()));
        case.assets.extend(members);
        Ok(())
    }

    /// Have assets protected by the guard, which is started if there is none.
    pub(crate) fn ask_guard(&self, case: &mut Case, assets: Vec<String>) -> Result<(), Error> {
        let input = Request {
            case: case_name(self.cx.business_key()).to_owned(),
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

    /// The guard tells that an asset is protected.
    pub(crate) fn confirm_protection(&self, case: &mut Case, told: Protected) -> Result<(), Error> {
        let member = case.assets.entry(told.asset.clone()).or_default();
        member.protected_at = Some(told.at);
        member.before.get_or_insert(told.before);
        if case.desk.is_open() {
            self.show(case)?;
        }
        Ok(())
    }

    /// Should protection be in place by now, and is not? The duty group is alarmed once.
    pub(crate) fn is_protection_late(&self, case: &Case) -> Result<bool, Error> {
        Ok(!case.alarmed && !case.is_protected() && self.cx.now() >= self.alarm_at(case)?)
    }

    pub(crate) fn alarm_duty_group(&self, case: &mut Case) -> Result<(), Error> {
        case.alarmed = true;
        let members = case.assets.iter();
        let late = members.filter(|(_, member)| member.protected_at.is_none());
        let late: Vec<_> = late.map(|(asset, _)| asset.as_str()).collect();
        let words = format!("not protected in time: {}", late.join(", "));
        self.tell(&format!("{}: {words}", self.cx.business_key()));
        let first = late.first().copied().unwrap_or_default();
        self.note(self.record("alarm", first), words.as_str());
        let question = Question::to_group("alarm:1", "Protection is late", &self.config.duty_group)
            .title(format!("{} assets are not protected", late.len()))
            .text(words)
            .outcomes(&["seen"]);
        case.desk.ask(self.cx, &self.rules(), vec![question])
    }

    pub(super) fn alarm_at(&self, case: &Case) -> Result<Timestamp, Error> {
        let within = self.config.immediate_within;
        within.after(self.cx, &self.config.calendar, case.opened_at, 100)
    }

    // ---- The process ----------------------------------------------------------------------------

    /// The process, with the time the case was really opened.
    pub(crate) fn open_process(&self, case: &mut Case) -> Result<(), Error> {
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

    pub(crate) fn tell_overdue(&self, question: &str) {
        let key = self.cx.business_key();
        self.tell(&format!("{key}: `{question}` is long overdue"));
    }

    pub(crate) fn note_answer(&self, case: &Case, answer: &Answer) {
        self.cx.decision(&answer.record(&case.desk.process));
    }

    // ---- The outcome ----------------------------------------------------------------------------

    /// A correction closes when every asset has a new version. Has the last one come?
    pub(crate) fn has_every_new_version(&self, case: &mut Case) -> Result<bool, Error> {
        if case.awaits_version.is_empty() {
            return Ok(false);
        }
        for (asset, before) in case.awaits_version.clone() {
            let now = self.cx.assets().get(&asset).or_absent()?;
            if now.is_some_and(|now| now.version != before) {
                case.awaits_version.remove(&asset);
                let record = self.record("corrected", &asset);
                self.note(record, format!("a version after {before} came"));
            }
        }
        Ok(case.awaits_version.is_empty())
    }

    pub(crate) fn write_outcome(&self, case: &Case, outcome: &str) -> Result<(), Error> {
        for asset in case.assets.keys() {
            if self.present(asset)?.is_some() {
                self.write_fields(asset, &[("case_state", Value::text(outcome))])?;
            }
        }
        Ok(())
    }
}

impl From<Case> for State {
    fn from(case: Case) -> Self {
        Self::Case(Box::new(case))
    }
}

impl Case {
    pub(crate) fn is_protected(&self) -> bool {
        let mut members = self.assets.values();
        members.all(|member| member.protected_at.is_some())
    }

    /// Another case let go of an asset: what stood before both.
    pub(crate) fn inherit(&mut self, (asset, before): (String, Before)) {
        if let Some(member) = self.assets.get_mut(&asset) {
            member.before = Some(before);
        }
    }

    /// Another process begins empty: people are asked anew, and comments are copied to it anew.
    pub(crate) fn forget_process(&mut self) {
        self.asked = false;
        self.notes.retain(|copy, _| !copy.starts_with(OF_DAM));
    }

    /// The proposed assets that people confirm.
    pub(crate) fn chosen_of_proposed(&self, answer: &Answer) -> Vec<String> {
        let named = answer.texts("assets");
        let mut chosen = self.proposed.clone();
        chosen.retain(|asset| named.is_empty() || named.contains(asset));
        chosen
    }

    /// Assets of which nobody has told yet what stood on them.
    pub(crate) fn without_record(&self) -> Vec<String> {
        let members = self.assets.iter();
        let unknown = members.filter(|(_, member)| member.before.is_none());
        unknown.map(|(asset, _)| asset.clone()).collect()
    }
}
