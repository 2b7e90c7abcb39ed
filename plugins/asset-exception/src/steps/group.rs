//! A group: what its members miss, how people are asked for it, and how values are written.

use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::{Answer, Item, ItemState, Question, present};
use forebay_sdk::handler::DecisionRecord;
use forebay_sdk::workflow::StartRequest;
use forebay_sdk::{Error, Field, Value, digest};

use super::Steps;
use super::check::{self, Problem};
use crate::DAM;
use crate::config::Severity;
use crate::state::{Case, Group, Issue, Member};

/// Assets listed in a task; the rest is counted. The list is for people, and a variable of the engine.
const LISTED: usize = 100;

impl Steps<'_> {
    // ---- Members --------------------------------------------------------------------------------

    /// What stands on an asset about the fields it misses. Only what changed is written: our own
    /// writes come back as events.
    pub(crate) fn mark_member(
        &self,
        group: &Group,
        asset: &Asset,
        fields: &[Issue],
    ) -> Result<(), Error> {
        if group.knows(&asset.id, fields) {
            return Ok(());
        }
        let case = Case {
            asset: asset.id.clone(),
            issues: fields.to_vec(),
            ..Case::default()
        };
        self.mark(&case, "")
    }

    /// An asset with the fields it misses, and what could fill them.
    pub(crate) fn member(&self, asset: &Asset, fields: &[Issue]) -> Member {
        let missing: Vec<_> = fields.iter().filter_map(|i| i.field.clone()).collect();
        let suggestions = missing.iter().filter_map(|field| {
            let value = check::suggestion(self.config, asset, field)?;
            Some((field.clone(), value))
        });
        Member {
            name: asset.name.clone(),
            suggestions: suggestions.collect(),
            missing,
        }
    }

    /// The asset was moved: it goes to the group of its collection.
    pub(crate) fn hand_on(&self, asset: &Asset) -> Result<(), Error> {
        let key = format!(
            "{}:{}:{}",
            self.config.key_prefix,
            self.cx.connection(DAM).unwrap_or_default(),
            asset.id
        );
        let input = serde_json::json!({ "asset": asset.id });
        self.cx.spawn(self.cx.flow(), &key, &input).map(drop)
    }

    /// All fields are filled in: what was blocked for them is free again.
    pub(crate) fn lift_block(&self, asset: &Asset) -> Result<(), Error> {
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

    // ---- Asking ---------------------------------------------------------------------------------

    /// Ask for the fields of all members; the first question opens the group's process.
    pub(crate) fn ask_group(&self, group: &mut Group, text: &str) -> Result<(), Error> {
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

    /// Show the list where it has changed. Most of what is heard of changes nothing for people: our
    /// own writes come back too. A process that is new shows it already.
    pub(crate) fn show_list(
        &self,
        group: &mut Group,
        list: String,
        is_new: bool,
    ) -> Result<(), Error> {
        let shown = digest::sha256_hex(list.as_bytes());
        if !is_new && group.shown != shown {
            group.desk.show(self.cx, &[Field::new("issues", list)])?;
        }
        group.shown = shown;
        Ok(())
    }

    // ---- Values ---------------------------------------------------------------------------------

    /// What an answer fills in: a field for all assets, a field of one asset (`ID.field`), or the
    /// suggestions. The error says which value does not fit.
    pub(crate) fn planned(&self, group: &Group, answer: &Answer) -> Result<Vec<String>, String> {
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
                    return Err(why);
                }
                planned.push(format!("{id}|{field}|{value}"));
            }
        }
        Ok(planned)
    }

    /// An answer that is not taken; the question comes again with the reason.
    pub(crate) fn refuse(&self, group: &mut Group, answer: &Answer, why: &str) {
        let mut record = DecisionRecord::new("refused", "system");
        record.comment = Some(why.to_owned());
        record.task = Some(answer.task.clone());
        self.cx.decision(&record);
        group.refused = format!("The last answer was not taken: {why}.\n");
    }

    /// Write one value. The asset it was meant for, where that is still there.
    pub(crate) fn write_value(
        &self,
        group: &mut Group,
        item: &Item,
    ) -> Result<Option<String>, Error> {
        let mut parts = item.id.splitn(3, '|');
        let (Some(id), Some(field), Some(value)) = (parts.next(), parts.next(), parts.next())
        else {
            return Ok(None);
        };
        let Some(asset) = present(self.cx, id)? else {
            let gone = ItemState::Kept("the asset is gone".into());
            group.writes.mark(&item.id, gone);
            return Ok(None);
        };
        // Where somebody filled it in the DAM meanwhile, that value stands.
        if self.config.fields.value(&asset.fields, field).is_none() {
            self.write_fields(id, &[(field, Value::text(value))])?;
        }
        group.writes.mark(&item.id, ItemState::Done);
        Ok(Some(id.to_owned()))
    }
}

/// What is missing, for people.
pub(crate) fn list(group: &Group) -> String {
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
