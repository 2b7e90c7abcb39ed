//! Changing an asset: read, write only what differs, read back.

use forebay_sdk::assets::fields::FieldType;
use forebay_sdk::assets::{
    ApprovalStatus, Approvals, Asset, AssetSource, AssetStatus, AssetUpdate, Change, ExpiryChange,
    Updated,
};
use forebay_sdk::{Error, FieldsExt, Timestamp, Value, time};
use serde_json::{Map, Value as Json, json};

use crate::Iconik;
use crate::settings::StatusSource;
use crate::values::{canonical, encode, type_of};
use crate::wire::RawField;

/// A field that is to have a value, and what the change is called.
struct Wanted<'a> {
    subject: String,
    field: &'a RawField,
    value: Value,
}

impl Wanted<'_> {
    fn stands_in(&self, asset: &Asset) -> bool {
        let standing = asset.fields.value(&self.field.name).unwrap_or(&Value::None);
        canonical(self.field, standing) == canonical(self.field, &self.value)
    }
}

impl Iconik {
    pub(crate) fn write(&self, id: &str, update: &AssetUpdate) -> Result<Updated, Error> {
        let before = AssetSource::get(self, id)?;
        let differing: Vec<Wanted<'_>> = self
            .wanted(&before, update)?
            .into_iter()
            .filter(|wanted| !wanted.stands_in(&before))
            .collect();
        let status = self.differing_status(&before, update);
        if differing.is_empty() && status.is_none() {
            return Ok(Updated {
                asset: before,
                changes: Vec::new(),
            });
        }
        self.guarded(&before, update)?;
        self.write_fields(id, &differing)?;
        if let Some(status) = status {
            self.write_status(&before, status)?;
        }
        let after = AssetSource::get(self, id)?;
        for wanted in &differing {
            if !wanted.stands_in(&after) {
                let message = format!("{} does not stand as written", wanted.subject);
                return Err(Error::conflict(message).with_current(after.change_token));
            }
        }
        if let Some(status) = status {
            verify_status(&before, &after, status)?;
        }
        Ok(Updated {
            changes: changes(&before, &after, &differing, status.is_some()),
            asset: after,
        })
    }

