//! Changing an asset: read, write only what differs, read back.
//!
//! Every request states values, so that repeating it changes nothing. Canto has no condition on an
//! edit: between the read and the write somebody else may come in, and the read back shows it.

use forebay_sdk::assets::{Asset, AssetStatus, AssetUpdate, Change, ExpiryChange, Updated};
use forebay_sdk::http::encode_component;
use forebay_sdk::{Error, FieldsExt, Timestamp, Value, time};
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::Canto;
use crate::date;
use crate::settings::{DateForm, Property, status_word};
use crate::wire::{self, Content, ContentId};

/// What is left to write.
#[derive(Default)]
struct Plan {
    edits: Vec<Edit>,
    add_tags: Vec<String>,
    remove_tags: Vec<String>,
}

/// One property to write.
struct Edit {
    /// As the contract names the change.
    subject: String,
    property: PropertyEdit,
}

/// A property in the body of a batch edit.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PropertyEdit {
    property_id: String,
    property_value: Json,
    action: &'static str,
    custom_field: bool,
}

impl Canto {
    pub(crate) fn write(&self, id: &str, update: &AssetUpdate) -> Result<Updated, Error> {
        let id = ContentId::parse(id)?;
        let before = self.content(&id)?;
        let plan = self.plan(&before, update)?;
        if plan.is_empty() {
            return Ok(Updated {
                asset: self.asset(&before),
                changes: Vec::new(),
            });
        }
        // Only now: an update that already stands there is a repeat of one that was done.
        let token = before.change_token();
        if let Some(guard) = &update.guard
            && *guard != token
            && !self.is_half_done(&before)
        {
            let message = format!("{id} has changed since it was read");
            return Err(Error::conflict(message).with_current(token));
        }
        self.carry_out(&id, &plan)?;
        let after = self.content(&id)?;
        let left = self.plan(&after, update)?;
        match left.subjects().first() {
            None => Ok(self.updated_from(&before, &after, &plan)),
            Some(_) if after.change_token() == token => Err(Error::unavailable(format!(
                "the change of {id} was accepted and is not visible yet"
            ))),
            Some(subject) => Err(Error::invalid(format!(
                "Canto accepted the change of {id}, but {subject} does not stand as written"
            ))
            .with_field(subject)),
        }
    }

    /// An earlier attempt at this update stopped somewhere, and the last change of the asset is ours:
    /// it is this update, done by half.
    fn is_half_done(&self, content: &Content) -> bool {
        let by = self.modified_by(content);
        self.call.previous_unknown() && by.is_some_and(|name| self.is_own(&name))
    }

    /// What differs from what is wanted.
    fn plan(&self, content: &Content, update: &AssetUpdate) -> Result<Plan, Error> {
        let mut plan = Plan::default();
        if let Some(wanted) = update.status
            && self.status(content) != wanted
        {
            let word = self.settings.statuses.write(wanted)?;
            plan.set("status", &self.settings.approval, word.into());
        }
        if let Some(text) = self.expiry_text(content, update.expiry) {
            self.may_expire(content, update)?;
            plan.set("expiry", &self.settings.expiry, text.into());
        }
        for field in &update.fields {
            let property = self.field_property(content, &field.name)?;
            let wanted = json_of(&field.value);
            if !same(&content.property(&property), &wire::texts(&wanted)) {
                plan.set(&format!("field:{}", field.name), &property, wanted);
            }
        }
        let has = |tag: &&String| content.tag.contains(tag);
        plan.add_tags = update
            .tags
            .add
            .iter()
            .filter(|tag| !has(tag))
            .cloned()
            .collect();
        let unwanted = |tag: &&String| has(tag) && !update.tags.add.contains(tag);
        plan.remove_tags = update
            .tags
            .remove
            .iter()
            .filter(unwanted)
            .cloned()
            .collect();
        Ok(plan)
    }

    /// The text to write as the end of rights, where it differs from what stands there.
    fn expiry_text(&self, content: &Content, change: ExpiryChange) -> Option<String> {
        let current = self.expires_at(content).map(|at| self.date_text(at));
        match change {
            ExpiryChange::Keep => None,
            ExpiryChange::Set(at) => {
                Some(self.date_text(at)).filter(|text| current.as_ref() != Some(text))
            }
            ExpiryChange::Clear => current.map(|_| String::new()),
        }
    }

