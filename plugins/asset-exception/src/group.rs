//! One task for the assets of a collection whose fields are missing. The list shrinks as people fill
//! them in the DAM; what they enter in the task is written asset by asset.

use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::{
    Alarm, Answer, CONTINUE, ITEMS_PER_ACTIVATION, ItemState, Question, Reading, paths, present,
};
use forebay_sdk::handler::EffectMode;
use forebay_sdk::workflow::StartRequest;
use forebay_sdk::{Delivery, Error, Field, Step, Value, digest};

use crate::admit::Request;
use crate::check::{self, Problem};
use crate::config::Severity;
use crate::course::{Course, Next};
use crate::state::{Case, Group, Member, State};
use crate::{DAM, WORKFLOW};

/// Assets listed in a task; the rest is counted. The list is for people, and a variable of the engine.
const LISTED: usize = 100;

fn state(group: Group) -> State {
    State::Group(Box::new(group))
}

impl Course<'_> {
    /// The first asset of a group.
    pub(crate) fn join_group(&self, mut group: Group, request: &Request) -> Next {
        if !request.asset.is_empty() {
            self.look_at_member(&mut group, &request.asset)?;
        }
        self.go_on_group(group)
    }

    pub(crate) fn group(&self, mut group: Group, delivery: &Delivery) -> Next {
        match delivery {
            Delivery::Request(_) => {
                let request = delivery.request::<Request>()?;
                self.look_at_member(&mut group, &request.asset)?;
            }
            Delivery::Timer(fired) if fired.name == CONTINUE => self.write_some(&mut group)?,
            Delivery::Timer(fired) => {
                let alarm = group.desk.alarm(self.cx, &self.rules(), &fired.name)?;
                if let Some(Alarm::TimedOut(question)) = alarm {
                    let reason = format!("nobody answered `{question}` within twice the time");
                    return Ok(Step::park(state(group), reason));
                }
            }
            Delivery::Event(incoming) if incoming.role == WORKFLOW => {
                if let Some(reason) = self.read_group(&mut group)? {
                    return Ok(Step::park(state(group), reason));
                }
            }
            Delivery::Event(incoming) => {
                let asset = incoming.event.entity.id.clone();
                self.look_at_member(&mut group, &asset)?;
            }
            // A process that was left is followed by another one below.
            Delivery::Signal(_) => {}
        }
        self.go_on_group(group)
    }

    /// Check an asset; it belongs to the group while its fields are missing and it is filed there.
    fn look_at_member(&self, group: &mut Group, id: &str) -> Result<(), Error> {
        let Some(asset) = present(self.cx, id)? else {
            group.members.remove(id);
            return Ok(());
        };
        let moved = !paths(&asset).contains(&group.collection) && group.collection != "/";
        let findings = check::check(self.config, &asset);
        let missing: Vec<_> = findings
            .fields
            .iter()
            .filter_map(|issue| issue.field.clone())
            .collect();
        let known = group.members.get(id);
        if known.is_none_or(|member| member.missing != missing) {
            // Only what changed is written: our own writes come back as events.
            self.mark(&mark_of(&asset, &findings.fields), "")?;
        }
        if missing.is_empty() || moved {
            if group.members.remove(id).is_some() && missing.is_empty() {
                self.lift_block(&asset)?;
            }
            if moved && !missing.is_empty() {
                self.hand_on(&asset)?;
            }
            return Ok(());
        }
        let suggestions = missing.iter().filter_map(|field| {
            let value = check::suggestion(self.config, &asset, field)?;
            Some((field.clone(), value))
        });
        let member = Member {
            name: asset.name.clone(),
            suggestions: suggestions.collect(),
            missing,
        };
        group.members.insert(id.to_owned(), member);
        Ok(())
    }

    /// The asset was moved: it goes to the group of its collection.
    fn hand_on(&self, asset: &Asset) -> Result<(), Error> {
        let key = format!(
            "{}:{}:{}",
            self.config.key_prefix,
            self.cx.connection(DAM).unwrap_or_default(),
            asset.id
        );
        let input = serde_json::json!({ "asset": asset.id });
        self.cx.spawn(self.cx.flow(), &key, &input).map(drop)
    }

    fn lift_block(&self, asset: &Asset) -> Result<(), Error> {
        let block = &self.config.block;
        if block.acl_template.is_empty() {
            return Ok(());
        }
        // Cases hand over to the group and end; what stood before is not known here, so the vendor's
        // default comes back.
        let now = self.cx.access().snapshot(&asset.id)?;
        if now.summary == block.acl_template {
            self.cx.access().apply(&asset.id, "default")?;
        }
        Ok(())
    }

    fn go_on_group(&self, mut group: Group) -> Next {
        if group.members.is_empty() && group.writes.is_finished() {
            group.desk.close(self.cx, "completed")?;
            return Ok(Step::complete(
                state(group),
                "completed",
                "all fields are filled in",
            ));
        }
        if !group.members.is_empty() && group.writes.is_finished() {
            let text = list(&group);
            let shown = digest::sha256_hex(text.as_bytes());
            let opens = !group.desk.is_open();
            if group.desk.asked.is_empty() {
                self.ask_group(&mut group, &text)?;
                if self.cx.mode() == EffectMode::Observe {
                    let summary = format!("{} assets would have been listed", group.members.len());
                    return Ok(Step::complete(state(group), "observed", summary));
                }
            }
            // Most of what is heard of changes nothing for people: our own writes come back too.
            if !opens && group.shown != shown {
                group.desk.show(self.cx, &[Field::new("issues", text)])?;
            }
            group.shown = shown;
        }
        let mut wait = Step::wait(state(group.clone()));
        for asset in group.members.keys() {
            wait = wait.subscribe(DAM, "asset", asset.as_str());
        }
        if !group.writes.is_finished() {
            wait = wait.timer(CONTINUE, self.cx.now());
        }
        wait = group.desk.watch(wait, WORKFLOW);
        let summary = format!(
            "{} assets of {} to be completed",
            group.members.len(),
            group.collection
        );
        Ok(wait.waiting_on(summary))
    }

    fn ask_group(&self, group: &mut Group, text: &str) -> Result<(), Error> {
        group.question += 1;
        let id = format!("fill:{}", group.question);
        let assign = &self.config.assign;
        let to = match assign.to.as_str() {
            "uploader" | "creator" => &assign.fallback,
            named => named,
        };
        let mut question = Question::to_group(&id, "Fill in fields", to)
            .title(format!(
                "{} assets in {}",
                group.members.len(),
                group.collection
            ))
            .text(format!("{}{text}", std::mem::take(&mut group.refused)))
            .outcomes(&["done"])
            .form("accept", "Accept all suggestions: yes", false)
            .sla(assign.sla.of(Severity::Medium));
        let mut fields: Vec<_> = group
            .members
            .values()
            .flat_map(|m| m.missing.iter())
            .collect();
        fields.sort_unstable();
        fields.dedup();
        for field in fields {
            question = question.form(field, &format!("{field} for all"), false);
        }
        if group.desk.is_open() {
            return group.desk.ask(self.cx, &self.rules(), vec![question]);
        }
        let title = format!("Fields are missing in {}", group.collection);
        let key = self.cx.business_key();
        let request = StartRequest::new(&self.config.process.definition, key, &title)
            .variable("title", title.as_str())
            .variable("issues", text);
        let rules = self.rules();
        group.desk.open(self.cx, &rules, request, vec![question])
    }

    /// Answers; tells why the run must park, if it must.
    fn read_group(&self, group: &mut Group) -> Result<Option<String>, Error> {
        let reading = group.desk.read(self.cx)?;
        if let Some(reason) = Self::stopped(&reading, &group.desk) {
            return Ok(Some(reason));
        }
        if let Reading::Open(answers) = reading {
            for answer in answers {
                self.cx.decision(&answer.record(&group.desk.process));
                self.plan_writes(group, &answer);
            }
        }
        Ok(None)
    }

    /// What an answer fills in: a field for all assets, a field of one asset (`ID.field`), or the
    /// suggestions. A value that does not fit is refused, and the question comes again.
    fn plan_writes(&self, group: &mut Group, answer: &Answer) {
        let accepts = answer
            .text("accept")
            .is_some_and(|text| text.eq_ignore_ascii_case("yes"));
        let mut planned = Vec::new();
        for (id, member) in &group.members {
            for field in &member.missing {
                let own = answer.text(&format!("{id}.{field}"));
                let suggested = member.suggestions.get(field).filter(|_| accepts).cloned();
                let Some(value) = own.or_else(|| answer.text(field)).or(suggested) else {
                    continue;
                };
                if let Err(Problem::Wrong(why)) = check::accepts(self.config, field, &value) {
                    self.refuse(answer, &why);
                    group.refused = format!("The last answer was not taken: {why}.\n");
                    return;
                }
                planned.push(format!("{id}|{field}|{value}"));
            }
        }
        group.writes.0.retain(|item| item.state == ItemState::Open);
        for write in planned {
            group.writes.add(write.clone(), write);
        }
    }

    fn refuse(&self, answer: &Answer, why: &str) {
        let mut record = forebay_sdk::handler::DecisionRecord::new("refused", "system");
        record.comment = Some(why.to_owned());
        record.task = Some(answer.task.clone());
        self.cx.decision(&record);
    }

    /// Write a few values: each asset once.
    fn write_some(&self, group: &mut Group) -> Result<(), Error> {
        for item in group.writes.next(ITEMS_PER_ACTIVATION) {
            let mut parts = item.id.splitn(3, '|');
            let (Some(id), Some(field), Some(value)) = (parts.next(), parts.next(), parts.next())
            else {
                continue;
            };
            let Some(asset) = present(self.cx, id)? else {
                group
                    .writes
                    .mark(&item.id, ItemState::Kept("the asset is gone".into()));
                continue;
            };
            // Where somebody filled it in the DAM meanwhile, that value stands.
            if self.config.fields.value(&asset.fields, field).is_none() {
                self.write_fields(id, &[(field, Value::text(value))])?;
            }
            group.writes.mark(&item.id, ItemState::Done);
            self.look_at_member(group, id)?;
        }
        group.writes.tell_progress(self.cx);
        Ok(())
    }
}

fn mark_of(asset: &Asset, issues: &[crate::state::Issue]) -> Case {
    Case {
        asset: asset.id.clone(),
        issues: issues.to_vec(),
        ..Case::default()
    }
}

fn list(group: &Group) -> String {
    let lines = group.members.iter().take(LISTED).map(|(id, member)| {
        let missing = member
            .missing
            .iter()
            .map(|field| match member.suggestions.get(field) {
                Some(value) => format!("{field} (suggested: {value})"),
                None => field.clone(),
            });
        let missing = missing.collect::<Vec<_>>().join(", ");
        format!("{} [{id}]: {missing}", member.name)
    });
    let mut lines: Vec<_> = lines.collect();
    if group.members.len() > LISTED {
        lines.push(format!("and {} more", group.members.len() - LISTED));
    }
    lines.join("\n")
}