    /// Every field that is to have a value, whatever part of the update says so.
    fn wanted(&self, before: &Asset, update: &AssetUpdate) -> Result<Vec<Wanted<'_>>, Error> {
        let mut wanted = Vec::new();
        for field in &update.fields {
            let subject = format!("field:{}", field.name);
            wanted.push(self.want(subject, &field.name, field.value.clone())?);
        }
        let expiry = match update.expiry {
            ExpiryChange::Keep => None,
            ExpiryChange::Set(at) => Some(self.expiry(at)?),
            ExpiryChange::Clear => Some(Value::None),
        };
        if let Some(value) = expiry {
            wanted.push(self.want("expiry".to_owned(), &self.settings.expiry_field, value)?);
        }
        let tags = &update.tags;
        if !tags.add.is_empty() || !tags.remove.is_empty() {
            let mut texts = before.tags.clone();
            texts.retain(|tag| !tags.remove.contains(tag));
            for tag in &tags.add {
                if !texts.contains(tag) {
                    texts.push(tag.clone());
                }
            }
            let value = Value::Texts(texts);
            wanted.push(self.want("tags".to_owned(), &self.settings.tags_field, value)?);
        }
        if let (Some(status), StatusSource::Field) = (update.status, self.settings.status_source) {
            let value = self.word_of_status(status);
            wanted.push(self.want("status".to_owned(), &self.settings.status_field, value)?);
        }
        Ok(wanted)
    }

    /// The end of rights as its field can hold it: a date is the last day.
    fn expiry(&self, end: Timestamp) -> Result<Value, Error> {
        let field = self.view()?.field(&self.settings.expiry_field);
        let dated = field.is_some_and(|field| type_of(field) == FieldType::Date);
        let last_day = || time::last_date(end).map(Value::Date);
        let day = if dated { last_day() } else { None };
        Ok(day.unwrap_or(Value::Timestamp(end)))
    }

    fn want(&self, subject: String, name: &str, value: Value) -> Result<Wanted<'_>, Error> {
        if name.is_empty() {
            let message = format!("no metadata field is set up for {subject}");
            return Err(Error::unsupported(message));
        }
        let view = self.view()?;
        let field = view.field(name).ok_or_else(|| {
            let message = format!("the field {name} is not in the metadata view {}", view.name);
            Error::invalid(message).with_field(name)
        })?;
        if field.read_only {
            let message = format!("the field {name} cannot be written");
            return Err(Error::invalid(message).with_field(name));
        }
        encode(field, &value)?;
        Ok(Wanted {
            subject,
            field,
            value,
        })
    }

    /// The status to write to the approval. iconik has one word for kept back and refused.
    fn differing_status(&self, before: &Asset, update: &AssetUpdate) -> Option<AssetStatus> {
        let wanted = update.status?;
        let through_approval = self.settings.status_source == StatusSource::Approval;
        (through_approval && shown(wanted) != before.status).then_some(wanted)
    }

    /// Refuse where somebody else changed the asset since it was read. Our own earlier attempt is
    /// nobody else.
    fn guarded(&self, before: &Asset, update: &AssetUpdate) -> Result<(), Error> {
        if before.trashed {
            let message = "the asset is in the delete queue";
            return Err(Error::conflict(message).with_current(before.change_token.as_str()));
        }
        let Some(guard) = &update.guard else {
            return Ok(());
        };
        let own = &self.settings.integration_user;
        let again = self.call.previous_unknown() || self.call.attempt() > 1;
        let ours = again && !own.is_empty() && before.modified_by.as_ref() == Some(own);
        if *guard == before.change_token || ours {
            return Ok(());
        }
        let message = "the asset has been changed since it was read";
        Err(Error::conflict(message).with_current(before.change_token.as_str()))
    }

    fn write_fields(&self, id: &str, differing: &[Wanted<'_>]) -> Result<(), Error> {
        if differing.is_empty() {
            return Ok(());
        }
        let mut values = Map::new();
        for wanted in differing {
            let entries = encode(wanted.field, &wanted.value)?;
            let entries: Vec<Json> = entries
                .into_iter()
                .map(|value| json!({"value": value}))
                .collect();
            let entry = json!({"field_values": entries, "mode": "overwrite"});
            values.insert(wanted.field.name.clone(), entry);
        }
        let url = self.metadata_url(id, self.view()?);
        let call = self.http.put(url).json(&json!({"metadata_values": values}));
        call.send_effect()?.or_repeat()?;
        Ok(())
    }

    fn write_status(&self, before: &Asset, status: AssetStatus) -> Result<(), Error> {
        let (id, version) = (&before.id, &before.version);
        match status {
            AssetStatus::Approved => self
                .decide(id, version, ApprovalStatus::Approved)
                .map(|_| ()),
            AssetStatus::Rejected | AssetStatus::Restricted => self
                .decide(id, version, ApprovalStatus::NotApproved)
                .map(|_| ()),
            AssetStatus::Pending => self.reopen(id, version),
            AssetStatus::None => self.forget_approval(id, version),
            AssetStatus::Expired => Err(Error::unsupported(
                "an approval in iconik cannot say that rights have ended; keep the status in a field (setting status_source)",
            )),
        }
    }
}

/// The status that an approval shows after a status was written.
fn shown(status: AssetStatus) -> AssetStatus {
    match status {
        AssetStatus::Restricted => AssetStatus::Rejected,
        other => other,
    }
}

/// A decision counts on the version it was made for, and only if nobody stands against it.
fn verify_status(before: &Asset, after: &Asset, status: AssetStatus) -> Result<(), Error> {
    if before.version != after.version {
        let message = format!(
            "version {} became current while the status of {} was written",
            after.version, before.version
        );
        return Err(Error::conflict(message).with_current(after.version.as_str()));
    }
    if shown(status) == after.status {
        return Ok(());
    }
    let message = format!(
        "the approval of version {} is {} after the vote, because of the votes of others",
        after.version, after.vendor_status
    );
    Err(Error::conflict(message).with_current(after.vendor_status.as_str()))
}

fn changes(before: &Asset, after: &Asset, fields: &[Wanted<'_>], status: bool) -> Vec<Change> {
    let plain = |asset: &Asset, name: &str| {
        asset
            .fields
            .value(name)
            .map(Value::to_plain)
            .unwrap_or_default()
    };
    let mut changes: Vec<Change> = fields
        .iter()
        .map(|wanted| Change {
            subject: wanted.subject.clone(),
            before: plain(before, &wanted.field.name),
            after: plain(after, &wanted.field.name),
        })
        .collect();
    if status {
        changes.push(Change {
            subject: "status".to_owned(),
            before: before.vendor_status.clone(),
            after: after.vendor_status.clone(),
        });
    }
    changes
}