    /// An end of rights belongs to approved assets: Canto keeps it nowhere else.
    fn may_expire(&self, content: &Content, update: &AssetUpdate) -> Result<(), Error> {
        let rule = self.settings.expiry_on_approved_only && !self.settings.expiry.custom_field;
        let status = update.status.unwrap_or_else(|| self.status(content));
        let sets = matches!(update.expiry, ExpiryChange::Set(_));
        match rule && sets && status != AssetStatus::Approved {
            true => Err(Error::invalid(format!(
                "Canto keeps an end of rights on approved assets only, and {} is {}",
                content.asset_id(),
                status_word(status)
            ))
            .with_field("expiry")),
            false => Ok(()),
        }
    }

    fn date_text(&self, at: Timestamp) -> String {
        match self.settings.expiry_form {
            DateForm::Canto => date::write(at),
            DateForm::Iso => time::last_date(at).unwrap_or_default(),
        }
    }

    /// Which property a field is. Details may leave out custom fields without a value; then the
    /// definitions decide.
    fn field_property(&self, content: &Content, name: &str) -> Result<Property, Error> {
        let property = |custom_field| Property {
            property: name.to_owned(),
            custom_field,
            read_key: None,
        };
        if content.additional.contains_key(name) {
            return Ok(property(true));
        }
        if self
            .settings
            .native_properties
            .iter()
            .any(|native| native == name)
        {
            return Ok(property(false));
        }
        match self.custom_fields()?.iter().any(|field| field.name == name) {
            true => Ok(property(true)),
            false => Err(Error::invalid(format!("Canto has no field `{name}`")).with_field(name)),
        }
    }

    fn carry_out(&self, id: &ContentId, plan: &Plan) -> Result<(), Error> {
        if !plan.edits.is_empty() {
            let properties: Vec<_> = plan.edits.iter().map(|edit| &edit.property).collect();
            let body = json!({"contents": [id], "properties": properties});
            let request = self.put("/api/v1/batch/edit").json(&body);
            self.confirmed(request.send_effect())?.or_repeat()?;
        }
        for tag in &plan.add_tags {
            self.confirmed(self.put(&tag_path(id, tag)).send_effect())?
                .or_repeat()?;
        }
        for tag in &plan.remove_tags {
            self.confirmed(self.delete(&tag_path(id, tag)).send_effect())?
                .or_repeat()?;
        }
        Ok(())
    }

    fn updated_from(&self, before: &Content, after: &Content, plan: &Plan) -> Updated {
        let (old, new) = (self.asset(before), self.asset(after));
        let changes = plan.subjects().into_iter().map(|subject| Change {
            before: shown(&old, &subject),
            after: shown(&new, &subject),
            subject,
        });
        Updated {
            changes: changes.collect(),
            asset: new,
        }
    }
}

impl Plan {
    fn set(&mut self, subject: &str, property: &Property, value: Json) {
        self.edits.push(Edit {
            subject: subject.to_owned(),
            property: PropertyEdit {
                property_id: property.property.clone(),
                property_value: value,
                action: "",
                custom_field: property.custom_field,
            },
        });
    }

    fn subjects(&self) -> Vec<String> {
        let mut subjects: Vec<_> = self.edits.iter().map(|edit| edit.subject.clone()).collect();
        if !self.add_tags.is_empty() || !self.remove_tags.is_empty() {
            subjects.push("tags".to_owned());
        }
        subjects
    }

    fn is_empty(&self) -> bool {
        self.subjects().is_empty()
    }
}

fn tag_path(id: &ContentId, tag: &str) -> String {
    let (content, tag) = (encode_component(&id.id), encode_component(tag));
    format!("/api/v1/{}/{content}/tag/{tag}", id.scheme)
}

/// A field's value as a batch edit takes it: text, or a list of texts.
fn json_of(value: &Value) -> Json {
    match value {
        Value::None => Json::String(String::new()),
        Value::Texts(texts) => texts.clone().into(),
        Value::Timestamp(at) => date::write(*at).into(),
        other => other.to_plain().into(),
    }
}

/// Do the same values stand there? A tenant may keep choices in an order of its own, and one choice
/// as text or as a list.
fn same(current: &[String], wanted: &[String]) -> bool {
    let sorted = |texts: &[String]| {
        let mut texts = texts.to_vec();
        texts.sort();
        texts
    };
    sorted(current) == sorted(wanted)
}

/// What stands there, in words.
fn shown(asset: &Asset, subject: &str) -> String {
    match subject {
        "status" => asset.vendor_status.clone(),
        "expiry" => asset.expires_at.map(time::to_rfc3339).unwrap_or_default(),
        "tags" => asset.tags.join(", "),
        field => {
            let name = field.strip_prefix("field:").unwrap_or(field);
            asset
                .fields
                .value(name)
                .map(Value::to_plain)
                .unwrap_or_default()
        }
    }
}
